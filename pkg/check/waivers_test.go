package check_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/render"
	"github.com/mbamplan/mbamplan/pkg/secrets"
)

func waiver(code, until string) string {
	return fmt.Sprintf("\n  - {code: %s, reason: tested in the lab, who: Jo Berg, until: %q}", code, until)
}

func TestWaive(t *testing.T) {
	today := time.Date(2026, 6, 15, 23, 30, 0, 0, time.FixedZone("west", -8*3600))
	beyond := []string{`windows: "2019"`, `windows: "2022"`} // MBP1901, a warning on every host
	inClear := []string{"      certificate: {thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D, template: WebServerClientAuth}\n", ""}
	for _, tt := range []struct {
		name    string
		edits   []string
		waivers string
		errors  int      // errors that are left
		lines   []string // "severity code: part of the message" of findings that must be there
		absent  string   // "severity code" that must not be there
		holding int
	}{
		{"a warning", beyond, waiver("MBP1901", "2026-12-31"), 0, []string{"note MBP1901: outside MBAM's support matrix; waived by Jo Berg until 2026-12-31: tested in the lab"}, "warning MBP1901", 1},
		{"an error", inClear, waiver("MBP1404", "2026-12-31"), 0, []string{"note MBP1404: waived by Jo Berg"}, "error MBP1404", 1},
		{"the last day", beyond, waiver("MBP1901", "2026-06-15"), 0, []string{"note MBP1901: waived"}, "warning MBP1901", 1},
		{"the day after", beyond, waiver("MBP1901", "2026-06-14"), 1, []string{"error MBP0403: the waiver of MBP1901 by Jo Berg ended on 2026-06-14", "warning MBP1901: outside"}, "note MBP1901", 0},
		{"an expired one and its successor", beyond, waiver("MBP1901", "2026-06-14") + waiver("MBP1901", "2027-01-01"), 1, []string{"error MBP0403:", "note MBP1901: until 2027-01-01"}, "warning MBP1901", 1},
		{"two that hold", beyond, waiver("MBP1901", "2026-12-31") + waiver("MBP1901", "2027-12-31"), 0, []string{"note MBP1901: until 2026-12-31", "warning MBP0404: no finding of MBP1901"}, "", 2},
		{"nothing to waive", nil, waiver("MBP1404", "2026-12-31"), 0, []string{"warning MBP0404: no finding of MBP1404"}, "", 1},
		{"another code", beyond, waiver("MBP1404", "2026-12-31"), 0, []string{"warning MBP1901: outside", "warning MBP0404:"}, "note MBP1901", 1},
		{"no code of a rule", nil, waiver("MBP1910", "2026-12-31"), 1, []string{`error MBP0401: "MBP1910" is no code`}, "", 0},
		{"a shape", nil, waiver("MBP0208", "2026-12-31"), 1, []string{"error MBP0401: MBP0208 cannot be waived"}, "", 0},
		{"a firm rule", nil, waiver("MBP1306", "2026-12-31"), 1, []string{"error MBP0401: MBP1306 cannot be waived"}, "", 0},
		{"no date", nil, waiver("MBP1901", "soon"), 1, []string{`error MBP0402: "soon" is no date`}, "", 0},
		{"no day of the calendar", nil, waiver("MBP1901", "2026-02-30"), 1, []string{`error MBP0402:`}, "", 0},
		{"a date of another form", nil, waiver("MBP1901", "31.12.2026"), 1, []string{`error MBP0402:`}, "", 0},
		{"a reference that fails", []string{"compliance: MBAM-AG", "compliance: MBAM"}, waiver("MBP1901", "2020-01-01"), 1, []string{"error MBP0303:"}, "error MBP0403", 0},
		{"without reason", nil, "\n  - {code: MBP1901, who: Jo Berg, until: \"2026-12-31\"}", 1, []string{`error MBP0202: required key "reason"`}, "error MBP0401", 0},
		{"an unquoted date", nil, "\n  - {code: MBP1901, reason: x, who: Jo, until: 2026-12-31}", 1, []string{`error MBP0206: put it in quotes`}, "error MBP0402", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := edit(t, read(t, always), tt.edits...) + "waivers:" + tt.waivers + "\n"
			loaded, _, found := compile.Topology("test.yaml", []byte(text))
			before := found.Errors()
			got, holding := check.Waive(loaded, found, today)
			if found.Errors() != before {
				t.Error("the list given was changed")
			}
			if got.Errors() != tt.errors || len(holding) != tt.holding {
				t.Errorf("%d errors and %d waivers, want %d and %d", got.Errors(), len(holding), tt.errors, tt.holding)
			}
			var lines []string
			for _, d := range got {
				lines = append(lines, fmt.Sprintf("%s %s: %s", d.Severity, d.Code, d.Message))
				if d.Pos.Line < 1 || d.Severity != diag.Note && d.Fix == "" {
					t.Errorf("no place or no fix: %+v", d)
				}
			}
			for _, want := range tt.lines {
				head, text, _ := strings.Cut(want, ":")
				hit := false
				for _, l := range lines {
					hit = hit || strings.HasPrefix(l, head+":") && strings.Contains(l, strings.TrimSpace(text))
				}
				if !hit {
					t.Errorf("no %q in\n%s", want, strings.Join(lines, "\n"))
				}
			}
			if tt.absent != "" && strings.Contains("\n"+strings.Join(lines, "\n"), "\n"+tt.absent+":") {
				t.Errorf("%s is still in\n%s", tt.absent, strings.Join(lines, "\n"))
			}
		})
	}
}

func TestWaiversCarryWhatTheyWaived(t *testing.T) {
	text := edit(t, read(t, always), `windows: "2019"`, `windows: "2022"`) + "waivers:" + waiver("MBP1901", "2026-12-31") + "\n"
	loaded, f, found := compile.Topology("test.yaml", []byte(text))
	_, holding := check.Waive(loaded, found, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	if len(holding) != 1 || holding[0].Rule.Title == "" || holding[0].Who != "Jo Berg" || len(holding[0].Findings) != len(f.Hosts) {
		t.Errorf("got %+v", holding)
	}
	for _, d := range holding[0].Findings {
		if d.Waived == nil || d.Waived.Severity != diag.Warning || d.Severity != diag.Note {
			t.Errorf("got %+v", d)
		}
	}
}

// TestWaivedFarmsRender renders every case of an error that can be waived: a rule whose breach cannot be rendered has to be
// firm.
func TestWaivedFarmsRender(t *testing.T) {
	if testing.Short() {
		t.Skip("renders a farm for every rule")
	}
	c, _, err := compile.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	rendered := 0
	for _, k := range cases {
		text := edit(t, read(t, k.example), k.edits...) + "\nwaivers:" + waiver(k.code, "2026-12-31") + "\n"
		loaded, f, found := compile.Topology("test.yaml", []byte(text))
		before := found.Errors()
		found, _ = check.Waive(loaded, found, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if before == 0 || found.Errors() > 0 {
			continue // a warning, a firm rule, or a case that breaks another rule too
		}
		rendered++
		p, err := c.Plan(f)
		if err != nil {
			t.Errorf("%s with %q: %v", k.code, k.edits, err)
			continue
		}
		if _, more, err := c.Tree(p, render.Options{Redacted: true, Secrets: secrets.Redacted()}); err != nil || len(more) > 0 {
			t.Errorf("%s with %q: %v %v", k.code, k.edits, err, more)
		}
	}
	if rendered < 20 {
		t.Errorf("%d farms were rendered", rendered)
	}
}
