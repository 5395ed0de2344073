package farm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// web is IIS of a machine: sites, applications, pools, configuration files.
type web struct {
	installed bool
	sites     []*site
	pools     []*pool
	// config is what applicationHost.config says beside its defaults: "place|section@attribute" in lower case, the place empty for the server.
	config map[string]string
}

// A site is an IIS site; its root application is the first of apps.
type site struct {
	name     string
	id       int
	stopped  bool
	bindings []*siteBinding
	apps     []*application
}

type siteBinding struct {
	protocol, info string // info is address:port:host name
	thumbprint     string // of https, in upper case
}

type application struct {
	path     string // "/" for the root
	physical string
	pool     string
}

type pool struct {
	name, runtime, pipeline string
	identity                string // SpecificUser, ApplicationPoolIdentity
	user, password          string
	stopped                 bool
}

func newWeb() *web { return &web{config: map[string]string{}} }

// clone copies it for another machine.
func (x *web) clone(*Machine) *web {
	out := *x
	out.sites, out.pools, out.config = nil, nil, maps.Clone(x.config)
	for _, have := range x.sites {
		c := *have
		c.bindings, c.apps = nil, nil
		for _, b := range have.bindings {
			one := *b
			c.bindings = append(c.bindings, &one)
		}
		for _, a := range have.apps {
			one := *a
			c.apps = append(c.apps, &one)
		}
		out.sites = append(out.sites, &c)
	}
	for _, p := range x.pools {
		one := *p
		out.pools = append(out.pools, &one)
	}
	return &out
}

// state adds a line for everything that a script may change.
func (x *web) state(m *Machine, add func(format string, args ...any)) {
	for _, s := range x.sites {
		add("iis: %s site %q, id %d, stopped %t", m.Name, s.name, s.id, s.stopped)
		for _, b := range s.bindings {
			add("iis: %s binding of %q: %s %s %s", m.Name, s.name, b.protocol, b.info, b.thumbprint)
		}
		for _, a := range s.apps {
			add("iis: %s application %q%s in %s, pool %q", m.Name, s.name, a.path, a.physical, a.pool)
		}
	}
	for _, p := range x.pools {
		add("iis: %s pool %q, %s, %s, %s %s with %q, stopped %t", m.Name, p.name, p.runtime, p.pipeline, p.identity, p.user, p.password, p.stopped)
	}
	for k, v := range x.config {
		add("iis: %s applicationHost.config %s = %s", m.Name, k, v)
	}
}

// InstallIIS gives the machine IIS as its Windows features leave it: the Default Web Site on port 80 (windows.md, IIS on web nodes).
func (m *Machine) InstallIIS() {
	if m.web.installed {
		return
	}
	m.web.installed = true
	m.Modules["webadministration"] = true
	m.web.pools = append(m.web.pools, &pool{name: "DefaultAppPool", runtime: "v4.0", pipeline: "Integrated", identity: "ApplicationPoolIdentity"})
	m.Files.folder(`C:\inetpub\wwwroot`, "S-1-5-18", nil)
	m.web.sites = append(m.web.sites, &site{
		name: "Default Web Site", id: 1, bindings: []*siteBinding{{protocol: "http", info: "*:80:"}},
		apps: []*application{{path: "/", physical: `%SystemDrive%\inetpub\wwwroot`, pool: "DefaultAppPool"}},
	})
}

func (x *web) site(name string) *site {
	i := slices.IndexFunc(x.sites, func(s *site) bool { return strings.EqualFold(s.name, name) })
	if i < 0 {
		return nil
	}
	return x.sites[i]
}

func (x *web) pool(name string) *pool {
	i := slices.IndexFunc(x.pools, func(p *pool) bool { return strings.EqualFold(p.name, name) })
	if i < 0 {
		return nil
	}
	return x.pools[i]
}

func (s *site) app(path string) *application {
	path = "/" + strings.Trim(path, "/")
	i := slices.IndexFunc(s.apps, func(a *application) bool { return strings.EqualFold(a.path, path) })
	if i < 0 {
		return nil
	}
	return s.apps[i]
}

func (b *siteBinding) parts() (address, port, host string) {
	// The address of IPv6 has colons of its own and stands in brackets.
	at := strings.LastIndexByte(b.info, ':')
	host = b.info[at+1:]
	rest := b.info[:at]
	at = strings.LastIndexByte(rest, ':')
	return rest[:at], rest[at+1:], host
}

func expand(path string) string {
	for name, value := range map[string]string{"%systemdrive%": "C:", "%systemroot%": `C:\Windows`, "%windir%": `C:\Windows`} {
		if strings.HasPrefix(strings.ToLower(path), name) {
			return value + path[len(name):]
		}
	}
	return path
}

// defaults are the values of IIS's own schema that our scripts ask for, and whether a web.config may set them: windowsAuthentication is
// locked (windows.md, IIS on web nodes; IIS_schema.xml).
var defaults = map[string]struct {
	value  any
	locked bool
}{
	"system.webserver/security/requestfiltering/fileextensions@allowunlisted":                 {true, false},
	"system.webserver/security/authentication/windowsauthentication@enabled":                  {false, true},
	"system.webserver/security/authentication/windowsauthentication@usekernelmode":            {true, true},
	"system.webserver/security/authentication/windowsauthentication@useapppoolcredentials":    {false, true},
	"system.webserver/security/authentication/anonymousauthentication@enabled":                {true, true},
	"system.webserver/security/requestfiltering/requestlimits@maxallowedcontentlength":        {int64(30000000), false},
	"system.webserver/security/authentication/windowsauthentication@authpersistsinglerequest": {false, true},
}

// effective is the value of an attribute of a section at a place ("Site/HelpDesk"): the server's, that of the site in
// applicationHost.config, that of the application there, then the web.config files down to it.
func (m *Machine) effective(place, section, name string) (any, bool) {
	key := strings.ToLower(section + "@" + name)
	d, known := defaults[key]
	siteName, path, _ := strings.Cut(place, "/")
	s := m.web.site(siteName)
	if s == nil {
		return nil, false
	}
	var value any
	if known {
		value = d.value
	}
	if !known && !strings.HasPrefix(key, "appsettings/") {
		pwsh.Unknown("the section %s@%s of IIS", section, name)
	}
	as := func(text string) any {
		if _, flag := d.value.(bool); flag {
			return strings.EqualFold(text, "true")
		}
		return text
	}
	for _, at := range []string{"", siteName, place} {
		if v, ok := m.web.config[strings.ToLower(at)+"|"+key]; ok {
			value = as(v)
		}
	}
	files := []*application{s.app("/")}
	if path != "" {
		a := s.app(path)
		if a == nil {
			return nil, false
		}
		files = append(files, a)
	}
	for _, a := range files {
		doc := m.webConfig(a)
		if doc == nil {
			continue
		}
		for _, n := range doc.find("/configuration/" + section) {
			if v, ok := n.attribute(name); ok {
				if d.locked {
					pwsh.ThrowException(&pwsh.Exception{Type: "System.Runtime.InteropServices.COMException", Message: "This configuration section cannot be used at this path. This happens when the section is locked at a parent level."})
				}
				value = as(v)
			}
		}
	}
	return value, true
}

// webConfig is the web.config of an application, nil without one.
func (m *Machine) webConfig(a *application) *xmlDocument {
	path := expand(a.physical) + `\web.config`
	data, ok := m.Files.Read(path)
	if !ok {
		return nil
	}
	doc, err := parseXML(data)
	if err != nil {
		pwsh.ThrowException(&pwsh.Exception{Type: "System.Configuration.ConfigurationErrorsException", Message: fmt.Sprintf("Configuration file is not well-formed XML (%s)", path)})
	}
	return doc
}

// machineKey is what .NET applies to an application: the attributes of the nearest machineKey, each defaulted (mbam.md 5.8).
func (m *Machine) machineKey(siteName, path string) map[string]string {
	s := m.web.site(siteName)
	if s == nil || s.app(path) == nil {
		return nil
	}
	out := map[string]string{"validation": "HMACSHA256", "validationkey": "AutoGenerate,IsolateApps", "decryption": "Auto", "decryptionkey": "AutoGenerate,IsolateApps"}
	files := []*application{s.app("/")}
	if a := s.app(path); a != files[0] {
		files = append(files, a)
	}
	for _, a := range files {
		doc := m.webConfig(a)
		if doc == nil {
			continue
		}
		for _, n := range doc.find("/configuration/system.web/machineKey") {
			for _, at := range n.attrs {
				out[strings.ToLower(at.Name.Local)] = at.Value
			}
		}
	}
	return out
}

func webArea() area {
	return area{
		command: (*Session).webCommand,
		static:  (*Session).webStatic,
		object:  (*Session).webObject,
		cast:    (*Session).webCast,
		items:   (*Session).webItems,
		program: (*Session).klist,
		feature: func(m *Machine, name string, there bool) {
			if strings.EqualFold(name, "Web-Server") && there {
				m.InstallIIS()
			}
		},
	}
}

// Balance lets an address lead to machines, as a load balancer in front of them does.
func (f *Farm) Balance(address string, machines ...string) {
	if f.behind == nil {
		f.behind = map[string][]string{}
	}
	f.behind[address] = machines
}

// Lead lets a name that nobody has lead to a machine more, through an address of its own.
func (f *Farm) Lead(fqdn, machine string) {
	short, domain, _ := strings.Cut(fqdn, ".")
	if !strings.EqualFold(domain, f.Directory.DNS) {
		return
	}
	found := f.Lookup(fqdn)
	if len(found) == 0 {
		found = []string{fmt.Sprintf("10.253.0.%d", 1+len(f.behind))}
		f.Directory.SetAddress(short, found[0])
		f.Balance(found[0])
	}
	if have, ok := f.behind[found[0]]; ok {
		f.Balance(found[0], append(slices.Clone(have), machine)...)
	}
}

// SetPool gives the pool of a site's root application another identity.
func (m *Machine) SetPool(site, user, password string) {
	p := m.web.pool(m.web.site(site).apps[0].pool)
	p.user, p.password = user, password
}

// Bind gives the first https binding of a site another certificate.
func (m *Machine) Bind(site, thumbprint string) {
	for _, b := range m.web.site(site).bindings {
		if b.protocol == "https" {
			b.thumbprint = thumbprint
			return
		}
	}
}

// Configure sets an attribute, section@attribute, at a place of applicationHost.config.
func (m *Machine) Configure(place, attribute, value string) {
	m.web.config[strings.ToLower(place+"|"+attribute)] = value
}
