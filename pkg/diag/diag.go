// Package diag holds findings about a person's input: what is wrong, where, and how to mend it.
//
// A finding is a value, never a Go error. Packages that read input collect all findings of a file in a [List], and the
// command prints the sorted list at once with [WriteText]. What a code means is known only to the package that reports it.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what a finding means for the command that found it.
type Severity int

// The severities, worst first.
const (
	// Error stops the command: nothing is rendered from input with an error.
	Error Severity = iota
	// Warning lets the command go on with something a person should look at.
	Warning
	// Note reports what was done with the input.
	Note
)

// String returns "error", "warning" or "note".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Note:
		return "note"
	}
	return fmt.Sprintf("Severity(%d)", int(s))
}

// Pos is a place in a file. Line and Col are 1-based; Col and Len count runes of the line as the reader of the file splits it.
// Line 0 means the whole file, Col 0 the whole line.
type Pos struct{ Line, Col, Len int }

// String returns "line:col", "line" when there is no column, and "" for the whole file.
func (p Pos) String() string {
	switch {
	case p.Line <= 0:
		return ""
	case p.Col <= 0:
		return fmt.Sprintf("%d", p.Line)
	}
	return fmt.Sprintf("%d:%d", p.Line, p.Col)
}

// compare orders places by line, column and length.
func (p Pos) compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col), cmp.Compare(p.Len, q.Len))
}

// Related is another place in the same file that explains a finding, such as the first of two equal keys.
type Related struct {
	Pos     Pos
	Message string
}

// Diagnostic is one finding.
type Diagnostic struct {
	// Code is the stable name of the kind of finding, such as "MBP0201".
	Code     string
	Severity Severity
	// File is the path as the person gave it.
	File string
	Pos  Pos
	// Message is one lower-case sentence with the value in quotes and what was expected.
	Message string
	// Fix is the likely mend, one lower-case sentence; it may be empty.
	Fix     string
	Related []Related
	// Waived is set for a finding that the topology waives; its severity is then [Note].
	Waived *Waived
}

// Waived says that somebody answers for a finding until a day.
type Waived struct {
	// Severity is what the finding would be without the waiver.
	Severity Severity
	// By is the person, Until the last day (YYYY-MM-DD).
	By, Until, Reason string
}

// String returns "waived by … until …: reason".
func (w *Waived) String() string { return "waived by " + w.By + " until " + w.Until + ": " + w.Reason }

// Code names a kind of finding for registries and documents.
type Code struct {
	// ID is what stands in [Diagnostic.Code].
	ID string
	// Title says in one line what is found.
	Title string
}

// List is a collection of findings.
type List []Diagnostic

// Sort orders the list by file, line, column, code and message. The order is stable and total: what is left (severity,
// length, fix, related places) is compared as well, so that equal sets of findings print equally.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Pos.Len, b.Pos.Len),
			cmp.Compare(a.Fix, b.Fix),
			slices.CompareFunc(a.Related, b.Related, func(r, s Related) int {
				return cmp.Or(r.Pos.compare(s.Pos), cmp.Compare(r.Message, s.Message))
			}),
		)
	})
}

// Errors returns how many findings of the list are errors.
func (l List) Errors() int {
	n := 0
	for _, d := range l {
		if d.Severity == Error {
			n++
		}
	}
	return n
}
