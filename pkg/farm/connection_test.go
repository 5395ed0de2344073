package farm

import (
	"net/netip"
	"strings"
	"testing"
)

func sqlInstance(name, fqdn string, port, version int, subnets ...string) *Instance {
	network, named, _ := strings.Cut(name, `\`)
	i := &Instance{Name: name, Network: network, Named: named, FQDN: fqdn, Port: port, Version: version, Edition: "Enterprise"}
	if len(subnets) == 0 {
		subnets = []string{""}
	}
	for _, s := range subnets {
		h := &Host{Name: network, FQDN: fqdn}
		if s != "" {
			h.Subnet = netip.MustParsePrefix(s)
		}
		i.Nodes = append(i.Nodes, h)
	}
	return i
}

func listenerGroup(multi bool) *Placement {
	p := &Placement{Name: "MBAM-AG", Kind: "availabilityGroup"}
	p.Listener = &Listener{Group: p, Name: "MBAM-SQL", FQDN: "mbam-sql.contoso.com", Port: 1433, Multi: multi}
	for n, name := range []string{"SQL1", `SQL2\MBAM`} {
		p.Replicas = append(p.Replicas, &Replica{
			Group: p, Instance: sqlInstance(name, []string{"sql1.contoso.com", "sql2.contoso.com"}[n], []int{1433, 50123}[n], 2019),
			Synchronous: true, AutoFailover: true, EndpointPort: 5022, First: n == 0, ReadAccess: "none", BackupPriority: 50,
		})
	}
	return p
}

func TestConnections(t *testing.T) {
	mirror := func(a, b *Instance) *Placement { return &Placement{Kind: "mirroring", Principal: a, Mirror: b} }
	tests := []struct {
		name                             string
		place                            *Placement
		database                         string
		web, swapped, create, probe, rpt string
		browser                          bool
	}{
		{
			name: "listener", place: listenerGroup(true), database: "MBAM Compliance Status",
			web:    `Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI;MultiSubnetFailover=True`,
			create: `Integrated Security=SSPI;Data Source=sql1.contoso.com,1433`,
			probe:  `Data Source=sql1.contoso.com,1433;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:    `Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI`,
		},
		{
			name: "listener, keyword off", place: listenerGroup(false), database: "MBAM Compliance Status",
			web:    `Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI`,
			create: `Integrated Security=SSPI;Data Source=sql1.contoso.com,1433`,
			probe:  `Data Source=sql1.contoso.com,1433;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:    `Data Source=mbam-sql.contoso.com,1433;Initial Catalog="MBAM Compliance Status";Integrated Security=SSPI`,
		},
		{
			name: "mirroring, default instances", database: "MBAM Recovery and Hardware",
			place:   mirror(sqlInstance("SQL1", "sql1.contoso.com", 1433, 2016), sqlInstance("SQL2", "sql2.contoso.com", 1433, 2016)),
			web:     `Data Source=sql1.contoso.com,1433;Failover Partner=sql2.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30`,
			swapped: `Data Source=sql2.contoso.com,1433;Failover Partner=sql1.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30`,
			create:  `Integrated Security=SSPI;Data Source=sql1.contoso.com,1433`,
			probe:   `Data Source=sql1.contoso.com,1433;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:     `Data Source=sql1.contoso.com,1433;Failover Partner=sql2.contoso.com,1433;Initial Catalog="MBAM Recovery and Hardware";Integrated Security=SSPI;Connect Timeout=30`,
		},
		{
			name: "mirroring, one named instance with a dynamic port", database: `A "B"; C`, browser: true,
			place:   mirror(sqlInstance("SQL1", "sql1.contoso.com", 1433, 2016), sqlInstance(`SQL2\MBAM`, "sql2.contoso.com", 0, 2016)),
			web:     `Data Source=sql1.contoso.com,1433;Failover Partner=sql2.contoso.com\MBAM;Initial Catalog="A ""B""; C";Integrated Security=SSPI;Connect Timeout=30`,
			swapped: `Data Source=sql2.contoso.com\MBAM;Failover Partner=sql1.contoso.com,1433;Initial Catalog="A ""B""; C";Integrated Security=SSPI;Connect Timeout=30`,
			create:  `Integrated Security=SSPI;Data Source=sql1.contoso.com,1433`,
			probe:   `Data Source=sql1.contoso.com,1433;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:     `Data Source=sql1.contoso.com,1433;Failover Partner=sql2.contoso.com\MBAM;Initial Catalog="A ""B""; C";Integrated Security=SSPI;Connect Timeout=30`,
		},
		{
			name: "clustered instance in one subnet", database: "M",
			place:  &Placement{Kind: "fci", Instance: sqlInstance("FCI1", "fci1.contoso.com", 1433, 2017, "10.1.0.0/24", "10.1.0.0/24")},
			web:    `Data Source=fci1.contoso.com,1433;Initial Catalog="M";Integrated Security=SSPI`,
			create: `Integrated Security=SSPI;Data Source=fci1.contoso.com,1433`,
			probe:  `Data Source=fci1.contoso.com,1433;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:    `Data Source=fci1.contoso.com,1433;Initial Catalog="M";Integrated Security=SSPI`,
		},
		{
			name: "clustered instance over two subnets", database: "M",
			place:  &Placement{Kind: "fci", Instance: sqlInstance("FCI1", "fci1.contoso.com", 1433, 2017, "10.1.0.0/24", "", "10.2.0.0/24")},
			web:    `Data Source=fci1.contoso.com,1433;Initial Catalog="M";Integrated Security=SSPI;MultiSubnetFailover=True`,
			create: `Integrated Security=SSPI;Data Source=fci1.contoso.com,1433`,
			probe:  `Data Source=fci1.contoso.com,1433;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:    `Data Source=fci1.contoso.com,1433;Initial Catalog="M";Integrated Security=SSPI`,
		},
		{
			name: "clustered named instance over two subnets takes no keyword", database: "M",
			place:  &Placement{Kind: "fci", Instance: sqlInstance(`FCI1\M`, "fci1.contoso.com", 0, 2017, "10.1.0.0/24", "10.2.0.0/24")},
			web:    `Data Source=fci1.contoso.com\M;Initial Catalog="M";Integrated Security=SSPI`,
			create: `Integrated Security=SSPI;Data Source=fci1.contoso.com\M`,
			probe:  `Data Source=fci1.contoso.com\M;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:    `Data Source=fci1.contoso.com\M;Initial Catalog="M";Integrated Security=SSPI`,
		},
		{
			name: "stand-alone", database: "M",
			place:  &Placement{Kind: "standalone", Instance: sqlInstance("SQL1", "sql1.contoso.com", 14330, 2008)},
			web:    `Data Source=sql1.contoso.com,14330;Initial Catalog="M";Integrated Security=SSPI`,
			create: `Integrated Security=SSPI;Data Source=sql1.contoso.com,14330`,
			probe:  `Data Source=sql1.contoso.com,14330;Initial Catalog="master";Integrated Security=SSPI`,
			rpt:    `Data Source=sql1.contoso.com,14330;Initial Catalog="M";Integrated Security=SSPI`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &Database{Key: "compliance", Name: tt.database, Placement: tt.place}
			old := &Farm{Compliance: d, Reporting: &Reporting{Version: 2014, Keywords: true}}
			for _, c := range []struct {
				what string
				make func() (string, error)
				want string
			}{
				{"Connection", d.Connection, tt.web},
				{"SwappedConnection", d.SwappedConnection, tt.swapped},
				{"CreateConnection", d.CreateConnection, tt.create},
				{"MasterConnection", tt.place.Primary().MasterConnection, tt.probe},
				{"ReportConnection of SSRS 2014", old.ReportConnection, tt.rpt},
			} {
				got, err := c.make()
				if err != nil || got != c.want {
					t.Errorf("%s\n got %q, %v\nwant %q", c.what, got, err, c.want)
				}
			}
			if got := tt.place.NeedsBrowser(); got != tt.browser {
				t.Errorf("NeedsBrowser = %t, want %t", got, tt.browser)
			}
		})
	}
}

func TestReportKeywords(t *testing.T) {
	d := &Database{Name: "M", Placement: listenerGroup(true)}
	for _, tt := range []struct {
		reporting *Reporting
		want      bool
	}{
		{nil, true},
		{&Reporting{Version: 2016, Keywords: true}, true},
		{&Reporting{Version: 2019, Keywords: false}, false},
		{&Reporting{Version: 2014, Keywords: true}, false},
	} {
		f := &Farm{Compliance: d, Reporting: tt.reporting}
		got, err := f.ReportConnection()
		if err != nil || strings.Contains(got, "MultiSubnetFailover=True") != tt.want {
			t.Errorf("%+v: got %q, %v; want the keyword: %t", tt.reporting, got, err, tt.want)
		}
	}
}

func TestConnectionRefusesControlCharacters(t *testing.T) {
	d := &Database{Name: "a\x00b", Placement: listenerGroup(true)}
	if got, err := d.Connection(); err == nil {
		t.Errorf("a name with a NUL became %q", got)
	}
}
