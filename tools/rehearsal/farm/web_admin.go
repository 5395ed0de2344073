package farm

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// webCommand is the module WebAdministration, as far as our scripts call it. Its sets and parameters are those of package binding.
func (s *Session) webCommand(name string) *pwsh.Command {
	if name == "get-credential" {
		return s.credentialCommand()
	}
	if name == "add-type" {
		return tabled("Add-Type", "", func(c *pwsh.Call) []any {
			if !slices.Contains([]string{"System.Web", "System.DirectoryServices.AccountManagement"}, c.Text("AssemblyName")) {
				pwsh.Unknown("Add-Type of %s", c.Text("AssemblyName"))
			}
			return nil
		})
	}
	m, x := s.Machine, s.Machine.web
	run := map[string]func(*pwsh.Call) []any{
		"get-website": func(c *pwsh.Call) []any {
			var out []any
			for _, one := range x.sites {
				if !c.Has("Name") || strings.EqualFold(c.Text("Name"), one.name) {
					out = append(out, s.websiteObject(one))
				}
			}
			return out
		},
		"get-webapplication": func(c *pwsh.Call) []any {
			var out []any
			for _, one := range x.sites {
				if c.Has("Site") && !strings.EqualFold(c.Text("Site"), one.name) {
					continue
				}
				for _, a := range one.apps[1:] {
					if !c.Has("Name") || strings.EqualFold("/"+strings.Trim(c.Text("Name"), "/"), a.path) {
						out = append(out, pwsh.NewObject("path", a.path, "applicationPool", a.pool, "PhysicalPath", a.physical))
					}
				}
			}
			return out
		},
		"get-webbinding": func(c *pwsh.Call) []any { return s.getBinding(c) },
		"new-webbinding": func(c *pwsh.Call) []any { return s.newBinding(c) },
		"remove-webbinding": func(c *pwsh.Call) []any {
			for _, one := range x.sites {
				one.bindings = slices.DeleteFunc(one.bindings, func(b *siteBinding) bool { return bindingFits(c, one, b) })
			}
			return nil
		},
		"get-webapppoolstate": func(c *pwsh.Call) []any {
			return []any{pwsh.NewObject("Value", started(x.needPool(c.Text("Name")).stopped))}
		},
		"restart-webapppool": func(c *pwsh.Call) []any {
			p := x.needPool(c.Text("Name"))
			if p.stopped {
				// WAS restarts no stopped pool, an administrator starts it (IIS 7, Start or Stop an Application Pool).
				pwsh.Throw("System.InvalidOperationException", "You have to start stopped object before restarting it.")
			}
			return nil
		},
		"start-webapppool": func(c *pwsh.Call) []any { return nothing(x.needPool(c.Text("Name")).set(false)) },
		"stop-webapppool":  func(c *pwsh.Call) []any { return nothing(x.needPool(c.Text("Name")).set(true)) },
		"get-websitestate": func(c *pwsh.Call) []any {
			state := "Started"
			if x.needSite(c.Text("Name")).stopped {
				state = "Stopped"
			}
			return []any{pwsh.NewObject("Value", state)}
		},
		"start-website": func(c *pwsh.Call) []any { return nothing(x.needSite(c.Text("Name")).set(false)) },
		"stop-website":  func(c *pwsh.Call) []any { return nothing(x.needSite(c.Text("Name")).set(true)) },
		"get-webconfigurationproperty": func(c *pwsh.Call) []any {
			place, ok := strings.CutPrefix(c.Text("PSPath"), "MACHINE/WEBROOT/APPHOST/")
			if !ok || c.Has("Location") {
				pwsh.Unknown("Get-WebConfigurationProperty of %s", c.Text("PSPath"))
			}
			v, ok := m.effective(place, c.Text("Filter"), c.Text("Name"))
			if !ok {
				pwsh.Throw("System.Management.Automation.ItemNotFoundException", "Cannot find path 'MACHINE/WEBROOT/APPHOST/%s' because it does not exist.", place)
			}
			if v == nil {
				return nil
			}
			return []any{pwsh.NewObject("Name", c.Text("Name"), "Value", v)}
		},
		"set-webconfigurationproperty": func(c *pwsh.Call) []any {
			if c.Text("PSPath") != "MACHINE/WEBROOT/APPHOST" || !c.Has("Location") {
				pwsh.Unknown("Set-WebConfigurationProperty of anything but a location of applicationHost.config")
			}
			key := strings.ToLower(c.Text("Filter") + "@" + c.Text("Name"))
			if _, known := defaults[key]; !known {
				pwsh.Unknown("Set-WebConfigurationProperty of %s", key)
			}
			if !c.WhatIf {
				x.config[strings.ToLower(c.Text("Location"))+"|"+key] = strings.ToLower(pwsh.Text(c.Value("Value")))
			}
			return nil
		},
	}[name]
	if run == nil {
		return nil
	}
	if !m.Modules["webadministration"] {
		return &pwsh.Command{Run: func(c *pwsh.Call) []any {
			pwsh.ThrowID("System.Management.Automation.CommandNotFoundException", "CommandNotFoundException", "The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", c.Name)
			return nil
		}}
	}
	return tabled(name, "", run)
}

func nothing(struct{}) []any { return nil }

func (p *pool) set(stopped bool) (none struct{}) {
	p.stopped = stopped
	return none
}

func (s *site) set(stopped bool) (none struct{}) {
	s.stopped = stopped
	return none
}

func started(stopped bool) string {
	if stopped {
		return "Stopped"
	}
	return "Started"
}

func (x *web) needPool(name string) *pool {
	p := x.pool(name)
	if p == nil {
		pwsh.Throw("System.Management.Automation.ItemNotFoundException", `Cannot find path 'IIS:\AppPools\%s' because it does not exist.`, name)
	}
	return p
}

func (x *web) needSite(name string) *site {
	one := x.site(name)
	if one == nil {
		pwsh.Throw("System.Management.Automation.ItemNotFoundException", `Cannot find path 'IIS:\Sites\%s' because it does not exist.`, name)
	}
	return one
}

func (s *Session) websiteObject(one *site) any {
	root := one.apps[0]
	return pwsh.NewObject("name", one.name, "id", int64(one.id), "state", started(one.stopped), "physicalPath", root.physical, "applicationPool", root.pool)
}

// bindingFits tells whether Get- and Remove-WebBinding mean a binding.
func bindingFits(c *pwsh.Call, one *site, b *siteBinding) bool {
	address, port, host := b.parts()
	for parameter, have := range map[string]string{"Name": one.name, "Protocol": b.protocol, "Port": port, "IPAddress": address, "HostHeader": host} {
		if c.Has(parameter) && !strings.EqualFold(c.Text(parameter), have) {
			return false
		}
	}
	return true
}

func (s *Session) getBinding(c *pwsh.Call) []any {
	var out []any
	for _, one := range s.Machine.web.sites {
		for _, b := range one.bindings {
			if !bindingFits(c, one, b) {
				continue
			}
			t := &thing{typ: "Microsoft.IIs.PowerShell.Framework.ConfigurationElement", props: map[string]any{
				"protocol": b.protocol, "bindinginformation": b.info,
				"certificatehash": func() any { return b.thumbprint }, "certificatestorename": func() any {
					if b.thumbprint == "" {
						return ""
					}
					return "My"
				},
			}}
			t.methods = map[string]func([]any) any{
				"removesslcertificate": func([]any) any {
					b.thumbprint = ""
					return pwsh.Void
				},
				"addsslcertificate": func(args []any) any {
					s.bindCertificate(b, str(args, 0), str(args, 1))
					return pwsh.Void
				},
			}
			out = append(out, t)
		}
	}
	return out
}

// bindCertificate is AddSslCertificate: the certificate has to lie in the store with its private key (HTTP.sys refuses any other).
func (s *Session) bindCertificate(b *siteBinding, thumbprint, store string) {
	cert := s.Machine.Certificate(thumbprint)
	switch {
	case store != "My":
		pwsh.Unknown("the certificate store %s", store)
	case b.thumbprint != "":
		pwsh.Throw("System.Runtime.InteropServices.COMException", "Cannot create a file when that file already exists. (Exception from HRESULT: 0x800700B7)")
	case cert == nil || !cert.Key:
		pwsh.Throw("System.Runtime.InteropServices.COMException", "A specified logon session does not exist. It may already have been terminated. (Exception from HRESULT: 0x80070520)")
	}
	b.thumbprint = strings.ToUpper(thumbprint)
}

func (s *Session) newBinding(c *pwsh.Call) []any {
	one := s.Machine.web.needSite(c.Text("Name"))
	address, port := "*", c.Text("Port")
	if c.Has("IPAddress") {
		address = c.Text("IPAddress")
	}
	b := &siteBinding{protocol: c.Text("Protocol"), info: address + ":" + port + ":" + c.Text("HostHeader")}
	for _, have := range one.bindings {
		if have.protocol == b.protocol && strings.EqualFold(have.info, b.info) {
			pwsh.Throw("System.Runtime.InteropServices.COMException", "Cannot add duplicate collection entry of type 'binding' with combined key attributes 'protocol, bindingInformation' respectively set to '%s, %s'", b.protocol, b.info)
		}
	}
	if !c.WhatIf {
		one.bindings = append(one.bindings, b)
	}
	return nil
}

// webItems is the drive IIS:.
func (s *Session) webItems(command, path string, c *pwsh.Call) ([]any, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(path), `iis:\apppools\`)
	if !ok {
		return nil, false
	}
	p := s.Machine.web.pool(path[len(path)-len(rest):])
	if command == "test-path" {
		return []any{p != nil}, true
	}
	if p == nil || !s.Machine.Modules["webadministration"] {
		pwsh.ThrowID("System.Management.Automation.ItemNotFoundException", "PathNotFound", "Cannot find path '%s' because it does not exist.", path)
	}
	switch command {
	case "get-item":
		process := pwsh.NewObject("identityType", p.identity, "userName", p.user)
		return []any{pwsh.NewObject("name", p.name, "managedRuntimeVersion", p.runtime, "managedPipelineMode", p.pipeline, "state", started(p.stopped), "processModel", process)}, true
	case "set-itemproperty":
		if !strings.EqualFold(c.Text("Name"), "processModel.password") {
			pwsh.Unknown("Set-ItemProperty -Name %s of an application pool", c.Text("Name"))
		}
		if !c.WhatIf {
			p.password = c.Text("Value")
		}
		return nil, true
	}
	return nil, false
}

// webStatic answers for configuration as .NET reads it, and for web requests.
func (s *Session) webStatic(member string, args []any, call bool) (any, bool) {
	switch member {
	case "web.configuration.webconfigurationmanager::openwebconfiguration":
		path, name := str(args, 0), str(args, 1)
		return &thing{typ: "System.Configuration.Configuration", methods: map[string]func([]any) any{"getsection": func(a []any) any {
			if str(a, 0) != "system.web/machineKey" {
				pwsh.Unknown("the section %s", str(a, 0))
			}
			k := s.Machine.machineKey(name, path)
			if k == nil {
				return nil
			}
			return pwsh.NewObject("ValidationAlgorithm", k["validation"], "ValidationKey", k["validationkey"], "Decryption", k["decryption"], "DecryptionKey", k["decryptionkey"])
		}}}, call
	case "directoryservices.accountmanagement.contexttype::domain":
		return pwsh.Enum{Of: "ContextType", Name: "Domain", Value: 1}, true
	}
	return s.httpStatic(member, args, call)
}

// webObject makes XML documents, credentials, web requests and connections.
func (s *Session) webObject(typ string, args []any) (any, bool) {
	switch typ {
	case "data.sqlclient.sqlconnection":
		text := ""
		if len(args) > 0 {
			text = str(args, 0)
		}
		return s.connection(text), true
	case "data.sqlclient.sqlconnectionstringbuilder":
		return builder(str(args, 0)), len(args) == 1
	case "management.automation.pscredential":
		p, ok := args[1].(secure)
		if !ok {
			return nil, false
		}
		return &credential{str(args, 0), p.plain}, true
	case "directoryservices.accountmanagement.principalcontext":
		if len(args) != 2 {
			return nil, false
		}
		return &thing{typ: "System.DirectoryServices.AccountManagement.PrincipalContext", methods: map[string]func([]any) any{
			"validatecredentials": func(a []any) any { return s.directory().logon(str(a, 0), str(a, 1)) },
			"dispose":             func([]any) any { return pwsh.Void },
		}}, true
	}
	if v, ok := s.xmlObject(typ, args); ok {
		return v, true
	}
	return s.httpObject(typ, args)
}

// logon tells whether name and password belong together and the account may be used.
func (d *Directory) logon(name, password string) bool {
	e := d.Find(name)
	return e != nil && e.Class == "user" && e.Flags&disabled == 0 && e.Password == password
}

func (s *Session) webCast(typ string, v any) (any, bool) {
	if typ == "security.authentication.sslprotocols" {
		return pwsh.Text(v), true
	}
	return nil, false
}
