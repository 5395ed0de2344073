package mutate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/sqlverify"
)

// contraries are words and operators of T-SQL with what they become.
var contraries = map[string]string{
	"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "+": "-", "AND": "OR", "OR": "AND", "INNER": "LEFT", "LEFT": "INNER",
}

// flags are words that switch something, with what they become.
var flags = map[string]string{
	"ON": "OFF", "OFF": "ON", "AUTOMATIC": "MANUAL", "MANUAL": "AUTOMATIC", "SYNCHRONOUS_COMMIT": "ASYNCHRONOUS_COMMIT",
	"ASYNCHRONOUS_COMMIT": "SYNCHRONOUS_COMMIT", "FULL": "SIMPLE", "STARTED": "STOPPED", "RECOVERY": "NORECOVERY", "NORECOVERY": "RECOVERY",
	"PRIMARY": "SECONDARY", "SECONDARY": "PRIMARY", "ENABLE": "DISABLE", "SUSPEND": "RESUME", "RESUME": "SUSPEND",
}

type tsql struct {
	src      string
	name     string
	template string
	outline  *sqlverify.Outline
	message  map[int]bool     // tokens inside what is printed or raised
	shapes   []string         // of each batch
	batch    map[int]int      // batch of a token
	vars     map[int][]string // of each batch
	out      []Mutant
}

// SQL makes all mutants of a T-SQL file.
func SQL(name, template string, src []byte) []Mutant {
	t := &tsql{
		src: string(src), name: name, template: template, outline: sqlverify.Cut(string(src)),
		message: map[int]bool{}, batch: map[int]int{}, vars: map[int][]string{},
	}
	for b, r := range t.outline.Ranges {
		var shape strings.Builder
		for i := r[0]; i < r[1]; i++ {
			tok := t.outline.Tokens[i]
			t.batch[i] = b
			switch tok.Kind {
			case sqlverify.Text, sqlverify.Bracketed:
				fmt.Fprintf(&shape, "%d ", tok.Kind)
			case sqlverify.Variable:
				if !strings.HasPrefix(tok.Raw, "@@") {
					t.vars[b] = append(t.vars[b], tok.Raw)
				}
				fallthrough
			default:
				shape.WriteString(tok.Raw + " ")
			}
		}
		t.shapes = append(t.shapes, shape.String())
	}
	for b, list := range t.outline.Batches {
		t.messages(list)
		t.statements(list, false)
		if b > 0 {
			t.swapBatches(b)
		}
	}
	for i := range t.outline.Tokens {
		t.token(i)
	}
	slices.SortStableFunc(t.out, func(a, b Mutant) int { return a.Start - b.Start })
	return t.out
}

// add changes the tokens from lo to hi, which is behind the last.
func (t *tsql) add(operator string, lo, hi int, with string) {
	tokens := t.outline.Tokens
	t.bytes(operator, lo, tokens[lo].Off, tokens[hi-1].End, with)
	m := &t.out[len(t.out)-1]
	m.Message = true
	for i := lo; i < hi; i++ {
		m.Message = m.Message && t.message[i]
	}
}

func (t *tsql) bytes(operator string, at, start, end int, with string) {
	m := Mutant{Operator: operator, File: t.name, Template: t.template, Start: start, End: end, Before: t.src[start:end], After: with}
	m.place(t.src, start, end)
	m.Shape = fmt.Sprintf("%s\x00%d", t.shapes[t.batch[at]], at-t.outline.Ranges[t.batch[at]][0])
	t.out = append(t.out, m)
}

func (t *tsql) raw(i int) string {
	if i < 0 || i >= len(t.outline.Tokens) {
		return ""
	}
	return t.outline.Tokens[i].Raw
}

// messages marks what PRINT prints and RAISERROR says.
func (t *tsql) messages(list []*sqlverify.Statement) {
	for _, s := range list {
		t.messages(s.Body)
		t.messages(s.Other)
		switch s.Kind {
		case "PRINT":
			for i := s.Lo + 1; i < s.Hi; i++ {
				t.message[i] = true
			}
		case "RAISERROR":
			argument := 0
			for i := s.Lo + 2; i < s.Hi-1; i++ {
				if t.raw(i) == "," {
					argument++
				}
				if argument == 0 || argument > 2 {
					t.message[i] = true
				}
			}
		}
	}
}

func (t *tsql) statements(list []*sqlverify.Statement, only bool) {
	tokens := t.outline.Tokens
	for i, s := range list {
		end := s.Hi
		if t.raw(end) == ";" {
			end++
		}
		with := ""
		if only || len(list) == 1 {
			with = "PRINT N'';"
		}
		t.add("drop statement", s.Lo, end, with)
		if s.Kind == "PRINT" {
			t.out[len(t.out)-1].Message = true
		}
		if i > 0 {
			p := list[i-1]
			start, stop := tokens[p.Lo].Off, tokens[s.Hi-1].End
			between := t.src[tokens[p.Hi-1].End:tokens[s.Lo].Off]
			t.bytes("swap statements", p.Lo, start, stop, t.src[tokens[s.Lo].Off:stop]+between+t.src[start:tokens[p.Hi-1].End])
			t.out[len(t.out)-1].Message = p.Kind == "PRINT" && s.Kind == "PRINT"
		}
		if s.Kind == "if" && t.stops(s.Body) {
			t.add("blind guard", s.Cond[0], s.Cond[1], "1 = 0")
			t.add("empty guard", s.Body[0].Lo, s.Body[len(s.Body)-1].Hi, "PRINT N''")
		}
		if s.Kind == "try" && len(s.Other) > 0 {
			t.add("empty handler", s.Other[0].Lo, s.Other[len(s.Other)-1].Hi, "PRINT N''")
		}
		if s.Kind == "SELECT" || s.Kind == "if" || s.Kind == "while" {
			t.clauses(s)
		}
		t.statements(s.Body, s.Kind == "if" || s.Kind == "while")
		t.statements(s.Other, s.Kind == "if")
	}
}

func (t *tsql) stops(list []*sqlverify.Statement) bool {
	for _, s := range list {
		if s.Kind == "RAISERROR" || s.Kind == "THROW" || t.stops(s.Body) || t.stops(s.Other) {
			return true
		}
	}
	return false
}

// clauses drops each condition that AND joins, and each WHEN of a CASE.
func (t *tsql) clauses(s *sqlverify.Statement) {
	lo, hi := s.Lo, s.Hi
	if s.Kind != "SELECT" {
		lo, hi = s.Cond[0], s.Cond[1]
	}
	for i := lo; i < hi; i++ {
		word := strings.ToUpper(t.raw(i))
		if word != "AND" && word != "WHEN" {
			continue
		}
		depth, end := 0, i+1
		for ; end < hi; end++ {
			next := strings.ToUpper(t.raw(end))
			if next == "(" {
				depth++
			} else if next == ")" {
				depth--
			}
			if depth < 0 || depth == 0 && (next == "AND" && word == "AND" || next == "OR" && word == "AND" || slices.Contains([]string{"WHEN", "ELSE", "END", "ORDER", "GROUP", "INNER", "LEFT", "WHERE", "FROM"}, next) || next == "THEN" && word == "AND") {
				break
			}
		}
		t.add("drop option", i, end, "")
	}
}

func (t *tsql) swapBatches(b int) {
	tokens := t.outline.Tokens
	r, s := t.outline.Ranges[b-1], t.outline.Ranges[b]
	if r[0] == r[1] || s[0] == s[1] {
		return
	}
	start, middle, from, stop := tokens[r[0]].Off, tokens[r[1]-1].End, tokens[s[0]].Off, tokens[s[1]-1].End
	t.bytes("swap batches", r[0], start, stop, t.src[from:stop]+t.src[middle:from]+t.src[start:middle])
	t.out[len(t.out)-1].Shape += t.shapes[b]
}

func (t *tsql) token(i int) {
	tok := t.outline.Tokens[i]
	upper := strings.ToUpper(tok.Raw)
	insert := func(operator string) {
		t.add(operator, i, i+1, tok.Raw[:len(tok.Raw)-1]+"x"+tok.Raw[len(tok.Raw)-1:])
	}
	switch tok.Kind {
	case sqlverify.Text:
		insert("change text")
	case sqlverify.Bracketed:
		insert("change name")
	case sqlverify.Number:
		if to := number(tok.Raw); to != "" {
			t.add("change number", i, i+1, to)
		}
	case sqlverify.Variable:
		if to := after(t.vars[t.batch[i]], tok.Raw); to != "" && !strings.HasPrefix(tok.Raw, "@@") {
			t.add("change variable", i, i+1, to)
		}
	case sqlverify.Word:
		switch {
		case t.raw(i-1) == ".":
			t.add("change name", i, i+1, tok.Raw+"x")
		case flags[upper] != "" && !(upper == "ON" && !t.switching(i)):
			t.add("change flag", i, i+1, flags[upper])
		case upper == "NOT" && strings.EqualFold(t.raw(i+1), "EXISTS"), upper == "NOT" && strings.EqualFold(t.raw(i-1), "IS"):
			t.add("change operator", i, i+1, "")
		case upper == "IS" && strings.EqualFold(t.raw(i+1), "NULL"):
			t.add("change operator", i, i+1, tok.Raw+" NOT")
		case upper == "EXISTS" && !strings.EqualFold(t.raw(i-1), "NOT"):
			t.add("change operator", i, i+1, "NOT "+tok.Raw)
		case contraries[upper] != "":
			t.add("change operator", i, i+1, contraries[upper])
		}
	case sqlverify.Operator:
		if to := contraries[tok.Raw]; to != "" && !t.assigns(i) {
			t.add("change operator", i, i+1, to)
		}
		if tok.Raw == "," && t.listed(i) {
			end := i + 1
			for depth := 0; end < len(t.outline.Tokens); end++ {
				switch t.raw(end) {
				case "(":
					depth++
				case ")":
					depth--
				}
				if depth < 0 || depth == 0 && (t.raw(end) == "," || t.raw(end) == ";") {
					break
				}
			}
			t.add("drop option", i, end, "")
		}
	}
}

// switching tells ON as a setting from ON as the condition of a join and as part of BACKUP, CREATE and GRANT.
func (t *tsql) switching(i int) bool {
	before, next := t.raw(i-1), t.raw(i+1)
	return before == "=" || next == ";" || next == "" || next == "," || next == ")"
}

// assigns tells whether = sets an option or a variable, where no comparison can stand.
func (t *tsql) assigns(i int) bool {
	if t.raw(i) != "=" {
		return false
	}
	if strings.EqualFold(t.raw(i-2), "SET") || strings.EqualFold(t.raw(i-2), "SELECT") {
		return true
	}
	for s := i - 1; s >= 0; s-- {
		switch strings.ToUpper(t.raw(s)) {
		case "WHERE", "AND", "OR", "IF", "ON", "WHILE", "WHEN", "NOT", "HAVING":
			return false
		case "SET", "EXEC", "WITH", "SELECT", "ALTER", "CREATE", ";", "UPDATE":
			return true
		}
	}
	return true
}

// listed tells whether a comma parts options or arguments, and not what PRINT and RAISERROR say.
func (t *tsql) listed(i int) bool {
	if t.message[i] {
		return false
	}
	for s := i - 1; s >= 0 && t.batch[s] == t.batch[i]; s-- {
		switch strings.ToUpper(t.raw(s)) {
		case "RAISERROR", ";":
			return false
		case "WITH", "EXEC", "CREATE", "ALTER", "BACKUP", "RESTORE":
			return true
		}
	}
	return false
}
