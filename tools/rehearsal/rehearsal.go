package rehearsal

import (
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// folder is where people put the rendered files on a machine.
const folder = `C:\mbamplan`

// A Night is one topology, what was rendered from it, and the farm that the scripts run in.
type Night struct {
	Planned *planned.Farm
	Plan    *plan.Plan
	Tree    *artifact.Tree
	Farm    *farm.Farm
	// Keys are the machine key and the compare key that were rendered.
	Keys secrets.File
	// Desk is the management computer.
	Desk *farm.Machine
}

// made keeps each night that was made, before its first script: rendering costs more than what most tests do with it.
var made sync.Map

// exchange, when it is set, may lay another text in the place of a rendered file: how a mutant gets into a night.
var exchange func(topology string, file artifact.File) []byte

// New renders a topology and makes the farm as it is before the first script.
func New(name string, topology []byte) (*Night, error) {
	key := name + "\x00" + string(topology)
	n, ok := made.Load(key)
	if !ok {
		fresh, err := rendered(name, topology)
		if err != nil {
			return nil, err
		}
		n, _ = made.LoadOrStore(key, fresh)
	}
	night := n.(*Night).Clone()
	if exchange == nil {
		return night, nil
	}
	return night, night.exchange(name)
}

// exchange puts other texts in the place of files, in the tree and on the machines.
func (n *Night) exchange(topology string) error {
	tree := &artifact.Tree{Steps: n.Tree.Steps}
	for _, file := range n.Tree.Files() {
		if data := exchange(topology, file); data != nil {
			file.Data, file.SHA256 = data, ""
			n.place(n.Plan.Farm, file)
		}
		if err := tree.Add(file); err != nil {
			return err
		}
	}
	n.Tree = tree
	return nil
}

func rendered(name string, topology []byte) (*Night, error) {
	_, f, found := compile.Topology(name, topology)
	if found.Errors() > 0 {
		return nil, fmt.Errorf("%s: %s", name, found[0].Message)
	}
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		return nil, fmt.Errorf("catalogue: %v %v", err, found)
	}
	p, err := c.Plan(f)
	if err != nil {
		return nil, err
	}
	key, err := secrets.New(rand.NewChaCha8([32]byte{7}))
	if err != nil {
		return nil, err
	}
	tree, found, err := c.Tree(p, render.Options{Secrets: key, Topology: name})
	if err != nil || len(found) > 0 {
		return nil, fmt.Errorf("render: %v %v", err, found)
	}
	n := &Night{Planned: f, Plan: p, Tree: tree, Keys: key}
	n.build(f)
	return n, nil
}

// build makes the servers, accounts and groups that the plan takes for granted.
func (n *Night) build(f *planned.Farm) {
	n.Farm = farm.New(f.Domain.DNS, f.Domain.NetBIOS)
	n.Desk = n.Farm.AddMachine("ADMIN1", "2019")
	for _, m := range []string{"ActiveDirectory", "DnsServer", "DnsClient", "GroupPolicy"} {
		n.Desk.Modules[strings.ToLower(m)] = true
	}
	n.Farm.Directory.AddUser("admin")
	if !f.CreateAccounts {
		for _, a := range []planned.Account{f.Pool, f.ReportReader, f.ReadWrite, f.ReadOnly, f.AdvancedHelpdesk, f.Helpdesk, f.ReportUsers} {
			if a.Name == "" || n.Farm.Directory.Find(a.Name) != nil {
				continue
			}
			if a.Group {
				n.Farm.Directory.AddGroup(a.Name)
			} else {
				n.Farm.Directory.AddUser(a.Name)
			}
		}
	}
	for _, h := range f.Hosts {
		n.Farm.AddMachine(h.Name, h.Windows)
		if leaf, _, _ := strings.Cut(h.FQDN, "."); h.Address.IsValid() {
			n.Farm.Directory.SetAddress(leaf, h.Address.String())
		}
	}
	n.services(f)
	n.servers(f)
	n.databases(f)
	n.web(f)
	n.mbam20(f)
	n.balancer(f)
	n.clients(f)
	for _, file := range n.Tree.Files() {
		n.place(f, file)
	}
}

// place lays a file onto the machine that it is for; what is in the folder of an instance, onto each server that may run it.
func (n *Night) place(f *planned.Farm, file artifact.File) {
	machines := []*farm.Machine{n.Desk}
	if m := n.Farm.Machines[strings.ToUpper(file.Meta.Server)]; m != nil {
		machines[0] = m
	} else {
		for _, i := range f.Instances {
			if i.Folder() != file.Meta.Server {
				continue
			}
			machines = nil
			for _, h := range i.Nodes {
				machines = append(machines, n.Farm.Machines[strings.ToUpper(h.Name)])
			}
		}
	}
	for _, m := range machines {
		m.Files.Put(folder+`\`+strings.ReplaceAll(file.Path, "/", `\`), file.Data)
	}
}

// services makes the accounts of SQL Server, the computer object of the cluster, and the memberships that the plan takes for
// granted.
func (n *Night) services(f *planned.Farm) {
	d := n.Farm.Directory
	for _, i := range f.Instances {
		in, short, ok := strings.Cut(i.Service, `\`)
		switch {
		case !ok:
			continue
		case strings.HasPrefix(strings.ToUpper(in), "NT "):
			short = i.Host().Name + "$" // on the network a virtual account is the computer
		case d.Find(short) == nil:
			d.AddUser(short)
		}
		owner := d.Find(short)
		if i.Named == "" {
			owner.SPNs = append(owner.SPNs, "MSSQLSvc/"+i.FQDN)
		} else {
			owner.SPNs = append(owner.SPNs, "MSSQLSvc/"+i.FQDN+":"+i.Named)
		}
		if i.Port > 0 {
			owner.SPNs = append(owner.SPNs, fmt.Sprintf("MSSQLSvc/%s:%d", i.FQDN, i.Port))
		}
		for _, p := range f.Groups() {
			if p.Listener != nil && d.Owners("MSSQLSvc/"+p.Listener.FQDN) == nil {
				owner.SPNs = append(owner.SPNs, "MSSQLSvc/"+p.Listener.FQDN, fmt.Sprintf("MSSQLSvc/%s:%d", p.Listener.FQDN, p.Listener.Port))
			}
		}
	}
	for _, pair := range [][2]planned.Account{{f.ReadWrite, f.Pool}, {f.ReadOnly, f.ReportReader}} {
		if g, m := d.Find(pair[0].Name), d.Find(pair[1].Name); g != nil && m != nil && g.Class == "group" && !f.CreateAccounts {
			g.Members = append(g.Members, m.DN)
		}
	}
	d.Units = append(d.Units, f.Domain.AccountOU, f.Domain.GroupOU)
	if f.Cluster != nil {
		unit := f.Cluster.ComputerOU
		if unit == "" {
			unit = "OU=Clusters," + d.DN
		}
		d.Units = append(d.Units, unit)
		d.AddComputer(f.Cluster.Name, unit)
	}
}

// Clone copies the night with its farm as it is now.
func (n *Night) Clone() *Night {
	out := *n
	out.Farm = n.Farm.Clone()
	out.Desk = out.Farm.Machines[n.Desk.Name]
	return &out
}

// A Script is one file of the plan that is run: PowerShell on its machine, or T-SQL on its instance.
type Script struct {
	Item *plan.Item
	Kind string
	Path string // in the rendered tree
}

// Scripts lists the PowerShell files of one kind in the order of the plan.
func (n *Night) Scripts(kind string) []Script { return n.files(kind, "ps1") }

// Files lists the PowerShell and T-SQL files of one kind in the order of the plan.
func (n *Night) Files(kind string) []Script { return n.files(kind, "ps1", "sql") }

func (n *Night) files(kind string, languages ...string) []Script {
	there := map[string]bool{}
	for _, f := range n.Tree.Files() {
		there[f.Path] = true
	}
	var out []Script
	for _, it := range n.Plan.Items {
		for _, a := range it.Step.Artifacts {
			if file := render.FileName(it, a); a.Kind == kind && slices.Contains(languages, a.Ext) && there[file] {
				out = append(out, Script{it, kind, path.Clean(file)})
			}
		}
	}
	return out
}

// Machine is where a script runs.
func (n *Night) Machine(s Script) *farm.Machine {
	if s.Item.Host == nil {
		return n.Desk
	}
	return n.Farm.Machines[strings.ToUpper(s.Item.Host.Name)]
}

// A Run is how a script ended.
type Run struct {
	Script
	ExitCode int
	Console  []string
	Killed   bool
	Open     bool // a transcript was left open
	Session  *farm.Session
}

// Text is what the console showed.
func (r Run) Text() string { return strings.Join(r.Console, "\n") }

// Options change how a script is started.
type Options struct {
	WhatIf  bool
	Machine *farm.Machine       // elsewhere
	Server  string              // T-SQL: elsewhere
	Session func(*farm.Session) // changes the session ahead of the run
	Params  map[string]any
}

// Run runs a script. The error says that the rehearsal does not know something that the script uses, or that the run broke a promise that
// every script makes.
func (n *Night) Run(s Script, o Options) (run Run, err error) {
	m := n.Machine(s)
	at := folder + `\` + strings.ReplaceAll(s.Path, "/", `\`)
	if o.Machine != nil {
		data, _ := m.Files.Read(at)
		m = o.Machine
		m.Files.Put(at, data)
	}
	session := m.Start("admin")
	if o.Session != nil {
		o.Session(session)
	}
	if strings.HasSuffix(s.Path, ".sql") {
		return n.runSQL(s, session, o)
	}
	params := map[string]any{}
	for k, v := range o.Params {
		params[k] = v
	}
	if o.WhatIf {
		params["WhatIf"] = true
	}
	run.Script, run.Session = s, session
	script, _ := m.Files.Read(at)
	was := n.look(m, n.about(s).Result, o.WhatIf)
	defer func() {
		run.Console = session.Console
		switch r := recover().(type) {
		case nil:
		case pwsh.Killed:
			run.Killed = true
		default:
			panic(r)
		}
	}()
	result, err := session.Run(at, params)
	run.ExitCode, run.Console, run.Open = result.ExitCode, session.Console, result.Open
	if err == nil {
		err = n.judge(m, script, run, o, was)
	}
	return run, err
}

// runSQL runs a file as its administrator does with sqlcmd.
func (n *Night) runSQL(s Script, session *farm.Session, o Options) (run Run, err error) {
	run.Script = s
	if o.WhatIf {
		return run, nil // the runner prints what it would run
	}
	server := s.Item.Instance.SQLCmdServer()
	if o.Server != "" {
		server = o.Server
	}
	data, ok := session.Machine.Files.Read(folder + `\` + strings.ReplaceAll(s.Path, "/", `\`))
	if !ok {
		return run, fmt.Errorf("%s does not lie on %s", s.Path, session.Machine.Name)
	}
	defer func() {
		switch r := recover().(type) {
		case nil:
		case pwsh.Killed:
			run.Killed = true
		default:
			panic(r)
		}
	}()
	run.Console, run.ExitCode, err = n.Farm.RunSQL(session, server, s.Path, data, nil)
	return run, err
}
