package farm

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Rule is an inbound rule of the Windows Firewall. Name is its identity, Title what people and the COM interface call it.
type Rule struct {
	Name, Title, Group string
	Enabled, Allow     bool
	Protocol           string // TCP, UDP
	Ports              string // "1433", "8000-8999", "80,443"; "" for every port
	Remote             []string
	Program, Service   string
}

// AddRule lays a rule into the firewall by hand.
func (m *Machine) AddRule(r Rule) {
	if r.Title == "" {
		r.Title = r.Name
	}
	if r.Remote == nil {
		r.Remote = []string{"Any"}
	}
	m.system.rules = append(m.system.rules, r)
}

// RemoveRule takes a rule away by its name.
func (m *Machine) RemoveRule(name string) {
	m.system.rules = slices.DeleteFunc(m.system.rules, func(r Rule) bool { return strings.EqualFold(r.Name, name) })
}

// ChangeRule changes a rule by hand.
func (m *Machine) ChangeRule(name string, change func(*Rule)) {
	for i := range m.system.rules {
		if strings.EqualFold(m.system.rules[i].Name, name) {
			change(&m.system.rules[i])
		}
	}
}

// PolicyIgnoresRules makes a Group Policy override the local rules, or stops it.
func (m *Machine) PolicyIgnoresRules(yes bool) {
	m.system.domainRules, m.system.modifyState = "NotConfigured", 0
	if yes {
		m.system.domainRules, m.system.modifyState = "False", 1
	}
}

func (r Rule) reaches(port int) bool {
	if r.Ports == "" || r.Ports == "*" || strings.EqualFold(r.Ports, "Any") {
		return true
	}
	for _, p := range strings.Split(r.Ports, ",") {
		low, high, ranged := strings.Cut(strings.TrimSpace(p), "-")
		if !ranged {
			high = low
		}
		a, err1 := strconv.Atoi(low)
		b, err2 := strconv.Atoi(high)
		if err1 == nil && err2 == nil && port >= a && port <= b {
			return true
		}
	}
	return false
}

func (r Rule) from(address string) bool {
	at, err := netip.ParseAddr(address)
	for _, remote := range r.Remote {
		if strings.EqualFold(remote, "Any") || remote == address {
			return true
		}
		if p, bad := netip.ParsePrefix(remote); bad == nil && err == nil && p.Contains(at) {
			return true
		}
	}
	return false
}

// lets reports whether the firewall lets a TCP connection in: a rule that blocks wins, and what no rule allows is blocked, unless the
// service is not running (Windows Firewall with Advanced Security: the default for inbound connections).
func (m *Machine) lets(port int, from string) bool {
	if !m.Running("MpsSvc") {
		return true
	}
	process, _ := m.Listening(port)
	allowed := false
	for _, r := range m.system.rules {
		if !r.Enabled || r.Protocol != "TCP" && r.Protocol != "Any" || !r.reaches(port) || !r.from(from) || m.system.modifyState != 0 {
			continue
		}
		if r.Program != "" && !strings.EqualFold(r.Program, process) {
			continue
		}
		if !r.Allow {
			return false
		}
		allowed = true
	}
	return allowed
}

func firewallObject(s *Session, typ string, _ []any) (any, bool) {
	if typ != "com:hnetcfg.fwpolicy2" {
		return nil, false
	}
	m := s.Machine
	if !m.Running("MpsSvc") {
		pwsh.Throw("System.Runtime.InteropServices.COMException", "There are no more endpoints available from the endpoint mapper. (Exception from HRESULT: 0x800706D9)")
	}
	rules := pwsh.NewArray()
	for _, r := range m.system.rules {
		action, protocol := int64(0), int64(6)
		if r.Allow {
			action = 1
		}
		switch r.Protocol {
		case "UDP":
			protocol = 17
		case "Any":
			protocol = 256
		}
		ports := r.Ports
		if ports == "" {
			ports = "*"
		}
		program, service := any(nil), any(nil)
		if r.Program != "" {
			program = r.Program
		}
		if r.Service != "" {
			service = r.Service
		}
		rules.Items = append(rules.Items, pwsh.NewObject("Name", r.Title, "Direction", int64(1), "Action", action, "Enabled", r.Enabled, "Protocol", protocol,
			"LocalPorts", ports, "ApplicationName", program, "ServiceName", service, "RemoteAddresses", remoteText(r.Remote)))
	}
	return pwsh.NewObject("Rules", rules, "LocalPolicyModifyState", m.system.modifyState), true
}

// remoteText is how the COM interface writes addresses: one without its mask gets it.
func remoteText(list []string) string {
	var out []string
	for _, a := range list {
		if strings.EqualFold(a, "Any") {
			return "*"
		}
		if !strings.Contains(a, "/") {
			a += "/255.255.255.255"
		}
		out = append(out, a)
	}
	return strings.Join(out, ",")
}

func gpoBoolean(v bool) pwsh.Enum {
	if v {
		return pwsh.Enum{Of: "Enabled", Name: "True", Value: 1}
	}
	return pwsh.Enum{Of: "Enabled", Name: "False", Value: 2}
}

func ruleObject(r Rule) *pwsh.Object {
	action := "Block"
	if r.Allow {
		action = "Allow"
	}
	group := any(nil)
	if r.Group != "" {
		group = r.Group
	}
	return pwsh.NewObject("Name", r.Name, "DisplayName", r.Title, "Group", group, "Enabled", gpoBoolean(r.Enabled),
		"Direction", pwsh.Enum{Of: "Direction", Name: "Inbound", Value: 1}, "Action", pwsh.Enum{Of: "Action", Name: action})
}

func (s *Session) rule(c *pwsh.Call, name string) *Rule {
	for i := range s.Machine.system.rules {
		if strings.EqualFold(s.Machine.system.rules[i].Name, name) {
			return &s.Machine.system.rules[i]
		}
	}
	pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "CmdletizationQuery_NotFound_InstanceID,"+c.Name, "No MSFT_NetFirewallRule objects found with property 'InstanceID' equal to '%s'.", name)
	return nil
}

// persistent refuses a store that is not this computer's own.
func persistent(c *pwsh.Call) {
	if c.Has("PolicyStore") && !strings.EqualFold(c.Text("PolicyStore"), "PersistentStore") {
		pwsh.Unknown("the policy store %s", c.Text("PolicyStore"))
	}
}

// setRule takes the parameters of New- and Set-NetFirewallRule.
func setRule(c *pwsh.Call, r *Rule) {
	for _, p := range []struct {
		name string
		set  func()
	}{
		{"DisplayName", func() { r.Title = c.Text("DisplayName") }},
		{"Group", func() { r.Group = c.Text("Group") }},
		{"Enabled", func() { r.Enabled = strings.EqualFold(c.Text("Enabled"), "True") }},
		{"Action", func() { r.Allow = strings.EqualFold(c.Text("Action"), "Allow") }},
		{"Protocol", func() { r.Protocol = strings.ToUpper(c.Text("Protocol")) }},
		{"LocalPort", func() { r.Ports = strings.Join(c.List("LocalPort"), ",") }},
		{"RemoteAddress", func() { r.Remote = c.List("RemoteAddress") }},
	} {
		if c.Has(p.name) {
			p.set()
		}
	}
	if c.Has("Direction") && !strings.EqualFold(c.Text("Direction"), "Inbound") {
		pwsh.Unknown("an outbound rule")
	}
	if c.Has("Profile") && !strings.EqualFold(c.Text("Profile"), "Any") {
		pwsh.Unknown("a rule of one profile")
	}
}

func firewallCommand(s *Session, name string) *pwsh.Command {
	m := s.Machine
	if !strings.Contains(name, "-netfirewall") || m.year() < 2012 {
		return nil
	}
	ready := func() {
		if !m.Running("MpsSvc") {
			pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "Windows System Error 1753", "There are no more endpoints available from the endpoint mapper.")
		}
	}
	switch name {
	case "get-netfirewallrule":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "PolicyStore")
			ready()
			persistent(c)
			if c.Has("Name") {
				return []any{ruleObject(*s.rule(c, c.Text("Name")))}
			}
			var out []any
			for _, r := range m.system.rules {
				out = append(out, ruleObject(r))
			}
			return out
		}}
	case "get-netfirewallportfilter", "get-netfirewalladdressfilter":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "AssociatedNetFirewallRule")
			ready()
			o, ok := c.Value("AssociatedNetFirewallRule").(*pwsh.Object)
			if !ok {
				pwsh.Unknown("%s of something that is no rule", c.Name)
			}
			id, _ := o.Get("Name")
			r := s.rule(c, pwsh.Text(id))
			if name == "get-netfirewallportfilter" {
				ports := any(r.Ports)
				if list := strings.Split(r.Ports, ","); len(list) > 1 {
					ports = pwsh.Strings(list)
				}
				return []any{pwsh.NewObject("Protocol", r.Protocol, "LocalPort", ports, "RemotePort", "Any")}
			}
			remote := any(r.Remote[0])
			if len(r.Remote) > 1 {
				remote = pwsh.Strings(r.Remote)
			}
			return []any{pwsh.NewObject("LocalAddress", "Any", "RemoteAddress", remote)}
		}}
	case "get-netfirewallprofile":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "PolicyStore")
			if !strings.EqualFold(c.Text("PolicyStore"), "ActiveStore") {
				pwsh.Unknown("Get-NetFirewallProfile of anything but what is in force")
			}
			ready()
			var out []any
			for _, p := range []string{"Domain", "Private", "Public"} {
				local := "NotConfigured"
				if p == "Domain" {
					local = m.system.domainRules
				}
				out = append(out, pwsh.NewObject("Name", p, "Enabled", gpoBoolean(true), "AllowLocalFirewallRules", pwsh.Enum{Of: "GpoBoolean", Name: local}))
			}
			return out
		}}
	case "new-netfirewallrule":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "DisplayName", "Group", "Enabled", "Direction", "Action", "Protocol", "LocalPort", "RemoteAddress", "Profile")
			needs(c, "DisplayName")
			ready()
			s.elevated()
			r := Rule{Name: c.Text("Name"), Enabled: true, Allow: true, Protocol: "Any", Remote: []string{"Any"}}
			if r.Name == "" {
				r.Name = "{" + strings.ToUpper(m.farm.guid()) + "}"
			}
			setRule(c, &r)
			if slices.ContainsFunc(m.system.rules, func(x Rule) bool { return strings.EqualFold(x.Name, r.Name) }) {
				pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "Windows System Error 183,New-NetFirewallRule", "Cannot create a file when that file already exists. ")
			}
			if c.WhatIf {
				return nil
			}
			m.system.rules = append(m.system.rules, r)
			return []any{ruleObject(r)}
		}}
	case "set-netfirewallrule":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "Enabled", "Direction", "Action", "Protocol", "LocalPort", "RemoteAddress", "PolicyStore")
			needs(c, "Name")
			ready()
			s.elevated()
			persistent(c)
			r := *s.rule(c, c.Text("Name"))
			setRule(c, &r)
			if !c.WhatIf {
				*s.rule(c, c.Text("Name")) = r
			}
			return nil
		}}
	case "remove-netfirewallrule":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "PolicyStore")
			needs(c, "Name") // without it every rule goes
			ready()
			s.elevated()
			persistent(c)
			r := s.rule(c, c.Text("Name"))
			if !c.WhatIf {
				m.RemoveRule(r.Name)
			}
			return nil
		}}
	}
	return nil
}

// firewallProgram is netsh advfirewall firewall add rule and delete rule, by which Windows Server 2008 R2 gets its rules. A rule that netsh
// makes has a name of its own beside the one that is given.
func firewallProgram(s *Session, name string, args []string) ([]string, int, bool) {
	m := s.Machine
	if name != "netsh.exe" || len(args) < 5 || strings.Join(args[:2], " ") != "advfirewall firewall" || args[3] != "rule" {
		return nil, 0, false
	}
	if !s.Elevated {
		return []string{"The requested operation requires elevation (Run as administrator)."}, 1, true
	}
	given := map[string]string{}
	for _, a := range args[4:] {
		k, v, ok := strings.Cut(a, "=")
		if !ok {
			return []string{fmt.Sprintf("A specified value is not valid: %s", a)}, 1, true
		}
		given[strings.ToLower(k)] = v
	}
	switch args[2] {
	case "add":
		r := Rule{Name: "{" + strings.ToUpper(m.farm.guid()) + "}", Title: given["name"], Enabled: true, Allow: given["action"] == "allow", Protocol: strings.ToUpper(given["protocol"]), Ports: given["localport"], Remote: []string{"Any"}}
		if v := given["remoteip"]; v != "" && v != "any" {
			r.Remote = strings.Split(v, ",")
		}
		for k := range given {
			if !slices.Contains([]string{"name", "dir", "action", "protocol", "localport", "remoteip", "profile"}, k) {
				return nil, 0, false
			}
		}
		if given["dir"] != "in" || r.Title == "" {
			return nil, 0, false
		}
		m.system.rules = append(m.system.rules, r)
		return []string{"Ok.", ""}, 0, true
	case "delete":
		if len(given) != 1 || given["name"] == "" {
			return nil, 0, false
		}
		before := len(m.system.rules)
		m.system.rules = slices.DeleteFunc(m.system.rules, func(r Rule) bool { return strings.EqualFold(r.Title, given["name"]) })
		if len(m.system.rules) == before {
			return []string{"No rules match the specified criteria."}, 1, true
		}
		return []string{fmt.Sprintf("Deleted %d rule(s).", before-len(m.system.rules)), "Ok."}, 0, true
	}
	return nil, 0, false
}
