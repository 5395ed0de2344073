package farm

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// EndpointURL returns the address of the replica's database mirroring endpoint: TCP://fqdn:port. The host is the network
// name, of a failover cluster instance its own; an instance name never occurs in it (sql-ag-create).
func (r *Replica) EndpointURL() string {
	return "TCP://" + r.Instance.FQDN + ":" + strconv.Itoa(r.EndpointPort)
}

// Options returns the replica's options in CREATE AVAILABILITY GROUP. The lowest version of the group gates them, because
// any replica may have to run the statement: SEEDING_MODE came with SQL Server 2016. A basic group takes no backup
// priority and no readable secondary, so neither is written (sql-ag-create).
func (r *Replica) Options() (quote.SQL, error) {
	var c clauses
	c.add(quote.SQLf("ENDPOINT_URL = %s", quote.SQLLiteral(r.EndpointURL())))
	if r.Synchronous {
		c.add(quote.SQLf("AVAILABILITY_MODE = SYNCHRONOUS_COMMIT"))
	} else {
		c.add(quote.SQLf("AVAILABILITY_MODE = ASYNCHRONOUS_COMMIT"))
	}
	if r.AutoFailover {
		c.add(quote.SQLf("FAILOVER_MODE = AUTOMATIC"))
	} else {
		c.add(quote.SQLf("FAILOVER_MODE = MANUAL"))
	}
	switch {
	case r.Group.MinVersion() < 2016:
	case r.Group.Automatic:
		c.add(quote.SQLf("SEEDING_MODE = AUTOMATIC"))
	default:
		c.add(quote.SQLf("SEEDING_MODE = MANUAL"))
	}
	if !r.Group.Basic {
		c.add(quote.SQLf("BACKUP_PRIORITY = %s", quote.SQLNumber(r.BackupPriority)))
		switch r.ReadAccess {
		case "readOnly":
			c.add(quote.SQLf("SECONDARY_ROLE (ALLOW_CONNECTIONS = READ_ONLY)"))
		case "all":
			c.add(quote.SQLf("SECONDARY_ROLE (ALLOW_CONNECTIONS = ALL)"))
		default:
			c.add(quote.SQLf("SECONDARY_ROLE (ALLOW_CONNECTIONS = NO)"))
		}
	}
	return c.join("replica " + r.Instance.Name)
}

// GroupOptions returns the options of CREATE AVAILABILITY GROUP. Failure condition and health check have SQL Server's own
// values. DB_FAILOVER is on from SQL Server 2016, so that the loss of a database file fails the group over. CLUSTER_TYPE,
// DTC_SUPPORT and REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT keep their defaults: WSFC, none, and no writes stopped
// because a partner is down. A basic group is backed up on the primary only (sql-ag-create).
func (p *Placement) GroupOptions() (quote.SQL, error) {
	var c clauses
	if p.Basic {
		c.add(quote.SQLf("BASIC"))
	}
	switch {
	case p.BackupPreference == "secondaryOnly" && !p.Basic:
		c.add(quote.SQLf("AUTOMATED_BACKUP_PREFERENCE = SECONDARY_ONLY"))
	case p.BackupPreference == "secondary" && !p.Basic:
		c.add(quote.SQLf("AUTOMATED_BACKUP_PREFERENCE = SECONDARY"))
	case p.BackupPreference == "none" && !p.Basic:
		c.add(quote.SQLf("AUTOMATED_BACKUP_PREFERENCE = NONE"))
	default:
		c.add(quote.SQLf("AUTOMATED_BACKUP_PREFERENCE = PRIMARY"))
	}
	c.add(quote.SQLf("FAILURE_CONDITION_LEVEL = 3"))
	c.add(quote.SQLf("HEALTH_CHECK_TIMEOUT = 30000"))
	if p.MinVersion() >= 2016 {
		c.add(quote.SQLf("DB_FAILOVER = ON"))
	}
	return c.join("group " + p.Name)
}

// clauses collects the parts of a list and the first error among them.
type clauses struct {
	list []quote.SQL
	err  error
}

func (c *clauses) add(s quote.SQL, err error) {
	c.list = append(c.list, s)
	if c.err == nil {
		c.err = err
	}
}

func (c *clauses) join(of string) (quote.SQL, error) {
	if c.err != nil {
		return quote.SQL{}, fmt.Errorf("options of %s: %w", of, c.err)
	}
	return quote.JoinSQL(", ", c.list...), nil
}

// Clause returns what stands in the parentheses of ADD LISTENER: one static address of each subnet with its mask, or
// DHCP, and the port. SQL Server's default port 1433 is written only beside addresses (sql-ag-listener).
func (l *Listener) Clause() (quote.SQL, error) {
	switch {
	case l.DHCP && l.Port == 1433:
		return quote.SQLf("WITH DHCP")
	case l.DHCP:
		return quote.SQLf("WITH DHCP, PORT = %s", quote.SQLNumber(l.Port))
	}
	var c clauses
	for _, a := range l.Static() {
		c.add(a.SQL())
	}
	list, err := c.join("listener " + l.Name)
	if err != nil {
		return quote.SQL{}, err
	}
	return quote.SQLf("WITH IP (%s), PORT = %s", list, quote.SQLNumber(l.Port))
}

// Static lists the listener's planned addresses with their masks; none when DHCP assigns it.
func (l *Listener) Static() []StaticAddress {
	var out []StaticAddress
	if l.DHCP {
		return nil
	}
	for _, a := range l.Addresses {
		out = append(out, StaticAddress{a})
	}
	return out
}

// StaticAddress is one address of a listener, with the length of its subnet's prefix.
type StaticAddress struct{ prefix netip.Prefix }

// Address returns the address: 10.1.0.50.
func (a StaticAddress) Address() string { return a.prefix.Addr().String() }

// Mask returns the subnet mask: 255.255.255.0.
func (a StaticAddress) Mask() string { return Mask(a.prefix) }

// SQL returns the address as the listener's grammar wants it: (N'10.1.0.50', N'255.255.255.0').
func (a StaticAddress) SQL() (quote.SQL, error) {
	if !a.prefix.IsValid() || !a.prefix.Addr().Is4() || a.prefix.IsSingleIP() {
		return quote.SQL{}, fmt.Errorf("%s is no IPv4 address with the prefix length of its subnet", a.prefix)
	}
	return quote.SQLf("(%s, %s)", quote.SQLLiteral(a.Address()), quote.SQLLiteral(a.Mask()))
}

// DNSDiffers reports whether the topology wants other DNS settings of the listener than SQL Server makes:
// RegisterAllProvidersIP 1 and HostRecordTTL 1200 (sql-ag-listener).
func (l *Listener) DNSDiffers() bool { return !l.AllIPs || l.TTL != 1200 }

// Copies is the number of database copies in the group: replicas times databases.
func (p *Placement) Copies() int { return len(p.Replicas) * len(p.Databases) }

// BackupFile returns the file that takes a backup of the database for its copies: <share>\<placement>.<key>.<kind>, kind
// being "full.bak" or "log.trn". The name of the database is not part of it, since a file name cannot carry every
// character that a database name can. Without a share it is a bare name, which SQL Server takes for a file in the
// instance's backup folder; no other server reads that, so manual seeding and mirroring are an error.
func (d *Database) BackupFile(kind string) (string, error) {
	p := d.Placement
	name := plain(p.Name) + "." + d.Key + "." + kind
	if p.BackupShare == "" {
		if p.Mirroring() || !p.Automatic {
			return "", fmt.Errorf("placement %s seeds its copies from backups and has no backupShare", p.Name)
		}
		return name, nil
	}
	return strings.TrimRight(p.BackupShare, `\`) + `\` + name, nil
}

// FullBackup returns the file of the full backup; see BackupFile.
func (d *Database) FullBackup() (string, error) { return d.BackupFile("full.bak") }

// LogBackup returns the file of the log backup; see BackupFile.
func (d *Database) LogBackup() (string, error) { return d.BackupFile("log.trn") }

// plain keeps what a file name and a script carry everywhere.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		default:
			return '-'
		}
	}, s)
}

// Moves reports whether the copies on this replica lie in other folders than on the first one, so that a restore must
// name each file's new place. A file that is added to the primary later will suspend such a copy (sql-ag-prereqs).
func (r *Replica) Moves() bool {
	p := r.Group.Primary()
	return !samePath(p.Data, r.Instance.Data) || !samePath(p.Log, r.Instance.Log)
}

func samePath(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, `\`), strings.TrimRight(b, `\`))
}

// DataFolder and LogFolder return the folder of the copies' files with a trailing backslash, "" for the instance's own.
func (r *Replica) DataFolder() string { return folder(r.Instance.Data) }

// LogFolder is the folder of log files; see DataFolder.
func (r *Replica) LogFolder() string { return folder(r.Instance.Log) }

func folder(s string) string {
	if s == "" {
		return ""
	}
	return strings.TrimRight(s, `\`) + `\`
}

// FileListHasSnapshot reports whether RESTORE FILELISTONLY has the column SnapshotUrl on this instance: from SQL Server
// 2016. The other 21 columns are the same from 2008 to 2022.
func (i *Instance) FileListHasSnapshot() bool { return i.Version >= 2016 }

// Encrypted reports whether a database of the placement is under transparent data encryption.
func (p *Placement) Encrypted() bool {
	for _, d := range p.Databases {
		if d.Encrypted {
			return true
		}
	}
	return false
}

// CertificateFile returns where the certificate of an encrypted database is handed from the first replica to the others:
// <share>\<placement>.<key>.cer; its private key lies beside it as .pvk, under a password. The script that names them is
// run with sqlcmd's substitution on, so that no value in it may hold $(.
func (d *Database) CertificateFile() (string, error) { return d.certificate("cer") }

// KeyFile returns the private key's file; see CertificateFile.
func (d *Database) KeyFile() (string, error) { return d.certificate("pvk") }

func (d *Database) certificate(kind string) (string, error) {
	p := d.Placement
	if p.BackupShare == "" {
		return "", fmt.Errorf("placement %s has an encrypted database and no backupShare to hand its certificate over", p.Name)
	}
	file := strings.TrimRight(p.BackupShare, `\`) + `\` + plain(p.Name) + "." + d.Key + "." + kind
	for _, v := range []string{file, d.Name, p.Name} {
		if err := quote.SQLCmdSafe(v); err != nil {
			return "", fmt.Errorf("hand over the certificate of %s: %w", d.Key, err)
		}
	}
	return file, nil
}

// CertificateName returns the name under which the other replicas keep the certificate. It is found by its thumbprint,
// never by name.
func (d *Database) CertificateName() string {
	return "mbamplan " + plain(d.Placement.Name) + " " + d.Key
}

// Schema returns the schema by which MBAM's database is told from another of its name: RecoveryAndHardwareCore is seen on
// 2.5 servers (mbam-troubleshoot, field-checks); ComplianceCore is named for 2.0 only, so scripts also take a database with
// the procedure GetVersion (mbam-events, event 111) for MBAM's.
func (d *Database) Schema() string {
	if d.IsCompliance() {
		return "ComplianceCore"
	}
	return "RecoveryAndHardwareCore"
}

// BackupCode returns the planned automated_backup_preference of sys.availability_groups: 0 primary, 1 secondary only,
// 2 secondary, 3 none. A basic group is backed up on the primary only.
func (p *Placement) BackupCode() int {
	if p.Basic {
		return 0
	}
	return max(0, slices.Index([]string{"primary", "secondaryOnly", "secondary", "none"}, p.BackupPreference))
}

// Settings returns what sys.availability_replicas must show of a replica, in one line: endpoint in upper case, then 1 or 0
// for synchronous and for automatic failover, then 0, 1 or 2 for connections to the secondary (none, read-only, all) and,
// where the group knows seeding modes, 1 or 0 for automatic seeding.
func (r *Replica) Settings() string {
	digit := func(b bool) string {
		if b {
			return " 1"
		}
		return " 0"
	}
	access := 0
	if !r.Group.Basic {
		access = max(0, slices.Index([]string{"none", "readOnly", "all"}, r.ReadAccess))
	}
	out := strings.ToUpper(r.EndpointURL()) + digit(r.Synchronous) + digit(r.AutoFailover) + " " + strconv.Itoa(access)
	if r.Group.MinVersion() >= 2016 {
		out += digit(r.Group.Automatic)
	}
	return out
}

// ReplicaNames returns the names of the group's instances as @@SERVERNAME prints them.
func (p *Placement) ReplicaNames() []string {
	var out []string
	for _, r := range p.Replicas {
		out = append(out, r.Instance.Name)
	}
	return out
}
