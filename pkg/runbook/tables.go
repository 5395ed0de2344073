package runbook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
)

// removal is the step that deletes secret files from a server.
const removal = "web/remove-secrets"

// tables fills in what is looked up rather than followed.
func (r *Runbook) tables(o Options) {
	f := r.Farm
	if f.Pool.Name != "" {
		for _, n := range f.HTTPNames() {
			r.Names = append(r.Names, ServiceName{Name: n, Account: f.Pool.Down(), For: "the virtual host name", Made: true})
		}
		r.Accounts = f.Principals()
		r.Memberships = f.Memberships()
	} else {
		r.Accounts = []farm.Principal{{Account: f.ReportReader, Class: "user", For: "MBAM: data source of the reports", Domain: f.AccountDomain(f.ReportReader)}}
	}
	for _, n := range f.SQLNames() {
		r.Names = append(r.Names, ServiceName{Name: n.Name, Account: n.Owner.Down(), For: n.For})
	}
	r.NamesOpen = f.SQLUnknown()
	r.serviceAccounts()
	for _, w := range o.Waivers {
		out := Waiver{Code: w.Rule.Code, Title: w.Rule.Title, Reason: w.Reason, Who: w.Who, Until: w.Until}
		for _, d := range w.Findings {
			out.Findings = append(out.Findings, d.Message)
		}
		r.Waivers = append(r.Waivers, out)
	}
	at := map[string]int{}
	for _, s := range r.all() {
		for _, key := range s.Sources {
			i, ok := at[key]
			if !ok {
				src := o.Sources[key]
				src.Key = key
				i = len(r.Sources)
				at[key] = i
				r.Sources = append(r.Sources, Source{Source: src})
			}
			if !slices.Contains(r.Sources[i].Numbers, s.Number) {
				r.Sources[i].Numbers = append(r.Sources[i].Numbers, s.Number)
			}
		}
	}
	for _, f := range r.Firewall {
		if _, ok := at[f.Source]; !ok {
			src := o.Sources[f.Source]
			src.Key = f.Source
			at[f.Source] = len(r.Sources)
			r.Sources = append(r.Sources, Source{Source: src})
		}
	}
	for i := range r.Sources {
		slices.Sort(r.Sources[i].Numbers)
	}
	slices.SortStableFunc(r.Sources, func(a, b Source) int {
		return slices.Index(grades, a.Grade) - slices.Index(grades, b.Grade)
	})
}

var grades = []string{"documented", "field", "inferred"}

// all lists every step once, in the order of the plan.
func (r *Runbook) all() []*Step {
	out := slices.Clone(r.Steps)
	for _, s := range r.Later {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// serviceAccounts adds the accounts of the database engines, each once.
func (r *Runbook) serviceAccounts() {
	for _, i := range r.Farm.Instances {
		s, err := i.ServiceAccount(r.Farm.Domain)
		if err != nil || s.Computer {
			continue // computer accounts are made by joining the domain
		}
		for _, a := range s.Accounts {
			if !slices.ContainsFunc(r.Accounts, func(p farm.Principal) bool { return p.Same(a) }) {
				r.Accounts = append(r.Accounts, farm.Principal{Account: a, Class: "user", For: "SQL Server: service account of the database engine", Domain: r.Farm.AccountDomain(a)})
			}
		}
	}
}

// secrets lists the files that carry one, and the step that deletes them.
func (r *Runbook) secrets(files []File) {
	for _, f := range files {
		if !f.Secret {
			continue
		}
		out := SecretFile{Path: f.Path, Server: f.Item.Server()}
		for _, s := range r.Steps {
			if s.ID == removal && s.Folder == f.Item.Folder {
				out.Removed = s
			}
		}
		r.Secrets = append(r.Secrets, out)
	}
}

// teams collects the turns of each team, in the order of their first one, and what the plan takes for granted.
func (r *Runbook) teams() {
	find := func(name string) *Team {
		for _, t := range r.Teams {
			if t.Name == name {
				return t
			}
		}
		t := &Team{Name: name}
		r.Teams = append(r.Teams, t)
		return t
	}
	for _, s := range r.Sections {
		t := find(s.Team)
		t.Sections = append(t.Sections, s)
		t.Steps += len(s.Steps)
	}
	for _, s := range r.Later {
		find(s.Team)
	}
	for _, p := range prerequisites(r.Farm) {
		t := find(p.team)
		t.Prepare = append(t.Prepare, p.text)
	}
}

// prerequisite is something that the plan uses and does not make.
type prerequisite struct{ team, text string }

// The names of the teams, as actors of steps.
const (
	domainTeam   = "domain administrator"
	databaseTeam = "database administrator"
	webTeam      = "web administrator"
	reportTeam   = "report administrator"
	networkTeam  = "network team"
	pkiTeam      = "PKI team"
	clientTeam   = "client administrator"
)

// prerequisites lists what must be there before the first step, as far as the plan names it. The scripts check it again.
func prerequisites(f *farm.Farm) []prerequisite {
	var out []prerequisite
	add := func(team, format string, args ...any) {
		out = append(out, prerequisite{team, fmt.Sprintf(format, args...)})
	}
	var names, windows []string
	for _, h := range f.Hosts {
		if h.HasRole() {
			names = append(names, h.Name)
			windows = append(windows, "Windows Server "+h.Windows)
		}
	}
	servers := strings.Join(names, ", ")
	add(domainTeam, "The servers %s are members of the domain %s, and their names resolve.", servers, f.Domain.DNS)
	add(domainTeam, "Somebody who may do what the directory steps change: see the header of each script.")
	if f.Pool.Name != "" && !f.CreateAccounts {
		add(domainTeam, "The accounts and groups of the table exist: this plan checks them and makes none. Whoever enables the web applications can type the password of %s; %s belongs to the reports.", f.Pool.Down(), f.ReportReader.Down())
	}
	for _, i := range f.Instances {
		if len(f.DatabasesOn(i)) == 0 {
			continue
		}
		what := "SQL Server " + i.VersionName + " " + i.Edition
		if i.Clustered() {
			what += " as a failover cluster instance"
		}
		if i.Service != "" {
			what += ", running as " + i.Service
		}
		add(databaseTeam, "%s is installed: %s.", i.Name, what)
	}
	if c := f.Cluster; c != nil {
		text := "The failover cluster " + c.Name + " exists"
		if c.Witness != "" {
			text += ", with the witness " + c.Witness
		}
		add(databaseTeam, "%s. It is checked, never built.", text)
	}
	for _, p := range f.Placements {
		if p.BackupShare != "" && len(p.Databases) > 0 && !p.Existing {
			add(databaseTeam, "The service accounts of SQL Server read and write %s, where the backups that seed the copies go.", p.BackupShare)
		}
	}
	if f.Backup.Folder != "" {
		add(databaseTeam, "The service accounts of SQL Server write to %s, where the backups go.", f.Backup.Folder)
	}
	slices.Sort(windows)
	add(webTeam, "%s on the servers, each with its latest updates and no restart pending.", strings.Join(slices.Compact(windows), " and "))
	for _, m := range []struct{ what, path string }{{"MBAM's server software", f.MBAM.Media}, {"its servicing release", f.MBAM.Update}, {"ASP.NET MVC 4", f.MBAM.MVC4Media}} {
		if m.path != "" {
			add(webTeam, "The set-up of %s can be read at %s.", m.what, m.path)
		}
	}
	if r := f.Reporting; r != nil {
		var hosts []string
		for _, h := range r.Hosts {
			hosts = append(hosts, h.Name)
		}
		add(reportTeam, "SQL Server Reporting Services runs on %s and answers at %s.", strings.Join(hosts, ", "), r.URL)
	}
	for _, w := range f.Webs {
		if w.Balancer != nil && w.Balancer.Address.IsValid() {
			add(networkTeam, "The address %s is free, for %s.", w.Balancer.Address, w.VirtualFQDN(f.Domain))
		}
		if w.Certificate != nil {
			add(pkiTeam, "A certificate for %s with the names %s, for server%s authentication, in the computer's store of each node, with its private key.",
				w.CertificateSubject(), strings.Join(w.CertificateNames(f.Domain), ", "), map[bool]string{true: "", false: " and client"}[w.Certificate.ServerOnly])
		}
	}
	add(networkTeam, "The connections of the firewall table are open.")
	if f.Clients != nil {
		add(clientTeam, "Somebody decides when clients get the policy %s: its link stays disabled until then.", f.Clients.GPO)
	}
	return out
}

// NumberList is the file numbers as text: "110, 120".
func (s Source) NumberList() string {
	var out []string
	for _, n := range s.Numbers {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

// keysFrom follows from what MBAM does: clients hand their recovery keys to the farm that their policy names, and to no
// other. It is our reasoning, and says so.
func keysFrom(r *Runbook) string {
	f := r.Farm
	const end = " Whoever goes back to another farm after that keeps both databases and their backups, because the newest recovery keys are in them only (inferred: no document names the moment)."
	if f.Recovery.Existing {
		return "The recovery database is in use already: clients store keys in it before, during and after this work." + end
	}
	if f.Clients != nil {
		return "From the moment when the link of the policy " + f.Clients.GPO + " is enabled, clients store their recovery keys in " + f.Recovery.Name + "." + end
	}
	return "From the moment when a policy sends the first client here, clients store their recovery keys in " + f.Recovery.Name + "." + end
}

// FlowGroup are connections between the same ends.
type FlowGroup struct {
	farm.Flow // the first, for its ends
	Flows     []farm.Flow
}

// FirewallGroups are Firewall, connections between the same ends together.
func (r *Runbook) FirewallGroups() []FlowGroup {
	var out []FlowGroup
	for _, f := range r.Firewall {
		n := len(out)
		if n == 0 || out[n-1].Each != f.Each || !slices.Equal(out[n-1].From, f.From) || !slices.Equal(out[n-1].To, f.To) {
			out = append(out, FlowGroup{Flow: f})
			n++
		}
		out[n-1].Flows = append(out[n-1].Flows, f)
	}
	return out
}
