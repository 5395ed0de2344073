package farm

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// containers are where accounts may be made: the default ones and the organizational units.
func (d *Directory) container(dn string) bool {
	for _, have := range append([]string{"CN=Users," + d.DN, "CN=Computers," + d.DN}, d.Units...) {
		if have != "" && strings.EqualFold(have, dn) {
			return true
		}
	}
	return false
}

// escapeName writes a value of a distinguished name (RFC 4514, section 2.4).
func escapeName(v string) string {
	var b strings.Builder
	for i, r := range v {
		if strings.ContainsRune(`\,+"<>;=`, r) || i == 0 && (r == ' ' || r == '#') || i == len(v)-1 && r == ' ' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// SetPassword does what a person does by hand with an account that was made disabled: a password, then enabled.
func (e *Entry) SetPassword() { e.Flags &^= disabled }

// accountCommand knows the commands by which accounts and groups are made, joined and removed.
func (s *Session) accountCommand(name string) *pwsh.Command {
	d := s.directory()
	switch name {
	case "get-addomain":
		return &pwsh.Command{Positional: []string{"Identity"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Identity", "Server")
			s.answers(c)
			if !strings.EqualFold(c.Text("Identity"), d.DNS) {
				notFound(c.Text("Identity"))
			}
			return []any{pwsh.NewObject("DNSRoot", d.DNS, "NetBIOSName", d.NetBIOS, "DistinguishedName", d.DN, "UsersContainer", "CN=Users,"+d.DN, "ComputersContainer", "CN=Computers,"+d.DN)}
		}}
	case "get-aduser":
		return &pwsh.Command{Positional: []string{"Identity"}, Run: func(c *pwsh.Call) []any {
			takes(c, "Identity", "Server")
			s.answers(c)
			e := s.identity(c)
			if e.Class != "user" {
				notFound(c.Text("Identity"))
			}
			return []any{pwsh.NewObject("DistinguishedName", e.DN, "SamAccountName", e.Name, "ObjectClass", e.Class, "ObjectGUID", e.GUID, "UserPrincipalName", orNull(e.UPN))}
		}}
	case "new-aduser":
		return &pwsh.Command{Positional: []string{"Name"}, Switches: []string{"PassThru"}, Run: s.newADUser}
	case "new-adgroup":
		return &pwsh.Command{Positional: []string{"Name"}, Switches: []string{"PassThru"}, Run: s.newADGroup}
	case "add-adgroupmember", "remove-adgroupmember":
		return &pwsh.Command{Positional: []string{"Identity", "Members"}, Asks: name == "remove-adgroupmember", Run: func(c *pwsh.Call) []any { return s.changeMembers(c, name == "add-adgroupmember") }}
	case "remove-aduser", "remove-adgroup":
		return &pwsh.Command{Positional: []string{"Identity"}, Asks: true, Run: func(c *pwsh.Call) []any {
			takes(c, "Identity", "Server")
			s.answers(c)
			e := s.identity(c)
			if e.Class != strings.TrimPrefix(name, "remove-ad") {
				notFound(c.Text("Identity"))
			}
			if !c.WhatIf {
				d.remove(e)
			}
			return nil
		}}
	}
	return nil
}

// answers throws when the command asks a server that is no domain controller.
func (s *Session) answers(c *pwsh.Call) {
	if !strings.EqualFold(c.Text("Server"), s.directory().Server) {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADServerDownException", "ActiveDirectoryServer:0", "Unable to contact the server %s.", c.Text("Server"))
	}
}

func notFound(what string) {
	pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "ActiveDirectoryCmdlet:Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "Cannot find an object with identity: '%s'.", what)
}

// remove deletes an entry; the links of groups to it go with it, as linked values do.
func (d *Directory) remove(e *Entry) {
	d.entries = slices.DeleteFunc(d.entries, func(x *Entry) bool { return x == e })
	for _, g := range d.entries {
		g.Members = slices.DeleteFunc(g.Members, func(dn string) bool { return strings.EqualFold(dn, e.DN) })
	}
}

// newAccount holds what makes a user and a group alike: the name has to be free, its place has to be there.
func (s *Session) newAccount(c *pwsh.Call, class string, longest int) *Entry {
	d := s.directory()
	s.answers(c)
	name, sam := c.Text("Name"), c.Text("SamAccountName")
	// What the accounts manager of Windows takes as a name (SAM-Account-Name; the length of a user's is 20).
	if sam == "" || len([]rune(sam)) > longest || strings.ContainsAny(sam, `"/\[]:;|=,+*?<>`) || strings.TrimRight(sam, ".") == "" {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADException", "ActiveDirectoryServer:1315", "The name provided is not a properly formed account name")
	}
	if !d.container(c.Text("Path")) {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityNotFoundException", "ActiveDirectoryServer:8333", "Directory object not found")
	}
	if d.Find(sam) != nil {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADIdentityAlreadyExistsException", "ActiveDirectoryServer:1379", "The specified account already exists")
	}
	dn := "CN=" + escapeName(name) + "," + c.Text("Path")
	if d.byDN(dn) != nil {
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADException", "ActiveDirectoryServer:8305", "An attempt was made to add an object to the directory with a name that is already in use")
	}
	return &Entry{Class: class, Name: sam, DN: dn, Description: c.Text("Description")}
}

func (s *Session) added(c *pwsh.Call, e *Entry) []any {
	if c.WhatIf {
		return nil
	}
	s.directory().add(e)
	if !c.Switch("PassThru") {
		return nil
	}
	return []any{pwsh.NewObject("DistinguishedName", e.DN, "SamAccountName", e.Name, "ObjectClass", e.Class, "ObjectGUID", e.GUID)}
}

// newADUser makes a user. One that is enabled needs a password, which none of our scripts gives.
func (s *Session) newADUser(c *pwsh.Call) []any {
	takes(c, "Name", "SamAccountName", "UserPrincipalName", "Path", "Description", "Enabled", "PasswordNeverExpires", "Server", "PassThru")
	e := s.newAccount(c, "user", 20)
	e.UPN, e.Flags = c.Text("UserPrincipalName"), normalAccount|disabled
	for _, x := range s.directory().entries {
		if e.UPN != "" && strings.EqualFold(x.UPN, e.UPN) {
			pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADException", "ActiveDirectoryServer:8648", "The operation failed because UPN value provided for addition/modification is not unique forest-wide")
		}
	}
	if pwsh.Truth(c.Value("Enabled")) {
		pwsh.Unknown("New-ADUser -Enabled $true without a password")
	}
	if pwsh.Truth(c.Value("PasswordNeverExpires")) {
		e.Flags |= neverExpires
	}
	return s.added(c, e)
}

func (s *Session) newADGroup(c *pwsh.Call) []any {
	takes(c, "Name", "SamAccountName", "GroupScope", "GroupCategory", "Path", "Description", "Server", "PassThru")
	if scope := c.Text("GroupScope"); !slices.Contains([]string{"Global", "DomainLocal"}, scope) {
		pwsh.Unknown("a group of scope %q", scope)
	}
	if c.Text("GroupCategory") != "Security" {
		pwsh.Unknown("a group of category %q", c.Text("GroupCategory"))
	}
	return s.added(c, s.newAccount(c, "group", 256))
}

func (s *Session) changeMembers(c *pwsh.Call, in bool) []any {
	takes(c, "Identity", "Members", "Server")
	s.answers(c)
	g := s.identity(c)
	if g.Class != "group" {
		notFound(c.Text("Identity"))
	}
	o, ok := c.Value("Members").(*pwsh.Object)
	if !ok {
		pwsh.Unknown("%s of anything but one user", c.Name)
	}
	dn, _ := o.Get("DistinguishedName")
	m := s.directory().byDN(pwsh.Text(dn))
	if m == nil {
		notFound(pwsh.Text(dn))
	}
	at := slices.IndexFunc(g.Members, func(x string) bool { return strings.EqualFold(x, m.DN) })
	switch {
	case in && at >= 0:
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADException", "ActiveDirectoryServer:1378", "The specified account name is already a member of the group")
	case !in && at < 0:
		pwsh.ThrowID("Microsoft.ActiveDirectory.Management.ADException", "ActiveDirectoryServer:1377", "The specified account name is not a member of the group")
	case c.WhatIf:
	case in:
		g.Members = append(g.Members, m.DN)
	default:
		g.Members = slices.Delete(g.Members, at, at+1)
	}
	return nil
}
