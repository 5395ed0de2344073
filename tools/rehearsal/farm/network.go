package farm

import (
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// An Adapter is a network adapter with its IPv4 addresses.
type Adapter struct {
	Name      string
	Addresses []string
	Quiet     []string // addresses that Windows does not send from (SkipAsSource)
	DHCP      bool
	Down      bool
}

// AddAdapter gives the machine a network adapter.
func (m *Machine) AddAdapter(a Adapter) { m.system.adapters = append(m.system.adapters, a) }

// Adapter finds an adapter by its name; nil when there is none.
func (m *Machine) Adapter(name string) *Adapter {
	for i := range m.system.adapters {
		if strings.EqualFold(m.system.adapters[i].Name, name) {
			return &m.system.adapters[i]
		}
	}
	return nil
}

// HasAddress reports whether an adapter that is up has the address.
func (m *Machine) HasAddress(address string) bool {
	return !m.system.off && slices.ContainsFunc(m.system.adapters, func(a Adapter) bool { return !a.Down && slices.Contains(a.Addresses, address) })
}

// Address is the first address of the machine; "" when it has none.
func (m *Machine) Address() string {
	for _, a := range m.system.adapters {
		if !a.Down && len(a.Addresses) > 0 {
			return a.Addresses[0]
		}
	}
	return ""
}

// SetOff takes the machine from the net, as a power failure does, or brings it back.
func (m *Machine) SetOff(off bool) { m.system.off = off }

// Off reports whether the machine is off.
func (m *Machine) Off() bool { return m.system.off }

// Listen lets a process that is no service listen on a TCP port. System is HTTP.sys, which serves IIS and Reporting Services.
func (m *Machine) Listen(port int, process string) { m.system.ports[port] = process }

// Unlisten ends what Listen began.
func (m *Machine) Unlisten(port int) { delete(m.system.ports, port) }

// Listening gives the process that listens on a TCP port.
func (m *Machine) Listening(port int) (process string, ok bool) {
	if m.system.off {
		return "", false
	}
	var first *Service // by name
	for _, s := range m.system.services {
		if s.State == "Running" && slices.Contains(s.Ports, port) && (first == nil || strings.ToLower(s.Name) < strings.ToLower(first.Name)) {
			first = s
		}
	}
	if first != nil {
		return first.Process, true
	}
	if slices.Contains(m.ports(), port) {
		return "System", true // HTTP.sys
	}
	if m.farm.databases.listens(m, port) {
		return "sqlservr", true
	}
	process, ok = m.system.ports[port]
	return process, ok
}

func (m *Machine) listeners() []int {
	var out []int
	for _, s := range m.system.services {
		if s.State == "Running" {
			out = append(out, s.Ports...)
		}
	}
	for p := range m.system.ports {
		out = append(out, p)
	}
	out = append(out, m.ports()...)
	sort.Ints(out)
	return slices.Compact(out)
}

// Lookup gives the addresses of a name as a member of the domain finds them: an address stands for itself, a short name gets the domain's
// suffix.
func (f *Farm) Lookup(name string) []string {
	if _, err := netip.ParseAddr(name); err == nil {
		return []string{name}
	}
	if strings.EqualFold(name, f.Directory.Server) || strings.EqualFold(name, f.Directory.DNS) {
		return []string{domainController}
	}
	return f.Directory.Addresses(name)
}

// domainController is the address of the domain controller, which is no machine here.
const domainController = "10.255.255.1"

// At gives the machines that have an address, by name: one, or the nodes that balance it.
func (f *Farm) At(address string) []*Machine {
	var out []*Machine
	for _, m := range f.Machines {
		if m.HasAddress(address) || !m.Off() && slices.Contains(f.behind[address], m.Name) {
			out = append(out, m)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// A NetError says why no connection came about. Refused: an answer came at once; otherwise time passes.
type NetError struct {
	Text    string
	Unknown bool // the name
	Refused bool
}

func (e *NetError) Error() string { return e.Text }

// Connect opens a TCP connection from a machine to a name or address as Windows does: DNS, adapters, firewall, listeners. It gives the
// machine that answers; of several with the address, the first by name that lets it in.
func (f *Farm) Connect(from *Machine, host string, port int) (*Machine, *NetError) {
	var addresses []string
	if host == "." || strings.EqualFold(host, "localhost") {
		addresses = []string{from.Address()}
	} else {
		addresses = f.Lookup(host)
	}
	if len(addresses) == 0 {
		return nil, &NetError{Text: "No such host is known", Unknown: true}
	}
	result := &NetError{Text: "A connection attempt failed because the connected party did not properly respond after a period of time, or established connection failed because connected host has failed to respond " + addresses[0]}
	for _, a := range addresses {
		there := f.At(a)
		if m, virtual := f.nlbTarget(a, port, from); virtual {
			there = slices.DeleteFunc([]*Machine{m}, func(m *Machine) bool { return m == nil })
		}
		for _, m := range there {
			if m != from && !m.lets(port, from.Source(a)) {
				continue
			}
			if _, ok := m.Listening(port); ok {
				return m, nil
			}
			result = &NetError{Text: "No connection could be made because the target machine actively refused it " + a, Refused: true}
		}
	}
	return nil, result
}

// remote is the machine that a command names by -ComputerName.
func (s *Session) remote(name string) *Machine {
	short, _, _ := strings.Cut(name, ".")
	m := s.Machine.farm.Machines[strings.ToUpper(short)]
	if m == nil || m.system.off {
		pwsh.Throw("System.Runtime.InteropServices.COMException", "The RPC server is unavailable. (Exception from HRESULT: 0x800706BA)")
	}
	return m
}

func networkCommand(s *Session, name string) *pwsh.Command {
	m := s.Machine
	if name != "get-nettcpconnection" {
		return nil
	}
	return &pwsh.Command{Run: func(c *pwsh.Call) []any {
		takes(c)
		running := m.processes()
		var out []any
		for _, port := range m.listeners() {
			process, _ := m.Listening(port)
			out = append(out, pwsh.NewObject("LocalPort", int64(port), "State", pwsh.Enum{Of: "TcpState", Name: "Listen", Value: 2}, "OwningProcess", processID(slices.Index(running, process))))
		}
		return out
	}}
}

var interNetwork = pwsh.Enum{Of: "AddressFamily", Name: "InterNetwork", Value: 2}

// ipAddress is an IPAddress.
func ipAddress(a string) *thing {
	return &thing{typ: "System.Net.IPAddress", props: map[string]any{"value": a, "addressfamily": interNetwork, "ipaddresstostring": a}}
}

func (s *Session) resolved(name string) *pwsh.Array {
	found := s.Machine.farm.Lookup(name)
	if len(found) == 0 {
		pwsh.Throw("System.Net.Sockets.SocketException", "No such host is known")
	}
	out := pwsh.NewArray()
	for _, a := range found {
		out.Items = append(out.Items, ipAddress(a))
	}
	return out
}

func networkStatic(s *Session, what string, args []any) (any, bool) {
	switch what {
	case "net.dns::gethostaddresses":
		return s.resolved(str(args, 0)), true
	case "net.dns::gethostentry":
		return pwsh.NewObject("HostName", str(args, 0), "AddressList", s.resolved(str(args, 0))), true
	case "net.sockets.addressfamily::internetwork":
		return interNetwork, true
	case "net.networkinformation.networkinterface::getallnetworkinterfaces":
		out := pwsh.NewArray()
		for _, a := range s.Machine.system.adapters {
			state := pwsh.Enum{Of: "OperationalStatus", Name: "Up", Value: 1}
			if a.Down {
				state = pwsh.Enum{Of: "OperationalStatus", Name: "Down", Value: 2}
			}
			unicast := pwsh.NewArray()
			for _, address := range a.Addresses {
				unicast.Items = append(unicast.Items, pwsh.NewObject("Address", ipAddress(address)))
			}
			out.Items = append(out.Items, &thing{
				typ:   "System.Net.NetworkInformation.NetworkInterface",
				props: map[string]any{"name": a.Name, "operationalstatus": state, "networkinterfacetype": pwsh.Enum{Of: "NetworkInterfaceType", Name: "Ethernet", Value: 6}},
				methods: map[string]func([]any) any{"getipproperties": func([]any) any {
					return &thing{
						typ: "System.Net.NetworkInformation.IPInterfaceProperties", props: map[string]any{"unicastaddresses": unicast},
						methods: map[string]func([]any) any{"getipv4properties": func([]any) any { return pwsh.NewObject("IsDhcpEnabled", a.DHCP) }},
					}
				}},
			})
		}
		return out, true
	}
	return nil, false
}

func number(v any) int {
	switch v := v.(type) {
	case int64:
		return int(v)
	case float64:
		return int(v)
	}
	return 0
}

func networkObject(s *Session, typ string, args []any) (any, bool) {
	void := func([]any) any { return pwsh.Void }
	switch typ {
	case "net.sockets.tcpclient":
		var problem *NetError
		var other *Machine
		port := 0
		return &thing{typ: "System.Net.Sockets.TcpClient", methods: map[string]func([]any) any{
			"beginconnect": func(args []any) any {
				port = number(args[1])
				other, problem = s.Machine.farm.Connect(s.Machine, str(args, 0), port)
				if problem != nil && problem.Unknown {
					pwsh.Throw("System.Net.Sockets.SocketException", "%s", problem.Text)
				}
				return &thing{typ: "System.IAsyncResult", props: map[string]any{"asyncwaithandle": &thing{
					typ: "System.Threading.ManualResetEvent", methods: map[string]func([]any) any{"waitone": func(args []any) any {
						if problem == nil || problem.Refused {
							return true
						}
						s.Sleep(time.Duration(number(args[0])) * time.Millisecond)
						return false
					}},
				}}}
			},
			"endconnect": func([]any) any {
				if problem != nil {
					pwsh.Throw("System.Net.Sockets.SocketException", "%s", problem.Text)
				}
				return pwsh.Void
			},
			"getstream": func([]any) any { return newStream(s.Machine, other, port) },
			"close":     void, "dispose": void,
		}}, true
	case "net.sockets.udpclient":
		local := ""
		client := &thing{typ: "System.Net.Sockets.Socket", props: map[string]any{"localendpoint": func() any { return pwsh.NewObject("Address", ipAddress(local)) }}}
		return &thing{typ: "System.Net.Sockets.UdpClient", props: map[string]any{"client": client}, methods: map[string]func([]any) any{
			"connect": func(args []any) any {
				found := s.resolved(str(args, 0))
				local = s.Machine.Source(pwsh.Text(found.Items[0]))
				return pwsh.Void
			},
			"close": void, "dispose": void,
		}}, true
	case "net.networkinformation.ping":
		return &thing{typ: "System.Net.NetworkInformation.Ping", methods: map[string]func([]any) any{
			"send": func(args []any) any {
				for _, a := range s.Machine.farm.Lookup(str(args, 0)) {
					if len(s.Machine.farm.At(a)) > 0 {
						return pwsh.NewObject("Status", pwsh.Enum{Of: "IPStatus", Name: "Success", Value: 0})
					}
				}
				return pwsh.NewObject("Status", pwsh.Enum{Of: "IPStatus", Name: "TimedOut", Value: 11010})
			},
			"dispose": void,
		}}, true
	}
	return nil, false
}
