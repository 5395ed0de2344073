package farm_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// example reads an example with changes: pairs of old and new text.
func example(t *testing.T, name string, pairs ...string) *farm.Farm {
	t.Helper()
	data, err := os.ReadFile("../../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%q does not occur", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	_, f, found := compile.Topology(name, []byte(text))
	if f == nil {
		t.Fatal(found)
	}
	return f
}

func ends(list []farm.Place) string {
	var out []string
	for _, p := range list {
		out = append(out, strings.TrimSpace(p.Name+" "+p.Address))
	}
	return strings.Join(out, ", ")
}

func TestFlows(t *testing.T) {
	f := example(t, "contoso-alwayson.yaml")
	flows, err := f.Flows()
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, w := range flows {
		arrow := " > "
		if w.Each {
			arrow = " <> "
		}
		fmt.Fprintf(&got, "%s %s: %s%s%s\n", w.Protocol, w.Port, ends(w.From), arrow, ends(w.To))
	}
	const (
		sql = "SQL1 10.1.0.11, SQL2 10.1.0.12, SQL3 10.2.0.13"
		web = "WEB1 10.1.0.31, WEB2 10.1.0.32"
		all = sql + ", RPT1 10.1.0.21, " + web
		dc  = "domain controllers of contoso.com"
	)
	want := "TCP 443: clients and browsers > mbam.contoso.com 10.1.0.60\n" +
		"TCP 443: " + web + " <> " + web + "\n" +
		"TCP 443: browsers, " + web + " > RPT1 10.1.0.21\n" +
		"TCP 1433: " + all + " > " + sql + "\n" +
		"TCP 1433: " + all + " > " + sql + "\n" +
		"TCP 5022: " + sql + " <> " + sql + "\n" +
		"UDP 3343: " + sql + " <> " + sql + "\n" +
		"TCP 3343: " + sql + " <> " + sql + "\n" +
		"TCP 135: " + sql + " <> " + sql + "\n" +
		"TCP 49152-65535: " + sql + " <> " + sql + "\n" +
		"TCP 445: RPT1 10.1.0.21, " + web + ", " + sql + " > fs1.contoso.com\n"
	for _, l := range []string{"TCP 53", "UDP 53", "TCP 88", "UDP 88", "TCP 135", "TCP 49152-65535", "TCP 389", "UDP 389", "TCP 445"} {
		want += l + ": " + all + " > " + dc + "\n"
	}
	if got.String() != want {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}

// What the scripts open on a database server stands in the matrix, for every example.
func TestFlowsHoldWhatTheScriptsOpen(t *testing.T) {
	list, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, name := range list {
		f := example(t, filepath.Base(name))
		flows, err := f.Flows()
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range f.Hosts {
			for _, r := range f.FirewallRules(h) {
				found := false
				for _, w := range flows {
					for _, to := range w.To {
						found = found || to.Name == h.Name && w.Protocol == r.Protocol && w.Port == fmt.Sprint(r.Port)
					}
				}
				if !found && len(r.Remote) != 0 {
					t.Errorf("%s: %s opens %s and the matrix does not say it", filepath.Base(name), h.Name, r.Title)
				}
			}
		}
	}
}

func TestFlowsOfABalancerOfItsOwn(t *testing.T) {
	f := example(t, "contoso-alwayson.yaml", "balancer: {kind: nlb,", "balancer: {kind: external, product: F5 BIG-IP,")
	flows, err := f.Flows()
	if err != nil {
		t.Fatal(err)
	}
	if w := flows[1]; ends(w.From) != "F5 BIG-IP" || ends(w.To) != "WEB1 10.1.0.31, WEB2 10.1.0.32" || w.Port != "443" {
		t.Errorf("from the balancer: %+v", w)
	}
}
