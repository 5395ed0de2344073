package farm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Directory is one domain of Active Directory, the only one of its forest, with its DNS zone.
type Directory struct {
	DNS, NetBIOS, DN string
	Server           string   // domain controller, also the global catalog and the DNS server
	Units            []string // organizational units, by DN
	entries          []*Entry
	zone             map[string][]record // by host name below the zone, in lower case
	rid              int
	farm             *Farm
}

// An Entry is a user, group or computer.
type Entry struct {
	Class       string
	Name        string // sAMAccountName
	DN          string
	SID, GUID   string
	UPN         string
	Description string
	Flags       int64 // userAccountControl
	SPNs        []string
	Members     []string // DNs
	Delegate    []string // msDS-AllowedToDelegateTo
	Password    string   // of a user
	full        []string // SIDs with full control
}

type record struct{ kind, data string }

// Flags of userAccountControl.
const (
	disabled      = 0x2
	normalAccount = 0x200
	workstation   = 0x1000
	neverExpires  = 0x10000
)

func newDirectory(f *Farm, dns, netBIOS string) *Directory {
	return &Directory{
		DNS: dns, NetBIOS: netBIOS, DN: "DC=" + strings.ReplaceAll(dns, ".", ",DC="), Server: "dc1." + dns, zone: map[string][]record{}, rid: 1100, farm: f,
	}
}

func (d *Directory) add(e *Entry) *Entry {
	d.rid++
	e.SID = fmt.Sprintf("S-1-5-21-1004336348-1177238915-682003330-%d", d.rid)
	e.GUID = d.farm.guid()
	d.entries = append(d.entries, e)
	return e
}

// AddUser makes a user whose password never expires.
func (d *Directory) AddUser(name string) *Entry {
	return d.add(&Entry{Class: "user", Name: name, DN: "CN=" + escapeName(name) + ",CN=Users," + d.DN, UPN: name + "@" + d.DNS, Flags: normalAccount | neverExpires, Password: "pass-phrase of " + name})
}

// AddGroup makes a security group.
func (d *Directory) AddGroup(name string, members ...*Entry) *Entry {
	e := d.add(&Entry{Class: "group", Name: name, DN: "CN=" + escapeName(name) + ",CN=Users," + d.DN})
	for _, m := range members {
		e.Members = append(e.Members, m.DN)
	}
	return e
}

// AddComputer makes a computer object, as that of a cluster.
func (d *Directory) AddComputer(name, unit string) *Entry {
	return d.add(&Entry{Class: "computer", Name: name + "$", DN: "CN=" + name + "," + unit, Flags: workstation})
}

// Find returns the entry with an account name, which may name the domain; nil without one.
func (d *Directory) Find(name string) *Entry {
	if _, rest, ok := strings.Cut(name, `\`); ok {
		name = rest
	}
	for _, e := range d.entries {
		if strings.EqualFold(e.Name, name) {
			return e
		}
	}
	return nil
}

func (d *Directory) byDN(dn string) *Entry {
	for _, e := range d.entries {
		if strings.EqualFold(e.DN, dn) {
			return e
		}
	}
	return nil
}

// Owners are the entries that hold a service principal name.
func (d *Directory) Owners(spn string) []*Entry {
	var out []*Entry
	for _, e := range d.entries {
		if slices.ContainsFunc(e.SPNs, func(s string) bool { return strings.EqualFold(s, spn) }) {
			out = append(out, e)
		}
	}
	return out
}

// Inside reports whether an entry is a member of a group, directly or through others.
func (d *Directory) Inside(group, member *Entry) bool {
	for _, dn := range group.Members {
		if strings.EqualFold(dn, member.DN) {
			return true
		}
		if g := d.byDN(dn); g != nil && g.Class == "group" && g != group && d.Inside(g, member) {
			return true
		}
	}
	return false
}

// Addresses are the addresses of a name.
func (d *Directory) Addresses(fqdn string) []string {
	var out []string
	for _, r := range d.zone[strings.TrimSuffix(strings.ToLower(fqdn), "."+strings.ToLower(d.DNS))] {
		if r.kind == "A" {
			out = append(out, r.data)
		}
	}
	return out
}

// SetAddress writes a record from outside.
func (d *Directory) SetAddress(leaf, address string) {
	d.zone[strings.ToLower(leaf)] = []record{{"A", address}}
}

func (s *Session) directoryCommand(name string) *pwsh.Command {
	d := s.directory()
	if c := s.accountCommand(name); c != nil {
		return c
	}
	switch name {
	case "get-addomaincontroller":
		return &pwsh.Command{Switches: []string{"Discover", "Writable"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Discover", "DomainName", "Service", "Writable")
			c.Moot("Service", "Writable") // the one domain controller offers all
			if !c.Switch("Discover") {
				pwsh.Unknown("Get-ADDomainController without -Discover")
			}
			if c.Has("DomainName") && !strings.EqualFold(c.Text("DomainName"), d.DNS) {
				pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADDomainControllerNotFoundException", "GetADDomainController", "Could not find a Domain Controller in the domain: '%s'.", c.Text("DomainName"))
			}
			return []any{pwsh.NewObject("HostName", pwsh.Strings([]string{d.Server}))}
		}}
	case "get-adobject":
		return &pwsh.Command{Run: s.getADObject}
	case "set-adobject":
		return &pwsh.Command{Run: s.setADObject}
	case "new-adcomputer":
		return &pwsh.Command{Switches: []string{"PassThru"}, Run: s.newADComputer}
	case "remove-adcomputer":
		return &pwsh.Command{Asks: true, Run: func(c *pwsh.Call) []any {
			takes(c, "Identity", "Server")
			s.answers(c)
			e := d.byDN(c.Text("Identity"))
			if e == nil || e.Class != "computer" {
				pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "ActiveDirectoryCmdlet:Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "Cannot find an object with identity: '%s'.", c.Text("Identity"))
			}
			if !c.WhatIf {
				d.entries = slices.DeleteFunc(d.entries, func(x *Entry) bool { return x == e })
			}
			return nil
		}}
	case "get-dnsserverzone":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "ComputerName")
			s.dnsServer(c, "Name")
			return []any{pwsh.NewObject("ZoneName", d.DNS, "IsDsIntegrated", true)}
		}}
	case "get-dnsserverresourcerecord":
		return &pwsh.Command{Switches: []string{"Node"}, Run: func(c *pwsh.Call) []any {
			takes(c, "ZoneName", "Name", "ComputerName", "Node")
			s.dnsServer(c, "ZoneName")
			if !c.Switch("Node") {
				pwsh.Unknown("Get-DnsServerResourceRecord without -Node, which gives what is below the name too")
			}
			list := d.zone[strings.ToLower(c.Text("Name"))]
			if len(list) == 0 {
				pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "WIN32 9714,Get-DnsServerResourceRecord", "Failed to get %s record in %s zone on %s server.", c.Text("Name"), c.Text("ZoneName"), d.Server)
			}
			var out []any
			for _, r := range list {
				data := pwsh.NewObject("HostNameAlias", r.data)
				if r.kind == "A" {
					data = pwsh.NewObject("IPv4Address", r.data)
				}
				out = append(out, pwsh.NewObject("RecordType", r.kind, "HostName", c.Text("Name"), "RecordData", data))
			}
			return out
		}}
	case "add-dnsserverresourcerecorda":
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			takes(c, "ZoneName", "Name", "IPv4Address", "ComputerName")
			s.dnsServer(c, "ZoneName")
			needs(c, "Name", "IPv4Address")
			k := strings.ToLower(c.Text("Name"))
			for _, a := range c.List("IPv4Address") {
				if slices.Contains(d.zone[k], record{"A", a}) {
					pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "WIN32 9711,Add-DnsServerResourceRecordA", "Failed to create resource record %s in zone %s on server %s.", c.Text("Name"), c.Text("ZoneName"), d.Server)
				}
				if !c.WhatIf {
					d.zone[k] = append(d.zone[k], record{"A", a})
				}
			}
			return nil
		}}
	case "remove-dnsserverresourcerecord":
		return &pwsh.Command{Switches: []string{"Force"}, Run: func(c *pwsh.Call) []any {
			takes(c, "ZoneName", "RRType", "Name", "RecordData", "ComputerName", "Force")
			s.dnsServer(c, "ZoneName")
			needs(c, "RRType", "Name")
			if !c.Switch("Force") {
				pwsh.Unknown("Remove-DnsServerResourceRecord without -Force, which asks")
			}
			if !c.Has("RecordData") {
				pwsh.Unknown("Remove-DnsServerResourceRecord without -RecordData, which removes every record of the name and type")
			}
			k := strings.ToLower(c.Text("Name"))
			if !slices.ContainsFunc(d.zone[k], func(r record) bool {
				return strings.EqualFold(r.kind, c.Text("RRType")) && r.data == c.Text("RecordData")
			}) {
				pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "WIN32 9714,Remove-DnsServerResourceRecord", "Failed to get %s record in %s zone on %s server.", c.Text("Name"), c.Text("ZoneName"), d.Server)
			}
			if !c.WhatIf {
				d.zone[k] = slices.DeleteFunc(d.zone[k], func(r record) bool { return r.kind == c.Text("RRType") && r.data == c.Text("RecordData") })
			}
			return nil
		}}
	case "resolve-dnsname":
		return &pwsh.Command{Switches: []string{"DnsOnly", "NoHostsFile", "QuickTimeout"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Name", "Type", "DnsOnly", "NoHostsFile", "QuickTimeout")
			c.Moot("DnsOnly", "NoHostsFile", "QuickTimeout") // names are found in the zone alone
			if !strings.EqualFold(c.Text("Type"), "A") {
				pwsh.Unknown("Resolve-DnsName of anything but addresses")
			}
			list := d.zone[strings.TrimSuffix(strings.ToLower(c.Text("Name")), "."+strings.ToLower(d.DNS))]
			if len(list) == 0 {
				pwsh.ThrowID("System.ComponentModel.Win32Exception", "DNS_ERROR_RCODE_NAME_ERROR,Microsoft.DnsClient.Commands.ResolveDnsName", "%s : DNS name does not exist", c.Text("Name"))
			}
			var out []any
			for _, r := range list {
				if r.kind == "A" {
					out = append(out, pwsh.NewObject("Type", "A", "Name", c.Text("Name"), "IPAddress", r.data))
				} else {
					out = append(out, pwsh.NewObject("Type", r.kind, "Name", c.Text("Name"), "NameHost", r.data))
				}
			}
			return out
		}}
	}
	return nil
}

// dnsServer refuses another server than that of the domain, and another zone than its own in the parameter that names one.
func (s *Session) dnsServer(c *pwsh.Call, zone string) {
	if !strings.EqualFold(c.Text("ComputerName"), s.directory().Server) {
		pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "WIN32 1722", "Failed to reach the DNS server %s.", c.Text("ComputerName"))
	}
	if !strings.EqualFold(c.Text(zone), s.directory().DNS) {
		pwsh.ThrowID("Microsoft.Management.Infrastructure.CimException", "WIN32 9601,"+c.Name, "The zone %s was not found on server %s.", c.Text(zone), s.directory().Server)
	}
}

func (s *Session) newADComputer(c *pwsh.Call) []any {
	takes(c, "Name", "SAMAccountName", "Path", "Description", "Enabled", "Server", "PassThru")
	s.answers(c)
	needs(c, "Name")
	d := s.directory()
	unit := c.Text("Path")
	if unit == "" {
		unit = "CN=Computers," + d.DN
	} else if !slices.ContainsFunc(d.Units, func(u string) bool { return strings.EqualFold(u, unit) }) {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "ActiveDirectoryServer:8333", "Directory object not found")
	}
	if d.Find(c.Text("SAMAccountName")) != nil {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityAlreadyExistsException", "ActiveDirectoryServer:1379", "The specified account already exists")
	}
	if c.WhatIf {
		return nil
	}
	e := d.AddComputer(c.Text("Name"), unit)
	e.Name, e.Description = c.Text("SAMAccountName"), c.Text("Description")
	if v := c.Value("Enabled"); v != nil && !pwsh.Truth(v) {
		e.Flags |= disabled
	}
	if c.Switch("PassThru") {
		return []any{pwsh.NewObject("DistinguishedName", e.DN, "ObjectGUID", e.GUID, "Name", c.Text("Name"))}
	}
	return nil
}

// unescape takes the escapes of an LDAP filter away.
var unescape = strings.NewReplacer(`\5c`, `\`, `\2a`, "*", `\28`, "(", `\29`, ")")

// nested is the matching rule that follows groups in groups.
const nested = "member:1.2.840.113556.1.4.1941:"

// fits tells whether an entry is what a filter asks for: attributes by equality, joined by &.
func (d *Directory) fits(e *Entry, filter string) bool {
	if inner, ok := strings.CutPrefix(filter, "(&"); ok {
		inner = strings.TrimSuffix(inner, ")")
		for inner != "" {
			end := strings.IndexByte(inner, ')') + 1
			if end == 0 || inner[0] != '(' {
				pwsh.Unknown("the LDAP filter %s", filter)
			}
			if !d.fits(e, inner[:end]) {
				return false
			}
			inner = inner[end:]
		}
		return true
	}
	attribute, value, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(filter, "("), ")"), "=")
	if !ok {
		pwsh.Unknown("the LDAP filter %s", filter)
	}
	value = unescape.Replace(value)
	switch strings.ToLower(attribute) {
	case "samaccountname":
		return strings.EqualFold(e.Name, value)
	case "distinguishedname":
		return strings.EqualFold(e.DN, value)
	case "serviceprincipalname":
		return slices.ContainsFunc(e.SPNs, func(x string) bool { return strings.EqualFold(x, value) })
	case nested:
		member := d.byDN(value)
		return member != nil && d.Inside(e, member)
	}
	pwsh.Unknown("an LDAP filter by %s", attribute)
	return false
}

// getADObject answers a search by a filter. The global catalog is the domain controller by another port.
func (s *Session) getADObject(c *pwsh.Call) []any {
	takes(c, "LDAPFilter", "Identity", "Properties", "SearchBase", "Server")
	d := s.directory()
	server, properties, base := c.Text("Server"), c.List("Properties"), c.Text("SearchBase")
	if base != "" && !strings.EqualFold(base, d.DN) && d.byDN(base) == nil && !slices.ContainsFunc(d.Units, func(u string) bool { return strings.EqualFold(u, base) }) {
		notFound(base)
	}
	if host, port, ok := strings.Cut(server, ":"); !strings.EqualFold(host, d.Server) || ok && port != "3268" {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADServerDownException", "ActiveDirectoryServer:0", "Unable to contact the server %s.", server)
	}
	if c.Has("LDAPFilter") == c.Has("Identity") {
		pwsh.Unknown("Get-ADObject with neither or both of -LDAPFilter and -Identity")
	}
	if c.Has("Identity") {
		s.identity(c)
	}
	var out []any
	for _, e := range d.entries {
		if c.Has("Identity") && !strings.EqualFold(e.DN, c.Text("Identity")) || c.Has("LDAPFilter") && !d.fits(e, c.Text("LDAPFilter")) {
			continue
		}
		if base != "" && !strings.HasSuffix(strings.ToLower(","+e.DN), ","+strings.ToLower(base)) {
			continue
		}
		o := pwsh.NewObject("DistinguishedName", e.DN, "Name", strings.TrimSuffix(e.Name, "$"), "ObjectClass", e.Class, "ObjectGUID", e.GUID)
		for _, p := range properties {
			switch strings.ToLower(p) {
			case "distinguishedname", "objectclass", "objectguid":
			case "serviceprincipalname":
				o.Set(p, pwsh.Strings(e.SPNs))
			case "objectsid":
				o.Set(p, sid(e.SID))
			case "userprincipalname":
				o.Set(p, orNull(e.UPN))
			case "useraccountcontrol":
				if e.Class != "group" {
					o.Set(p, e.Flags)
				}
			case "grouptype":
				if e.Class == "group" {
					o.Set(p, int64(-2147483646))
				}
			case "member":
				o.Set(p, pwsh.Strings(e.Members))
			case "msds-allowedtodelegateto":
				o.Set(p, pwsh.Strings(e.Delegate))
			case "description":
				o.Set(p, orNull(e.Description))
			default:
				pwsh.Unknown("the attribute %s", p)
			}
		}
		out = append(out, o)
	}
	return out
}

// identity is the entry that -Identity names.
func (s *Session) identity(c *pwsh.Call) *Entry {
	e := s.directory().byDN(c.Text("Identity"))
	if e == nil {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "ActiveDirectoryCmdlet:Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "Cannot find an object with identity: '%s'.", c.Text("Identity"))
	}
	return e
}

// setADObject adds and removes targets of delegation.
func (s *Session) setADObject(c *pwsh.Call) []any {
	takes(c, "Identity", "Add", "Remove", "Server")
	s.answers(c)
	e := s.identity(c)
	for parameter, change := range map[string]func(string){
		"Add": func(v string) { e.Delegate = append(e.Delegate, v) },
		"Remove": func(v string) {
			e.Delegate = slices.DeleteFunc(e.Delegate, func(x string) bool { return strings.EqualFold(x, v) })
		},
	} {
		if !c.Has(parameter) {
			continue
		}
		h, ok := c.Value(parameter).(*pwsh.Hash)
		if !ok || len(h.Keys()) != 1 || !strings.EqualFold(h.Keys()[0], "msDS-AllowedToDelegateTo") {
			pwsh.Unknown("Set-ADObject -%s of anything but msDS-AllowedToDelegateTo", parameter)
		}
		if v, _ := h.Get("msDS-AllowedToDelegateTo"); !c.WhatIf {
			change(pwsh.Text(v))
		}
	}
	return nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// directoryObject makes the objects of System.DirectoryServices that our scripts use.
func (s *Session) directoryObject(typ string, args []any) (any, bool) {
	d := s.directory()
	switch typ {
	case "security.principal.securityidentifier":
		return sid(str(args, 0)), true
	case "directoryservices.activedirectoryaccessrule":
		return pwsh.NewObject("IdentityReference", args[0], "ActiveDirectoryRights", args[1], "AccessControlType", args[2]), true
	case "directoryservices.directoryentry":
		if e, ok := s.ldapEntry(str(args, 0)); ok {
			return e, true
		}
		rest, ok := strings.CutPrefix(str(args, 0), "LDAP://"+d.Server+"/")
		if !ok {
			return nil, false
		}
		e := d.byDN(strings.ReplaceAll(rest, `\/`, "/"))
		if e == nil {
			pwsh.Throw("System.DirectoryServices.DirectoryServicesCOMException", "There is no such object on the server.")
		}
		return s.entry(e), true
	}
	return nil, false
}

// entry is a DirectoryEntry. Changed rights count from CommitChanges on.
func (s *Session) entry(e *Entry) *thing {
	rights := slices.Clone(e.full)
	access := &thing{typ: "System.DirectoryServices.ActiveDirectorySecurity", methods: map[string]func([]any) any{
		"getaccessrules": func([]any) any {
			out := pwsh.NewArray()
			for _, who := range rights {
				out.Items = append(out.Items, pwsh.NewObject("IdentityReference", sid(who), "ObjectType", "00000000-0000-0000-0000-000000000000",
					"ActiveDirectoryRights", genericAll, "AccessControlType", "Allow", "PropagationFlags", "None"))
			}
			return out
		},
		"addaccessrule": func(args []any) any {
			o := args[0].(*pwsh.Object)
			who, _ := o.Get("IdentityReference")
			if all, _ := o.Get("ActiveDirectoryRights"); all != any(genericAll) {
				pwsh.Unknown("rights other than GenericAll")
			}
			rights = append(rights, pwsh.Text(who))
			return pwsh.Void
		},
	}}
	return &thing{typ: "System.DirectoryServices.DirectoryEntry", props: map[string]any{"psbase": &thing{
		typ: "System.DirectoryServices.DirectoryEntry",
		props: map[string]any{
			"objectsecurity": access,
			"options":        &thing{typ: "System.DirectoryServices.DirectoryEntryConfiguration", set: func(string, any) bool { return true }},
		},
		methods: map[string]func([]any) any{"commitchanges": func([]any) any {
			if s.Deaf == nil || !s.Deaf("CommitChanges") {
				e.full = rights
			}
			return pwsh.Void
		}},
	}}}
}

var genericAll = pwsh.Enum{Of: "ActiveDirectoryRights", Name: "GenericAll", Value: 0xF01FF}

func (s *Session) directoryStatic(what string, _ []any) (any, bool) {
	switch what {
	case "directoryservices.activedirectory.forest::getcurrentforest":
		return s.forest(), true
	case "directoryservices.securitymasks::dacl":
		return pwsh.Enum{Of: "SecurityMasks", Name: "Dacl", Value: 4}, true
	case "directoryservices.activedirectoryrights::genericall":
		return genericAll, true
	case "security.accesscontrol.accesscontroltype::allow":
		return pwsh.Enum{Of: "AccessControlType", Name: "Allow", Value: 0}, true
	}
	return nil, false
}

// setspn knows the calls that our scripts make. -S refuses a name that somebody holds; with -F the whole forest is asked
// (Microsoft, setspn).
func (s *Session) setspn(args []string) ([]string, int, bool) {
	var mode, spn, account string
	for _, a := range args {
		switch {
		case strings.EqualFold(a, "-F"), strings.EqualFold(a, "-U"):
		case strings.EqualFold(a, "-S"), strings.EqualFold(a, "-D"):
			mode = strings.ToUpper(a)
		case strings.HasPrefix(a, "-"):
			return nil, 0, false
		case spn == "":
			spn = a
		default:
			account = a
		}
	}
	if mode == "" || spn == "" || account == "" {
		return nil, 0, false
	}
	e := s.directory().Find(account)
	if e == nil {
		return []string{"FindDomainForAccount: Call to DsGetDcNameWithAccountW failed with return value 0x00000525", "Could not find account " + account}, 1, true
	}
	if mode == "-D" {
		e.SPNs = slices.DeleteFunc(e.SPNs, func(have string) bool { return strings.EqualFold(have, spn) })
		return []string{"Unregistering ServicePrincipalNames for " + e.DN, "        " + spn, "Updated object"}, 0, true
	}
	if owners := s.directory().Owners(spn); len(owners) > 0 {
		return []string{"Checking forest " + s.directory().DN, owners[0].DN, "        " + spn, "", "Duplicate SPN found, aborting operation!"}, 1, true
	}
	e.SPNs = append(e.SPNs, spn)
	return []string{"Registering ServicePrincipalNames for " + e.DN, "        " + spn, "Updated object"}, 0, true
}
