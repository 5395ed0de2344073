// Package yamlsrc reads YAML text into nodes that know their place in the file.
//
// It accepts the part of YAML that a person writes by hand: one document, simple keys, no tags but !!str, !!map and
// !!seq, no merge keys. Size, depth and alias expansion are limited, and everything wrong with the text is a finding
// with a place, never a Go error. It is the only importer of gopkg.in/yaml.v3, whose own positions of syntax errors are
// often lines away; the lines are scanned again to find the mistake itself.
package yamlsrc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"gopkg.in/yaml.v3"
)

// Limits of what is read.
const (
	// MaxBytes is the largest file that is read.
	MaxBytes = 1 << 20
	// MaxDepth is how deep mappings and sequences may be nested; the root has depth 1.
	MaxDepth = 64
	// MaxAliased is how many nodes all aliases of a file may expand to.
	MaxAliased = 10_000
	// MaxValues is how many keys and values a file may have.
	MaxValues = 20_000
)

// maxFindings is how many findings of a file are reported.
const maxFindings = 1000

// maxQuoted is how many runes of the text a finding repeats.
const maxQuoted = 60

// maxControls is how many control characters of a file are reported.
const maxControls = 10

// Kind is the form of a node.
type Kind int

// The kinds of node.
const (
	Scalar Kind = iota
	Mapping
	Sequence
	// Null is a missing value, "~" or "null" without quotes. Value holds the text.
	Null
)

// String returns the kind as it is called in findings.
func (k Kind) String() string {
	switch k {
	case Scalar:
		return "a value"
	case Mapping:
		return "a mapping"
	case Sequence:
		return "a list"
	case Null:
		return "nothing"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Node is one value of the document.
type Node struct {
	Kind Kind
	// Pos is where the value begins; for an alias, where the alias stands. The length of a scalar is that of its text
	// in the file, quotes included, up to the end of its first line. A missing value has the place of its key.
	Pos diag.Pos
	// Value is the text of a scalar with quotes removed and escapes resolved.
	Value string
	// Plain says that YAML had to guess the type of a scalar: it has no quotes, no !!str, and is no block scalar.
	Plain bool
	// Tag is the resolved short tag: !!str !!int !!float !!bool !!null !!timestamp !!map !!seq.
	Tag   string
	Pairs []Pair
	Items []*Node
}

// Pair is one entry of a mapping, in the order of the file.
type Pair struct {
	// Key is always a scalar. Equal keys are reported and dropped; the first stays.
	Key   *Node
	Value *Node
}

// Document is a file that was read.
type Document struct {
	File string
	// Root is nil when the file cannot be used; the findings say why.
	Root  *Node
	lines []string
}

// Lines returns the lines of the file without their ends and without a byte order mark. Positions count in them.
func (d *Document) Lines() []string { return d.lines }

// Parse reads data, the content of file. It always returns a document; the findings are sorted, and only the first 1,000
// are kept.
func Parse(file string, data []byte) (*Document, diag.List) {
	b := &builder{doc: &Document{File: file}}
	b.parse(data)
	b.found.Sort()
	return b.doc, b.found
}

func (b *builder) parse(data []byte) {
	data = b.text(data)
	if len(b.found) > 0 {
		return
	}
	root, err := b.read(data)
	if err != nil {
		b.syntax(data, err)
		return
	}
	if root == nil {
		return
	}
	if n := b.node(root, 1); !b.unusable {
		b.doc.Root = n
	}
}

// builder turns the nodes of the YAML library into ours.
type builder struct {
	doc   *Document
	found diag.List
	// failed says that there is an error among the findings.
	failed bool
	// unusable is set by a finding after which nothing more is read.
	unusable bool
	// aliases is the chain of anchored nodes being expanded.
	aliases []*yaml.Node
	aliased int
	values  int
	indexes []*lineIndex
}

func (b *builder) add(severity diag.Severity, code string, pos diag.Pos, message, fix string, related ...diag.Related) {
	if len(b.found) >= maxFindings && (severity != diag.Error || b.failed) {
		return
	}
	b.failed = b.failed || severity == diag.Error
	b.found = append(b.found, diag.Diagnostic{
		Code: code, Severity: severity, File: b.doc.File, Pos: pos, Message: message, Fix: fix, Related: related,
	})
}

func (b *builder) fail(code string, pos diag.Pos, message, fix string, related ...diag.Related) {
	b.add(diag.Error, code, pos, message, fix, related...)
}

// quoted returns text of the file in quotes for a finding, cut when it is long. Backslashes stay as they are.
func quoted(s string) string {
	if r := []rune(s); len(r) > maxQuoted {
		s = string(r[:maxQuoted]) + "…"
	}
	return `"` + s + `"`
}

// text checks that data is text the YAML library may see, splits it into lines and returns it without its byte order
// mark.
func (b *builder) text(data []byte) []byte {
	if len(data) > MaxBytes {
		b.fail(CodeTooBig, diag.Pos{}, fmt.Sprintf("the file has more than %d bytes", MaxBytes), "")
		return nil
	}
	if name := wideEncoding(data); name != "" {
		b.fail(CodeEncoding, diag.Pos{}, "the file is "+name+"; expected UTF-8", "save the file with the encoding UTF-8")
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\xEF\xBB\xBF"))
	if i := bytes.IndexByte(data, 0); i >= 0 {
		b.fail(CodeBinary, diag.Pos{}, fmt.Sprintf("the file is not text: byte %d is NUL", i+1), "")
		return nil
	}
	b.doc.lines = splitLines(string(data))
	if !utf8.Valid(data) {
		b.invalidUTF8()
		return nil
	}
	b.controls()
	return data
}

// wideEncoding names the encoding of data when it begins with the byte order mark of UTF-16 or UTF-32, or, without a
// mark, has the zero bytes of ASCII in UTF-16.
func wideEncoding(data []byte) string {
	for _, e := range []struct{ mark, name string }{
		{"\xFF\xFE\x00\x00", "UTF-32 (little-endian)"},
		{"\x00\x00\xFE\xFF", "UTF-32 (big-endian)"},
		{"\xFF\xFE", "UTF-16 (little-endian)"},
		{"\xFE\xFF", "UTF-16 (big-endian)"},
	} {
		if bytes.HasPrefix(data, []byte(e.mark)) {
			return e.name
		}
	}
	if len(data) >= 4 {
		switch {
		case data[0] != 0 && data[1] == 0 && data[2] != 0 && data[3] == 0:
			return "UTF-16 (little-endian, without a byte order mark)"
		case data[0] == 0 && data[1] != 0 && data[2] == 0 && data[3] != 0:
			return "UTF-16 (big-endian, without a byte order mark)"
		}
	}
	return ""
}

// splitLines splits at CR LF, LF and CR. A last line end begins no further line.
func splitLines(s string) []string {
	var lines []string
	for s != "" {
		i := strings.IndexAny(s, "\r\n")
		if i < 0 {
			return append(lines, s)
		}
		lines = append(lines, s[:i])
		if strings.HasPrefix(s[i:], "\r\n") {
			i++
		}
		s = s[i+1:]
	}
	return lines
}

func (b *builder) invalidUTF8() {
	for i, line := range b.doc.lines {
		if utf8.ValidString(line) {
			continue
		}
		col := 1
		for s := line; s != ""; col++ {
			r, n := utf8.DecodeRuneInString(s)
			if r == utf8.RuneError && n == 1 {
				b.fail(CodeEncoding, diag.Pos{Line: i + 1, Col: col, Len: 1},
					fmt.Sprintf("byte 0x%02X is not UTF-8; expected a file in UTF-8", s[0]),
					"save the file with the encoding UTF-8; it is probably in a Windows code page")
				return
			}
			s = s[n:]
		}
	}
}

// controls reports characters that YAML forbids, and the three line ends of YAML 1.1 that no editor shows as such, which
// would make our line numbers differ from the editor's.
func (b *builder) controls() {
	count := 0
	for i, line := range b.doc.lines {
		col := 0
		for _, r := range line {
			col++
			bad := r < ' ' && r != '\t' || r >= 0x7F && r < 0xA0 || r == '\u2028' || r == '\u2029' || r == '\uFFFE' || r == '\uFFFF'
			if !bad {
				continue
			}
			if count++; count > maxControls {
				return
			}
			b.fail(CodeControl, diag.Pos{Line: i + 1, Col: col, Len: 1},
				fmt.Sprintf("control character U+%04X; expected text only", r), "delete the character")
		}
	}
}

// read runs the YAML library over data and returns the content of the single document, nil after a finding.
func (b *builder) read(data []byte) (*yaml.Node, error) {
	first, second, err := decode(data)
	if err != nil {
		return nil, err
	}
	if second != nil {
		b.unusable = true
		b.fail(CodeDocuments, b.clamp(second.Line, second.Column, 3),
			`a second document begins here; expected one document in the file`, `remove the "---", or move what follows to a file of its own`)
		return nil, nil
	}
	if first == nil || len(first.Content) == 0 || isNull(first.Content[0]) {
		b.fail(CodeEmpty, diag.Pos{}, "the file has no content; expected a mapping of keys and values", "")
		return nil, nil
	}
	return first.Content[0], nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// panicked is the error for a panic of the YAML library.
type panicked struct{ value any }

func (p panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// decode returns the first two documents of data, nil where there is none.
func decode(data []byte) (first, second *yaml.Node, err error) {
	defer func() {
		if v := recover(); v != nil {
			first, second, err = nil, nil, panicked{v}
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(data))
	docs := make([]*yaml.Node, 0, 2)
	for len(docs) < 2 {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		docs = append(docs, &n)
	}
	if len(docs) > 0 {
		first = docs[0]
	}
	if len(docs) > 1 {
		second = docs[1]
	}
	return first, second, nil
}

// node converts n, which stands at the given depth. It returns nil once the document is unusable.
func (b *builder) node(n *yaml.Node, depth int) *Node {
	if b.unusable {
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return b.alias(n, depth)
	}
	if b.values++; b.values > MaxValues {
		b.unusable = true
		b.fail(CodeTooMany, b.start(n), fmt.Sprintf("the file has more than %d keys and values", MaxValues), "")
		return nil
	}
	if len(b.aliases) > 0 {
		if b.aliased++; b.aliased > MaxAliased {
			b.unusable = true
			b.fail(CodeAliases, b.start(n), fmt.Sprintf("aliases expand to more than %d values", MaxAliased), "write the values out")
			return nil
		}
	}
	if n.Kind != yaml.ScalarNode && depth > MaxDepth {
		b.unusable = true
		b.fail(CodeTooDeep, b.start(n), fmt.Sprintf("values are nested more than %d levels deep", MaxDepth), "")
		return nil
	}
	pos, tag, tagPos := b.content(n)
	out := &Node{Pos: pos, Tag: n.Tag}
	b.tag(tag, tagPos, n)
	switch n.Kind {
	case yaml.MappingNode:
		out.Kind = Mapping
		b.mapping(n, out, depth)
	case yaml.SequenceNode:
		out.Kind = Sequence
		out.Items = make([]*Node, 0, len(n.Content))
		for _, c := range n.Content {
			item := b.node(c, depth+1)
			if item == nil {
				return nil
			}
			out.Items = append(out.Items, item)
		}
	default:
		out.Value = n.Value
		out.Plain = n.Style == 0
		if out.Plain && out.Tag == "!!merge" {
			out.Tag = "!!str"
		}
		if out.Plain && out.Tag == "!!null" {
			out.Kind = Null
		}
		if out.Plain {
			b.typography(out)
		}
	}
	return out
}

func (b *builder) alias(n *yaml.Node, depth int) *Node {
	at := b.start(n)
	for _, open := range b.aliases {
		if open == n.Alias {
			b.unusable = true
			b.fail(CodeAliases, at, fmt.Sprintf("alias %s stands inside the value it names", quoted("*"+n.Value)), "write the value out")
			return nil
		}
	}
	b.aliases = append(b.aliases, n.Alias)
	out := b.node(n.Alias, depth)
	b.aliases = b.aliases[:len(b.aliases)-1]
	if out != nil {
		out.Pos = at
	}
	return out
}

// mapping fills out from the entries of n. Entries with a key that cannot stay are reported and dropped.
func (b *builder) mapping(n *yaml.Node, out *Node, depth int) {
	out.Pairs = make([]Pair, 0, len(n.Content)/2)
	seen := make(map[string]diag.Pos, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			b.fail(CodeMergeKey, b.start(n.Content[i]), `merge key "<<" is not supported; expected the keys themselves`, "write the keys out")
			continue
		}
		key := b.node(n.Content[i], depth+1)
		if key == nil {
			return
		}
		if key.Kind == Mapping || key.Kind == Sequence || key.Kind == Null && key.Value == "" {
			b.fail(CodeKey, key.Pos, fmt.Sprintf("the key is %s; expected a simple name", key.Kind), "")
			continue
		}
		key.Kind = Scalar
		value := b.node(n.Content[i+1], depth+1)
		if value == nil {
			return
		}
		if value.Kind == Null && value.Value == "" {
			value.Pos = key.Pos
		}
		if first, ok := seen[key.Value]; ok {
			b.fail(CodeDuplicate, key.Pos, fmt.Sprintf("key %s stands twice in this mapping", quoted(key.Value)),
				"remove or rename one of the two", diag.Related{Pos: first, Message: "the first is here"})
			continue
		}
		seen[key.Value] = key.Pos
		out.Pairs = append(out.Pairs, Pair{key, value})
	}
}

// tag refuses tags other than the three that only say what the value is anyway. text is the tag as written at pos, ""
// for none.
func (b *builder) tag(text string, pos diag.Pos, n *yaml.Node) {
	if text == "" {
		return
	}
	switch {
	case n.Tag == "!!str" && n.Kind == yaml.ScalarNode && text != "!":
	case n.Tag == "!!map" && n.Kind == yaml.MappingNode:
	case n.Tag == "!!seq" && n.Kind == yaml.SequenceNode:
	default:
		b.fail(CodeTag, pos, fmt.Sprintf("tag %s is not supported; expected the value alone", quoted(text)), "remove the tag")
	}
}

// typographicQuotes are the quotes that word processors put in place of ' and ".
const typographicQuotes = "“”„‘’‚"

// typography warns of characters in an unquoted value that look like blanks and quotes but are neither.
func (b *builder) typography(n *Node) {
	if i := strings.IndexRune(n.Value, '\u00A0'); i >= 0 {
		b.add(diag.Warning, CodeBlank, b.inside(n, '\u00A0'), fmt.Sprintf("non-breaking space in the unquoted value %s; expected an ordinary blank", quoted(n.Value)),
			"retype the blank; put the value in quotes if the non-breaking space is meant")
	}
	first, _ := utf8.DecodeRuneInString(n.Value)
	last, _ := utf8.DecodeLastRuneInString(n.Value)
	for _, r := range [...]rune{first, last} {
		if strings.ContainsRune(typographicQuotes, r) {
			b.add(diag.Warning, CodeTypographic, b.inside(n, r), fmt.Sprintf("the typographic quote %c is part of the value; expected \" or '", r),
				"retype the quotes; put the value in straight quotes if the typographic ones are meant")
			return
		}
	}
}
