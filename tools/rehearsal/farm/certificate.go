package farm

import (
	"crypto/sha1" // what Windows calls a thumbprint
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A Certificate lies in a store of the computer: My, or REQUEST for one that is asked for and not issued.
type Certificate struct {
	Store      string
	Thumbprint string
	Subject    string   // "CN=mbam.contoso.com, O=Contoso"
	Names      []string // alternative DNS names
	Usages     []string // enhanced key usages
	From, To   time.Time
	Key        bool     // private key
	Faults     []string // states of the chain: Revoked, UntrustedRoot, RevocationStatusUnknown …
}

// The usages that a web server's certificate has.
const (
	ServerAuthentication = "1.3.6.1.5.5.7.3.1"
	ClientAuthentication = "1.3.6.1.5.5.7.3.2"
)

// AddCertificate puts a certificate into a store of the computer. What is left out is as on a good certificate of a web server.
func (m *Machine) AddCertificate(c Certificate) *Certificate {
	if c.Store == "" {
		c.Store = "My"
	}
	if c.From.IsZero() {
		c.From = m.farm.Clock.AddDate(0, -1, 0)
	}
	if c.To.IsZero() {
		c.To = m.farm.Clock.AddDate(2, 0, 0)
	}
	if c.Usages == nil {
		c.Usages = []string{ServerAuthentication, ClientAuthentication}
	}
	if c.Thumbprint == "" {
		sum := sha1.Sum([]byte(c.Subject + m.farm.guid()))
		c.Thumbprint = strings.ToUpper(hex.EncodeToString(sum[:]))
	}
	m.system.certificates = append(m.system.certificates, &c)
	return &c
}

// Certificate finds a certificate in the store My by its thumbprint; nil when it is not there.
func (m *Machine) Certificate(thumbprint string) *Certificate { return m.certificate("My", thumbprint) }

func (m *Machine) certificate(store, thumbprint string) *Certificate {
	for _, c := range m.system.certificates {
		if strings.EqualFold(c.Store, store) && strings.EqualFold(c.Thumbprint, thumbprint) {
			return c
		}
	}
	return nil
}

// RemoveCertificate takes a certificate away.
func (m *Machine) RemoveCertificate(c *Certificate) {
	m.system.certificates = slices.DeleteFunc(m.system.certificates, func(x *Certificate) bool { return x == c })
}

// Good reports whether a client that asks for a host name takes the certificate, and if not, why.
func (c *Certificate) Good(host string, now time.Time) (bool, string) {
	covers := func(n string) bool {
		_, rest, ok := strings.Cut(host, ".")
		return strings.EqualFold(n, host) || ok && strings.EqualFold(n, "*."+rest)
	}
	switch {
	case !c.Key:
		return false, "no private key"
	case now.Before(c.From) || !now.Before(c.To):
		return false, "not valid now"
	case !slices.ContainsFunc(c.Names, covers):
		return false, "another name"
	case !slices.Contains(c.Usages, ServerAuthentication):
		return false, "not for servers"
	case len(c.Faults) > 0:
		return false, c.Faults[0]
	}
	return true, ""
}

// commonName is the subject's common name.
func (c *Certificate) commonName() string {
	for _, part := range strings.Split(c.Subject, ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "CN="); ok {
			return v
		}
	}
	return c.Subject
}

// der is a value of ASN.1 with its length, below 65536 bytes.
func der(tag byte, data []byte) []byte {
	switch n := len(data); {
	case n < 128:
		return append([]byte{tag, byte(n)}, data...)
	case n < 256:
		return append([]byte{tag, 0x81, byte(n)}, data...)
	default:
		return append([]byte{tag, 0x82, byte(n >> 8), byte(n)}, data...)
	}
}

// certificateObject is an X509Certificate2.
func certificateItem(c *Certificate) *thing {
	const space = "System.Security.Cryptography.X509Certificates."
	extensions := pwsh.NewArray()
	if len(c.Names) > 0 {
		var all []byte
		for _, n := range c.Names {
			all = append(all, der(0x82, []byte(n))...)
		}
		extensions.Items = append(extensions.Items, &thing{typ: space + "X509Extension", props: map[string]any{"oid": pwsh.NewObject("Value", "2.5.29.17"), "rawdata": pwsh.Bytes(der(0x30, all))}})
	}
	if len(c.Usages) > 0 {
		usages := pwsh.NewArray()
		for _, u := range c.Usages {
			usages.Items = append(usages.Items, pwsh.NewObject("Value", u))
		}
		extensions.Items = append(extensions.Items, &thing{typ: space + "X509EnhancedKeyUsageExtension", props: map[string]any{"oid": pwsh.NewObject("Value", "2.5.29.37"), "enhancedkeyusages": usages}})
	}
	return &thing{
		typ: space + "X509Certificate2",
		props: map[string]any{
			"thumbprint": c.Thumbprint, "subject": c.Subject, "hasprivatekey": c.Key, "notbefore": c.From, "notafter": c.To, "extensions": extensions, "value": c.Subject,
			"certificate": c,
		},
		methods: map[string]func([]any) any{"getnameinfo": func(args []any) any {
			if str(args, 0) != "SimpleName" || pwsh.Truth(args[1]) {
				pwsh.Unknown("GetNameInfo(%s, %s)", str(args, 0), str(args, 1))
			}
			return c.commonName()
		}},
	}
}

func certificateStatic(_ *Session, what string, _ []any) (any, bool) {
	if what == "security.cryptography.x509certificates.x509nametype::simplename" {
		return pwsh.Enum{Of: "X509NameType", Name: "SimpleName", Value: 0}, true
	}
	return nil, false
}

func certificateOf(v any) *Certificate {
	if t, ok := v.(*thing); ok {
		if c, ok := t.props["certificate"].(*Certificate); ok {
			return c
		}
	}
	return nil
}

func certificateObject(_ *Session, typ string, _ []any) (any, bool) {
	if typ != "security.cryptography.x509certificates.x509chain" {
		return nil, false
	}
	status := pwsh.NewArray()
	return &thing{typ: "System.Security.Cryptography.X509Certificates.X509Chain", props: map[string]any{"chainstatus": status}, methods: map[string]func([]any) any{
		"build": func(args []any) any {
			c := certificateOf(args[0])
			if c == nil {
				pwsh.Unknown("a chain of something that is no certificate")
			}
			for _, f := range c.Faults {
				status.Items = append(status.Items, pwsh.NewObject("Status", f))
			}
			return len(c.Faults) == 0
		},
	}}, true
}

// certificateItems does what the commands with a path do on Cert:.
func (s *Session) certificateItems(command, path string, c *pwsh.Call) []any {
	m := s.Machine
	parts := strings.Split(path, `\`)
	if len(parts) < 2 || len(parts) > 3 || !strings.EqualFold(parts[0], "LocalMachine") || !strings.EqualFold(parts[1], "My") && !strings.EqualFold(parts[1], "REQUEST") {
		pwsh.Unknown(`%s of Cert:\%s`, command, path)
	}
	takes(c, "LiteralPath", "Path", "PathType", "DeleteKey")
	if len(parts) == 2 {
		switch command {
		case "test-path":
			return []any{true}
		case "get-childitem":
			var out []any
			for _, x := range m.system.certificates {
				if strings.EqualFold(x.Store, parts[1]) {
					out = append(out, certificateItem(x))
				}
			}
			return out
		}
		pwsh.Unknown(`%s of Cert:\%s`, command, path)
	}
	x := m.certificate(parts[1], parts[2])
	if command == "test-path" {
		return []any{x != nil}
	}
	if x == nil {
		pwsh.ThrowID("System.Management.Automation.ItemNotFoundException", "PathNotFound,"+c.Name, `Cannot find path 'Cert:\%s' because it does not exist.`, path)
	}
	switch command {
	case "get-item":
		return []any{certificateItem(x)}
	case "remove-item":
		s.elevated()
		if !c.WhatIf {
			m.RemoveCertificate(x)
		}
		return nil
	}
	pwsh.Unknown(`%s of Cert:\%s`, command, path)
	return nil
}

// certificateProgram is certreq -new and certutil -dump of a request.
func certificateProgram(s *Session, name string, args []string) ([]string, int, bool) {
	f := s.Machine.Files
	switch {
	case name == "certreq.exe" && len(args) == 5 && strings.Join(args[:3], " ") == "-new -q -f":
		data, ok := f.Read(args[3])
		if !ok {
			return []string{"The system cannot find the file specified. 0x80070002 (WIN32: 2 ERROR_FILE_NOT_FOUND)"}, 2, true
		}
		if !s.Elevated {
			return []string{"Access is denied. 0x80090010 (-2146893808 NTE_PERM)"}, 5, true
		}
		if f.Full {
			return []string{"There is not enough space on the disk. 0x80070070 (WIN32: 112 ERROR_DISK_FULL)"}, 112, true
		}
		c := Certificate{Store: "REQUEST", Key: true, Usages: []string{}}
		for _, line := range lines(data) {
			line = strings.TrimSpace(line)
			k, v, ok := strings.Cut(line, "=")
			if !ok || strings.HasPrefix(line, ";") {
				continue
			}
			v = strings.Trim(strings.TrimSpace(v), `"`)
			switch strings.TrimSpace(k) {
			case "Subject":
				c.Subject = v
			case "_continue_":
				if n, ok := strings.CutPrefix(strings.TrimSuffix(v, "&"), "dns="); ok {
					c.Names = append(c.Names, n)
				} else if rest, ok := strings.CutPrefix(v, "{text}"); ok && rest == "" {
					continue
				}
			case "OID":
				c.Usages = append(c.Usages, v)
			}
		}
		made := s.Machine.AddCertificate(c)
		text := "-----BEGIN NEW CERTIFICATE REQUEST-----\r\n" + made.Thumbprint + "\r\n" + made.Subject + "\r\n" + strings.Join(made.Names, "|") + "\r\n" + strings.Join(made.Usages, "|") + "\r\n-----END NEW CERTIFICATE REQUEST-----\r\n"
		f.write(args[4], []byte(text))
		return []string{"CertReq: Request Created"}, 0, true
	case name == "certutil.exe" && len(args) == 2 && args[0] == "-dump":
		data, ok := f.Read(args[1])
		part := lines(data)
		if !ok || len(part) != 6 || part[0] != "-----BEGIN NEW CERTIFICATE REQUEST-----" {
			return []string{"CertUtil: -dump command FAILED: 0x8009310b (ASN: 267 CRYPT_E_ASN1_BADTAG)"}, -2146881269, true
		}
		out := []string{"PKCS10 Certificate Request:", "Subject:", "    " + part[2], "    Subject Alternative Name"}
		for _, n := range strings.Split(part[3], "|") {
			out = append(out, "        DNS Name="+n)
		}
		out = append(out, "    Enhanced Key Usage")
		for _, u := range strings.Split(part[4], "|") {
			out = append(out, fmt.Sprintf("        Name (%s)", u))
		}
		return append(out, "CertUtil: -dump command completed successfully."), 0, true
	}
	return nil, 0, false
}
