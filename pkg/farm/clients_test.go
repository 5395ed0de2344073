package farm

import "testing"

func TestPolicyValues(t *testing.T) {
	f := directoryFarm()
	if got := f.PolicyValues(); got != nil {
		t.Errorf("without clients: %+v", got)
	}
	f.Clients = &Clients{GPO: "MBAM clients", Wakeup: 90, Status: 720, KeyPackage: true, Web: f.Webs[0]}
	lines := func() []string {
		var out []string
		for _, v := range f.PolicyValues() {
			out = append(out, v.Name+" "+v.Type+" "+v.Text)
			if v.Number() != (v.Type == "DWord") {
				t.Errorf("%s: Number is %t", v.Name, v.Number())
			}
		}
		return out
	}
	same(t, "stand-alone", lines(), []string{
		"KeyRecoveryServiceEndPoint ExpandString https://mbam.contoso.com/MBAMRecoveryAndHardwareService/CoreService.svc",
		"KeyRecoveryOptions DWord 1",
		"ClientWakeupFrequency DWord 90",
		"StatusReportingServiceEndpoint ExpandString https://mbam.contoso.com/MBAMComplianceStatusService/StatusReportingService.svc",
		"StatusReportingFrequency DWord 720",
		"UseKeyRecoveryService DWord 1",
		"UseStatusReportingService DWord 1",
		"UseMBAMServices DWord 1",
	})
	f.MBAM.CM, f.Clients.KeyPackage, f.Webs[0].Port = true, false, 8443
	same(t, "Configuration Manager, password only, other port", lines(), []string{
		"KeyRecoveryServiceEndPoint ExpandString https://mbam.contoso.com:8443/MBAMRecoveryAndHardwareService/CoreService.svc",
		"KeyRecoveryOptions DWord 0",
		"ClientWakeupFrequency DWord 90",
		"UseKeyRecoveryService DWord 1",
		"UseStatusReportingService DWord 0",
		"UseMBAMServices DWord 1",
	})
	if n := f.PolicyValues()[2].Int(); n != 90 {
		t.Errorf("ClientWakeupFrequency is %d", n)
	}
}
