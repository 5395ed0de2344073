package document

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// Measures of the page in twentieths of a point: A4 with margins of 2 cm.
const (
	pageWidth  = 11906
	pageHeight = 16838
	margin     = 1134
	textWidth  = pageWidth - 2*margin
)

// DOCX returns the document as Word's format (ECMA-376, transitional), for Word 2010 and later and for LibreOffice. It has no
// time, no author and no path in it; the parts of the package are of 1980-01-01.
func (d *Document) DOCX() ([]byte, error) {
	if err := d.validate(); err != nil {
		return nil, err
	}
	w := &docxWriter{doc: d, numbers: d.numbers(), links: map[string]string{}, lists: firstList}
	body := w.body()
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", docxTypes},
		{"_rels/.rels", docxPackage},
		{"docProps/app.xml", docxApp},
		{"docProps/core.xml", w.core()},
		{"word/_rels/document.xml.rels", w.relations()},
		{"word/document.xml", body},
		{"word/fontTable.xml", docxFonts},
		{"word/footer1.xml", w.footer()},
		{"word/header1.xml", w.header()},
		{"word/numbering.xml", w.numbering()},
		{"word/settings.xml", w.settings()},
		{"word/styles.xml", w.styles()},
	}
	if w.err != nil {
		return nil, fmt.Errorf("write the Word document: %w", w.err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, p := range parts {
		//lint:ignore SA1019 Modified would write an extra field with a time; the two old fields give the same bytes everywhere
		entry, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: zip.Deflate, ModifiedDate: 0x21})
		if err == nil {
			_, err = io.WriteString(entry, p.text)
		}
		if err != nil {
			return nil, fmt.Errorf("pack %s: %w", p.name, err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("finish the Word document: %w", err)
	}
	return out.Bytes(), nil
}

// The lists of numbering.xml: headings, bullets, then one for each numbered list, so that each begins at 1.
const (
	bulletList = 1
	firstList  = 2
)

// docxWriter collects the body and what it refers to.
type docxWriter struct {
	strings.Builder
	doc     *Document
	numbers []string
	heading int               // headings written so far
	targets []string          // addresses in order of their first use
	links   map[string]string // address → relationship
	lists   int               // number of the next numbered list
	err     error
}

// text escapes one line for XML.
func (w *docxWriter) text(s string) string {
	out, err := quote.XMLText(s)
	if err != nil && w.err == nil {
		w.err = err
	}
	return out
}

func (w *docxWriter) printf(format string, args ...any) { fmt.Fprintf(w, format, args...) }

const xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

const docxSpaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

func (w *docxWriter) body() string {
	w.WriteString(xmlHead + `<w:document ` + docxSpaces + `><w:body>`)
	if w.doc.Notice != "" {
		w.paragraph("Notice", "", Plain(w.doc.Notice))
	}
	w.paragraph("Title", "", Plain(w.doc.Title))
	if w.doc.Subject != "" {
		w.paragraph("Subtitle", "", Plain(w.doc.Subject))
	}
	for _, b := range w.doc.Blocks {
		switch b := b.(type) {
		case Heading:
			w.printf(`<w:p><w:pPr><w:pStyle w:val="Heading%d"/></w:pPr>`, b.Level)
			w.bookmark(w.heading, b)
			w.WriteString(`</w:p>`)
			w.heading++
		case Paragraph:
			style := ""
			if b.Boxed {
				style = "Boxed"
			}
			w.paragraph(style, "", b.Text)
		case List:
			list := bulletList
			style := "ListBullet"
			if b.Numbered {
				w.lists++
				list, style = w.lists, "ListNumber"
			}
			for _, it := range b.Items {
				w.paragraph(style, fmt.Sprintf(`<w:numPr><w:ilvl w:val="0"/><w:numId w:val="%d"/></w:numPr>`, list), it)
			}
		case Table:
			w.table(b)
		case Code:
			for _, line := range pieces(strings.TrimRight(b.Text, "\r\n")) {
				w.printf(`<w:p><w:pPr><w:pStyle w:val="ProgramText"/></w:pPr><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:p>`, w.text(line))
			}
		case Contents:
			w.contents()
		}
	}
	w.printf(`<w:sectPr><w:headerReference w:type="default" r:id="rIdHeader"/><w:footerReference w:type="default" r:id="rIdFooter"/>`+
		`<w:pgSz w:w="%d" w:h="%d"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="567" w:footer="567" w:gutter="0"/><w:cols w:space="708"/></w:sectPr>`,
		pageWidth, pageHeight, margin, margin, margin, margin)
	w.WriteString(`</w:body></w:document>`)
	return w.String()
}

// bookmark writes the text of a heading inside the bookmarks that the contents and links lead to.
func (w *docxWriter) bookmark(index int, h Heading) {
	w.printf(`<w:bookmarkStart w:id="%d" w:name="%s"/>`, index*2, tocName(index))
	if h.Anchor != "" {
		w.printf(`<w:bookmarkStart w:id="%d" w:name="%s"/>`, index*2+1, anchorName(h.Anchor))
	}
	w.runs(Plain(h.Text), "")
	if h.Anchor != "" {
		w.printf(`<w:bookmarkEnd w:id="%d"/>`, index*2+1)
	}
	w.printf(`<w:bookmarkEnd w:id="%d"/>`, index*2)
}

// tocName is the bookmark of a heading; Word keeps names of this form out of its list.
func tocName(index int) string { return fmt.Sprintf("_Toc%08d", index+1) }

// anchorName is the bookmark of an anchor: letters, digits and underscores, at most 40.
func anchorName(anchor string) string { return "to_" + strings.ReplaceAll(anchor, "-", "_") }

// paragraph writes one paragraph; properties is what follows the style in its properties.
func (w *docxWriter) paragraph(style, properties string, t Text) {
	w.WriteString(`<w:p>`)
	if style != "" || properties != "" {
		w.WriteString(`<w:pPr>`)
		if style != "" {
			w.printf(`<w:pStyle w:val="%s"/>`, style)
		}
		w.WriteString(properties + `</w:pPr>`)
	}
	w.runs(t, "")
	w.WriteString(`</w:p>`)
}

// runs writes spans; style is that of spans without one.
func (w *docxWriter) runs(t Text, style string) {
	for _, s := range t {
		closing := ""
		properties := ""
		switch {
		case s.Link != "":
			w.WriteString(w.hyperlink(s.Link))
			closing = `</w:hyperlink>`
			properties = `<w:rStyle w:val="Hyperlink"/>`
		case s.Code:
			properties = `<w:rStyle w:val="ProgramChar"/>`
		case style != "":
			properties = `<w:rStyle w:val="` + style + `"/>`
		}
		if s.Strong {
			properties += `<w:b/><w:bCs/>`
		}
		for i, line := range pieces(s.Text) {
			w.run(line, properties, i > 0)
		}
		w.WriteString(closing)
	}
}

// run writes one line of one style. Boxes to tick are in few fonts, so they name one.
func (w *docxWriter) run(line, properties string, broken bool) {
	const box = "☐"
	for i, part := range strings.Split(line, box) {
		if i > 0 {
			w.printf(`<w:r><w:rPr><w:rStyle w:val="TickBox"/></w:rPr><w:t>%s</w:t></w:r>`, box)
		}
		if part == "" && (i > 0 || !broken) {
			continue
		}
		w.WriteString(`<w:r>`)
		if properties != "" {
			w.WriteString(`<w:rPr>` + properties + `</w:rPr>`)
		}
		if broken && i == 0 {
			w.WriteString(`<w:br/>`)
		}
		w.printf(`<w:t xml:space="preserve">%s</w:t></w:r>`, w.text(part))
	}
}

// hyperlink opens a link element.
func (w *docxWriter) hyperlink(to string) string {
	if anchor, inside := strings.CutPrefix(to, "#"); inside {
		return `<w:hyperlink w:anchor="` + anchorName(anchor) + `" w:history="1">`
	}
	id, known := w.links[to]
	if !known {
		id = fmt.Sprintf("rIdLink%d", len(w.targets)+1)
		w.links[to] = id
		w.targets = append(w.targets, to)
	}
	return `<w:hyperlink r:id="` + id + `" w:history="1">`
}

func (w *docxWriter) table(t Table) {
	total, widths := 0, make([]int, len(t.Columns))
	for _, c := range t.Columns {
		total += max(1, c.Width)
	}
	left := textWidth
	for i, c := range t.Columns {
		widths[i] = textWidth * max(1, c.Width) / total
		left -= widths[i]
	}
	widths[len(widths)-1] += left
	w.paragraph("Caption", "", Plain(t.Caption))
	w.printf(`<w:tbl><w:tblPr><w:tblStyle w:val="FarmTable"/><w:tblW w:w="%d" w:type="dxa"/><w:tblLayout w:type="fixed"/>`, textWidth)
	w.WriteString(`<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/>`)
	w.printf(`<w:tblCaption w:val="%s"/></w:tblPr><w:tblGrid>`, w.text(visible(t.Caption)))
	for _, n := range widths {
		w.printf(`<w:gridCol w:w="%d"/>`, n)
	}
	w.WriteString(`</w:tblGrid><w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>`)
	for i, c := range t.Columns {
		w.cell(widths[i], Line(c.Title), "TableHead")
	}
	w.WriteString(`</w:tr>`)
	for _, row := range t.Rows {
		w.WriteString(`<w:tr><w:trPr><w:cantSplit/></w:trPr>`)
		for i, c := range row {
			w.cell(widths[i], c, "TableText")
		}
		w.WriteString(`</w:tr>`)
	}
	// A paragraph between two tables keeps them apart.
	w.WriteString(`</w:tbl><w:p><w:pPr><w:pStyle w:val="AfterTable"/></w:pPr></w:p>`)
}

func (w *docxWriter) cell(width int, c Cell, style string) {
	w.printf(`<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/></w:tcPr>`, width)
	if len(c) == 0 {
		c = Line("")
	}
	for _, t := range c {
		w.paragraph(style, "", t)
	}
	w.WriteString(`</w:tc>`)
}

// contents writes a field that Word and LibreOffice can fill with page numbers when they are asked to, filled with links.
func (w *docxWriter) contents() {
	entries := w.doc.contents()
	for i, e := range entries {
		w.printf(`<w:p><w:pPr><w:pStyle w:val="TOC%d"/></w:pPr>`, e.heading.Level)
		if i == 0 {
			w.WriteString(`<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \o "1-2" \n \h \z \u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>`)
		}
		w.printf(`<w:hyperlink w:anchor="%s" w:history="1"><w:r><w:t xml:space="preserve">%s</w:t></w:r></w:hyperlink>`, tocName(e.index), w.text(e.number+"  "+visible(e.heading.Text)))
		if i == len(entries)-1 {
			w.WriteString(`<w:r><w:fldChar w:fldCharType="end"/></w:r>`)
		}
		w.WriteString(`</w:p>`)
	}
}

func (w *docxWriter) core() string {
	return xmlHead + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/">` +
		`<dc:title>` + w.text(visible(w.doc.Title)) + `</dc:title><dc:subject>` + w.text(visible(w.doc.Subject)) + `</dc:subject><dc:creator>mbamplan</dc:creator>` +
		`<dc:language>` + w.text(visible(w.doc.Language)) + `</dc:language></cp:coreProperties>`
}

func (w *docxWriter) relations() string {
	const base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	var b strings.Builder
	b.WriteString(xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for _, r := range [][3]string{
		{"rIdFonts", "fontTable", "fontTable.xml"},
		{"rIdFooter", "footer", "footer1.xml"},
		{"rIdHeader", "header", "header1.xml"},
		{"rIdNumbering", "numbering", "numbering.xml"},
		{"rIdSettings", "settings", "settings.xml"},
		{"rIdStyles", "styles", "styles.xml"},
	} {
		fmt.Fprintf(&b, `<Relationship Id="%s" Type="%s" Target="%s"/>`, r[0], base+r[1], r[2])
	}
	for _, to := range w.targets {
		fmt.Fprintf(&b, `<Relationship Id="%s" Type="%s" Target="%s" TargetMode="External"/>`, w.links[to], base+"hyperlink", w.text(visible(to)))
	}
	b.WriteString(`</Relationships>`)
	return b.String()
}

func (w *docxWriter) header() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<w:hdr ` + docxSpaces + `>`)
	if w.doc.Notice != "" {
		b.WriteString(`<w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr><w:r><w:rPr><w:b/><w:bCs/><w:color w:val="9C1C12"/></w:rPr><w:t xml:space="preserve">` + w.text(visible(w.doc.Notice)) + `</w:t></w:r></w:p>`)
	} else {
		b.WriteString(`<w:p><w:pPr><w:pStyle w:val="Header"/></w:pPr></w:p>`)
	}
	b.WriteString(`</w:hdr>`)
	return b.String()
}

func (w *docxWriter) footer() string {
	field := func(name string) string {
		return `<w:fldSimple w:instr=" ` + name + ` "><w:r><w:t>1</w:t></w:r></w:fldSimple>`
	}
	return xmlHead + `<w:ftr ` + docxSpaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">` + w.text(visible(w.doc.Title)) + `</w:t></w:r>` +
		`<w:r><w:tab/><w:t xml:space="preserve">Page </w:t></w:r>` + field("PAGE") + `<w:r><w:t xml:space="preserve"> of </w:t></w:r>` + field("NUMPAGES") + `</w:p></w:ftr>`
}
