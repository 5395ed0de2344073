package runbook_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/runbook"
)

func overlap(a, b runbook.Box) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

// sound checks what must hold for every picture: nothing overlaps, everything is inside, every box encloses its text.
func sound(t *testing.T, d *runbook.Diagram) {
	t.Helper()
	within := func(x, y int) bool { return x >= 0 && x <= d.Width && y >= 0 && y <= d.Height }
	for i, a := range d.Boxes {
		if !within(a.X, a.Y) || !within(a.X+a.W, a.Y+a.H) {
			t.Errorf("%v is outside of %d x %d", a, d.Width, d.Height)
		}
		for _, b := range d.Boxes[i+1:] {
			if overlap(a, b) {
				t.Errorf("%v and %v overlap", a, b)
			}
		}
		for _, l := range a.Texts {
			if l.Y <= a.Y || l.Y >= a.Y+a.H {
				t.Errorf("%q leaves its box", l.Text)
			}
		}
	}
	for i, a := range d.Frames {
		for _, b := range d.Frames[i+1:] {
			if overlap(a, b) {
				t.Errorf("frames %v and %v overlap", a, b)
			}
		}
	}
	for _, l := range d.Lines {
		if !within(l.X1, l.Y1) || !within(l.X2, l.Y2) {
			t.Errorf("%v is outside", l)
		}
	}
	for i, a := range d.Labels {
		for _, b := range d.Labels[i+1:] {
			if a.Y == b.Y && a.X == b.X {
				t.Errorf("%q and %q are written over each other", a.Text, b.Text)
			}
		}
	}
}

// nodes writes the topology's lines for n web nodes.
func nodes(n int) (hosts, list string) {
	var h, l strings.Builder
	for i := 3; i <= n; i++ {
		fmt.Fprintf(&h, "  WEB%d: {site: HQ, address: 10.1.0.%d/24}\n", i, 60+i)
		fmt.Fprintf(&l, ", WEB%d", i)
	}
	return h.String(), l.String()
}

func TestDiagramOf2And32Nodes(t *testing.T) {
	small := book(t, "contoso-alwayson.yaml").Diagram
	sound(t, small)
	hosts, list := nodes(32)
	large := book(t, "contoso-alwayson.yaml", "instances:  ", hosts+"\ninstances:  ", "nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2"+list+"]", "10.1.0.60/24", "10.1.0.200/24").Diagram
	sound(t, large)
	if len(large.Boxes)-len(small.Boxes) != 30 || large.Width != small.Width {
		t.Errorf("%d and %d boxes, width %d and %d", len(small.Boxes), len(large.Boxes), small.Width, large.Width)
	}
	if !strings.Contains(small.Text, "reach mbam.contoso.com on TCP 443; it is served by WEB1, WEB2.") || !strings.Contains(small.Text, "TCP 5022 among the servers of MBAM-AG") {
		t.Error(small.Text)
	}
}

func TestDiagramOfEveryExample(t *testing.T) {
	for _, name := range []string{
		"adatum-mirroring", "basic-groups", "existing-attach-only", "existing-to-alwayson", "fabrikam-mirrored", "fci", "litware-two-mirrors",
		"mbam20-two-servers", "multi-subnet-named-instances", "rtm-2012", "split-portals", "standalone-two-servers",
	} {
		t.Run(name, func(t *testing.T) {
			d := book(t, name+".yaml").Diagram
			sound(t, d)
			if len(d.Boxes) < 3 {
				t.Errorf("%d boxes", len(d.Boxes))
			}
		})
	}
}
