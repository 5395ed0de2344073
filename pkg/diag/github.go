package diag

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// The escapes of workflow commands (GitHub, "Workflow commands for GitHub Actions" and the runner's ActionCommand).
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// writeGitHub writes a workflow command for each finding.
func writeGitHub(w io.Writer, r Report) error {
	b := bufio.NewWriter(w)
	for i := range r.List {
		d := &r.List[i]
		level := d.Severity.String()
		if d.Severity == Note {
			level = "notice"
		}
		b.WriteString("::" + level + " ")
		if d.File != "" {
			b.WriteString("file=" + githubProperty.Replace(r.githubFile(d.File)) + ",")
		}
		if d.Pos.Line >= 1 {
			b.WriteString("line=" + strconv.Itoa(d.Pos.Line) + ",")
		}
		if end := endColumn(d.Pos); end > 0 {
			b.WriteString("col=" + strconv.Itoa(d.Pos.Col) + ",endColumn=" + strconv.Itoa(end) + ",")
		}
		title := d.Code
		if r.Rule != nil {
			if about, ok := r.Rule(d.Code); ok {
				title += " " + about.Title
			}
		}
		text := Visible(d.Message)
		if d.Fix != "" {
			text += "\nfix: " + Visible(d.Fix)
		}
		for _, o := range d.Related {
			text += "\n" + Visible(o.Message)
			if at := o.Pos.String(); at != "" {
				text += " (" + at + ")"
			}
		}
		b.WriteString("title=" + githubProperty.Replace(Visible(title)) + "::" + githubData.Replace(text) + "\n")
	}
	return b.Flush()
}

// githubFile names a file as the runner wants it: below the checkout, with forward slashes.
func (r Report) githubFile(file string) string { return Visible(r.relative(file)) }
