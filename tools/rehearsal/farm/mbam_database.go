package farm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// A mbamDatabase is one of the two databases as MBAM makes it: its default name and its schema (mbam.md 1.7; ComplianceCore is named for 2.0 and
// inferred for 2.5).
type mbamDatabase struct {
	name, schema string
	accounts     []string // parameters with accounts that get a user
}

func (s *Session) planned(c *pwsh.Call) (mbamDatabase, map[string]string) {
	d := mbamDatabase{"MBAM Recovery and Hardware", "RecoveryAndHardwareCore", []string{"AccessAccount"}}
	if c.Switch("ComplianceAndAudit") == c.Switch("Recovery") {
		pwsh.Unknown("%s of both databases or of none", c.Name)
	}
	if c.Switch("ComplianceAndAudit") {
		d = mbamDatabase{"MBAM Compliance Status", "ComplianceCore", []string{"AccessAccount", "ReportAccount"}}
	}
	if c.Has("DatabaseName") {
		d.name = c.Text("DatabaseName")
	}
	parts, ok := connectionParts(c.Text("ConnectionString"))
	if !ok {
		parts = map[string]string{}
	}
	return d, parts
}

// checkDatabase is the validation of Test- and Enable-MbamDatabase: collation, rights of the person, accounts (mbam.md 2.4).
func (s *Session) checkDatabase(c *pwsh.Call) []verdict {
	var out []verdict
	say := func(id int, format string, args ...any) {
		out = append(out, verdict{id, "Error", fmt.Sprintf(format, args...)})
	}
	d, parts := s.planned(c)
	if parts["integrated security"] != "True" || parts["data source"] == "" {
		say(701, "The connection string has to hold Integrated Security and Data Source.")
		return out
	}
	if strings.TrimSpace(d.name) != d.name || strings.ContainsFunc(d.name, func(r rune) bool { return r < ' ' }) {
		say(701, "The database name %q is not valid.", d.name)
	}
	for _, a := range d.accounts {
		if s.directory().Find(c.Text(a)) == nil {
			say(701, "The user or group %s could not be found in Active Directory.", c.Text(a))
		}
	}
	open := s.Machine.farm.openSQL(s.Machine, s.directory().NetBIOS+`\`+s.User, "Data Source="+parts["data source"]+";Initial Catalog=master;Integrated Security=SSPI")
	switch {
	case open.fault != nil:
		say(701, "The server cannot be reached: %s", open.fault.message)
	case open.instance.Collation != "SQL_Latin1_General_CP1_CI_AS":
		say(701, "The collation %s of the server is not supported.", open.instance.Collation)
	}
	return out
}

// enableDatabase makes a database, or attaches to one that is there and gives the accounts their users (mbam.md 10.2; Databases, step 7).
func (s *Session) enableDatabase(c *pwsh.Call) []any {
	if !c.Switch("SkipValidation") {
		s.refuse(s.checkDatabase(c))
	}
	if c.WhatIf {
		return nil
	}
	d, parts := s.planned(c)
	open := s.Machine.farm.openSQL(s.Machine, s.directory().NetBIOS+`\`+s.User, "Data Source="+parts["data source"]+";Initial Catalog=master;Integrated Security=SSPI")
	if open.fault != nil {
		open.fault.throw()
	}
	have := open.instance.Find(d.name)
	if have == nil {
		// A new database takes its recovery model from model; FULL is not certain (sql-ha.md, 0), so the simulation gives SIMPLE.
		have = open.instance.CreateDatabase(d.name, open.account, 3, sqlserver.Contents{
			Schemas: []string{"dbo", d.schema}, Tables: []string{"Machines"}, Procedures: []string{"GetVersion"}, Roles: []string{"ReadRole", "WriteRole"},
		})
	}
	if !slices.Contains(have.Contents().Schemas, d.schema) {
		pwsh.Throw("Microsoft.MBAM.Server.Commands.DatabaseException", "The database %s is not a database of MBAM.", d.name)
	}
	s.Step("Enable-MbamDatabase, with the database made and without its users")
	for _, a := range d.accounts {
		roles := []string{"ReadRole"}
		if a == "AccessAccount" {
			roles = []string{"ReadRole", "WriteRole"}
		}
		open.instance.AddUser(have, c.Text(a), roles...)
	}
	s.Machine.AddEvent(Event{Log: "Microsoft-Windows-MBAM-Server/Operational", ID: 703, Message: "The database " + d.name + " was enabled."})
	return nil
}
