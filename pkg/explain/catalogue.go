package explain

import (
	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// overlay is a folder for --templates without findings: one step of our own with one script.
const overlay = `-- sources.yaml --
sources:
  house-rules: {title: House rules, grade: field}
-- web/own-check/step.yaml --
number: 999
title: Check what only we have
actor: web administrator
scope: node
sources: [house-rules]
evidence: field
-- web/own-check/verify.ps1.tmpl --
    Add-Info 'Farm' {{ps .Farm.Name}}
`

// catalogueArticles explain what can be wrong with a folder for --templates (MBP08xx).
func catalogueArticles() []Article {
	a := func(id, why, fix string, edits ...string) Article {
		return article(catalog.Codes(), id, diag.Error, why, fix, Example{Overlay: true, Wrong: edits}, "general-practice")
	}
	return []Article{
		a(catalog.CodeBadStep, "A step must have a step.yaml, a number of its own, and for an inferred fact the check on the machine that proves it. Readers rely on what the step says about itself.",
			"Mend step.yaml as the finding says.", "evidence: field", "evidence: inferred"),
		a(catalog.CodeNeeds, "People follow the numbers. A step must therefore have a higher number than every step that it needs, and what it needs must exist; then there is no cycle either.",
			"Name a step that exists and has a lower number.", "evidence: field", "needs: [web/our-agent]\nevidence: field"),
		a(catalog.CodeTemplate, "The template is not one of Go's text/template, or uses a function or block that it does not have.",
			"Mend the marked action.", "{{ps .Farm.Name}}", "{{powershell .Farm.Name}}"),
		a(catalog.CodeUnquoted, "A value in the bare text of a script is code: a quote in a name ends the string, and what follows runs. Every action therefore ends in a function that makes a literal of its language.",
			"End the action in a quoting function, without quotes around it.", "{{ps .Farm.Name}}", "'{{.Farm.Name}}'"),
		a(catalog.CodeContext, "A quoting function makes a whole literal with its quotes. Inside a string, its quotes would end that string; a note belongs into a comment.",
			"Move the action out of the string or comment, or use the function for that place.", "{{ps .Farm.Name}}", "\"Farm {{ps .Farm.Name}}\""),
		a(catalog.CodeSource, "Every step names the document that asks for it, so that its reader can tell a vendor's word from ours.",
			"Cite a source that is listed, or list it in sources.yaml of the folder.", "sources: [house-rules]", "sources: [house]"),
		a(catalog.CodeUnknownFile, "The name of a file says what it is for and in which language values are quoted. Without it a value could not be quoted.",
			"Name the file <kind>[.<name>].<extension>.tmpl with an extension that has quoting rules.", "verify.ps1.tmpl", "verify.vbs.tmpl"),
	}
}
