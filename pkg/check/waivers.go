package check

import (
	"fmt"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// The codes of findings about waivers.
const (
	CodeWaiverCode    = "MBP0401"
	CodeWaiverDate    = "MBP0402"
	CodeWaiverExpired = "MBP0403"
	CodeWaiverUnused  = "MBP0404"
)

// WaiverCodes returns the codes of findings about waivers with their titles, in order.
func WaiverCodes() []diag.Code {
	return []diag.Code{
		{ID: CodeWaiverCode, Title: "a waiver names no rule"},
		{ID: CodeWaiverDate, Title: "a waiver has no date until which it holds"},
		{ID: CodeWaiverExpired, Title: "a waiver has expired"},
		{ID: CodeWaiverUnused, Title: "a waiver waives nothing"},
	}
}

// Waiver is a waiver of the topology with what it waived.
type Waiver struct {
	Rule   Rule
	Reason string
	Who    string
	Until  string // YYYY-MM-DD, the last day it holds
	// Findings are those that it waived, as they are printed.
	Findings diag.List
}

// Waivers are the waivers of a topology that hold, in the order of the file.
type Waivers []Waiver

// dateForm is how a waiver writes its last day.
const dateForm = "2006-01-02"

// Waive applies the waivers of a topology to the findings about it. A waived finding becomes a note that says who answers
// for it; findings of other codes stay. A waiver of no rule or a firm one, without a date or past it waives nothing and is
// an error; one that waives nothing is a warning. today is any time of the current day in the caller's zone; it decides nothing but
// which waivers have expired.
//
// While the topology cannot be read or resolved no rule has run; the findings then stay as they are. The list given is not
// changed. The waivers returned are those that hold, used or not.
func Waive(l *topology.Loaded, found diag.List, today time.Time) (diag.List, Waivers) {
	if len(l.File.Waivers) == 0 || !rulesRan(found) {
		return found, nil
	}
	rules := map[string]Rule{}
	for _, r := range Rules() {
		rules[r.Code] = r
	}
	out := append(diag.List(nil), found...)
	var holding Waivers
	var own diag.List
	for i := range l.File.Waivers {
		w := &l.File.Waivers[i]
		at := decode.Item("waivers", i)
		if problem := refuse(w, rules, today.Format(dateForm)); problem != nil {
			problem.File, problem.Pos = l.Name, l.Origins.At(at+"."+problemKey(problem.Code))
			own = append(own, *problem)
			continue
		}
		holds := Waiver{Rule: rules[w.Code], Reason: w.Reason, Who: w.Who, Until: w.Until}
		for j := range out {
			d := &out[j]
			if d.Code != w.Code || d.Waived != nil {
				continue
			}
			d.Waived = &diag.Waived{Severity: d.Severity, By: w.Who, Until: w.Until, Reason: w.Reason}
			d.Severity = diag.Note
			d.Message += "; " + d.Waived.String()
			holds.Findings = append(holds.Findings, *d)
		}
		if len(holds.Findings) == 0 {
			own = append(own, diag.Diagnostic{
				Code: CodeWaiverUnused, Severity: diag.Warning, File: l.Name, Pos: l.Origins.At(at + ".code"),
				Message: fmt.Sprintf("no finding of %s is left to waive", w.Code), Fix: "remove the waiver",
			})
		}
		holding = append(holding, holds)
	}
	out = append(out, own...)
	out.Sort()
	return out, holding
}

// problemKey is the key of a waiver that a finding about it points at.
func problemKey(code string) string {
	if code == CodeWaiverCode {
		return "code"
	}
	return "until"
}

// refuse says why a waiver does not hold, nil when it does.
func refuse(w *topology.Waiver, rules map[string]Rule, today string) *diag.Diagnostic {
	rule, ok := rules[w.Code]
	if rule.Firm {
		return &diag.Diagnostic{
			Code: CodeWaiverCode, Message: fmt.Sprintf("%s cannot be waived: what it refuses cannot be rendered whole", w.Code),
			Fix: "mend the finding and remove the waiver",
		}
	}
	if !ok {
		d := &diag.Diagnostic{Code: CodeWaiverCode, Message: fmt.Sprintf("%q is no code of a rule", w.Code), Fix: "mbamplan explain lists the codes"}
		var codes []string
		for _, r := range Rules() {
			codes = append(codes, r.Code)
		}
		if near := diag.Suggest(w.Code, codes); near != "" {
			d.Fix = fmt.Sprintf("did you mean %q?", near)
		}
		if strings.HasPrefix(w.Code, "MBP0") {
			d.Message = fmt.Sprintf("%s cannot be waived: without what it asks for nothing can be planned", w.Code)
			d.Fix = "mend the finding and remove the waiver"
		}
		return d
	}
	if _, err := time.Parse(dateForm, w.Until); err != nil {
		return &diag.Diagnostic{
			Code: CodeWaiverDate, Message: fmt.Sprintf("%q is no date; expected the last day that the waiver holds, as \"2026-12-31\"", w.Until),
			Fix: `write the day as YYYY-MM-DD, in quotes`,
		}
	}
	if w.Until < today {
		return &diag.Diagnostic{
			Code: CodeWaiverExpired, Message: fmt.Sprintf("the waiver of %s by %s ended on %s", w.Code, w.Who, w.Until),
			Fix: "mend what it waived, or have it accepted again with a later day",
		}
	}
	return nil
}

// rulesRan reports whether the farm was resolved, so that rules could find something.
func rulesRan(found diag.List) bool {
	for i := range found {
		if found[i].Severity == diag.Error && strings.HasPrefix(found[i].Code, "MBP0") {
			return false
		}
	}
	return true
}
