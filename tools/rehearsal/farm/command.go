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
	case "test-path":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			p := c.Text("LiteralPath")
			switch strings.ToLower(c.Text("PathType")) {
			case "leaf":
				return []any{s.Machine.Files.Exists(p)}
			case "container":
				return []any{s.Machine.Files.IsFolder(p)}
			}
			return []any{s.Machine.Files.Exists(p) || s.Machine.Files.IsFolder(p)}
		}}
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
	return s.directoryCommand(name)
}
