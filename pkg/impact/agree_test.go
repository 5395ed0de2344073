package impact_test

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/impact"
)

// spread puts each feature of the MBAM 2.0 example on a server of its own.
var spread = []string{
	"  MBAMDB: {address: 10.20.0.11/24}\n", "  WEB:\n  SSP:\n  RPT:\n  COMP:\n  KEYS:\n",
	"  MBAMWEB: {address: 10.20.0.21/24}\n", "",
	"  MBAMDB:\n\nplacements:\n  databases: {kind: standalone, instance: MBAMDB}\n", "  KEYS:\n  COMP:\n\nplacements:\n  databases: {kind: standalone, instance: COMP}\n  keys: {kind: standalone, instance: KEYS}\n",
	"  recovery: databases", "  recovery: keys",
	"hosts: MBAMDB, url", "hosts: RPT, url",
	"    - host: mbamweb.tailspin.com           # the server's own name: setup takes no other\n      nodes: MBAMWEB\n", "    - host: ssp.tailspin.com\n      nodes: SSP\n      features: selfServicePortal\n      port: 8080\n      acceptHTTP: true\n    - host: web.tailspin.com\n      nodes: WEB\n      features: [agentService, administrationPortal]\n",
}

// FAULT-TOLERANCE.md of a 2.0 farm (farm.Outages) and this package say the same.
func TestAgreesWithTheSheetOf20(t *testing.T) {
	for _, edits := range [][]string{nil, spread} {
		_, f := load(t, "mbam20-two-servers", edits...)
		a := impact.Analyze(f)
		outages := f.Outages()
		if len(outages) < 2 {
			t.Fatal(outages)
		}
		for _, o := range outages {
			s, err := a.Fail(o.Server.Host.Name)
			if err != nil {
				t.Fatal(err)
			}
			stops := strings.Join(o.Stops, "\n")
			for service, words := range map[impact.Service]string{
				impact.Escrow:      "encryption does not start",
				impact.Status:      "become stale",
				impact.Helpdesk:    "no recovery key can be given out",
				impact.Reports:     "Reports: neither",
				impact.SelfService: "Self-Service Portal: users cannot",
			} {
				if got := s.Effect(service); (got.State == impact.Down) != strings.Contains(stops, words) {
					t.Errorf("%s: %s is %s here, and the sheet says it stops:\n%s", o.Server.Host.Name, service, got.State, stops)
				}
			}
		}
	}
}

// What START-HERE.md says a farm survives (farm.Survives) agrees with the states: a server that "alone" does something takes it down, and
// without a warning about votes no single voting node stops the cluster.
func TestAgreesWithWhatTheFarmSurvives(t *testing.T) {
	everyFarm(t, func(name string, edits []string) {
		_, f := load(t, name, edits...)
		a := impact.Analyze(f)
		text := strings.Join(f.Survives(), "\n")
		for _, w := range f.Webs {
			if w.Agent && len(w.Nodes) == 1 != strings.Contains(text, w.Nodes[0].Host.Name+" alone serves "+w.Host) {
				t.Errorf("%s: %s", name, text)
			}
		}
		if f.Cluster == nil || strings.Contains(text, "has no witness in this plan") {
			return
		}
		for _, h := range f.Cluster.Voters() {
			s, err := a.Fail(h.Name)
			if err != nil {
				t.Fatal(err)
			}
			if why := s.Effects[0].Why; strings.Contains(why, "lost its quorum") || strings.Contains(why, "is chance") {
				t.Errorf("%s: %s: %s", name, h.Name, why)
			}
		}
	})
}
