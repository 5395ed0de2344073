package farm

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// group builds an availability group; each version is one replica SQL1, SQL2 … of that version.
func group(versions ...int) *Placement {
	p := &Placement{Name: "MBAM-AG", Kind: "availabilityGroup", BackupPreference: "primary"}
	for n, v := range versions {
		name := []string{"SQL1", "SQL2", `SQL3\MBAM`}[n]
		fqdn := []string{"sql1.contoso.com", "sql2.contoso.com", "sql3.contoso.com"}[n]
		p.Replicas = append(p.Replicas, &Replica{
			Group: p, Instance: sqlInstance(name, fqdn, 1433, v), Synchronous: true, AutoFailover: n < 2, ReadAccess: "none",
			BackupPriority: 50, EndpointPort: 5022, First: n == 0,
		})
	}
	return p
}

func text(t *testing.T, s quote.SQL, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return s.String()
}

func TestGroupOptions(t *testing.T) {
	const ends = ", FAILURE_CONDITION_LEVEL = 3, HEALTH_CHECK_TIMEOUT = 30000"
	for _, tt := range []struct {
		name     string
		versions []int
		change   func(*Placement)
		want     string
	}{
		{"2012", []int{2012, 2012}, nil, "AUTOMATED_BACKUP_PREFERENCE = PRIMARY" + ends},
		{"2014", []int{2014, 2014}, nil, "AUTOMATED_BACKUP_PREFERENCE = PRIMARY" + ends},
		{"2016", []int{2016, 2016}, nil, "AUTOMATED_BACKUP_PREFERENCE = PRIMARY" + ends + ", DB_FAILOVER = ON"},
		{"the lowest version decides", []int{2019, 2014}, nil, "AUTOMATED_BACKUP_PREFERENCE = PRIMARY" + ends},
		{"secondary", []int{2019, 2019}, func(p *Placement) { p.BackupPreference = "secondary" }, "AUTOMATED_BACKUP_PREFERENCE = SECONDARY" + ends + ", DB_FAILOVER = ON"},
		{"secondary only", []int{2012, 2012}, func(p *Placement) { p.BackupPreference = "secondaryOnly" }, "AUTOMATED_BACKUP_PREFERENCE = SECONDARY_ONLY" + ends},
		{"none", []int{2012, 2012}, func(p *Placement) { p.BackupPreference = "none" }, "AUTOMATED_BACKUP_PREFERENCE = NONE" + ends},
		{"a basic group allows only the primary", []int{2016, 2017}, func(p *Placement) { p.Basic, p.BackupPreference = true, "secondary" }, "BASIC, AUTOMATED_BACKUP_PREFERENCE = PRIMARY" + ends + ", DB_FAILOVER = ON"},
	} {
		p := group(tt.versions...)
		if tt.change != nil {
			tt.change(p)
		}
		got, err := p.GroupOptions()
		if s := text(t, got, err); s != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, s, tt.want)
		}
	}
}

func TestReplicaOptions(t *testing.T) {
	for _, tt := range []struct {
		name     string
		versions []int
		replica  int
		change   func(*Replica)
		want     string
	}{
		{
			"2012 has no seeding mode",
			[]int{2012, 2012},
			0, nil,
			"ENDPOINT_URL = N'TCP://sql1.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, BACKUP_PRIORITY = 50, SECONDARY_ROLE (ALLOW_CONNECTIONS = NO)",
		},
		{
			"the lowest version decides",
			[]int{2019, 2019, 2014},
			0, nil,
			"ENDPOINT_URL = N'TCP://sql1.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, BACKUP_PRIORITY = 50, SECONDARY_ROLE (ALLOW_CONNECTIONS = NO)",
		},
		{
			"asynchronous, readable, on a named instance",
			[]int{2016, 2016, 2016},
			2,
			func(r *Replica) {
				r.Synchronous, r.ReadAccess, r.BackupPriority, r.EndpointPort = false, "readOnly", 0, 5023
			},
			"ENDPOINT_URL = N'TCP://sql3.contoso.com:5023', AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT, FAILOVER_MODE = MANUAL, SEEDING_MODE = MANUAL, BACKUP_PRIORITY = 0, SECONDARY_ROLE (ALLOW_CONNECTIONS = READ_ONLY)",
		},
		{
			"automatic seeding",
			[]int{2017, 2017},
			1, func(r *Replica) { r.Group.Automatic, r.ReadAccess = true, "all" },
			"ENDPOINT_URL = N'TCP://sql2.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = AUTOMATIC, BACKUP_PRIORITY = 50, SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL)",
		},
		{
			"basic",
			[]int{2016, 2016},
			1, func(r *Replica) { r.Group.Basic, r.ReadAccess = true, "all" },
			"ENDPOINT_URL = N'TCP://sql2.contoso.com:5022', AVAILABILITY_MODE = SYNCHRONOUS_COMMIT, FAILOVER_MODE = AUTOMATIC, SEEDING_MODE = MANUAL",
		},
	} {
		r := group(tt.versions...).Replicas[tt.replica]
		if tt.change != nil {
			tt.change(r)
		}
		got, err := r.Options()
		if s := text(t, got, err); s != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, s, tt.want)
		}
	}
	r := group(2016, 2016).Replicas[0]
	r.BackupPriority = -1
	if got, err := r.Options(); err == nil {
		t.Errorf("a negative priority became %s", got)
	}
}

func TestListenerClause(t *testing.T) {
	for _, tt := range []struct {
		name     string
		listener Listener
		want     string // "" = an error
	}{
		{"one subnet", Listener{Port: 1433, Addresses: prefixes("10.1.0.50/24")}, "WITH IP ((N'10.1.0.50', N'255.255.255.0')), PORT = 1433"},
		{"two subnets", Listener{Port: 14330, Addresses: prefixes("10.1.0.50/22", "10.2.0.50/25")}, "WITH IP ((N'10.1.0.50', N'255.255.252.0'), (N'10.2.0.50', N'255.255.255.128')), PORT = 14330"},
		{"DHCP", Listener{Port: 1433, DHCP: true}, "WITH DHCP"},
		{"DHCP with a port", Listener{Port: 1500, DHCP: true, Addresses: prefixes("10.1.0.50/24")}, "WITH DHCP, PORT = 1500"},
		{"a bare address has no mask", Listener{Port: 1433, Addresses: prefixes("10.1.0.50/32")}, ""},
		{"IPv6 is not planned", Listener{Port: 1433, Addresses: prefixes("2001:db8::5/64")}, ""},
	} {
		got, err := tt.listener.Clause()
		if err != nil && tt.want != "" || got.String() != tt.want {
			t.Errorf("%s: got %q, %v; want %q", tt.name, got, err, tt.want)
		}
		if tt.want == "" && err == nil {
			t.Errorf("%s: no error", tt.name)
		}
	}
}

func prefixes(list ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func TestListenerDNSDiffers(t *testing.T) {
	for _, tt := range []struct {
		all  bool
		ttl  int
		want bool
	}{{true, 1200, false}, {false, 1200, true}, {true, 300, true}} {
		l := Listener{AllIPs: tt.all, TTL: tt.ttl}
		if got := l.DNSDiffers(); got != tt.want {
			t.Errorf("RegisterAllProvidersIP %t, TTL %d: got %t", tt.all, tt.ttl, got)
		}
	}
}

func TestBackupFiles(t *testing.T) {
	for _, tt := range []struct {
		name      string
		placement Placement
		want      string // "" = an error
	}{
		{"on the share", Placement{Name: "MBAM-AG", Kind: "availabilityGroup", BackupShare: `\\fs1\seed`}, `\\fs1\seed\MBAM-AG.recovery.full.bak`},
		{"a trailing backslash", Placement{Name: "MBAM-AG", Kind: "mirroring", BackupShare: `\\fs1\seed\`}, `\\fs1\seed\MBAM-AG.recovery.full.bak`},
		{"a name that no file carries", Placement{Name: `A/G "1": ü`, Kind: "availabilityGroup", BackupShare: `\\fs1\seed`}, `\\fs1\seed\A-G--1----.recovery.full.bak`},
		{"automatic seeding needs no share", Placement{Name: "MBAM-AG", Kind: "availabilityGroup", Automatic: true}, `MBAM-AG.recovery.full.bak`},
		{"manual seeding does", Placement{Name: "MBAM-AG", Kind: "availabilityGroup"}, ""},
		{"mirroring does", Placement{Name: "M", Kind: "mirroring", Automatic: true}, ""},
	} {
		d := &Database{Key: "recovery", Name: "MBAM Recovery and Hardware", Placement: &tt.placement}
		got, err := d.FullBackup()
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestMoves(t *testing.T) {
	for _, tt := range []struct {
		data, log, otherData, otherLog string
		want                           bool
	}{
		{"", "", "", "", false},
		{`E:\Data`, `F:\Log`, `e:\data\`, `F:\Log`, false},
		{`E:\Data`, `F:\Log`, `E:\Data`, `G:\Log`, true},
		{`E:\Data`, `F:\Log`, "", "", true},
	} {
		p := group(2019, 2019)
		p.Replicas[0].Instance.Data, p.Replicas[0].Instance.Log = tt.data, tt.log
		p.Replicas[1].Instance.Data, p.Replicas[1].Instance.Log = tt.otherData, tt.otherLog
		if got := p.Replicas[1].Moves(); got != tt.want {
			t.Errorf("%+v: got %t", tt, got)
		}
	}
	r := group(2019).Replicas[0]
	r.Instance.Data, r.Instance.Log = `E:\Data\`, `F:\Log`
	if r.DataFolder() != `E:\Data\` || r.LogFolder() != `F:\Log\` {
		t.Errorf("folders are %q and %q", r.DataFolder(), r.LogFolder())
	}
	r.Instance.Data = ""
	if r.DataFolder() != "" {
		t.Errorf("the instance's own folder is %q", r.DataFolder())
	}
}

func TestCertificateFiles(t *testing.T) {
	d := &Database{Key: "recovery", Name: "MBAM", Encrypted: true}
	d.Placement = &Placement{Name: "MBAM-AG", Kind: "availabilityGroup", BackupShare: `\\fs1\seed`, Databases: []*Database{d}}
	if !d.Placement.Encrypted() {
		t.Error("the placement holds an encrypted database")
	}
	if got, err := d.CertificateFile(); err != nil || got != `\\fs1\seed\MBAM-AG.recovery.cer` {
		t.Errorf("certificate: %q, %v", got, err)
	}
	if got, err := d.KeyFile(); err != nil || got != `\\fs1\seed\MBAM-AG.recovery.pvk` {
		t.Errorf("private key: %q, %v", got, err)
	}
	if got := d.CertificateName(); got != "mbamplan MBAM-AG recovery" {
		t.Errorf("name: %q", got)
	}
	d.Name = "MBAM $(x)"
	if got, err := d.CertificateFile(); err == nil || strings.Contains(err.Error(), "$(x)") {
		t.Errorf("a name that sqlcmd substitutes: %q, %v", got, err)
	}
	d.Name, d.Placement.BackupShare = "MBAM", ""
	if got, err := d.CertificateFile(); err == nil {
		t.Errorf("without a share: %q", got)
	}
}

func TestPlannedCatalogValues(t *testing.T) {
	for _, tt := range []struct {
		preference string
		basic      bool
		want       int
	}{{"primary", false, 0}, {"secondaryOnly", false, 1}, {"secondary", false, 2}, {"none", false, 3}, {"secondary", true, 0}} {
		p := &Placement{BackupPreference: tt.preference, Basic: tt.basic}
		if got := p.BackupCode(); got != tt.want {
			t.Errorf("backup preference %s, basic %t: got %d, want %d", tt.preference, tt.basic, got, tt.want)
		}
	}
	p := group(2016, 2017, 2016)
	p.Automatic = true
	p.Replicas[2].Synchronous, p.Replicas[2].AutoFailover, p.Replicas[2].ReadAccess = false, false, "all"
	for i, want := range []string{
		"TCP://SQL1.CONTOSO.COM:5022 1 1 0 1", "TCP://SQL2.CONTOSO.COM:5022 1 1 0 1", "TCP://SQL3.CONTOSO.COM:5022 0 0 2 1",
	} {
		if got := p.Replicas[i].Settings(); got != want {
			t.Errorf("replica %d: got %q, want %q", i, got, want)
		}
	}
	old := group(2014, 2016)
	old.Replicas[1].ReadAccess = "readOnly"
	if got, want := old.Replicas[1].Settings(), "TCP://SQL2.CONTOSO.COM:5022 1 1 1"; got != want {
		t.Errorf("without seeding modes: got %q, want %q", got, want)
	}
	old.Basic = true
	if got, want := old.Replicas[1].Settings(), "TCP://SQL2.CONTOSO.COM:5022 1 1 0"; got != want {
		t.Errorf("basic: got %q, want %q", got, want)
	}
	p.Databases = []*Database{{Key: "compliance"}, {Key: "recovery"}}
	if p.Copies() != 6 || strings.Join(p.ReplicaNames(), " ") != `SQL1 SQL2 SQL3\MBAM` {
		t.Errorf("%d copies on %q", p.Copies(), p.ReplicaNames())
	}
	if a, b := p.Databases[0].Schema(), p.Databases[1].Schema(); a != "ComplianceCore" || b != "RecoveryAndHardwareCore" {
		t.Errorf("schemas %s and %s", a, b)
	}
	for version, want := range map[int]bool{2008: false, 2014: false, 2016: true, 2022: true} {
		if got := (&Instance{Version: version}).FileListHasSnapshot(); got != want {
			t.Errorf("SQL Server %d: SnapshotUrl %t", version, got)
		}
	}
}
