package rehearsal

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// reader is a person at a machine who may see nothing of it but files: Windows refuses every look at services, WMI, the
// registry, the network and the directory.
type reader struct {
	*farm.Session
	domain bool // has an account of the domain
}

func refused() {
	pwsh.Throw("System.UnauthorizedAccessException", "Access is denied.")
}

// closed is a TcpClient that reaches nobody.
type closed struct{}

func (closed) TypeName() string       { return "System.Net.Sockets.TcpClient" }
func (closed) Get(string) (any, bool) { return nil, false }
func (closed) Set(string, any) bool   { return false }
func (closed) Call(name string, _ []any) (any, bool) {
	if strings.EqualFold(name, "BeginConnect") {
		pwsh.Throw("System.Net.Sockets.SocketException", "No such host is known.")
	}
	return pwsh.Void, strings.EqualFold(name, "Close")
}

// network is an IPGlobalProperties of a machine that nobody has a connection to.
type network struct{ pwsh.Members }

func (network) Call(name string, _ []any) (any, bool) {
	return pwsh.NewArray(), strings.EqualFold(name, "GetActiveTcpListeners")
}

// request is a WebRequest that nobody answers.
type request struct{}

func (request) TypeName() string       { return "System.Net.HttpWebRequest" }
func (request) Get(string) (any, bool) { return nil, false }
func (request) Set(string, any) bool   { return true }
func (request) Call(name string, _ []any) (any, bool) {
	if strings.EqualFold(name, "GetResponse") {
		pwsh.ThrowException(&pwsh.Exception{
			Type: "System.Management.Automation.MethodInvocationException", Message: "No answer.",
			Inner: &pwsh.Exception{Type: "System.Net.WebException", Message: "Unable to connect to the remote server", Members: map[string]any{"response": nil}},
		})
	}
	return nil, false
}

func (r *reader) Command(name string) (*pwsh.Command, bool) {
	refuse := func(*pwsh.Call) []any {
		refused()
		return nil
	}
	switch strings.ToLower(name) {
	case "get-executionpolicy":
		return &pwsh.Command{Name: name, Run: func(c *pwsh.Call) []any {
			c.Moot("Scope") // none is set in any
			return []any{"Undefined"}
		}}, true
	case "get-item":
		return &pwsh.Command{Name: name, Run: refuse}, true
	case "get-ciminstance", "get-service", "get-nettcpconnection", "get-process", "get-childitem", "get-windowsfeature", "get-gpo", "get-cluster":
		return &pwsh.Command{Name: name, Switches: []string{"All"}, Run: refuse}, true
	case "import-module":
		return &pwsh.Command{Name: name, Positional: []string{"Name"}, Run: func(c *pwsh.Call) []any {
			c.Moot("Name") // every module is there
			return nil
		}}, true
	case "test-path":
		inner, _ := r.Session.Command(name)
		return &pwsh.Command{Name: name, Run: func(c *pwsh.Call) []any {
			if strings.HasPrefix(c.Text("LiteralPath"), "HKLM:") {
				refused()
			}
			return inner.Run(c)
		}}, true
	}
	return r.Session.Command(name)
}

func (r *reader) New(typ string, args []any) (any, bool) {
	switch strings.TrimPrefix(strings.ToLower(typ), "system.") {
	case "directoryservices.directoryentry", "com:hnetcfg.fwpolicy2", "net.networkinformation.ping", "data.sqlclient.sqlconnection":
		refused()
	case "net.sockets.tcpclient":
		return closed{}, true
	case "uribuilder":
		return pwsh.NewObject("Uri", args[0]), true
	}
	return r.Session.New(typ, args)
}

func (r *reader) Static(typ, member string, args []any, call bool) (any, bool) {
	switch strings.TrimPrefix(strings.ToLower(typ), "system.") + "::" + strings.ToLower(member) {
	case "net.servicepointmanager::securityprotocol", "net.securityprotocoltype::tls12":
		return pwsh.Enum{Of: "SecurityProtocolType", Name: "Tls12", Value: 3072}, true
	case "net.sockets.addressfamily::internetwork":
		return pwsh.Enum{Of: "AddressFamily", Name: "InterNetwork", Value: 2}, true
	case "net.authenticationmanager::customtargetnamedictionary":
		return pwsh.NewHash(false), true
	case "environment::getfolderpath":
		return `C:\Users\reader\AppData\Local`, true
	case "environment::userdomainname":
		if r.domain {
			return r.Session.Static(typ, member, args, call)
		}
		return r.Machine.Name, true
	case "net.dns::gethostaddresses", "net.networkinformation.networkinterface::getallnetworkinterfaces", "directoryservices.activedirectory.forest::getcurrentforest":
		refused()
	case "net.webrequest::create":
		return request{}, true
	case "net.networkinformation.ipglobalproperties::getipglobalproperties":
		inner, _ := r.Session.Static(typ, member, args, call)
		return network{inner.(pwsh.Members)}, true
	case "guid::newguid":
		return "00000000-0000-0000-0000-000000000001", true
	}
	return r.Session.Static(typ, member, args, call)
}

// result is what a preflight leaves.
type result struct {
	Outcome, Message string
	ExitCode         int
	Checks, Notes    []struct {
		Name   string
		Ok     bool
		Actual string
		Remedy string
	}
	NotChecked []struct{ Name, Needs string }
}

func preflight(t *testing.T, n *Night, s Script, domain bool) (result, string) {
	t.Helper()
	return preflightAs(t, n, s, func(session *farm.Session) pwsh.Host {
		session.Elevated = false
		return &reader{session, domain}
	})
}

// preflightAs runs a preflight on its machine and gives what it leaves, and what the console showed.
func preflightAs(t *testing.T, n *Night, s Script, who func(*farm.Session) pwsh.Host) (result, string) {
	t.Helper()
	m := n.Machine(s)
	session := m.Start("reader")
	host := who(session)
	path := folder + `\` + strings.ReplaceAll(s.Path, "/", `\`)
	// The folder of a clustered instance is copied to each of its nodes.
	var text []byte
	for _, f := range n.Tree.Files() {
		if f.Path == s.Path {
			text = f.Data
		}
	}
	m.Files.Put(path, text)
	in, err := pwsh.New(host, path, text)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := in.Run(map[string]any{})
	if err != nil {
		t.Fatalf("%s: %v\n%s", s.Path, err, strings.Join(session.Console, "\n"))
	}
	var out result
	for _, at := range m.Files.List() {
		if data, _ := m.Files.Read(at); strings.Contains(strings.ToLower(at), `\mbamplan\`) && strings.HasSuffix(at, ".result.json") {
			if err := json.Unmarshal(data, &out); err != nil {
				t.Fatalf("%s: %v", at, err)
			}
		}
	}
	if out.ExitCode != ended.ExitCode || out.Outcome == "" {
		t.Fatalf("%s ended with %d, the result says %d %q:\n%s", s.Path, ended.ExitCode, out.ExitCode, out.Outcome, strings.Join(session.Console, "\n"))
	}
	return out, strings.Join(session.Console, "\n")
}

// TestPreflightOfSomebodyWithoutRights runs every preflight as a person who is refused everything. What cannot be read is
// no failure: only what was seen to be wrong is.
func TestPreflightOfSomebodyWithoutRights(t *testing.T) {
	for _, example := range []string{"contoso-alwayson.yaml", "fci.yaml", "mbam20-two-servers.yaml"} {
		n := night(t, example)
		for _, s := range n.Scripts("preflight") {
			got, console := preflight(t, n.Clone(), s, false)
			if got.ExitCode != 0 && got.ExitCode != 4 {
				t.Errorf("%s ended with %d: %s\n%s", s.Path, got.ExitCode, got.Message, console)
			}
			for _, c := range got.Checks {
				// What is not there is not there for anybody: a name in DNS, an answer, a module, a certificate.
				if !c.Ok && !slices.ContainsFunc([]string{"name in DNS", "virtual host name in DNS", "PowerShell module", "Web Service URL", "Certificate in the computer's Personal store"}, func(p string) bool { return strings.HasPrefix(c.Name, p) }) {
					t.Errorf("%s: %s: %s\n%s", s.Path, c.Name, c.Actual, console)
				}
			}
			if s.Item.Step.ID == "web/certificate" {
				continue // reads the computer's store alone, which is open to all
			}
			if len(got.NotChecked) == 0 {
				t.Errorf("%s checked everything:\n%s", s.Path, console)
			}
			if !strings.Contains(console, "not checked") {
				t.Errorf("%s does not say what it did not check:\n%s", s.Path, console)
			}
		}
	}
}
