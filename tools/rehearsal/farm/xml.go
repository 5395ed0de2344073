package farm

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// An xmlNode is a node of System.Xml: a document, an element, or anything else, which is kept as it was written.
type xmlNode struct {
	doc      *xmlDocument
	prefix   string
	local    string // "" for what is no element
	space    string
	attrs    []xml.Attr
	children []*xmlNode
	parent   *xmlNode
	raw      string // what is no element, as it was written
}

// An xmlDocument is a System.Xml.XmlDocument.
type xmlDocument struct {
	xmlNode
	preserve bool
	file     func(path string) ([]byte, bool)
}

// parseXML reads a document. The error tells the line.
func parseXML(data []byte) (*xmlDocument, error) {
	doc := &xmlDocument{}
	doc.doc = doc
	return doc, doc.read(data)
}

func (d *xmlDocument) read(data []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	dec.Strict = true
	dec.CharsetReader = func(_ string, text io.Reader) (io.Reader, error) { return text, nil } // a string has no encoding, whatever it declares
	d.children = nil
	at := &d.xmlNode
	for {
		from := dec.InputOffset()
		t, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			n := &xmlNode{doc: d, prefix: t.Name.Space, local: t.Name.Local, attrs: append([]xml.Attr(nil), t.Attr...), parent: at}
			n.space = n.namespace(n.prefix)
			at.children = append(at.children, n)
			at = n
		case xml.EndElement:
			if at.parent == nil || at.local != t.Name.Local || at.prefix != t.Name.Space {
				return &xml.SyntaxError{Msg: "unexpected end element </" + t.Name.Local + ">", Line: lineOf(data, dec.InputOffset())}
			}
			at = at.parent
		default:
			raw := string(bytes.TrimPrefix(data, []byte("\ufeff"))[from:dec.InputOffset()])
			at.children = append(at.children, &xmlNode{doc: d, raw: raw, parent: at})
		}
	}
	if at != &d.xmlNode || d.root() == nil {
		return &xml.SyntaxError{Msg: "unexpected end of file", Line: lineOf(data, int64(len(data)))}
	}
	return nil
}

func lineOf(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:min(int(offset), len(data))], []byte("\n"))
}

// namespace is the one that a prefix stands for at a node.
func (n *xmlNode) namespace(prefix string) string {
	for at := n; at != nil; at = at.parent {
		for _, a := range at.attrs {
			if prefix == "" && a.Name.Space == "" && a.Name.Local == "xmlns" || prefix != "" && a.Name.Space == "xmlns" && a.Name.Local == prefix {
				return a.Value
			}
		}
	}
	return ""
}

func (d *xmlDocument) root() *xmlNode {
	for _, c := range d.children {
		if c.local != "" {
			return c
		}
	}
	return nil
}

// bytes writes the document as XmlDocument.Save does to a writer: with a declaration, and indented where white space is not preserved
// (.NET, XmlDocument.Save).
func (d *xmlDocument) bytes() []byte {
	var b bytes.Buffer
	if len(d.children) == 0 || !strings.HasPrefix(d.children[0].raw, "<?xml ") {
		b.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
		if !d.preserve {
			b.WriteString("\r\n")
		}
	}
	for _, c := range d.children {
		c.write(&b, 0, !d.preserve)
	}
	return b.Bytes()
}

var escapeValue = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func (n *xmlNode) write(b *bytes.Buffer, depth int, indent bool) {
	if n.local == "" {
		b.WriteString(n.raw)
		return
	}
	name := n.local
	if n.prefix != "" {
		name = n.prefix + ":" + n.local
	}
	b.WriteString("<" + name)
	for _, a := range n.attrs {
		key := a.Name.Local
		if a.Name.Space != "" {
			key = a.Name.Space + ":" + key
		}
		b.WriteString(" " + key + `="` + escapeValue.Replace(a.Value) + `"`)
	}
	if _, has := n.attribute("xmlns"); !has && n.prefix == "" && n.space != n.parent.namespace("") {
		b.WriteString(` xmlns="` + escapeValue.Replace(n.space) + `"`)
	}
	if len(n.children) == 0 {
		b.WriteString(" />")
		return
	}
	b.WriteString(">")
	for _, c := range n.children {
		if indent {
			b.WriteString("\r\n" + strings.Repeat("  ", depth+1))
		}
		c.write(b, depth+1, indent)
	}
	if indent {
		b.WriteString("\r\n" + strings.Repeat("  ", depth))
	}
	b.WriteString("</" + name + ">")
}

// attribute is the value of an attribute, "" without one, as GetAttribute gives it.
func (n *xmlNode) attribute(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

func (n *xmlNode) setAttribute(name, value string) {
	for i, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == name {
			n.attrs[i].Value = value
			return
		}
	}
	n.attrs = append(n.attrs, xml.Attr{Name: xml.Name{Local: name}, Value: value})
}

func (n *xmlNode) text() string {
	var b strings.Builder
	for _, c := range n.children {
		switch {
		case c.local != "":
			b.WriteString(c.text())
		case !strings.HasPrefix(c.raw, "<"):
			b.WriteString(strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&").Replace(c.raw))
		}
	}
	return b.String()
}

// step is one step of the paths that our scripts use: a name or *, with conditions on the local name or an attribute.
var (
	xpathStep      = regexp.MustCompile(`^(\*|[A-Za-z_][A-Za-z0-9_.-]*)((?:\[(?:local-name\(\)|@[A-Za-z]+|\*\[local-name\(\)='[^']*'\])=(?:"[^"]*"|'[^']*')\])*)`)
	xpathCondition = regexp.MustCompile(`\[(local-name\(\)|@[A-Za-z]+)=["']([^"']*)["']\]`)
	xpathChild     = regexp.MustCompile(`\[\*\[local-name\(\)='([^']*)'\]='([^']*)'\]`)
)

// find gives the elements that a path leads to.
func (n *xmlNode) find(path string) []*xmlNode {
	from := []*xmlNode{n}
	rest := path
	if strings.HasPrefix(rest, "/") {
		from = []*xmlNode{&n.doc.xmlNode}
	} else {
		rest = "/" + rest
	}
	for rest != "" {
		deep := strings.HasPrefix(rest, "//")
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "/"), "/")
		m := xpathStep.FindStringSubmatch(rest)
		if m == nil {
			pwsh.Unknown("the XPath %s", path)
		}
		rest = rest[len(m[0]):]
		if rest != "" && rest[0] != '/' {
			pwsh.Unknown("the XPath %s", path)
		}
		var out []*xmlNode
		var walk func(at *xmlNode)
		walk = func(at *xmlNode) {
			for _, c := range at.children {
				if c.local == "" {
					continue
				}
				if c.fits(m[1], m[2]) {
					out = append(out, c)
				}
				if deep {
					walk(c)
				}
			}
		}
		for _, at := range from {
			walk(at)
		}
		from = out
	}
	return from
}

// fits tells whether an element has a name and fulfils conditions. A name without a prefix is one of no namespace (XPath 1.0).
func (n *xmlNode) fits(name, conditions string) bool {
	if name != "*" && (n.local != name || n.space != "") {
		return false
	}
	for _, c := range xpathChild.FindAllStringSubmatch(conditions, -1) {
		if !slices.ContainsFunc(n.children, func(child *xmlNode) bool { return child.local == c[1] && child.text() == c[2] }) {
			return false
		}
	}
	for _, c := range xpathCondition.FindAllStringSubmatch(xpathChild.ReplaceAllString(conditions, ""), -1) {
		have := n.local
		if c[1] != "local-name()" {
			have, _ = n.attribute(c[1][1:])
		}
		if have != c[2] {
			return false
		}
	}
	return true
}

// TypeName implements pwsh.Members.
func (n *xmlNode) TypeName() string {
	if n.doc != nil && n == &n.doc.xmlNode {
		return "System.Xml.XmlDocument"
	}
	return "System.Xml.XmlElement"
}

// Get implements pwsh.Members.
func (n *xmlNode) Get(name string) (any, bool) {
	switch strings.ToLower(name) {
	case "localname":
		return n.local, true
	case "namespaceuri":
		return n.space, true
	case "innertext":
		return n.text(), true
	case "parentnode":
		return n.parent, true
	}
	return nil, false
}

// Set implements pwsh.Members.
func (n *xmlNode) Set(string, any) bool { return false }

func nodes(list []*xmlNode) *pwsh.Array {
	out := pwsh.NewArray()
	for _, n := range list {
		out.Items = append(out.Items, n)
	}
	return out
}

// Call implements pwsh.Members.
func (n *xmlNode) Call(name string, args []any) (any, bool) {
	switch key := strings.ToLower(name); {
	case key == "selectsinglenode" && len(args) == 1:
		if list := n.find(str(args, 0)); len(list) > 0 {
			return list[0], true
		}
		return nil, true
	case key == "selectnodes" && len(args) == 1:
		return nodes(n.find(str(args, 0))), true
	case key == "getattribute" && len(args) == 1:
		v, _ := n.attribute(str(args, 0))
		return v, true
	case key == "hasattribute" && len(args) == 1:
		_, ok := n.attribute(str(args, 0))
		return ok, true
	case key == "setattribute" && len(args) == 2:
		n.setAttribute(str(args, 0), str(args, 1))
		return pwsh.Void, true
	case key == "appendchild" && len(args) == 1:
		c := childOf(args[0])
		if c == nil {
			return nil, false
		}
		c.parent = n
		n.children = append(n.children, c)
		return c, true
	case key == "removechild" && len(args) == 1:
		c := childOf(args[0])
		for i, have := range n.children {
			if have == c {
				n.children = append(n.children[:i:i], n.children[i+1:]...)
				return c, true
			}
		}
	}
	return nil, false
}

func childOf(v any) *xmlNode {
	c, _ := v.(*xmlNode)
	return c
}

// TypeName implements pwsh.Members.
func (d *xmlDocument) TypeName() string { return "System.Xml.XmlDocument" }

// Get implements pwsh.Members.
func (d *xmlDocument) Get(name string) (any, bool) {
	if strings.EqualFold(name, "DocumentElement") {
		if r := d.root(); r != nil {
			return r, true
		}
		return nil, true
	}
	return d.xmlNode.Get(name)
}

// Set implements pwsh.Members.
func (d *xmlDocument) Set(name string, v any) bool {
	switch strings.ToLower(name) {
	case "preservewhitespace":
		d.preserve = pwsh.Truth(v)
		return true
	case "xmlresolver":
		return v == nil
	}
	return false
}

// Call implements pwsh.Members.
func (d *xmlDocument) Call(name string, args []any) (any, bool) {
	switch key := strings.ToLower(name); {
	case key == "createelement" && (len(args) == 1 || len(args) == 2):
		n := &xmlNode{doc: d, local: str(args, 0)}
		if len(args) == 2 {
			n.space = str(args, 1)
		}
		return n, true
	case (key == "load" || key == "loadxml") && len(args) == 1:
		data := []byte(str(args, 0))
		if key == "load" {
			var ok bool
			if data, ok = d.file(str(args, 0)); !ok {
				pwsh.Throw("System.IO.FileNotFoundException", "Could not find file '%s'.", str(args, 0))
			}
		}
		if err := d.read(data); err != nil {
			line := int64(0)
			var syntax *xml.SyntaxError
			if errors.As(err, &syntax) {
				line = int64(syntax.Line)
			}
			pwsh.ThrowException(&pwsh.Exception{Type: "System.Xml.XmlException", Message: err.Error(), Members: map[string]any{"linenumber": line}})
		}
		return pwsh.Void, true
	case key == "save" && len(args) == 1:
		w, ok := args[0].(*streamWriter)
		if !ok {
			return nil, false
		}
		w.buffer = append(w.buffer, d.bytes()...)
		return pwsh.Void, true
	}
	return d.xmlNode.Call(name, args)
}

// A streamWriter is a System.IO.StreamWriter: the file is there from the beginning, its bytes when it is closed.
type streamWriter struct {
	thing
	buffer []byte
}

func (s *Session) newStreamWriter(path string, bom bool) *streamWriter {
	f := s.Machine.Files
	if f.Full {
		pwsh.Throw("System.IO.IOException", "There is not enough space on the disk.")
	}
	if !f.IsFolder(parent(path)) {
		pwsh.Throw("System.IO.DirectoryNotFoundException", "Could not find a part of the path '%s'.", path)
	}
	f.write(path, nil)
	w := &streamWriter{}
	if bom {
		w.buffer = []byte("\ufeff")
	}
	done := func([]any) any {
		f.write(path, w.buffer)
		return pwsh.Void
	}
	w.thing = thing{typ: "System.IO.StreamWriter", methods: map[string]func([]any) any{"dispose": done, "close": done}}
	return w
}

// xmlObject makes the objects of System.Xml, and the writer that a document is saved to.
func (s *Session) xmlObject(typ string, args []any) (any, bool) {
	switch {
	case typ == "xml.xmldocument" && len(args) == 0:
		d := &xmlDocument{file: s.Machine.Files.Read}
		d.doc = d
		return d, true
	case typ == "io.streamwriter" && len(args) == 3 && !pwsh.Truth(args[1]):
		bom, ok := args[2].(interface{ Preamble() bool })
		if !ok {
			return nil, false
		}
		return s.newStreamWriter(str(args, 0), bom.Preamble()), true
	}
	return nil, false
}
