package rehearsal

import (
	"fmt"
	"math/rand/v2"
	"path"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/catalog"
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
	Plan *plan.Plan
	Tree *artifact.Tree
	Farm *farm.Farm
	// Desk is the management computer.
	Desk *farm.Machine
}

// New renders a topology and makes the farm as it is before the first script.
func New(name string, topology []byte) (*Night, error) {
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
	n := &Night{Plan: p, Tree: tree}
	n.build(f)
	return n, nil
}

// build makes the servers, accounts and groups that the plan takes for granted.
func (n *Night) build(f *planned.Farm) {
	n.Farm = farm.New(f.Domain.DNS, f.Domain.NetBIOS)
	n.Desk = n.Farm.AddMachine("ADMIN1", "2019")
	for _, m := range []string{"ActiveDirectory", "DnsServer", "GroupPolicy"} {
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
	}
	for _, file := range n.Tree.Files() {
		top, server := file.Meta.Role, file.Meta.Server
		m := n.Farm.Machines[strings.ToUpper(server)]
		if m == nil {
			m = n.Desk
		}
		_ = top
		m.Files.Put(folder+`\`+strings.ReplaceAll(file.Path, "/", `\`), file.Data)
	}
}

// A Step is one file of the plan that was run.
type Step struct {
	Path    string
	Machine string
	Result  pwsh.Result
	Console []string
}

// Run runs the PowerShell files of one kind in the order of the plan, each on its machine, and stops at the first that ends with
// anything but 0.
func (n *Night) Run(kind string, each func(Step) error) error {
	for _, it := range n.Plan.Items {
		for _, a := range it.Step.Artifacts {
			if a.Kind != kind || a.Ext != "ps1" || it.VerifyOnly && catalog.Builds(a.Kind) {
				continue
			}
			file := render.FileName(it, a)
			m := n.Desk
			if it.Host != nil {
				m = n.Farm.Machines[strings.ToUpper(it.Host.Name)]
			}
			at := folder + `\` + strings.ReplaceAll(file, "/", `\`)
			if !m.Files.Exists(at) {
				continue // the template left the file out
			}
			s := m.Start("admin")
			r, err := s.Run(at, nil)
			if err == nil {
				err = each(Step{path.Clean(file), m.Name, r, s.Console})
			}
			if err != nil {
				return fmt.Errorf("%s on %s: %w", file, m.Name, err)
			}
		}
	}
	return nil
}
