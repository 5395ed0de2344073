package farm

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// valueCollection is a PropertyValueCollection: empty for an attribute that is not there.
type valueCollection []any

func (valueCollection) TypeName() string     { return "System.DirectoryServices.PropertyValueCollection" }
func (valueCollection) Set(string, any) bool { return false }
func (valueCollection) Call(string, []any) (any, bool) {
	return nil, false
}
func (v valueCollection) Elements() []any { return v }

func (v valueCollection) Get(name string) (any, bool) {
	switch strings.ToLower(name) {
	case "count":
		return int64(len(v)), true
	case "value":
		switch len(v) {
		case 0:
			return nil, true
		case 1:
			return v[0], true
		}
		return pwsh.NewArray(v...), true
	}
	return nil, false
}

// Element is an index: one value.
func (v valueCollection) Element(i any) (any, bool) {
	at := number(i)
	if at < 0 || at >= len(v) {
		pwsh.Throw("System.ArgumentOutOfRangeException", "Index was out of range. Must be non-negative and less than the size of the collection.")
	}
	return v[at], true
}

// propertyTable gives a collection for every name.
type propertyTable func(name string) valueCollection

func (propertyTable) TypeName() string               { return "System.DirectoryServices.PropertyCollection" }
func (propertyTable) Get(string) (any, bool)         { return nil, false }
func (propertyTable) Set(string, any) bool           { return false }
func (propertyTable) Call(string, []any) (any, bool) { return nil, false }

// Element is an index by name.
func (p propertyTable) Element(i any) (any, bool) { return p(strings.ToLower(pwsh.Text(i))), true }

// bound is a DirectoryEntry that shows attributes.
func bound(props propertyTable) *thing {
	t := &thing{typ: "System.DirectoryServices.DirectoryEntry", methods: map[string]func([]any) any{}}
	void := func([]any) any { return pwsh.Void }
	t.methods["refreshcache"], t.methods["dispose"] = void, void
	t.props = map[string]any{"properties": props, "psbase": t}
	return t
}

// classes are what objectClass of an entry holds, the class itself last.
func (e *Entry) classes() valueCollection {
	switch e.Class {
	case "computer":
		return valueCollection{"top", "person", "organizationalPerson", "user", "computer"}
	case "user":
		return valueCollection{"top", "person", "organizationalPerson", "user"}
	}
	return valueCollection{"top", e.Class}
}

// attributes are those of an entry that scripts read through ADSI.
func (s *Session) attributes(e *Entry) propertyTable {
	d := s.directory()
	return func(name string) valueCollection {
		switch name {
		case "objectclass":
			return e.classes()
		case "useraccountcontrol":
			if e.Class != "group" {
				return valueCollection{e.Flags}
			}
			return nil
		case "userprincipalname":
			if e.UPN != "" {
				return valueCollection{e.UPN}
			}
			return nil
		case "distinguishedname":
			return valueCollection{e.DN}
		case "objectsid":
			return valueCollection{sidBytes(e.SID)}
		case "tokengroups":
			var out valueCollection
			for _, g := range d.entries {
				if g.Class == "group" && d.Inside(g, e) {
					out = append(out, sidBytes(g.SID))
				}
			}
			return out
		case "serviceprincipalname":
			var out valueCollection
			for _, n := range e.SPNs {
				out = append(out, n)
			}
			return out
		case "allowedattributeseffective":
			return s.effective("servicePrincipalName")
		}
		pwsh.Unknown("the attribute %s by ADSI", name)
		return nil
	}
}

// effective is what a domain administrator may do with an object, of the rights that are asked for: a domain controller works it out for whoever reads
// it (Active Directory schema, allowedAttributesEffective, allowedChildClassesEffective).
func (s *Session) effective(rights ...any) valueCollection {
	if s.User != "admin" {
		pwsh.Unknown("the effective rights of %s", s.User)
	}
	return rights
}

// container is a unit, or a folder that every domain has; nil when there is none of the name.
func (s *Session) container(dn string) *thing {
	d := s.directory()
	same := func(unit string) bool { return strings.EqualFold(unit, dn) }
	if !slices.ContainsFunc(d.Units, same) && !same("CN=Policies,CN=System,"+d.DN) && !same("CN=Computers,"+d.DN) && !same("CN=Users,"+d.DN) && !same(d.DN) {
		return nil
	}
	return bound(func(name string) valueCollection {
		switch name {
		case "allowedattributeseffective":
			return s.effective("gPLink")
		case "allowedchildclasseseffective":
			return s.effective("computer", "group", "groupPolicyContainer", "user")
		}
		pwsh.Unknown("the attribute %s of a container", name)
		return nil
	})
}

func (d *Directory) bySID(sid string) *Entry {
	for _, e := range d.entries {
		if e.SID == sid {
			return e
		}
	}
	return nil
}

// ldapEntry is a DirectoryEntry by a path that names the domain and not one controller: rootDSE, or an object by its SID.
func (s *Session) ldapEntry(path string) (any, bool) {
	d := s.directory()
	if s.NoDomain {
		pwsh.Throw("System.Runtime.InteropServices.COMException", "The specified domain either does not exist or could not be contacted.")
	}
	rest, ok := strings.CutPrefix(path, "LDAP://")
	if !ok {
		return nil, false
	}
	if dn, ok := strings.CutPrefix(rest, d.DNS+"/"); ok && strings.Contains(dn, "=") && !strings.HasPrefix(dn, "<") {
		if c := s.container(strings.ReplaceAll(dn, `\/`, "/")); c != nil {
			return c, true
		}
		pwsh.Throw("System.DirectoryServices.DirectoryServicesCOMException", "There is no such object on the server.")
	}
	if host, tail, named := strings.Cut(rest, "/"); named && !strings.HasPrefix(rest, "<") {
		if !strings.EqualFold(host, d.DNS) && !strings.EqualFold(host, d.Server) {
			pwsh.Throw("System.Runtime.InteropServices.COMException", "The server is not operational.")
		}
		rest = tail
	}
	if strings.EqualFold(rest, "RootDSE") {
		return bound(func(name string) valueCollection {
			switch name {
			case "currenttime":
				return valueCollection{s.Now().Add(s.Machine.ClockBehind)}
			case "dnshostname":
				return valueCollection{d.Server}
			case "defaultnamingcontext", "rootdomainnamingcontext":
				return valueCollection{d.DN}
			}
			pwsh.Unknown("the attribute %s of rootDSE", name)
			return nil
		}), true
	}
	if id, ok := strings.CutPrefix(rest, "<SID="); ok {
		if e := d.bySID(strings.TrimSuffix(id, ">")); e != nil {
			return bound(s.attributes(e)), true
		}
		pwsh.Throw("System.DirectoryServices.DirectoryServicesCOMException", "There is no such object on the server.")
	}
	if d.place(strings.ReplaceAll(rest, `\/`, "/")) {
		return bound(func(name string) valueCollection {
			if s.policies().closed && (name == "allowedattributeseffective" || name == "allowedchildclasseseffective") {
				return nil
			}
			switch name {
			case "allowedattributeseffective":
				return valueCollection{"gPLink", "description"}
			case "allowedchildclasseseffective":
				return valueCollection{"user", "group", "computer", "groupPolicyContainer"}
			}
			pwsh.Unknown("the attribute %s of a container by ADSI", name)
			return nil
		}), true
	}
	return nil, false
}

// place reports whether there is a container of the name: one for accounts, the domain itself, or that of the Group Policy objects.
func (d *Directory) place(dn string) bool {
	return d.container(dn) || strings.EqualFold(dn, d.DN) || strings.EqualFold(dn, "CN=Policies,CN=System,"+d.DN)
}

// ldapExists is DirectoryEntry.Exists.
func (s *Session) ldapExists(path string) bool {
	d := s.directory()
	rest, ok := strings.CutPrefix(path, "LDAP://"+d.DNS+"/")
	if !ok {
		pwsh.Unknown("DirectoryEntry.Exists of %s", path)
	}
	if s.NoDomain {
		pwsh.Throw("System.Runtime.InteropServices.COMException", "The specified domain either does not exist or could not be contacted.")
	}
	dn := strings.ReplaceAll(rest, `\/`, "/")
	return d.place(dn) || d.byDN(dn) != nil
}

// forest is the Forest of the domain, of which scripts use the search in a global catalog.
func (s *Session) forest() *thing {
	if s.NoDomain {
		pwsh.Throw("System.DirectoryServices.ActiveDirectory.ActiveDirectoryOperationException", "Current security context is not associated with an Active Directory domain or forest.")
	}
	d, filter := s.directory(), ""
	searcher := &thing{typ: "System.DirectoryServices.DirectorySearcher", set: func(name string, v any) bool {
		if name == "filter" {
			filter = pwsh.Text(v)
			return true
		}
		return name == "searchroot" || name == "pagesize"
	}}
	searcher.methods = map[string]func([]any) any{"findall": func([]any) any {
		out := pwsh.NewArray()
		for _, e := range d.entries {
			if d.fits(e, filter) {
				out.Items = append(out.Items, pwsh.NewObject("Path", "GC://"+d.Server+"/"+e.DN, "Properties", s.attributes(e)))
			}
		}
		return out
	}}
	catalog := &thing{typ: "System.DirectoryServices.ActiveDirectory.GlobalCatalog", methods: map[string]func([]any) any{"getdirectorysearcher": func([]any) any { return searcher }}}
	return &thing{typ: "System.DirectoryServices.ActiveDirectory.Forest", methods: map[string]func([]any) any{"findglobalcatalog": func([]any) any { return catalog }}}
}
