package farm

import (
	"slices"
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// Right gives those who hold a user right: "*S-1-5-32-544".
func (m *Machine) Right(name string) []string { return slices.Clone(m.system.rights[name]) }

// SetRight replaces those who hold a user right.
func (m *Machine) SetRight(name string, holders ...string) {
	if len(holders) == 0 {
		delete(m.system.rights, name)
		return
	}
	m.system.rights[name] = holders
}

// AddMember puts an account, by its SID, into a local group.
func (m *Machine) AddMember(group, sid string) {
	m.system.groups[group] = append(m.system.groups[group], sid)
}

// RemoveMember takes an account out of a local group.
func (m *Machine) RemoveMember(group, sid string) {
	m.system.groups[group] = slices.DeleteFunc(m.system.groups[group], func(s string) bool { return s == sid })
}

// Members are the SIDs in a local group.
func (m *Machine) Members(group string) []string { return slices.Clone(m.system.groups[group]) }

// holder is an entry of a list of rights as secedit keeps it: a SID that it can find, else the text itself.
func (m *Machine) holder(entry string) string {
	if strings.HasPrefix(entry, "*") {
		return entry
	}
	if e := m.farm.Directory.Find(entry); e != nil {
		return "*" + e.SID
	}
	return entry
}

// rightsProgram is secedit, which exports the lists of user rights and sets those that a template names, whole, and no others (secedit
// /configure with /areas USER_RIGHTS).
func rightsProgram(s *Session, name string, args []string) ([]string, int, bool) {
	if name != "secedit.exe" || len(args) == 0 {
		return nil, 0, false
	}
	m, given := s.Machine, map[string]string{}
	for i := 1; i < len(args); i++ {
		switch k := strings.ToLower(args[i]); k {
		case "/quiet":
		case "/cfg", "/db", "/areas":
			i++
			given[k] = args[i]
		default:
			return nil, 0, false
		}
	}
	if given["/areas"] != "USER_RIGHTS" || given["/cfg"] == "" {
		return nil, 0, false
	}
	if !s.Elevated {
		return []string{"The task has completed with an error.", "Access is denied."}, 1, true
	}
	switch strings.ToLower(args[0]) {
	case "/export":
		if m.Files.Full {
			return nil, 1, true
		}
		out := []string{"[Unicode]", "Unicode=yes", "[Privilege Rights]"}
		var names []string
		for right := range m.system.rights {
			names = append(names, right)
		}
		sort.Strings(names)
		for _, right := range names {
			out = append(out, right+" = "+strings.Join(m.system.rights[right], ","))
		}
		out = append(out, "[Version]", `signature="$CHICAGO$"`, "Revision=1")
		m.Files.write(given["/cfg"], []byte(strings.Join(out, "\r\n")+"\r\n"))
		return nil, 0, true
	case "/configure":
		if given["/db"] == "" {
			return nil, 0, false
		}
		data, ok := m.Files.Read(given["/cfg"])
		if !ok {
			return []string{"The system cannot find the file specified."}, 1, true
		}
		inside := false
		for _, line := range lines(data) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "[") {
				inside = line == "[Privilege Rights]"
				continue
			}
			right, list, ok := strings.Cut(line, "=")
			if !inside || !ok {
				continue
			}
			var holders []string
			for _, e := range strings.Split(list, ",") {
				if e = strings.TrimSpace(e); e != "" {
					holders = append(holders, m.holder(e))
				}
			}
			m.SetRight(strings.TrimSpace(right), holders...)
		}
		m.Files.write(given["/db"], []byte("security database"))
		return nil, 0, true
	}
	return nil, 0, false
}

// member is a member of a local group as ADSI shows it, by reflection alone.
type member struct{ sid string }

func (member) TypeName() string               { return "System.__ComObject" }
func (member) Get(string) (any, bool)         { return nil, false }
func (member) Set(string, any) bool           { return false }
func (member) Call(string, []any) (any, bool) { return nil, false }

// GetType gives the type, by which a property is read.
func (m member) GetType() any {
	return &thing{typ: "System.RuntimeType", methods: map[string]func([]any) any{"invokemember": func(args []any) any {
		if str(args, 0) != "objectSid" || str(args, 1) != "GetProperty" {
			pwsh.Unknown("InvokeMember(%s, %s)", str(args, 0), str(args, 1))
		}
		return sidBytes(m.sid)
	}}}
}

// sidBytes is a SID as bytes; only the constructor of SecurityIdentifier reads it.
func sidBytes(sid string) *thing {
	return &thing{typ: "System.Byte[]", props: map[string]any{"value": sid}}
}

// groupObject is a DirectoryEntry of WinNT: a local group.
func groupObject(s *Session, typ string, args []any) (any, bool) {
	if typ != "directoryservices.directoryentry" || !strings.HasPrefix(str(args, 0), "WinNT://") {
		return nil, false
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(str(args, 0), "WinNT://"), ",group"), "/")
	if len(parts) != 2 || !strings.EqualFold(parts[0], s.Machine.Name) {
		return nil, false
	}
	name := parts[1]
	base := &thing{typ: "System.DirectoryServices.DirectoryEntry", methods: map[string]func([]any) any{
		"invoke": func(args []any) any {
			if str(args, 0) != "Members" {
				pwsh.Unknown("Invoke(%s) of a local group", str(args, 0))
			}
			list, there := s.Machine.system.groups[name]
			if !there {
				pwsh.Throw("System.Runtime.InteropServices.COMException", "The group name could not be found.")
			}
			out := pwsh.NewArray()
			for _, sid := range list {
				out.Items = append(out.Items, member{sid})
			}
			return out
		},
		"dispose": func([]any) any { return pwsh.Void },
	}}
	return &thing{typ: "System.DirectoryServices.DirectoryEntry", props: map[string]any{"psbase": base}}, true
}
