package plan_test

import (
	"os"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/plan"
)

// Setup of MBAM 2.0 is one server after the other in the documented order, whatever the order of the topology; a step is for the
// 2.5 releases unless it says otherwise.
func TestSetupServersFollowEachOther(t *testing.T) {
	data, err := os.ReadFile("../../examples/mbam20-two-servers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(data), "  MBAMDB: {address: 10.20.0.11/24}\n  MBAMWEB: {address: 10.20.0.21/24}\n", "  MBAMWEB:\n  MBAMDB:\n", 1)
	_, f, found := compile.Topology("test.yaml", []byte(text))
	if f == nil || found.Errors() > 0 || f.Hosts[0].Name != "MBAMWEB" {
		t.Fatal(found)
	}
	c := steps(t, "web/of25 10 host", "database/setup 20 setup server;releases: [\"2.0\"]", "web/both 30 node;releases: [\"2.0\", \"2.5\", \"2.5 SP1\"]")
	p, err := plan.New(f, c)
	if err != nil {
		t.Fatal(err)
	}
	const want = "20 database/MBAMDB\n20 web/MBAMWEB\n30 web/MBAMWEB\n"
	if got := lines(p); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if after := p.Items[1].After; len(after) != 1 || after[0] != p.Items[0] {
		t.Errorf("the second server waits for %v", after)
	}
	p, err = plan.New(example(t, "contoso-alwayson.yaml"), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range p.Items {
		if it.Step.ID == "database/setup" {
			t.Error("a step of 2.0 is planned for 2.5 SP1")
		}
	}
	if len(p.Items) != 8 {
		t.Errorf("%d items for 2.5 SP1:\n%s", len(p.Items), lines(p))
	}
}
