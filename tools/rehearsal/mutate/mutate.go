// Package mutate makes small wrong versions of rendered scripts: a statement left out, two swapped, another name, flag,
// operator or number, a guard taken away. What our checks and the rehearsal say to each of them shows what they are worth.
//
// It knows the syntax of PowerShell (by psverify) and of T-SQL (by sqlverify), and which text is only for people. It knows nothing of
// farms, and does not judge what it makes. It has no chance in it: the same text gives the same mutants, and Sample the same choice.
package mutate

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// A Mutant is a script with one change.
type Mutant struct {
	Operator string // one of Operators
	File     string // path in the rendered tree
	Template string // that the file is rendered from
	Line     int    // of the change, from 1
	Column   int    // of the change in Source, in bytes from 0; below 0 when the change begins ahead of it
	Start    int    // bytes of the file that are replaced
	End      int
	Before   string // what stands there
	After    string
	Message  bool   // the change is inside a text for people and nowhere else
	Frame    bool   // inside what the generator puts around each script
	Shape    string // equal for copies of one piece of a template; "" when the piece is its own
	Source   string // the line of the file, without blanks at its ends
}

// Operators are all operators, in the order of the figures.
var Operators = []string{
	"drop statement", "swap statements", "swap batches", "change text", "change variable", "change member", "change command", "change parameter",
	"change name", "change flag", "drop argument", "add switch", "drop option", "change operator", "change number",
	"empty guard", "blind guard", "empty handler",
}

// Apply gives the changed file.
func (m Mutant) Apply(src []byte) []byte {
	return slices.Concat(src[:m.Start], []byte(m.After), src[m.End:])
}

// ID names the mutant as long as the line of the script stays what it is.
func (m Mutant) ID() string {
	return fmt.Sprintf("%s | %s | %s | %s => %s", m.Operator, m.Template, m.Source, short(m.Before), short(m.After))
}

func (m Mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s => %s", m.File, m.Line, m.Operator, short(m.Before), short(m.After))
}

// short is a text on one line.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 90 {
		s = string(r[:60]) + " … " + string(r[len(r)-25:])
	}
	return s
}

// Sample keeps at most so many mutants of each group, chosen by a hash of what they are: the choice does not change
// when a script elsewhere does.
func Sample(list []Mutant, each int, group func(Mutant) string) []Mutant {
	groups := map[string][]Mutant{}
	for _, m := range list {
		groups[group(m)] = append(groups[group(m)], m)
	}
	keep := map[string]bool{}
	for _, g := range groups {
		slices.SortFunc(g, func(a, b Mutant) int {
			if x, y := rank(a), rank(b); x != y {
				if x < y {
					return -1
				}
				return 1
			}
			return strings.Compare(key(a), key(b))
		})
		for _, m := range g[:min(each, len(g))] {
			keep[key(m)] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(m Mutant) bool { return !keep[key(m)] })
}

// seed goes into every rank: another one is another sample.
const seed = "mbamplan 1"

func rank(m Mutant) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s%s%d", seed, m.ID(), m.Column)
	x := h.Sum64() // mixed once more, for FNV leaves neighbours close together
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return x
}

func key(m Mutant) string {
	return fmt.Sprintf("%s\x00%s\x00%d\x00%d\x00%s\x00%s", m.Template, m.File, m.Start, m.End, m.Operator, m.After)
}

// place fills in the line of the first character of the change that is no blank.
func (m *Mutant) place(src string, start, end int) {
	at := start
	for at < end && strings.IndexByte(" \t\r\n", src[at]) >= 0 {
		at++
	}
	at = min(at, len(src)-1)
	from := strings.LastIndexByte(src[:at], '\n') + 1
	to := strings.IndexByte(src[at:], '\n')
	if to < 0 {
		to = len(src) - at
	}
	text := src[from : at+to]
	m.Line, m.Source = strings.Count(src[:at], "\n")+1, strings.TrimSpace(text)
	m.Column = start - from - (len(text) - len(strings.TrimLeft(text, " \t")))
}

// number is another number: the next one, and 0 for 1.
func number(s string) string {
	var n int
	if _, err := fmt.Sscanf(s, "%d", &n); err != nil || fmt.Sprint(n) != s {
		return ""
	}
	if n == 1 {
		return "0"
	}
	return fmt.Sprint(n + 1)
}

// after is the next of the names behind one in the order of the alphabet, the first of all at the end; "" when there is no other.
func after(names []string, name string) string {
	name = strings.ToLower(name)
	next, least := "", ""
	for _, n := range names {
		low := strings.ToLower(n)
		if low > name && (next == "" || low < strings.ToLower(next)) {
			next = n
		}
		if low != name && (least == "" || low < strings.ToLower(least)) {
			least = n
		}
	}
	if next == "" {
		return least
	}
	return next
}
