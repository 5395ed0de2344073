package check_test

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
)

// What is promised of a machine of its own; benchmarks fail beyond it.
const (
	maxOne      = 5 * time.Millisecond
	maxThousand = time.Second
)

func one(b *testing.B, data []byte) {
	loaded, _, found := compile.Topology("bench.yaml", data)
	found, _ = check.Waive(loaded, found, time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))
	if len(found) > 0 {
		b.Error(found)
	}
}

func example(b *testing.B) []byte {
	data, err := os.ReadFile("../../examples/" + always)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkCheck checks one topology, from its text to the last rule.
func BenchmarkCheck(b *testing.B) {
	data := example(b)
	b.ReportAllocs()
	for b.Loop() {
		one(b, data)
	}
	if each := b.Elapsed() / time.Duration(b.N); each > maxOne {
		b.Errorf("one topology takes %v, more than %v", each, maxOne)
	}
}

// BenchmarkCheckThousand checks a thousand topologies on every core.
func BenchmarkCheckThousand(b *testing.B) {
	data := example(b)
	b.ReportAllocs()
	for b.Loop() {
		work := make(chan int)
		var wait sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			wait.Go(func() {
				for range work {
					one(b, data)
				}
			})
		}
		for i := range 1000 {
			work <- i
		}
		close(work)
		wait.Wait()
	}
	if each := b.Elapsed() / time.Duration(b.N); each > maxThousand {
		b.Errorf("a thousand topologies take %v, more than %v", each, maxThousand)
	}
}
