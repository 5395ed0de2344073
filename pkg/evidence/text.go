package evidence

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Headline is the summary in one line.
func (r *Report) Headline() string {
	s := r.Summary
	line := fmt.Sprintf("%s: %s; %d of %d planned files done, %s, %s", r.Plan.Name, s.State, s.Done, s.Planned, count(s.Deviations, "deviation"), count(s.Notes, "note"))
	if s.ByHand > 0 {
		line += fmt.Sprintf("; %d by hand, without a record", s.ByHand)
	}
	return line
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// WriteText writes the report for a terminal: the headline, what deviates, what is worth knowing, then every file. Control
// characters of records are made visible.
func (r *Report) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, diag.Visible(r.Headline()))
	last := "none"
	if r.Until != "" {
		last = r.Until
	}
	fmt.Fprintf(b, "topology %s, rendered by mbamplan %s; %s of %s, the last at %s\n", r.Plan.SHA256, diag.Visible(r.Plan.Tool), count(r.Input.Runs, "run"), count(r.Input.Files, "file"), last)
	if r.Plan.Unsupported != "" {
		fmt.Fprintln(b, diag.Visible(r.Plan.Unsupported))
	}
	for _, severity := range []string{Deviation, Remark} {
		title := "\nDeviations"
		if severity == Remark {
			title = "\nNotes"
		}
		open := 0
		for _, f := range r.Findings {
			if f.Severity != severity {
				continue
			}
			if f.Code == NotRun {
				open++
				continue
			}
			if title != "" {
				fmt.Fprintln(b, title)
				title = ""
			}
			fmt.Fprintf(b, "  %-16s %s\n", f.Code, diag.Visible(about(f)+f.Message))
		}
		if open > 0 {
			if title != "" {
				fmt.Fprintln(b, title)
			}
			fmt.Fprintf(b, "  %-16s %s without a record: see below\n", NotRun, count(open, "file"))
		}
	}
	fmt.Fprintln(b, "\nFiles")
	t := tabwriter.NewWriter(b, 2, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  ORDER\tSTATE\tWHO\tFILE\tRUNS\tLAST RUN\tON\tBY\tDIGEST\tRESULT")
	for _, f := range r.Files {
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%d", f.Order, f.State, diag.Visible(f.Actor), diag.Visible(f.Path), len(f.Runs))
		if len(f.Runs) > 0 {
			e := f.Runs[len(f.Runs)-1]
			fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t%s %d", e.Started, cell(e.Host), cell(e.User), digest(e), e.Outcome, e.ExitCode)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(r.Unplanned) > 0 {
		fmt.Fprintln(b, "\nRuns that are not in the plan")
		for _, e := range r.Unplanned {
			fmt.Fprintf(b, "  %s  %s on %s by %s: %s %d\n", e.Started, diag.Visible(e.Name), diag.Visible(e.Host), diag.Visible(e.User), e.Outcome, e.ExitCode)
		}
	}
	return b.Flush()
}

// about names what a finding is about.
func about(f Finding) string {
	var parts []string
	for _, p := range []string{f.Path, f.Host, f.Source} {
		if p != "" && (p != f.Host || f.Path == "") {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + ": "
}

func digest(e Entry) string {
	if e.AsPlanned {
		return "as planned"
	}
	return e.Script[:12] + "…"
}

// cell is a text that fits a column.
func cell(s string) string {
	const most = 48
	if r := []rune(diag.Visible(s)); len(r) > most {
		return string(r[:most-1]) + "…"
	} else {
		return string(r)
	}
}

// WriteJSON writes the report as docs/report.schema.json has it.
func (r *Report) WriteJSON(w io.Writer) error { return writeJSON(w, r) }

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(true) // people open it in a browser, and records are anybody's text
	return e.Encode(v)
}

// Headline is the summary in one line.
func (c *Comparison) Headline() string {
	if len(c.Groups) == 0 {
		return c.Plan.Name + ": the plan has no nodes that should be alike"
	}
	nodes, facts := 0, 0
	for _, g := range c.Groups {
		nodes += len(g.Nodes)
		facts += len(g.Facts)
	}
	state := "the nodes are alike"
	if c.Drift > 0 {
		state = count(c.Drift, "difference")
	}
	return fmt.Sprintf("%s: %s; %s in %s, %s", c.Plan.Name, state, count(nodes, "node"), count(len(c.Groups), "group"), count(facts, "fact"))
}

// WriteText writes the comparison for a terminal: what sets nodes apart, then each group with its facts, a line for each value.
func (c *Comparison) WriteText(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, diag.Visible(c.Headline()))
	for i, f := range c.Findings {
		if i == 0 {
			fmt.Fprintln(b, "\nDifferences")
		}
		about := f.Group
		for _, part := range []string{f.Server, f.Fact} {
			if part != "" {
				about += ", " + part
			}
		}
		fmt.Fprintf(b, "  %-13s %s\n", f.Code, diag.Visible(about+": "+f.Message))
	}
	for _, g := range c.Groups {
		fmt.Fprintf(b, "\n%s\n", diag.Visible(strings.TrimSpace(g.Kind+" "+g.Name)))
		t := tabwriter.NewWriter(b, 2, 4, 2, ' ', 0)
		for _, n := range g.Nodes {
			for _, r := range n.Records {
				at := "no record"
				if r.Host != "" {
					at = fmt.Sprintf("%s  %s %d  %s", r.Started, r.Outcome, r.ExitCode, cell(r.Host))
				}
				fmt.Fprintf(t, "  %s\t%s\t%s\n", cell(n.Server), r.Step, at)
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
		if len(g.Facts) > 0 {
			fmt.Fprintln(t, "  CLASS\tFACT\tNODES\tVALUE")
		}
		for _, f := range g.Facts {
			mark := f.Class
			if f.Differ {
				mark = "DIFFERS"
			}
			name := cell(f.Name)
			for _, v := range distinct(f.Values) {
				fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", mark, name, v.Server, diag.Visible(say(v)))
				mark, name = "", ""
			}
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return b.Flush()
}

// distinct joins the nodes that have one value, in the order of the first of them.
func distinct(values []Value) []Value {
	var out []Value
	of := map[string][]string{}
	for _, v := range values {
		if len(of[fold(v)]) == 0 {
			out = append(out, v)
		}
		of[fold(v)] = append(of[fold(v)], v.Server)
	}
	for i := range out {
		if servers := of[fold(out[i])]; len(servers) == len(values) && len(values) > 2 {
			out[i].Server = fmt.Sprintf("all %d", len(values))
		} else {
			out[i].Server = strings.Join(servers, ", ")
		}
	}
	return out
}

// WriteJSON writes the comparison as docs/compare.schema.json has it.
func (c *Comparison) WriteJSON(w io.Writer) error { return writeJSON(w, c) }
