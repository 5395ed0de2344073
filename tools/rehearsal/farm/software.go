package farm

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Setup is a program or patch that installs something. Run gets the arguments behind its name (or those of msiexec /update) and gives what
// it prints and its exit code.
type Setup struct {
	Run func(m *Machine, args []string) ([]string, int)
}

// A Signature is what Windows makes of a file's signature. Status is Valid, NotSigned, HashMismatch, NotTrusted, UnknownError.
type Signature struct {
	Status, Signer string
}

// PutSetup lays a signed set-up onto the machine (or the share of its path) and lets it be started from there.
func (m *Machine) PutSetup(path string, sig Signature, run func(m *Machine, args []string) ([]string, int)) {
	m.Files.Put(path, []byte("MZ "+path))
	m.system.products[key(path)] = &Setup{run}
	m.system.signatures[key(path)] = sig
}

// Sign changes what Windows makes of a file's signature.
func (m *Machine) Sign(path string, sig Signature) { m.system.signatures[key(path)] = sig }

// The key of Programs and Features.
const uninstall = `HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall`

// AddProduct writes an entry of Programs and Features.
func (m *Machine) AddProduct(code, name, version string) {
	at := uninstall + `\` + code
	m.SetRegistry(at, "DisplayName", name)
	m.SetRegistry(at, "DisplayVersion", version)
	m.SetRegistry(at, "WindowsInstaller", int64(1))
}

// RemoveProduct takes an entry of Programs and Features away.
func (m *Machine) RemoveProduct(code string) { m.RemoveRegistry(uninstall+`\`+code, "") }

func softwareCommand(s *Session, name string) *pwsh.Command {
	m := s.Machine
	switch name {
	case "get-authenticodesignature":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "LiteralPath", "FilePath")
			path := c.Text("LiteralPath")
			if path == "" {
				path = c.Text("FilePath")
			}
			if !m.Files.Exists(path) {
				pwsh.ThrowID("System.IO.FileNotFoundException", "FileNotFound,Microsoft.PowerShell.Commands.GetAuthenticodeSignatureCommand", "File %s was not found.", path)
			}
			sig, ok := m.system.signatures[key(path)]
			if !ok {
				sig = Signature{Status: "NotSigned"}
			}
			signer := any(nil)
			if sig.Signer != "" {
				signer = certificateItem(&Certificate{Subject: "CN=" + sig.Signer + ", OU=MOPR, O=" + sig.Signer + ", L=Redmond, S=Washington, C=US"})
			}
			return []any{pwsh.NewObject("Status", pwsh.Enum{Of: "SignatureStatus", Name: sig.Status}, "SignerCertificate", signer, "Path", path)}
		}}
	case "get-command":
		return &pwsh.Command{Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "CommandType")
			if !strings.EqualFold(c.Text("CommandType"), "Application") {
				pwsh.Unknown("Get-Command for anything but programs")
			}
			for _, folder := range m.SearchPath {
				if at := folder + `\` + c.Text("Name"); m.Files.Exists(at) {
					return []any{pwsh.NewObject("Name", c.Text("Name"), "Path", at, "CommandType", "Application")}
				}
			}
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException,Microsoft.PowerShell.Commands.GetCommandCommand", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Text("Name"))
			return nil
		}}
	case "get-executionpolicy":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "Scope")
			if !strings.EqualFold(c.Text("Scope"), "MachinePolicy") {
				pwsh.Unknown("Get-ExecutionPolicy -Scope %s", c.Text("Scope"))
			}
			policy := m.system.facts["execution policy"]
			if policy == "" {
				policy = "Undefined"
			}
			return []any{pwsh.Enum{Of: "ExecutionPolicy", Name: policy}}
		}}
	case "read-host":
		return &pwsh.Command{Positional: []string{"Prompt"}, Switches: []string{"AsSecureString"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Prompt", "AsSecureString")
			if len(s.Answers) == 0 {
				pwsh.Unknown("an answer to %q", c.Text("Prompt"))
			}
			answer := s.Answers[0]
			s.Answers = s.Answers[1:]
			if c.Switch("AsSecureString") {
				return []any{secureString(answer)}
			}
			return []any{answer}
		}}
	}
	return nil
}

// secureString is a SecureString; only Marshal opens it.
func secureString(text string) *thing {
	return &thing{typ: "System.Security.SecureString", props: map[string]any{"hidden": text}}
}

// SetExecutionPolicy is the execution policy that a Group Policy sets for the machine.
func (m *Machine) SetExecutionPolicy(policy string) { m.system.facts["execution policy"] = policy }

func softwareStatic(_ *Session, what string, args []any) (any, bool) {
	const marshal = "runtime.interopservices.marshal::"
	switch what {
	case marshal + "securestringtobstr":
		t, ok := args[0].(*thing)
		if !ok || t.typ != "System.Security.SecureString" {
			return nil, false
		}
		return &thing{typ: "System.IntPtr", props: map[string]any{"hidden": t.props["hidden"]}}, true
	case marshal + "ptrtostringbstr":
		t, ok := args[0].(*thing)
		if !ok {
			return nil, false
		}
		return t.props["hidden"], true
	case marshal + "zerofreebstr":
		return pwsh.Void, true
	}
	return nil, false
}

// setupProgram starts a set-up by its path, or a patch by msiexec /update.
func (s *Session) setupProgram(path string, args []string) ([]string, int, bool) {
	m := s.Machine
	if strings.HasSuffix(key(path), `\msiexec.exe`) {
		if len(args) > 0 && args[0] == "/x" && s.Elevated {
			return nil, m.uninstall20(args), true
		}
		if len(args) < 2 || !strings.EqualFold(args[0], "/update") {
			return nil, 0, false
		}
		path, args = args[1], args[2:]
	}
	p := m.system.products[key(path)]
	if p == nil {
		return nil, 0, false
	}
	if !s.Elevated {
		return nil, 5, true
	}
	out, code := p.Run(m, args)
	return out, code, true
}
