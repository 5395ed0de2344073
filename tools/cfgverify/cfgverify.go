// Package cfgverify judges rendered files that are no scripts: XML and the machineKey element, HAProxy configuration, JSON,
// certreq requests, diskshadow scripts, HTML documents and Markdown tables. Codes: CFG… one for each rule.
package cfgverify

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Finding is one complaint about one file. Line counts from 1; 0 stands for the whole file.
type Finding struct {
	File    string
	Line    int
	Code    string
	Message string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s [%s]", f.File, f.Line, f.Message, f.Code)
}

type collector struct {
	file     string
	findings []Finding
}

func (c *collector) at(line int, code, format string, args ...any) {
	c.findings = append(c.findings, Finding{c.file, line, code, fmt.Sprintf(format, args...)})
}

func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
}

// element is what the XML reader hands on of a start tag.
type element struct {
	line  int
	path  []string // local names, outermost first, the element's own last
	attrs []xml.Attr
}

// readXML checks well-formedness (CFG001), attributes that stand twice (CFG002, which encoding/xml lets pass), one root
// element (CFG003) and the absence of a DOCTYPE (CFG004).
func (c *collector) readXML(data []byte) []element {
	d := xml.NewDecoder(bytes.NewReader(data))
	// A declaration may name another encoding; rendered files are UTF-8.
	d.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("encoding %s: rendered XML is UTF-8", charset)
	}
	var list []element
	var path []string
	roots := 0
	for {
		t, err := d.Token()
		line, _ := d.InputPos()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.at(line, "CFG001", "not well-formed: %v", err)
			return list
		}
		switch t := t.(type) {
		case xml.StartElement:
			if len(path) == 0 {
				roots++
				if roots == 2 {
					c.at(line, "CFG003", "a second root element <%s>", t.Name.Local)
				}
			}
			path = append(path, t.Name.Local)
			seen := map[xml.Name]bool{}
			for _, a := range t.Attr {
				if seen[a.Name] {
					c.at(line, "CFG002", "<%s>: attribute %s stands twice", t.Name.Local, a.Name.Local)
				}
				seen[a.Name] = true
			}
			list = append(list, element{line, append([]string{}, path...), t.Attr})
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) == 0 && strings.TrimLeft(string(t), "\uFEFF \t\r\n") != "" {
				c.at(line, "CFG001", "not well-formed: text outside the root element")
			}
		case xml.Directive:
			c.at(line, "CFG004", "a DOCTYPE or other directive")
		}
	}
	if roots == 0 {
		c.at(1, "CFG003", "no root element")
	}
	return list
}

// XML judges an XML file.
func XML(name string, data []byte) []Finding {
	c := &collector{file: name}
	c.readXML(data)
	return c.findings
}

// MachineKeyOptions tell what keys a file may hold.
type MachineKeyOptions struct {
	// Redacted says that the file is for tickets or golden trees: the keys must be placeholders that say "redacted", and a
	// real key is the fault.
	Redacted bool
}

var upperHex = regexp.MustCompile(`\A[0-9A-F]*\z`)

// MachineKey judges an XML file with one machineKey element, below system.web or as the root of a fragment: HMACSHA256 with
// 128 hex digits, AES with 64, upper case, no suffix, keys neither alike nor patterned. Sources: MachineKeySection of .NET
// Framework; ASP.NET documentation of machineKey. Codes: CFG010 element, CFG011 attribute, CFG012 key, CFG013 secret.
func MachineKey(name string, data []byte, opt MachineKeyOptions) []Finding {
	c := &collector{file: name}
	var found []element
	for _, e := range c.readXML(data) {
		n := len(e.path)
		if e.path[n-1] != "machineKey" {
			continue
		}
		found = append(found, e)
		if n > 1 && e.path[n-2] != "system.web" {
			c.at(e.line, "CFG010", "machineKey belongs into system.web, not %s", e.path[n-2])
		}
	}
	if len(found) != 1 {
		c.at(1, "CFG010", "%d machineKey elements instead of one", len(found))
		return c.findings
	}
	e := found[0]
	values := map[string]string{}
	for _, a := range e.attrs {
		values[a.Name.Local] = a.Value
		switch a.Name.Local {
		case "validationKey", "decryptionKey", "validation", "decryption":
		case "compatibilityMode":
			if a.Value != "Framework20SP1" && a.Value != "Framework20SP2" && a.Value != "Framework45" {
				c.at(e.line, "CFG011", "compatibilityMode %q is none of Framework20SP1, Framework20SP2, Framework45", a.Value)
			}
		default:
			c.at(e.line, "CFG011", "machineKey has no attribute %s that mbamplan writes", a.Name.Local)
		}
	}
	if values["validation"] != "HMACSHA256" {
		c.at(e.line, "CFG011", "validation is %q instead of HMACSHA256", values["validation"])
	}
	if values["decryption"] != "AES" {
		c.at(e.line, "CFG011", "decryption is %q instead of AES", values["decryption"])
	}
	for _, k := range []struct {
		name   string
		digits int
	}{{"validationKey", 128}, {"decryptionKey", 64}} {
		c.key(e.line, k.name, values[k.name], k.digits, opt)
	}
	if v, d := values["validationKey"], values["decryptionKey"]; !opt.Redacted && d != "" && strings.HasPrefix(v, d) {
		c.at(e.line, "CFG012", "decryptionKey is the beginning of validationKey")
	}
	return c.findings
}

func (c *collector) key(line int, name, value string, digits int, opt MachineKeyOptions) {
	redacted := strings.Contains(strings.ToLower(value), "redacted")
	switch {
	case opt.Redacted && !redacted:
		c.at(line, "CFG013", "%s is no placeholder that says redacted", name)
	case opt.Redacted:
		if regexp.MustCompile(`[0-9A-Fa-f]{32}`).MatchString(value) {
			c.at(line, "CFG013", "%s says redacted and holds 32 or more hex digits", name)
		}
	case strings.Contains(value, "AutoGenerate") || strings.Contains(value, "Isolate"):
		c.at(line, "CFG012", "%s must be an explicit key without AutoGenerate and IsolateApps", name)
	case len(value) != digits:
		c.at(line, "CFG012", "%s has %d characters instead of %d", name, len(value), digits)
	case !upperHex.MatchString(value):
		c.at(line, "CFG012", "%s is not upper-case hex", name)
	case patterned(value):
		c.at(line, "CFG012", "%s is a repeated pattern", name)
	}
}

// patterned says whether a key repeats its first 1 to 16 bytes throughout.
func patterned(hex string) bool {
	for n := 2; n <= 32; n += 2 {
		if strings.Repeat(hex[:n], len(hex)/n+1)[:len(hex)] == hex {
			return true
		}
	}
	return false
}

// JSON judges a JSON file: one value, UTF-8 without a byte order mark, no key twice in an object. Codes: CFG020, CFG021.
func JSON(name string, data []byte) []Finding {
	c := &collector{file: name}
	if !utf8.Valid(data) {
		c.at(1, "CFG020", "not UTF-8")
		return c.findings
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if err := c.jsonValue(d, data); err != nil {
		c.at(lineAt(data, d.InputOffset()), "CFG020", "not JSON: %v", err)
		return c.findings
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		c.at(lineAt(data, d.InputOffset()), "CFG020", "not JSON: something follows the value")
	}
	return c.findings
}

func (c *collector) jsonValue(d *json.Decoder, data []byte) error {
	t, err := d.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	keys := map[string]bool{}
	for d.More() {
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return err
			}
			key, ok := k.(string)
			if !ok {
				return fmt.Errorf("key %v is no string", k)
			}
			if keys[key] {
				c.at(lineAt(data, d.InputOffset()), "CFG021", "key %q stands twice in an object", key)
			}
			keys[key] = true
		}
		if err := c.jsonValue(d, data); err != nil {
			return err
		}
	}
	if _, err = d.Token(); errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

var tableRule = regexp.MustCompile(`^\|?[ \t]*:?-+:?[ \t]*(\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$`)

// Markdown checks that every row of a table has as many cells as its head (GitHub Flavored Markdown, tables). A pipe that
// stands in a cell is written \|, in code spans too. Code: CFG030.
func Markdown(name string, data []byte) []Finding {
	c := &collector{file: name}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	fence := ""
	for i := 0; i < len(lines); i++ {
		trimmed := strings.TrimLeft(lines[i], " ")
		if fence != "" {
			if strings.HasPrefix(trimmed, fence) && strings.Trim(trimmed, fence[:1]+" \t") == "" {
				fence = ""
			}
			continue
		}
		if strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~") {
			n := len(trimmed) - len(strings.TrimLeft(trimmed, trimmed[:1]))
			fence = trimmed[:n]
			continue
		}
		if i == 0 || !strings.Contains(lines[i], "|") || !tableRule.MatchString(strings.TrimSpace(lines[i])) || strings.TrimSpace(lines[i-1]) == "" {
			continue
		}
		want := cells(lines[i-1])
		if got := cells(lines[i]); got != want {
			c.at(i+1, "CFG030", "the rule of the table has %d columns, its head has %d", got, want)
		}
		for i+1 < len(lines) && strings.Contains(lines[i+1], "|") && strings.TrimSpace(lines[i+1]) != "" {
			i++
			if got := cells(lines[i]); got != want {
				c.at(i+1, "CFG030", "the row has %d columns, the head of the table has %d", got, want)
			}
		}
	}
	if fence != "" {
		c.at(len(lines), "CFG031", "a code fence is not closed")
	}
	return c.findings
}

// cells counts the cells of a table row.
func cells(row string) int {
	row = strings.TrimSpace(row)
	row = strings.TrimPrefix(row, "|")
	n, ended := 1, false
	for i := 0; i < len(row); i++ {
		ended = false
		switch row[i] {
		case '\\':
			i++
		case '|':
			n++
			ended = true
		}
	}
	if ended {
		n--
	}
	return n
}
