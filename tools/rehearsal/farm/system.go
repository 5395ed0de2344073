package farm

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// system is the Windows of a machine: registry, services, ports, network, features, firewall, certificates, rights, events, tasks, shadow
// copies. Each part has a file of its own.
type system struct {
	registry     map[string]*registryKey
	services     map[string]*Service
	ports        map[int]string
	adapters     []Adapter
	disks        map[string]Disk
	facts        map[string]string // what WMI says of computer and system, by property in lower case
	off          bool
	features     map[string]*feature
	rules        []Rule
	domainRules  string // AllowLocalFirewallRules of the profile Domain
	modifyState  int64
	certificates []*Certificate
	rights       map[string][]string
	groups       map[string][]string
	policyRights []string
	logs         map[string]bool
	events       []Event
	sources      map[string]string
	tasks        []*Task
	writers      map[string]int
	shadowed     []string
	products     map[string]*Setup
	signatures   map[string]Signature
	shadow       func(*Machine, []string)
}

func newSystem() *system {
	return &system{
		registry: map[string]*registryKey{}, services: map[string]*Service{}, ports: map[int]string{}, disks: map[string]Disk{},
		facts: map[string]string{}, features: map[string]*feature{}, domainRules: "NotConfigured", rights: map[string][]string{},
		groups: map[string][]string{}, logs: map[string]bool{}, sources: map[string]string{}, writers: map[string]int{},
		products: map[string]*Setup{}, signatures: map[string]Signature{},
	}
}

// clone copies it for another machine.
func (x *system) clone(*Machine) *system {
	out := *x
	out.registry = map[string]*registryKey{}
	for k, v := range x.registry {
		c := *v
		c.values = slices.Clone(v.values)
		out.registry[k] = &c
	}
	out.services = map[string]*Service{}
	for k, v := range x.services {
		c := *v
		out.services[k] = &c
	}
	out.features = map[string]*feature{}
	for k, v := range x.features {
		c := *v
		out.features[k] = &c
	}
	out.certificates = nil
	for _, v := range x.certificates {
		c := *v
		out.certificates = append(out.certificates, &c)
	}
	out.tasks = nil
	for _, v := range x.tasks {
		c := *v
		out.tasks = append(out.tasks, &c)
	}
	out.ports, out.disks, out.facts, out.logs = copied(x.ports), copied(x.disks), copied(x.facts), copied(x.logs)
	out.rights, out.groups, out.sources, out.writers = copied(x.rights), copied(x.groups), copied(x.sources), copied(x.writers)
	out.products, out.signatures = copied(x.products), copied(x.signatures)
	out.adapters, out.rules, out.policyRights = slices.Clone(x.adapters), slices.Clone(x.rules), slices.Clone(x.policyRights)
	for i := range out.adapters {
		out.adapters[i].Addresses, out.adapters[i].Quiet = slices.Clone(out.adapters[i].Addresses), slices.Clone(out.adapters[i].Quiet)
	}
	out.events, out.shadowed = slices.Clone(x.events), slices.Clone(x.shadowed)
	return &out
}

func copied[K comparable, V any](m map[K]V) map[K]V {
	out := make(map[K]V, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// state adds a line for everything that a script may change. Events count as history, not as state.
func (x *system) state(m *Machine, add func(format string, args ...any)) {
	for _, k := range x.registry {
		add("registry: %s %s %q", m.Name, k.path, k.values)
	}
	for _, s := range x.services {
		add("service: %s %s %s %s %s %q", m.Name, s.Name, s.State, s.Mode, s.Account, s.Needs)
	}
	for port, process := range x.ports {
		add("port: %s %d %s", m.Name, port, process)
	}
	for _, a := range x.adapters {
		add("adapter: %s %+v", m.Name, a)
	}
	if x.off {
		add("off: %s", m.Name)
	}
	for _, f := range x.features {
		add("feature: %s %s %s", m.Name, f.name, f.state)
	}
	for _, r := range x.rules {
		add("firewall: %s %+v", m.Name, r)
	}
	for _, c := range x.certificates {
		add("certificate: %s %s %s %s key %v", m.Name, c.Store, c.Thumbprint, c.Subject, c.Key)
	}
	for right, holders := range x.rights {
		sorted := slices.Sorted(slices.Values(holders))
		add("right: %s %s %q", m.Name, right, sorted)
	}
	for group, members := range x.groups {
		add("group: %s %s %q", m.Name, group, members)
	}
	for source, log := range x.sources {
		add("event source: %s %s %s", m.Name, source, log)
	}
	for _, t := range x.tasks {
		add("task: %s %+v", m.Name, *t)
	}
	for w, s := range x.writers {
		add("VSS writer: %s %s %d", m.Name, w, s)
	}
}

func systemArea() area {
	return area{command: systemCommand, static: systemStatic, object: systemObject, items: systemItems, program: systemProgram, feature: iis}
}

func systemCommand(s *Session, name string) *pwsh.Command {
	for _, find := range []func(*Session, string) *pwsh.Command{
		serviceCommand, networkCommand, featureCommand, firewallCommand, eventCommand, softwareCommand, clusterCommand,
	} {
		if c := find(s, name); c != nil {
			return c
		}
	}
	return nil
}

func systemStatic(s *Session, what string, args []any, _ bool) (any, bool) {
	for _, find := range []func(*Session, string, []any) (any, bool){networkStatic, eventStatic, softwareStatic, certificateStatic, miscellaneous} {
		if v, ok := find(s, what, args); ok {
			return v, true
		}
	}
	return nil, false
}

func systemObject(s *Session, typ string, args []any) (any, bool) {
	for _, find := range []func(*Session, string, []any) (any, bool){networkObject, firewallObject, certificateObject, groupObject} {
		if v, ok := find(s, typ, args); ok {
			return v, true
		}
	}
	return nil, false
}

func systemItems(s *Session, command, path string, c *pwsh.Call) ([]any, bool) {
	drive, rest, _ := strings.Cut(path, ":")
	switch strings.ToLower(drive) {
	case "hklm":
		return s.registryItems(command, path, c), true
	case "cert":
		return s.certificateItems(command, strings.Trim(rest, `\`), c), true
	}
	return nil, false
}

func systemProgram(s *Session, name string, args []string) ([]string, int, bool) {
	for _, find := range []func(*Session, string, []string) ([]string, int, bool){rightsProgram, firewallProgram, certificateProgram, shadowProgram, sqlcmdProgram} {
		if out, code, ok := find(s, name, args); ok {
			return out, code, true
		}
	}
	return nil, 0, false
}

// takes throws what PowerShell throws for a parameter that the command does not have.
func takes(c *pwsh.Call, names ...string) {
	for k := range c.Args {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, k) }) {
			pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "NamedParameterNotFound,"+c.Name, "A parameter cannot be found that matches parameter name '%s'.", k)
		}
	}
}

// needs throws what PowerShell throws for a mandatory parameter that is not given; powershell.exe -File would ask for it.
func needs(c *pwsh.Call, names ...string) {
	for _, n := range names {
		if !c.Has(n) {
			pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "MissingMandatoryParameter,"+c.Name, "Cannot process command because of one or more missing mandatory parameters: %s.", n)
		}
	}
}

// elevated throws what Windows throws at a person without administrator's rights.
func (s *Session) elevated() {
	if !s.Elevated {
		pwsh.Throw("System.UnauthorizedAccessException", "Access is denied.")
	}
}
