package sqlserver

import (
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A Mirror is a database mirroring session. Before the principal has opened it, only the mirror knows it.
type Mirror struct {
	ID        string
	Database  string
	Principal string // instances; the principal is "" until it has opened the session
	Mirror    string
	Addresses map[string]string // by instance: the address of its partner, as it was given there
	Witness   string            // address, "" for none
	Full      bool              // SAFETY FULL
	Timeout   int
	Suspended bool
	Seq       int // mirroring_role_sequence

	since time.Time // when the mirror began to catch up, zero while the partners are not connected
	lost  time.Time // since when the mirror does not see the principal
	ready bool      // the mirror was synchronized, the last time that it was connected
}

// States of a session as sys.database_mirroring shows them (3.4).
const (
	suspended     = 0
	disconnected  = 1
	synchronizing = 2
	synchronized  = 4
)

// mirrorOf is the session of a database on an instance, nil without one.
func (n *Network) mirrorOf(in *Instance, d *Database) *Mirror {
	for _, m := range n.Mirrors {
		if strings.EqualFold(m.Database, d.Name) && (strings.EqualFold(m.Principal, in.Name) || strings.EqualFold(m.Mirror, in.Name)) {
			return m
		}
	}
	return nil
}

// partners reports whether both partners of an open session reach each other.
func (n *Network) partners(m *Mirror) bool {
	p, q := n.Instance(m.Principal), n.Instance(m.Mirror)
	return p != nil && q != nil && n.linked(p, q)
}

// witness is the instance of the witness, and whether it is connected to an instance.
func (n *Network) witnessed(m *Mirror, in *Instance) bool {
	w := n.at(m.Witness)
	return m.Witness != "" && w != nil && in != nil && n.linked(w, in)
}

// mirrorState is mirroring_state as both partners see it.
func (n *Network) mirrorState(m *Mirror) int {
	switch {
	case m.Principal == "" || !n.partners(m):
		return disconnected
	case m.Suspended:
		return suspended
	case m.since.IsZero() || !m.Full || n.World.Now().Sub(m.since) < catchUp:
		return synchronizing
	}
	return synchronized
}

// settleMirror ships the log, and fails over to a synchronized mirror that sees the witness but not the principal, when the timeout is over (3.3). With
// SAFETY OFF a session that has caught up stays synchronizing (3.4).
func (n *Network) settleMirror(m *Mirror, now time.Time) {
	if m.Principal == "" {
		return
	}
	p, q := n.Instance(m.Principal), n.Instance(m.Mirror)
	source, copied := p.Find(m.Database), q.Find(m.Database)
	if source == nil || copied == nil {
		return
	}
	if n.partners(m) {
		m.lost = time.Time{}
		if m.Suspended {
			m.since, m.ready = time.Time{}, false
			return
		}
		if m.since.IsZero() {
			m.since = now
		}
		copied.ship(source)
		m.ready = n.mirrorState(m) == synchronized
		return
	}
	m.since = time.Time{}
	if m.lost.IsZero() {
		m.lost = now
	}
	if p.Running && (m.Witness == "" || n.witnessed(m, p)) {
		m.ready = false // the principal goes on without the mirror
	}
	if m.ready && m.Full && !p.Running && q.Running && n.witnessed(m, q) && now.Sub(m.lost) >= time.Duration(m.Timeout)*time.Second {
		n.swap(m)
	}
}

// swap changes the roles.
func (n *Network) swap(m *Mirror) {
	was, is := n.Instance(m.Principal).Find(m.Database), n.Instance(m.Mirror).Find(m.Database)
	m.Principal, m.Mirror = m.Mirror, m.Principal
	was.State, is.State = 1, 0
	m.since, m.lost, m.ready = time.Time{}, time.Time{}, false
	m.Seq++
	n.Settle()
}

// ends ends a session: the principal stays online, the mirror is restoring (3.3).
func (n *Network) ends(m *Mirror) {
	for _, name := range []string{m.Principal, m.Mirror} {
		if in := n.Instance(name); in != nil {
			if d := in.Find(m.Database); d != nil && d.State == 1 {
				d.rolled = true
			}
		}
	}
	n.Mirrors = slices.DeleteFunc(n.Mirrors, func(x *Mirror) bool { return x == m })
}

// partner is ALTER DATABASE name SET PARTNER ….
func (s *Session) partner(c *cursor, d *Database) {
	n := s.in.net
	m := n.mirrorOf(s.in, d)
	if c.accept("=") {
		url := c.text()
		c.end()
		s.setPartner(d, m, url)
		return
	}
	if m == nil {
		tsql.Raise(1416, "Database \"%s\" is not configured for database mirroring.", d.Name)
	}
	lead := strings.EqualFold(m.Principal, s.in.Name)
	state := n.mirrorState(m)
	onPrincipal := func() {
		if !lead {
			tsql.Raise(1470, "The alter database for this partner config values may only be initiated on the current principal server for database \"%s\".", d.Name)
		}
	}
	switch {
	case c.accept("OFF"):
		c.end()
		n.ends(m)
	case c.accept("SAFETY"):
		full := choice(c, "FULL", "OFF")
		c.end()
		onPrincipal()
		switch {
		case full == m.Full:
		case s.in.EngineEdition != 3:
			tsql.Raise(1473, "This SQL Server edition does not allow changing the safety level. ALTER DATABASE command failed.")
		case state == disconnected:
			tsql.Raise(1456, "The ALTER DATABASE command could not be sent to the remote server instance '%s'. The database mirroring configuration was not changed. Verify that the server is connected, and try again.", m.Addresses[strings.ToUpper(s.in.Name)])
		}
		m.Full = full
		m.since = time.Time{}
	case c.accept("TIMEOUT"):
		seconds := c.number()
		c.end()
		onPrincipal()
		m.Timeout = max(seconds, 5)
	case c.accept("FAILOVER"):
		c.end()
		onPrincipal()
		switch {
		case !m.Full:
			tsql.Raise(1477, "The database mirroring safety level must be FULL to manually failover database \"%s\".  Set safety level to FULL and retry.", d.Name)
		case state != synchronized:
			tsql.Raise(1422, "The mirror server instance is not caught up to the recent changes to database \"%s\". Unable to fail over.", d.Name)
		}
		n.swap(m)
	case c.accept("FORCE_SERVICE_ALLOW_DATA_LOSS"):
		c.end()
		if lead || state != disconnected || m.Principal == "" || m.Witness != "" && !n.witnessed(m, s.in) {
			tsql.Raise(1455, "The database mirroring service cannot be forced for database \"%s\" because the database is not in the correct state to become the principal database.", d.Name)
		}
		n.swap(m)
		m.Suspended = true // the old principal waits for RESUME when it comes back (6.2)
	case c.accept("RESUME"):
		c.end()
		onPrincipal()
		m.Suspended = false
	case c.accept("SUSPEND"):
		c.end()
		m.Suspended = true
	default:
		c.unknown()
	}
	n.Settle()
}

// setPartner is SET PARTNER = address: on the mirror it records the address and contacts no one, on the principal it opens the session (3.3).
func (s *Session) setPartner(d *Database, m *Mirror, url string) {
	n := s.in.net
	if _, _, ok := parseURL(url); !ok {
		tsql.Raise(1449, "ALTER DATABASE command failed due to an invalid server connection string.")
	}
	if n.at(url) == s.in {
		tsql.Raise(1452, "The partner server instance name must be distinct from the server instance that manages the database. The ALTER DATABASE SET PARTNER command failed.")
	}
	if s.in.EngineEdition == 4 {
		tsql.Raise(1463, "Database mirroring is not available in the edition of this SQL Server instance. See SQL Server Books Online for more information about feature support in different SQL Server editions.")
	}
	if d.Group != "" {
		tsql.Raise(1468, "The operation cannot be performed on database \"%s\" because it is involved in a database mirroring session or an availability group. Some operations are not allowed on a database that is participating in a database mirroring session or in an availability group.", d.Name)
	}
	if s.in.Endpoint == nil || s.in.Endpoint.State != 0 {
		tsql.Raise(1486, "Database Mirroring Transport is disabled in the endpoint configuration.")
	}
	if m != nil && m.Principal != "" {
		tsql.Raise(1410, "The remote copy of database \"%s\" is already enabled for database mirroring.", d.Name)
	}
	if d.State == 1 {
		d.partner = url
		if m == nil {
			m = &Mirror{ID: n.guid(), Database: d.Name, Mirror: s.in.Name, Addresses: map[string]string{}, Full: true, Timeout: 10, Seq: 1}
			n.Mirrors = append(n.Mirrors, m)
		}
		m.Addresses[strings.ToUpper(s.in.Name)] = url
		return
	}
	there := n.at(url)
	if there == nil || !n.linked(s.in, there) {
		if there != nil {
			if why := n.reason(s.in, there); strings.Contains(why, "CONNECT") {
				there.log("28034: %s", why)
			}
		}
		tsql.Raise(1418, "The server network address \"%s\" can not be reached or does not exist. Check the network address name and that the ports for the local and remote endpoints are operational.", url)
	}
	remote := there.Find(d.Name)
	if remote == nil {
		tsql.Raise(1416, "Database \"%s\" is not configured for database mirroring.", d.Name)
	}
	m = n.mirrorOf(there, remote)
	if m == nil || n.at(remote.partner) != s.in {
		tsql.Raise(1416, "Database \"%s\" is not configured for database mirroring.", d.Name)
	}
	switch {
	case s.in.EngineEdition != there.EngineEdition || s.in.Version > there.Version:
		tsql.Raise(1463, "Database mirroring is not available in the edition of this SQL Server instance. See SQL Server Books Online for more information about feature support in different SQL Server editions.")
	case d.Recovery != 1:
		tsql.Raise(1465, "Database \"%s\" database is not in full recovery mode on each of the server instances. The full recovery model is required for a database to participate in database mirroring or in an availability group.", d.Name)
	case d.AutoClose:
		tsql.Raise(1469, "Database \"%s\" is an auto-close database on one of the server instances, which is incompatible with participating in database mirroring or in an availability group. Set auto_close to off for the database, and retry the operation.", d.Name)
	case d.ReadOnly:
		tsql.Raise(1466, "Database \"%s\" is read-only on one of the server instances which is incompatible with participating in database mirroring or in an availability group. Set the database to read-write mode, and retry the operation.", d.Name)
	}
	s.follows(remote, d)
	m.Principal = s.in.Name
	m.Addresses[strings.ToUpper(s.in.Name)] = url
	n.Settle()
}

// witness is ALTER DATABASE name SET WITNESS ….
func (s *Session) witness(c *cursor, d *Database) {
	n := s.in.net
	m := n.mirrorOf(s.in, d)
	url := ""
	if c.accept("=") {
		url = c.text()
	} else {
		c.need("OFF")
	}
	c.end()
	if m == nil {
		tsql.Raise(1416, "Database \"%s\" is not configured for database mirroring.", d.Name)
	}
	if url == "" {
		m.Witness = ""
		n.Settle()
		return
	}
	lead := strings.EqualFold(m.Principal, s.in.Name)
	w := n.at(url)
	switch {
	case !lead:
		tsql.Raise(1470, "The alter database for this partner config values may only be initiated on the current principal server for database \"%s\".", d.Name)
	case w == nil || !n.linked(s.in, w):
		tsql.Raise(1456, "The ALTER DATABASE command could not be sent to the remote server instance '%s'. The database mirroring configuration was not changed. Verify that the server is connected, and try again.", url)
	case w.Endpoint.Role == 1:
		tsql.Raise(1456, "The ALTER DATABASE command could not be sent to the remote server instance '%s'. The database mirroring configuration was not changed. Verify that the server is connected, and try again.", url)
	case n.mirrorState(m) != synchronized && n.mirrorState(m) != synchronizing, !n.linked(w, n.Instance(m.Mirror)):
		tsql.Raise(1426, "To issue ALTER DATABASE SET WITNESS, all three server instances must be interconnected, and the mirror database must be caught up. When these conditions are met, reissue the command.")
	}
	m.Witness = url
	n.Settle()
}

// principalServes reports whether the principal of a session may serve: with a witness it needs one of the other two.
func (n *Network) principalServes(m *Mirror) bool {
	p := n.Instance(m.Principal)
	return p != nil && p.Running && (m.Witness == "" || n.partners(m) || n.witnessed(m, p))
}
