package farm

import (
	"slices"
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
	case "get-addomaincontroller":
		return &pwsh.Command{Switches: []string{"Discover", "Writable"}, Run: func(*pwsh.Call) []any {
			return []any{pwsh.NewObject("HostName", pwsh.Strings([]string{s.directory().Server}))}
		}}
	case "get-adobject":
		return &pwsh.Command{Positional: []string{"Filter"}, Run: s.getADObject}
	}
	return nil
}

// getADObject answers the searches by one attribute that our scripts make. A search of the global catalog needs an empty
// search base, and finds no more than the domain here, which is the forest's only one.
func (s *Session) getADObject(c *pwsh.Call) []any {
	server := c.Text("Server")
	if host, port, ok := strings.Cut(server, ":"); !strings.EqualFold(host, s.directory().Server) || ok && port != "3268" {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADServerDownException", "ActiveDirectoryServer:0", "Unable to contact the server %s.", server)
	}
	attribute, value, ok := strings.Cut(strings.Trim(c.Text("LDAPFilter"), "()"), "=")
	if !ok {
		pwsh.Throw("rehearsal", "the search %s is not known", c.Text("LDAPFilter"))
	}
	value = strings.NewReplacer(`\5c`, `\`, `\2a`, "*", `\28`, "(", `\29`, ")").Replace(value)
	fits := map[string]func(*Entry) bool{
		"samaccountname": func(e *Entry) bool { return strings.EqualFold(e.Name, value) },
		"serviceprincipalname": func(e *Entry) bool {
			return slices.ContainsFunc(e.SPNs, func(x string) bool { return strings.EqualFold(x, value) })
		},
	}[strings.ToLower(attribute)]
	if fits == nil {
		pwsh.Throw("rehearsal", "the search by %s is not known", attribute)
	}
	var out []any
	for _, e := range s.directory().entries {
		if !fits(e) {
			continue
		}
		o := pwsh.NewObject("DistinguishedName", e.DN, "Name", strings.TrimSuffix(e.Name, "$"), "ObjectClass", e.Class, "ObjectGUID", e.SID[strings.LastIndexByte(e.SID, '-')+1:])
		for _, p := range c.List("Properties") {
			switch strings.ToLower(p) {
			case "serviceprincipalname":
				o.Set(p, pwsh.Strings(e.SPNs))
			case "objectsid":
				o.Set(p, sid(e.SID))
			case "userprincipalname":
				o.Set(p, e.UPN)
			case "useraccountcontrol":
				o.Set(p, int64(512))
			case "grouptype":
				if e.Class == "group" {
					o.Set(p, int64(-2147483646))
				} else {
					o.Set(p, nil)
				}
			case "member":
				o.Set(p, pwsh.Strings(e.Members))
			case "description":
				o.Set(p, nil)
			}
		}
		out = append(out, o)
	}
	return out
}
