package rehearsal

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/plan"
)

// webSteps are the steps of this test: databases and features of MBAM, IIS, and what proves them.
var webSteps = []string{
	"database/create-databases", "reports/enable-reports", "web/ready-gate", "web/enable-web-applications", "web/request-filtering", "web/kernel-authentication",
	"web/machine-key", "web/node-check", "directory/kerberos-test", "web/event-proof", "web/remove-secrets", "web/connection-strings", "web/release-host-name",
	"web/take-host-name", "web/failover-partner", "reports/failover-partner", "reports/data-source",
}

// steps keeps the scripts of some steps.
func steps(scripts []Script, ids ...string) []Script {
	return slices.DeleteFunc(slices.Clone(scripts), func(s Script) bool { return !slices.Contains(ids, s.Item.Step.ID) })
}

// inOrder are the scripts of some kinds in the order of the plan, those of one item in the order of the kinds.
func inOrder(n *Night, kinds ...string) []Script {
	byItem := map[string][]Script{}
	for _, kind := range kinds {
		for _, s := range n.Scripts(kind) {
			k := fmt.Sprintf("%p", s.Item)
			byItem[k] = append(byItem[k], s)
		}
	}
	var out []Script
	for _, it := range n.Plan.Items {
		out = append(out, byItem[fmt.Sprintf("%p", it)]...)
	}
	return out
}

// way runs the scripts of a night in the order of the plan up to the web steps and between them: those that are no web steps only forward.
// A restart that a script declares is made.
func way(t *testing.T, n *Night, each func(Script)) {
	t.Helper()
	for _, w := range n.Planned.Webs {
		if w.Balancer.NLB() {
			n.Farm.Balance(w.Balancer.Address.String(), names(w)...)
		}
	}
	byItem := map[*plan.Item][]Script{}
	for _, kind := range []string{"install", "verify"} {
		for _, s := range n.Files(kind) {
			byItem[s.Item] = append(byItem[s.Item], s)
		}
	}
	for _, it := range n.Plan.Items {
		for _, s := range byItem[it] {
			if slices.Contains(webSteps, it.Step.ID) {
				each(s)
				continue
			}
			if s.Kind != "install" || strings.HasPrefix(it.Step.ID, "clients/") || strings.HasPrefix(it.Step.ID, "backup/") || strings.HasPrefix(it.Step.ID, "balancer/") {
				continue
			}
			r, err := n.Run(s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.ExitCode != 0 && r.ExitCode != 3010 {
				t.Fatalf("%s ended with %d:\n%s", s.Path, r.ExitCode, r.Text())
			}
			restarted(n)
		}
	}
}

// leaks are the places that show a secret that is not theirs: consoles, transcripts, results, histories and command lines. The machine key
// may stand in the file that carries it, in web.config and in the kept copies of it.
func leaks(n *Night, runs ...Run) []string {
	secret := map[string]string{"validationKey": n.Keys.MachineKey.ValidationKey, "decryptionKey": n.Keys.MachineKey.DecryptionKey, "compare key": n.Keys.CompareKey}
	for _, r := range runs {
		for _, p := range r.Session.Typed {
			secret["password "+p[:min(4, len(p))]] = p
		}
	}
	var out []string
	look := func(where, text string) {
		for name, s := range secret {
			if s != "" && strings.Contains(strings.ToLower(text), strings.ToLower(s)) {
				out = append(out, where+": "+name)
			}
		}
	}
	for _, r := range runs {
		look("console of "+r.Path, r.Text())
		look("programs of "+r.Path, strings.Join(r.Session.Programs, "\n"))
	}
	for _, m := range n.Farm.Machines {
		for _, p := range m.Files.List() {
			low := strings.ToLower(p)
			if strings.HasPrefix(low, `c:\programdata\mbamplan\`) && !strings.HasPrefix(low, `c:\programdata\mbamplan\backup\web.config.`) {
				data, _ := m.Files.Read(p)
				look(m.Name+" "+p, string(data))
			}
		}
	}
	slices.Sort(out)
	return out
}

func forwardAndBack(t *testing.T, example string) {
	n := night(t, example)
	net := change{}
	var runs []Run
	way(t, n, func(s Script) {
		ahead := n.Farm.State()
		if s.Kind == "install" {
			runs = append(runs, all(t, n, []Script{s}, Options{WhatIf: true}, 0)...)
			if n.Farm.State() != ahead {
				t.Errorf("%s -WhatIf changed something", s.Path)
			}
		}
		runs = append(runs, all(t, n, []Script{s}, Options{}, 0)...)
		if s.Kind == "install" {
			net.add(ahead, n.Farm.State())
		} else if s.Item.Step.ID != "directory/kerberos-test" && n.Farm.State() != ahead {
			t.Errorf("%s changed something:\n%s", s.Path, diff(ahead, n.Farm.State()))
		}
	})
	if got := leaks(n, runs...); got != nil {
		t.Errorf("secrets in %q", got)
	}
	done := n.Farm.State()
	// The keys were deleted, so the step that sets them cannot run again; all others find their work done.
	for _, s := range steps(n.Scripts("install"), webSteps...) {
		if s.Item.Step.ID == "web/machine-key" {
			all(t, n, []Script{s}, Options{}, 2)
			continue
		}
		all(t, n, []Script{s}, Options{}, 0)
	}
	if got := n.Farm.State(); got != done {
		t.Errorf("a second run changed something:\n%s", diff(done, got))
	}
	for _, s := range reversed(steps(n.Scripts("rollback"), webSteps...)) {
		ahead := n.Farm.State()
		all(t, n, []Script{s}, Options{WhatIf: true}, 0)
		if got := n.Farm.State(); got != ahead {
			t.Errorf("%s -WhatIf changed something:\n%s", s.Path, diff(ahead, got))
		}
		runs = append(runs, all(t, n, []Script{s}, Options{}, 0)...)
		net.add(ahead, n.Farm.State())
	}
	if got := unannounced(net.String()); got != "" {
		t.Errorf("the way back ends elsewhere:\n%s", got)
	}
	copySecrets(n)
	for _, s := range steps(inOrder(n, "install", "verify"), webSteps...) {
		runs = append(runs, all(t, n, []Script{s}, Options{}, 0)...)
	}
	if got := leaks(n, runs...); got != nil {
		t.Errorf("secrets in %q", got)
	}
}

// A change is how often a line of a state came, less how often it went.
type change map[string]int

func (c change) add(a, b string) {
	for _, l := range strings.Split(a, "\n") {
		c[l]--
	}
	for _, l := range strings.Split(b, "\n") {
		c[l]++
	}
}

func (c change) String() string {
	var out []string
	for l, count := range c {
		if count != 0 {
			out = append(out, map[bool]string{true: "+ ", false: "- "}[count > 0]+l)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// unannounced are the differences that no step announces: the databases stay, and the files with keys are deleted for good.
func unannounced(changes string) string {
	var out []string
	for _, l := range strings.Split(changes, "\n") {
		key := strings.HasPrefix(l, "- file: ") && (strings.Contains(l, ".machineKey.config as given") || strings.Contains(l, ".compareKey.txt as given"))
		if l != "" && !key && !strings.HasPrefix(l, "+ sql ") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// copySecrets lays the files with keys onto the nodes again, as a person does ahead of a second try.
func copySecrets(n *Night) {
	for _, file := range n.Tree.Files() {
		if m := n.Farm.Machines[strings.ToUpper(file.Meta.Server)]; m != nil && (strings.HasSuffix(file.Path, ".machineKey.config") || strings.HasSuffix(file.Path, ".compareKey.txt")) {
			m.Files.Put(folder+`\`+strings.ReplaceAll(file.Path, "/", `\`), file.Data)
		}
	}
}

// diff are the lines that only one of two states has.
func diff(a, b string) string {
	c := change{}
	c.add(a, b)
	return c.String()
}

// The web steps of every example: forward, proven, again, back.
func TestWebOfEveryExample(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 12 {
		t.Fatal(err, files)
	}
	for _, file := range files {
		if strings.HasPrefix(filepath.Base(file), "mbam20") {
			continue // has none of these steps: its set-up installs everything, and runs in TestNights
		}
		t.Run(filepath.Base(file), func(t *testing.T) { forwardAndBack(t, filepath.Base(file)) })
	}
}
