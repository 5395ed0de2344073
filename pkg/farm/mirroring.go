package farm

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// answerTime returns the default of PARTNER TIMEOUT in seconds, with its reason. A failover cluster instance needs longer to
// come back on its other node than SQL Server waits for a partner; with 90 seconds the cluster acts first
// (sql-mirroring-cluster).
func (p *Placement) answerTime() (int, string) {
	for _, i := range []*Instance{p.Principal, p.Mirror} {
		if i != nil && i.Clustered() {
			return 90, "the failover of the cluster comes before that of the mirror"
		}
	}
	return 10, "SQL Server's own value"
}

// Members returns principal, mirror and, where there is one, the witness.
func (p *Placement) Members() []*Instance {
	out := []*Instance{p.Principal, p.Mirror}
	if p.Witness != nil {
		out = append(out, p.Witness)
	}
	return out
}

// Partner returns the other partner of a mirrored pair, nil for an instance that is no partner of it.
func (p *Placement) Partner(i *Instance) *Instance {
	switch i {
	case p.Principal:
		return p.Mirror
	case p.Mirror:
		return p.Principal
	default:
		return nil
	}
}

// pairs returns the mirrored pairs with databases that are taken.
func (f *Farm) pairs(take func(*Placement) bool) []*Placement {
	var out []*Placement
	for _, p := range f.Mirrors() {
		if len(p.Databases) > 0 && take(p) {
			out = append(out, p)
		}
	}
	return out
}

// PartnerPairs returns the mirrored pairs in which the instance is a partner.
func (f *Farm) PartnerPairs(i *Instance) []*Placement {
	return f.pairs(func(p *Placement) bool { return p.Partner(i) != nil })
}

// NewPairs returns the mirrored pairs that the plan builds and in which the instance is a partner or the witness.
func (f *Farm) NewPairs(i *Instance) []*Placement {
	return f.pairs(func(p *Placement) bool { return !p.Existing && slices.Contains(p.Members(), i) })
}

// NewPartnerPairs returns the mirrored pairs that the plan builds and in which the instance is a partner.
func (f *Farm) NewPartnerPairs(i *Instance) []*Placement {
	return f.pairs(func(p *Placement) bool { return !p.Existing && p.Partner(i) != nil })
}

// WatchedPairs returns the new mirrored pairs of which the instance is a partner and whose databases can be split.
func (f *Farm) WatchedPairs(i *Instance) []*Placement {
	return f.pairs(func(p *Placement) bool { return !p.Existing && p.Partner(i) != nil && p.Together() })
}

// WitnessedPairs returns the mirrored pairs of which the instance is the witness.
func (f *Farm) WitnessedPairs(i *Instance) []*Placement {
	return f.pairs(func(p *Placement) bool { return p.Witness == i })
}

// MirroredDatabases returns the databases of the mirrored pairs in which the instance is a partner, compliance first.
func (f *Farm) MirroredDatabases(i *Instance) []*Database {
	var out []*Database
	for _, d := range f.Databases() {
		if d.Placement.Partner(i) != nil {
			out = append(out, d)
		}
	}
	return out
}

// MirroringPort returns the port of the instance's mirroring endpoint: its own, else that of its first new pair, 0 when no
// pair is built on it. An instance has one endpoint for all its sessions (sql-endpoint).
func (f *Farm) MirroringPort(i *Instance) int {
	pairs := f.NewPairs(i)
	switch {
	case len(pairs) == 0:
		return 0
	case i.Endpoint > 0:
		return i.Endpoint
	default:
		return pairs[0].EndpointPort
	}
}

// MirroringURL returns the address of the instance's endpoint as SET PARTNER takes it: TCP://fqdn:port, the network name of
// a failover cluster instance, never an instance name (sql-mirroring-alter).
func (f *Farm) MirroringURL(i *Instance) string {
	return "TCP://" + i.FQDN + ":" + strconv.Itoa(f.MirroringPort(i))
}

// MirroringEndpoint returns the name under which the instance's endpoint is created, that of its first new pair.
func (f *Farm) MirroringEndpoint(i *Instance) string {
	pairs := f.NewPairs(i)
	if len(pairs) == 0 {
		return ""
	}
	return pairs[0].EndpointName
}

// MirroringPeers returns the other members of the new pairs of an instance, each once, in the order of the topology.
func (f *Farm) MirroringPeers(i *Instance) []*Instance {
	var out []*Instance
	for _, p := range f.NewPairs(i) {
		for _, o := range p.Members() {
			if o != i && !slices.Contains(out, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// MirroringLogins returns the accounts that need a login on the instance and CONNECT on its endpoint: the service accounts
// of the other members of its new pairs, each once (sql-endpoint-logins).
func (f *Farm) MirroringLogins(i *Instance) ([]Account, error) {
	return serviceAccounts(f.Domain, f.MirroringPeers(i))
}

// MirrorMoves reports whether the copies on the mirror lie in other folders than on the principal, so that a restore must
// name each file's new place.
func (p *Placement) MirrorMoves() bool {
	return !samePath(p.Principal.Data, p.Mirror.Data) || !samePath(p.Principal.Log, p.Mirror.Log)
}

// DataFolder and LogFolder return the folder of the instance's files with a trailing backslash, "" for its own default.
func (i *Instance) DataFolder() string { return folder(i.Data) }

// LogFolder is the folder of log files; see DataFolder.
func (i *Instance) LogFolder() string { return folder(i.Log) }

// SafetyLevel returns the planned mirroring_safety_level of sys.database_mirroring: 2 full, 1 off.
func (p *Placement) SafetyLevel() int {
	if p.SafetyFull {
		return 2
	}
	return 1
}

// WaitsFor reports whether PARTNER TIMEOUT matters: an asynchronous session takes no other value than 10 seconds
// (sql-mirroring-alter).
func (p *Placement) WaitsFor() bool { return p.SafetyFull }

// NeedsBrowserOn reports whether SQL Server Browser must run on a host: a partner of a new pair runs there that needs it,
// see NeedsBrowser.
func (f *Farm) NeedsBrowserOn(h *Host) bool {
	return slices.ContainsFunc(h.Instances, func(i *Instance) bool {
		return slices.ContainsFunc(f.NewPartnerPairs(i), (*Placement).NeedsBrowser)
	})
}

// PartnerInstances returns every partner of the mirrored pairs that hold databases, each once: the servers whose names .NET
// learns from one another.
func (f *Farm) PartnerInstances() []*Instance {
	var out []*Instance
	for _, p := range f.pairs(func(*Placement) bool { return true }) {
		for _, i := range p.All() {
			if !slices.Contains(out, i) {
				out = append(out, i)
			}
		}
	}
	return out
}

// ReportedConnection returns the string that .NET makes of the partner's name as the server reports it, in master: the
// name of @@SERVERNAME, without domain and port. After the first connection to a mirrored database .NET knows the partner by
// this name only, whatever the string says (sqlclient-source).
func (i *Instance) ReportedConnection() (string, error) {
	return pairs("Data Source", i.Name, "Initial Catalog", "master", "Integrated Security", "SSPI", "Connect Timeout", "15")
}

// Watchdog is the Agent job that keeps the two databases of a mirrored pair on one server.
type Watchdog struct {
	Name    string // of the job: "mbamplan contoso mirroring watchdog"
	Key     string // of the record: "contoso.mirroring-watchdog"
	Command quote.SQL
}

// Together reports whether the pair holds both databases, so that they can be split between its partners.
func (p *Placement) Together() bool { return p.Mirroring() && len(p.Databases) > 1 }

// Watchdog returns the job of the pair that holds both databases. Mirroring moves each database by itself, so an automatic
// failover can split them. The job runs each minute on both partners, in master:
//
//   - the Compliance and Audit Database follows the Recovery Database, which holds the keys. Only the server on which the
//     Compliance and Audit Database is principal without the other acts, so that the two jobs never move them past each other;
//   - a split must last half a minute, which gives a failover of both that is under way the time to end;
//   - where the database cannot move (not synchronized, asynchronous) and where the other server does not act within two
//     minutes, the job fails with a message in the error log.
//
// A name with $( is an error: SQL Server Agent would take it for a token.
func (f *Farm) Watchdog(p *Placement) (Watchdog, error) {
	w := Watchdog{Name: "mbamplan " + f.Name + " mirroring watchdog", Key: f.Name + ".mirroring-watchdog"}
	for _, d := range p.Databases {
		if err := quote.SQLCmdSafe(d.Name); err != nil {
			return Watchdog{}, fmt.Errorf("watchdog of %s: SQL Server Agent takes $( for a token: %w", p.Name, err)
		}
	}
	read, err := quote.SQLf("SELECT @leads = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(@recovery); " +
		"SELECT @follows = mirroring_role, @state = mirroring_state, @safety = mirroring_safety_level FROM sys.database_mirroring WHERE database_id = DB_ID(@compliance);")
	if err != nil {
		return Watchdog{}, err
	}
	w.Command, err = quote.SQLf("DECLARE @recovery sysname, @compliance sysname, @leads tinyint, @follows tinyint, @state tinyint, @safety tinyint; "+
		"SET @recovery = %s; SET @compliance = %s; %s "+
		"IF @leads <> @follows WAITFOR DELAY '00:00:30'; %s "+
		"IF @leads = 1 AND @follows = 2 WAITFOR DELAY '00:01:30'; %s "+
		"IF @leads IS NULL OR @follows IS NULL "+
		"RAISERROR(N'mbamplan watchdog: %%s or %%s is not mirrored on this instance any more.', 16, 1, @recovery, @compliance) WITH LOG; "+
		"ELSE IF @leads = @follows PRINT N'Both databases are on one server.'; "+
		"ELSE IF @leads = 2 AND @state = 4 AND @safety = 2 BEGIN "+
		"RAISERROR(N'mbamplan watchdog: %%s is principal here and %%s on the partner: the first one follows.', 10, 1, @compliance, @recovery) WITH LOG; "+
		"ALTER DATABASE %s SET PARTNER FAILOVER; END; "+
		"ELSE RAISERROR(N'mbamplan watchdog: the MBAM databases %%s and %%s are on different servers and cannot be brought together now: the first must be synchronized with SAFETY FULL, and SQL Server Agent must run on its principal.', 16, 1, @compliance, @recovery) WITH LOG;",
		quote.SQLLiteral(f.Recovery.Name), quote.SQLLiteral(f.Compliance.Name), read, read, read, quote.SQLIdent(f.Compliance.Name))
	return w, err
}
