package render

import (
	"regexp"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

var (
	declaration = regexp.MustCompile(`\A\s*<\?xml[^>]*\?>\s*`)
	body        = regexp.MustCompile(`(?i)<body[^>]*>`)
)

// stamped puts the stamp of an unsupported plan into the first lines of a file that has no script header, in the form that
// its language reads as a note. JSON has none; the manifest beside it carries the stamp. Without a stamp the text stays as it is.
func stamped(ext, text, stamp string) (string, error) {
	if stamp == "" {
		return text, nil
	}
	note := func(f func(string) (string, error), before, after string) (string, error) {
		quoted, err := f(stamp)
		return before + quoted + after, err
	}
	var line string
	var err error
	at := 0
	switch ext {
	case "md":
		line, err = note(quote.MDText, "> **", "**\n\n")
	case "txt":
		line, err = note(quote.Line, "", "\n\n")
	case "cfg":
		line, err = note(quote.HANote, "# ", "\n")
	case "inf":
		line, err = note(quote.INFNote, "; ", "\n")
	case "dsh":
		line, err = note(quote.DSHNote, "# ", "\n")
	case "cmd":
		line, err = note(quote.CmdNote, "@rem ", "\n")
	case "xml", "config":
		at = len(declaration.FindString(text))
		line, err = note(quote.XMLNote, "<!-- ", " -->\n")
	case "html":
		if place := body.FindStringIndex(text); place != nil {
			at = place[1]
		}
		line, err = note(quote.HTMLText, "\n<p><strong>", "</strong></p>")
	}
	return text[:at] + line + text[at:], err
}
