package farm

import (
	"path"
	"sort"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// temp is the folder for temporary files of whoever runs a script.
const temp = `C:\Windows\Temp\`

// miscellaneous are members of .NET's types about paths, environment and files.
func miscellaneous(s *Session, what string, args []any) (any, bool) {
	f := s.Machine.Files
	switch what {
	case "guid::newguid":
		v := s.Machine.farm.guid()
		return &thing{typ: "System.Guid", props: map[string]any{"value": v}, methods: map[string]func([]any) any{
			"tostring": func(args []any) any {
				if len(args) == 1 && str(args, 0) == "N" {
					return strings.ReplaceAll(v, "-", "")
				}
				return v
			},
		}}, true
	case "io.path::gettemppath":
		return temp, true
	case "io.path::changeextension":
		p := str(args, 0)
		return strings.TrimSuffix(p, path.Ext(p)) + str(args, 1), true
	case "environment::expandenvironmentvariables":
		out := str(args, 0)
		for _, name := range []string{"SystemRoot", "windir", "SystemDrive", "ProgramFiles", "ProgramData"} {
			if v, ok := s.Env(name); ok {
				out = replaceFold(out, "%"+name+"%", v)
			}
		}
		return out, true
	case "environment::getfolderpath":
		if str(args, 0) != "LocalApplicationData" {
			return nil, false
		}
		return `C:\Users\` + s.User + `\AppData\Local`, true
	case "security.securityelement::escape":
		return strings.NewReplacer("<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;", "&", "&amp;").Replace(str(args, 0)), true
	case "math::abs":
		switch v := args[0].(type) {
		case int64:
			return max(v, -v), true
		case float64:
			return max(v, -v), true
		}
	case "io.file::readalllines":
		data, ok := f.Read(str(args, 0))
		if !ok {
			pwsh.Throw("System.IO.FileNotFoundException", "Could not find file '%s'.", str(args, 0))
		}
		return pwsh.Strings(lines(data)), true
	case "io.file::writealllines":
		if f.Full {
			pwsh.Throw("System.IO.IOException", "There is not enough space on the disk.")
		}
		f.write(str(args, 0), []byte(strings.ReplaceAll(joined(args[1]), "\n", "\r\n")))
		return pwsh.Void, true
	case "io.directory::getfiles":
		if !f.IsFolder(str(args, 0)) {
			pwsh.Throw("System.IO.DirectoryNotFoundException", "Could not find a part of the path '%s'.", str(args, 0))
		}
		var out []string
		for _, p := range f.Below(str(args, 0)) {
			if rest := p[len(strings.TrimRight(str(args, 0), `\`))+1:]; !strings.Contains(rest, `\`) {
				if len(args) < 2 || matches(str(args, 1), rest) {
					out = append(out, p)
				}
			}
		}
		return pwsh.Strings(out), true
	case "io.directory::getfilesystementries":
		return pwsh.Strings(f.children(str(args, 0))), true
	case "io.directory::delete":
		if !f.IsFolder(str(args, 0)) {
			pwsh.Throw("System.IO.DirectoryNotFoundException", "Could not find a part of the path '%s'.", str(args, 0))
		}
		if len(f.Below(str(args, 0))) > 0 && (len(args) < 2 || !pwsh.Truth(args[1])) {
			pwsh.Throw("System.IO.IOException", "The directory is not empty.")
		}
		f.RemoveFolder(str(args, 0))
		return pwsh.Void, true
	}
	return nil, false
}

func joined(v any) string {
	var b strings.Builder
	if a, ok := v.(*pwsh.Array); ok {
		for _, e := range a.Items {
			b.WriteString(pwsh.Text(e) + "\n")
		}
		return b.String()
	}
	return pwsh.Text(v) + "\n"
}

// lines reads a text as .NET's ReadAllLines does.
func lines(data []byte) []string {
	text := strings.ReplaceAll(strings.TrimPrefix(string(data), "\ufeff"), "\r\n", "\n")
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// matches is a pattern with * as GetFiles takes it.
func matches(pattern, name string) bool {
	ok, _ := path.Match(strings.ToLower(pattern), strings.ToLower(name)) // a pattern that cannot be read matches nothing
	return ok
}

func replaceFold(s, old, with string) string {
	for {
		i := strings.Index(strings.ToLower(s), strings.ToLower(old))
		if i < 0 {
			return s
		}
		s = s[:i] + with + s[i+len(old):]
	}
}

// Below lists the paths of all files in a folder and those below it, sorted.
func (f *Files) Below(folder string) []string {
	var out []string
	at := f.on(folder)
	for k, one := range at.files {
		if strings.HasPrefix(k, key(folder)+`\`) {
			out = append(out, one.path)
		}
	}
	sort.Strings(out)
	return out
}

// RemoveFolder takes a folder away with all that it holds.
func (f *Files) RemoveFolder(folder string) {
	at := f.on(folder)
	for k := range at.files {
		if strings.HasPrefix(k, key(folder)+`\`) {
			delete(at.files, k)
		}
	}
	for k := range at.folders {
		if k == key(folder) || strings.HasPrefix(k, key(folder)+`\`) {
			delete(at.folders, k)
		}
	}
}
