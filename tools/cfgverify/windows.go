package cfgverify

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
)

// Section is a section of an INF file.
type Section struct {
	Name  string
	Line  int
	Items []Item
}

// Item is "Key = value" of an INF file, the value without its quotation marks.
type Item struct {
	Key, Value string
	Line       int
}

// requestKeys are the keys of [NewRequest] (certreq, Microsoft Learn), in lower case.
var requestKeys = map[string]bool{
	"subject": true, "exportable": true, "exportableencrypted": true, "hashalgorithm": true, "keyalgorithm": true,
	"keycontainer": true, "keylength": true, "keyspec": true, "keyusage": true, "keyusageproperty": true, "machinekeyset": true,
	"notbefore": true, "notafter": true, "privatekeyarchive": true, "providername": true, "providertype": true,
	"renewalcert": true, "requestername": true, "requesttype": true, "securitydescriptor": true,
	"alternatesignaturealgorithm": true, "silent": true, "smime": true, "useexistingkeyset": true, "userprotected": true,
	"validityperiod": true, "validityperiodunits": true, "friendlyname": true, "suppressdefaults": true, "hashlength": true,
}

var objectIdentifier = regexp.MustCompile(`\A[0-2](\.(0|[1-9][0-9]*))+\z`)

var subjectAlternative = regexp.MustCompile(`(?i)\A(dns|ipaddress|upn|email|url|dn|guid|oid|registeredid)=[^&]+&?\z`)

// INF reads a certreq request file and judges it: sections NewRequest and, if there, Version, Extensions, RequestAttributes
// and EnhancedKeyUsageExtension; keys that certreq knows; quoting. Codes: CFG050 form, CFG051 section, CFG052 key, CFG053
// value.
func INF(name string, data []byte) ([]Section, []Finding) {
	c := &collector{file: name}
	var sections []Section
	for i, line := range strings.Split(strings.ReplaceAll(string(bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))), "\r\n", "\n"), "\n") {
		at := i + 1
		code, balanced := infCode(line)
		if !balanced {
			c.at(at, "CFG050", "a quotation mark is not closed")
			continue
		}
		code = strings.TrimSpace(code)
		switch {
		case code == "":
		case strings.HasPrefix(code, "["):
			if !strings.HasSuffix(code, "]") || len(code) < 3 {
				c.at(at, "CFG050", "section head %s is not closed", code)
				continue
			}
			sections = append(sections, Section{Name: code[1 : len(code)-1], Line: at})
		default:
			key, value, ok := strings.Cut(code, "=")
			if !ok || strings.TrimSpace(key) == "" {
				c.at(at, "CFG050", "neither a section nor key = value: %s", code)
				continue
			}
			if len(sections) == 0 {
				c.at(at, "CFG050", "%s stands in front of the first section", code)
				continue
			}
			value, fine := infValue(strings.TrimSpace(value))
			if !fine {
				c.at(at, "CFG050", "the value of %s is quoted only in part", strings.TrimSpace(key))
			}
			last := &sections[len(sections)-1]
			last.Items = append(last.Items, Item{strings.TrimSpace(key), value, at})
		}
	}
	c.request(sections)
	return sections, c.findings
}

// infCode cuts a comment off: a semicolon outside quotation marks. A mark inside a quoted value is doubled.
func infCode(line string) (code string, balanced bool) {
	in := false
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '"':
			in = !in
		case line[i] == ';' && !in:
			return line[:i], true
		}
	}
	return line, !in
}

func infValue(s string) (string, bool) {
	if !strings.Contains(s, `"`) {
		return s, true
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s, false
	}
	inner := s[1 : len(s)-1]
	if strings.Contains(strings.ReplaceAll(inner, `""`, ""), `"`) {
		return s, false
	}
	return strings.ReplaceAll(inner, `""`, `"`), true
}

func (c *collector) request(sections []Section) {
	known := map[string]bool{"version": true, "newrequest": true, "extensions": true, "requestattributes": true, "enhancedkeyusageextension": true, "strings": true}
	seen := map[string]bool{}
	for _, s := range sections {
		lower := strings.ToLower(s.Name)
		if !known[lower] {
			c.at(s.Line, "CFG051", "certreq knows no section [%s]", s.Name)
		}
		if seen[lower] {
			c.at(s.Line, "CFG051", "section [%s] stands twice", s.Name)
		}
		seen[lower] = true
		switch lower {
		case "newrequest":
			c.newRequest(s)
		case "extensions":
			c.extensions(s)
		case "enhancedkeyusageextension":
			for _, item := range s.Items {
				if !strings.EqualFold(item.Key, "OID") || !objectIdentifier.MatchString(item.Value) {
					c.at(item.Line, "CFG053", "%s = %s is no OID line", item.Key, item.Value)
				}
			}
		}
	}
	if !seen["newrequest"] {
		c.at(1, "CFG051", "section [NewRequest] is missing")
	}
}

func (c *collector) newRequest(s Section) {
	values := map[string]Item{}
	for _, item := range s.Items {
		key := strings.ToLower(item.Key)
		if !requestKeys[key] {
			c.at(item.Line, "CFG052", "[NewRequest] knows no key %s", item.Key)
		}
		if _, twice := values[key]; twice {
			c.at(item.Line, "CFG052", "%s stands twice", item.Key)
		}
		values[key] = item
	}
	subject, ok := values["subject"]
	if !ok || !strings.Contains(strings.ToUpper(subject.Value), "CN=") {
		c.at(max(subject.Line, s.Line), "CFG053", "Subject must name CN=")
	}
	if l, ok := values["keylength"]; ok && l.Value != "2048" && l.Value != "3072" && l.Value != "4096" {
		c.at(l.Line, "CFG053", "KeyLength = %s is none of 2048, 3072, 4096", l.Value)
	}
	for _, key := range []string{"exportable", "machinekeyset", "smime", "silent", "useexistingkeyset", "userprotected"} {
		if v, ok := values[key]; ok && !strings.EqualFold(v.Value, "TRUE") && !strings.EqualFold(v.Value, "FALSE") {
			c.at(v.Line, "CFG053", "%s = %s is neither TRUE nor FALSE", v.Key, v.Value)
		}
	}
	if t, ok := values["requesttype"]; ok {
		switch strings.ToUpper(t.Value) {
		case "PKCS10", "PKCS10-", "PKCS7", "CMC", "CERT", "SCEP":
		default:
			c.at(t.Line, "CFG053", "RequestType = %s is not known", t.Value)
		}
	}
}

// extensions checks OID = "{text}…" and the _continue_ lines behind it. Every part of the subject alternative names but the
// last ends with &; one is allowed at the end too.
func (c *collector) extensions(s Section) {
	oid := ""
	for i, item := range s.Items {
		switch {
		case strings.EqualFold(item.Key, "_continue_"):
			if oid == "" {
				c.at(item.Line, "CFG050", "_continue_ continues nothing")
			}
		case strings.EqualFold(item.Key, "Critical"):
			oid = ""
			continue
		case objectIdentifier.MatchString(item.Key):
			oid = item.Key
			if oid == "2.5.29.17" && !strings.HasPrefix(item.Value, "{text}") {
				c.at(item.Line, "CFG053", "%s must start with {text}", oid)
			}
		default:
			c.at(item.Line, "CFG052", "[Extensions] has %s where an OID is due", item.Key)
			oid = ""
			continue
		}
		part := strings.TrimPrefix(item.Value, "{text}")
		if oid != "2.5.29.17" || part == "" {
			continue
		}
		for _, name := range strings.SplitAfter(part, "&") {
			if name != "" && !subjectAlternative.MatchString(name) {
				c.at(item.Line, "CFG053", "%q is no name such as dns=host", name)
			}
		}
		continues := i+1 < len(s.Items) && strings.EqualFold(s.Items[i+1].Key, "_continue_")
		if continues && !strings.HasSuffix(part, "&") {
			c.at(item.Line, "CFG053", "%q needs & at its end, the list goes on", part)
		}
	}
}

var shadowLines = []*regexp.Regexp{
	regexp.MustCompile(`\Aset verbose (on|off)\z`),
	regexp.MustCompile(`\Aset context (volatile|persistent|clientaccessible)( nowriters)?\z`),
	regexp.MustCompile(`\Aset metadata (\S+\.cab|"[^"]+\.cab")\z`),
	regexp.MustCompile(`\Aset option( (differential|plex|transportable|rollbackrecover|txfrecover|noautorecover))+\z`),
	regexp.MustCompile(`\Awriter (verify|exclude) (\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}|"[^"]+")\z`),
	regexp.MustCompile(`\Aadd volume [a-z]:\\?( alias [a-z][a-z0-9_]*)?\z`),
	regexp.MustCompile(`\A(begin|end) backup\z`),
	regexp.MustCompile(`\Alist (shadows all|writers( (metadata|detailed|status))?|providers)\z`),
	regexp.MustCompile(`\A(create|reset|exit)\z`),
}

// Diskshadow judges a script for diskshadow /s: ASCII without a byte order mark, commands and words that it knows, writers
// in the set, a copy backup (BEGIN BACKUP makes it a full one, which resets SQL Server's differential base), CREATE behind
// ADD VOLUME, EXIT at the end. Codes: CFG060 form, CFG061 command, CFG062 order and effect.
func Diskshadow(name string, data []byte) []Finding {
	c := &collector{file: name}
	last, volumes, created := "", 0, false
	for i, line := range strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") {
		at := i + 1
		if strings.IndexFunc(line, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) && r != '\t' }) >= 0 {
			c.at(at, "CFG060", "a character beyond plain ASCII")
		}
		code := strings.ToLower(strings.Join(strings.Fields(line), " "))
		if code == "" || strings.HasPrefix(code, "#") || code == "rem" || strings.HasPrefix(code, "rem ") {
			continue
		}
		known := false
		for _, re := range shadowLines {
			known = known || re.MatchString(code)
		}
		switch {
		case !known:
			c.at(at, "CFG061", "diskshadow knows no line %q", strings.TrimSpace(line))
		case strings.HasSuffix(code, " nowriters"):
			c.at(at, "CFG062", "nowriters leaves every writer out")
		case code == "begin backup":
			c.at(at, "CFG062", "begin backup makes a full backup, which resets the differential base")
		case strings.HasPrefix(code, "add volume "):
			volumes++
			if created {
				c.at(at, "CFG062", "add volume behind create")
			}
		case code == "create":
			created = true
			if volumes == 0 {
				c.at(at, "CFG062", "create without add volume")
			}
		}
		if last == "exit" {
			c.at(at, "CFG062", "a line behind exit")
		}
		last = code
	}
	if !created {
		c.at(1, "CFG062", "no create: nothing is verified")
	}
	if last != "exit" {
		c.at(1, "CFG062", "the script must end with exit")
	}
	return c.findings
}
