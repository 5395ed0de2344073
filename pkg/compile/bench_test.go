package compile_test

import (
	"os"
	"sync"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

func topologyText(b *testing.B) []byte {
	b.Helper()
	data, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		b.Fatal(err)
	}
	return data
}

func compiler(b *testing.B) *compile.Compiler {
	b.Helper()
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		b.Fatal(err, found)
	}
	return c
}

func BenchmarkCatalogue(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		compiler(b)
	}
}

func BenchmarkLoadAndCheck(b *testing.B) {
	data := topologyText(b)
	b.ReportAllocs()
	for b.Loop() {
		compile.Topology("bench.yaml", data)
	}
}

func BenchmarkPlan(b *testing.B) {
	_, f, _ := compile.Topology("bench.yaml", topologyText(b))
	c := compiler(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Plan(f); err != nil {
			b.Fatal(err)
		}
	}
}

func one(b *testing.B, c *compile.Compiler, data []byte) {
	_, f, _ := compile.Topology("bench.yaml", data)
	p, err := c.Plan(f)
	if err != nil {
		b.Fatal(err)
	}
	if _, found, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted()}); err != nil || len(found) > 0 {
		b.Fatal(err, found)
	}
}

// BenchmarkRenderFirst is what one run of the command costs: catalogue, templates and all.
func BenchmarkRenderFirst(b *testing.B) {
	data := topologyText(b)
	b.ReportAllocs()
	for b.Loop() {
		one(b, compiler(b), data)
	}
}

// BenchmarkRenderNext is what each further topology costs a compiler that is warm.
func BenchmarkRenderNext(b *testing.B) {
	data := topologyText(b)
	c := compiler(b)
	one(b, c, data)
	b.ReportAllocs()
	for b.Loop() {
		one(b, c, data)
	}
}

// BenchmarkRenderThousand renders a thousand topologies with one catalogue on every core.
func BenchmarkRenderThousand(b *testing.B) {
	data := topologyText(b)
	c := compiler(b)
	b.ReportAllocs()
	for b.Loop() {
		work := make(chan int)
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() {
				for range work {
					one(b, c, data)
				}
			})
		}
		for i := range 1000 {
			work <- i
		}
		close(work)
		wait.Wait()
	}
}
