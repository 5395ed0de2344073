package rehearsal

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/plan"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A moment of the night at which a script is due: before its own install, or behind all of them.
type due struct {
	Script
	night *Night // ahead of the script; to be copied
	start *Night // ahead of the install of the same step
	done  *Night // behind a run of the script
}

// promised are the scripts whose promises are put to the test, each at the moment when it is due: install in the order of the plan, verify
// behind that, rollback in reverse order.
func promised(t *testing.T, n *Night) []due {
	t.Helper()
	var out []due
	starts := map[string]*Night{}
	for _, s := range before(n.Scripts("install")) {
		d := due{Script: s, night: n.Clone()}
		starts[s.Item.Step.ID] = d.night
		all(t, n, []Script{s}, Options{}, 0)
		d.start, d.done = d.night, n.Clone()
		out = append(out, d)
	}
	for _, s := range before(n.Scripts("verify")) {
		out = append(out, due{Script: s, night: n.Clone(), start: n.Clone(), done: n.Clone()})
	}
	for _, s := range reversed(before(n.Scripts("rollback"))) {
		d := due{Script: s, night: n.Clone(), start: starts[s.Item.Step.ID]}
		all(t, n, []Script{s}, Options{}, 0)
		d.done = n.Clone()
		out = append(out, d)
	}
	return out
}

// each runs a test for every script, under its path without slashes; of another example than the base one, for those of steps that the base
// one does not have.
func each(t *testing.T, example string, test func(t *testing.T, d due)) {
	t.Helper()
	list := promised(t, night(t, example))
	if example != directoryExample {
		known := night(t, directoryExample).Plan.Items
		list = slices.DeleteFunc(list, func(d due) bool {
			return slices.ContainsFunc(known, func(it *plan.Item) bool { return it.Step.ID == d.Item.Step.ID })
		})
	}
	if len(list) < 3 {
		t.Fatalf("%d scripts", len(list))
	}
	for _, d := range list {
		t.Run(strings.ReplaceAll(d.Path, "/", "."), func(t *testing.T) { test(t, d) })
	}
}

// lays a file of our own records.
func lays(name, text string) func(n *Night, m *farm.Machine) {
	return func(_ *Night, m *farm.Machine) { m.Files.Put(records+name, []byte(text)) }
}

var modules = regexp.MustCompile(`Import-StepModule -Name (\S+)`)

// TestRefusals: every script refuses the wrong place, missing rights, a folder of records that is not to be trusted, records that cannot be
// read, and a missing module, before it changes anything.
func TestRefusals(t *testing.T) {
	each(t, directoryExample, func(t *testing.T, d due) {
		name := d.night.about(d.Script).Result
		install := strings.TrimSuffix(name, "rollback") + "install"
		text, _ := d.night.Machine(d.Script).Files.Read(folder + `\` + strings.ReplaceAll(d.Path, "/", `\`))
		type spoil func(n *Night, m *farm.Machine)
		type refusal struct {
			what  string
			spoil spoil
			o     Options
			code  int
			says  string
		}
		untrusted := func(owner string, link bool, allow ...string) spoil {
			return func(_ *Night, m *farm.Machine) {
				m.Files.Trust(strings.TrimSuffix(records, `\`), owner, link, allow...)
			}
		}
		list := []refusal{
			{"elsewhere", nil, Options{Machine: &farm.Machine{}}, 2, "Run this script on"},
			{"not elevated", nil, Options{Session: func(s *farm.Session) { s.Elevated = false }}, 2, `Start Windows PowerShell with "Run as administrator"`},
			{"32 bits", nil, Options{Session: func(s *farm.Session) { s.Wow64 = true }}, 2, "Start the 64-bit Windows PowerShell"},
			{"records of somebody", untrusted("S-1-5-21-1-2-3-1104", false, "S-1-5-32-544", "S-1-5-18"), Options{}, 2, "cannot be trusted with records"},
			{"records open to users", untrusted("S-1-5-32-544", false, "S-1-5-32-544", "S-1-5-18", "S-1-5-32-545"), Options{}, 2, "cannot be trusted with records"},
			{"records behind a link", untrusted("S-1-5-32-544", true, "S-1-5-32-544", "S-1-5-18"), Options{}, 2, "cannot be trusted with records"},
			{"no room", func(_ *Night, m *farm.Machine) { m.Files.Full = true }, Options{}, 1, "not enough space"},
		}
		if d.Kind != "verify" {
			list = append(list, refusal{"an earlier record that is cut off", lays(name+".result.json", `{"schema": 1,`), Options{}, 2, "The record of an earlier run cannot be read"})
		}
		for _, m := range modules.FindAllStringSubmatch(string(text), -1) {
			list = append(list, refusal{"no module " + m[1], func(_ *Night, on *farm.Machine) { delete(on.Modules, strings.ToLower(m[1])) }, Options{}, 2, "The PowerShell module " + m[1] + " is missing"})
		}
		if strings.Contains(string(text), "Get-InstallChange") {
			step := d.Item.Step.ID
			list = append(list,
				refusal{"no record of the install", func(_ *Night, m *farm.Machine) { m.Files.Remove(records + install + ".result.json") }, Options{}, 2, "There is no record of the install"},
				refusal{"a record of the install that is cut off", lays(install+".result.json", `{"schema": 1,`), Options{}, 2, "The record of the install cannot be read"},
				refusal{"an empty record", lays(install+".result.json", `null`), Options{}, 2, "is not the record of an install of " + step},
				refusal{"a record without a step", lays(install+".result.json", `{"changed": []}`), Options{}, 2, "is not the record of an install of " + step},
				refusal{"a record of another step", lays(install+".result.json", `{"step": "web/other", "changed": []}`), Options{}, 2, "is not the record of an install of " + step},
				refusal{"a record without changes", lays(install+".result.json", `{"step": "`+step+`"}`), Options{}, 2, "is not the record of an install of " + step},
			)
		}
		for _, r := range list {
			n := d.night.Clone()
			m := n.Machine(d.Script)
			if r.o.Machine != nil {
				r.o.Machine = n.Farm.Machines["WEB1"]
				for k := range m.Modules {
					r.o.Machine.Modules[k] = true
				}
				r.o.Machine.Files.Put(folder+`\`+strings.ReplaceAll(d.Path, "/", `\`), text)
			}
			if r.spoil != nil {
				r.spoil(n, m)
			}
			start := n.Farm.State()
			run, err := n.Run(d.Script, r.o)
			if err != nil {
				t.Fatalf("%s: %v", r.what, err)
			}
			if run.ExitCode != r.code || !strings.Contains(run.Text(), "FAILED ("+string(rune('0'+r.code))+"): ") || !strings.Contains(run.Text(), r.says) {
				t.Errorf("%s: ended with %d, wanted %d and %q:\n%s", r.what, run.ExitCode, r.code, r.says, run.Text())
			}
			if got := n.Farm.State(); got != start {
				t.Errorf("%s: something was changed:\n%s", r.what, unlike(start, got))
			}
		}
	})
}

// TestFaults lets each command and call of a script fail once, as a network does. The script ends with an error or copes; run again, it ends
// where it ends without a fault; and what it did is taken back.
func TestFaults(t *testing.T) {
	for _, example := range []string{directoryExample, "rtm-2012.yaml"} {
		t.Run(example, func(t *testing.T) { each(t, example, faults) })
	}
}

func faults(t *testing.T, d due) {
	done := d.done.Farm.State()
	for at := 1; ; at++ {
		n := d.night.Clone()
		count, where := 0, ""
		r, err := n.Run(d.Script, Options{Session: func(s *farm.Session) {
			s.Before = func(what string) {
				if count++; count == at {
					where = what
					pwsh.Throw("System.InvalidOperationException", "The fault of the rehearsal.")
				}
			}
		}})
		if err != nil {
			t.Fatalf("fault at %s, place %d: %v", where, at, err)
		}
		if where == "" {
			return
		}
		if r.ExitCode == 0 && (strings.Contains(r.Text(), "The fault of the rehearsal.") || n.Farm.State() != done) {
			t.Errorf("fault at %s, place %d: the script ended with 0, somewhere else:\n%s", where, at, r.Text())
		}
		again, err := n.Run(d.Script, Options{})
		// A rollback that failed behind its last act has set the install's record aside already.
		over := d.Kind == "rollback" && again.ExitCode == 2 && strings.Contains(again.Text(), "There is no record of the install")
		if err != nil || again.ExitCode != 0 && !over {
			t.Fatalf("fault at %s, place %d: the script run again ended with %d %v\n%s", where, at, again.ExitCode, err, again.Text())
		}
		if n.Farm.State() != done {
			t.Fatalf("fault at %s, place %d: the script run again ends elsewhere:\n%s", where, at, unlike(done, n.Farm.State()))
		}
		if d.Kind != "install" {
			continue
		}
		back := slices.IndexFunc(n.Scripts("rollback"), func(s Script) bool { return s.Item == d.Item })
		if r, err := n.Run(n.Scripts("rollback")[back], Options{}); err != nil || r.ExitCode != 0 || n.Farm.State() != d.start.Farm.State() {
			t.Fatalf("fault at %s, place %d: the way back ends with %d %v, elsewhere:\n%s", where, at, r.ExitCode, err, r.Text())
		}
	}
}

// changing are names of commands and programs that change something.
var changing = regexp.MustCompile(`(?i)^((Set|Add|New|Remove|Enable|Disable|Install|Uninstall|Start|Stop|Restart|Rename|Move|Clear|Grant|Register|Unregister)-|CommitChanges$)|\.exe$`)

// TestDeaf lets commands that change something say that they did and do nothing. A script that reads back what it did cannot end with 0.
func TestDeaf(t *testing.T) {
	for _, example := range []string{directoryExample, "rtm-2012.yaml"} {
		t.Run(example, func(t *testing.T) {
			each(t, example, func(t *testing.T, d due) {
				var names []string
				n := d.night.Clone()
				_, err := n.Run(d.Script, Options{Session: func(s *farm.Session) {
					s.Deaf = func(name string) bool {
						if changing.MatchString(name) && !slices.Contains(names, name) {
							names = append(names, name)
						}
						return false
					}
				}})
				if err != nil {
					t.Fatal(err)
				}
				if (d.Kind == "verify") != (len(names) == 0) {
					t.Errorf("a %s script calls %q", d.Kind, names)
				}
				for _, name := range names {
					n := d.night.Clone()
					r, err := n.Run(d.Script, Options{Session: func(s *farm.Session) {
						s.Deaf = func(what string) bool { return what == name }
					}})
					if err != nil {
						t.Fatal(err)
					}
					if r.ExitCode == 0 {
						t.Errorf("%s did nothing, and the script ended with 0:\n%s", path.Base(name), r.Text())
					}
					again, err := n.Run(d.Script, Options{})
					if err != nil || again.ExitCode != 0 || n.Farm.State() != d.done.Farm.State() {
						t.Errorf("%s did nothing; the script run again ends with %d %v, or elsewhere:\n%s", path.Base(name), again.ExitCode, err, again.Text())
					}
				}
			})
		})
	}
}
