package farm

import (
	"fmt"
	"strings"
)

// kernels are the versions that Windows gives of itself, and the names of its editions.
var kernels = map[string]string{"2008 R2": "6.1.7601", "2012": "6.2.9200", "2012 R2": "6.3.9600", "2016": "10.0.14393", "2019": "10.0.17763", "2022": "10.0.20348", "2025": "10.0.26100"}

// windows makes what every server has: the registry's and WMI's account of itself, services, user rights, a disk, programs, modules, features.
func (m *Machine) windows() {
	m.ModulePath = `C:\Program Files\WindowsPowerShell\Modules;C:\Windows\system32\WindowsPowerShell\v1.0\Modules`
	m.SearchPath = []string{`C:\Windows\system32`}
	about := `HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	m.SetRegistry(about, "InstallationType", "Server")
	m.SetRegistry(about, "EditionID", map[bool]string{true: "ServerDatacenter", false: "ServerEnterprise"}[m.year() >= 2012])
	m.SetRegistry(about, "CurrentVersion", "6.3")
	m.SetRegistry(uninstall, "", nil)
	m.SetRegistry(`HKLM:\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion\Uninstall`, "", nil)
	release := int64(528049)
	switch {
	case m.year() < 2016:
		release = 461814
	case m.year() < 2019:
		release = 394802
	}
	m.SetRegistry(`HKLM:\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full`, "Release", release)
	m.SetFact("Version", kernels[m.Windows])
	m.SetFact("Caption", fmt.Sprintf("Microsoft Windows Server %s Datacenter", m.Windows))
	m.SetFact("ServicePackMajorVersion", map[bool]string{true: "1", false: "0"}[m.Windows == "2008 R2"])
	m.SetFact("DomainRole", "3")
	m.SetFact("Domain", m.farm.Directory.DNS)
	m.SetFact("TotalPhysicalMemory", "17179000000")
	m.SetFact("Manufacturer", "HPE")
	m.SetFact("Model", "ProLiant DL360 Gen10")
	m.Payload(true)
	m.AddDisk("C:", 50<<30)
	m.AddService(Service{Name: "MpsSvc", Display: "Windows Defender Firewall", Account: `NT Authority\LocalService`, Process: "svchost"})
	m.AddService(Service{Name: "EventLog", Display: "Windows Event Log", Account: `NT AUTHORITY\LocalService`, Process: "svchost"})
	m.AddService(Service{Name: "RpcSs", Display: "Remote Procedure Call (RPC)", Account: `NT AUTHORITY\NetworkService`, Process: "svchost", Ports: []int{135}})
	m.AddService(Service{Name: "VSS", Display: "Volume Shadow Copy", State: "Stopped", Mode: "Manual"})
	// The user rights of a member server as Windows sets them up.
	m.SetRight("SeBatchLogonRight", "*S-1-5-32-544", "*S-1-5-32-551", "*S-1-5-32-559")
	m.SetRight("SeImpersonatePrivilege", "*S-1-5-19", "*S-1-5-20", "*S-1-5-32-544", "*S-1-5-6")
	m.SetRight("SeNetworkLogonRight", "*S-1-1-0", "*S-1-5-11", "*S-1-5-32-544", "*S-1-5-32-551")
	m.SetRight("SeServiceLogonRight", "*S-1-5-80-0")
	m.SetRight("SeBackupPrivilege", "*S-1-5-32-544", "*S-1-5-32-551")
	m.system.groups["Administrators"] = nil
	m.system.groups["IIS_IUSRS"] = nil
	for _, l := range []string{"Application", "System", "Security"} {
		m.AddLog(l)
	}
	for _, w := range []string{"System Writer", "Registry Writer", "COM+ REGDB Writer"} {
		m.SetWriter(w, 1)
	}
	for _, p := range []string{"secedit", "netsh", "vssadmin", "diskshadow", "certreq", "certutil", "msiexec", "klist"} {
		m.Files.write(`C:\Windows\System32\`+p+".exe", []byte("MZ"))
	}
	m.SetRegistry(parent(pendingKeys[0]), "", nil)
	m.SetRegistry(parent(pendingKeys[1]), "", nil)
	m.Files.folder(`C:\Program Files`, "S-1-5-18", nil)
	m.Files.folder(`C:\Windows\Temp`, "S-1-5-18", nil)
	m.Files.folder(`C:\Windows\Microsoft.NET\assembly\GAC_MSIL`, "S-1-5-18", nil)
	m.Modules["servermanager"] = true
	if m.year() >= 2012 {
		for _, n := range []string{"netsecurity", "nettcpip", "scheduledtasks", "dnsclient", "cimcmdlets"} {
			m.Modules[n] = true
		}
	}
	for _, r := range featureRows {
		f := &feature{name: r.name, parent: r.parent, needs: strings.Fields(r.needs), state: "Available"}
		switch r.state {
		case "2012", "installed", "removed":
			if m.year() < 2012 && r.state != "removed" {
				continue // .NET Framework 4.5 is no feature of Windows Server 2008 R2
			}
			if r.state == "installed" {
				f.state = "Installed"
			}
			if r.state == "removed" && m.year() >= 2012 {
				f.state = "Removed"
			}
		}
		m.system.features[strings.ToLower(f.name)] = f
	}
}
