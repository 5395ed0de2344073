package rehearsal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// serving fails unless the pages of each web farm answer through the virtual host, by Kerberos, to somebody at another machine.
func serving(t *testing.T, n *Night, when string) {
	t.Helper()
	for _, w := range n.Planned.Webs {
		for _, page := range n.Planned.Pages(w) {
			status, by, mutual := n.Desk.Browse("admin", page.URL)
			if status != 200 || !mutual {
				t.Errorf("%s: %s answers %d from %v, proved by Kerberos %t", when, page.URL, status, by, mutual)
			}
		}
	}
}

// servesBoth gives the instance that serves both databases.
func servesBoth(t *testing.T, n *Night, when string) string {
	t.Helper()
	var on []string
	for _, d := range []string{n.Planned.Compliance.Name, n.Planned.Recovery.Name} {
		for _, in := range n.Farm.SQLNetwork().Instances {
			if ok, _ := in.CanConnect(n.Planned.Pool.Down(), d); ok {
				on = append(on, in.Name)
			}
		}
	}
	if len(on) != 2 || on[0] != on[1] {
		t.Errorf("%s: the databases are served by %q", when, on)
		return ""
	}
	return on[0]
}

// standing is an example behind its night.
func standing(t *testing.T, example string) *Night {
	t.Helper()
	n := night(t, example)
	for _, x := range turns(n, "install") {
		take(t, n, x, Options{})
	}
	later(n)
	return n
}

// later lets a minute pass.
func later(n *Night) {
	n.Farm.Clock = n.Farm.Clock.Add(time.Minute)
	n.Farm.SQLNetwork().Settle()
}

// drilled is a drill by a part of what is started.
func drilled(t *testing.T, n *Night, parts ...string) turn {
	t.Helper()
next:
	for _, x := range turns(n, "drill") {
		for _, p := range parts {
			if !strings.Contains(x.String(), p) {
				continue next
			}
		}
		return x
	}
	t.Fatalf("no drill %q", parts)
	return turn{}
}

// watched runs a drill while somebody at a web node watches the connections, and gives what the watch says.
func watched(t *testing.T, n *Night, node string, x turn) string {
	t.Helper()
	moved, opened := false, 0
	r := take(t, n, drilled(t, n, node, "986-drill-connection-watch"), Options{Params: map[string]any{"Minutes": int64(2)}, Session: func(s *farm.Session) {
		s.Before = func(what string) {
			if strings.HasSuffix(what, "SqlConnection.Open") {
				opened++
			}
			if !moved && opened == 5 { // each database was asked twice
				moved = true
				take(t, n, x, Options{})
				serving(t, n, "behind "+x.String())
			}
		}
	}})
	if !moved {
		t.Error("the watch asked nobody")
	}
	return r.Text()
}

// drills runs a failover and the way back, each watched from a web node: pages answer, and both databases move together.
func drills(t *testing.T, n *Night, node string, moves [][2]string, number string) {
	t.Helper()
	serving(t, n, "ahead")
	for _, m := range moves {
		text := watched(t, n, node, drilled(t, n, m[0], "-Number "+number))
		later(n)
		if on := servesBoth(t, n, "behind "+number); on != m[1] {
			t.Errorf("the databases are on %s, wanted %s", on, m[1])
		}
		if strings.Count(text, "moves seen: 1") != 2 {
			t.Errorf("the watch says:\n%s", text)
		}
		serving(t, n, "later")
	}
}

func TestNightDrillsOfAGroup(t *testing.T) {
	n := standing(t, "contoso-alwayson.yaml")
	done := n.Farm.State()
	drills(t, n, "WEB1", [][2]string{{"database/SQL2/", "SQL2"}, {"database/SQL1/", "SQL1"}}, "970")
	for _, node := range []string{"WEB1", "WEB2"} {
		for _, one := range []string{"976-drill-node-drain.drain", "976-drill-node-drain.return"} {
			take(t, n, drilled(t, n, node, one), Options{})
			serving(t, n, node+" "+one)
		}
		take(t, n, drilled(t, n, node, "978-drill-node-loss.stop"), Options{})
		hours := Options{Params: map[string]any{"Hours": int64(1)}}
		all(t, n, []Script{tool(t, n, "tool", "web/"+node+"/740-nlb-watch.ps1")}, hours, 0)
		serving(t, n, node+" lost")
		take(t, n, drilled(t, n, node, "978-drill-node-loss.start"), Options{})
		all(t, n, []Script{tool(t, n, "tool", "web/"+node+"/740-nlb-watch.ps1")}, hours, 0)
		serving(t, n, node+" back")
	}
	if got := apart(n.Farm.State(), done); got != "" {
		t.Errorf("drills leave:\n%s", got)
	}

	client := n.Farm.AddClient("PC1", "10.1.7.1")
	n.Farm.PolicyLinks(n.Farm.Policies("MBAM clients")[0])[0].Enabled = true // a person enables the link, as the runbook says
	n.Farm.ApplyPolicies(client, n.Planned.Clients.OU)
	phase := func(name string) {
		t.Helper()
		all(t, n, []Script{drilled(t, n, "984-drill-client-test").Script}, Options{Machine: client, Params: map[string]any{"Phase": name}}, 0)
	}
	phase("Before")

	network := n.Farm.SQLNetwork()
	for _, lost := range []string{"SQL2", "SQL1"} {
		network.Instance(lost).Stop()
	}
	later(n)
	force := drilled(t, n, "database/SQL3/", "-Number 972")
	r, err := start(n, force, Options{})
	if err != nil || r.ExitCode == 0 || !strings.Contains(r.Text(), "Nobody has accepted today") {
		t.Fatalf("%d %v\n%s", r.ExitCode, err, r.Text())
	}
	accepted(t, n, network.Instance("SQL3"), r)
	take(t, n, force, Options{})
	serving(t, n, "forced")
	if on := servesBoth(t, n, "forced"); on != "SQL3" {
		t.Errorf("the databases are on %s", on)
	}
	for _, lost := range []string{"SQL2", "SQL1"} {
		network.Instance(lost).Start()
	}
	later(n)
	if on := servesBoth(t, n, "with the others back"); on != "SQL3" {
		t.Errorf("the databases are on %s", on)
	}
	serving(t, n, "with the others back")
	client.AddEvent(farm.Event{Log: "Microsoft-Windows-MBAM/Operational", ID: 29, Message: "The key was stored."})
	n.Farm.SetVolume(client, 2) // the user agreed
	phase("Back")
}

// accepted runs the statement that a refusal prints: the loss is accepted for today.
func accepted(t *testing.T, n *Night, in *sqlserver.Instance, r Run) {
	t.Helper()
	for _, line := range r.Console {
		if _, statement, ok := strings.Cut(line, "this file again the same day: "); ok {
			n.execute(in, statement)
			return
		}
	}
	t.Fatal(fmt.Sprint("no statement accepts the loss:\n", r.Text()))
}

func TestNightDrillsOfAMirroredPair(t *testing.T) {
	n := standing(t, "fabrikam-mirrored.yaml")
	drills(t, n, "NODE1", [][2]string{{"database/DB1.MBAM/", `DB2\MBAM`}, {"database/DB2.MBAM/", `DB1\MBAM`}}, "448")
	for _, node := range []string{"NODE1", "NODE2"} {
		for _, one := range []string{"978-drill-node-loss.stop", "978-drill-node-loss.start"} {
			take(t, n, drilled(t, n, node, one), Options{})
		}
		serving(t, n, node+" lost and back")
	}
}
