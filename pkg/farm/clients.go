package farm

import "strconv"

// Paths of the agent's services (mbam-gpo).
const (
	recoveryService = "/MBAMRecoveryAndHardwareService/CoreService.svc"
	statusService   = "/MBAMComplianceStatusService/StatusReportingService.svc"
)

// RecoveryEndpoint is the address to which clients send recovery keys. It names the virtual host, never a node.
func (c *Clients) RecoveryEndpoint() string { return c.Web.Origin() + recoveryService }

// StatusEndpoint is the address to which clients report their state.
func (c *Clients) StatusEndpoint() string { return c.Web.Origin() + statusService }

// PolicyKey is the registry key of MBAM's client policy.
const PolicyKey = `HKLM\SOFTWARE\Policies\Microsoft\FVE\MDOPBitLockerManagement`

// PolicyKey returns the registry key of MBAM's client policy, for templates.
func (c *Clients) PolicyKey() string { return PolicyKey }

// PolicyValue is one registry value of the client policy.
type PolicyValue struct {
	Name string
	Type string // DWord or ExpandString, as Set-GPRegistryValue calls it
	Text string // decimal for DWord
}

// Number reports whether the value is a number.
func (v PolicyValue) Number() bool { return v.Type == "DWord" }

// Int returns the number of a DWord.
func (v PolicyValue) Int() int { n, _ := strconv.Atoi(v.Text); return n }

// PolicyValues lists the values of the policy "Configure MBAM Services" in the order in which they are set: endpoints
// before the switches that turn them on. Names of endpoints and frequencies are documented; types, and the names of the
// switches, are known from public scripts, because the policy template is not at hand. The two endpoint names differ in
// the case of their last part, and keep it. With Configuration Manager the status service must be off (mbam-gpo).
func (f *Farm) PolicyValues() []PolicyValue {
	c := f.Clients
	if c == nil {
		return nil
	}
	number := func(name string, n int) PolicyValue {
		return PolicyValue{Name: name, Type: "DWord", Text: strconv.Itoa(n)}
	}
	options := 0
	if c.KeyPackage {
		options = 1
	}
	out := []PolicyValue{
		{Name: "KeyRecoveryServiceEndPoint", Type: "ExpandString", Text: c.RecoveryEndpoint()},
		number("KeyRecoveryOptions", options),
		number("ClientWakeupFrequency", c.Wakeup),
	}
	status := 0
	if !f.MBAM.CM {
		status = 1
		out = append(out,
			PolicyValue{Name: "StatusReportingServiceEndpoint", Type: "ExpandString", Text: c.StatusEndpoint()},
			number("StatusReportingFrequency", c.Status))
	}
	return append(out, number("UseKeyRecoveryService", 1), number("UseStatusReportingService", status), number("UseMBAMServices", 1))
}
