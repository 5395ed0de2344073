package rehearsal

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

// balancing are the scripts of a kind that build the NLB cluster, in the order of the plan.
func balancing(n *Night, kind string) []Script {
	var out []Script
	for _, s := range n.Scripts(kind) {
		if strings.HasPrefix(s.Item.Step.ID, "balancer/nlb-") {
			out = append(out, s)
		}
	}
	return out
}

const vip = "10.1.0.60"

// served is a farm whose web nodes serve the site, by hand: what NLB needs of the steps before it.
func served(t *testing.T, example string) *Night {
	t.Helper()
	n := night(t, example)
	for _, p := range n.Plan.Farm.Groups() {
		if l := p.Listener; l != nil && len(l.Addresses) > 0 && len(n.Farm.Directory.Addresses(l.FQDN)) == 0 {
			leaf, _, _ := strings.Cut(l.FQDN, ".")
			n.Farm.Directory.SetAddress(leaf, l.Addresses[0].Addr().String())
		}
	}
	for _, w := range n.Plan.Farm.Webs {
		leaf, _, _ := strings.Cut(w.Host, ".")
		if w.Balancer != nil {
			n.Farm.Directory.SetAddress(leaf, w.Balancer.Address.String())
		}
		for _, node := range w.Nodes {
			m := n.Farm.Machines[strings.ToUpper(node.Host.Name)]
			m.ServeSite(w.SiteName(), w.Host, w.Port, node.Thumbprint, "/HelpDesk")
			m.AddRule(farm.Rule{Name: "site", Title: "site", Enabled: true, Allow: true, Protocol: "TCP", Ports: fmt.Sprint(w.Port), Remote: []string{"Any"}})
		}
	}
	return n
}

// site is the name of the site of contoso-alwayson.
func site(n *Night) string { return n.Plan.Farm.Webs[0].SiteName() }

func TestBalancerForwardBackForward(t *testing.T) {
	for _, example := range []string{"contoso-alwayson.yaml", "adatum-mirroring.yaml", "existing-to-alwayson.yaml", "fci.yaml", "rtm-2012.yaml"} {
		t.Run(example, func(t *testing.T) {
			n := served(t, example)
			install, verify, rollback := balancing(n, "install"), balancing(n, "verify"), balancing(n, "rollback")
			start := n.Farm.State()
			for _, s := range install {
				r, err := n.Run(s, Options{WhatIf: true})
				// What the step before it would have made is not there: that is said, and nothing else happens.
				if err != nil || r.ExitCode != 0 && (r.ExitCode != 2 || !strings.Contains(r.Text(), "Nothing was changed")) {
					t.Errorf("%s -WhatIf: %d %v\n%s", s.Path, r.ExitCode, err, r.Text())
				}
			}
			if got := n.Farm.State(); got != start || n.Farm.Records() != "" {
				t.Errorf("-WhatIf changed something:\n%s", apart(got, start))
			}
			for _, s := range install {
				all(t, n, []Script{s}, Options{}, 0)
				now := n.Farm.State()
				all(t, n, []Script{s}, Options{WhatIf: true}, 0)
				if r := all(t, n, []Script{s}, Options{}, 0)[0]; n.Farm.State() != now {
					t.Errorf("a second run of %s changed something:\n%s\n%s", s.Path, apart(n.Farm.State(), now), r.Text())
				}
			}
			done := n.Farm.State()
			all(t, n, verify, Options{}, 0)
			w := n.Plan.Farm.Webs[0]
			c := n.Farm.NLB(w.Balancer.Address.String())
			if c == nil || len(c.Nodes) != len(w.Nodes) {
				t.Fatalf("cluster %+v", c)
			}
			for _, node := range w.Nodes {
				one := c.Node(node.Host.Name)
				if one == nil || one.Priority != node.Priority || len(one.Rules) != 1 || one.Rules[0].Start != w.Port {
					t.Errorf("%s: %+v", node.Host.Name, one)
				}
			}
			if got := n.Farm.State(); got != done {
				t.Errorf("the verify scripts changed something:\n%s", apart(got, done))
			}
			// Users reach the farm through the virtual name.
			if m, problem := n.Farm.Connect(n.Desk, w.Host, w.Port); problem != nil || c.Node(m.Name) == nil {
				t.Errorf("through the virtual name: %v", problem)
			}

			all(t, n, reversed(rollback), Options{}, 0)
			if got := n.Farm.State(); got != start {
				t.Errorf("the way back ends elsewhere:\n%s", apart(got, start))
			}
			all(t, n, install, Options{}, 0)
			all(t, n, verify, Options{}, 0)
			if got := n.Farm.State(); got != done {
				t.Errorf("the second way ends elsewhere:\n%s", apart(got, done))
			}
		})
	}
}

func TestBalancerInterrupted(t *testing.T) {
	n := served(t, "contoso-alwayson.yaml")
	cuts := 0
	for _, s := range balancing(n, "install") {
		start := n.Farm.State()
		finished := n.Clone()
		all(t, finished, []Script{s}, Options{}, 0)
		back := named(t, balancing(n, "rollback"), strings.Replace(s.Path, "/install/", "/rollback/", 1))
		seen := ""
		for at := 1; ; at++ {
			cut := n.Clone()
			if !kill(t, cut, s, at, nil).Killed {
				break
			}
			left := cut.Farm.State() + cut.Farm.Records()
			if left == seen {
				continue // as if cut off at the place before
			}
			seen = left
			cuts++
			all(t, cut, []Script{s}, Options{}, 0)
			if got, want := cut.Farm.State(), finished.Farm.State(); got != want {
				t.Errorf("%s, cut off ahead of command %d, ends elsewhere:\n%s", s.Path, at, apart(got, want))
			}
			all(t, cut, []Script{back}, Options{}, 0)
			if got := cut.Farm.State(); got != start {
				t.Errorf("%s, cut off ahead of command %d, run again and taken back, leaves something behind:\n%s", s.Path, at, apart(got, start))
			}
		}
		all(t, n, []Script{s}, Options{}, 0)
	}
	if cuts < 60 {
		t.Errorf("only %d places to cut off", cuts)
	}
	t.Logf("%d places", cuts)
}

// balanced is contoso-alwayson with its cluster.
func balanced(t *testing.T) *Night {
	t.Helper()
	n := served(t, "contoso-alwayson.yaml")
	all(t, n, balancing(n, "install"), Options{}, 0)
	return n
}

func TestBalancerRefuses(t *testing.T) {
	bare := served(t, "contoso-alwayson.yaml")
	ready := bare.Clone()
	all(t, ready, balancing(ready, "install")[:2], Options{}, 0)
	made := ready.Clone()
	all(t, made, []Script{named(t, balancing(made, "install"), "/720-nlb-cluster.ps1")}, Options{}, 0)
	joined := made.Clone()
	all(t, joined, []Script{named(t, balancing(joined, "install"), "/730-nlb-join.ps1")}, Options{}, 0)
	web := func(n *Night, i string) *farm.Machine { return n.Farm.Machines["WEB"+i] }
	for _, tt := range []struct {
		name, kind, script string
		from               *Night
		spoil              func(n *Night)
		code               int
		says               string
	}{
		{"no such feature", "install", "WEB1/install/710-nlb-feature.ps1", bare, func(n *Night) { web(n, "1").SetCore() }, 2, "This Windows knows no feature RSAT-NLB"},
		{"no module", "install", "720-nlb-cluster.ps1", bare, nil, 2, "The PowerShell module NetworkLoadBalancingClusters is missing"},
		{"no adapter", "install", "720-nlb-cluster.ps1", ready, func(n *Night) { web(n, "1").Adapter("Ethernet").Name = "LAN" }, 2, `there is no adapter "Ethernet" here, but "LAN"`},
		{"adapter down", "install", "720-nlb-cluster.ps1", ready, func(n *Night) { web(n, "1").Adapter("Ethernet").Down = true }, 2, `the adapter "Ethernet" is Down`},
		{"DHCP", "install", "720-nlb-cluster.ps1", ready, func(n *Night) { web(n, "1").Adapter("Ethernet").DHCP = true }, 2, "NLB needs a static one"},
		{"the address is in use", "install", "720-nlb-cluster.ps1", ready, func(n *Night) {
			n.Desk.AddAdapter(farm.Adapter{Name: "other", Addresses: []string{vip}})
		}, 3, "answers already, and this server has no cluster"},
		{"another cluster", "install", "720-nlb-cluster.ps1", ready, func(n *Night) {
			n.Farm.StandingCluster("other", "10.1.0.99", "255.255.255.0", "Multicast", 443, "WEB1|Ethernet")
		}, 3, "This server is a node of another cluster: other, 10.1.0.99"},
		{"another mode", "install", "720-nlb-cluster.ps1", ready, func(n *Night) {
			n.Farm.StandingCluster("mbam.contoso.com", vip, "255.255.255.0", "Unicast", 443, "WEB1|Ethernet")
		}, 3, "runs in mode Unicast, planned is Multicast"},
		{"rules of somebody else", "install", "720-nlb-cluster.ps1", ready, func(n *Night) {
			n.Farm.StandingCluster("mbam.contoso.com", vip, "255.255.255.0", "Multicast", 80, "WEB1|Ethernet")
		}, 3, "was not made by this step, and its port rules are Tcp 80-80 Multiple Single"},
		{"WMI is broken", "install", "720-nlb-cluster.ps1", ready, func(n *Night) { web(n, "1").BreakNLB() }, 2, "Windows does not say whether this server belongs to an NLB cluster"},
		{"no cluster yet", "install", "730-nlb-join.ps1", ready, nil, 2, "This server is no node of the cluster 10.1.0.60. Run the install of balancer/nlb-cluster"},
		{"the site of the other node is stopped", "install", "730-nlb-join.ps1", made, func(n *Night) { web(n, "2").StopSite(site(n), true) }, 3, "WEB2 does not serve the site, so it must not join"},
		{"the other node has no NLB", "install", "730-nlb-join.ps1", made, func(n *Night) { web(n, "2").SetFeature("NLB", "Available") }, 2, "WEB2 could not join: NLB is not installed on WEB2"},
		{"the other node is off", "install", "730-nlb-join.ps1", made, func(n *Night) { web(n, "2").SetOff(true) }, 3, "WEB2 does not serve the site"},
		{"no watch on a server without a cluster", "install", "WEB2/install/740-nlb-watch.ps1", made, nil, 2, "This server is no node of an NLB cluster yet"},
		{"the feature under a cluster", "rollback", "WEB1/rollback/710-nlb-feature.ps1", made, nil, 3, "This server is still a node of the cluster mbam.contoso.com (10.1.0.60)"},
		{"the cluster under its nodes", "rollback", "720-nlb-cluster.ps1", joined, nil, 3, "The cluster has other nodes: WEB2. Run the rollback of balancer/nlb-join first"},
		{"a cluster of somebody else", "rollback", "720-nlb-cluster.ps1", ready, func(n *Night) {
			all(t, n, []Script{named(t, balancing(n, "install"), "/720-nlb-cluster.ps1")}, Options{}, 0)
			c := n.Farm.NLB(vip)
			c.Address = "10.1.0.61"
		}, 3, "was not made by this step"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := tt.from.Clone()
			if tt.spoil != nil {
				tt.spoil(n)
			}
			start := n.Farm.State()
			r := all(t, n, []Script{named(t, balancing(n, tt.kind), tt.script)}, Options{}, tt.code)[0]
			if !strings.Contains(r.Text(), tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, r.Text())
			}
			if got := n.Farm.State(); tt.code != 0 && got != start {
				t.Errorf("something was changed:\n%s", apart(got, start))
			}
		})
	}
}

func TestBalancerVerifyFails(t *testing.T) {
	ready := balanced(t)
	all(t, ready, balancing(ready, "verify"), Options{}, 0)
	cluster := func(n *Night) *farm.NLBCluster { return n.Farm.NLB(vip) }
	for _, tt := range []struct {
		name, script string
		spoil        func(n *Night)
		says         string
	}{
		{"the feature is gone", "WEB2/verify/710-nlb-feature.ps1", func(n *Night) { n.Farm.Machines["WEB2"].SetFeature("NLB", "Available") }, "NLB: expected installed, found not installed"},
		{"the cmdlets are gone", "WEB1/verify/710-nlb-feature.ps1", func(n *Night) { delete(n.Farm.Machines["WEB1"].Modules, "networkloadbalancingclusters") }, "Cmdlets: expected module NetworkLoadBalancingClusters, found not there"},
		{"the node has left", "720-nlb-cluster.ps1", func(n *Night) { n.Farm.Leave(cluster(n), "WEB1") }, "Cluster: expected one, found 0"},
		{"another address", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Address = "10.1.0.61" }, "Virtual address: expected 10.1.0.60, found 10.1.0.61"},
		{"another mask", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Mask = "255.255.0.0" }, "Subnet mask: expected 255.255.255.0, found 255.255.0.0"},
		{"another mode", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Mode = "Unicast" }, "Mode: expected Multicast, found Unicast"},
		{"and its hardware address", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Mode = "Unicast" }, "found 02-BF-0A-01-00-3C"},
		{"the node is stopped", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Node("WEB1").State = "Stopped" }, "This node: expected Converged, found Stopped"},
		{"the node is suspended", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Node("WEB1").State = "Suspended" }, "This node: expected Converged, found Suspended"},
		{"affinity None", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Node("WEB1").Rules[0].Affinity = "None" }, "Port rules: expected only Tcp 443-443 Multiple Single, found Tcp 443-443 Multiple None"},
		{"UDP too", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Node("WEB1").Rules[0].Protocol = "Both" }, "found Both 443-443"},
		{"one host for all", "720-nlb-cluster.ps1", func(n *Night) { cluster(n).Node("WEB1").Rules[0].Mode = "Single" }, "found Tcp 443-443 Single"},
		{"a second rule", "720-nlb-cluster.ps1", func(n *Night) {
			o := cluster(n).Node("WEB1")
			o.Rules = append(o.Rules, farm.PortRule{Protocol: "Tcp", Mode: "Multiple", Affinity: "Single", Start: 80, End: 80})
		}, "Tcp 80-80 Multiple Single"},
		{"the address is not on the adapter", "720-nlb-cluster.ps1", func(n *Night) {
			a := n.Farm.Machines["WEB1"].Adapter("Ethernet")
			a.Addresses = a.Addresses[:1]
		}, "Addresses of adapter Ethernet: expected 10.1.0.60 among them, found 10.1.0.31"},
		{"Windows sends from the virtual address", "720-nlb-cluster.ps1", func(n *Night) { n.Farm.Machines["WEB1"].Adapter("Ethernet").Quiet = nil }, "expected 10.1.0.31, found 10.1.0.60"},
		{"the other node is stopped", "730-nlb-join.ps1", func(n *Night) { cluster(n).Node("WEB2").State = "Stopped" }, "Node WEB2: expected Converged, found Stopped"},
		{"the other node has left", "730-nlb-join.ps1", func(n *Night) { n.Farm.Leave(cluster(n), "WEB2") }, "Node WEB2: expected Converged, found not in the cluster"},
		{"priorities exchanged", "730-nlb-join.ps1", func(n *Night) { cluster(n).Node("WEB1").Priority, cluster(n).Node("WEB2").Priority = 2, 1 }, "Priority of WEB2: expected 2, found 1"},
		{"another adapter", "730-nlb-join.ps1", func(n *Night) { cluster(n).Node("WEB2").Interface = "Backup" }, "Adapter of WEB2: expected Ethernet, found Backup"},
		{"the other node's rules", "730-nlb-join.ps1", func(n *Night) { cluster(n).Node("WEB2").Rules[0].End = 444 }, "Port rules of WEB2: expected only Tcp 443-443 Multiple Single, found Tcp 443-444"},
		{"a node that nobody planned", "730-nlb-join.ps1", func(n *Night) {
			cluster(n).Nodes = append(cluster(n).Nodes, &farm.NLBNode{Machine: "RPT1", Priority: 3, State: "Started"})
		}, "Other nodes: expected none, found RPT1"},
		{"the virtual address under the node's name", "730-nlb-join.ps1", func(n *Night) { n.Farm.Directory.SetAddress("web2", vip) }, "web2.contoso.com in DNS: expected only 10.1.0.32"},
		{"the task is gone", "WEB2/verify/740-nlb-watch.ps1", func(n *Night) { m := n.Farm.Machines["WEB2"]; m.RemoveTask(m.Task(`\mbamplan\nlb-watch`)) }, "Task: expected enabled, found not there"},
		{"the task is disabled", "WEB2/verify/740-nlb-watch.ps1", func(n *Night) { n.Farm.Machines["WEB2"].Task(`\mbamplan\nlb-watch`).State = "Disabled" }, "Task: expected enabled, found Disabled"},
		{"another watch", "WEB2/verify/740-nlb-watch.ps1", func(n *Night) {
			n.Farm.Machines["WEB2"].Files.Put(`C:\Program Files\mbamplan\nlb-watch.ps1`, []byte("x"))
		}, "Copy of the watch: expected the watch of this tree"},
		{"the watch has stopped the node", "WEB2/verify/740-nlb-watch.ps1", func(n *Night) {
			n.Farm.Machines["WEB2"].Files.Put(`C:\ProgramData\mbamplan\nlb-watch.stopped`, []byte("status 503"))
		}, "Taken out by the watch: expected no, found since"},
		{"the watch fails", "WEB2/verify/740-nlb-watch.ps1", func(n *Night) {
			n.Farm.Machines["WEB2"].Task(`\mbamplan\nlb-watch`).LastResult = 1
			n.Farm.Clock = n.Farm.Clock.Add(time.Hour)
		}, "Watching: expected running, ended with 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n)
			start := n.Farm.State()
			r := all(t, n, []Script{named(t, balancing(n, "verify"), tt.script)}, Options{}, 4)[0]
			if !strings.Contains(r.Text(), "[FAIL]") || !strings.Contains(r.Text(), tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, r.Text())
			}
			if got := n.Farm.State(); got != start {
				t.Errorf("a verify script changed something:\n%s", apart(got, start))
			}
		})
	}
}

// tool is a script of a kind by the end of its path.
func tool(t *testing.T, n *Night, kind, end string) Script {
	t.Helper()
	return named(t, n.Scripts(kind), end)
}

// user tells whether the farm's name answers somebody outside, and from which node.
func user(n *Night) string {
	m, problem := n.Farm.Connect(n.Desk, "mbam.contoso.com", 443)
	if problem != nil {
		return problem.Text
	}
	return m.Name
}

// A node is drained and taken back: the farm's name answers all the time, from the other node meanwhile.
func TestDrainDrill(t *testing.T) {
	n := balanced(t)
	state := n.Farm.State()
	for _, node := range []string{"WEB1", "WEB2"} {
		drain, back := tool(t, n, "drill", "web/"+node+"/drill/976-drill-node-drain.drain.ps1"), tool(t, n, "drill", "web/"+node+"/drill/976-drill-node-drain.return.ps1")
		all(t, n, []Script{drain, back}, Options{WhatIf: true}, 0)
		if got := n.Farm.State(); got != state {
			t.Errorf("-WhatIf changed something:\n%s", apart(got, state))
		}
		if r := all(t, n, []Script{drain}, Options{}, 0)[0]; !strings.Contains(r.Text(), "Drained within") {
			t.Errorf("%s", r.Text())
		}
		if who := user(n); who == node || !strings.HasPrefix(who, "WEB") {
			t.Errorf("with %s drained, users reach %s", node, who)
		}
		all(t, n, []Script{drain}, Options{}, 0)
		other := map[string]string{"WEB1": "WEB2", "WEB2": "WEB1"}[node]
		r := all(t, n, []Script{tool(t, n, "drill", "web/"+other+"/drill/976-drill-node-drain.drain.ps1")}, Options{}, 3)[0]
		if !strings.Contains(r.Text(), "No other node answers") {
			t.Errorf("with %s drained, the drain of %s says:\n%s", node, other, r.Text())
		}
		all(t, n, []Script{back}, Options{}, 0)
		if got := n.Farm.State(); got != state {
			t.Errorf("after the return:\n%s", apart(got, state))
		}
		all(t, n, []Script{back}, Options{}, 0)
	}
	// The last one that answers is not drained, and a site that does not answer is not taken back.
	n.Farm.Machines["WEB2"].StopSite(site(n), true)
	r := all(t, n, []Script{tool(t, n, "drill", "web/WEB1/drill/976-drill-node-drain.drain.ps1")}, Options{}, 3)[0]
	if !strings.Contains(r.Text(), "No other node answers") {
		t.Errorf("%s", r.Text())
	}
	n.Farm.NLB(vip).Node("WEB2").State = "Stopped"
	r = all(t, n, []Script{tool(t, n, "drill", "web/WEB2/drill/976-drill-node-drain.return.ps1")}, Options{}, 3)[0]
	if !strings.Contains(r.Text(), "must not get users") {
		t.Errorf("%s", r.Text())
	}
	// Connections that do not end are broken after the time given.
	n.Farm.Machines["WEB2"].StopSite(site(n), false)
	n.Farm.NLB(vip).Node("WEB2").State = "Started"
	n.Farm.NLB(vip).Node("WEB1").Busy = time.Hour
	began := n.Farm.Clock
	all(t, n, []Script{tool(t, n, "drill", "web/WEB1/drill/976-drill-node-drain.drain.ps1")}, Options{Params: map[string]any{"Seconds": int64(60)}}, 0)
	if took := n.Farm.Clock.Sub(began); took > 2*time.Minute {
		t.Errorf("the drain took %v", took)
	}
}

// The watch takes a node out whose site does not answer, keeps the last one in, and takes back only what it took out.
func TestWatch(t *testing.T) {
	ready := balanced(t)
	watch := func(n *Night, node string, o Options) Run {
		o.Params = map[string]any{"Hours": int64(1), "Seconds": int64(15)}
		r, err := n.Run(tool(t, n, "tool", "web/"+node+"/740-nlb-watch.ps1"), o)
		if err != nil || r.ExitCode != 0 {
			t.Fatalf("%d %v\n%s", r.ExitCode, err, r.Text())
		}
		return r
	}
	events := func(n *Night, node string, id int) int {
		count := 0
		for _, e := range n.Farm.Machines[node].Events("Application") {
			if e.ID == id {
				count++
			}
		}
		return count
	}
	mark := `C:\ProgramData\mbamplan\nlb-watch.stopped`

	n := ready.Clone()
	state := n.Farm.State()
	watch(n, "WEB1", Options{})
	if got := n.Farm.State(); got != state {
		t.Errorf("a watch over a healthy node changed something:\n%s", apart(got, state))
	}
	web1 := n.Farm.Machines["WEB1"]
	web1.StopSite(site(n), true)
	watch(n, "WEB1", Options{WhatIf: true})
	if n.Farm.NLB(vip).Node("WEB1").State != "Started" || web1.Files.Exists(mark) {
		t.Error("-WhatIf took the node out")
	}
	watch(n, "WEB1", Options{})
	if n.Farm.NLB(vip).Node("WEB1").State != "Stopped" || !web1.Files.Exists(mark) || events(n, "WEB1", 740) != 1 || user(n) != "WEB2" {
		t.Errorf("the node is %s, %d events, users reach %s", n.Farm.NLB(vip).Node("WEB1").State, events(n, "WEB1", 740), user(n))
	}
	out := n.Clone()
	// The last node that users get stays in, whatever its site does.
	out.Farm.Machines["WEB2"].StopSite(site(out), true)
	if r := watch(out, "WEB2", Options{}); out.Farm.NLB(vip).Node("WEB2").State != "Started" || !strings.Contains(r.Text(), "this node stays in") {
		t.Errorf("the last node is %s\n%s", out.Farm.NLB(vip).Node("WEB2").State, r.Text())
	}
	web1.StopSite(site(n), false)
	watch(n, "WEB1", Options{})
	if n.Farm.NLB(vip).Node("WEB1").State != "Started" || web1.Files.Exists(mark) || events(n, "WEB1", 741) != 1 {
		t.Errorf("the node is %s, mark %v, %d events", n.Farm.NLB(vip).Node("WEB1").State, web1.Files.Exists(mark), events(n, "WEB1", 741))
	}
	// A node that a person stopped stays out.
	n.Farm.NLB(vip).Node("WEB1").State = "Stopped"
	watch(n, "WEB1", Options{})
	if n.Farm.NLB(vip).Node("WEB1").State != "Stopped" {
		t.Error("the watch started a node that a person had stopped")
	}
	// An answer of a node that gets no users does not count.
	lonely := ready.Clone()
	lonely.Farm.NLB(vip).Node("WEB2").State = "Stopped"
	lonely.Farm.Machines["WEB1"].StopSite(site(lonely), true)
	watch(lonely, "WEB1", Options{})
	if lonely.Farm.NLB(vip).Node("WEB1").State != "Started" {
		t.Error("the watch stopped the last node that gets users")
	}
}

// A node is lost: its site stops, the watch takes the node out, users get the other one; the start file brings it back.
func TestNodeLossDrill(t *testing.T) {
	n := balanced(t)
	for _, m := range []string{"WEB1", "WEB2"} {
		n.Farm.Machines[m].Modules["webadministration"] = true
	}
	state := n.Farm.State()
	stop, back := tool(t, n, "drill", "web/WEB1/drill/978-drill-node-loss.stop.ps1"), tool(t, n, "drill", "web/WEB1/drill/978-drill-node-loss.start.ps1")
	all(t, n, []Script{stop, back}, Options{WhatIf: true}, 0)
	if got := n.Farm.State(); got != state {
		t.Errorf("-WhatIf changed something:\n%s", apart(got, state))
	}
	// Not while the other one gets no users.
	n.Farm.NLB(vip).Node("WEB2").State = "Stopped"
	if r := all(t, n, []Script{stop}, Options{}, 3)[0]; !strings.Contains(r.Text(), "No other node answers") {
		t.Errorf("%s", r.Text())
	}
	n.Farm.NLB(vip).Node("WEB2").State = "Started"
	all(t, n, []Script{stop, stop}, Options{}, 0)
	hours := Options{Params: map[string]any{"Hours": int64(1)}}
	all(t, n, []Script{tool(t, n, "tool", "web/WEB1/740-nlb-watch.ps1")}, hours, 0)
	if who := user(n); who != "WEB2" {
		t.Errorf("users reach %s", who)
	}
	all(t, n, []Script{back}, Options{}, 0)
	all(t, n, []Script{tool(t, n, "tool", "web/WEB1/740-nlb-watch.ps1")}, hours, 0)
	all(t, n, []Script{back}, Options{}, 0)
	if got := n.Farm.State(); got != state {
		t.Errorf("after the drill:\n%s", apart(got, state))
	}
}
