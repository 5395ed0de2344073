package farm

import (
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Session is a person at a machine who starts scripts.
type Session struct {
	Machine  *Machine
	User     string // account name
	Elevated bool
	NoDomain bool     // no domain controller answers
	Console  []string // every line that the console showed
	Log      []string // every line that a transcript holds
	Answers  []string // to Read-Host, in order
	Before   func(what string)
	Wow64    bool                                               // the 32-bit PowerShell of a 64-bit Windows
	Deaf     func(name string) bool                             // commands and programs that say nothing and do nothing
	Ask      func(user string) (name, password string, ok bool) // answers Get-Credential; nil for a person who knows every password
	Typed    []string                                           // passwords that were typed
	Programs []string                                           // programs that were started, with their arguments

	tickets    []string // service principal names of the Kerberos tickets of the logon session
	transcript string
	env        map[string]string // what scripts set for themselves
}

// Start opens a session of a user on a machine; a second passes, as one does when powershell.exe starts.
func (m *Machine) Start(user string) *Session {
	m.farm.Clock = m.farm.Clock.Add(time.Second)
	return &Session{Machine: m, User: user, Elevated: true}
}

// Run runs a script that lies on the machine.
func (s *Session) Run(path string, params map[string]any) (pwsh.Result, error) {
	data, ok := s.Machine.Files.Read(path)
	if !ok {
		return pwsh.Result{ExitCode: -196608}, nil // Windows PowerShell's code for a script that is not there
	}
	in, err := pwsh.New(s, path, data)
	if err != nil {
		return pwsh.Result{}, err
	}
	return in.Run(params)
}

// Now implements pwsh.Host.
func (s *Session) Now() time.Time {
	s.Machine.farm.Clock = s.Machine.farm.Clock.Add(time.Millisecond)
	return s.Machine.farm.Clock
}

// Sleep implements pwsh.Host.
func (s *Session) Sleep(d time.Duration) { s.Machine.farm.Clock = s.Machine.farm.Clock.Add(d) }

// Print implements pwsh.Host.
func (s *Session) Print(line string, transcribed bool) {
	if path, ok := strings.CutPrefix(line, "transcript "); ok && transcribed {
		s.transcript = path
		s.Machine.Files.write(path, nil)
		return
	}
	s.Console = append(s.Console, line)
	if transcribed {
		s.Log = append(s.Log, line)
		if data, ok := s.Machine.Files.Read(s.transcript); ok {
			s.Machine.Files.write(s.transcript, append(data, line+"\r\n"...))
		}
	}
}

// Step implements pwsh.Host.
func (s *Session) Step(what string) {
	if s.Before != nil {
		s.Before(what)
	}
}

// Env implements pwsh.Host.
func (s *Session) Env(name string) (string, bool) {
	if v, ok := s.env[strings.ToLower(name)]; ok {
		return v, true
	}
	switch strings.ToLower(name) {
	case "systemdrive":
		return "C:", true
	case "windir":
		return `C:\Windows`, true
	case "programfiles":
		return `C:\Program Files`, true
	case "programdata":
		return `C:\ProgramData`, true
	case "systemroot":
		return `C:\Windows`, true
	case "computername":
		return s.Machine.Name, true
	case "psmodulepath":
		return s.Machine.ModulePath, true
	}
	return "", false
}

func (s *Session) directory() *Directory { return s.Machine.farm.Directory }

// Cast implements pwsh.Host.
func (s *Session) Cast(typ string, v any) (any, bool) {
	if kind(typ) == "io.fileinfo" {
		data, ok := s.Machine.Files.Read(pwsh.Text(v))
		return pwsh.NewObject("Length", int64(len(data)), "FullName", pwsh.Text(v)), ok
	}
	for _, a := range areas() {
		if a.cast == nil {
			continue
		}
		if out, ok := a.cast(s, kind(typ), v); ok {
			return out, true
		}
	}
	return nil, false
}

// thing is an object of .NET: properties and methods by name in lower case.
type thing struct {
	typ     string
	props   map[string]any
	methods map[string]func([]any) any
	set     func(name string, v any) bool
}

func (t *thing) TypeName() string { return t.typ }

func (t *thing) Get(name string) (any, bool) {
	v, ok := t.props[strings.ToLower(name)]
	if f, lazy := v.(func() any); lazy {
		return f(), true
	}
	return v, ok
}

func (t *thing) Set(name string, v any) bool { return t.set != nil && t.set(strings.ToLower(name), v) }

func (t *thing) Call(name string, args []any) (any, bool) {
	f := t.methods[strings.ToLower(name)]
	if f == nil {
		return nil, false
	}
	return f(args), true
}

func (t *thing) String() string {
	if v, ok := t.props["value"].(string); ok {
		return v
	}
	return t.typ
}

func str(args []any, i int) string { return pwsh.Text(args[i]) }

// New implements pwsh.Host.
func (s *Session) New(typ string, args []any) (any, bool) {
	switch kind(typ) {
	case "security.principal.windowsprincipal":
		return &thing{typ: "System.Security.Principal.WindowsPrincipal", methods: map[string]func([]any) any{
			"isinrole": func([]any) any { return s.Elevated },
		}}, true
	case "security.principal.ntaccount":
		name := str(args, 0)
		return &thing{typ: "System.Security.Principal.NTAccount", props: map[string]any{"value": name}, methods: map[string]func([]any) any{
			"translate": func([]any) any {
				e := s.directory().Find(name)
				if e == nil {
					pwsh.Throw("System.Security.Principal.IdentityNotMappedException", "Some or all identity references could not be translated.")
				}
				return sid(e.SID)
			},
		}}, true
	case "security.accesscontrol.directorysecurity":
		return &security{}, true
	}
	for _, a := range areas() {
		if a.object == nil {
			continue
		}
		if v, ok := a.object(s, kind(typ), args); ok {
			return v, true
		}
	}
	return s.directoryObject(kind(typ), args)
}

func sid(v string) *thing {
	return &thing{typ: "System.Security.Principal.SecurityIdentifier", props: map[string]any{"value": v}}
}

// security is the access list of a folder.
type security struct {
	owner string
	allow []string
}

func (a *security) TypeName() string       { return "System.Security.AccessControl.DirectorySecurity" }
func (a *security) Get(string) (any, bool) { return nil, false }
func (a *security) Set(string, any) bool   { return false }
func (a *security) Call(name string, args []any) (any, bool) {
	switch strings.ToLower(name) {
	case "setsecuritydescriptorsddlform":
		// Only the form that our frame uses is known: owner Administrators, full control for them and SYSTEM, nothing inherited.
		if str(args, 0) != "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)" {
			return nil, false
		}
		a.owner, a.allow = "S-1-5-32-544", []string{"S-1-5-32-544", "S-1-5-18"}
		return pwsh.Void, true
	case "getowner":
		return sid(a.owner), true
	case "getaccessrules":
		out := pwsh.NewArray()
		for _, who := range a.allow {
			out.Items = append(out.Items, pwsh.NewObject("AccessControlType", "Allow", "IdentityReference", sid(who)))
		}
		return out, true
	}
	return nil, false
}

func kind(typ string) string { return strings.TrimPrefix(strings.ToLower(typ), "system.") }

// Static implements pwsh.Host.
func (s *Session) Static(typ, member string, args []any, call bool) (any, bool) {
	m := s.Machine
	switch k := kind(typ) + "::" + strings.ToLower(member); k {
	case "environment::getenvironmentvariable":
		if len(args) == 2 && str(args, 0) == "PSModulePath" && str(args, 1) == "Machine" {
			return m.ModulePath, true
		}
		v, ok := s.Env(str(args, 0))
		return v, ok
	case "environment::setenvironmentvariable":
		if len(args) != 3 || str(args, 2) != "Process" {
			return nil, strings.EqualFold(str(args, 0), "PSModulePath")
		}
		if s.env == nil {
			s.env = map[string]string{}
		}
		if args[1] == nil {
			delete(s.env, strings.ToLower(str(args, 0)))
		} else {
			s.env[strings.ToLower(str(args, 0))] = str(args, 1)
		}
		return pwsh.Void, true
	case "environment::is64bitoperatingsystem":
		return true, true
	case "environment::is64bitprocess":
		return !s.Wow64, true
	case "environment::machinename":
		return m.Name, true
	case "environment::username":
		return s.User, true
	case "environment::userdomainname":
		return s.directory().NetBIOS, true
	case "net.networkinformation.ipglobalproperties::getipglobalproperties":
		return &thing{
			typ:   "System.Net.NetworkInformation.IPGlobalProperties",
			props: map[string]any{"hostname": strings.ToLower(m.Name), "domainname": s.directory().DNS},
			methods: map[string]func([]any) any{"getactivetcplisteners": func([]any) any {
				out := pwsh.NewArray()
				for _, p := range m.listeners() {
					out.Items = append(out.Items, pwsh.NewObject("Port", int64(p)))
				}
				return out
			}},
		}, true
	case "security.principal.windowsidentity::getcurrent":
		return pwsh.NewObject("Name", s.directory().NetBIOS+`\`+s.User), true
	case "security.principal.windowsbuiltinrole::administrator":
		return pwsh.Enum{Of: "WindowsBuiltInRole", Name: "Administrator", Value: 544}, true
	case "io.fileattributes::reparsepoint":
		return pwsh.Enum{Of: "FileAttributes", Name: "ReparsePoint", Value: 1024}, true
	case "io.file::getattributes":
		if f := m.Files.folders[key(str(args, 0))]; f != nil && f.link {
			return pwsh.Enum{Of: "FileAttributes", Name: "Directory, ReparsePoint", Value: 16 | 1024}, true
		}
		if m.Files.IsFolder(str(args, 0)) {
			return pwsh.Enum{Of: "FileAttributes", Name: "Directory", Value: 16}, true
		}
		return pwsh.Enum{Of: "FileAttributes", Name: "Archive", Value: 32}, true
	}
	for _, a := range areas() {
		if a.static == nil {
			continue
		}
		if v, ok := a.static(s, kind(typ)+"::"+strings.ToLower(member), args, call); ok {
			return v, true
		}
	}
	if v, ok := s.directoryStatic(kind(typ)+"::"+strings.ToLower(member), args); ok {
		return v, true
	}
	if strings.HasPrefix(kind(typ), "io.") && call {
		return s.io(kind(typ)+"::"+strings.ToLower(member), args)
	}
	return nil, false
}

func (s *Session) io(what string, args []any) (any, bool) {
	f := s.Machine.Files
	path := str(args, 0)
	missing := func() {
		pwsh.Throw("System.IO.FileNotFoundException", "Could not find file '%s'.", path)
	}
	room := func() {
		if f.Full {
			pwsh.Throw("System.IO.IOException", "There is not enough space on the disk.")
		}
	}
	switch what {
	case "io.file::exists":
		return f.Exists(path), true
	case "io.directory::exists":
		return f.IsFolder(path), true
	case "io.directory::createdirectory":
		room()
		owner, allow := "S-1-5-32-544", []string(nil)
		if len(args) > 1 {
			acl, ok := args[1].(*security)
			if !ok {
				return nil, false
			}
			owner, allow = acl.owner, acl.allow
		}
		f.folder(path, owner, allow)
		return pwsh.NewObject("FullName", path), true
	case "io.file::readallbytes", "io.file::readalltext":
		data, ok := f.Read(path)
		if !ok {
			missing()
		}
		if what == "io.file::readalltext" {
			return strings.TrimPrefix(string(data), "\ufeff"), true
		}
		return pwsh.Bytes(data), true
	case "io.file::writealltext":
		room()
		f.write(path, []byte(str(args, 1)))
		return pwsh.Void, true
	case "io.file::appendalltext":
		room()
		data, _ := f.Read(path)
		f.write(path, append(slices.Clone(data), str(args, 1)...))
		return pwsh.Void, true
	case "io.file::writeallbytes":
		a, ok := args[1].(*pwsh.Array)
		if !ok {
			return nil, false
		}
		room()
		data := make([]byte, len(a.Items))
		for i, b := range a.Items {
			data[i] = byte(number(b))
		}
		f.write(path, data)
		return pwsh.Void, true
	case "io.file::getlastwritetimeutc":
		if one := f.on(path).files[key(path)]; one != nil {
			return one.at, true
		}
		return time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), true // what .NET gives for a file that is not there
	case "io.file::move":
		data, ok := f.Read(path)
		if !ok {
			missing()
		}
		if f.Exists(str(args, 1)) {
			pwsh.Throw("System.IO.IOException", "Cannot create a file when that file already exists.")
		}
		f.write(str(args, 1), data)
		f.Remove(path)
		return pwsh.Void, true
	case "io.file::copy":
		data, ok := f.Read(path)
		if !ok {
			missing()
		}
		room()
		f.write(str(args, 1), data)
		return pwsh.Void, true
	case "io.file::replace":
		data, ok := f.Read(path)
		if !ok || !f.Exists(str(args, 1)) {
			missing()
		}
		f.write(str(args, 1), data)
		f.Remove(path)
		return pwsh.Void, true
	case "io.file::delete":
		f.Remove(path)
		return pwsh.Void, true
	}
	return nil, false
}

// Program implements pwsh.Host.
func (s *Session) Program(path string, args []string) ([]string, int, bool) {
	s.Programs = append(s.Programs, path+" "+strings.Join(args, " "))
	if !s.Machine.Files.Exists(path) {
		pwsh.Throw("System.Management.Automation.CommandNotFoundException", "The term '%s' is not recognized.", path)
	}
	if out, code, ok := s.setupProgram(path, args); ok {
		return out, code, true
	}
	name := strings.ToLower(path[strings.LastIndexByte(path, '\\')+1:])
	if s.Deaf != nil && s.Deaf(name) {
		return nil, 0, true
	}
	if name == "setspn.exe" {
		return s.setspn(args)
	}
	for _, a := range areas() {
		if a.program == nil {
			continue
		}
		if out, code, ok := a.program(s, name, args); ok {
			return out, code, true
		}
	}
	return nil, 0, false
}
