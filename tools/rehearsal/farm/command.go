package farm

import (
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// Command implements pwsh.Host.
func (s *Session) Command(name string) (*pwsh.Command, bool) {
	c := s.command(strings.ToLower(name))
	if c == nil {
		return nil, false
	}
	c.Name = name
	if s.Deaf != nil && s.Deaf(name) {
		c.Run = func(c *pwsh.Call) []any {
			for name := range c.Args {
				c.Moot(name)
			}
			return nil
		}
	}
	return c, true
}

func (s *Session) command(name string) *pwsh.Command {
	switch name {
	case "get-acl":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "LiteralPath")
			f := s.Machine.Files.folders[key(c.Text("LiteralPath"))]
			if f == nil {
				pwsh.ThrowID("System.Management.Automation.ItemNotFoundException", "GetAcl_PathNotFound", "Cannot find path '%s' because it does not exist.", c.Text("LiteralPath"))
			}
			return []any{&security{f.owner, f.allow}}
		}}
	case "test-path", "get-item", "get-childitem", "get-itemproperty", "set-itemproperty", "new-itemproperty", "remove-itemproperty", "new-item", "set-item", "remove-item", "copy-item":
		return &pwsh.Command{Positional: []string{"Path", "Value"}, Switches: []string{"Force", "Recurse", "DeleteKey"}, Run: func(c *pwsh.Call) []any { return s.items(name, c) }}
	case "get-module":
		return &pwsh.Command{Switches: []string{"ListAvailable"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "ListAvailable")
			if !c.Switch("ListAvailable") {
				pwsh.Unknown("Get-Module of what is loaded")
			}
			if s.Machine.Modules[strings.ToLower(c.Text("Name"))] {
				return []any{pwsh.NewObject("Name", c.Text("Name"))}
			}
			return nil
		}}
	case "push-location", "pop-location": // nothing of ours rests on the current folder
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c)
			return nil
		}}
	case "import-module":
		return &pwsh.Command{Positional: []string{"Name"}, Switches: []string{"DisableNameChecking"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "DisableNameChecking", "Force")
			c.Moot("DisableNameChecking", "Force")
			if !s.Machine.Modules[strings.ToLower(c.Text("Name"))] {
				pwsh.ThrowID("System.IO.FileNotFoundException", "Modules_ModuleNotFound", "The specified module '%s' was not loaded because no valid module file was found in any module directory.", c.Text("Name"))
			}
			return nil
		}}
	}
	for _, a := range areas() {
		if a.command == nil {
			continue
		}
		if c := a.command(s, name); c != nil {
			return c
		}
	}
	return s.directoryCommand(name)
}

// items does what a command with a path does: on a drive of an area, or on files.
func (s *Session) items(command string, c *pwsh.Call) []any {
	paths := c.List("LiteralPath")
	if len(paths) == 0 {
		paths = c.List("Path")
	}
	if len(paths) != 1 {
		var out []any
		for _, p := range paths {
			one := *c
			one.Args = copied(c.Args)
			delete(one.Args, "path")
			one.Args["literalpath"] = p
			out = append(out, s.items(command, &one)...)
		}
		return out
	}
	p := paths[0]
	if strings.EqualFold(p, `Variable:\PSSenderInfo`) && command == "test-path" {
		return []any{false} // set in a remote session alone, and nobody is in one here
	}
	if i := strings.IndexByte(p, ':'); i > 1 { // a drive of one letter is a file system
		for _, a := range areas() {
			if a.items == nil {
				continue
			}
			if out, ok := a.items(s, command, p, c); ok {
				return out
			}
		}
		if command == "test-path" {
			return []any{false} // no area has put anything there
		}
		pwsh.Unknown("%s of %s", command, p)
	}
	return s.fileItems(command, p, c)
}

// fileItems does what the commands with a path do on files and folders.
func (s *Session) fileItems(command, p string, c *pwsh.Call) []any {
	f := s.Machine.Files
	there := f.Exists(p) || f.IsFolder(p)
	if command != "test-path" && !there {
		pwsh.ThrowID("System.Management.Automation.ItemNotFoundException", "PathNotFound,"+c.Name, "Cannot find path '%s' because it does not exist.", p)
	}
	switch command {
	case "test-path":
		takes(c, "LiteralPath", "Path", "PathType")
		switch strings.ToLower(c.Text("PathType")) {
		case "leaf":
			return []any{f.Exists(p)}
		case "container":
			return []any{f.IsFolder(p)}
		}
		return []any{there}
	case "get-item":
		takes(c, "LiteralPath", "Path")
		return []any{f.item(p)}
	case "get-childitem":
		takes(c, "LiteralPath", "Path", "Recurse", "Filter")
		list := f.children(p)
		if c.Switch("Recurse") {
			list = f.Below(p) // files alone: the folders between them are no part of what our scripts look for
		}
		var out []any
		for _, child := range list {
			if !c.Has("Filter") || matches(c.Text("Filter"), leaf(child)) {
				out = append(out, f.item(child))
			}
		}
		return out
	case "copy-item":
		takes(c, "LiteralPath", "Path", "Destination", "Recurse", "Force")
		needs(c, "Destination")
		if !c.WhatIf {
			f.copy(p, c.Text("Destination"), c.Switch("Recurse"))
		}
		return nil
	case "remove-item":
		takes(c, "LiteralPath", "Path", "Recurse", "Force")
		if f.IsFolder(p) && len(f.children(p)) > 0 && !c.Switch("Recurse") {
			pwsh.Unknown("Remove-Item of a folder that is not empty without -Recurse, which asks") // nobody answers in a script
		}
		if !c.WhatIf {
			f.Remove(p)
			f.RemoveFolder(p)
		}
		return nil
	}
	pwsh.Unknown("%s of %s", command, p)
	return nil
}

// item is a FileInfo or a DirectoryInfo.
func (f *Files) item(p string) *pwsh.Object {
	at := f.on(p)
	if one := at.files[key(p)]; one != nil {
		return pwsh.NewObject("Name", leaf(one.path), "FullName", one.path, "Length", int64(len(one.data)), "PSIsContainer", false)
	}
	full := strings.TrimRight(p, `\`)
	if one := at.folders[key(p)]; one != nil {
		full = one.path
	}
	return pwsh.NewObject("Name", leaf(full), "FullName", full, "PSIsContainer", true)
}

func leaf(p string) string { return p[strings.LastIndexByte(p, '\\')+1:] }

// children are the files and folders directly in a folder, sorted.
func (f *Files) children(p string) []string {
	var out []string
	at := f.on(p)
	direct := func(k string) bool {
		rest, ok := strings.CutPrefix(k, key(p)+`\`)
		return ok && !strings.Contains(rest, `\`)
	}
	for k, one := range at.files {
		if direct(k) {
			out = append(out, one.path)
		}
	}
	for k, one := range at.folders {
		if direct(k) {
			out = append(out, one.path)
		}
	}
	sort.Strings(out)
	return out
}

// copy copies a file, or a folder with what is in it; into a folder when the target is one.
func (f *Files) copy(from, to string, recurse bool) {
	if f.Full {
		pwsh.Throw("System.IO.IOException", "There is not enough space on the disk.")
	}
	if f.IsFolder(to) {
		to += `\` + leaf(strings.TrimRight(from, `\`))
	}
	if data, ok := f.Read(from); ok {
		f.write(to, data)
		return
	}
	f.folder(to, "S-1-5-32-544", nil)
	if !recurse {
		return
	}
	for _, child := range f.Below(from) {
		data, _ := f.Read(child)
		f.write(to+child[len(strings.TrimRight(from, `\`)):], data)
	}
}
