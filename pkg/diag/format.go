package diag

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The formats that [Write] knows.
const (
	FormatText   = "text"   // for people: WriteText
	FormatJSON   = "json"   // one object with every finding, for other programs
	FormatSARIF  = "sarif"  // SARIF 2.1.0, for code scanning
	FormatJUnit  = "junit"  // a JUnit report, for build servers
	FormatGitHub = "github" // workflow commands, which GitHub shows beside the line
)

// Formats lists the formats as they are offered to people.
func Formats() []string {
	return []string{FormatText, FormatJSON, FormatSARIF, FormatJUnit, FormatGitHub}
}

// maxSnippet is how many runes of a source line a report carries; a longer line is left out, so that a report stays small
// whatever the file is.
const maxSnippet = 400

// Rule says what a code means, for the formats that carry such texts.
type Rule struct {
	Code
	Severity Severity
	// Why says in a few sentences what is wrong with it and why it matters.
	Why string
	// Fix says how it is mended.
	Fix string
}

// Report is a list of findings with what a format needs beside them.
type Report struct {
	// Version is that of this program, for the formats that name their writer.
	Version string
	// Files are the files that were looked at, findings or not.
	Files []string
	List  List
	// Lines returns the lines of a file without their ends; it may be nil or return nil.
	Lines func(file string) []string
	// Rule returns what a code means; it may be nil.
	Rule func(code string) (Rule, bool)
	// Root is the absolute folder that files are named relative to where a format wants a URI. An absolute path outside
	// it becomes a file: URI.
	Root string
	// Color is for FormatText only.
	Color bool
}

// Write writes a report in one of [Formats]. Equal reports give equal bytes; the error is that of w, or that the format is
// unknown.
func Write(w io.Writer, format string, r Report) error {
	switch format {
	case FormatText:
		return WriteText(w, r.List, r.Lines, r.Color)
	case FormatJSON:
		return writeJSON(w, r)
	case FormatSARIF:
		return writeSARIF(w, r)
	case FormatJUnit:
		return writeJUnit(w, r)
	case FormatGitHub:
		return writeGitHub(w, r)
	}
	return fmt.Errorf("unknown format %q; expected %s", format, strings.Join(Formats(), ", "))
}

// line returns the source line of a place, "" when it is not known, empty or too long to repeat.
func (r Report) line(file string, pos Pos) string {
	if r.Lines == nil || pos.Line < 1 {
		return ""
	}
	lines := r.Lines(file)
	if pos.Line > len(lines) {
		return ""
	}
	line := lines[pos.Line-1]
	if len(line) > maxSnippet*utf8.UTFMax || utf8.RuneCountInString(line) > maxSnippet || strings.TrimSpace(line) == "" {
		return ""
	}
	return strings.ToValidUTF8(line, "\uFFFD")
}

// marked returns the part of a line that pos marks, "" when there is none.
func marked(line string, pos Pos) string {
	row := []rune(line)
	if pos.Col < 1 || pos.Col > len(row) {
		return ""
	}
	return string(row[pos.Col-1 : min(endColumn(pos)-1, len(row))])
}

// endColumn is the column behind the marked text, 0 when the place has no column.
func endColumn(pos Pos) int {
	if pos.Line < 1 || pos.Col < 1 {
		return 0
	}
	return pos.Col + max(pos.Len, 1)
}

// files lists the files of a report in order: those that were looked at, then those that only a finding names.
func (r Report) files() []string {
	out := slices.Clone(r.Files)
	for i := range r.List {
		if !slices.Contains(out, r.List[i].File) {
			out = append(out, r.List[i].File)
		}
	}
	return out
}
