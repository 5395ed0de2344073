package explain

import (
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// yamlArticles explain what can be wrong with the text of a file (MBP01xx).
func yamlArticles() []Article {
	a := func(id, why, fix string, e Example, sources ...string) Article {
		return article(yamlsrc.Codes(), id, diag.Error, why, fix, e, sources...)
	}
	warn := func(id, why, fix string, e Example, sources ...string) Article {
		return article(yamlsrc.Codes(), id, diag.Warning, why, fix, e, sources...)
	}
	return []Article{
		a(yamlsrc.CodeTooBig, "A topology of a large farm has a few kilobytes. A file of more than 1 MiB is another file, or one that was made to exhaust memory; it is not read.",
			"Name the topology file.", wrong("schema: 1\n", "# "+strings.Repeat("x", yamlsrc.MaxBytes)+"\nschema: 1\n"), "general-practice"),
		a(yamlsrc.CodeEncoding, "YAML is Unicode. A file in a Windows code page or in UTF-16 would give names other than those that its author saw, and they would go into scripts.",
			"Save the file with the encoding UTF-8.", wrong("companyName: Contoso IT", "companyName: B\xfcro"), "yaml-spec"),
		a(yamlsrc.CodeBinary, "A byte 0 stands in no text. The file is a program, an archive or a document of a word processor.",
			"Name a text file.", wrong("dns: contoso.com", "dns: contoso.com\x00"), "yaml-spec"),
		a(yamlsrc.CodeControl, "Control characters and the unusual line ends of Unicode are invisible in an editor, and YAML forbids most of them. They come from copying out of other programs.",
			"Delete the character.", wrong("pool: svc-mbam-pool", "pool: svc-mbam-pool\x01"), "yaml-spec"),
		a(yamlsrc.CodeEmpty, "A file of comments and blank lines describes no farm.",
			"Write the topology; the built-in example is a start.", Example{Whole: "# nothing yet\n"}, "general-practice"),
		a(yamlsrc.CodeTooDeep, "No topology needs more than a dozen levels. Deeper nesting is a mistake or an attempt to exhaust the program.",
			"Remove the superfluous brackets.", wrong("schema: 1\n", "schema: 1\nsecrets: "+strings.Repeat("[", yamlsrc.MaxDepth)+strings.Repeat("]", yamlsrc.MaxDepth)+"\n"), "general-practice"),
		a(yamlsrc.CodeAliases, "An alias repeats a value, and aliases of aliases repeat it many times over: a few lines can stand for millions of values. One that stands inside the value it names would never end.",
			"Write the values out.", wrong("nodes: [WEB1, WEB2]", "nodes: &nodes [WEB1, *nodes]"), "yaml-spec", "general-practice"),
		a(yamlsrc.CodeMergeKey, "The merge key was never part of YAML 1.2, and tools disagree on which value wins. A value must be seen where it stands.",
			"Write the keys out, or put common values under defaults.", wrong("  SQL1:\n  SQL2:\n", "  SQL1: &sql {port: 1433}\n  SQL2:\n    <<: *sql\n"), "yaml-spec"),
		a(yamlsrc.CodeDocuments, "A line of three dashes begins a second document, which most tools ignore without a word. One file is one farm.",
			"Remove the line, or move what follows to a file of its own.", wrong("hosts:\n", "---\nhosts:\n"), "yaml-spec"),
		a(yamlsrc.CodeTag, "Tags ask a reader to build values of other types, and some readers run code for it. A topology has texts, whole numbers and truth values only.",
			"Remove the tag.", wrong("pool: svc-mbam-pool", "pool: !secret svc-mbam-pool"), "yaml-spec"),
		a(yamlsrc.CodeKey, "YAML allows lists and mappings as keys; a topology has names there.",
			"Write the key as a simple word.", wrong("  name: SQLCLU1", "  [name]: SQLCLU1"), "yaml-spec"),
		a(yamlsrc.CodeDuplicate, "YAML wants keys to be unique; tools that do not check it take the first or the last. Which value was meant cannot be known.",
			"Remove or rename one of the two.", wrong("  netbios: CONTOSO\n", "  netbios: CONTOSO\n  dns: corp.contoso.com\n"), "yaml-spec"),
		a(yamlsrc.CodeSyntax, "The text does not follow the grammar of YAML in a way for which there is no finding of its own.",
			"Mend the marked line.", wrong("schema: 1\n", "%YAML 3.0\n---\nschema: 1\n"), "yaml-spec"),
		a(yamlsrc.CodeTab, "YAML forbids tabs as indentation, because each editor shows them with another width.",
			"Indent with blanks.", wrong("  dns: contoso.com", "\tdns: contoso.com"), "yaml-spec"),
		a(yamlsrc.CodeQuote, "A quote that is opened swallows the lines below up to the next one. The finding stands where the quote was opened, not where the reader stumbled.",
			"Close the quote, or write an apostrophe in single quotes twice.", wrong("pool: svc-mbam-pool", "pool: 'svc-mbam-pool"), "yaml-spec"),
		a(yamlsrc.CodeIndent, "The indentation says what belongs to what. A line that begins at no level, or deeper than a key that has its value already, belongs to nothing.",
			"Indent the line like its neighbours.", wrong("  netbios: CONTOSO", "   netbios: CONTOSO"), "yaml-spec"),
		a(yamlsrc.CodeAnchor, "An alias repeats the value that an anchor above it names.",
			"Write the value, or name it with & above.", wrong("nodes: [WEB1, WEB2]", "nodes: *webnodes"), "yaml-spec"),
		a(yamlsrc.CodeEscape, "In double quotes a backslash begins an escape, so Windows paths break there. In single quotes and without quotes it stands for itself.",
			"Use single quotes or none.", wrong(`media: \\fs1.contoso.com\mbam\MbamServerSetup.exe`, `media: "\\fs1.contoso.com\mbam\MbamServerSetup.exe"`), "yaml-spec"),
		a(yamlsrc.CodeBracket, "A bracket that is not closed takes everything below into its list.",
			"Close the bracket with one of its kind.", wrong("nodes: [WEB1, WEB2]", "nodes: [WEB1, WEB2"), "yaml-spec"),
		a(yamlsrc.CodeNeedsQuotes, "Some characters mean something to YAML at the beginning of a value or inside it, such as @, %, | and a colon with a blank.",
			"Put the value in quotes.", wrong("companyName: Contoso IT", "companyName: @Contoso"), "yaml-spec"),
		a(yamlsrc.CodeColon, "A key ends with a colon and a blank. Without the blank, key and value are one text.",
			`Write "key: value".`, wrong("  netbios: CONTOSO", "  netbios:CONTOSO"), "yaml-spec"),
		warn(yamlsrc.CodeBlank, "A non-breaking space looks like a blank and is another character: a group of that name does not exist. It comes from web pages and word processors.",
			"Retype the blank; put the value in quotes if the character is meant.", wrong("helpdesk: MBAM Helpdesk", "helpdesk: MBAM\u00a0Helpdesk"), "general-practice"),
		warn(yamlsrc.CodeTypographic, "Typographic quotes are no quotes to YAML; they become part of the value.",
			"Retype the quotes as \" or '.", wrong("companyName: Contoso IT", "companyName: “Contoso IT”"), "yaml-spec").covering("WIN-T112"),
		a(yamlsrc.CodeReaderFailed, "The library that reads YAML failed on the text with a defect of its own. Nothing is read, and nothing is written.",
			"Simplify the line that was changed last, and report the file.", Example{None: "no text is known that brings it about."}, "general-practice"),
		a(yamlsrc.CodeTooMany, "A plan of a hundred servers has some two thousand keys and values. A file with ten times as many is no plan of a farm, and rules that compare each value with each other would never end.",
			"Name the topology file.", wrong("schema: 1\n", "schema: 1\nsecrets: ["+strings.Repeat("x,", yamlsrc.MaxValues)+"]\n"), "general-practice"),
	}
}
