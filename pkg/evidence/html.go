package evidence

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

//go:embed report.html.tmpl
var page string

// WriteHTML writes the report as one file that needs nothing beside it and runs nothing. html/template quotes by context, which
// package quote leaves to the author of a template; what it fills in here is text of any server. The page's own policy forbids
// scripts and requests, should anything ever slip through.
func (r *Report) WriteHTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{"see": diag.Visible, "class": style, "policy": policy}).Parse(page)
	if err != nil {
		return fmt.Errorf("read the template of the report: %w", err)
	}
	return t.Execute(w, r)
}

// policy is the digest of the page's style, by which its policy names it.
func policy() string {
	_, rest, _ := strings.Cut(page, "<style>")
	css, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(css))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// style is that of a state: good, bad or open.
func style(state string) string {
	switch state {
	case Done, RunState, "as planned":
		return "good"
	case NotRunState, ByHandState, "incomplete", Skipped:
		return "open"
	}
	return "bad"
}

// By lists the findings of a severity, for the page. Files without a record stand in the table of files.
func (r *Report) By(severity string) []Finding {
	var out []Finding
	for _, f := range r.Findings {
		if f.Severity == severity && f.Code != NotRun {
			out = append(out, f)
		}
	}
	return out
}
