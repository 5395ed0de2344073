package render

import (
	"regexp"
	"slices"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

var (
	declaration = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A\s*<\?xml[^>]*\?>\s*`) })
	body        = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)<body[^>]*>`) })
)

// stamped puts stamps, as that of an unsupported plan, into the first lines of a file that has no script header, in the form
// that its language reads as a note. JSON has none; the manifest beside it tells the same. An empty stamp is none.
func stamped(ext string, text []byte, stamps ...string) ([]byte, error) {
	var err error
	for i := len(stamps) - 1; i >= 0 && err == nil; i-- {
		if stamps[i] != "" {
			text, err = stampedOnce(ext, text, stamps[i])
		}
	}
	return text, err
}

func stampedOnce(ext string, text []byte, stamp string) ([]byte, error) {
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
		at = len(declaration().Find(text))
		line, err = note(quote.XMLNote, "<!-- ", " -->\n")
	case "html":
		if place := body().FindIndex(text); place != nil {
			at = place[1]
		}
		line, err = note(quote.HTMLText, "\n<p><strong>", "</strong></p>")
	}
	return slices.Concat(text[:at], []byte(line), text[at:]), err
}
