package evidence_test

import (
	"io"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/evidence"
)

// BenchmarkReport reads a farm's results, judges and prints them.
func BenchmarkReport(b *testing.B) {
	s := perfect(b, example)
	s.full = true
	dir := s.write()
	b.ReportAllocs()
	for b.Loop() {
		c, err := evidence.Load(dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := evidence.Judge(s.m, c).WriteText(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHTML writes the page of a report.
func BenchmarkHTML(b *testing.B) {
	r := perfect(b, example).judge()
	b.ReportAllocs()
	for b.Loop() {
		if err := r.WriteHTML(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
