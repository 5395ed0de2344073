package compile_test

import (
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
)

// FuzzTopology holds that no text makes loader, resolver, rules or planner panic, and that every finding has a code and
// a message. Rendering is left out: it takes so long that nothing else would be tried. Run it
// with -fuzzminimizetime 10x: minimising a whole topology takes a minute otherwise, and most findings are interesting.
func FuzzTopology(f *testing.F) {
	for _, name := range exampleNames(f) {
		f.Add([]byte(example(f, name)))
	}
	c := newCompiler(f, nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		_, farm, found := compile.Topology("fuzz.yaml", text)
		for _, d := range found {
			if d.Code == "" || d.Message == "" || d.Pos.Line < 0 {
				t.Errorf("a finding without code, text or place: %+v", d)
			}
		}
		if farm == nil || found.Errors() > 0 {
			return
		}
		if _, err := c.Plan(farm); err != nil {
			t.Errorf("what passes the checks cannot be planned: %v", err)
		}
	})
}
