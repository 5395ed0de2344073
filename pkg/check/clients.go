package check

import (
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// What the clients are told. Which farm they are pointed at is in shapes.go.
var clientRules = []Rule{
	{
		Code: "MBP1461", Title: "TPM lockout auto reset is on at both ends", Severity: diag.Warning, Sources: []string{"mbam-cmdlets", "mbam-gpo"},
		Covers: []string{"G-18"},
		Why: "The policy lets a client ask for the reset, the switch of the agent service lets the server answer. The policy alone makes " +
			"clients ask in vain, and MBAM 2.5 without Service Pack 1 knows neither.",
		Fix:     "Write tpmLockoutAutoReset: true for the farm of the clients too, or leave it out for the clients.",
		Example: Example{Edits: []string{"clients: {gpo: MBAM clients,", "clients: {gpo: MBAM clients, tpmLockoutAutoReset: true,"}},
		Only25:  true,
		Find: func(c *Context) {
			switch {
			case c.Clients == nil || !c.Clients.TPMReset:
			case !c.MBAM.SP1():
				c.Report("clients.tpmLockoutAutoReset", "use 2.5 SP1, or leave it out", "TPM lockout auto reset came with MBAM 2.5 SP1")
			case !c.Clients.Web.TPMReset:
				c.Report("clients.tpmLockoutAutoReset", "write tpmLockoutAutoReset: true for farm "+c.Clients.Web.Name+" too", "clients ask for a TPM lockout reset, and the agent service of farm %q does not answer", c.Clients.Web.Name)
			}
		},
	},
	{
		Code: "MBP1462", Title: "the clients have a Group Policy object of their own", Severity: diag.Error, Sources: []string{"mbam-gpo", "general-practice"},
		Covers: []string{"WIN-T109"},
		Why: "MBAM's policy is meant for chosen clients and is linked while its link is still off. The default policies of a domain are " +
			"linked and on: servers and domain controllers would get it at once, and a rollback would have to edit a policy that " +
			"everything depends on.",
		Fix:     "Name an object that only MBAM's clients get.",
		Example: Example{Edits: []string{"clients: {gpo: MBAM clients,", "clients: {gpo: Default Domain Policy,"}},
		Only25:  true,
		Find: func(c *Context) {
			if c.Clients == nil {
				return
			}
			switch strings.ToLower(strings.TrimSpace(c.Clients.GPO)) {
			case "default domain policy", "default domain controllers policy":
				c.Report("clients.gpo", "name an object of its own, as MBAM clients", "%q is linked to the whole domain or its controllers already", c.Clients.GPO)
			}
		},
	},
}
