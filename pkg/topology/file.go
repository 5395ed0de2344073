// Package topology knows the fields of a topology file: their names, shapes, documentation and defaults.
//
// It does not know rules between fields (package check), nor what is computed from them (package farm). The struct tags
// are the single source for the decoder, for `mbamplan show`, and for the documentation of the format; package decode
// explains them.
package topology

// SchemaVersion is the version of the topology format that this release reads.
const SchemaVersion = 1

// File is one topology file as a person wrote it, with defaults filled in by Load.
type File struct {
	Schema  int    `key:"schema" req:"true" doc:"version of this format; this release reads 1" eg:"1"`
	Name    string `key:"name" req:"true" is:"slug" doc:"short name of the farm; names files and titles" eg:"contoso-mbam"`
	Secrets string `key:"secrets" doc:"path of the secrets file, relative to this file; default: <this file>.secrets.yaml beside it" eg:"contoso.secrets.yaml"`

	MBAM     MBAM     `key:"mbam" req:"true" doc:"release, servicing level and set-up media of MBAM"`
	Domain   Domain   `key:"domain" req:"true" doc:"the Active Directory domain of the servers"`
	Accounts Accounts `key:"accounts" req:"true" doc:"MBAM's service accounts: domain users, never managed service accounts"`
	Groups   Groups   `key:"groups" doc:"domain groups that MBAM gives roles to; required but for 2.0, which has local groups"`
	Defaults Defaults `key:"defaults" doc:"values for hosts and instances that do not say otherwise"`

	Hosts      []Host      `key:"hosts" req:"true" doc:"every Windows server of the plan, by its NetBIOS name"`
	Instances  []Instance  `key:"instances" req:"true" doc:"every SQL Server instance, by the name that @@SERVERNAME prints"`
	Cluster    *Cluster    `key:"cluster" doc:"the Windows failover cluster under an availability group or a failover cluster instance; it is verified, never built"`
	Placements []Placement `key:"placements" req:"true" doc:"where databases live: on a stand-alone instance, a failover cluster instance, in an availability group, or mirrored"`
	Databases  Databases   `key:"databases" req:"true" doc:"the two MBAM databases and their placements"`
	Reports    *Reports    `key:"reports" doc:"SQL Server Reporting Services with the MBAM reports"`
	Web        Web         `key:"web" doc:"the web farms"`
	Clients    *Clients    `key:"clients" doc:"the Group Policy object that points the clients at the farm"`
	Backup     Backup      `key:"backup" doc:"backup of the two databases"`
	Figures    []Figure    `key:"availability" doc:"measured availability of parts of the farm in percent, for mbamplan impact; nothing is assumed where none is given"`

	Durations []Duration `key:"durations" doc:"how long steps take here, for the runbook and the change ticket, by the step's folder; nothing is assumed for the others"`

	Waivers []Waiver `key:"waivers" doc:"findings of rules (MBP1001 and up) that somebody answers for until a day"`
}

// Duration is how long one run of a step is expected to take.
type Duration struct {
	_    struct{} `short:"time"`
	Step string   `name:"true" doc:"folder of the step, as \"web/enable-web-applications\" (mbamplan plan names them)"`
	Time string   `key:"time" req:"true" is:"duration" doc:"expected duration on one server" eg:"20m"`
}

// Waiver accepts every finding of one rule until a day. What keeps a topology from being read or resolved cannot be waived.
type Waiver struct {
	Code   string `key:"code" req:"true" doc:"code of the rule" eg:"MBP1901"`
	Reason string `key:"reason" req:"true" doc:"why the finding is accepted" eg:"tested in the lab, ticket CHG-1234"`
	Who    string `key:"who" req:"true" doc:"who answers for it" eg:"Jo Berg"`
	Until  string `key:"until" req:"true" doc:"last day it holds, YYYY-MM-DD in quotes; it is an error afterwards" eg:"2026-12-31"`
}

// MBAM says which product is installed.
type MBAM struct {
	Release   string `key:"release" req:"true" enum:"2.5 SP1|2.5|2.0" doc:"MBAM release" eg:"2.5 SP1"`
	Mode      string `key:"mode" enum:"standalone|configurationManager" def:"standalone" why:"the Configuration Manager topology is out of support" doc:"stand-alone, or integrated with Configuration Manager"`
	Servicing string `key:"servicing" is:"version" doc:"version of the server software after the servicing release is installed, equal on every server" eg:"2.5.1152.0"`
	Media     string `key:"media" is:"unc|winpath" doc:"MbamServerSetup.exe; without it the software is checked, not installed (2.0: MbamSetup.exe, required)" eg:"\\\\fs1\\mbam\\MbamServerSetup.exe"`
	Update    string `key:"update" is:"unc|winpath" doc:"installer of the servicing release, run after the set-up" eg:"\\\\fs1\\mbam\\MBAM2.5-Server-KB4586232.exe"`
	MVC4      string `key:"mvc4" enum:"required|notNeeded" doc:"ASP.NET MVC 4; not needed from the January 2023 servicing release (HF08)"`
	MVC4Media string `key:"mvc4Media" is:"unc|winpath" doc:"AspNetMVC4Setup.exe" eg:"\\\\fs1\\mbam\\AspNetMVC4Setup.exe"`
	Accept20  bool   `key:"acceptUnsupported" def:"false" why:"no document of MBAM 2.0 supports it" doc:"2.0: acknowledge an availability group, mirroring, a cluster or a balanced farm; every file is stamped UNSUPPORTED"`
	UserCDN   string `key:"jquery" enum:"local|cdn" def:"local" why:"2.5 SP1 ships its scripts" doc:"where the Self-Service Portal of 2.5 finds jQuery"`
}

// Domain is the Active Directory domain of the servers and accounts.
type Domain struct {
	DNS        string `key:"dns" req:"true" is:"fqdn" doc:"DNS name of the domain" eg:"contoso.com"`
	NetBIOS    string `key:"netbios" req:"true" is:"netbios" doc:"NetBIOS name of the domain" eg:"CONTOSO"`
	DNSServer  string `key:"dnsServer" is:"fqdn|dnslabel" doc:"server that holds the zone; default: a domain controller found at run time" eg:"dc1.contoso.com"`
	Zone       string `key:"zone" is:"fqdn" doc:"zone of the virtual host name; default: the domain's own" eg:"contoso.com"`
	Management string `key:"managementHost" is:"fqdn|dnslabel" doc:"where the domain administrator runs the directory scripts; not a server of the farm" eg:"ADMIN1"`
	AccountOU  string `key:"accountOU" is:"dn" doc:"organisational unit for accounts that are created" eg:"OU=Service Accounts,DC=contoso,DC=com"`
	GroupOU    string `key:"groupOU" is:"dn" doc:"organisational unit for groups that are created" eg:"OU=Groups,DC=contoso,DC=com"`
	ForestSPN  bool   `key:"forestWideSPN" def:"true" why:"a service principal name must be unique in the forest" doc:"look for other owners in the whole forest (setspn -F)"`
}

// Accounts are MBAM's own service accounts.
type Accounts struct {
	Create      bool   `key:"create" def:"false" why:"most domains create service accounts by their own process" doc:"create accounts and groups that do not exist, disabled until a password is set by hand"`
	Pool        string `key:"pool" is:"account" doc:"application pool account, the same on every web node; owns the service principal names; required but for 2.0, which has none" eg:"svc-mbam-pool"`
	Reports     string `key:"reports" req:"true" is:"account" doc:"account of the reports' data source (read-only)" eg:"svc-mbam-ro"`
	ReadWrite   string `key:"readWrite" is:"account" doc:"user or group with read/write access to both databases; default: the pool account" eg:"MBAM DB RW"`
	ReadWriteIs string `key:"readWriteIs" enum:"user|group" doc:"what readWrite names; default: user when it is the pool account, else group"`
	ReadOnly    string `key:"readOnly" is:"account" doc:"user or group with read access to the compliance database; default: the reports account" eg:"MBAM DB RO"`
	ReadOnlyIs  string `key:"readOnlyIs" enum:"user|group" doc:"what readOnly names; default: user when it is the reports account, else group"`
}

// Groups are the domain groups that MBAM gives roles to.
type Groups struct {
	AdvancedHelpdesk string `key:"advancedHelpdesk" is:"account" doc:"all areas of the Help Desk but reports; key ID is enough" eg:"MBAM Advanced Helpdesk"`
	Helpdesk         string `key:"helpdesk" is:"account" doc:"drive recovery and TPM; all fields must be filled in" eg:"MBAM Helpdesk"`
	Reports          string `key:"reports" is:"account" doc:"readers of the reports; the same group for reports and web" eg:"MBAM Report Readers"`
	DataMigration    string `key:"dataMigration" is:"account" doc:"may write recovery data by cmdlet (2.5 SP1)" eg:"MBAM Data Migration"`
}

// Defaults apply to hosts and instances that do not say otherwise.
type Defaults struct {
	Windows string      `key:"windows" enum:"2008 R2|2012|2012 R2|2016|2019|2022|2025" doc:"Windows Server version of hosts" eg:"2019"`
	SQL     SQLDefaults `key:"sql" doc:"defaults of instances"`
}

// SQLDefaults apply to instances that do not say otherwise.
type SQLDefaults struct {
	Version        string `key:"version" enum:"2008 R2|2012|2014|2016|2017|2019|2022" doc:"SQL Server version" eg:"2019"`
	Edition        string `key:"edition" enum:"Enterprise|Standard|Developer|Evaluation|Express" doc:"SQL Server edition" eg:"Enterprise"`
	ServiceAccount string `key:"serviceAccount" doc:"account of the database engine" eg:"CONTOSO\\svc-sql"`
	Data           string `key:"data" is:"winpath" doc:"folder of data files" eg:"E:\\MSSQL\\Data"`
	Log            string `key:"log" is:"winpath" doc:"folder of log files" eg:"F:\\MSSQL\\Log"`
}

// Host is one Windows server.
type Host struct {
	_       struct{} `short:"windows"`
	Name    string   `name:"true" is:"dnslabel" doc:"NetBIOS name, at most 15 characters"`
	FQDN    string   `key:"fqdn" is:"fqdn" doc:"default: name and DNS domain"`
	Windows string   `key:"windows" enum:"2008 R2|2012|2012 R2|2016|2019|2022|2025" doc:"Windows Server version; default: defaults.windows" eg:"2019"`
	Core    bool     `key:"core" def:"false" why:"Desktop Experience is the common installation" doc:"Server Core"`
	Site    string   `key:"site" doc:"site or room; servers of one site fail together" eg:"HQ"`
	Address string   `key:"address" is:"cidr4|ipv4" doc:"IPv4 address, with the prefix length of its subnet where that matters" eg:"10.1.0.11/24"`
}

// Instance is one SQL Server instance, stand-alone or clustered.
type Instance struct {
	_              struct{} `short:"nodes"`
	Name           string   `name:"true" is:"instance" doc:"as @@SERVERNAME prints it: NETWORKNAME or NETWORKNAME\\INSTANCE"`
	Nodes          []string `key:"nodes" doc:"hosts it runs on: one for a stand-alone instance, several for a failover cluster instance; default: the host of its name"`
	FQDN           string   `key:"fqdn" is:"fqdn" doc:"DNS name of its network name; default: network name and DNS domain"`
	Port           int      `key:"port" is:"port" doc:"static TCP port; default: 1433 for a default instance"`
	EndpointPort   int      `key:"endpointPort" is:"port" doc:"port of its database mirroring endpoint, of which an instance has one; default: endpoint.port of its placement" eg:"5022"`
	Version        string   `key:"version" enum:"2008 R2|2012|2014|2016|2017|2019|2022" doc:"SQL Server version; default: defaults.sql.version" eg:"2019"`
	Edition        string   `key:"edition" enum:"Enterprise|Standard|Developer|Evaluation|Express" doc:"edition; default: defaults.sql.edition"`
	ServiceAccount string   `key:"serviceAccount" doc:"account of the database engine: DOMAIN\\user, DOMAIN\\gmsa$, or a built-in account; default: defaults.sql.serviceAccount" eg:"CONTOSO\\svc-sql"`
	Data           string   `key:"data" is:"winpath" doc:"folder of data files; default: defaults.sql.data"`
	Log            string   `key:"log" is:"winpath" doc:"folder of log files; default: defaults.sql.log"`
}

// Cluster is the Windows failover cluster that exists under an availability group.
type Cluster struct {
	Name       string   `key:"name" req:"true" is:"dnslabel" doc:"cluster name; its computer object creates the listener's" eg:"SQLCLU1"`
	ComputerOU string   `key:"computerOU" is:"dn" doc:"organisational unit of the cluster's computer object and so of the listener's" eg:"OU=Clusters,DC=contoso,DC=com"`
	Addresses  []string `key:"addresses" is:"cidr4|ipv4" doc:"cluster addresses, one per subnet"`
	Witness    string   `key:"witness" doc:"file share witness (UNC), disk or cloud witness" eg:"\\\\fs1\\sqlclu1$"`
	NoVote     []string `key:"noVote" doc:"hosts without a quorum vote, as a disaster recovery site's should be"`
}

// Placement is a place for databases.
type Placement struct {
	Name     string `name:"true" is:"sqlname" doc:"name of the placement; of an availability group: the group's name"`
	Kind     string `key:"kind" req:"true" enum:"standalone|fci|availabilityGroup|mirroring" doc:"what keeps the databases available"`
	Existing bool   `key:"existing" def:"false" why:"a plan builds what it names unless told otherwise" doc:"it is there already: attach to it, never create or restore over it"`

	Instance string `key:"instance" is:"instance" doc:"standalone, fci: the instance"`

	Principal string `key:"principal" is:"instance" doc:"mirroring: the principal"`
	Mirror    string `key:"mirror" is:"instance" doc:"mirroring: the mirror (Failover Partner)"`
	Witness   string `key:"witness" is:"instance" doc:"mirroring: the witness, for automatic failover"`
	Safety    string `key:"safety" enum:"full|off" def:"full" why:"recovery keys must not be lost; Standard edition allows nothing else" doc:"mirroring: synchronous (full) or asynchronous (off)"`
	Timeout   int    `key:"timeout" doc:"mirroring: seconds without an answer after which a partner counts as lost, 5 or more; default: 10, and 90 when a partner is a failover cluster instance" eg:"20"`

	Replicas         []Replica `key:"replicas" doc:"availability group: the replicas, the first primary first"`
	Listener         *Listener `key:"listener" doc:"availability group: the listener that clients name"`
	Seeding          string    `key:"seeding" enum:"manual|automatic" def:"manual" why:"works on every version and with differing paths" doc:"how a secondary gets its copy; automatic from SQL Server 2016"`
	BackupShare      string    `key:"backupShare" is:"unc" doc:"share for the backups that seed the secondaries or the mirror; the SQL Server service accounts write and read it" eg:"\\\\fs1\\mbam-seed"`
	BackupPreference string    `key:"backupPreference" enum:"primary|secondaryOnly|secondary|none" def:"primary" why:"differential and ordinary full backups are possible only there" doc:"availability group: where automated backups run"`
	Endpoint         Endpoint  `key:"endpoint" doc:"availability group, mirroring: the database mirroring endpoint of each instance"`
	Basic            bool      `key:"basic" def:"false" why:"a basic group holds one database only" doc:"availability group: a basic group (Standard edition, one database)"`
	IndependentOK    bool      `key:"acceptIndependentFailover" def:"false" why:"MBAM wants its two databases to fail over together" doc:"acknowledge that the two databases may end up on different servers, and that mirroring is deprecated"`
}

// Replica is one replica of an availability group.
type Replica struct {
	_              struct{} `short:"instance"`
	Instance       string   `key:"instance" req:"true" is:"instance" doc:"the instance"`
	Availability   string   `key:"availability" enum:"synchronous|asynchronous" def:"synchronous" why:"a lost transaction is a lost recovery key" doc:"availability mode"`
	Failover       string   `key:"failover" enum:"automatic|manual" doc:"failover mode; default: automatic for the first two synchronous stand-alone replicas, else manual"`
	ReadAccess     string   `key:"readAccess" enum:"none|readOnly|all" def:"none" why:"MBAM does not read from secondaries" doc:"connections that a secondary allows"`
	BackupPriority int      `key:"backupPriority" def:"50" why:"SQL Server's default" doc:"0 (never) to 100"`
	EndpointPort   int      `key:"endpointPort" is:"port" doc:"port of this instance's endpoint; default: endpoint.port"`
}

// Listener is an availability group listener.
type Listener struct {
	Name      string   `key:"name" req:"true" doc:"DNS name without domain, at most 15 characters" eg:"MBAM-SQL"`
	FQDN      string   `key:"fqdn" is:"fqdn" doc:"default: name and DNS domain"`
	Port      int      `key:"port" is:"port" def:"1433" why:"connection strings may then leave it out" doc:"TCP port"`
	Addresses []string `key:"addresses" is:"cidr4" doc:"static addresses, one per subnet" eg:"10.1.0.50/24"`
	DHCP      bool     `key:"dhcp" def:"false" why:"a listener's address must not change" doc:"let DHCP assign the address (one subnet, not for production)"`
	Multi     bool     `key:"multiSubnetFailover" def:"true" why:"SQL Server's own advice for every listener" doc:"MultiSubnetFailover=True in connection strings"`
	AllIPs    bool     `key:"registerAllProvidersIP" def:"true" why:"what SQL Server sets; right when every client knows MultiSubnetFailover" doc:"register every address in DNS at once"`
	TTL       int      `key:"hostRecordTTL" def:"1200" why:"what SQL Server sets" doc:"seconds that DNS clients may keep the listener's record"`
}

// Endpoint is the database mirroring endpoint, one per instance.
type Endpoint struct {
	Name string `key:"name" is:"sqlname" def:"Hadr_endpoint" why:"the name that SQL Server Management Studio gives" doc:"name of an endpoint that is created; an existing one keeps its name"`
	Port int    `key:"port" is:"port" def:"5022" why:"the port that SQL Server Management Studio proposes" doc:"TCP port"`
}

// Databases are the two databases of MBAM.
type Databases struct {
	From       string   `key:"createFrom" is:"dnslabel" doc:"host with MBAM's server software that runs Enable-MbamDatabase; default: the first host that has it"`
	Compliance Database `key:"compliance" req:"true" doc:"the Compliance and Audit Database"`
	Recovery   Database `key:"recovery" req:"true" doc:"the Recovery Database"`
}

// Database is one MBAM database.
type Database struct {
	_             struct{} `short:"placement"`
	Name          string   `key:"name" is:"sqlname" doc:"name of the database; default: MBAM's own" eg:"MBAM Compliance Status"`
	Placement     string   `key:"placement" req:"true" doc:"the placement it lives in"`
	Existing      bool     `key:"existing" def:"false" why:"a plan builds what it names unless told otherwise" doc:"it holds data already: never created, never restored over; in a new group its first replica holds it today"`
	Was           string   `key:"was" is:"instance" doc:"existing: the instance that web features and reports name today; needed only in an existing placement, where they are to be pointed at its listener or pair"`
	Encrypted     bool     `key:"encrypted" def:"false" why:"transparent data encryption is optional since MBAM 2.0" doc:"transparent data encryption: the certificate must be on every replica"`
	Compatibility int      `key:"compatibilityLevel" doc:"100 to 140; default: the version's own, at most 140"`
}

// Reports is the SQL Server Reporting Services part.
type Reports struct {
	_        struct{} `short:"hosts"`
	Hosts    []string `key:"hosts" req:"true" doc:"the report servers; more than one is a scale-out deployment"`
	Version  string   `key:"version" enum:"2008 R2|2012|2014|2016|2017|2019|2022" doc:"SSRS version; default: defaults.sql.version"`
	Edition  string   `key:"edition" enum:"Enterprise|Standard|Developer|Evaluation" doc:"edition; default: defaults.sql.edition"`
	Instance string   `key:"instance" doc:"SSRS instance; default: SSRS from 2017, MSSQLSERVER before"`
	URL      string   `key:"url" is:"url" doc:"Web Service URL; default: https, the first host and the instance's virtual directory" eg:"https://rpt1.contoso.com/ReportServer"`
	Keywords string   `key:"dataSourceKeywords" enum:"auto|none" def:"auto" why:"SSRS 2014 and older know no MultiSubnetFailover" doc:"keywords of the data source: by version, or none"`
	Existing bool     `key:"existing" def:"false" why:"a plan builds what it names unless told otherwise" doc:"the MBAM reports are there already"`
}

// Web is the web tier.
type Web struct {
	Farms []WebFarm `key:"farms" req:"true" doc:"web farms; one, unless portals and agent services live apart"`
}

// WebFarm is a set of equal web nodes under one virtual host name.
type WebFarm struct {
	Name        string       `key:"name" is:"slug" doc:"short name of the farm; default: web, then web2 …"`
	Host        string       `key:"host" req:"true" is:"fqdn|dnslabel" doc:"virtual host name that clients and browsers name" eg:"mbam.contoso.com"`
	ShortSPN    string       `key:"shortNameSPN" enum:"yes|no|auto" def:"auto" why:"needed only when the host name itself is single-label" doc:"register http/<short name> too"`
	Features    []string     `key:"features" enum:"agentService|administrationPortal|selfServicePortal" doc:"default: all three"`
	Nodes       []Node       `key:"nodes" req:"true" doc:"the web nodes"`
	Port        int          `key:"port" is:"port" doc:"default: 443, without a certificate 80"`
	HTTP        bool         `key:"acceptHTTP" def:"false" why:"recovery keys must not cross the network in clear" doc:"acknowledge that the farm has no certificate"`
	Certificate *Certificate `key:"certificate" doc:"certificate of the virtual host name"`
	InstallPath string       `key:"installationPath" is:"winpath" def:"C:\\inetpub" why:"MBAM's default" doc:"MBAM's InstallationPath"`
	HelpDesk    string       `key:"helpDeskDirectory" def:"HelpDesk" why:"MBAM's default" doc:"virtual directory of the Help Desk"`
	SelfService string       `key:"selfServiceDirectory" def:"SelfService" why:"MBAM's default" doc:"virtual directory of the Self-Service Portal"`
	Portal      Portal       `key:"portal" doc:"texts of the Self-Service Portal (2.5 SP1)"`
	TPMReset    bool         `key:"tpmLockoutAutoReset" def:"false" why:"MBAM's default" doc:"2.5 SP1: let the agent service reset a locked TPM"`
	Balancer    *Balancer    `key:"balancer" doc:"what spreads the load; required with more than one node"`
	PoolMend    bool         `key:"mendUseAppPoolCredentials" def:"false" why:"an IIS setting is changed only on request" doc:"render the step that sets useAppPoolCredentials"`
	Existing    bool         `key:"existing" def:"false" why:"a plan builds what it names unless told otherwise" doc:"MBAM's web features are enabled there already"`
}

// Node is one web node.
type Node struct {
	_          struct{} `short:"host"`
	Host       string   `key:"host" req:"true" is:"dnslabel" doc:"the server"`
	Thumbprint string   `key:"thumbprint" is:"thumbprint" doc:"certificate of this node; default: certificate.thumbprint"`
	Interface  string   `key:"interface" doc:"NLB: name of the network adapter; default: balancer.interface"`
	Priority   int      `key:"priority" doc:"NLB: host priority 1 to 32; default: place in the list"`
	Existing   bool     `key:"existing" def:"false" why:"a plan builds what it names unless told otherwise" doc:"MBAM's web features are enabled on this node already"`
	Was        string   `key:"was" is:"fqdn|dnslabel" doc:"existing: the host name that its features were enabled with, when it is not the farm's; they are disabled and enabled again under the new name"`
}

// Certificate is the TLS certificate of a web farm.
type Certificate struct {
	_          struct{} `short:"thumbprint"`
	Thumbprint string   `key:"thumbprint" is:"thumbprint" doc:"one certificate on every node; leave it out while certificates are only requested"`
	Request    bool     `key:"request" def:"true" why:"the names in it are what most farms get wrong" doc:"render a request file per node"`
	Template   string   `key:"template" doc:"certificate template of the enterprise CA" eg:"WebServerClientAuth"`
	Days       int      `key:"warnDays" def:"60" why:"field practice" doc:"warn when it expires within so many days"`
	ServerOnly bool     `key:"acceptServerAuthOnly" def:"false" why:"MBAM's deployment guide asks for both usages" doc:"acknowledge a certificate without Client Authentication"`
}

// Portal holds the texts of the Self-Service Portal (2.5 SP1).
type Portal struct {
	Company      string `key:"companyName" is:"text" doc:"company name shown to users" eg:"Contoso IT"`
	HelpdeskText string `key:"helpdeskText" is:"text" doc:"text of the link to the help desk"`
	HelpdeskURL  string `key:"helpdeskUrl" is:"url" doc:"target of the link to the help desk" eg:"https://help.contoso.com"`
	NoticeFile   string `key:"noticeFile" is:"winpath" doc:"path of the notice text on each node"`
	NoNotice     bool   `key:"disableNotice" def:"false" why:"MBAM's default" doc:"do not show the notice page"`
}

// Balancer spreads the load over the nodes of a web farm.
type Balancer struct {
	Kind      string `key:"kind" req:"true" enum:"nlb|haproxy|external" doc:"Windows NLB, HAProxy, or another product (requirements sheet)"`
	Address   string `key:"address" req:"true" is:"cidr4" doc:"virtual address with the prefix length of its subnet" eg:"10.1.0.60/24"`
	Mode      string `key:"mode" enum:"unicast|multicast|igmp" def:"multicast" why:"nodes can reach each other; unicast needs changes at the hypervisor" doc:"NLB: operation mode"`
	Interface string `key:"interface" def:"Ethernet" why:"Windows' own name of the first adapter" doc:"NLB: name of the network adapter"`
	Product   string `key:"product" doc:"external: the product, for the sheet" eg:"F5 BIG-IP"`
	Persist   int    `key:"persistenceMinutes" def:"60" why:"longer than a portal session" doc:"source address persistence"`
	CAFile    string `key:"caFile" def:"/etc/haproxy/mbam-ca.pem" why:"a place that HAProxy can read" doc:"HAProxy: CA file that verifies the nodes in the probe"`
	Bind      string `key:"bind" doc:"HAProxy: address to listen on; default: the virtual address"`
	Watch     bool   `key:"watch" def:"true" why:"NLB itself does not look at HTTP" doc:"NLB: render the watch script"`
	Existing  bool   `key:"existing" def:"false" why:"a plan builds what it names unless told otherwise" doc:"the balancer exists: only verify it"`
}

// Clients is the Group Policy that points clients at the farm.
type Clients struct {
	GPO           string `key:"gpo" req:"true" doc:"name of the Group Policy object" eg:"MBAM clients"`
	OU            string `key:"ou" is:"dn" doc:"where the object is linked, disabled until someone enables the link" eg:"OU=Workstations,DC=contoso,DC=com"`
	Wakeup        int    `key:"checkMinutes" is:"minutes" def:"90" why:"MBAM's smallest value" doc:"how often a client checks its state"`
	Status        int    `key:"statusMinutes" is:"minutes" def:"720" why:"twice a day is enough for compliance" doc:"how often a client reports its state"`
	KeyPackage    bool   `key:"keyPackage" def:"true" why:"MBAM's default" doc:"store the key package with the recovery password"`
	ServicesFarm  string `key:"farm" doc:"name of the web farm with the agent service; default: the one that has it"`
	TPMLockoutGPO bool   `key:"tpmLockoutAutoReset" def:"false" why:"pairs with the farm's own switch" doc:"2.5 SP1: TPM lockout auto reset policy"`
}

// Figure is how often a part of the farm is available.
type Figure struct {
	_       struct{} `short:"percent"`
	Name    string   `name:"true" doc:"a part as mbamplan impact names it (SQL1, balancer:web, account:pool), or a kind of part for all without a figure of their own (server, balancer, certificate …)"`
	Percent string   `key:"percent" req:"true" is:"percent" doc:"more than 0 and less than 100" eg:"99.9"`
}

// Backup says how the databases are backed up.
type Backup struct {
	Folder    string `key:"folder" is:"unc|winpath" doc:"where the native backup job writes; without it no job is rendered" eg:"\\\\fs1\\mbam-backup"`
	Full      string `key:"fullAt" def:"22:00" why:"outside office hours" doc:"time of the daily full backup (hh:mm)"`
	LogEvery  int    `key:"logMinutes" is:"minutes" def:"15" why:"at most a quarter of an hour of recovery keys is lost" doc:"minutes between log backups"`
	By        string `key:"by" is:"text" doc:"who backs up the databases and their logs when folder is left out, as the name of a product" eg:"the backup team, with Veeam"`
	VSSVolume string `key:"vssVolume" doc:"volume of the databases for the discovery test, as D:" eg:"E:"`
}
