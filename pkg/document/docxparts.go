package document

import (
	"fmt"
	"strings"
)

// The parts of a Word document that are the same for all, or nearly.
const (
	docxTypes = xmlHead + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/docProps/app.xml" ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/>` +
		`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/fontTable.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.fontTable+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>` +
		`<Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/>` +
		`<Override PartName="/word/numbering.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml"/>` +
		`<Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/></Types>`

	docxPackage = xmlHead + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>` +
		`<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties" Target="docProps/app.xml"/></Relationships>`

	docxApp = xmlHead + `<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"><Application>mbamplan</Application></Properties>`

	docxFonts = xmlHead + `<w:fonts ` + docxSpaces + `><w:font w:name="Calibri"><w:altName w:val="Carlito"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font>` +
		`<w:font w:name="Consolas"><w:altName w:val="DejaVu Sans Mono"/><w:family w:val="modern"/><w:pitch w:val="fixed"/></w:font>` +
		`<w:font w:name="Segoe UI Symbol"><w:altName w:val="DejaVu Sans"/><w:family w:val="swiss"/><w:pitch w:val="variable"/></w:font></w:fonts>`
)

// settings asks for the layout of Word 2013, so that it opens without "compatibility mode".
func (w *docxWriter) settings() string {
	return xmlHead + `<w:settings ` + docxSpaces + `><w:zoom w:percent="100"/><w:defaultTabStop w:val="709"/><w:characterSpacingControl w:val="doNotCompress"/>` +
		`<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>` +
		`<w:themeFontLang w:val="` + w.text(visible(w.doc.Language)) + `"/><w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>`
}

// numbering holds the lists: 1 bullets, 2 headings, from 3 on one for each numbered list.
func (w *docxWriter) numbering() string {
	var b strings.Builder
	b.WriteString(xmlHead + `<w:numbering ` + docxSpaces + `>`)
	b.WriteString(`<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="hybridMultilevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/>` +
		`<w:pPr><w:ind w:left="397" w:hanging="284"/></w:pPr></w:lvl></w:abstractNum>`)
	b.WriteString(`<w:abstractNum w:abstractNumId="1"><w:multiLevelType w:val="multilevel"/>`)
	for i, text := range []string{"%1", "%1.%2", "%1.%2.%3"} {
		fmt.Fprintf(&b, `<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:pStyle w:val="Heading%d"/><w:lvlText w:val="%s"/><w:lvlJc w:val="left"/><w:pPr><w:ind w:left="%[4]d" w:hanging="%[4]d"/></w:pPr></w:lvl>`, i, i+1, text, 624+i*113)
	}
	b.WriteString(`</w:abstractNum>`)
	b.WriteString(`<w:abstractNum w:abstractNumId="2"><w:multiLevelType w:val="hybridMultilevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/><w:lvlJc w:val="left"/>` +
		`<w:pPr><w:ind w:left="454" w:hanging="397"/></w:pPr></w:lvl></w:abstractNum>`)
	b.WriteString(`<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>`)
	for n := firstList + 1; n <= w.lists; n++ {
		fmt.Fprintf(&b, `<w:num w:numId="%d"><w:abstractNumId w:val="2"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>`, n)
	}
	b.WriteString(`</w:numbering>`)
	return b.String()
}

// styles of the document. The names are those that Word knows where it has one, so that its navigation, its contents and its
// accessibility checker find headings, lists and tables.
func (w *docxWriter) styles() string {
	var b strings.Builder
	lang := w.text(visible(w.doc.Language))
	b.WriteString(xmlHead + `<w:styles ` + docxSpaces + `><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Calibri" w:eastAsia="Calibri" w:hAnsi="Calibri" w:cs="Calibri"/>` +
		`<w:sz w:val="20"/><w:szCs w:val="20"/><w:lang w:val="` + lang + `" w:eastAsia="` + lang + `" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>` +
		`<w:pPrDefault><w:pPr><w:spacing w:after="100" w:line="259" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>`)
	style := func(kind, id, name, basedOn, next, more, pPr, rPr string) {
		fmt.Fprintf(&b, `<w:style w:type="%s" w:styleId="%s"`, kind, id)
		if id == "Normal" || id == "DefaultParagraphFont" || id == "TableNormal" {
			b.WriteString(` w:default="1"`)
		}
		if strings.HasPrefix(name, "Farm ") {
			b.WriteString(` w:customStyle="1"`)
		}
		b.WriteString(`><w:name w:val="` + name + `"/>`)
		if basedOn != "" {
			b.WriteString(`<w:basedOn w:val="` + basedOn + `"/>`)
		}
		if next != "" {
			b.WriteString(`<w:next w:val="` + next + `"/>`)
		}
		b.WriteString(more)
		if pPr != "" {
			b.WriteString(`<w:pPr>` + pPr + `</w:pPr>`)
		}
		if rPr != "" {
			b.WriteString(`<w:rPr>` + rPr + `</w:rPr>`)
		}
	}
	end := func() { b.WriteString(`</w:style>`) }
	paragraph := func(id, name, basedOn, next, pPr, rPr string) {
		style("paragraph", id, name, basedOn, next, `<w:qFormat/>`, pPr, rPr)
		end()
	}
	const (
		ink   = `<w:color w:val="1F3864"/>`
		grey  = `<w:color w:val="595959"/>`
		mono  = `<w:rFonts w:ascii="Consolas" w:eastAsia="Consolas" w:hAnsi="Consolas" w:cs="Consolas"/><w:noProof/>`
		small = `<w:sz w:val="18"/><w:szCs w:val="18"/>`
	)
	box := func(side, colour string) string {
		return `<w:` + side + ` w:val="single" w:sz="6" w:space="4" w:color="` + colour + `"/>`
	}
	boxed := func(colour string) string {
		return `<w:pBdr>` + box("top", colour) + box("left", colour) + box("bottom", colour) + box("right", colour) + `</w:pBdr>`
	}
	paragraph("Normal", "Normal", "", "", "", "")
	style("character", "DefaultParagraphFont", "Default Paragraph Font", "", "", `<w:uiPriority w:val="1"/><w:semiHidden/><w:unhideWhenUsed/>`, "", "")
	end()
	style("table", "TableNormal", "Normal Table", "", "", `<w:uiPriority w:val="99"/><w:semiHidden/><w:unhideWhenUsed/>`, "", "")
	b.WriteString(`<w:tblPr><w:tblInd w:w="0" w:type="dxa"/><w:tblCellMar><w:top w:w="0" w:type="dxa"/><w:left w:w="108" w:type="dxa"/><w:bottom w:w="0" w:type="dxa"/><w:right w:w="108" w:type="dxa"/></w:tblCellMar></w:tblPr>`)
	end()
	paragraph("Title", "Title", "Normal", "Normal", `<w:keepNext/><w:spacing w:before="120" w:after="60" w:line="240" w:lineRule="auto"/>`, ink+`<w:sz w:val="44"/><w:szCs w:val="44"/>`)
	paragraph("Subtitle", "Subtitle", "Normal", "Normal", `<w:spacing w:after="200"/>`, grey+`<w:sz w:val="24"/><w:szCs w:val="24"/>`)
	for i, size := range []int{30, 25, 21} {
		before := []int{360, 240, 160}[i]
		paragraph(fmt.Sprintf("Heading%d", i+1), fmt.Sprintf("heading %d", i+1), "Normal", "Normal",
			fmt.Sprintf(`<w:keepNext/><w:keepLines/><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="2"/></w:numPr><w:spacing w:before="%d" w:after="80" w:line="240" w:lineRule="auto"/><w:outlineLvl w:val="%d"/>`, i, before, i),
			fmt.Sprintf(`<w:b/><w:bCs/>%s<w:sz w:val="%d"/><w:szCs w:val="%d"/>`, ink, size, size))
	}
	paragraph("ListBullet", "List Bullet", "Normal", "", `<w:spacing w:after="50"/>`, "")
	paragraph("ListNumber", "List Number", "Normal", "", `<w:spacing w:after="50"/>`, "")
	paragraph("Caption", "caption", "Normal", "Normal", `<w:keepNext/><w:spacing w:before="120" w:after="60" w:line="240" w:lineRule="auto"/>`, `<w:b/><w:bCs/>`+grey+small)
	paragraph("TOC1", "toc 1", "Normal", "Normal", `<w:spacing w:after="20"/>`, "")
	paragraph("TOC2", "toc 2", "Normal", "Normal", `<w:spacing w:after="20"/><w:ind w:left="340"/>`, "")
	paragraph("Header", "header", "Normal", "", `<w:spacing w:after="0" w:line="240" w:lineRule="auto"/>`, small)
	paragraph("Footer", "footer", "Normal", "", fmt.Sprintf(`<w:pBdr><w:top w:val="single" w:sz="4" w:space="4" w:color="A6A6A6"/></w:pBdr><w:tabs><w:tab w:val="right" w:pos="%d"/></w:tabs><w:spacing w:after="0" w:line="240" w:lineRule="auto"/>`, textWidth), grey+small)
	paragraph("TableHead", "Farm Table Head", "Normal", "", `<w:keepNext/><w:spacing w:before="40" w:after="40" w:line="240" w:lineRule="auto"/>`, `<w:b/><w:bCs/>`+ink+small)
	paragraph("TableText", "Farm Table Text", "Normal", "", `<w:spacing w:before="30" w:after="30" w:line="240" w:lineRule="auto"/>`, small)
	paragraph("AfterTable", "Farm After Table", "Normal", "Normal", `<w:spacing w:after="60" w:line="120" w:lineRule="exact"/>`, `<w:sz w:val="8"/><w:szCs w:val="8"/>`)
	paragraph("Boxed", "Farm Boxed", "Normal", "", `<w:keepLines/>`+boxed("B58900")+`<w:shd w:val="clear" w:color="auto" w:fill="FFF8E1"/><w:spacing w:before="120" w:after="160"/><w:ind w:left="113" w:right="113"/>`, "")
	paragraph("Notice", "Farm Notice", "Normal", "", `<w:keepLines/>`+boxed("9C1C12")+`<w:shd w:val="clear" w:color="auto" w:fill="FDECEA"/><w:spacing w:before="0" w:after="200"/><w:ind w:left="113" w:right="113"/>`, `<w:b/><w:bCs/>`)
	paragraph("ProgramText", "Farm Program Text", "Normal", "", `<w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/><w:spacing w:after="0" w:line="240" w:lineRule="auto"/>`, mono+`<w:sz w:val="15"/><w:szCs w:val="15"/>`)
	character := func(id, name, rPr string) {
		style("character", id, name, "DefaultParagraphFont", "", `<w:uiPriority w:val="99"/>`, "", rPr)
		end()
	}
	character("Hyperlink", "Hyperlink", `<w:color w:val="0B4F9E"/><w:u w:val="single"/>`)
	character("ProgramChar", "Farm Program", mono+`<w:sz w:val="17"/><w:szCs w:val="17"/>`)
	character("TickBox", "Farm Tick Box", `<w:rFonts w:ascii="Segoe UI Symbol" w:eastAsia="Segoe UI Symbol" w:hAnsi="Segoe UI Symbol" w:cs="Segoe UI Symbol"/>`)
	style("table", "FarmTable", "Farm Table", "TableNormal", "", `<w:uiPriority w:val="59"/>`, "", "")
	line := func(side string) string {
		return `<w:` + side + ` w:val="single" w:sz="4" w:space="0" w:color="BFBFBF"/>`
	}
	b.WriteString(`<w:tblPr><w:tblBorders>` + line("top") + line("left") + line("bottom") + line("right") + line("insideH") + line("insideV") + `</w:tblBorders></w:tblPr>` +
		`<w:tblStylePr w:type="firstRow"><w:tblPr/><w:tcPr><w:shd w:val="clear" w:color="auto" w:fill="DEE6F0"/></w:tcPr></w:tblStylePr>`)
	end()
	b.WriteString(`</w:styles>`)
	return b.String()
}
