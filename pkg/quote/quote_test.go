package quote

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"html"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// hostile are values that break naive quoting; every function must carry each as itself or refuse it.
var hostile = []string{
	"", "a", "O'Brien", "O\u2019Brien", "\u2018\u201A\u201B''", "]", "[a]]", "$(x)", "`", "``a`", "\"", "\u201Cx\u201D", "%", "%PATH%", ";", "<", ">", "&",
	"a\nGO\nb", "a\r\nb", "\t", "\u200Fمبام", "\u202Eevil", "\u2028", "\x00", "\x7f", "\u0085", "\xff", "a\xc3", "\uFFFD", "\uFEFFx",
	strings.Repeat("x", 128), strings.Repeat("x", 129), strings.Repeat("\U0001F511", 64), strings.Repeat("\U0001F511", 65),
	" lead", "trail ", "  ", "back\\", "a\\ b", "#", "# Requires", "<#", "#>", "#>#>", "/*", "*/", "/*/", "*/*", "--", "GO", "go 5", ":connect x", "!!dir",
	".SYNOPSIS", ".NET", ".\\x", "SIG # Begin signature block", "|", "a|b`c", "`|", "1. x", "12) x", "- x", "+", "=", "http://a_b", "www.a_b", "~~~", "***",
	"a=b", "CN=x,O=y", "(a*)", "*", "a,b", "\"quoted\"", "'quoted'", "end'", "end\"", "{a65f}", "C:\\Program Files\\x", "\U0001F600", "-->", "]]>", "é́",
}

type quoter struct {
	name string
	fn   func(string) (string, error)
	back func(t testing.TB, out string) string
}

// quoters pair each quoting function with a reader that follows the rules of the language and shares no code with it.
var quoters = []quoter{
	{"PS", PS, readPS},
	{"SQLName", SQLName, readBracket},
	{"SQLString", SQLString, readSQLString},
	{"XMLAttr", XMLAttr, readXMLAttr},
	{"XMLText", XMLText, readXMLText},
	{"HTMLText", HTMLText, readHTMLText},
	{"HTMLAttr", HTMLAttr, readHTMLAttr},
	{"JSONString", JSONString, readJSON},
	{"MDText", MDText, readMarkdown},
	{"MDCell", MDCell, func(t testing.TB, out string) string {
		if strings.Contains(out, "|") {
			t.Fatalf("a bar ends the cell: %q", out)
		}
		return readMarkdown(t, strings.ReplaceAll(out, "<br>", "\n"))
	}},
	{"MDCode", MDCode, readCode},
	{"HAWord", HAWord, readHAProxy},
	{"INFString", INFString, readINF},
	{"DSHWord", DSHWord, readPlainWord},
	{"CmdWord", CmdWord, readCmd},
	{"Line", Line, func(t testing.TB, out string) string {
		if len(strings.Split(out, "\n")) != 1 {
			t.Fatalf("more than one line: %q", out)
		}
		return out
	}},
	{"LDAPFilter", LDAPFilter, readLDAP},
	{"DNValue", DNValue, readDN},
	{"ConnValue", ConnValue, readConn},
	{"ConnCatalog", ConnCatalog, readConn},
}

func TestRoundTripHostile(t *testing.T) {
	for _, q := range quoters {
		carried := 0
		for _, s := range hostile {
			out, err := q.fn(s)
			if err != nil {
				checkError(t, q.name, s, err)
				continue
			}
			carried++
			if got := q.back(t, out); got != s {
				t.Errorf("%s(%q) = %s, which reads as %q", q.name, s, out, got)
			}
		}
		if carried < 20 {
			t.Errorf("%s carried %d values only", q.name, carried)
		}
	}
}

func checkError(t testing.TB, name, s string, err error) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%s(%q): error of type %T: %v", name, s, err, err)
	}
	if e.Context == "" || e.Reason == "" || e.Offset < 0 || e.Offset > len(s) {
		t.Errorf("%s(%q): incomplete error %+v", name, s, e)
	}
	if e.Rune >= 0 && e.Rune != utf8.RuneError && !strings.HasPrefix(s[e.Offset:], string(e.Rune)) {
		t.Errorf("%s(%q): the error names U+%04X at byte %d, where it is not", name, s, e.Rune, e.Offset)
	}
	if len(s) > 12 && strings.Contains(err.Error(), s) {
		t.Errorf("%s: the error repeats the value: %v", name, err)
	}
}

func FuzzRoundTrip(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, q := range quoters {
			out, err := q.fn(s)
			if err != nil {
				checkError(t, q.name, s, err)
				continue
			}
			if got := q.back(t, out); got != s {
				t.Errorf("%s(%q) = %s, which reads as %q", q.name, s, out, got)
			}
		}
	})
}

func TestForms(t *testing.T) {
	str := func(fn func(string) (string, error)) func(string) (string, error) { return fn }
	for _, c := range []struct {
		name string
		fn   func(string) (string, error)
		in   string
		want string // "!" and a part of the error when it is refused
	}{
		{"PS", str(PS), "O'Brien", "'O''Brien'"},
		{"PS", PS, "O\u2019Brien", "'O\u2019\u2019Brien'"},
		{"PS", PS, "'\u2019", "'''\u2019\u2019'"},
		{"PS", PS, "$(x)`\"", "'$(x)`\"'"},
		{"PS", PS, "a\nb", "!U+000A at byte 1: control character"},
		{"PS", PS, "a\u202Eb", "!U+202E at byte 1: bidirectional"},
		{"PS", PS, "a\xffb", "!byte 1 of this value: not UTF-8"},
		{"SQLName", SQLName, "MBAM Recovery and Hardware", "[MBAM Recovery and Hardware]"},
		{"SQLName", SQLName, "a]b", "[a]]b]"},
		{"SQLName", SQLName, "", "!it is empty"},
		{"SQLName", SQLName, strings.Repeat("\U0001F511", 65), "!130 UTF-16 units"},
		{"SQLString", SQLString, "O'Brien $(x)", "N'O''Brien $(x)'"},
		{"SQLString", SQLString, "a\nGO\n", "!U+000A"},
		{"XMLAttr", XMLAttr, "a\"'<>&\n", `"a&quot;&#39;&lt;&gt;&amp;&#10;"`},
		{"XMLText", XMLText, "\u202E", "&#8238;"},
		{"XMLText", XMLText, "a\x01", "!XML 1.0"},
		{"HAWord", HAWord, `a b#c\d'e"f$g`, `a\ b\#c\\d\'e\"f$g`},
		{"HAWord", HAWord, "", "!empty"},
		{"MDText", MDText, "a_b|c<d>&`", "a\\_b&#124;c&lt;d&gt;&amp;\\`"},
		{"MDText", MDText, "1. x", `1\. x`},
		{"MDText", MDText, "nlb1.contoso.com - ok", "nlb1.contoso.com - ok"},
		{"MDText", MDText, " a", "&#32;a"},
		{"MDCode", MDCode, "a", "`a`"},
		{"MDCode", MDCode, "a`b", "``a`b``"},
		{"MDCode", MDCode, "`", "`` ` ``"},
		{"MDCode", MDCode, "a|b", "<code>a&#124;b</code>"},
		{"MDCode", MDCode, "", "!empty"},
		{"MDCell", MDCell, "a\nb|", "a<br>b&#124;"},
		{"MDAnchor", MDAnchor, "Step 310: Who's first?", "step-310-whos-first"},
		{"MDAnchor", MDAnchor, "!?", "!nothing of it"},
		{"INFString", INFString, `CN="x"`, `"CN=""x"""`},
		{"INFString", INFString, "50%", "!U+0025"},
		{"DSHWord", DSHWord, `C:\x\y.cab`, `C:\x\y.cab`},
		{"DSHWord", DSHWord, "a b", "!U+0020"},
		{"DSHWord", DSHWord, "ä", "!only ASCII"},
		{"CmdWord", CmdWord, `C:\My Folder`, `"C:\My Folder"`},
		{"CmdWord", CmdWord, `C:\`, "!escape the closing quote"},
		{"CmdWord", CmdWord, "a&b", "!U+0026"},
		{"JSONString", JSONString, "a\"\\\n\x01\u202E", `"a\"\\\n\u0001\u202E"`},
		{"HTMLAttr", HTMLAttr, `"'<`, `"&#34;&#39;&lt;"`},
		{"LDAPFilter", LDAPFilter, `a(b*)\` + "\x00 ", `a\28b\2a\29\5c\00\20`},
		{"DNValue", DNValue, `#a,b+"c" `, `\#a\,b\+\"c\"\ `},
		{"ConnValue", ConnValue, "MBAM Compliance Status", "MBAM Compliance Status"},
		{"ConnValue", ConnValue, "a;b", `"a;b"`},
		{"ConnValue", ConnValue, `"a`, `"""a"`},
		{"ConnValue", ConnValue, " a", `" a"`},
		{"ConnCatalog", ConnCatalog, "MBAM Compliance Status", `"MBAM Compliance Status"`},
		{"PSNote", PSNote, "a #> <# b", "a # > < # b"},
		{"PSNote", PSNote, ".SYNOPSIS", ". SYNOPSIS"},
		{"PSNote", PSNote, `.\install.ps1`, `.\install.ps1`},
		{"PSNote", PSNote, "a\r\n.b", "a  .b"},
		{"PSNote", PSNote, "Sig  # Begin signature block", "- Sig  # Begin signature block"},
		{"SQLNote", SQLNote, "a*/b/*c $(x)", "a* /b/ *c $ (x)"},
		{"SQLNote", SQLNote, "Go\r\n", "- Go"},
		{"SQLNote", SQLNote, "going", "going"},
		{"SQLNote", SQLNote, ":r x", "- :r x"},
		{"SQLNote", SQLNote, "/", " / "},
		{"HANote", HANote, "x\\", "x\\."},
		{"INFNote", INFNote, "x\ny", "x y"},
		{"CmdNote", CmdNote, "a & b é%x%", "a ? b ??x?"},
		{"DSHNote", DSHNote, "a\tb", "a b"},
		{"XMLNote", XMLNote, "--->", " - - ->"},
	} {
		got, err := c.fn(c.in)
		if want, refused := strings.CutPrefix(c.want, "!"); refused {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s(%q) = %q, %v; want an error with %q", c.name, c.in, got, err, want)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s(%q) = %q, %v; want %q", c.name, c.in, got, err, c.want)
		}
	}
}

func TestNumbersAndLists(t *testing.T) {
	type result struct {
		text string
		err  error
	}
	call := func(text string, err error) result { return result{text, err} }
	for _, c := range []struct {
		got  result
		want string
	}{
		{call(PSList(nil)), "@()"},
		{call(PSList([]string{"a", "b'c"})), "@('a', 'b''c')"},
		{call(PSInt(-5)), "-5"},
		{call(PSBool(true)), "$true"},
		{call(PSBool(false)), "$false"},
		{call(SQLInt(1433)), "1433"},
		{call(Int(0)), "0"},
	} {
		if c.got.err != nil || c.got.text != c.want {
			t.Errorf("got %q, %v; want %q", c.got.text, c.got.err, c.want)
		}
	}
	if got, err := SQLInt(-1); err == nil {
		t.Errorf("SQLInt(-1) = %q, want an error", got)
	}
	if got, err := PSList([]string{"a", "b\n"}); err == nil {
		t.Errorf("PSList with a line feed = %q, want an error", got)
	}
	if err := SQLCmdSafe("a$(b)"); err == nil {
		t.Error("SQLCmdSafe takes $(")
	}
	if err := SQLCmdSafe("a$b(c)"); err != nil {
		t.Errorf("SQLCmdSafe: %v", err)
	}
}

// TestNotes puts every note into every kind of comment of its language and lets an independent reader find the end.
func TestNotes(t *testing.T) {
	for _, s := range hostile {
		checkNotes(t, s)
	}
}

func FuzzNotes(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkNotes(t, s) })
}

func checkNotes(t testing.TB, s string) {
	t.Helper()
	notes := map[string]string{}
	for name, fn := range map[string]func(string) (string, error){"ps": PSNote, "sql": SQLNote, "xml": XMLNote, "ha": HANote, "inf": INFNote, "cmd": CmdNote, "dsh": DSHNote} {
		n, err := fn(s)
		if err != nil {
			t.Fatalf("%s note of %q: %v", name, s, err)
		}
		if strings.ContainsAny(n, "\r\n\x00") || !utf8.ValidString(n) {
			t.Errorf("%s note of %q has more than one line: %q", name, s, n)
		}
		notes[name] = n
	}
	ps := notes["ps"]
	if body := "#" + ps + "#>"; strings.Index(body, "#>") != len(body)-2 && !strings.HasSuffix(ps, "# ") {
		t.Errorf("PSNote(%q) = %q ends a block comment", s, ps)
	}
	for _, around := range []string{"", "#", "<", " "} {
		body := around + ps + " "
		if i := strings.Index(body, "#>"); i >= 0 {
			t.Errorf("PSNote(%q) = %q ends a block comment", s, ps)
		}
	}
	if trimmed := strings.TrimSpace(ps); strings.HasPrefix(trimmed, ".") && len(trimmed) > 1 && isWord([]rune(trimmed[1:])[0]) {
		t.Errorf("PSNote(%q) = %q is a directive of comment-based help", s, ps)
	}
	sql := notes["sql"]
	for _, form := range [][2]string{{"/*", "*/"}, {"/* ", " */"}, {"/*\n", "\n*/"}} {
		text := form[0] + sql + form[1] + "X"
		if rest := afterSQLComment(text); rest != "X" {
			t.Errorf("SQLNote(%q) = %q: behind %q remains %q", s, sql, text, rest)
		}
	}
	if strings.Contains("$"+sql+"(", "$(") && sql != "" {
		t.Errorf("SQLNote(%q) = %q has a sqlcmd variable", s, sql)
	}
	first := strings.ToUpper(strings.TrimSpace(sql))
	if f := strings.Fields(first); len(f) > 0 && (f[0] == "GO" || f[0] == "EXIT" || f[0] == "QUIT" || f[0][0] == ':' || strings.HasPrefix(f[0], "!!")) {
		t.Errorf("SQLNote(%q) = %q is a sqlcmd command", s, sql)
	}
	var doc struct {
		Comment string `xml:",comment"`
	}
	if err := xml.Unmarshal([]byte("<a><!--"+notes["xml"]+"--></a>"), &doc); err != nil && !strings.Contains(err.Error(), "illegal character code") {
		t.Errorf("XMLNote(%q) = %q: %v", s, notes["xml"], err)
	}
	if strings.ContainsAny(notes["cmd"], "%!^&<>|\"") {
		t.Errorf("CmdNote(%q) = %q", s, notes["cmd"])
	}
	for _, name := range []string{"ha", "inf", "cmd", "dsh"} {
		if strings.HasSuffix(notes[name], `\`) {
			t.Errorf("%s note of %q ends in a backslash", name, s)
		}
	}
}

// afterSQLComment returns what stands behind the nested comment at the start of text.
func afterSQLComment(text string) string {
	depth := 0
	for i := 0; i+1 < len(text); {
		switch text[i : i+2] {
		case "/*":
			depth++
			i += 2
		case "*/":
			depth--
			i += 2
			if depth == 0 {
				return text[i:]
			}
		default:
			i++
		}
	}
	return "(unclosed)"
}

// readPS reads a single-quoted literal as PowerShell's tokenizer does: a quote followed by any quote stands for the
// second one of the pair.
func readPS(t testing.TB, out string) string {
	r := []rune(out)
	isQ := func(c rune) bool {
		return c == 0x27 || c == 0x2018 || c == 0x2019 || c == 0x201A || c == 0x201B
	}
	if len(r) < 2 || r[0] != '\'' {
		t.Fatalf("not a literal: %s", out)
	}
	var b strings.Builder
	for i := 1; i < len(r); i++ {
		if !isQ(r[i]) {
			b.WriteRune(r[i])
			continue
		}
		if i+1 < len(r) && isQ(r[i+1]) {
			i++
			b.WriteRune(r[i])
			continue
		}
		if i != len(r)-1 {
			t.Fatalf("the literal ends early: %s", out)
		}
		return b.String()
	}
	t.Fatalf("the literal does not end: %s", out)
	return ""
}

// readDoubled reads text between open and stop, where stop doubled stands for itself.
func readDoubled(t testing.TB, out, open string, stop byte) string {
	body, ok := strings.CutPrefix(out, open)
	if !ok {
		t.Fatalf("%q does not start with %q", out, open)
	}
	var b []byte
	for i := 0; i < len(body); i++ {
		if body[i] != stop {
			b = append(b, body[i])
			continue
		}
		if i+1 < len(body) && body[i+1] == stop {
			b = append(b, stop)
			i++
			continue
		}
		if i != len(body)-1 {
			t.Fatalf("%q ends early", out)
		}
		return string(b)
	}
	t.Fatalf("%q does not end", out)
	return ""
}

func readBracket(t testing.TB, out string) string {
	s := readDoubled(t, out, "[", ']')
	if n := len(utf16.Encode([]rune(s))); n < 1 || n > 128 {
		t.Fatalf("a name of %d units", n)
	}
	return s
}

func readSQLString(t testing.TB, out string) string { return readDoubled(t, out, "N'", '\'') }

func readINF(t testing.TB, out string) string {
	if strings.Contains(out, "%") {
		t.Fatalf("a percent sign is a reference: %s", out)
	}
	return readDoubled(t, out, `"`, '"')
}

func readXMLAttr(t testing.TB, out string) string {
	var doc struct {
		A string `xml:"a,attr"`
	}
	if err := xml.Unmarshal([]byte("<x a="+out+"/>"), &doc); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return doc.A
}

func readXMLText(t testing.TB, out string) string {
	var doc struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte("<x>"+out+"</x>"), &doc); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return doc.Text
}

func readHTMLText(t testing.TB, out string) string {
	if strings.ContainsAny(out, "<>\"'`") {
		t.Fatalf("markup in %s", out)
	}
	return html.UnescapeString(out)
}

func readHTMLAttr(t testing.TB, out string) string {
	if len(out) < 2 || out[0] != '"' || out[len(out)-1] != '"' {
		t.Fatalf("no quotes around %s", out)
	}
	return readHTMLText(t, out[1:len(out)-1])
}

func readJSON(t testing.TB, out string) string {
	var s string
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return s
}

// readMarkdown reads inline text as CommonMark does, and refuses any character that would start markup.
func readMarkdown(t testing.TB, out string) string {
	var b strings.Builder
	for i := 0; i < len(out); i++ {
		c := out[i]
		switch {
		case c == '\\':
			i++
			if i == len(out) || !strings.ContainsRune("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", rune(out[i])) {
				t.Fatalf("a backslash escapes nothing in %q", out)
			}
			b.WriteByte(out[i])
		case c == '&':
			end := strings.IndexByte(out[i:], ';')
			if end < 0 {
				t.Fatalf("a bare ampersand in %q", out)
			}
			b.WriteString(html.UnescapeString(out[i : i+end+1]))
			i += end
		case strings.IndexByte("`*_[]<>|~$", c) >= 0:
			t.Fatalf("markup %q in %q", c, out)
		default:
			b.WriteByte(c)
		}
	}
	for _, line := range strings.Split(out, "\n") {
		if line != "" && strings.IndexByte("#+-= \t", line[0]) >= 0 {
			t.Fatalf("block markup in %q", line)
		}
		if digits := strings.TrimLeft(line, "0123456789"); digits != line && (strings.HasPrefix(digits, ".") || strings.HasPrefix(digits, ")")) {
			t.Fatalf("a list item: %q", line)
		}
	}
	return b.String()
}

// readCode reads a code span as CommonMark 0.31 section 6.1 does.
func readCode(t testing.TB, out string) string {
	if body, ok := strings.CutPrefix(out, "<code>"); ok {
		return readMarkdown(t, strings.TrimSuffix(body, "</code>"))
	}
	if strings.Contains(out, "|") {
		t.Fatalf("a bar ends the cell: %q", out)
	}
	n := len(out) - len(strings.TrimLeft(out, "`"))
	var runs []int
	for i := n; i < len(out); {
		j := i
		for j < len(out) && out[j] == '`' {
			j++
		}
		if j > i && j-i == n {
			runs = append(runs, i)
		}
		i = max(j, i+1)
	}
	if n == 0 || len(runs) != 1 || runs[0] != len(out)-n {
		t.Fatalf("the code span ends elsewhere: %q", out)
	}
	body := out[n : len(out)-n]
	if len(body) > 1 && body[0] == ' ' && body[len(body)-1] == ' ' && strings.Trim(body, " ") != "" {
		body = body[1 : len(body)-1]
	}
	return body
}

// readHAProxy splits a line as parse_line of haproxy's src/tools.c does and returns its only word.
func readHAProxy(t testing.TB, out string) string {
	var words []string
	word := ""
	for i := 0; i < len(out); i++ {
		switch c := out[i]; c {
		case ' ', '\t', '\v', '\f':
			words = append(words, word)
			word = ""
		case '#', '\'', '"', '\n', '\r', 0:
			t.Fatalf("%q is not escaped in %q", c, out)
		case '\\':
			if i+1 < len(out) && strings.IndexByte(` \#'"`, out[i+1]) >= 0 {
				i++
				word += string(out[i])
				continue
			}
			if i+1 < len(out) && strings.IndexByte("tnrx", out[i+1]) >= 0 {
				t.Fatalf("an escape sequence in %q", out)
			}
			word += `\`
		default:
			word += string([]byte{c})
		}
	}
	words = append(words, word)
	if len(words) != 1 || word == "" {
		t.Fatalf("%q has %d words", out, len(words))
	}
	return word
}

func readPlainWord(t testing.TB, out string) string {
	if len(strings.Fields(out)) != 1 || strings.ContainsAny(out, "\"'%") {
		t.Fatalf("not one word: %q", out)
	}
	return out
}

// readCmd reads an argument as cmd.exe and then the C run time do.
func readCmd(t testing.TB, out string) string {
	if len(out) < 2 || out[0] != '"' || out[len(out)-1] != '"' {
		t.Fatalf("not quoted: %q", out)
	}
	body := out[1 : len(out)-1]
	if strings.ContainsAny(body, "\"%!^&<>|") || strings.HasSuffix(body, `\`) {
		t.Fatalf("not inert: %q", out)
	}
	return body
}

func readHexEscapes(t testing.TB, out string, simple string) string {
	var b []byte
	for i := 0; i < len(out); i++ {
		if out[i] != '\\' {
			b = append(b, out[i])
			continue
		}
		if i+1 < len(out) && strings.IndexByte(simple, out[i+1]) >= 0 {
			i++
			b = append(b, out[i])
			continue
		}
		if i+2 >= len(out) {
			t.Fatalf("a cut escape in %q", out)
		}
		v := 0
		for _, c := range out[i+1 : i+3] {
			d := strings.IndexRune("0123456789abcdef", c)
			if d < 0 {
				t.Fatalf("no hex digit in %q", out)
			}
			v = v*16 + d
		}
		b = append(b, byte(v))
		i += 2
	}
	return string(b)
}

func readLDAP(t testing.TB, out string) string {
	if strings.ContainsAny(out, "*()\x00") || strings.Trim(out, " ") != out {
		t.Fatalf("a special character in %q", out)
	}
	return readHexEscapes(t, out, "")
}

func readDN(t testing.TB, out string) string {
	bare := 0
	for i := 0; i < len(out); i++ {
		if out[i] == '\\' {
			i++
		} else if strings.IndexByte("\"+,;<>=\x00", out[i]) >= 0 {
			bare++
		}
	}
	if bare > 0 || strings.HasPrefix(out, " ") || strings.HasPrefix(out, "#") {
		t.Fatalf("a special character in %q", out)
	}
	return readHexEscapes(t, out, "\"+,;<>\\= #")
}

// readConn reads a value as SqlClient does and refuses one that would run into the next keyword.
func readConn(t testing.TB, out string) string {
	if strings.HasPrefix(out, `"`) {
		return readDoubled(t, out, `"`, '"')
	}
	if out == "" || strings.ContainsAny(out, ";\x00") || strings.TrimSpace(out) != out || strings.ContainsAny(out[:1], `'"`) || strings.ContainsAny(out[len(out)-1:], `'"`) {
		t.Fatalf("not a bare value: %q", out)
	}
	return out
}
