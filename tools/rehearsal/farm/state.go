package farm

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Clone copies the farm, so that a run can be tried without consequences.
func (f *Farm) Clone() *Farm {
	out := *f
	out.Directory = f.Directory.clone(&out)
	out.databases, out.balancer, out.policies = f.databases.clone(&out), f.balancer.clone(&out), f.policies.clone(&out)
	out.Cluster = f.Cluster.clone()
	out.fileServers = f.fileServers.clone()
	out.Machines = map[string]*Machine{}
	for name, m := range f.Machines {
		c := *m
		c.farm, c.Files = &out, m.Files.clone()
		c.Files.shares, c.Files.clock = out.fileServers, &out.Clock
		c.Modules = map[string]bool{}
		for k, v := range m.Modules {
			c.Modules[k] = v
		}
		c.system, c.web, c.mbam = m.system.clone(&c), m.web.clone(&c), m.mbam.clone(&c)
		out.Machines[name] = &c
	}
	return &out
}

func (d *Directory) clone(f *Farm) *Directory {
	out := *d
	out.farm, out.Units = f, slices.Clone(d.Units)
	out.entries, out.zone = nil, map[string][]record{}
	for _, e := range d.entries {
		c := *e
		c.SPNs, c.Members, c.full, c.Delegate = slices.Clone(e.SPNs), slices.Clone(e.Members), slices.Clone(e.full), slices.Clone(e.Delegate)
		out.entries = append(out.entries, &c)
	}
	for k, v := range d.zone {
		out.zone[k] = slices.Clone(v)
	}
	return &out
}

func (f *Files) clone() *Files {
	out := newFiles()
	out.Full = f.Full
	for k, v := range f.files {
		out.files[k] = v
	}
	for k, v := range f.folders {
		c := *v
		out.folders[k] = &c
	}
	return out
}

// State lists everything that a script may change, a line each, sorted; files that lie there from outside count as the start. The records and transcripts of our own scripts, below
// C:\ProgramData\mbamplan, are listed by Records.
func (f *Farm) State() string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	d := f.Directory
	for _, e := range d.entries {
		spns, members, full := slices.Clone(e.SPNs), slices.Clone(e.Members), slices.Clone(e.full)
		sort.Strings(spns)
		sort.Strings(members)
		sort.Strings(full)
		add("directory: %s %s, %q, %q, flags %x, upn %s, names %q, members %q, full control %q, delegates to %q", e.Class, e.DN, e.Name, e.Description, e.Flags, e.UPN, spns, members, full, e.Delegate)
	}
	for name, list := range d.zone {
		for _, r := range list {
			add("dns: %s %s %s", name, r.kind, r.data)
		}
	}
	f.databases.state(add)
	f.balancer.state(add)
	f.policies.state(add)
	f.Cluster.state(add)
	f.fileServers.state("(share)", add)
	for _, m := range f.Machines {
		m.system.state(m, add)
		m.web.state(m, add)
		m.mbam.state(m, add)
		m.Files.state(m.Name, add)
		for name := range m.Modules {
			add("module: %s %s", m.Name, name)
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func (f *Files) state(where string, add func(format string, args ...any)) {
	for k, one := range f.files {
		switch {
		case own(k):
		case one.given:
			add("%s", "file: "+where+" "+one.path+" as given")
		default:
			add("file: %s %s %q", where, one.path, one.data)
		}
	}
	for k, one := range f.folders {
		if !own(k) {
			add("folder: %s %s %s %q", where, one.path, one.owner, one.allow)
		}
	}
}

// Records lists what our own scripts left on the machines, with its contents.
func (f *Farm) Records() string {
	var lines []string
	for _, m := range f.Machines {
		for k, one := range m.Files.files {
			if own(k) {
				lines = append(lines, m.Name+" "+one.path+"\n"+string(one.data))
			}
		}
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// own reports whether a file, by its key, is a record of our scripts.
func own(key string) bool { return strings.HasPrefix(key, `c:\programdata\mbamplan`) }
