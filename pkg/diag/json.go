package diag

import (
	"encoding/json"
	"io"
)

// jsonSchema is the version of the JSON form: keys are added within a version, never changed or removed.
const jsonSchema = 1

type jsonReport struct {
	Schema   int           `json:"schema"`
	Tool     string        `json:"tool"`
	Version  string        `json:"version"`
	Files    []string      `json:"files"`
	Errors   int           `json:"errors"`
	Warnings int           `json:"warnings"`
	Notes    int           `json:"notes"`
	Findings []jsonFinding `json:"findings"`
}

// jsonFinding is one finding. A place that is not known is left out: no line is the whole file, no column the whole line.
// Columns count runes from 1; endColumn is the one behind the marked text.
type jsonFinding struct {
	Code      string        `json:"code"`
	Severity  string        `json:"severity"`
	File      string        `json:"file"`
	Line      int           `json:"line,omitempty"`
	Column    int           `json:"column,omitempty"`
	EndColumn int           `json:"endColumn,omitempty"`
	Message   string        `json:"message"`
	Fix       string        `json:"fix,omitempty"`
	Snippet   string        `json:"snippet,omitempty"`
	Waived    *jsonWaived   `json:"waived,omitempty"`
	Related   []jsonRelated `json:"related,omitempty"`
}

type jsonWaived struct {
	Severity string `json:"severity"`
	By       string `json:"by"`
	Until    string `json:"until"`
	Reason   string `json:"reason"`
}

type jsonRelated struct {
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	EndColumn int    `json:"endColumn,omitempty"`
	Message   string `json:"message"`
}

func writeJSON(w io.Writer, r Report) error {
	out := jsonReport{Schema: jsonSchema, Tool: tool, Version: r.Version, Files: []string{}, Findings: []jsonFinding{}}
	out.Files = append(out.Files, r.Files...)
	for i := range r.List {
		d := &r.List[i]
		switch d.Severity {
		case Error:
			out.Errors++
		case Warning:
			out.Warnings++
		case Note:
			out.Notes++
		}
		f := jsonFinding{
			Code: d.Code, Severity: d.Severity.String(), File: d.File, Line: max(d.Pos.Line, 0), EndColumn: endColumn(d.Pos),
			Message: Visible(d.Message), Fix: Visible(d.Fix), Snippet: r.line(d.File, d.Pos),
		}
		if f.EndColumn > 0 {
			f.Column = d.Pos.Col
		}
		if d.Waived != nil {
			f.Waived = &jsonWaived{Severity: d.Waived.Severity.String(), By: d.Waived.By, Until: d.Waived.Until, Reason: d.Waived.Reason}
		}
		for _, o := range d.Related {
			j := jsonRelated{Line: max(o.Pos.Line, 0), EndColumn: endColumn(o.Pos), Message: Visible(o.Message)}
			if j.EndColumn > 0 {
				j.Column = o.Pos.Col
			}
			f.Related = append(f.Related, j)
		}
		out.Findings = append(out.Findings, f)
	}
	return encode(w, out)
}

// encode writes v as indented JSON with a final line end.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
