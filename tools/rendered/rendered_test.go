// Package rendered holds the checkers of this module against everything that mbamplan renders: every example, and
// examples under hostile names.
package rendered

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/artifact"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/cfgverify"
	"github.com/mbamplan/mbamplan/tools/contract"
	"github.com/mbamplan/mbamplan/tools/mscheck"
	"github.com/mbamplan/mbamplan/tools/psverify"
	"github.com/mbamplan/mbamplan/tools/sqlverify"
)

// compiled is a farm with its tree.
type compiled struct {
	farm *farm.Farm
	tree *artifact.Tree
}

func build(t testing.TB, name, text string) compiled {
	t.Helper()
	loaded, f, found := compile.Topology(name, []byte(text))
	if f == nil || found.Errors() > 0 {
		t.Fatalf("%s: %+v", loaded.Name, found)
	}
	c, found, err := compile.New(nil)
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	p, err := c.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	key, err := secrets.New(rand.NewChaCha8([32]byte{1}))
	if err != nil {
		t.Fatal(err)
	}
	tree, found, err := c.Tree(p, render.Options{Secrets: key, Topology: name})
	if err != nil || len(found) > 0 {
		t.Fatalf("%s: %v %+v", name, err, found)
	}
	return compiled{f, tree}
}

func exampleText(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func exampleNames(t testing.TB) []string {
	t.Helper()
	list, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(list) == 0 {
		t.Fatal(err, list)
	}
	for i := range list {
		list[i] = filepath.Base(list[i])
	}
	return list
}

// hostsOf returns the servers that a file is for; none for a file bound to no server.
func hostsOf(f *farm.Farm, file artifact.File) []*farm.Host {
	for _, i := range f.Instances {
		if i.Folder() == file.Meta.Server && i.Host().Name != file.Meta.Server {
			return i.Nodes
		}
	}
	for _, h := range f.Hosts {
		if h.Name == file.Meta.Server {
			return []*farm.Host{h}
		}
	}
	return nil
}

func windowsOf(f *farm.Farm, file artifact.File) []string {
	var out []string
	for _, h := range hostsOf(f, file) {
		out = append(out, strings.ReplaceAll(h.Windows, " ", ""))
	}
	if out == nil {
		return []string{"2016", "2019"} // a management computer
	}
	return out
}

func sqlVersionOf(f *farm.Farm, file artifact.File) int {
	for _, i := range f.Instances {
		if i.Folder() == file.Meta.Server {
			return i.Version
		}
	}
	return 0
}

// verify runs every checker that fits over every file of a tree.
func verify(t *testing.T, c compiled) {
	t.Helper()
	var sql []sqlverify.Source
	for _, f := range c.tree.Files() {
		switch path.Ext(f.Path) {
		case ".ps1":
			for _, finding := range powerShell(t, c.farm, f) {
				t.Errorf("%s:%s", f.Path, finding)
			}
		case ".sql":
			sql = append(sql, sqlverify.Source{Name: f.Path, Data: f.Data, Options: sqlverify.Options{Version: sqlVersionOf(c.farm, f)}})
		case ".xml", ".config":
			for _, finding := range append(cfgverify.XML(f.Path, f.Data), cfgverify.MachineKey(f.Path, f.Data, cfgverify.MachineKeyOptions{})...) {
				t.Error(finding)
			}
		case ".md":
			for _, finding := range cfgverify.Markdown(f.Path, f.Data) {
				t.Error(finding)
			}
		case ".html":
			for _, finding := range cfgverify.HTML(f.Path, f.Data) {
				t.Error(finding)
			}
		case ".inf":
			_, findings := cfgverify.INF(f.Path, f.Data)
			for _, finding := range findings {
				t.Error(finding)
			}
		case ".dsh":
			for _, finding := range cfgverify.Diskshadow(f.Path, f.Data) {
				t.Error(finding)
			}
		case ".json":
			for _, finding := range cfgverify.JSON(f.Path, f.Data) {
				t.Error(finding)
			}
		case ".cfg", ".txt":
		default:
			t.Errorf("%s: no checker knows files of this kind", f.Path)
		}
	}
	t.Run("T-SQL", func(t *testing.T) {
		findings, err := sqlverify.CheckFiles(context.Background(), mscheck.Require(t), sql)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range findings {
			t.Error(f)
		}
	})
	t.Run("connection strings", func(t *testing.T) { connectionStrings(t, c) })
	t.Run("HAProxy", func(t *testing.T) {
		program := ""
		for _, f := range c.tree.Files() {
			if path.Ext(f.Path) != ".cfg" {
				continue
			}
			if program == "" {
				program = cfgverify.RequireHAProxy(t)
			}
			findings, err := cfgverify.HAProxy(context.Background(), program, f.Path, f.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, finding := range findings {
				t.Error(finding)
			}
		}
	})
}

func powerShell(t testing.TB, f *farm.Farm, file artifact.File) []psverify.Finding {
	t.Helper()
	parsed := psverify.Parse(file.Data)
	findings := parsed.Findings
	bound, err := binding.Check(parsed, binding.Target{Windows: windowsOf(f, file), Release: f.MBAM.Release})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := contract.Check(parsed, contract.Kind(file.Meta.Kind))
	if err != nil {
		t.Fatal(err)
	}
	return append(append(findings, bound...), kept...)
}

func connectionStrings(t *testing.T, c compiled) {
	t.Helper()
	tool := mscheck.Require(t)
	var list, from []string
	for _, f := range c.tree.Files() {
		if path.Ext(f.Path) != ".ps1" {
			continue
		}
		for _, e := range mscheck.ExtractConnStrings(string(f.Data)) {
			list = append(list, e.Text)
			from = append(from, fmt.Sprintf("%s:%d", f.Path, e.Line))
		}
	}
	if len(list) == 0 {
		t.Error("no connection string was found in any script")
		return
	}
	problems, err := tool.CheckConnStrings(context.Background(), list)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s: %s", from[p.Index], p.Message, p.Input)
	}
}

func TestExamples(t *testing.T) {
	for _, name := range exampleNames(t) {
		t.Run(name, func(t *testing.T) { verify(t, build(t, name, exampleText(t, name))) })
	}
}
