package cfgverify

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// expect holds findings against codes with a part of the message ("CFG001 text"); every finding must be named.
func expect(t *testing.T, got []Finding, want ...string) {
	t.Helper()
	for _, w := range want {
		code, says, _ := strings.Cut(w, " ")
		if !slices.ContainsFunc(got, func(f Finding) bool { return f.Code == code && strings.Contains(f.Message, says) }) {
			t.Errorf("no %s in %v", w, got)
		}
	}
	for _, f := range got {
		if !slices.ContainsFunc(want, func(w string) bool {
			code, says, _ := strings.Cut(w, " ")
			return f.Code == code && strings.Contains(f.Message, says)
		}) {
			t.Errorf("not expected: %v", f)
		}
	}
}

func TestXML(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"clean", "\uFEFF<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<a b='1'><!-- c --><d/>&lt;</a>\r\n", nil},
		{"unclosed", "<a><b></a>", []string{"CFG001"}},
		{"cut short", "<a>", []string{"CFG001"}},
		{"bare ampersand", "<a b=\"x & y\"/>", []string{"CFG001"}},
		{"attribute twice", "<a b=\"1\" b=\"2\"/>", []string{"CFG002 b stands twice"}},
		{"two roots", "<a/><b/>", []string{"CFG003 second root"}},
		{"empty", "", []string{"CFG003 no root"}},
		{"text behind", "<a/>x", []string{"CFG001 outside"}},
		{"doctype", "<!DOCTYPE a><a/>", []string{"CFG004"}},
		{"other encoding", "<?xml version=\"1.0\" encoding=\"windows-1252\"?><a/>", []string{"CFG001 UTF-8"}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, XML("f.xml", []byte(c.data)), c.want...) })
	}
}

func TestMachineKey(t *testing.T) {
	v := strings.Repeat("0123456789ABCDEF", 7) + "FEDCBA9876543210"
	d := "89ABCDEF01234567" + strings.Repeat("A1B2C3D4E5F60718", 2) + "0011223344556677"
	wrap := func(attrs string) string {
		return "<configuration>\r\n<system.web>\r\n<machineKey " + attrs + " />\r\n</system.web></configuration>"
	}
	full := func(v, d string) string {
		return `validationKey="` + v + `" decryptionKey="` + d + `" validation="HMACSHA256" decryption="AES"`
	}
	for _, c := range []struct {
		name, data string
		redacted   bool
		want       []string
	}{
		{"clean", wrap(full(v, d)), false, nil},
		{"fragment", "<machineKey " + full(v, d) + "/>", false, nil},
		{"compatibility mode", wrap(full(v, d) + ` compatibilityMode="Framework45"`), false, nil},
		{"wrong mode", wrap(full(v, d) + ` compatibilityMode="Framework46"`), false, []string{"CFG011 compatibilityMode"}},
		{"misspelt attribute", wrap(full(v, d) + ` decryptKey=""`), false, []string{"CFG011 decryptKey"}},
		{"none", "<configuration/>", false, []string{"CFG010 0 machineKey"}},
		{"two", "<system.web><machineKey " + full(v, d) + "/><machineKey " + full(v, d) + "/></system.web>", false, []string{"CFG010 2 machineKey"}},
		{"wrong place", "<system.webServer><machineKey " + full(v, d) + "/></system.webServer>", false, []string{"CFG010 belongs into"}},
		{"lower case", wrap(full(strings.ToLower(v), d)), false, []string{"CFG012 validationKey is not upper-case"}},
		{"not hex", wrap(full("G"+v[1:], d)), false, []string{"CFG012 not upper-case hex"}},
		{"short", wrap(full(v[:126], d)), false, []string{"CFG012 126 characters"}},
		{"long decryption key", wrap(full(v, v)), false, []string{"CFG012 decryptionKey has 128", "CFG012 beginning"}},
		{"isolated", wrap(full(v+",IsolateApps", d)), false, []string{"CFG012 IsolateApps"}},
		{"generated", wrap(full("AutoGenerate", d)), false, []string{"CFG012 explicit"}},
		{"pattern", wrap(full(strings.Repeat("AB", 64), d)), false, []string{"CFG012 pattern"}},
		{"same", wrap(full(v, v[:64])), false, []string{"CFG012 beginning", "CFG012 repeated"}},
		{"SHA1", wrap(strings.Replace(full(v, d), "HMACSHA256", "SHA1", 1)), false, []string{"CFG011 validation is \"SHA1\""}},
		{"3DES", wrap(strings.Replace(full(v, d), "AES", "3DES", 1)), false, []string{"CFG011 decryption"}},
		{"redacted", wrap(full("[redacted 1f2e3d4c]", "[redacted 99887766]")), true, nil},
		{"redacted but not told", wrap(full("[redacted]", d)), false, []string{"CFG012 characters"}},
		{"real key where redacted", wrap(full(v, "[redacted]")), true, []string{"CFG013 validationKey"}},
		{"key beside the word", wrap(full("redacted"+v, "[redacted]")), true, []string{"CFG013 validationKey says"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			expect(t, MachineKey("web.config", []byte(c.data), MachineKeyOptions{Redacted: c.redacted}), c.want...)
		})
	}
}

func TestJSON(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"clean", "{\"a\": [1, 2, {\"b\": null}], \"c\": {}}\n", nil},
		{"scalar", "\"x\"", nil},
		{"empty", "", []string{"CFG020"}},
		{"cut short", "{\"a\": [1, 2", []string{"CFG020"}},
		{"trailing comma", "{\"a\": 1,}", []string{"CFG020"}},
		{"two values", "{} {}", []string{"CFG020 follows"}},
		{"bare word", "{a: 1}", []string{"CFG020"}},
		{"byte order mark", "\uFEFF{}", []string{"CFG020"}},
		{"not UTF-8", "\"\xff\"", []string{"CFG020 UTF-8"}},
		{"key twice", "{\n\"a\": {\"b\": 1,\n\"b\": 2}}", []string{"CFG021 \"b\" stands twice"}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, JSON("f.json", []byte(c.data)), c.want...) })
	}
	if f := JSON("f.json", []byte("{\n\"a\": 1,\n\"a\": 2\n}")); len(f) != 1 || f[0].Line != 3 {
		t.Errorf("line of the second key: %v", f)
	}
}

func TestMarkdown(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"clean", "# T\r\n\r\n| a | b |\r\n|---|:-:|\r\n| 1 | x \\| y |\r\n\r\ntext | no table\r\n", nil},
		{"without outer pipes", "a | b\n--- | ---\n1 | 2\n", nil},
		{"one column", "| a |\n|---|\n| 1 |\n", nil},
		{"in a fence", "```\n| a |\n|---|\n| 1 | 2 |\n```\n", nil},
		{"empty cell", "| a | b |\n|---|---|\n| 1 | |\n", nil},
		{"rule too short", "| a | b |\n|---|\n| 1 | 2 |\n", []string{"CFG030 rule of the table has 1"}},
		{"row too long", "| a | b |\n|---|---|\n| 1 | 2 | 3 |\n", []string{"CFG030 the row has 3"}},
		{"row too short", "| a | b |\n|---|---|\n| 1 |\n", []string{"CFG030 the row has 1"}},
		{"pipe in code", "| a | b |\n|---|---|\n| `x|y` | 2 |\n", []string{"CFG030 the row has 3"}},
		{"open fence", "```\nx\n", []string{"CFG031"}},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, Markdown("f.md", []byte(c.data)), c.want...) })
	}
	if f := Markdown("f.md", []byte("\n| a | b |\n|---|---|\n| 1 | 2 |\n| 1 |\n")); len(f) != 1 || f[0].Line != 5 {
		t.Errorf("line of the short row: %v", f)
	}
}

const goodINF = `[Version]
Signature = "$Windows NT$" ; fixed

[NewRequest]
Subject = "CN=mbam.contoso.com, O=""Contoso; Inc"""
KeyLength = 2048
Exportable = FALSE
MachineKeySet = TRUE
RequestType = PKCS10
HashAlgorithm = sha256

[EnhancedKeyUsageExtension]
OID = 1.3.6.1.5.5.7.3.1
OID = 1.3.6.1.5.5.7.3.2

[Extensions]
2.5.29.17 = "{text}"
_continue_ = "dns=mbam.contoso.com&"
_continue_ = "dns=web1.contoso.com"
`

func TestINF(t *testing.T) {
	sections, findings := INF("r.inf", []byte(strings.ReplaceAll(goodINF, "\n", "\r\n")))
	expect(t, findings)
	if len(sections) != 4 || sections[0].Items[0].Value != "$Windows NT$" || sections[1].Items[0] != (Item{"Subject", `CN=mbam.contoso.com, O="Contoso; Inc"`, 5}) {
		t.Errorf("sections %+v", sections)
	}
	for _, c := range []struct {
		name, from, to string
		want           []string
	}{
		{"open quote", `"{text}"`, `"{text}`, []string{"CFG050 not closed", "CFG050 continues nothing"}},
		{"half quoted", `"dns=web1.contoso.com"`, `dns="web1"`, []string{"CFG050 only in part"}},
		{"open section", "[NewRequest]", "[NewRequest", []string{"CFG050 not closed", "CFG051 missing"}},
		{"no value", "KeyLength = 2048", "KeyLength 2048", []string{"CFG050 neither"}},
		{"before the first section", "[Version]", "", []string{"CFG050 in front of"}},
		{"misspelt section", "[NewRequest]", "[NewRequests]", []string{"CFG051 [NewRequests]", "CFG051 missing"}},
		{"section twice", "[EnhancedKeyUsageExtension]", "[NewRequest]", []string{"CFG051 twice", "CFG052 OID", "CFG053 CN="}},
		{"misspelt key", "KeyLength", "KeyLenght", []string{"CFG052 KeyLenght"}},
		{"key twice", "Exportable = FALSE", "Exportable = FALSE\nExportable = TRUE", []string{"CFG052 twice"}},
		{"no common name", "CN=mbam.contoso.com", "OU=x", []string{"CFG053 CN="}},
		{"short key", "2048", "1024", []string{"CFG053 1024"}},
		{"neither true nor false", "MachineKeySet = TRUE", "MachineKeySet = YES", []string{"CFG053 YES"}},
		{"request type", "PKCS10", "PKCS12", []string{"CFG053 PKCS12"}},
		{"no OID", "OID = 1.3.6.1.5.5.7.3.1", "OID = serverAuth", []string{"CFG053 serverAuth"}},
		{"extension without text", "{text}", "", []string{"CFG053 {text}"}},
		{"name without kind", "dns=web1.contoso.com", "web1.contoso.com", []string{"CFG053 no name"}},
		{"names run together", "dns=mbam.contoso.com&", "dns=mbam.contoso.com", []string{"CFG053 needs &"}},
		{"unknown extension", "2.5.29.17", "SAN", []string{"CFG052 SAN", "CFG050 continues nothing"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := strings.Replace(goodINF, c.from, c.to, 1)
			if data == goodINF {
				t.Fatalf("%q is not in the sample", c.from)
			}
			_, findings := INF("r.inf", []byte(data))
			expect(t, findings, c.want...)
		})
	}
}

const goodShadow = `# copy backup only
set verbose on
set context volatile
set metadata "C:\Program Data\verify.cab"
writer verify {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}
writer verify "Microsoft BitLocker Administration and Management Writer"
add volume D: alias mbamdata
create
list shadows all
reset
exit
`

func TestDiskshadow(t *testing.T) {
	expect(t, Diskshadow("v.dsh", []byte(strings.ReplaceAll(goodShadow, "\n", "\r\n"))))
	for _, c := range []struct {
		name, from, to string
		want           []string
	}{
		{"misspelt", "set verbose on", "set verbose yes", []string{"CFG061 set verbose yes"}},
		{"unknown command", "reset", "restet", []string{"CFG061 restet"}},
		{"no writers", "volatile", "persistent nowriters", []string{"CFG062 every writer out"}},
		{"full backup", "add volume", "begin backup\nadd volume", []string{"CFG062 differential base"}},
		{"no volume", "add volume D: alias mbamdata\n", "", []string{"CFG062 without add volume"}},
		{"no create", "create\n", "", []string{"CFG062 nothing is verified"}},
		{"no exit", "exit\n", "", []string{"CFG062 end with exit"}},
		{"behind exit", "exit\n", "exit\nreset\n", []string{"CFG062 behind exit", "CFG062 end with exit"}},
		{"volume too late", "create\n", "create\nadd volume E:\n", []string{"CFG062 behind create"}},
		{"not ASCII", "# copy", "# cöpy", []string{"CFG060"}},
		{"byte order mark", "# copy", "\uFEFF# copy", []string{"CFG060", "CFG061"}},
		{"writer without quotes", "\"Microsoft BitLocker Administration and Management Writer\"", "Microsoft BitLocker", []string{"CFG061 writer"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := strings.Replace(goodShadow, c.from, c.to, 1)
			if data == goodShadow {
				t.Fatalf("%q is not in the sample", c.from)
			}
			expect(t, Diskshadow("v.dsh", []byte(data)), c.want...)
		})
	}
}

const goodHAProxy = `global
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend mbam
    bind 127.0.0.1:8443
    default_backend nodes
backend nodes
    server web1 web1.contoso.example:443 check init-addr none
`

func TestHAProxy(t *testing.T) {
	program := RequireHAProxy(t)
	for _, c := range []struct {
		name, from, to string
		code           string
		line           int
	}{
		{"clean", "", "", "", 0},
		{"unknown keyword", "maxconn 100", "maxcon 100", "CFG040", 2},
		{"missing timeout", "    timeout server 50s\n", "", "CFG041", 0},
		{"missing backend", "default_backend nodes", "default_backend node", "CFG040", 0},
		{"bad port", ":8443", ":84430", "CFG040", 9},
		{"CA file of another machine", " check ", ` check check-ssl verify required ca-file /no/such\ folder/c\#a.pem `, "", 0},
		{"CA file without a path", " check ", " check check-ssl verify required ca-file none.pem ", "CFG040", 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := HAProxy(context.Background(), program, "haproxy.cfg", []byte(strings.Replace(goodHAProxy, c.from, c.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			if c.code == "" {
				expect(t, got)
				return
			}
			if !slices.ContainsFunc(got, func(f Finding) bool { return f.Code == c.code && (c.line == 0 || f.Line == c.line) }) {
				t.Errorf("no %s on line %d in %v", c.code, c.line, got)
			}
		})
	}
	if _, err := HAProxy(context.Background(), filepath.Join(t.TempDir(), "nothing"), "x", nil); err == nil {
		t.Error("a program that cannot be started is no error")
	}
}

// recorder stands in for a test.
type recorder struct{ skipped, failed []any }

func (r *recorder) Helper()           {}
func (r *recorder) Skip(args ...any)  { r.skipped = args }
func (r *recorder) Fatal(args ...any) { r.failed = args }

func TestRequireHAProxy(t *testing.T) {
	if err := error(&MissingError{"haproxy", errors.New("x")}); !strings.Contains(err.Error(), "haproxy is not there") {
		t.Errorf("message %v", err)
	}
	_, err := FindHAProxy()
	for _, ci := range []string{"", "true"} {
		t.Setenv("CI", ci)
		r := &recorder{}
		path := RequireHAProxy(r)
		if (path == "") != (err != nil) || (len(r.failed) > 0) != (err != nil && ci == "true") || (len(r.skipped) > 0) != (err != nil && ci == "") {
			t.Errorf("CI=%q, error %v: %q %+v", ci, err, path, r)
		}
	}
}

// FuzzReaders looks for panics and hangs.
func FuzzReaders(f *testing.F) {
	for _, s := range []string{goodINF, goodShadow, "<a b='1'/>", "{\"a\":[1]}", "| a |\n|---|\n| 1 |\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		XML("f", []byte(s))
		JSON("f", []byte(s))
		Markdown("f", []byte(s))
		Diskshadow("f", []byte(s))
		MachineKey("f", []byte("<machineKey validationKey=\""+s+"\"/>"), MachineKeyOptions{})
		sections, findings := INF("f", []byte(s))
		// What was read without a finding reads the same when it is written again.
		if len(findings) > 0 {
			return
		}
		var b strings.Builder
		for _, sec := range sections {
			b.WriteString("[" + sec.Name + "]\n")
			for _, item := range sec.Items {
				b.WriteString(item.Key + " = \"" + strings.ReplaceAll(item.Value, `"`, `""`) + "\"\n")
			}
		}
		again, findings := INF("f", []byte(b.String()))
		if len(findings) > 0 || len(again) != len(sections) {
			t.Fatalf("written again: %v\n%s", findings, b.String())
		}
		for i := range again {
			if !slices.EqualFunc(again[i].Items, sections[i].Items, func(a, b Item) bool { return a.Key == b.Key && a.Value == b.Value }) {
				t.Errorf("%+v became %+v", sections[i], again[i])
			}
		}
	})
}
