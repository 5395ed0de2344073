package farm

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// policies is the Group Policy of the domain.
type policies struct {
	objects []*Policy
	links   []*PolicyLink
	closed  bool           // whoever runs scripts may read, and change nothing
	volumes map[string]int // conversion status of the system drive, by client
}

// A Policy is a Group Policy object.
type Policy struct {
	ID, Name string
	Comment  string
	Status   string // GpoStatus
	Values   []PolicyValue
}

// A PolicyValue is a registry value that an object sets, or deletes, on clients.
type PolicyValue struct {
	Key, Name, Type string
	Value           any
	Deletes         bool
}

// A PolicyLink brings an object to a domain or an organizational unit.
type PolicyLink struct {
	Target, ID string // DN; Policy.ID
	Enabled    bool
}

func newPolicies() *policies { return &policies{volumes: map[string]int{}} }

// clone copies it for another farm.
func (x *policies) clone(*Farm) *policies {
	out := &policies{closed: x.closed, volumes: copied(x.volumes)}
	for _, p := range x.objects {
		c := *p
		c.Values = slices.Clone(p.Values)
		out.objects = append(out.objects, &c)
	}
	for _, l := range x.links {
		c := *l
		out.links = append(out.links, &c)
	}
	return out
}

// state adds a line for everything that a script may change. An object is known by its name: its identifier is another each time.
func (x *policies) state(add func(format string, args ...any)) {
	for _, p := range x.objects {
		add("policy: %s %q %s", p.Name, p.Comment, p.Status)
		for _, v := range p.Values {
			add("policy value: %s %s %s %s %v deletes %v", p.Name, v.Key, v.Name, v.Type, v.Value, v.Deletes)
		}
	}
	for _, l := range x.links {
		name := "none"
		if p := x.find(l.ID); p != nil {
			name = p.Name
		}
		add("policy link: %s to %s enabled %v", name, l.Target, l.Enabled)
	}
}

func (x *policies) find(id string) *Policy {
	for _, p := range x.objects {
		if strings.EqualFold(p.ID, id) {
			return p
		}
	}
	return nil
}

// AddPolicy makes a Group Policy object, as a person does.
func (f *Farm) AddPolicy(name string) *Policy {
	p := &Policy{ID: f.guid(), Name: name, Status: "AllSettingsEnabled"}
	f.policies.objects = append(f.policies.objects, p)
	return p
}

// Policies are the objects with a name.
func (f *Farm) Policies(name string) []*Policy {
	var out []*Policy
	for _, p := range f.policies.objects {
		if strings.EqualFold(p.Name, name) {
			out = append(out, p)
		}
	}
	return out
}

// LinkPolicy links an object, as a person does.
func (f *Farm) LinkPolicy(p *Policy, target string, enabled bool) *PolicyLink {
	l := &PolicyLink{Target: target, ID: p.ID, Enabled: enabled}
	f.policies.links = append(f.policies.links, l)
	return l
}

// PolicyLinks are the links of an object.
func (f *Farm) PolicyLinks(p *Policy) []*PolicyLink {
	var out []*PolicyLink
	for _, l := range f.policies.links {
		if l.ID == p.ID {
			out = append(out, l)
		}
	}
	return out
}

// UnlinkPolicies takes every link of an object away.
func (f *Farm) UnlinkPolicies(p *Policy) {
	f.policies.links = slices.DeleteFunc(f.policies.links, func(l *PolicyLink) bool { return l.ID == p.ID })
}

// ClosePolicies takes the right to change Group Policy from whoever runs scripts.
func (f *Farm) ClosePolicies() { f.policies.closed = true }

// SetValue writes a value of an object, in place of one of that name.
func (p *Policy) SetValue(v PolicyValue) {
	for i, have := range p.Values {
		if strings.EqualFold(have.Key, v.Key) && strings.EqualFold(have.Name, v.Name) {
			p.Values[i] = v
			return
		}
	}
	p.Values = append(p.Values, v)
}

// Value is a value of an object; nil without one.
func (p *Policy) Value(key, name string) *PolicyValue {
	for i, have := range p.Values {
		if strings.EqualFold(have.Key, key) && strings.EqualFold(have.Name, name) {
			return &p.Values[i]
		}
	}
	return nil
}

func policyArea() area {
	return area{command: (*Session).policyCommand, cast: policyCast, static: policyStatic, cim: clientCIM}
}

// clientCIM shows the volume of the system drive to BitLocker: its conversion status is 0 (not encrypted) to 5 (Win32_EncryptableVolume).
func clientCIM(_ *Session, m *Machine, namespace, class, filter string) ([]any, bool) {
	status, client := m.farm.policies.volumes[m.Name]
	if namespace != `root\cimv2\security\microsoftvolumeencryption` || class != "win32_encryptablevolume" || filter != "" || !client {
		return nil, false
	}
	return []any{pwsh.NewObject("DriveLetter", "C:", "ConversionStatus", int64(status))}, true
}

// AddClient makes a managed computer: the MBAM client with its logs, and a system drive that is not encrypted.
func (f *Farm) AddClient(name, address string) *Machine {
	m := f.AddMachine(name, "2019")
	m.AddAdapter(Adapter{Name: "Ethernet", Addresses: []string{address}})
	m.AddService(Service{Name: "mbamagent", Display: "BitLocker Management Client Service", Process: "MBAMAgent"})
	m.AddLog("Microsoft-Windows-MBAM/Admin")
	m.AddLog("Microsoft-Windows-MBAM/Operational")
	f.policies.volumes[m.Name] = 0
	return m
}

// SetVolume sets the conversion status of a client's system drive.
func (f *Farm) SetVolume(m *Machine, status int) { f.policies.volumes[m.Name] = status }

// ApplyPolicies brings a client what the objects set that reach it through an enabled link of the domain or of its unit.
func (f *Farm) ApplyPolicies(m *Machine, unit string) {
	for _, l := range f.policies.links {
		if p := f.policies.find(l.ID); p != nil && l.Enabled && (strings.EqualFold(l.Target, f.Directory.DN) || strings.EqualFold(l.Target, unit)) {
			for _, v := range p.Values {
				m.SetRegistry(strings.Replace(v.Key, `HKLM\`, `HKLM:\`, 1), v.Name, v.Value)
			}
		}
	}
}

func policyStatic(s *Session, what string, args []any, _ bool) (any, bool) {
	if what != "directoryservices.directoryentry::exists" {
		return nil, false
	}
	return s.ldapExists(str(args, 0)), true
}

func policyCast(_ *Session, typ string, v any) (any, bool) {
	if typ != "guid" {
		return nil, false
	}
	text := strings.Trim(pwsh.Text(v), "{}")
	if len(text) != 36 || strings.Count(text, "-") != 4 {
		return nil, false
	}
	return strings.ToLower(text), true
}

// policyCommand knows the commands of the module GroupPolicy (windows.md, section 6; docs/sources.yaml, win-gpo).
func (s *Session) policyCommand(name string) *pwsh.Command {
	run := map[string]func(*pwsh.Call) []any{
		"get-gpo": s.getGPO, "new-gpo": s.newGPO, "remove-gpo": s.removeGPO, "backup-gpo": s.backupGPO, "get-gporeport": s.reportGPO,
		"get-gpregistryvalue": s.getPolicyValue, "set-gpregistryvalue": s.setPolicyValue, "remove-gpregistryvalue": s.removePolicyValue,
		"new-gplink": s.newPolicyLink, "remove-gplink": s.removePolicyLink, "get-gpinheritance": s.inheritance,
	}[name]
	if run == nil {
		return nil
	}
	return &pwsh.Command{Switches: []string{"All", "Additive", "Disable", "KeepLinks"}, Run: func(c *pwsh.Call) []any {
		if !s.Machine.Modules["grouppolicy"] {
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Name)
		}
		if !strings.EqualFold(c.Text("Domain"), s.directory().DNS) {
			pwsh.ThrowID("System.Runtime.InteropServices.COMException", "UnableToContactDomain,"+c.Name, "The specified domain either does not exist or could not be contacted. (Exception from HRESULT: 0x8007054B)")
		}
		return run(c)
	}}
}

func (s *Session) policies() *policies { return s.Machine.farm.policies }

// mayChange throws what the directory says to somebody without rights.
func (s *Session) mayChange() {
	if s.policies().closed {
		pwsh.Throw("System.UnauthorizedAccessException", "Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))")
	}
}

// policy is the object that -Guid names.
func (s *Session) policy(c *pwsh.Call) *Policy {
	p := s.policies().find(c.Text("Guid"))
	if p == nil {
		pwsh.ThrowID("System.ArgumentException", "GpoWithIdNotFound,"+c.Name, "A GPO with ID {%s} was not found in the %s domain.", c.Text("Guid"), s.directory().DNS)
	}
	return p
}

func (s *Session) shown(p *Policy) *pwsh.Object {
	return pwsh.NewObject("DisplayName", p.Name, "DomainName", s.directory().DNS, "Id", p.ID, "GpoStatus", pwsh.Enum{Of: "GpoStatus", Name: p.Status}, "Description", p.Comment)
}

func (s *Session) getGPO(c *pwsh.Call) []any {
	takes(c, "All", "Domain")
	if !c.Switch("All") {
		pwsh.Unknown("Get-GPO without -All")
	}
	var out []any
	for _, p := range s.policies().objects {
		out = append(out, s.shown(p))
	}
	return out
}

// newGPO makes an object that is linked nowhere.
func (s *Session) newGPO(c *pwsh.Call) []any {
	takes(c, "Name", "Domain", "Comment")
	if len(s.Machine.farm.Policies(c.Text("Name"))) > 0 {
		pwsh.ThrowID("System.ArgumentException", "GpoWithNameAlreadyExists,"+c.Name, "The command cannot be completed because a GPO with the display name %s already exists in the %s domain.", c.Text("Name"), s.directory().DNS)
	}
	s.mayChange()
	if c.WhatIf {
		return nil
	}
	p := s.Machine.farm.AddPolicy(c.Text("Name"))
	p.Comment = c.Text("Comment")
	return []any{s.shown(p)}
}

// removeGPO removes an object with its links in the domain, unless -KeepLinks is given.
func (s *Session) removeGPO(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain")
	p := s.policy(c)
	s.mayChange()
	if !c.WhatIf {
		s.Machine.farm.UnlinkPolicies(p)
		s.policies().objects = slices.DeleteFunc(s.policies().objects, func(o *Policy) bool { return o == p })
	}
	return nil
}

// backupGPO writes into a folder that has to be there.
func (s *Session) backupGPO(c *pwsh.Call) []any {
	takes(c, "Guid", "Path", "Domain")
	p := s.policy(c)
	f := s.Machine.Files
	if !f.IsFolder(c.Text("Path")) {
		pwsh.ThrowID("System.IO.DirectoryNotFoundException", "BackupGpoPathNotFound,"+c.Name, "The system cannot find the path specified: %s.", c.Text("Path"))
	}
	if c.WhatIf {
		return nil
	}
	if f.Full {
		pwsh.Throw("System.IO.IOException", "There is not enough space on the disk.")
	}
	id := s.Machine.farm.guid()
	var b bytes.Buffer
	for _, v := range p.Values {
		fmt.Fprintf(&b, "%s %s %s %v\r\n", v.Key, v.Name, v.Type, v.Value)
	}
	f.write(c.Text("Path")+`\{`+id+`}\gpreport.xml`, b.Bytes())
	return []any{pwsh.NewObject("Id", id, "GpoId", p.ID, "DisplayName", p.Name, "BackupDirectory", c.Text("Path"))}
}

// getPolicyValue throws when the object does not have the value.
func (s *Session) getPolicyValue(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain", "Key", "ValueName")
	v := s.policy(c).Value(c.Text("Key"), c.Text("ValueName"))
	if v == nil {
		pwsh.ThrowID("System.ArgumentException", "UnableToRetrievePolicyRegistryItem,Microsoft.GroupPolicy.Commands.GetGPRegistryValueCommand", `The following Group Policy registry setting was not found: "%s\%s".`, c.Text("Key"), c.Text("ValueName"))
	}
	state := "Set"
	if v.Deletes {
		state = "Delete"
	}
	value := v.Value
	if text, ok := value.(string); ok {
		value = text + "\x00" // as registry.pol holds it
	}
	return []any{pwsh.NewObject("KeyPath", strings.TrimPrefix(v.Key, `HKLM\`), "FullKeyPath", v.Key, "ValueName", v.Name, "PolicyState", pwsh.Enum{Of: "PolicyState", Name: state}, "Type", pwsh.Enum{Of: "RegistryValueKind", Name: v.Type}, "Value", value)}
}

// setPolicyValue writes one value; the type has to fit.
func (s *Session) setPolicyValue(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain", "Key", "ValueName", "Type", "Value")
	p := s.policy(c)
	hive, _, _ := strings.Cut(c.Text("Key"), `\`)
	if !strings.EqualFold(hive, "HKLM") && !strings.EqualFold(hive, "HKEY_LOCAL_MACHINE") {
		pwsh.Unknown("a policy value below %s", hive)
	}
	v := PolicyValue{Key: c.Text("Key"), Name: c.Text("ValueName"), Type: c.Text("Type"), Value: c.Value("Value")}
	_, whole := v.Value.(int64)
	_, text := v.Value.(string)
	switch {
	case v.Type == "DWord" && whole, (v.Type == "String" || v.Type == "ExpandString") && text:
	default:
		pwsh.Unknown("a policy value of type %s that is %s", v.Type, pwsh.TypeName(v.Value))
	}
	s.mayChange()
	if c.WhatIf {
		return nil
	}
	p.SetValue(v)
	return []any{s.shown(p)}
}

// removePolicyValue takes a value out of the object; clients keep what they have.
func (s *Session) removePolicyValue(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain", "Key", "ValueName")
	p := s.policy(c)
	v := p.Value(c.Text("Key"), c.Text("ValueName"))
	if v == nil {
		pwsh.ThrowID("System.ArgumentException", "UnableToRemovePolicyRegistryItem,Microsoft.GroupPolicy.Commands.RemoveGPRegistryValueCommand", `The following Group Policy registry setting was not found: "%s\%s".`, c.Text("Key"), c.Text("ValueName"))
	}
	s.mayChange()
	if c.WhatIf {
		return nil
	}
	gone := *v
	p.Values = slices.DeleteFunc(p.Values, func(have PolicyValue) bool { return have.Key == gone.Key && have.Name == gone.Name })
	return []any{s.shown(p)}
}

// target is the domain or unit that -Target names.
func (s *Session) target(c *pwsh.Call) string {
	d := s.directory()
	t := c.Text("Target")
	if !strings.EqualFold(t, d.DN) && !slices.ContainsFunc(d.Units, func(u string) bool { return strings.EqualFold(u, t) }) {
		pwsh.ThrowID("System.ArgumentException", "UnableToFindTarget,"+c.Name, "There is no such object on the server: %s.", t)
	}
	return t
}

func (s *Session) newPolicyLink(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain", "Target", "LinkEnabled")
	p, t := s.policy(c), s.target(c)
	enabled := strings.EqualFold(c.Text("LinkEnabled"), "Yes")
	if !enabled && !strings.EqualFold(c.Text("LinkEnabled"), "No") {
		pwsh.Unknown("New-GPLink -LinkEnabled %s", c.Text("LinkEnabled"))
	}
	for _, l := range s.Machine.farm.PolicyLinks(p) {
		if strings.EqualFold(l.Target, t) {
			pwsh.ThrowID("System.ArgumentException", "GpoLinkAlreadyExists,"+c.Name, "A GPO link already exists for the GPO %s to the target %s.", p.Name, t)
		}
	}
	s.mayChange()
	if c.WhatIf {
		return nil
	}
	s.Machine.farm.LinkPolicy(p, t, enabled)
	return []any{pwsh.NewObject("GpoId", p.ID, "DisplayName", p.Name, "Enabled", enabled, "Target", t)}
}

func (s *Session) removePolicyLink(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain", "Target")
	p, t := s.policy(c), s.target(c)
	x := s.policies()
	at := slices.IndexFunc(x.links, func(l *PolicyLink) bool { return l.ID == p.ID && strings.EqualFold(l.Target, t) })
	if at < 0 {
		pwsh.ThrowID("System.ArgumentException", "GpoLinkNotFound,"+c.Name, "There is no GPO link of the GPO %s to the target %s.", p.Name, t)
	}
	s.mayChange()
	if !c.WhatIf {
		x.links = slices.Delete(x.links, at, at+1)
	}
	return []any{s.shown(p)}
}

func (s *Session) inheritance(c *pwsh.Call) []any {
	takes(c, "Domain", "Target")
	t := s.target(c)
	links := pwsh.NewArray()
	for _, l := range s.policies().links {
		if p := s.policies().find(l.ID); p != nil && strings.EqualFold(l.Target, t) {
			links.Items = append(links.Items, pwsh.NewObject("GpoId", p.ID, "DisplayName", p.Name, "Enabled", l.Enabled, "Enforced", false, "Target", l.Target))
		}
	}
	return []any{pwsh.NewObject("Path", t, "GpoLinks", links)}
}

// reportGPO gives the report as XML: the links by the canonical names of their places.
func (s *Session) reportGPO(c *pwsh.Call) []any {
	takes(c, "Guid", "Domain", "ReportType")
	if !strings.EqualFold(c.Text("ReportType"), "Xml") {
		pwsh.Unknown("Get-GPOReport -ReportType %s", c.Text("ReportType"))
	}
	p := s.policy(c)
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0" encoding="utf-16"?><GPO xmlns="http://www.microsoft.com/GroupPolicy/Settings"><Name>`)
	_ = xml.EscapeText(&b, []byte(p.Name))
	b.WriteString("</Name>")
	for _, l := range s.Machine.farm.PolicyLinks(p) {
		b.WriteString("<LinksTo><SOMPath>")
		_ = xml.EscapeText(&b, []byte(canonical(l.Target, s.directory())))
		fmt.Fprintf(&b, "</SOMPath><Enabled>%v</Enabled><NoOverride>false</NoOverride></LinksTo>", l.Enabled)
	}
	b.WriteString("</GPO>")
	return []any{b.String()}
}

// canonical writes the place of a DN as a path from the domain: contoso.com/Workstations.
func canonical(dn string, d *Directory) string {
	var parts []string
	rest := strings.TrimSuffix(dn, d.DN)
	for rest != "" {
		end := 0
		for end < len(rest) && rest[end] != ',' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end, len(rest))
		_, value, _ := strings.Cut(rest[:end], "=")
		if value != "" {
			parts = append([]string{strings.ReplaceAll(value, `\`, "")}, parts...)
		}
		rest = strings.TrimPrefix(rest[end:], ",")
	}
	return strings.Join(append([]string{d.DNS}, parts...), "/")
}
