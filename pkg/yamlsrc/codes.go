package yamlsrc

import "github.com/mbamplan/mbamplan/pkg/diag"

// The codes of findings about YAML text.
const (
	CodeTooBig       = "MBP0101"
	CodeEncoding     = "MBP0102"
	CodeBinary       = "MBP0103"
	CodeControl      = "MBP0104"
	CodeEmpty        = "MBP0105"
	CodeTooDeep      = "MBP0106"
	CodeAliases      = "MBP0107"
	CodeMergeKey     = "MBP0108"
	CodeDocuments    = "MBP0109"
	CodeTag          = "MBP0110"
	CodeKey          = "MBP0111"
	CodeDuplicate    = "MBP0112"
	CodeSyntax       = "MBP0113"
	CodeTab          = "MBP0114"
	CodeQuote        = "MBP0115"
	CodeIndent       = "MBP0116"
	CodeAnchor       = "MBP0117"
	CodeEscape       = "MBP0118"
	CodeBracket      = "MBP0119"
	CodeNeedsQuotes  = "MBP0120"
	CodeColon        = "MBP0121"
	CodeBlank        = "MBP0122"
	CodeTypographic  = "MBP0123"
	CodeReaderFailed = "MBP0124"
	CodeTooMany      = "MBP0125"
)

// Codes returns every code of this package with its title, in order.
func Codes() []diag.Code {
	return []diag.Code{
		{ID: CodeTooBig, Title: "the file is larger than 1 MiB"},
		{ID: CodeEncoding, Title: "the file is not UTF-8"},
		{ID: CodeBinary, Title: "the file is not text"},
		{ID: CodeControl, Title: "a control character or an unusual line end stands in the file"},
		{ID: CodeEmpty, Title: "the file has no content"},
		{ID: CodeTooDeep, Title: "values are nested more than 64 levels deep"},
		{ID: CodeAliases, Title: "aliases expand to more than 10,000 values, or to themselves"},
		{ID: CodeMergeKey, Title: "a merge key is used"},
		{ID: CodeDocuments, Title: "the file holds more than one document"},
		{ID: CodeTag, Title: "a YAML tag is used"},
		{ID: CodeKey, Title: "a key is not a simple value"},
		{ID: CodeDuplicate, Title: "a key stands twice in one mapping"},
		{ID: CodeSyntax, Title: "the file is not YAML"},
		{ID: CodeTab, Title: "a tab is used for indentation"},
		{ID: CodeQuote, Title: "a quoted value is not closed, or text follows it"},
		{ID: CodeIndent, Title: "a line is indented to no level"},
		{ID: CodeAnchor, Title: "an alias names no anchor"},
		{ID: CodeEscape, Title: "a backslash in double quotes starts no escape"},
		{ID: CodeBracket, Title: "a bracket is not closed, or closed by another kind"},
		{ID: CodeNeedsQuotes, Title: "a value needs quotes"},
		{ID: CodeColon, Title: "a key lacks its colon, or the blank behind it"},
		{ID: CodeBlank, Title: "a non-breaking space stands in an unquoted value"},
		{ID: CodeTypographic, Title: "typographic quotes stand around an unquoted value"},
		{ID: CodeReaderFailed, Title: "the YAML reader gave up on the file"},
		{ID: CodeTooMany, Title: "the file has more than 20,000 keys and values"},
	}
}
