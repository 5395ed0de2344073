package farm

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Service is a Windows service. State is Running or Stopped, Mode is Auto, Manual or Disabled, as Win32_Service writes them.
type Service struct {
	Name, Display string
	State, Mode   string
	Account       string
	Needs         []string // services that it depends on
	Process       string   // name of its process
	Ports         []int    // TCP ports that it listens on while it runs
	Starting      func(*Machine) error
	Stopped       func(*Machine) // called when it has stopped
}

// AddService installs a service.
func (m *Machine) AddService(s Service) *Service {
	if s.State == "" {
		s.State = "Running"
	}
	if s.Mode == "" {
		s.Mode = "Auto"
	}
	if s.Account == "" {
		s.Account = "LocalSystem"
	}
	if s.Display == "" {
		s.Display = s.Name
	}
	m.system.services[strings.ToLower(s.Name)] = &s
	return &s
}

// RemoveService takes a service away.
func (m *Machine) RemoveService(name string) { delete(m.system.services, strings.ToLower(name)) }

// Service finds a service; nil when there is none.
func (m *Machine) Service(name string) *Service { return m.system.services[strings.ToLower(name)] }

// Running reports whether a service is there and runs.
func (m *Machine) Running(name string) bool {
	s := m.Service(name)
	return s != nil && s.State == "Running" && !m.system.off
}

// StartService starts a service and those that it depends on, as the service control manager does.
func (m *Machine) StartService(name string) error {
	s := m.Service(name)
	switch {
	case s == nil:
		return fmt.Errorf("service %s was not found on computer '.'", name)
	case s.State == "Running":
		return nil
	case s.Mode == "Disabled":
		return fmt.Errorf("cannot start service %s on computer '.'", s.Name)
	}
	for _, n := range s.Needs {
		if err := m.StartService(n); err != nil {
			return err
		}
	}
	for _, p := range s.Ports {
		if other, taken := m.Listening(p); taken {
			return fmt.Errorf("cannot start service %s: port %d is taken by %s", s.Name, p, other)
		}
	}
	if s.Starting != nil {
		if err := s.Starting(m); err != nil {
			return err
		}
	}
	s.State = "Running"
	return nil
}

// StopService stops a service and those that depend on it.
func (m *Machine) StopService(name string) {
	for _, d := range m.dependents(name) {
		m.StopService(d.Name)
	}
	if s := m.Service(name); s != nil && s.State == "Running" {
		s.State = "Stopped"
		if s.Stopped != nil {
			s.Stopped(m)
		}
	}
}

func (m *Machine) dependents(name string) []*Service {
	var out []*Service
	for _, s := range m.system.services {
		if slices.ContainsFunc(s.Needs, func(n string) bool { return strings.EqualFold(n, name) }) {
			out = append(out, s)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

func (m *Machine) servicesSorted() []*Service {
	var out []*Service
	for _, s := range m.system.services {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool { return strings.ToLower(out[i].Name) < strings.ToLower(out[j].Name) })
	return out
}

// Restart starts the machine anew: what waits for that is done, and services that start by themselves run.
func (m *Machine) Restart() {
	for _, s := range m.servicesSorted() {
		m.StopService(s.Name)
	}
	m.system.off = false
	m.finishFeatures()
	for _, k := range pendingKeys {
		m.RemoveRegistry(k, "")
	}
	for _, s := range m.servicesSorted() {
		if s.Mode == "Auto" {
			_ = m.StartService(s.Name) // what does not start is seen in its state
		}
	}
}

// The keys by which Windows shows that it waits for a restart (docs/sources.yaml, pending-restart).
var pendingKeys = []string{
	`HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`,
	`HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired`,
}

// Waits reports whether Windows waits for a restart.
func (m *Machine) Waits() bool {
	return slices.ContainsFunc(pendingKeys, func(k string) bool { return m.system.registry[strings.ToLower(k)] != nil })
}

// AwaitRestart makes Windows wait for a restart.
func (m *Machine) AwaitRestart() { m.SetRegistry(pendingKeys[0], "", nil) }

// status is a ServiceControllerStatus.
func status(s *Service) pwsh.Enum {
	if s.State == "Running" {
		return pwsh.Enum{Of: "ServiceControllerStatus", Name: "Running", Value: 4}
	}
	return pwsh.Enum{Of: "ServiceControllerStatus", Name: "Stopped", Value: 1}
}

func (m *Machine) controller(s *Service) *pwsh.Object {
	var behind []any
	for _, d := range m.dependents(s.Name) {
		behind = append(behind, pwsh.NewObject("Name", d.Name, "DisplayName", d.Display, "Status", status(d)))
	}
	return pwsh.NewObject("Name", s.Name, "ServiceName", s.Name, "DisplayName", s.Display, "Status", status(s), "DependentServices", pwsh.NewArray(behind...))
}

func (s *Session) service(c *pwsh.Call) *Service {
	needs(c, "Name")
	found := s.Machine.Service(c.Text("Name"))
	if found == nil {
		pwsh.ThrowID("Microsoft.PowerShell.Commands.ServiceCommandException", "NoServiceFoundForGivenName,Microsoft.PowerShell.Commands."+strings.ReplaceAll(c.Name, "-", "")+"Command", "Cannot find any service with service name '%s'.", c.Text("Name"))
	}
	return found
}

// opened is for a person without rights, who may not control a service.
func (s *Session) opened(x *Service, c *pwsh.Call) {
	if !s.Elevated {
		pwsh.ThrowID("Microsoft.PowerShell.Commands.ServiceCommandException", "CouldNotControlService,"+c.Name, "Service '%s (%s)' cannot be changed due to the following error: Cannot open %s service on computer '.'.", x.Display, x.Name, x.Name)
	}
}

func serviceCommand(s *Session, name string) *pwsh.Command {
	m := s.Machine
	start := func(x *Service) {
		if err := m.StartService(x.Name); err != nil {
			pwsh.ThrowID("Microsoft.PowerShell.Commands.ServiceCommandException", "CouldNotStartService,Microsoft.PowerShell.Commands.StartServiceCommand", "Service '%s (%s)' cannot be started due to the following error: %s.", x.Display, x.Name, err)
		}
	}
	stop := func(x *Service, c *pwsh.Call) {
		for _, d := range m.dependents(x.Name) {
			if d.State == "Running" && !c.Switch("Force") {
				pwsh.ThrowID("Microsoft.PowerShell.Commands.ServiceCommandException", "ServiceHasDependentServices,Microsoft.PowerShell.Commands.StopServiceCommand", "Cannot stop service '%s (%s)' because it has dependent services. It can only be stopped if the Force flag is set.", x.Display, x.Name)
			}
		}
		m.StopService(x.Name)
	}
	switch name {
	case "get-service":
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name")
			if c.Has("Name") {
				return []any{m.controller(s.service(c))}
			}
			var out []any
			for _, x := range m.servicesSorted() {
				out = append(out, m.controller(x))
			}
			return out
		}}
	case "start-service", "stop-service", "restart-service":
		return &pwsh.Command{Positional: []string{"Name"}, Switches: []string{"Force"}, Run: func(c *pwsh.Call) []any {
			if name == "start-service" {
				takes(c, "Name")
			} else {
				takes(c, "Name", "Force")
			}
			x := s.service(c)
			s.opened(x, c)
			if c.WhatIf {
				return nil
			}
			switch name {
			case "start-service":
				start(x)
			case "stop-service":
				stop(x, c)
			default:
				var ran []string
				for _, d := range m.dependents(x.Name) {
					if d.State == "Running" {
						ran = append(ran, d.Name)
					}
				}
				stop(x, c)
				start(x)
				for _, d := range ran {
					start(m.Service(d))
				}
			}
			return nil
		}}
	case "set-service":
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "StartupType")
			x := s.service(c)
			s.opened(x, c)
			mode, ok := map[string]string{"automatic": "Auto", "manual": "Manual", "disabled": "Disabled"}[strings.ToLower(c.Text("StartupType"))]
			if !ok {
				pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "CannotConvertArgumentNoMessage,Microsoft.PowerShell.Commands.SetServiceCommand", "Cannot bind parameter 'StartupType'. Cannot convert value \"%s\" to type \"System.ServiceProcess.ServiceStartMode\".", c.Text("StartupType"))
			}
			if !c.WhatIf {
				x.Mode = mode
			}
			return nil
		}}
	case "get-process":
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c)
			var out []any
			for i, p := range m.processes() {
				out = append(out, pwsh.NewObject("Id", processID(i), "ProcessName", p, "Name", p))
			}
			return out
		}}
	case "get-ciminstance":
		return &pwsh.Command{Positional: []string{"ClassName"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Namespace", "ClassName", "Filter", "ComputerName")
			needs(c, "ClassName")
			return s.cim(c)
		}}
	}
	return nil
}

// processes are the names of what runs, System first.
func (m *Machine) processes() []string {
	out := []string{"System"}
	addTo := func(p string) {
		if p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, s := range m.servicesSorted() {
		if s.State == "Running" {
			addTo(s.Process)
		}
	}
	var others []string
	for _, p := range m.system.ports {
		others = append(others, p)
	}
	sort.Strings(others)
	for _, p := range others {
		addTo(p)
	}
	return out
}

func processID(i int) int64 { return int64(4 + 400*i) }

// A Disk is a local drive or a folder that a volume is mounted in.
type Disk struct {
	Size, Free int64 // bytes
}

// AddDisk gives the machine a local drive: "E:".
func (m *Machine) AddDisk(drive string, free int64) {
	m.system.disks[strings.ToUpper(drive)] = Disk{free + 20<<30, free}
}

// SetDisk changes the free space of a drive; a negative number takes the drive away.
func (m *Machine) SetDisk(drive string, free int64) {
	if free < 0 {
		delete(m.system.disks, strings.ToUpper(drive))
		return
	}
	m.AddDisk(drive, free)
}

// SetFact changes what WMI or the registry says of the machine: Version, Caption, ServicePackMajorVersion, DomainRole, Domain,
// TotalPhysicalMemory, Manufacturer, Model.
func (m *Machine) SetFact(property, value string) {
	m.system.facts[strings.ToLower(property)] = value
}

func (m *Machine) fact(property string) any {
	v := m.system.facts[strings.ToLower(property)]
	switch strings.ToLower(property) {
	case "domainrole", "totalphysicalmemory", "servicepackmajorversion":
		var n int64
		_, _ = fmt.Sscan(v, &n) // a fact that is not there counts as 0
		return n
	}
	return v
}

// cim answers Get-CimInstance. Other areas know classes of their own.
func (s *Session) cim(c *pwsh.Call) []any {
	m := s.Machine
	if c.Has("ComputerName") {
		m = s.remote(c.Text("ComputerName"))
	}
	namespace, class, filter := strings.ToLower(strings.ReplaceAll(c.Text("Namespace"), "/", `\`)), strings.ToLower(c.Text("ClassName")), c.Text("Filter")
	for _, a := range areas() {
		if a.cim == nil {
			continue
		}
		if out, ok := a.cim(s, m, namespace, class, filter); ok {
			return out
		}
	}
	if namespace != "" && namespace != `root\cimv2` && namespace != `root\rsop\computer` {
		pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand", "Invalid namespace ")
	}
	object := func(names ...string) *pwsh.Object {
		o := pwsh.NewObject()
		for _, n := range names {
			o.Set(n, m.fact(n))
		}
		return o
	}
	switch class {
	case "win32_operatingsystem":
		return []any{object("Version", "Caption", "ServicePackMajorVersion")}
	case "win32_computersystem":
		return []any{object("DomainRole", "Domain", "TotalPhysicalMemory", "Manufacturer", "Model")}
	case "win32_service":
		var out []any
		only, filtered := "", false
		if filter != "" {
			rest, ok := strings.CutPrefix(filter, "Name = '")
			if !ok {
				pwsh.Unknown("the WQL filter %s", filter)
			}
			only, filtered = strings.TrimSuffix(rest, "'"), true
		}
		for _, x := range m.servicesSorted() {
			if !filtered || strings.EqualFold(x.Name, only) {
				out = append(out, pwsh.NewObject("Name", x.Name, "DisplayName", x.Display, "State", x.State, "StartMode", x.Mode, "StartName", x.Account, "ProcessId", int64(0)))
			}
		}
		return out
	case "win32_logicaldisk":
		if filter != "DriveType = 3" {
			pwsh.Unknown("the WQL filter %s", filter)
		}
		var out []any
		for _, d := range m.drives() {
			if len(d) == 2 {
				out = append(out, pwsh.NewObject("DeviceID", d, "FreeSpace", m.system.disks[d].Free, "Size", m.system.disks[d].Size))
			}
		}
		return out
	case "win32_volume":
		if filter != "" {
			pwsh.Unknown("the WQL filter %s", filter)
		}
		var out []any
		for _, d := range m.drives() {
			out = append(out, pwsh.NewObject("Name", d+`\`, "FreeSpace", m.system.disks[d].Free))
		}
		return out
	case "rsop_userprivilegeright":
		s.elevated()
		var out []any
		for _, r := range m.system.policyRights {
			out = append(out, pwsh.NewObject("UserRight", r))
		}
		return out
	}
	pwsh.Unknown("the WMI class %s in %s", class, namespace)
	return nil
}

// PolicyRights says which user rights Group Policy sets on the machine.
func (m *Machine) PolicyRights(names ...string) { m.system.policyRights = names }

func (m *Machine) drives() []string {
	var out []string
	for d := range m.system.disks {
		out = append(out, d)
	}
	sort.Strings(out)
	return out
}
