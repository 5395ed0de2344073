package rehearsal

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
)

// microsoft is a signature as Windows shows it on what Microsoft published.
var microsoft = farm.Signature{Status: "Valid", Signer: "Microsoft Corporation"}

// servers makes what the servers have ahead of the night: addresses, disks, SQL Server's services and keys, the cluster's service, programs,
// set-ups, certificates; and on nodes that exist already, features and software.
func (n *Night) servers(f *planned.Farm) {
	n.Desk.AddAdapter(farm.Adapter{Name: "Ethernet", Addresses: []string{"10.255.0.10"}})
	n.cluster(f)
	for at, p := range f.Groups() {
		if p.Existing && p.Listener != nil && len(n.Farm.Directory.Addresses(p.Listener.FQDN)) == 0 {
			leaf, _, _ := strings.Cut(p.Listener.FQDN, ".")
			n.Farm.Directory.SetAddress(leaf, fmt.Sprintf("10.252.0.%d", 10+at))
		}
	}
	for at, h := range f.Hosts {
		m := n.Farm.Machines[strings.ToUpper(h.Name)]
		m.FQDN = h.FQDN
		if h.Core {
			m.SetCore()
		}
		n.address(m, h, at)
		for _, v := range f.Volumes(h) {
			m.AddDisk(v.Drive, 50<<30)
		}
		if h.SQL() {
			n.sqlHost(f, m, h)
		}
		if f.Cluster != nil && slices.Contains(f.Cluster.Nodes, h) {
			m.InstallFeature("Failover-Clustering", "RSAT-Clustering-PowerShell")
			m.AddService(farm.Service{Name: "ClusSvc", Display: "Cluster Service", Process: "clussvc", Ports: []int{3343}})
		}
		for _, file := range f.SetupFiles(h) {
			n.setup(f, m, file)
		}
		if h.EstablishedNodes() {
			m.InstallFeature(h.WindowsFeatures()...)
		}
		if h.NeedsMBAM() && !f.MBAM.V2() && (h.Established() || f.MBAM.Media == "") {
			installMBAM(m, version(f.MBAM))
		}
		if r := h.Reporting; r != nil {
			m.SetRegistry(`HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\RS`, r.Instance, r.InstanceKey()+map[bool]string{true: r.Instance}[strings.HasSuffix(r.InstanceKey(), ".")])
		}
		if r := h.Reporting; r != nil && r.Existing {
			port, err := r.Port()
			if err != nil {
				panic(err) // check has read the address
			}
			m.AddRule(farm.Rule{Name: "reports", Enabled: true, Allow: true, Protocol: "TCP", Ports: strconv.Itoa(port)})
			m.SetRight("SeBatchLogonRight", append(m.Right("SeBatchLogonRight"), "*"+n.Farm.Directory.Find(f.ReportReader.Name).SID)...)
		}
		if f.MBAM.MVC4 && h.Web() && (f.MBAM.MVC4Media == "" || h.EstablishedNodes()) {
			installMVC(m)
		}
		for _, node := range h.Nodes {
			if node.Web.TLS && node.Thumbprint != "" && m.Certificate(node.Thumbprint) == nil {
				names := append([]string{node.Web.Host}, node.Web.CertificateNames(f.Domain)...)
				slices.Sort(names)
				m.AddCertificate(farm.Certificate{Thumbprint: node.Thumbprint, Subject: "CN=" + node.Web.Host, Names: slices.Compact(names), Key: true})
			}
		}
	}
}

// mbam20 makes what MBAM 2.0 wants ahead of its set-up on the servers, as its preflights ask: the set-up itself, and on a web server the features of
// Windows, ASP.NET MVC 2, and the port.
func (n *Night) mbam20(f *planned.Farm) {
	for _, s := range f.SetupServers() {
		m := n.Farm.Machines[strings.ToUpper(s.Host.Name)]
		m.PutSetup20(f.MBAM.Media, microsoft)
		if !s.Web() {
			continue
		}
		m.InstallFeature(s.WindowsFeatures()...)
		m.AddProduct("{DD8ED9ED-1A43-4CB5-94D9-3CD1B4A2B9C5}", "Microsoft ASP.NET MVC 2", "2.0.60926.0")
		m.StopSite("Default Web Site", true)
	}
}

// address gives a server its adapter, by the name that the plan has for it, and its address, which DNS knows.
func (n *Night) address(m *farm.Machine, h *planned.Host, at int) {
	name := "Ethernet"
	for _, node := range h.Nodes {
		if node.Interface != "" {
			name = node.Interface
		}
	}
	address := fmt.Sprintf("10.254.%d.%d", at/200, 10+at%200)
	if h.Address.IsValid() {
		address = h.Address.String()
	}
	leaf, _, _ := strings.Cut(h.FQDN, ".")
	n.Farm.Directory.SetAddress(leaf, address)
	m.AddAdapter(farm.Adapter{Name: name, Addresses: []string{address}})
}

// sqlHost installs SQL Server as Windows sees it: services, ports, the registry, the VSS writer, sqlcmd.
func (n *Night) sqlHost(f *planned.Farm, m *farm.Machine, h *planned.Host) {
	const root = `HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server`
	const tools = `C:\Program Files\Microsoft SQL Server\Client SDK\ODBC\170\Tools\Binn`
	m.AddService(farm.Service{Name: "SQLWriter", Display: "SQL Server VSS Writer", Process: "sqlwriter"})
	m.Files.Put(tools+`\sqlcmd.exe`, []byte("MZ"))
	m.SearchPath = append(m.SearchPath, tools)
	m.Modules["sqlserver"] = true
	browser := farm.Service{Name: "SQLBrowser", Display: "SQL Server Browser", State: "Stopped", Mode: "Disabled", Account: `NT AUTHORITY\LOCALSERVICE`, Process: "sqlbrowser"}
	for _, i := range h.Instances {
		if i.Named != "" {
			browser.State, browser.Mode = "Running", "Auto"
		}
		name := i.Named
		if name == "" {
			name = "MSSQLSERVER"
		}
		first, _, _ := strings.Cut(i.ProductVersion(), ".")
		id := "MSSQL" + first + "." + name
		m.SetRegistry(root+`\Instance Names\SQL`, name, id)
		m.SetRegistry(root+`\`+id+`\Setup`, "Version", i.ProductVersion()+".1000.1")
		m.SetRegistry(root+`\`+id+`\Setup`, "Edition", i.SetupEdition())
		m.SetRegistry(root+`\`+id+`\Setup`, "Collation", "SQL_Latin1_General_CP1_CI_AS")
		m.SetRegistry(root+`\`+id+`\Setup`, "SP", int64(3))
		m.SetRegistry(root+`\`+id+`\MSSQLServer\SuperSocketNetLib`, "ForceEncryption", int64(0))
		m.SetRegistry(root+`\`+id+`\MSSQLServer\SuperSocketNetLib\Tcp`, "Enabled", int64(1))
		enabled := slices.ContainsFunc(f.Groups(), func(p *planned.Placement) bool {
			return p.Existing && slices.ContainsFunc(p.Replicas, func(r *planned.Replica) bool { return r.Instance == i })
		})
		m.SetRegistry(root+`\`+id+`\MSSQLServer\HADR`, "HADR_Enabled", map[bool]int64{true: 1}[enabled])
		account := i.Service
		if account == "" {
			account = `NT Service\` + i.EngineService()
		}
		port := i.Port
		if port == 0 {
			port = 49172 // dynamic: what the last start took
		}
		engine := farm.Service{Name: i.EngineService(), Display: "SQL Server (" + name + ")", Account: account, Process: "sqlservr", Ports: []int{port}}
		agent := farm.Service{Name: i.AgentService(), Display: "SQL Server Agent (" + name + ")", Account: account, Process: "SQLAGENT", Needs: []string{i.EngineService()}}
		if i.Clustered() {
			engine.Mode, agent.Mode = "Manual", "Manual"
			if i.Host() != h {
				engine.State, agent.State = "Stopped", "Stopped"
			} else {
				n.network(m, i)
			}
		}
		m.AddService(engine)
		m.AddService(agent)
		for _, folder := range []string{i.Data, i.Log} {
			if folder != "" {
				m.Files.AddFolder(folder)
			}
		}
	}
	m.AddService(browser)
	for _, p := range f.Placements {
		if p.BackupShare != "" {
			m.Files.AddFolder(p.BackupShare)
		}
	}
}

// cluster makes the failover cluster with its core role and those of clustered instances.
func (n *Night) cluster(f *planned.Farm) {
	if f.Cluster == nil {
		return
	}
	c := &farm.Cluster{Name: f.Cluster.Name, Witness: f.Cluster.Witness}
	for _, h := range f.Cluster.Nodes {
		c.Nodes = append(c.Nodes, h.Name)
	}
	for _, h := range f.Cluster.NoVote {
		c.NoVote = append(c.NoVote, h.Name)
	}
	known := map[netip.Prefix]bool{}
	network := func(p netip.Prefix) {
		if p = p.Masked(); p.IsValid() && !p.IsSingleIP() && !known[p] {
			known[p] = true
			c.Networks = append(c.Networks, [2]string{p.Addr().String(), net.IP(net.CIDRMask(p.Bits(), 32)).String()})
		}
	}
	for _, p := range f.Cluster.Addresses {
		network(p)
	}
	for _, p := range f.Groups() {
		if p.Listener != nil {
			for _, a := range p.Listener.Addresses {
				network(a)
			}
		}
	}
	for _, h := range f.Hosts {
		network(h.Subnet)
	}
	c.Roles = append(c.Roles, &farm.Role{Name: "Cluster Group", Owner: c.Nodes[0], Resources: []*farm.Resource{
		{Name: "Cluster Name", Type: "Network Name", Parameters: map[string]any{"Name": c.Name, "DnsName": c.Name}},
	}})
	for _, i := range f.Instances {
		if !i.Clustered() {
			continue
		}
		named := i.Named
		if named == "" {
			named = "MSSQLSERVER"
		}
		name := "SQL Network Name (" + i.Network + ")"
		c.Roles = append(c.Roles, &farm.Role{Name: "SQL Server (" + named + ")", Owner: i.Host().Name, Resources: []*farm.Resource{
			{Name: name, Type: "Network Name", Parameters: map[string]any{"Name": i.Network, "DnsName": i.Network, "RegisterAllProvidersIP": int64(0), "HostRecordTTL": int64(1200)}},
			{Name: "SQL Server (" + i.Network + ")", Type: "SQL Server", Needs: []string{name}, Parameters: map[string]any{"VirtualServerName": i.Network, "InstanceName": named}},
		}})
	}
	n.Farm.Cluster = c
}

// network brings the network name of a clustered instance online on its owner.
func (n *Night) network(m *farm.Machine, i *planned.Instance) {
	leaf, _, _ := strings.Cut(i.FQDN, ".")
	if len(n.Farm.Directory.Addresses(i.FQDN)) == 0 {
		n.Farm.Directory.SetAddress(leaf, fmt.Sprintf("10.253.0.%d", 10+i.Index))
	}
	a := m.Adapter("Ethernet")
	a.Addresses = append(a.Addresses, n.Farm.Directory.Addresses(i.FQDN)[0])
}

// The folder of MBAM's server software, and what it is called in Programs and Features.
const (
	mbamFolder  = `C:\Program Files\Microsoft BitLocker Administration and Monitoring`
	mbamProduct = "Microsoft BitLocker Administration and Monitoring"
	mbamCode    = "{DC8F5E0B-1D8B-4C7C-8C5A-2B0B4F2A7C11}"
	mvcFolder   = `C:\Windows\Microsoft.NET\assembly\GAC_MSIL\System.Web.Mvc`
	mvcCode     = "{3FE312D5-B862-40CE-8E4E-A6D8ABF62736}"
	mbamKey     = `HKLM:\SOFTWARE\Microsoft\MBAM Server`
)

// base is the version that the release itself installs; that of 2.5 stands in examples/rtm-2012.yaml only.
func base(m planned.MBAM) string {
	if v := m.Base(); v != "" {
		return v
	}
	return "2.5.244.0"
}

func version(m planned.MBAM) string {
	if m.Servicing != "" {
		return m.Servicing
	}
	return base(m)
}

// installMBAM does what the set-up of the server software does (mbam.md 1.6, 2.2): folder, module in the machine's PSModulePath, keys.
func installMBAM(m *farm.Machine, version string) {
	modules := mbamFolder + `\WindowsPowerShell\Modules`
	m.AddProduct(mbamCode, mbamProduct, version)
	m.SetRegistry(mbamKey, "Installed", version)
	m.SetRegistry(mbamKey, "InstallationPath", mbamFolder+`\`)
	m.Files.Put(modules+`\Microsoft.MBAM\Microsoft.MBAM.psd1`, []byte("@{}"))
	m.Modules["microsoft.mbam"] = true
	for _, log := range mbamLogs {
		m.AddLog(log)
	}
	if !strings.Contains(m.ModulePath, modules) {
		m.ModulePath += ";" + modules
	}
}

// mbamLogs come and go with the software (mbam.md 10.3, 10.5).
var mbamLogs = []string{
	"Microsoft-Windows-MBAM-Server/Admin", "Microsoft-Windows-MBAM-Server/Operational", "Microsoft-Windows-MBAM-Web/Admin", "Microsoft-Windows-MBAM-Web/Operational",
}

// removeMBAM is what uninstalling does.
func removeMBAM(m *farm.Machine) {
	m.RemoveProduct(mbamCode)
	m.RemoveRegistry(mbamKey, "")
	m.Files.RemoveFolder(mbamFolder)
	delete(m.Modules, "microsoft.mbam")
	for _, log := range mbamLogs {
		m.RemoveLog(log)
	}
	m.ModulePath = strings.ReplaceAll(m.ModulePath, ";"+mbamFolder+`\WindowsPowerShell\Modules`, "")
}

// installMVC puts ASP.NET MVC 4 into the global assembly cache.
func installMVC(m *farm.Machine) {
	m.Files.Put(mvcFolder+`\v4.0_4.0.0.1__31bf3856ad364e35\System.Web.Mvc.dll`, []byte("MZ"))
	m.AddProduct(mvcCode, "Microsoft ASP.NET MVC 4 Runtime", "4.0.40804.0")
}

// removeMVC is what uninstalling does.
func removeMVC(m *farm.Machine) {
	m.RemoveProduct(mvcCode)
	m.Files.RemoveFolder(mvcFolder)
}

// setup lays a set-up program of the plan where the plan has it.
func (n *Night) setup(f *planned.Farm, m *farm.Machine, file planned.SetupFile) {
	mbam := f.MBAM
	switch file.Path {
	case mbam.Media:
		m.PutSetup(file.Path, microsoft, func(m *farm.Machine, args []string) ([]string, int) {
			// The documented properties, and the switch that two public scripts use (mbam.md 2.2). A wrong one would open a window.
			if len(args) < 3 || args[0] != "/silent" || args[1] != "/log" {
				return []string{"usage"}, 87
			}
			for _, a := range args[3:] {
				k, v, _ := strings.Cut(a, "=")
				if !slices.Contains([]string{"CEIPENABLED", "OPTIN_FOR_MICROSOFT_UPDATES", "INSTALLDIR", "FORCE_UNINSTALL"}, k) || v == "" {
					return []string{"unknown property " + a}, 87
				}
			}
			m.Files.Put(args[2], []byte("log"))
			installMBAM(m, base(mbam))
			return nil, m.SetupCode
		})
	case mbam.Update:
		m.PutSetup(file.Path, microsoft, func(m *farm.Machine, args []string) ([]string, int) {
			want := []string{"/silent"}
			if mbam.Patch() {
				want = []string{"/quiet", "/norestart", "/l*v"}
			}
			if len(args) < len(want) || !slices.Equal(args[:len(want)], want) {
				return []string{"usage"}, 1639 // ERROR_INVALID_COMMAND_LINE
			}
			if have, ok := m.Registry(mbamKey, "Installed"); !ok || have != any(base(mbam)) && have != any(mbam.Servicing) {
				return []string{"no product to patch"}, 1642 // ERROR_PATCH_TARGET_NOT_FOUND
			}
			installMBAM(m, mbam.Servicing)
			return nil, m.SetupCode
		})
	case mbam.MVC4Media:
		m.PutSetup(file.Path, microsoft, func(m *farm.Machine, args []string) ([]string, int) {
			if len(args) != 1 || args[0] != "/q" {
				return []string{"usage"}, 1639
			}
			installMVC(m)
			return nil, m.SetupCode
		})
	}
}
