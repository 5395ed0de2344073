package farm

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A page is what a web server answers to one GET.
type page struct {
	status int
	mutual bool // by Kerberos
}

// ports are the TCP ports on which HTTP.sys listens for IIS and for Reporting Services.
func (m *Machine) ports() []int {
	var out []int
	for _, s := range m.web.sites {
		for _, b := range s.bindings {
			if _, port, _ := b.parts(); !s.stopped {
				n, _ := strconv.Atoi(port) // a binding without a port is none of http
				out = append(out, n)
			}
		}
	}
	if r := m.mbam.reports; r != nil && m.Running(r.service) {
		out = append(out, r.port)
	}
	return out
}

// served is the certificate that answers on a port under a name: that of the site, or that of Reporting Services.
func (m *Machine) served(port int, host string) string {
	if _, b := m.listener("https", port, host); b != nil {
		return b.thumbprint
	}
	if r := m.mbam.reports; r != nil && r.port == port && r.tls {
		return r.thumbprint
	}
	return ""
}

// listener is the started site, with its binding, that takes a request: one with the host name before one without (IIS).
func (m *Machine) listener(protocol string, port int, host string) (*site, *siteBinding) {
	var any *site
	var anyBinding *siteBinding
	for _, s := range m.web.sites {
		for _, b := range s.bindings {
			_, p, name := b.parts()
			if s.stopped || b.protocol != protocol || p != strconv.Itoa(port) {
				continue
			}
			switch {
			case strings.EqualFold(name, host):
				return s, b
			case name == "":
				any, anyBinding = s, b
			}
		}
	}
	return any, anyBinding
}

// answer is what the machine answers to a GET that came from another one (or itself), under a host name, by a user ("" for nobody).
func (m *Machine) answer(from *Machine, protocol string, port int, host, path, user string) page {
	if r := m.mbam.reports; r != nil && r.serves(protocol, port, path) {
		if user == "" {
			return page{status: 401}
		}
		return page{status: 200, mutual: true}
	}
	s, _ := m.listener(protocol, port, host)
	if s == nil {
		return page{status: 400} // HTTP.sys: Bad Request - Invalid Hostname
	}
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if name, err := url.PathUnescape(segment); err == nil {
		segment = name
	}
	a := s.app("/" + segment)
	if a == nil || segment == "" {
		a = s.apps[0]
		if segment != "" {
			return page{status: 404}
		}
	}
	p := m.web.pool(a.pool)
	if p == nil || p.stopped {
		return page{status: 503}
	}
	// WAS logs the identity on as a batch job; a failure disables the pool (events 5021 and 5057 of WAS; windows.md, IIS on web nodes).
	if p.identity == "SpecificUser" && (!m.farm.Directory.logon(p.user, p.password) || !m.holds("SeBatchLogonRight", p.user)) {
		p.stopped = true
		return page{status: 503}
	}
	place := s.name
	if a.path != "/" {
		place += a.path
	}
	const windows, anonymous = "system.webServer/security/authentication/windowsAuthentication", "system.webServer/security/authentication/anonymousAuthentication"
	negotiate, open, kernel, own, faulty := m.flag(place, windows, "enabled"), m.flag(place, anonymous, "enabled"), m.flag(place, windows, "useKernelMode"), m.flag(place, windows, "useAppPoolCredentials"), m.malformed(s, a)
	if faulty {
		return page{status: 500}
	}
	out := page{status: 200}
	if !open {
		switch {
		case !negotiate || user == "":
			return page{status: 401}
		case from == m && !strings.EqualFold(host, m.Name) && !strings.EqualFold(host, m.FQDN):
			return page{status: 401} // the loopback check: 401.1 (windows.md, the virtual name on a node itself)
		}
		owners := m.farm.Directory.ticket(host)
		if len(owners) == 1 {
			// The ticket is encrypted for the owner of the name. Kernel mode decrypts with the computer's key, unless it is told to use the pool's
			// (windows.md 1.3: KRB_AP_ERR_MODIFIED).
			reader := m.Name + "$"
			if own || !kernel {
				if p.identity == "SpecificUser" {
					reader = p.user
				}
			}
			if m.farm.Directory.Find(reader) != owners[0] {
				return page{status: 401}
			}
			out.mutual = true
		}
		// No owner, or two of them: no ticket, and NTLM is what is left.
	}
	if s.name == mbamSite {
		out.status = m.mbamPage(s, a, p, host, user)
	}
	return out
}

// ticket are the accounts that a domain controller finds for http/host; HOST stands for http too.
func (d *Directory) ticket(host string) []*Entry {
	if own := d.Owners("http/" + host); len(own) > 0 {
		return own
	}
	return d.Owners("HOST/" + host)
}

// klist asks for a ticket, which a domain controller gives when exactly one account has the name, and lists those that there are.
func (s *Session) klist(name string, args []string) ([]string, int, bool) {
	if name != "klist.exe" {
		return nil, 0, false
	}
	realm := strings.ToUpper(s.directory().DNS)
	switch {
	case len(args) == 2 && args[0] == "get":
		if class, host, ok := strings.Cut(args[1], "/"); !ok || !strings.EqualFold(class, "http") || len(s.directory().ticket(host)) != 1 {
			return []string{"klist failed with 0xc000018b/-1073741429: The SAM database on the Windows Server does not have a computer account for this workstation trust relationship."}, -1073741429, true
		}
		s.tickets = append(s.tickets, args[1])
		return []string{"A ticket to " + args[1] + " has been retrieved successfully."}, 0, true
	case len(args) == 1 && args[0] == "tickets":
		out := []string{fmt.Sprintf("Cached Tickets: (%d)", len(s.tickets))}
		for i, spn := range s.tickets {
			out = append(out, "", fmt.Sprintf("#%d>\tClient: %s @ %s", i, s.User, realm), fmt.Sprintf("\tServer: %s @ %s", spn, realm))
		}
		return out, 0, true
	}
	return nil, 0, false
}

func (m *Machine) flag(place, section, name string) bool {
	v, _ := m.effective(place, section, name)
	on, _ := v.(bool)
	return on
}

// malformed tells whether a web.config on the way to an application cannot be read.
func (m *Machine) malformed(s *site, a *application) bool {
	for _, one := range []*application{s.apps[0], a} {
		if data, ok := m.Files.Read(expand(one.physical) + `\web.config`); ok {
			if _, err := parseXML(data); err != nil {
				return true
			}
		}
	}
	return false
}

// trusted is the reason for which a client refuses a certificate under a name, "" when it does not.
func (m *Machine) trusted(thumbprint, host string) string {
	if c := m.Certificate(thumbprint); c != nil {
		if good, _ := c.Good(host, m.farm.Clock); good {
			return ""
		}
	}
	return "The remote certificate is invalid according to the validation procedure."
}

func webException(text string, response any) {
	pwsh.ThrowException(&pwsh.Exception{Type: "System.Net.WebException", Message: text, Members: map[string]any{"response": response}})
}

// get is HttpWebRequest.GetResponse without redirections. Host is the name of the request where it is not that of the address.
func (s *Session) get(target *url.URL, host string, authenticate bool) any {
	if host == "" {
		host = target.Hostname()
	} else if name, _, ok := strings.Cut(host, ":"); ok {
		host = name
	}
	port := 80
	if target.Scheme == "https" {
		port = 443
	}
	if p, err := strconv.Atoi(target.Port()); err == nil {
		port = p
	}
	m, problem := s.Machine.farm.Connect(s.Machine, target.Hostname(), port)
	switch {
	case problem != nil && problem.Unknown:
		webException(fmt.Sprintf("The remote name could not be resolved: '%s'", target.Hostname()), nil)
	case problem != nil && problem.Refused:
		webException("Unable to connect to the remote server", nil)
	case problem != nil:
		webException("The operation has timed out", nil)
	}
	if target.Scheme == "https" {
		thumbprint := m.served(port, host)
		if thumbprint == "" {
			webException("The underlying connection was closed: An unexpected error occurred on a send.", nil)
		}
		if why := m.trusted(thumbprint, host); why != "" {
			webException("The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel.", nil)
		}
	}
	user := ""
	if authenticate {
		user = s.User
	}
	p := m.answer(s.Machine, target.Scheme, port, host, target.EscapedPath(), user)
	response := &thing{typ: "System.Net.HttpWebResponse", props: map[string]any{
		"statuscode": pwsh.Enum{Of: "HttpStatusCode", Name: strconv.Itoa(p.status), Value: int64(p.status)}, "ismutuallyauthenticated": p.mutual,
	}, methods: map[string]func([]any) any{"close": func([]any) any { return pwsh.Void }}}
	if p.status >= 400 {
		webException(fmt.Sprintf("The remote server returned an error: (%d).", p.status), response)
	}
	return response
}

// webRequest is an HttpWebRequest.
func (s *Session) webRequest(address string) any {
	target, err := url.Parse(address)
	if err != nil || target.Scheme != "http" && target.Scheme != "https" || target.Host == "" {
		pwsh.Throw("System.UriFormatException", "Invalid URI: The format of the URI could not be determined.")
	}
	host, authenticate, redirect := "", false, true
	t := &thing{typ: "System.Net.HttpWebRequest"}
	t.set = func(name string, v any) bool {
		switch name {
		case "host":
			host = pwsh.Text(v)
		case "usedefaultcredentials":
			authenticate = pwsh.Truth(v)
		case "allowautoredirect":
			redirect = pwsh.Truth(v)
		case "proxy":
			return v == nil
		case "timeout", "connectiongroupname":
		default:
			return false
		}
		return true
	}
	_ = redirect // nothing here redirects
	t.methods = map[string]func([]any) any{"getresponse": func([]any) any { return s.get(target, host, authenticate) }}
	return t
}

func (s *Session) httpStatic(member string, args []any, call bool) (any, bool) {
	switch member {
	case "net.webrequest::create":
		return s.webRequest(pwsh.Text(args[0])), call
	case "net.securityprotocoltype::tls12":
		return pwsh.Enum{Of: "SecurityProtocolType", Name: "Tls12", Value: 3072}, true
	case "net.servicepointmanager::securityprotocol":
		return pwsh.Enum{Of: "SecurityProtocolType", Name: "Tls", Value: 192}, true
	case "net.authenticationmanager::customtargetnamedictionary":
		return pwsh.NewHash(false), true
	}
	return nil, false
}

// stream is a NetworkStream or an SslStream to a machine.
type stream struct {
	thing
	m       *Machine
	from    *Machine
	port    int
	host    string // after the TLS handshake
	request strings.Builder
}

// newStream is TcpClient.GetStream.
func newStream(from, m *Machine, port int) *stream {
	st := &stream{from: from, m: m, port: port}
	st.thing = thing{
		typ: "System.Net.Sockets.NetworkStream", set: func(name string, _ any) bool { return name == "readtimeout" || name == "writetimeout" },
		methods: map[string]func([]any) any{"write": st.write},
	}
	return st
}

func (st *stream) write(args []any) any {
	for _, b := range args[0].(*pwsh.Array).Items {
		st.request.WriteByte(byte(number(b)))
	}
	return pwsh.Void
}

// secure makes the SslStream over a NetworkStream.
func (st *stream) secure() *stream {
	st.typ = "System.Net.Security.SslStream"
	st.props = map[string]any{}
	st.methods["authenticateasclient"] = func(args []any) any {
		host := str(args, 0)
		thumbprint := st.m.served(st.port, host)
		if thumbprint == "" {
			pwsh.Throw("System.IO.IOException", "Authentication failed because the remote party has closed the transport stream.")
		}
		st.host = host
		st.props["remotecertificate"] = &thing{typ: "System.Security.Cryptography.X509Certificates.X509Certificate", methods: map[string]func([]any) any{
			"getcerthashstring": func([]any) any { return thumbprint },
		}}
		if why := st.m.trusted(thumbprint, host); why != "" {
			pwsh.Throw("System.Security.Authentication.AuthenticationException", "%s", why)
		}
		return pwsh.Void
	}
	return st
}

// readLine is the first line of the answer to what was written.
func (st *stream) readLine() any {
	lines := strings.Split(st.request.String(), "\r\n")
	fields := strings.Fields(lines[0])
	if len(fields) != 3 || fields[0] != "GET" {
		pwsh.Unknown("the request %s", lines[0])
	}
	host := ""
	for _, l := range lines[1:] {
		if v, ok := strings.CutPrefix(l, "Host: "); ok {
			host, _, _ = strings.Cut(v, ":")
		}
	}
	protocol := "http"
	if st.host != "" {
		protocol = "https"
	} else if s, _ := st.m.listener("http", st.port, host); s == nil && st.m.served(st.port, host) != "" {
		return nil // plain text to a port of TLS: the connection is closed
	}
	return fmt.Sprintf("HTTP/1.1 %d", st.m.answer(st.from, protocol, st.port, host, fields[1], "").status)
}

func (s *Session) httpObject(typ string, args []any) (any, bool) {
	switch typ {
	case "net.security.sslstream":
		st, ok := args[0].(*stream)
		if !ok {
			return nil, false
		}
		return st.secure(), true
	case "io.streamreader":
		st, ok := args[0].(*stream)
		if !ok {
			return nil, false
		}
		return &thing{typ: "System.IO.StreamReader", methods: map[string]func([]any) any{"readline": func([]any) any { return st.readLine() }}}, true
	case "uribuilder":
		return newURI(str(args, 0)), true
	}
	return nil, false
}

// newURI is a UriBuilder, whose Uri is made anew from its parts.
func newURI(text string) *thing {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		pwsh.Throw("System.UriFormatException", "Invalid URI: The format of the URI could not be determined.")
	}
	t := &thing{typ: "System.UriBuilder", props: map[string]any{"uri": func() any {
		now := *u
		return &thing{typ: "System.Uri", props: map[string]any{"value": now.String(), "host": now.Hostname(), "authority": now.Host, "absoluteuri": now.String()}}
	}}}
	t.set = func(name string, v any) bool {
		if name != "host" {
			return false
		}
		port := u.Port()
		u.Host = pwsh.Text(v)
		if port != "" {
			u.Host += ":" + port
		}
		return true
	}
	return t
}
