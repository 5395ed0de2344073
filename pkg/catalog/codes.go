package catalog

import "github.com/mbamplan/mbamplan/pkg/diag"

// Codes returns every code of findings about the catalogue and its overlay with its title, in order.
func Codes() []diag.Code {
	return []diag.Code{
		{ID: CodeBadStep, Title: "a step says something impossible"},
		{ID: CodeNeeds, Title: "a step needs one that is missing or comes later"},
		{ID: CodeTemplate, Title: "a template does not parse"},
		{ID: CodeUnquoted, Title: "a value reaches a script unquoted"},
		{ID: CodeContext, Title: "a quoting function stands where its result means something else"},
		{ID: CodeSource, Title: "a step cites a source that is not listed"},
		{ID: CodeUnknownFile, Title: "the name of a file says no kind or language"},
	}
}
