package farm

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// Enabled has an Enable command of MBAM run on the machine ahead of the night, without validation. Args are by parameter name; a certificate is
// given by its thumbprint, a credential by the account, whose password is known.
func (m *Machine) Enabled(command string, args map[string]any) {
	s := m.Start("admin")
	call := &pwsh.Call{Name: command, Args: map[string]any{"skipvalidation": true}}
	for name, v := range args {
		switch key := strings.ToLower(name); key {
		case "certificate":
			v = certificateItem(m.Certificate(pwsh.Text(v)))
		case "webserviceapplicationpoolcredential", "complianceandauditdbcredential":
			account, password, _ := s.knows(pwsh.Text(v))
			v = &credential{account, password}
		}
		call.Args[strings.ToLower(name)] = v
	}
	had := m.Modules["microsoft.mbam"]
	m.Modules["microsoft.mbam"] = true
	s.command(strings.ToLower(command)).Run(call)
	m.Modules["microsoft.mbam"] = had
	if !had {
		delete(m.Modules, "microsoft.mbam")
	}
}
