package farm

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// balancer is the network load balancing clusters of the farm.
type balancer struct {
	clusters []*NLBCluster
	broken   []string // machines whose provider in WMI fails
}

// An NLBCluster is a cluster of Network Load Balancing. Its nodes hold the port rules, each its own copy, which the commands keep alike
// (windows.md, 3.2: rules must be identical on all hosts).
type NLBCluster struct {
	Name, Address, Mask, Mode string // Mode is Unicast, Multicast or IgmpMulticast
	Nodes                     []*NLBNode
	settled                   time.Time // until then the nodes converge
}

// An NLBNode is a server in a cluster, by one of its adapters.
type NLBNode struct {
	Machine, Interface string
	Priority           int
	State              string // Started, Stopped or Suspended
	Rules              []PortRule
	Busy               time.Duration // how long running connections go on when nobody breaks them
	drained            time.Time     // while it drains: when it will have stopped
}

// A PortRule is one range of ports.
type PortRule struct {
	Protocol, Mode, Affinity string
	Start, End, Timeout      int
}

// fresh is the rule of a new cluster: all ports (windows.md, 3.2).
var fresh = PortRule{Protocol: "Both", Mode: "Multiple", Affinity: "Single", End: 65535}

// convergence is how long the nodes need to agree after a change.
const convergence = 6 * time.Second

func newBalancer() *balancer { return &balancer{} }

// clone copies it for another farm.
func (x *balancer) clone(*Farm) *balancer {
	out := &balancer{broken: slices.Clone(x.broken)}
	for _, c := range x.clusters {
		other := *c
		other.Nodes = nil
		for _, n := range c.Nodes {
			node := *n
			node.Rules = slices.Clone(n.Rules)
			other.Nodes = append(other.Nodes, &node)
		}
		out.clusters = append(out.clusters, &other)
	}
	return out
}

// state adds a line for everything that a script may change.
func (x *balancer) state(add func(format string, args ...any)) {
	for _, c := range x.clusters {
		add("nlb: %s %s %s %s", c.Name, c.Address, c.Mask, c.Mode)
		for _, n := range c.Nodes {
			state := n.State
			if !n.drained.IsZero() {
				state = "Stopped" // in the end
			}
			add("nlb node: %s %s %s priority %d %s", c.Address, n.Machine, n.Interface, n.Priority, state)
			for _, r := range n.Rules {
				add("nlb rule: %s %s %+v", c.Address, n.Machine, r)
			}
		}
	}
}

// NLB is the cluster with an address; nil without one.
func (f *Farm) NLB(address string) *NLBCluster {
	for _, c := range f.balancer.clusters {
		if c.Address == address {
			return c
		}
	}
	return nil
}

// MakeCluster makes a cluster of one machine, as a person does.
func (f *Farm) MakeCluster(m *Machine, adapter, name, address, mask, mode string) *NLBCluster {
	c := &NLBCluster{Name: name, Address: address, Mask: mask, Mode: mode}
	f.balancer.clusters = append(f.balancer.clusters, c)
	f.joinCluster(c, m, adapter)
	return c
}

// StandingCluster makes a cluster that serves one TCP port and has converged. Nodes are given as machine|adapter, by their priorities.
func (f *Farm) StandingCluster(name, address, mask, mode string, port int, nodes ...string) *NLBCluster {
	c := &NLBCluster{Name: name, Address: address, Mask: mask, Mode: mode}
	f.balancer.clusters = append(f.balancer.clusters, c)
	for _, n := range nodes {
		machine, adapter, _ := strings.Cut(n, "|")
		f.joinCluster(c, f.Machines[machine], adapter).Rules = []PortRule{{Protocol: "Tcp", Mode: "Multiple", Affinity: "Single", Start: port, End: port}}
	}
	c.settled = f.Clock
	return c
}

func (f *Farm) joinCluster(c *NLBCluster, m *Machine, adapter string) *NLBNode {
	n := &NLBNode{Machine: m.Name, Interface: adapter, State: "Started", Rules: []PortRule{fresh}, Busy: 20 * time.Second}
	if len(c.Nodes) > 0 {
		n.Rules = slices.Clone(c.Nodes[0].Rules)
	}
	for n.Priority = 1; slices.ContainsFunc(c.Nodes, func(o *NLBNode) bool { return o.Priority == n.Priority }); n.Priority++ {
	}
	c.Nodes = append(c.Nodes, n)
	if a := m.Adapter(adapter); a != nil {
		a.Addresses = append(a.Addresses, c.Address)
	}
	c.settled = f.Clock.Add(convergence)
	return n
}

// leave takes a node out of its cluster, and the virtual address from its adapter. A cluster without nodes is gone.
func (f *Farm) leave(c *NLBCluster, n *NLBNode) {
	c.Nodes = slices.DeleteFunc(c.Nodes, func(o *NLBNode) bool { return o == n })
	if m := f.Machines[n.Machine]; m != nil {
		if a := m.Adapter(n.Interface); a != nil {
			a.Addresses = slices.DeleteFunc(a.Addresses, func(x string) bool { return x == c.Address })
			a.Quiet = slices.DeleteFunc(a.Quiet, func(x string) bool { return x == c.Address })
		}
	}
	c.settled = f.Clock.Add(convergence)
	if len(c.Nodes) == 0 {
		f.balancer.clusters = slices.DeleteFunc(f.balancer.clusters, func(o *NLBCluster) bool { return o == c })
	}
}

// Node is a server's place in the cluster; nil when it has none.
func (c *NLBCluster) Node(machine string) *NLBNode {
	for _, n := range c.Nodes {
		if strings.EqualFold(n.Machine, machine) {
			return n
		}
	}
	return nil
}

// at is the state of a node at a time, as Get-NlbClusterNode writes it (windows.md, 3.2).
func (c *NLBCluster) at(f *Farm, n *NLBNode) string {
	now := f.Clock
	if !n.drained.IsZero() {
		if now.Before(n.drained) {
			return "Draining"
		}
		n.State, n.drained = "Stopped", time.Time{}
	}
	switch {
	case n.State != "Started":
		return n.State
	case now.Before(c.settled):
		return "Converging"
	}
	for _, o := range c.Nodes {
		if o.Priority < n.Priority && o.State == "Started" && o.drained.IsZero() && f.reached(o) {
			return "Converged"
		}
	}
	return "Converged(default)"
}

// reached reports whether a node is on the net with its adapter.
func (f *Farm) reached(n *NLBNode) bool {
	m := f.Machines[n.Machine]
	return m != nil && m.HasAddress(m.first(n.Interface))
}

// first is the first address of an adapter.
func (m *Machine) first(adapter string) string {
	if a := m.Adapter(adapter); a != nil && len(a.Addresses) > 0 {
		return a.Addresses[0]
	}
	return ""
}

// nlbTarget gives the machine that takes a connection of a client to a virtual address: of the nodes that have converged the one that the
// client's address falls to (affinity Single), for a port without a rule the default host. The second answer is false when the address is
// no cluster's. NLB does not look at HTTP: the node may be one whose site is down (windows.md, 3.4).
func (f *Farm) nlbTarget(address string, port int, from *Machine) (*Machine, bool) {
	c := f.NLB(address)
	if c == nil {
		return nil, false
	}
	if c.Node(from.Name) != nil {
		return from, true // the address is the node's own
	}
	var ready []*NLBNode
	for _, n := range c.Nodes {
		if strings.HasPrefix(c.at(f, n), "Converg") && f.reached(n) || c.at(f, n) == "Draining" && n.Busy > 0 && len(c.Nodes) == 1 {
			ready = append(ready, n)
		}
	}
	if len(ready) == 0 {
		return nil, true
	}
	sort.Slice(ready, func(i, j int) bool { return ready[i].Priority < ready[j].Priority })
	covered := slices.ContainsFunc(ready[0].Rules, func(r PortRule) bool {
		return r.Start <= port && port <= r.End && r.Protocol != "Udp" && r.Mode == "Multiple"
	})
	if !covered {
		return f.Machines[ready[0].Machine], true
	}
	h := fnv.New32a()
	h.Write([]byte(from.Address()))
	return f.Machines[ready[int(h.Sum32())%len(ready)].Machine], true
}

// hardware is the MAC address of a cluster's mode (windows.md, 3.4).
func (c *NLBCluster) hardware() string {
	a, err := netip.ParseAddr(c.Address)
	if err != nil || !a.Is4() {
		pwsh.Unknown("the address %q of an NLB cluster", c.Address)
	}
	b := a.As4()
	switch c.Mode {
	case "Multicast":
		return fmt.Sprintf("03-bf-%02x-%02x-%02x-%02x", b[0], b[1], b[2], b[3])
	case "IgmpMulticast":
		return fmt.Sprintf("01-00-5e-7f-%02x-%02x", b[2], b[3])
	}
	return fmt.Sprintf("02-bf-%02x-%02x-%02x-%02x", b[0], b[1], b[2], b[3])
}

func balancerArea() area {
	return area{command: (*Session).balancerCommand, cim: balancerCIM, feature: balancerFeature}
}

// balancerFeature takes a server out of its cluster with the driver.
func balancerFeature(m *Machine, name string, there bool) {
	if name != "NLB" || there {
		return
	}
	for _, c := range slices.Clone(m.farm.balancer.clusters) {
		if n := c.Node(m.Name); n != nil {
			m.farm.leave(c, n)
		}
	}
}

// balancerCIM knows the classes of NLB's own provider (docs/sources.yaml, win-nlb-wmi). They are there with the feature; StatusCode is the
// local node's alone.
func balancerCIM(_ *Session, m *Machine, namespace, class, filter string) ([]any, bool) {
	if namespace != `root\microsoftnlb` {
		return nil, false
	}
	if s := m.FeatureState("NLB"); s != "Installed" {
		pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x8004100e,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand", "Invalid namespace ")
	}
	if slices.Contains(m.farm.balancer.broken, m.Name) {
		pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "HRESULT 0x80041001,Microsoft.Management.Infrastructure.CimCmdlets.GetCimInstanceCommand", "Generic failure ")
	}
	if filter != "" {
		pwsh.Unknown("the WQL filter %s", filter)
	}
	codes := map[string]int64{"Stopped": 1005, "Converging": 1006, "Converged": 1007, "Converged(default)": 1008, "Draining": 1009, "Suspended": 1013}
	var out []any
	for _, c := range m.farm.balancer.clusters {
		if c.Node(m.Name) == nil {
			continue
		}
		switch class {
		case "microsoftnlb_clustersetting":
			out = append(out, pwsh.NewObject("ClusterName", c.Name, "ClusterIPAddress", c.Address, "ClusterNetworkMask", c.Mask, "ClusterMACAddress", c.hardware(),
				"MulticastSupportEnabled", c.Mode != "Unicast", "IGMPSupport", c.Mode == "IgmpMulticast"))
		case "microsoftnlb_node":
			for _, n := range c.Nodes {
				code := int64(0)
				if n.Machine == m.Name {
					code = codes[c.at(m.farm, n)]
				}
				out = append(out, pwsh.NewObject("ComputerName", strings.ToLower(n.Machine), "HostPriority", int64(n.Priority), "StatusCode", code))
			}
		default:
			pwsh.Unknown("the class %s of %s", class, namespace)
		}
	}
	return out, true
}

// refuse is an error of an NLB command. No document names their types and texts.
func refuse(c *pwsh.Call, format string, args ...any) {
	pwsh.ThrowID("System.Management.Automation.RuntimeException", "NlbError,"+c.Name, format, args...)
}

// target is the server that -HostName names; . is this one.
func (s *Session) nlbHost(c *pwsh.Call, parameter string) *Machine {
	name := c.Text(parameter)
	if name == "" || name == "." {
		return s.Machine
	}
	short, _, _ := strings.Cut(name, ".")
	m := s.Machine.farm.Machines[strings.ToUpper(short)]
	switch {
	case m == nil || m.Off():
		refuse(c, "The host %s cannot be reached: the RPC server is unavailable.", name)
	case m != s.Machine:
		// In unicast mode all nodes have one hardware address, so they do not reach each other over that adapter (windows.md, 3.4).
		for _, cl := range s.Machine.farm.balancer.clusters {
			if cl.Mode == "Unicast" && cl.Node(m.Name) != nil && cl.Node(s.Machine.Name) != nil && len(m.system.adapters) == 1 {
				refuse(c, "The host %s cannot be reached: the RPC server is unavailable.", name)
			}
		}
	}
	return m
}

// member is the node that -HostName and -InterfaceName name, with its cluster.
func (s *Session) member(c *pwsh.Call) (*NLBCluster, *NLBNode) {
	m := s.nlbHost(c, "HostName")
	s.driver(c, m)
	for _, cl := range s.Machine.farm.balancer.clusters {
		if n := cl.Node(m.Name); n != nil && (!c.Has("InterfaceName") || strings.EqualFold(n.Interface, c.Text("InterfaceName"))) {
			return cl, n
		}
	}
	refuse(c, "NLB is not bound to the interface %s of %s.", c.Text("InterfaceName"), m.Name)
	return nil, nil
}

// driver refuses a server that does not have NLB.
func (s *Session) driver(c *pwsh.Call, m *Machine) {
	if m.FeatureState("NLB") != "Installed" {
		refuse(c, "NLB is not installed on %s.", m.Name)
	}
}

// bindable refuses an adapter that NLB cannot be bound to (windows.md, 3.3 and 3.4).
func (s *Session) bindable(c *pwsh.Call, m *Machine, adapter string) {
	s.driver(c, m)
	a := m.Adapter(adapter)
	switch {
	case a == nil:
		refuse(c, "The interface %s was not found on %s.", adapter, m.Name)
	case a.Down:
		refuse(c, "The interface %s of %s is not connected.", adapter, m.Name)
	case a.DHCP:
		refuse(c, "The interface %s of %s gets its address by DHCP.", adapter, m.Name)
	}
	for _, cl := range s.Machine.farm.balancer.clusters {
		if n := cl.Node(m.Name); n != nil && strings.EqualFold(n.Interface, adapter) {
			refuse(c, "NLB is bound to the interface %s of %s already.", adapter, m.Name)
		}
	}
}

// balancerCommand knows the commands of the module NetworkLoadBalancingClusters (windows.md, 3.1; docs/sources.yaml, win-nlb). None of them
// has -WhatIf, so a script that lets one run with it changes something.
func (s *Session) balancerCommand(name string) *pwsh.Command {
	switch name {
	case "set-netipaddress":
		return &pwsh.Command{Run: s.setNetIPAddress}
	case "get-netipaddress":
		return &pwsh.Command{Positional: []string{"IPAddress"}, Run: s.getNetIPAddress}
	}
	run := map[string]func(*pwsh.Call) []any{
		"new-nlbcluster": s.newNlbCluster, "remove-nlbcluster": s.removeNlbCluster, "get-nlbclusternode": s.getNlbNode, "add-nlbclusternode": s.addNlbNode,
		"set-nlbclusternode": s.setNlbNode, "remove-nlbclusternode": s.removeNlbNode, "start-nlbclusternode": s.startNlbNode, "stop-nlbclusternode": s.stopNlbNode,
		"get-nlbclusterportrule": s.getNlbRule, "add-nlbclusterportrule": s.addNlbRule, "remove-nlbclusterportrule": s.removeNlbRule,
	}[name]
	if run == nil {
		return nil
	}
	return &pwsh.Command{Switches: []string{"Force", "Drain", "PassThru"}, Run: func(c *pwsh.Call) []any {
		if !s.Machine.Modules["networkloadbalancingclusters"] {
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Name)
		}
		return run(c)
	}}
}

// forced ends the run when a command would ask.
func forced(c *pwsh.Call) {
	if !c.Switch("Force") {
		pwsh.Unknown("an answer to the question that %s asks without -Force", c.Name)
	}
}

func (s *Session) converge(c *NLBCluster) { c.settled = s.Machine.farm.Clock.Add(convergence) }

func (s *Session) newNlbCluster(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "ClusterName", "ClusterPrimaryIP", "SubnetMask", "OperationMode")
	m := s.nlbHost(c, "HostName")
	s.bindable(c, m, c.Text("InterfaceName"))
	mode := "Unicast" // the default (windows.md, 3.1)
	if c.Has("OperationMode") {
		mode = c.Text("OperationMode")
	}
	if !slices.Contains([]string{"Unicast", "Multicast", "IgmpMulticast"}, mode) {
		pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "CannotConvertArgumentNoMessage,"+c.Name, "Cannot bind parameter 'OperationMode'. Cannot convert value %q.", mode)
	}
	if a, err := netip.ParseAddr(c.Text("ClusterPrimaryIP")); err != nil || !a.Is4() {
		pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "CannotConvertArgumentNoMessage,"+c.Name, "Cannot bind parameter 'ClusterPrimaryIP'. Cannot convert value %q.", c.Text("ClusterPrimaryIP"))
	}
	s.Machine.farm.MakeCluster(m, m.Adapter(c.Text("InterfaceName")).Name, c.Text("ClusterName"), c.Text("ClusterPrimaryIP"), c.Text("SubnetMask"), mode)
	return []any{pwsh.NewObject("Name", c.Text("ClusterName"), "IPAddress", c.Text("ClusterPrimaryIP"), "SubnetMask", c.Text("SubnetMask"), "Mode", mode)}
}

func (s *Session) removeNlbCluster(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "Force")
	forced(c)
	cl, _ := s.member(c)
	for _, n := range slices.Clone(cl.Nodes) {
		s.Machine.farm.leave(cl, n)
	}
	return nil
}

func (s *Session) nlbNode(cl *NLBCluster, n *NLBNode) *pwsh.Object {
	return pwsh.NewObject("Cluster", cl.Name, "Name", n.Machine, "InterfaceName", n.Interface, "Host", "", "State", pwsh.Enum{Of: "NodeState", Name: cl.at(s.Machine.farm, n)},
		"HostPriority", int64(n.Priority), "InitialHostState", "Started")
}

func (s *Session) getNlbNode(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName")
	cl, _ := s.member(c)
	var out []any
	for _, n := range cl.Nodes {
		out = append(out, s.nlbNode(cl, n))
	}
	return out
}

// addNlbNode joins a server, which gets the cluster's rules and a priority that is free.
func (s *Session) addNlbNode(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "NewNodeName", "NewNodeInterface")
	cl, _ := s.member(c)
	m := s.nlbHost(c, "NewNodeName")
	s.bindable(c, m, c.Text("NewNodeInterface"))
	if len(cl.Nodes) == 32 {
		refuse(c, "A cluster has 32 hosts at most.")
	}
	mask, _ := netip.ParseAddr(cl.Mask)
	if bits := maskBits(mask); !sameSubnet(m.first(c.Text("NewNodeInterface")), cl.Address, bits) {
		refuse(c, "%s is not in the subnet of the cluster %s.", m.Name, cl.Address)
	}
	n := s.Machine.farm.joinCluster(cl, m, m.Adapter(c.Text("NewNodeInterface")).Name)
	return []any{s.nlbNode(cl, n)}
}

func maskBits(mask netip.Addr) int {
	bits := 0
	for _, b := range mask.AsSlice() {
		for ; b != 0; b <<= 1 {
			bits++
		}
	}
	return bits
}

func sameSubnet(a, b string, bits int) bool {
	x, err1 := netip.ParseAddr(a)
	y, err2 := netip.ParseAddr(b)
	if err1 != nil || err2 != nil {
		return false
	}
	return netip.PrefixFrom(x, bits).Masked() == netip.PrefixFrom(y, bits).Masked()
}

// setNlbNode changes the priority, which is 1 to 32 and unique in the cluster (docs/sources.yaml, win-nlb-host).
func (s *Session) setNlbNode(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "HostPriority", "Force")
	forced(c)
	cl, n := s.member(c)
	p, _ := c.Value("HostPriority").(int64)
	if p < 1 || p > 32 {
		refuse(c, "The host priority %d is not between 1 and 32.", p)
	}
	for _, o := range cl.Nodes {
		if o != n && o.Priority == int(p) {
			refuse(c, "The host priority %d belongs to %s.", p, o.Machine)
		}
	}
	n.Priority = int(p)
	s.converge(cl)
	return []any{s.nlbNode(cl, n)}
}

func (s *Session) removeNlbNode(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "Force")
	forced(c)
	cl, n := s.member(c)
	s.Machine.farm.leave(cl, n)
	return nil
}

func (s *Session) startNlbNode(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName")
	cl, n := s.member(c)
	if n.State == "Suspended" {
		refuse(c, "%s is suspended.", n.Machine)
	}
	n.State, n.drained = "Started", time.Time{}
	s.converge(cl)
	return []any{s.nlbNode(cl, n)}
}

// stopNlbNode breaks connections at once, or lets them end within the time-out, which is in seconds here (windows.md, 3.1).
func (s *Session) stopNlbNode(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "Drain", "Timeout")
	cl, n := s.member(c)
	if cl.at(s.Machine.farm, n) == "Stopped" {
		return []any{s.nlbNode(cl, n)}
	}
	if c.Switch("Drain") {
		limit := n.Busy
		if t, ok := c.Value("Timeout").(int64); ok {
			limit = min(limit, time.Duration(t)*time.Second)
		}
		n.drained = s.Machine.farm.Clock.Add(limit)
	} else {
		n.State = "Stopped"
	}
	s.converge(cl)
	return []any{s.nlbNode(cl, n)}
}

func nlbRule(cl *NLBCluster, node string, r PortRule) *pwsh.Object {
	return pwsh.NewObject("Cluster", cl.Name, "NodeName", node, "VirtualIPAddress", "255.255.255.255", "StartPort", int64(r.Start), "EndPort", int64(r.End),
		"Protocol", pwsh.Enum{Of: "PortRuleProtocol", Name: r.Protocol}, "FilteringMode", pwsh.Enum{Of: "PortRuleMode", Name: r.Mode},
		"Affinity", pwsh.Enum{Of: "PortRuleAffinity", Name: r.Affinity}, "Timeout", int64(r.Timeout))
}

// getNlbRule gives the rules of the cluster, or those of each node that flows in.
func (s *Session) getNlbRule(c *pwsh.Call) []any {
	var out []any
	if c.Input == nil {
		takes(c, "HostName", "InterfaceName")
		cl, n := s.member(c)
		for _, r := range n.Rules {
			out = append(out, nlbRule(cl, "", r))
		}
		return out
	}
	takes(c)
	for _, v := range c.Input {
		o, ok := v.(*pwsh.Object)
		if !ok {
			pwsh.Unknown("port rules of %s", pwsh.TypeName(v))
		}
		name, _ := o.Get("Name")
		for _, cl := range s.Machine.farm.balancer.clusters {
			if n := cl.Node(pwsh.Text(name)); n != nil {
				for _, r := range n.Rules {
					out = append(out, nlbRule(cl, n.Machine, r))
				}
			}
		}
	}
	return out
}

func (s *Session) addNlbRule(c *pwsh.Call) []any {
	takes(c, "HostName", "InterfaceName", "StartPort", "EndPort", "Protocol", "Mode", "Affinity")
	cl, n := s.member(c)
	from, ok1 := c.Value("StartPort").(int64)
	to, ok2 := c.Value("EndPort").(int64)
	if !ok1 || !ok2 || from < 0 || to > 65535 || from > to {
		refuse(c, "The ports %s to %s are no range.", c.Text("StartPort"), c.Text("EndPort"))
	}
	for _, r := range n.Rules {
		if int(from) <= r.End && r.Start <= int(to) {
			refuse(c, "The port rule overlaps the rule for the ports %d to %d.", r.Start, r.End)
		}
	}
	r := PortRule{Protocol: c.Text("Protocol"), Mode: c.Text("Mode"), Affinity: c.Text("Affinity"), Start: int(from), End: int(to)}
	if r.Protocol != "Tcp" || r.Mode != "Multiple" || r.Affinity != "Single" {
		pwsh.Unknown("a port rule %+v", r)
	}
	for _, o := range cl.Nodes {
		o.Rules = append(o.Rules, r)
	}
	s.converge(cl)
	return []any{nlbRule(cl, "", r)}
}

// removeNlbRule removes the rules that flow in, on every node.
func (s *Session) removeNlbRule(c *pwsh.Call) []any {
	takes(c, "Force")
	forced(c)
	if c.Input == nil {
		pwsh.Unknown("Remove-NlbClusterPortRule without a rule that flows in")
	}
	for _, v := range c.Input {
		o := v.(*pwsh.Object)
		name, _ := o.Get("Cluster")
		start, _ := o.Get("StartPort")
		for _, cl := range s.Machine.farm.balancer.clusters {
			if cl.Name != name || cl.Node(s.Machine.Name) == nil {
				continue
			}
			for _, n := range cl.Nodes {
				n.Rules = slices.DeleteFunc(n.Rules, func(r PortRule) bool { return any(int64(r.Start)) == start })
			}
			s.converge(cl)
		}
	}
	return nil
}

// netIPAddress is the adapter that -InterfaceAlias names, which has the address that -IPAddress names.
func (s *Session) netIPAddress(c *pwsh.Call) (*Adapter, string) {
	m := s.Machine
	if c.Has("CimSession") {
		m = s.nlbHost(c, "CimSession")
	}
	a := m.Adapter(c.Text("InterfaceAlias"))
	address := c.Text("IPAddress")
	if a == nil || !slices.Contains(a.Addresses, address) {
		pwsh.ThrowID("Microsoft.PowerShell.Cmdletization.Cim.CimJobException", "CmdletizationQuery_NotFound_IPAddress,"+c.Name, "No MSFT_NetIPAddress objects found with property 'IPAddress' equal to '%s'.  Verify the value of the property and retry.", address)
	}
	return a, address
}

func (s *Session) getNetIPAddress(c *pwsh.Call) []any {
	takes(c, "IPAddress", "InterfaceAlias", "CimSession")
	a, address := s.netIPAddress(c)
	return []any{pwsh.NewObject("IPAddress", address, "InterfaceAlias", a.Name, "SkipAsSource", slices.Contains(a.Quiet, address))}
}

// setNetIPAddress keeps Windows from sending from an address, or lets it.
func (s *Session) setNetIPAddress(c *pwsh.Call) []any {
	takes(c, "IPAddress", "InterfaceAlias", "SkipAsSource", "CimSession")
	a, address := s.netIPAddress(c)
	if c.WhatIf {
		return nil
	}
	a.Quiet = slices.DeleteFunc(a.Quiet, func(x string) bool { return x == address })
	if pwsh.Truth(c.Value("SkipAsSource")) {
		a.Quiet = append(a.Quiet, address)
	}
	return nil
}

// Source is the address that Windows sends from towards a target: of the addresses of the adapters that are up and may be a source, the one
// that shares the longest prefix with it (an inferred fact of balancer/nlb-cluster).
func (m *Machine) Source(target string) string {
	t, err := netip.ParseAddr(target)
	if err != nil {
		return m.Address()
	}
	best, shared := "", -1
	for _, a := range m.system.adapters {
		if a.Down {
			continue
		}
		for _, address := range a.Addresses {
			x, err := netip.ParseAddr(address)
			if err != nil || slices.Contains(a.Quiet, address) || x.BitLen() != t.BitLen() {
				continue
			}
			bits := 0
			for ; bits < x.BitLen() && netip.PrefixFrom(x, bits+1).Masked() == netip.PrefixFrom(t, bits+1).Masked(); bits++ {
			}
			if bits > shared {
				best, shared = address, bits
			}
		}
	}
	return best
}

// Leave takes a server out of a cluster, as a person does.
func (f *Farm) Leave(c *NLBCluster, machine string) { f.leave(c, c.Node(machine)) }

// BreakNLB makes the provider of NLB in WMI fail.
func (m *Machine) BreakNLB() { m.farm.balancer.broken = append(m.farm.balancer.broken, m.Name) }

// ServeSite gives a machine a site of IIS that answers on a port by TLS, without one of MBAM's applications behind it: what the scripts of a
// balancer see of a web server.
func (m *Machine) ServeSite(name, host string, port int, thumbprint string, paths ...string) {
	s := &site{name: name, id: len(m.web.sites) + 1, bindings: []*siteBinding{{protocol: "https", info: fmt.Sprintf("*:%d:%s", port, host), thumbprint: thumbprint}}}
	m.web.pools = append(m.web.pools, &pool{name: name, runtime: "v4.0", pipeline: "Integrated", identity: "ApplicationPoolIdentity"})
	for _, p := range append([]string{"/"}, paths...) {
		s.apps = append(s.apps, &application{path: p, physical: `C:\inetpub\` + name, pool: name})
	}
	m.web.sites = append(m.web.sites, s)
}

// StopSite stops a site, as a person does in IIS Manager, or starts it.
func (m *Machine) StopSite(name string, stopped bool) {
	if s := m.web.site(name); s != nil {
		s.stopped = stopped
	}
}
