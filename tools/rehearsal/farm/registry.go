package farm

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// registryKey is a key below HKEY_LOCAL_MACHINE.
type registryKey struct {
	path   string // "HKLM:\SOFTWARE\…"
	values []registryValue
}

type registryValue struct {
	name string
	data any // string, int64
}

func (v registryValue) String() string { return fmt.Sprintf("%s=%v", v.name, v.data) }

func (k *registryKey) value(name string) (any, bool) {
	for _, v := range k.values {
		if strings.EqualFold(v.name, name) {
			return v.data, true
		}
	}
	return nil, false
}

func registryPath(path string) string { return strings.TrimRight(path, `\`) }

// SetRegistry writes a value, text or int64, and makes the key with all above it. Without a name it makes the key only.
func (m *Machine) SetRegistry(path, name string, data any) {
	path = registryPath(path)
	for at := path; strings.Contains(at, `\`); at = parent(at) {
		if m.system.registry[strings.ToLower(at)] == nil {
			m.system.registry[strings.ToLower(at)] = &registryKey{path: at}
		}
	}
	if name == "" {
		return
	}
	k := m.system.registry[strings.ToLower(path)]
	for i, v := range k.values {
		if strings.EqualFold(v.name, name) {
			k.values[i].data = data
			return
		}
	}
	k.values = append(k.values, registryValue{name, data})
}

// Registry reads a value.
func (m *Machine) Registry(path, name string) (any, bool) {
	k := m.system.registry[strings.ToLower(registryPath(path))]
	if k == nil {
		return nil, false
	}
	return k.value(name)
}

// CopyRegistry copies a key with all below it from another machine.
func (m *Machine) CopyRegistry(from *Machine, path string) {
	at := strings.ToLower(registryPath(path))
	for k, v := range from.system.registry {
		if k == at || strings.HasPrefix(k, at+`\`) {
			m.SetRegistry(v.path, "", nil)
			m.system.registry[k].values = slices.Clone(v.values)
		}
	}
}

// RemoveRegistry takes a value away, or a key with all below it when the name is empty.
func (m *Machine) RemoveRegistry(path, name string) {
	at := strings.ToLower(registryPath(path))
	if name == "" {
		for k := range m.system.registry {
			if k == at || strings.HasPrefix(k, at+`\`) {
				delete(m.system.registry, k)
			}
		}
		return
	}
	if k := m.system.registry[at]; k != nil {
		kept := k.values[:0:0]
		for _, v := range k.values {
			if !strings.EqualFold(v.name, name) {
				kept = append(kept, v)
			}
		}
		k.values = kept
	}
}

// registryItem is a RegistryKey.
func registryItem(k *registryKey) *thing {
	leaf := k.path[strings.LastIndexByte(k.path, '\\')+1:]
	return &thing{
		typ:   "Microsoft.Win32.RegistryKey",
		props: map[string]any{"name": "HKEY_LOCAL_MACHINE" + k.path[len("HKLM:"):], "pschildname": leaf, "pspath": `Microsoft.PowerShell.Core\Registry::HKEY_LOCAL_MACHINE` + k.path[len("HKLM:"):]},
		methods: map[string]func([]any) any{
			"getvalue": func(args []any) any {
				if v, ok := k.value(str(args, 0)); ok {
					return v
				}
				if len(args) > 1 {
					return args[1]
				}
				return nil
			},
			"getvaluenames": func([]any) any {
				var names []string
				for _, v := range k.values {
					names = append(names, v.name)
				}
				return pwsh.Strings(names)
			},
		},
	}
}

// registryItems does what the commands with a path do on HKLM:.
func (s *Session) registryItems(command, path string, c *pwsh.Call) []any {
	m := s.Machine
	path = registryPath(path)
	k := m.system.registry[strings.ToLower(path)]
	if command == "test-path" {
		takes(c, "LiteralPath", "Path", "PathType")
		return []any{k != nil}
	}
	missing := func() {
		pwsh.ThrowID("System.Management.Automation.ItemNotFoundException", "PathNotFound,"+c.Name, "Cannot find path '%s' because it does not exist.", path)
	}
	if k == nil && command != "new-item" {
		missing()
	}
	switch command {
	case "get-item":
		takes(c, "LiteralPath", "Path")
		return []any{registryItem(k)}
	case "get-childitem":
		takes(c, "LiteralPath", "Path")
		var names []string
		for name := range m.system.registry {
			if rest, ok := strings.CutPrefix(name, strings.ToLower(path)+`\`); ok && !strings.Contains(rest, `\`) {
				names = append(names, name)
			}
		}
		sort.Strings(names)
		var out []any
		for _, n := range names {
			out = append(out, registryItem(m.system.registry[n]))
		}
		return out
	case "get-itemproperty":
		takes(c, "LiteralPath", "Path", "Name")
		o := pwsh.NewObject()
		for _, v := range k.values {
			if !c.Has("Name") || strings.EqualFold(c.Text("Name"), v.name) {
				o.Set(v.name, v.data)
			}
		}
		if c.Has("Name") && len(o.Names()) == 0 {
			pwsh.ThrowID("System.Management.Automation.PSArgumentException", "System.Management.Automation.PSArgumentException,Microsoft.PowerShell.Commands.GetItemPropertyCommand", "Property %s does not exist at path %s.", c.Text("Name"), path)
		}
		return []any{o}
	case "set-itemproperty", "new-itemproperty":
		takes(c, "LiteralPath", "Path", "Name", "Value", "Type", "PropertyType", "Force")
		needs(c, "Name", "Value")
		s.elevated()
		if !c.WhatIf {
			m.SetRegistry(path, c.Text("Name"), c.Value("Value"))
		}
		return nil
	case "remove-itemproperty":
		takes(c, "LiteralPath", "Path", "Name")
		needs(c, "Name")
		s.elevated()
		if !c.WhatIf {
			m.RemoveRegistry(path, c.Text("Name"))
		}
		return nil
	case "new-item":
		takes(c, "Path", "Force", "ItemType")
		s.elevated()
		if k != nil && !c.Switch("Force") {
			pwsh.ThrowID("System.IO.IOException", "System.IO.IOException,Microsoft.PowerShell.Commands.NewItemCommand", "A key in this path already exists.")
		}
		if c.WhatIf {
			return nil
		}
		m.SetRegistry(path, "", nil)
		return []any{registryItem(m.system.registry[strings.ToLower(path)])}
	case "remove-item":
		takes(c, "LiteralPath", "Path", "Recurse", "Force")
		s.elevated()
		if !c.WhatIf {
			m.RemoveRegistry(path, "")
		}
		return nil
	}
	pwsh.Unknown("%s of %s", command, path)
	return nil
}
