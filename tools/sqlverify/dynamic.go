package sqlverify

import "strings"

// dynamic finds the texts that a batch builds and executes. A text is known when it is put together from literals,
// QUOTENAME() and CONVERT() or CAST() only; then a stand-in takes the place of each inserted value.
func (c *checker) dynamic(tokens []token, b batch, list []*statement) []dynamicText {
	executed, stepText := map[string][]*statement{}, map[string]bool{}
	var texts []dynamicText
	walk(list, nil, func(s *statement, _ []*statement) {
		if s.kind != "EXEC" && s.kind != "EXECUTE" {
			return
		}
		part := tokens[s.lo+1 : s.hi]
		if len(part) > 0 && part[0].op("(") {
			c.execArguments(part)
			for _, t := range part {
				if t.kind == variable {
					executed[t.val] = append(executed[t.val], s)
				}
			}
			if d := evaluate(insideParentheses(part), tokens[s.lo]); d.sql != "" {
				d.from = s
				texts = append(texts, d)
			}
			return
		}
		for i, t := range part {
			if i+2 < len(part) && t.kind == variable && t.val == "@command" && part[i+1].op("=") {
				// The text of a SQL Server Agent job step.
				if part[i+2].kind == text {
					texts = append(texts, dynamicText{origin: tokens[s.lo], sql: part[i+2].val, known: true})
				} else if part[i+2].kind == variable {
					stepText[part[i+2].val] = true
				}
			}
			if !t.named("sp_executesql") || i+1 >= len(part) {
				continue
			}
			arg := part[i+1:]
			if len(arg) > 2 && arg[0].kind == variable && arg[1].op("=") {
				arg = arg[2:]
			}
			if arg[0].kind == variable {
				executed[arg[0].val] = append(executed[arg[0].val], s)
			} else if arg[0].kind == text {
				texts = append(texts, dynamicText{origin: tokens[s.lo], sql: arg[0].val, known: true, from: s})
			}
			break
		}
	})
	walk(list, nil, func(s *statement, _ []*statement) {
		for _, a := range assignments(tokens, s) {
			if executed[a.name] == nil && !stepText[a.name] {
				continue
			}
			d := evaluate(a.value, tokens[s.lo])
			d.known = d.known && a.operator == "="
			if executed[a.name] != nil {
				d.from, d.executed = s, executed[a.name]
			}
			texts = append(texts, d)
		}
	})
	return texts
}

// execArguments reports EXEC (…) with anything but literals and variables inside: the server refuses it.
func (c *checker) execArguments(part []token) {
	for _, t := range insideParentheses(part) {
		if t.kind != text && t.kind != variable && !t.op("+") {
			c.at(t, "SQC013", "EXEC ( … ) takes literals and variables only, not %s: build the text in a variable", t.raw)
			return
		}
	}
}

func insideParentheses(tokens []token) []token {
	depth := 0
	for i, t := range tokens {
		if t.op("(") {
			depth++
		}
		if t.op(")") {
			depth--
			if depth == 0 {
				return tokens[1:i]
			}
		}
	}
	return tokens[1:]
}

// assignment is a variable that a statement sets.
type assignment struct {
	name     string
	at       token
	operator string // = or +=, -= …
	value    []token
}

// assignments finds @x = … at the top of SET, of SELECT and of DECLARE. In EXEC @rc = procedure the value is the call.
func assignments(tokens []token, s *statement) []assignment {
	if s.kind != "SET" && s.kind != "SELECT" && s.kind != "DECLARE" && s.kind != "EXEC" && s.kind != "EXECUTE" {
		return nil
	}
	var list []assignment
	depth := 0
	name := -1 // index of the variable of the clause that is being read
	for i := s.lo + 1; i < s.hi; i++ {
		t := tokens[i]
		switch {
		case t.op("("):
			depth++
		case t.op(")"):
			depth--
		case depth > 0:
		case t.op(","):
			name = -1
		case t.is("FROM") && s.kind == "SELECT":
			name = -1
		case t.kind == variable && name < 0 && (i == s.lo+1 || tokens[i-1].op(",") || s.kind == "SELECT" && i+1 < s.hi && isAssign(tokens[i+1])):
			name = i
			if (s.kind == "EXEC" || s.kind == "EXECUTE") && i != s.lo+1 {
				return list
			}
		case isAssign(t) && name >= 0 && (len(list) == 0 || list[len(list)-1].at != tokens[name]):
			list = append(list, assignment{name: tokens[name].val, at: tokens[name], value: clause(tokens, i+1, s.hi, s.kind == "SELECT"), operator: t.raw})
		}
	}
	return list
}

func isAssign(t token) bool {
	return t.kind == operator && (t.raw == "=" || len(t.raw) == 2 && t.raw[1] == '=' && strings.IndexByte("+-*/%&|^", t.raw[0]) >= 0)
}

// clause returns the tokens up to a comma, or the FROM of a SELECT, that stands outside parentheses.
func clause(tokens []token, lo, hi int, query bool) []token {
	depth := 0
	for i := lo; i < hi; i++ {
		t := tokens[i]
		switch {
		case t.op("("):
			depth++
		case t.op(")"):
			depth--
		case depth == 0 && (t.op(",") || query && (t.is("FROM") || t.is("WHERE"))):
			return tokens[lo:i]
		}
	}
	return tokens[lo:hi]
}

// evaluate reads literal + QUOTENAME(…) + … and puts stand-ins in. Of anything else it returns the literals, a line each, so
// that words of two of them do not grow together.
func evaluate(value []token, origin token) dynamicText {
	var sql strings.Builder
	for i := 0; i < len(value); {
		t, end, known := value[i], i+1, true
		switch {
		case t.kind == text:
			sql.WriteString(t.val)
		case t.kind == word && i+1 < len(value) && value[i+1].op("("):
			inner := insideParentheses(value[i+1:])
			end = i + 3 + len(inner)
			switch t.val {
			case "QUOTENAME":
				if n := len(inner); n > 0 && inner[n-1].kind == text && inner[n-1].val == "'" {
					sql.WriteString("'x'")
				} else {
					sql.WriteString("[x]")
				}
			case "CONVERT", "CAST":
				sql.WriteString("1")
			default:
				known = false
			}
		default:
			known = false
		}
		if !known || end < len(value) && !value[end].op("+") {
			var literals []string
			for _, t := range value {
				if t.kind == text {
					literals = append(literals, t.val)
				}
			}
			return dynamicText{origin: origin, sql: strings.Join(literals, "\n")}
		}
		i = end + 1
	}
	return dynamicText{origin: origin, sql: sql.String(), known: true}
}
