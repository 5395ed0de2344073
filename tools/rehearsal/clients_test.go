package rehearsal

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

const policyKey = `HKLM\SOFTWARE\Policies\Microsoft\FVE\MDOPBitLockerManagement`

// policy is the script of a kind that points the clients at the farm.
func policy(t *testing.T, n *Night, kind string) Script {
	t.Helper()
	return named(t, n.Scripts(kind), "/910-group-policy.ps1")
}

// farms with clients: one as people write it, one with names that a script must not take for its own text.
func withClients(t *testing.T) map[string]*Night {
	t.Helper()
	return map[string]*Night{"contoso-alwayson": night(t, "contoso-alwayson.yaml"), "hostile names": hostileAccounts(t)}
}

func TestPolicyForwardBackForward(t *testing.T) {
	for name, n := range withClients(t) {
		t.Run(name, func(t *testing.T) {
			f := n.Plan.Farm
			install, verify, rollback := policy(t, n, "install"), policy(t, n, "verify"), policy(t, n, "rollback")
			start := n.Farm.State()
			all(t, n, []Script{install}, Options{WhatIf: true}, 0)
			if got := n.Farm.State(); got != start || n.Farm.Records() != "" {
				t.Errorf("-WhatIf changed something:\n%s", apart(got, start))
			}
			all(t, n, []Script{verify}, Options{}, 4)

			all(t, n, []Script{install}, Options{}, 0)
			done := n.Farm.State()
			all(t, n, []Script{verify}, Options{}, 0)
			p := n.Farm.Policies(f.Clients.GPO)
			if len(p) != 1 || len(p[0].Values) != len(f.PolicyValues()) {
				t.Fatalf("%d objects", len(p))
			}
			// The link is made disabled: no client gets anything before somebody enables it.
			if l := n.Farm.PolicyLinks(p[0]); len(l) != 1 || l[0].Enabled || l[0].Target != f.Clients.OU {
				t.Errorf("links %+v", l)
			}
			if v := p[0].Value(policyKey, "KeyRecoveryServiceEndPoint"); v == nil || v.Type != "ExpandString" || v.Value != f.Clients.RecoveryEndpoint() {
				t.Errorf("recovery service: %+v", v)
			}
			if r := all(t, n, []Script{install}, Options{}, 0)[0]; !strings.Contains(r.Text(), "already") {
				t.Errorf("a second run does not say that there was nothing to do:\n%s", r.Text())
			}
			if got := n.Farm.State(); got != done {
				t.Errorf("a second run changed something:\n%s", apart(got, done))
			}
			all(t, n, []Script{rollback}, Options{WhatIf: true}, 0)
			if got := n.Farm.State(); got != done {
				t.Errorf("-WhatIf of the way back changed something:\n%s", apart(got, done))
			}
			all(t, n, []Script{rollback}, Options{}, 0)
			if got := n.Farm.State(); got != start {
				t.Errorf("the way back ends elsewhere:\n%s", apart(got, start))
			}
			all(t, n, []Script{install}, Options{}, 0)
			all(t, n, []Script{verify}, Options{}, 0)
			if got := n.Farm.State(); got != done {
				t.Errorf("the second way ends elsewhere:\n%s", got)
			}
		})
	}
}

// used is a Group Policy object that is there with values of its own, one of which the plan has otherwise.
func used(n *Night) *farm.Policy {
	p := n.Farm.AddPolicy(n.Plan.Farm.Clients.GPO)
	p.SetValue(farm.PolicyValue{Key: policyKey, Name: "ShouldEncryptOsDrive", Type: "DWord", Value: int64(1)})
	p.SetValue(farm.PolicyValue{Key: policyKey, Name: "ClientWakeupFrequency", Type: "DWord", Value: int64(480)})
	p.SetValue(farm.PolicyValue{Key: policyKey, Name: "KeyRecoveryServiceEndPoint", Type: "ExpandString", Value: "https://old.contoso.com/CoreService.svc"})
	return p
}

// An object that is there keeps what the plan does not name, and gets its own values back.
func TestPolicyOfAnObjectThatIsThere(t *testing.T) {
	for name, n := range withClients(t) {
		t.Run(name, func(t *testing.T) {
			p := used(n)
			start := n.Farm.State()
			all(t, n, []Script{policy(t, n, "install")}, Options{WhatIf: true}, 0)
			if n.Farm.State() != start {
				t.Error("-WhatIf changed something")
			}
			all(t, n, []Script{policy(t, n, "install")}, Options{}, 0)
			all(t, n, []Script{policy(t, n, "verify")}, Options{}, 0)
			if v := p.Value(policyKey, "ShouldEncryptOsDrive"); v == nil || v.Value != int64(1) {
				t.Errorf("a value of others: %+v", v)
			}
			// Somebody changes a value that the install wrote: it stays, and the message names it.
			changed := n.Clone()
			changed.Farm.Policies(p.Name)[0].SetValue(farm.PolicyValue{Key: policyKey, Name: "ClientWakeupFrequency", Type: "DWord", Value: int64(1000)})
			r := all(t, changed, []Script{policy(t, changed, "rollback")}, Options{}, 0)[0]
			if v := changed.Farm.Policies(p.Name)[0].Value(policyKey, "ClientWakeupFrequency"); v.Value != int64(1000) || !strings.Contains(r.Text(), "Left as it is: ClientWakeupFrequency, because somebody changed it to DWord 1000") {
				t.Errorf("%+v\n%s", v, r.Text())
			}
			all(t, n, []Script{policy(t, n, "rollback")}, Options{}, 0)
			if got := n.Farm.State(); got != start {
				t.Errorf("the way back ends elsewhere:\n%s", apart(got, start))
			}
			backups := 0
			for _, f := range n.Desk.Files.List() {
				if strings.Contains(f, `\gpo-backup\`) {
					backups++
				}
			}
			if backups != 1 {
				t.Errorf("%d backups", backups)
			}
		})
	}
}

func TestPolicyInterrupted(t *testing.T) {
	for name, prepare := range map[string]func(*Night){"a new object": func(*Night) {}, "an object that is there": func(n *Night) { used(n) }} {
		t.Run(name, func(t *testing.T) {
			n := night(t, "contoso-alwayson.yaml")
			prepare(n)
			start := n.Farm.State()
			install, rollback := policy(t, n, "install"), policy(t, n, "rollback")
			finished := n.Clone()
			all(t, finished, []Script{install}, Options{}, 0)
			cuts := 0
			for at := 1; ; at++ {
				cut := n.Clone()
				if !kill(t, cut, install, at, nil).Killed {
					break
				}
				cuts++
				all(t, cut, []Script{install}, Options{}, 0)
				if got, want := cut.Farm.State(), finished.Farm.State(); got != want {
					t.Errorf("cut off ahead of command %d, ends elsewhere:\n%s", at, apart(got, want))
				}
				all(t, cut, []Script{rollback}, Options{}, 0)
				if got := cut.Farm.State(); got != start {
					t.Errorf("cut off ahead of command %d, run again and taken back, leaves something behind:\n%s", at, apart(got, start))
				}
			}
			for at := 1; ; at++ {
				cut := finished.Clone()
				if !kill(t, cut, rollback, at, nil).Killed {
					break
				}
				cuts++
				if r, err := cut.Run(rollback, Options{}); err != nil || r.ExitCode != 0 && !strings.Contains(r.Text(), "There is no record of the install") {
					t.Fatalf("a way back cut off ahead of command %d is not finished: %d %v\n%s", at, r.ExitCode, err, r.Text())
				}
				if got := cut.Farm.State(); got != start {
					t.Errorf("a way back cut off ahead of command %d leaves something behind:\n%s", at, apart(got, start))
				}
			}
			if cuts < 120 {
				t.Errorf("only %d places to cut off", cuts)
			}
			t.Logf("%d places", cuts)
		})
	}
}

func TestPolicyRefuses(t *testing.T) {
	ready := night(t, "contoso-alwayson.yaml")
	for _, tt := range []struct {
		name, kind string
		spoil      func(n *Night)
		code       int
		says       string
	}{
		{"no module", "install", func(n *Night) { delete(n.Desk.Modules, "grouppolicy") }, 2, "Install the feature GPMC"},
		{"two objects of the name", "install", func(n *Night) { used(n); used(n) }, 3, "2 Group Policy objects of the domain contoso.com are called MBAM clients"},
		{"clients get it already", "install", func(n *Night) { n.Farm.LinkPolicy(used(n), n.Farm.Directory.DN, true) }, 3, "reaches clients through enabled links: contoso.com."},
		{"no right", "install", func(n *Night) { n.Farm.ClosePolicies() }, 1, "Access is denied"},
		{"no unit", "install", func(n *Night) { n.Farm.Directory.Units = nil }, 1, "There is no such object on the server"},
		{"the way back while clients get it", "rollback", func(n *Night) {
			all(t, n, []Script{policy(t, n, "install")}, Options{}, 0)
			n.Farm.PolicyLinks(n.Farm.Policies("MBAM clients")[0])[0].Enabled = true
		}, 3, "contoso.com/Workstations. Disable them first"},
		{"the way back without a record", "rollback", func(n *Night) { used(n) }, 2, "There is no record of the install"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n)
			start := n.Farm.State()
			r := all(t, n, []Script{policy(t, n, tt.kind)}, Options{}, tt.code)[0]
			if !strings.Contains(r.Text(), tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, r.Text())
			}
			if got := n.Farm.State(); got != start {
				t.Errorf("something was changed:\n%s", apart(got, start))
			}
		})
	}
}

func TestPolicyVerifyFails(t *testing.T) {
	ready := night(t, "contoso-alwayson.yaml")
	all(t, ready, []Script{policy(t, ready, "install")}, Options{}, 0)
	set := func(name, typ string, v any) func(*Night, *farm.Policy) {
		return func(_ *Night, p *farm.Policy) {
			p.SetValue(farm.PolicyValue{Key: policyKey, Name: name, Type: typ, Value: v})
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func(*Night, *farm.Policy)
		says  string
	}{
		{"renamed", func(_ *Night, p *farm.Policy) { p.Name = "x" }, "Group Policy object MBAM clients: expected one object"},
		{"switched off", func(_ *Night, p *farm.Policy) { p.Status = "ComputerSettingsDisabled" }, "computer settings: expected enabled, found ComputerSettingsDisabled"},
		{"everything switched off", func(_ *Night, p *farm.Policy) { p.Status = "AllSettingsDisabled" }, "computer settings: expected enabled"},
		{"another server", set("KeyRecoveryServiceEndPoint", "ExpandString", "https://web1.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc"), "KeyRecoveryServiceEndPoint: expected ExpandString https://mbam.contoso.com/"},
		{"another path in case", set("StatusReportingServiceEndpoint", "ExpandString", "https://mbam.contoso.com/mbamcompliancestatusservice/StatusReportingService.svc"), "StatusReportingServiceEndpoint: expected"},
		{"another type", set("KeyRecoveryServiceEndPoint", "String", "https://mbam.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc"), "found String https://"},
		{"the switch is off", set("UseMBAMServices", "DWord", int64(0)), "UseMBAMServices: expected DWord 1, found DWord 0"},
		{"deleted on clients", func(_ *Night, p *farm.Policy) { p.Value(policyKey, "UseKeyRecoveryService").Deletes = true }, "UseKeyRecoveryService: expected DWord 1, found Delete"},
		{"a value is gone", func(_ *Night, p *farm.Policy) { p.Values = p.Values[1:] }, "found none"},
		{"the link is gone", func(n *Night, p *farm.Policy) { n.Farm.UnlinkPolicies(p) }, "link to OU=Workstations,DC=contoso,DC=com: expected linked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n, n.Farm.Policies("MBAM clients")[0])
			start := n.Farm.State()
			r := all(t, n, []Script{policy(t, n, "verify")}, Options{}, 4)[0]
			if !strings.Contains(r.Text(), "[FAIL]") || !strings.Contains(r.Text(), tt.says) {
				t.Errorf("does not say %q:\n%s", tt.says, r.Text())
			}
			if n.Farm.State() != start {
				t.Error("a verify script changed something")
			}
		})
	}
}

// The preflight of the clients' folder passes where everything is as planned, and names what is not, each time with what to do.
func TestPolicyPreflight(t *testing.T) {
	ready := balanced(t)
	script := named(t, ready.Scripts("preflight"), "/905-preflight.ps1")
	const central = `\\contoso.com\SYSVOL\contoso.com\Policies\PolicyDefinitions\BitLockerManagement.admx`
	ready.Desk.Files.Put(central, []byte("<policyDefinitions/>"))
	for _, tt := range []struct {
		name         string
		spoil        func(n *Night)
		fails, notes string
	}{
		{"as planned", func(*Night) {}, "", ""},
		{"no unit", func(n *Night) { n.Farm.Directory.Units = nil }, "organizational unit: OU=Workstations,DC=contoso,DC=com", ""},
		{"no rights", func(n *Night) { n.Farm.ClosePolicies() }, "", "right to link a policy: OU=Workstations,DC=contoso,DC=com, right to create a policy"},
		{"two objects", func(n *Night) { used(n); used(n) }, "Group Policy object: MBAM clients", ""},
		{"no module", func(n *Night) { delete(n.Desk.Modules, "grouppolicy") }, "PowerShell module: GroupPolicy", ""},
		{"no templates", func(n *Night) { n.Desk.Files.Remove(central) }, "", "policy templates of MBAM"},
		{"no name", func(n *Night) { n.Farm.Directory.SetAddress("mbam", "10.9.9.9") }, "", "port of the virtual host: mbam.contoso.com:443"},
		{"nobody serves", func(n *Night) {
			for _, o := range n.Farm.NLB(vip).Nodes {
				o.State = "Stopped"
			}
		}, "", "port of the virtual host: mbam.contoso.com:443"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := ready.Clone()
			tt.spoil(n)
			start := n.Farm.State()
			got, console := preflightAs(t, n, script, func(s *farm.Session) pwsh.Host { return s })
			var fails, notes []string
			for _, c := range got.Checks {
				if !c.Ok {
					fails = append(fails, c.Name)
					if c.Remedy == "" {
						t.Errorf("%s says nothing of what to do", c.Name)
					}
				}
			}
			for _, c := range got.Notes {
				notes = append(notes, c.Name)
			}
			if f, o := strings.Join(fails, ", "), strings.Join(notes, ", "); f != tt.fails || o != tt.notes {
				t.Errorf("fails %q, notes %q; want %q, %q\n%s", f, o, tt.fails, tt.notes, console)
			}
			if got.ExitCode != map[bool]int{true: 0, false: 4}[len(fails) == 0] {
				t.Errorf("ended with %d", got.ExitCode)
			}
			if left := apart(n.Farm.State(), start); left != "" {
				t.Errorf("a preflight changed something:\n%s", left)
			}
		})
	}
}

// The drill of a client: not encrypted before, waiting without a word to its user while the services are away, reporting when they are back.
func TestClientDrill(t *testing.T) {
	n := balanced(t)
	all(t, n, []Script{policy(t, n, "install")}, Options{}, 0)
	p := n.Farm.Policies("MBAM clients")[0]
	n.Farm.PolicyLinks(p)[0].Enabled = true
	client := n.Farm.AddClient("PC1", "10.1.7.1")
	n.Farm.ApplyPolicies(client, n.Plan.Farm.Clients.OU)
	script := named(t, n.Scripts("drill"), "/984-drill-client-test.ps1")
	run := func(phase string, code int, says ...string) {
		t.Helper()
		state := n.Farm.State()
		r, err := n.Run(script, Options{Machine: client, Params: map[string]any{"Phase": phase}})
		if err != nil || r.ExitCode != code {
			t.Fatalf("%s ended with %d %v, wanted %d:\n%s", phase, r.ExitCode, err, code, r.Text())
		}
		for _, s := range says {
			if !strings.Contains(r.Text(), s) {
				t.Errorf("%s does not say %q:\n%s", phase, s, r.Text())
			}
		}
		for l := range strings.SplitSeq(apart(n.Farm.State(), state), "\n") {
			if l != "" && !strings.Contains(l, `C:\mbamplan`) {
				t.Errorf("%s changed something: %s", phase, l)
			}
		}
	}
	run("Elsewhere", 2, "Give -Phase as Before, Away or Back")
	run("Before", 0)
	for _, o := range n.Farm.NLB(vip).Nodes {
		o.State = "Stopped"
	}
	run("Before", 4, "mbam.contoso.com, port 443, from this computer: expected open, found closed")
	run("Away", 4, "The client has noticed (event 2, 4 or 18): expected at least one, found none yet")
	client.AddEvent(farm.Event{Log: "Microsoft-Windows-MBAM/Admin", ID: 18, Message: "The recovery key service cannot be reached."})
	run("Away", 0)
	n.Farm.SetVolume(client, 2)
	run("Away", 4, "no encryption before the key is stored: expected not encrypted, found encrypting")
	for _, o := range n.Farm.NLB(vip).Nodes {
		o.State = "Started"
	}
	run("Back", 4, "The client reached the service again")
	client.AddEvent(farm.Event{Log: "Microsoft-Windows-MBAM/Operational", ID: 29, Message: "The key was stored."})
	run("Back", 0)
	p.SetValue(farm.PolicyValue{Key: policyKey, Name: "KeyRecoveryServiceEndPoint", Type: "ExpandString", Value: "https://web1.contoso.com/x"})
	n.Farm.ApplyPolicies(client, n.Plan.Farm.Clients.OU)
	run("Back", 4, "Policy: recovery service: expected https://mbam.contoso.com/")
	client.Service("mbamagent").State = "Stopped"
	run("Back", 4, "Service mbamagent: expected Running, found Stopped")
}
