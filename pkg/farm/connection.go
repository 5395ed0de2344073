package farm

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// Address returns the Data Source under which clients reach the database: the listener as fqdn,port in an availability
// group, else the primary instance. A listener takes no instance name, and a port needs no SQL Server Browser.
func (d *Database) Address() string {
	if l := d.Placement.Listener; d.Placement.AG() && l != nil {
		return l.FQDN + "," + strconv.Itoa(l.Port)
	}
	return d.Placement.Primary().Address()
}

// MultiSubnet reports whether connection strings carry MultiSubnetFailover=True: through a listener unless the topology
// turns it off, and to a failover cluster instance whose possible owners are known to live in different subnets. SqlClient
// refuses it together with Failover Partner, and for a server that is named by its instance (sql-ag-clients); a listener
// and an instance with a port have neither.
func (d *Database) MultiSubnet() bool {
	p := d.Placement
	switch {
	case p.AG():
		return p.Listener != nil && p.Listener.Multi
	case p.FCI():
		return p.Instance.Version >= 2012 && p.Instance.Port > 0 && spread(p.Instance.Nodes)
	default:
		return false
	}
}

// spread reports whether hosts are known to be in more than one subnet.
func spread(hosts []*Host) bool {
	var first netip.Prefix
	for _, h := range hosts {
		switch {
		case !h.Subnet.IsValid():
		case !first.IsValid():
			first = h.Subnet
		case h.Subnet != first:
			return true
		}
	}
	return false
}

// Connection returns the connection string of MBAM's web applications for this database, the same on every node and for
// each of the three applications (mbam-ha, sql-ag-clients):
//
//	Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True
//	Data Source=sql1.contoso.com,1433;Failover Partner=sql2.contoso.com,1433;Initial Catalog="…";Integrated Security=SSPI;Connect Timeout=30
func (d *Database) Connection() (string, error) { return d.connection(d.MultiSubnet()) }

// SwappedConnection returns the mirroring string with principal and mirror in each other's place, "" without mirroring.
// The partner of a string is used only while the first server cannot be reached, so a wrong one stays unseen until the day
// of a failover; a test through this string finds it.
func (d *Database) SwappedConnection() (string, error) {
	p := d.Placement
	if !p.Mirroring() {
		return "", nil
	}
	return d.mirrored(p.Mirror, p.Principal)
}

// CreateConnection returns the string of Enable-MbamDatabase, as the cmdlet's examples have it: no catalog, because the
// name goes into -DatabaseName, and the instance on which the database is created, never a listener or partner
// (mbam-cmdlets).
func (d *Database) CreateConnection() (string, error) {
	return pairs("Integrated Security", "SSPI", "Data Source", d.Placement.Primary().Address())
}

// ReportConnection returns the connection string of the reports' data source, which reads the Compliance and Audit
// Database. Reporting Services up to 2014 run on .NET Framework 3.5, whose SqlClient knows no MultiSubnetFailover
// (ssrs-ag); the topology can leave it out for others too. Failover Partner is known to all.
func (f *Farm) ReportConnection() (string, error) {
	r := f.Reporting
	return f.Compliance.connection(f.Compliance.MultiSubnet() && (r == nil || r.MultiSubnet()))
}

// MultiSubnet reports whether the reports' data source may carry MultiSubnetFailover.
func (r *Reporting) MultiSubnet() bool { return r.Keywords && r.Version >= 2016 }

// MasterConnection returns the string with which a script asks the instance itself, in master: a database that is
// restoring or a secondary copy cannot be entered.
func (i *Instance) MasterConnection() (string, error) {
	return pairs("Data Source", i.Address(), "Initial Catalog", "master", "Integrated Security", "SSPI")
}

// NeedsBrowser reports whether clients need SQL Server Browser or an alias on their way to a mirrored pair: at the first
// connection the server sends its partner's name without a port, and .NET uses that name from then on, even when the
// string has the port (sql-mirroring-clients, sqlclient-source).
func (p *Placement) NeedsBrowser() bool {
	return p.Mirroring() && (p.Principal.Port != 1433 || p.Mirror.Port != 1433)
}

func (d *Database) connection(multi bool) (string, error) {
	p := d.Placement
	if p.Mirroring() {
		return d.mirrored(p.Principal, p.Mirror)
	}
	list := []string{"Data Source", d.Address(), "Initial Catalog", d.Name, "Integrated Security", "SSPI"}
	if multi {
		list = append(list, "MultiSubnetFailover", "True")
	}
	return pairs(list...)
}

// mirrored names both partners. SqlClient gives the first attempts slices of the login timeout, 8 % each; 30 seconds
// make slices that a slow name server does not use up.
func (d *Database) mirrored(first, partner *Instance) (string, error) {
	return pairs("Data Source", first.Address(), "Failover Partner", partner.Address(), "Initial Catalog", d.Name,
		"Integrated Security", "SSPI", "Connect Timeout", "30")
}

// pairs joins keywords and values. The catalog stands in double quotes always, as in MBAM's documents and registry values.
func pairs(list ...string) (string, error) {
	var out []string
	for i := 0; i < len(list); i += 2 {
		encode := quote.ConnValue
		if list[i] == "Initial Catalog" {
			encode = quote.ConnCatalog
		}
		value, err := encode(list[i+1])
		if err != nil {
			return "", fmt.Errorf("build a connection string, %s: %w", list[i], err)
		}
		out = append(out, list[i]+"="+value)
	}
	return strings.Join(out, ";"), nil
}
