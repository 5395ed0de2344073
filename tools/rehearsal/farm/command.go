package farm

import (
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
		c.Run = func(*pwsh.Call) []any { return nil }
	}
	return c, true
}

func (s *Session) command(name string) *pwsh.Command {
	switch name {
	case "get-acl":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			f := s.Machine.Files.folders[key(c.Text("LiteralPath"))]
			if f == nil {
				pwsh.ThrowID("System.Management.Automation.ItemNotFoundException", "GetAcl_PathNotFound", "Cannot find path '%s' because it does not exist.", c.Text("LiteralPath"))
			}
			return []any{&security{f.owner, f.allow}}
		}}
	case "test-path", "get-item", "get-childitem", "get-itemproperty", "set-itemproperty", "new-itemproperty", "remove-itemproperty", "new-item", "set-item", "remove-item":
		return &pwsh.Command{Positional: []string{"Path", "Value"}, Switches: []string{"Force", "Recurse"}, Run: func(c *pwsh.Call) []any { return s.items(name, c) }}
	case "get-module":
		return &pwsh.Command{Switches: []string{"ListAvailable"}, Run: func(c *pwsh.Call) []any {
			if s.Machine.Modules[strings.ToLower(c.Text("Name"))] {
				return []any{pwsh.NewObject("Name", c.Text("Name"))}
			}
			return nil
		}}
	case "import-module":
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
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
	p := c.Text("LiteralPath")
	if p == "" {
		p = c.Text("Path")
	}
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

func (s *Session) fileItems(command, p string, c *pwsh.Call) []any {
	if command != "test-path" {
		pwsh.Unknown("%s of %s", command, p)
	}
	switch strings.ToLower(c.Text("PathType")) {
	case "leaf":
		return []any{s.Machine.Files.Exists(p)}
	case "container":
		return []any{s.Machine.Files.IsFolder(p)}
	}
	return []any{s.Machine.Files.Exists(p) || s.Machine.Files.IsFolder(p)}
}
