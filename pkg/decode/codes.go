package decode

import "github.com/mbamplan/mbamplan/pkg/diag"

// The codes of findings about keys and values.
const (
	CodeUnknownKey   = "MBP0201"
	CodeMissingKey   = "MBP0202"
	CodeType         = "MBP0203"
	CodeNumber       = "MBP0204"
	CodeBool         = "MBP0205"
	CodeUnquoted     = "MBP0206"
	CodeEnum         = "MBP0207"
	CodeShape        = "MBP0208"
	CodeControl      = "MBP0209"
	CodeLineBreak    = "MBP0210"
	CodeSameName     = "MBP0211"
	CodeNoValue      = "MBP0212"
	CodeCleanedValue = "MBP0213"
)

// Codes returns every code of this package with its title, in order.
func Codes() []diag.Code {
	return []diag.Code{
		{ID: CodeUnknownKey, Title: "a key is unknown"},
		{ID: CodeMissingKey, Title: "a required key is missing"},
		{ID: CodeType, Title: "a value, a list or a mapping stands where another of them was expected"},
		{ID: CodeNumber, Title: "a value is not a whole number"},
		{ID: CodeBool, Title: "a value is neither true nor false"},
		{ID: CodeUnquoted, Title: "an unquoted value would be read as another value"},
		{ID: CodeEnum, Title: "a value is not one of the allowed ones"},
		{ID: CodeShape, Title: "a value has not the expected form"},
		{ID: CodeControl, Title: "an invisible character stands in a value"},
		{ID: CodeLineBreak, Title: "a value has more than one line"},
		{ID: CodeSameName, Title: "two names differ only in upper and lower case"},
		{ID: CodeNoValue, Title: "a key has no value"},
		{ID: CodeCleanedValue, Title: "a value was cleaned of characters that do not belong to it"},
	}
}
