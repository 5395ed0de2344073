package farm

import "strings"

// What a plan changes on a farm that exists. A database, node or report server that is marked existing is left as it is,
// but for what these facts say.

// Moves reports whether existing web features and reports get another connection string for the database: it is there
// already, on an instance that they name, and goes into a new group or mirrored pair; or it is in one already, and the
// topology says which instance they name instead of it.
func (d *Database) Moves() bool {
	p := d.Placement
	if !d.Existing || !p.AG() && !p.Mirroring() {
		return false
	}
	return !p.Existing || d.Was != nil
}

// Enters reports whether the database exists and goes into a group or mirrored pair that this plan makes.
func (d *Database) Enters() bool {
	p := d.Placement
	return d.Existing && !p.Existing && (p.AG() || p.Mirroring())
}

// MovedDatabases returns the databases whose connection strings change, compliance first.
func (f *Farm) MovedDatabases() []*Database {
	var out []*Database
	for _, d := range f.Databases() {
		if d.Moves() {
			out = append(out, d)
		}
	}
	return out
}

// RepointsReports reports whether the data source of existing reports gets another connection string. Reports read the
// Compliance and Audit Database only.
func (f *Farm) RepointsReports() bool {
	return f.Reporting != nil && f.Reporting.Existing && f.Compliance.Moves()
}

// ConnectionValue is the name of the registry value below HKLM\SOFTWARE\Microsoft\MBAM Server\Web that holds the
// connection string of the database for all of MBAM's web applications on a server (mbam-move).
func (d *Database) ConnectionValue() string {
	if d.IsCompliance() {
		return "ComplianceDBConnectionString"
	}
	return "RecoveryDBConnectionString"
}

// Renamed reports whether the node's features were enabled under another host name and are enabled again under the
// farm's. The host name is written into files and bindings when a feature is enabled and cannot be changed afterwards
// (mbam-cmdlets, mbam-spn).
func (n *Node) Renamed() bool { return n.Existing && n.Was != "" }

// RenamedNodes returns the nodes of all web farms that get another host name.
func (f *Farm) RenamedNodes() []*Node {
	var out []*Node
	for _, w := range f.Webs {
		for _, n := range w.Nodes {
			if n.Renamed() {
				out = append(out, n)
			}
		}
	}
	return out
}

// Keyed reports whether the plan sets the machine key on the node: on every node, unless the whole farm and its balancer
// are there already and only looked at. A node that has the farm's key keeps its web.config.
func (n *Node) Keyed() bool {
	w := n.Web
	if w.Balancer != nil && !w.Balancer.Existing {
		return true
	}
	for _, o := range w.Nodes {
		if !o.Existing || o.Renamed() {
			return true
		}
	}
	return false
}

// Introduced lists the nodes that serve the farm's host name before an existing one is renamed: the new ones, and existing
// ones that have the name already.
func (w *Web) Introduced() []*Node {
	var out []*Node
	for _, n := range w.Nodes {
		if !n.Renamed() {
			out = append(out, n)
		}
	}
	return out
}

// IntroducedNames returns the DNS names of the introduced nodes.
func (w *Web) IntroducedNames() []string {
	var out []string
	for _, n := range w.Introduced() {
		out = append(out, n.Host.FQDN)
	}
	return out
}

// NameMoves reports whether the farm's host name leads to an existing node today and to a new balancer later, so that its
// address in DNS changes as the last step before the clients.
func (w *Web) NameMoves() bool {
	if w.Balancer == nil || w.Balancer.Existing {
		return false
	}
	for _, n := range w.Nodes {
		if n.Existing && !n.Renamed() {
			return true
		}
	}
	return false
}

// OldAddresses returns the addresses of existing nodes, to one of which the farm's host name leads while NameMoves.
func (w *Web) OldAddresses() []string {
	var out []string
	for _, n := range w.Nodes {
		if n.Existing && n.Host.Address.IsValid() {
			out = append(out, n.Host.Address.String())
		}
	}
	return out
}

// OldName is a service principal name under which an existing node was reached, and the computer that may own it.
type OldName struct {
	SPN      string // http/web1.contoso.com
	Computer string // sAMAccountName, with $
}

// OldHTTPNames lists the names that renamed nodes had, full and short. They leave the computer accounts of those nodes, on
// which an earlier installation may have put them and which MBAM then goes on using (mbam-spn), and the application pool
// account, which owns the name of a balanced farm only (mbam-deploy). A name that the farm has now is left out.
func (f *Farm) OldHTTPNames() []OldName {
	wanted := f.HTTPNames()
	var out []OldName
	for _, n := range f.RenamedNodes() {
		short, _, full := strings.Cut(n.Was, ".")
		names := []string{n.Was}
		if full {
			names = append(names, short)
		} else {
			names = append(names, n.Was+"."+f.Domain.Zone)
		}
		for _, name := range names {
			if spn := "http/" + name; !hasName(wanted, spn) {
				out = append(out, OldName{SPN: spn, Computer: n.Host.Name + "$"})
			}
		}
	}
	return out
}
