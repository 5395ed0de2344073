package farm

import (
	"slices"
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Cluster is the Windows failover cluster as its commands show it. A node is up while its cluster service runs.
type Cluster struct {
	Name     string
	Nodes    []string
	NoVote   []string
	Witness  string      // path of the share, "" for none
	Networks [][2]string // address and mask
	Roles    []*Role
}

// A Role is a cluster group.
type Role struct {
	Name, Owner string
	Resources   []*Resource
}

// A Resource is a resource of a role.
type Resource struct {
	Name, Type string
	Offline    bool
	Parameters map[string]any
	Needs      []string // other resources of the role
}

func (c *Cluster) clone() *Cluster {
	if c == nil {
		return nil
	}
	out := *c
	out.Roles, out.NoVote = nil, slices.Clone(c.NoVote)
	for _, r := range c.Roles {
		role := *r
		role.Resources = nil
		for _, x := range r.Resources {
			res := *x
			res.Parameters = copied(x.Parameters)
			role.Resources = append(role.Resources, &res)
		}
		out.Roles = append(out.Roles, &role)
	}
	return &out
}

func (c *Cluster) state(add func(format string, args ...any)) {
	if c == nil {
		return
	}
	add("cluster: %s %q %q %s %q", c.Name, c.Nodes, c.NoVote, c.Witness, c.Networks)
	for _, r := range c.Roles {
		add("cluster role: %s on %s", r.Name, r.Owner)
		for _, x := range r.Resources {
			add("cluster resource: %s %s %s offline %v %v", r.Name, x.Name, x.Type, x.Offline, x.Parameters)
		}
	}
}

// Role finds a role; nil when there is none.
func (c *Cluster) Role(name string) *Role {
	for _, r := range c.Roles {
		if strings.EqualFold(r.Name, name) {
			return r
		}
	}
	return nil
}

func (c *Cluster) resource(name string) (*Role, *Resource) {
	for _, r := range c.Roles {
		for _, x := range r.Resources {
			if strings.EqualFold(x.Name, name) {
				return r, x
			}
		}
	}
	return nil, nil
}

const clusterError = "Microsoft.FailoverClusters.PowerShell.ClusterCmdletException"

// joined is the cluster that the machine is a running node of, as the commands reach it without -Cluster.
func (s *Session) joined() *Cluster {
	c := s.Machine.farm.Cluster
	if c == nil || !slices.ContainsFunc(c.Nodes, func(n string) bool { return strings.EqualFold(n, s.Machine.Name) }) || !s.Machine.Running("ClusSvc") {
		pwsh.ThrowID(clusterError, "Get-Cluster,Microsoft.FailoverClusters.PowerShell", "The cluster service is not running. Make sure that the service is running on all nodes in the cluster. There are no more endpoints available from the endpoint mapper")
	}
	s.elevated()
	return c
}

func state(online bool) pwsh.Enum {
	if online {
		return pwsh.Enum{Of: "ClusterResourceState", Name: "Online", Value: 2}
	}
	return pwsh.Enum{Of: "ClusterResourceState", Name: "Offline", Value: 3}
}

func roleObject(r *Role) *pwsh.Object {
	online := !slices.ContainsFunc(r.Resources, func(x *Resource) bool { return x.Offline })
	return pwsh.NewObject("Name", r.Name, "OwnerNode", r.Owner, "State", state(online))
}

func resourceObject(r *Role, x *Resource) *pwsh.Object {
	return pwsh.NewObject("Name", x.Name, "ResourceType", x.Type, "OwnerGroup", r.Name, "OwnerNode", r.Owner, "State", state(!x.Offline))
}

// given is the resource or the quorum's resource that flows in or is named.
func (s *Session) given(c *pwsh.Call) *Resource {
	v := c.Value("InputObject")
	if v == nil && len(c.Input) == 1 {
		v = c.Input[0]
	}
	o, ok := v.(*pwsh.Object)
	if !ok {
		pwsh.Unknown("%s of something that is no resource", c.Name)
	}
	name, _ := o.Get("Name")
	if _, x := s.joined().resource(pwsh.Text(name)); x != nil {
		return x
	}
	return &Resource{Name: pwsh.Text(name), Parameters: map[string]any{"SharePath": s.joined().Witness}}
}

func clusterCommand(s *Session, name string) *pwsh.Command {
	if !strings.Contains(name, "-cluster") {
		return nil
	}
	missing := func(what, n string) {
		pwsh.ThrowID(clusterError, "Get-Cluster"+what+",Microsoft.FailoverClusters.PowerShell", "The cluster %s '%s' could not be found. An error occurred opening %s '%s'.", strings.ToLower(what), n, strings.ToLower(what), n)
	}
	if !s.Machine.Modules["failoverclusters"] {
		return &pwsh.Command{Switches: []string{"Wait"}, Run: func(c *pwsh.Call) []any {
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Name)
			return nil
		}}
	}
	run := func(params []string, f func(*pwsh.Call, *Cluster) []any) *pwsh.Command {
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c, params...)
			return f(c, s.joined())
		}}
	}
	switch name {
	case "get-cluster":
		return run(nil, func(_ *pwsh.Call, k *Cluster) []any {
			return []any{pwsh.NewObject("Name", k.Name, "Domain", s.directory().DNS)}
		})
	case "get-clusternode":
		return run([]string{"Name"}, func(c *pwsh.Call, k *Cluster) []any {
			var out []any
			for _, n := range k.Nodes {
				if c.Has("Name") && !strings.EqualFold(n, c.Text("Name")) {
					continue
				}
				up, weight := pwsh.Enum{Of: "ClusterNodeState", Name: "Up", Value: 0}, int64(1)
				if m := s.Machine.farm.Machines[strings.ToUpper(n)]; m == nil || !m.Running("ClusSvc") {
					up = pwsh.Enum{Of: "ClusterNodeState", Name: "Down", Value: 1}
				}
				if slices.ContainsFunc(k.NoVote, func(x string) bool { return strings.EqualFold(x, n) }) {
					weight = 0
				}
				out = append(out, pwsh.NewObject("Name", n, "State", up, "NodeWeight", weight))
			}
			return out
		})
	case "get-clusterquorum":
		return run(nil, func(_ *pwsh.Call, k *Cluster) []any {
			if k.Witness == "" {
				return []any{pwsh.NewObject("Cluster", k.Name, "QuorumResource", nil)}
			}
			return []any{pwsh.NewObject("Cluster", k.Name, "QuorumResource", pwsh.NewObject("Name", "File Share Witness", "ResourceType", "File Share Witness", "State", state(true)))}
		})
	case "get-clusternetwork":
		return run(nil, func(_ *pwsh.Call, k *Cluster) []any {
			var out []any
			for _, n := range k.Networks {
				out = append(out, pwsh.NewObject("Name", "Cluster Network "+n[0], "Address", n[0], "AddressMask", n[1]))
			}
			return out
		})
	case "get-clustergroup":
		return run([]string{"Name"}, func(c *pwsh.Call, k *Cluster) []any {
			if c.Has("Name") {
				r := k.Role(c.Text("Name"))
				if r == nil {
					missing("Group", c.Text("Name"))
				}
				return []any{roleObject(r)}
			}
			var out []any
			for _, r := range k.Roles {
				out = append(out, roleObject(r))
			}
			return out
		})
	case "get-clusterresource":
		return run([]string{"Name"}, func(c *pwsh.Call, k *Cluster) []any {
			if c.Has("Name") {
				r, x := k.resource(c.Text("Name"))
				if x == nil {
					missing("Resource", c.Text("Name"))
				}
				return []any{resourceObject(r, x)}
			}
			var of []string
			for _, v := range c.Input {
				if o, ok := v.(*pwsh.Object); ok {
					n, _ := o.Get("Name")
					of = append(of, strings.ToLower(pwsh.Text(n)))
				}
			}
			var out []any
			for _, r := range k.Roles {
				if c.Input != nil && !slices.Contains(of, strings.ToLower(r.Name)) {
					continue
				}
				for _, x := range r.Resources {
					out = append(out, resourceObject(r, x))
				}
			}
			return out
		})
	case "get-clusterparameter":
		return run([]string{"InputObject"}, func(c *pwsh.Call, _ *Cluster) []any {
			x := s.given(c)
			var names []string
			for n := range x.Parameters {
				names = append(names, n)
			}
			sort.Strings(names)
			var out []any
			for _, n := range names {
				out = append(out, pwsh.NewObject("Object", x.Name, "Name", n, "Value", x.Parameters[n]))
			}
			return out
		})
	case "set-clusterparameter":
		return run([]string{"InputObject", "Name", "Value"}, func(c *pwsh.Call, _ *Cluster) []any {
			needs(c, "Name", "Value")
			x := s.given(c)
			for n := range x.Parameters {
				if strings.EqualFold(n, c.Text("Name")) {
					if !c.WhatIf {
						x.Parameters[n] = c.Value("Value")
					}
					return nil
				}
			}
			pwsh.ThrowID(clusterError, "Set-ClusterParameter,Microsoft.FailoverClusters.PowerShell", "Parameter '%s' does not exist on the cluster object '%s'.", c.Text("Name"), x.Name)
			return nil
		})
	case "stop-clusterresource", "start-clusterresource":
		return run([]string{"Name", "Wait"}, func(c *pwsh.Call, k *Cluster) []any {
			needs(c, "Name")
			c.Moot("Wait") // it is done at once
			r, x := k.resource(c.Text("Name"))
			if x == nil {
				missing("Resource", c.Text("Name"))
			}
			if !c.WhatIf {
				if name == "stop-clusterresource" {
					r.offline(x)
				} else {
					r.online(x)
				}
			}
			return []any{resourceObject(r, x)}
		})
	case "update-clusternetworknameresource":
		return run([]string{"Name"}, func(c *pwsh.Call, k *Cluster) []any {
			needs(c, "Name")
			r, x := k.resource(c.Text("Name"))
			if x == nil {
				missing("Resource", c.Text("Name"))
			}
			return []any{resourceObject(r, x)}
		})
	}
	return nil
}

// offline takes a resource offline, after those that need it.
func (r *Role) offline(x *Resource) {
	for _, o := range r.Resources {
		if slices.Contains(o.Needs, x.Name) && !o.Offline {
			r.offline(o)
		}
	}
	x.Offline = true
}

// online brings a resource online, after those that it needs.
func (r *Role) online(x *Resource) {
	for _, o := range r.Resources {
		if slices.Contains(x.Needs, o.Name) && o.Offline {
			r.online(o)
		}
	}
	x.Offline = false
}
