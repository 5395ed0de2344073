package sqlverify

import "fmt"

// statement is a T-SQL statement as a range of tokens, without its semicolon.
type statement struct {
	kind   string // "if", "while", "block", "try" or, for a plain one, its first word in upper case
	lo, hi int
	cond   [2]int       // tokens of the condition of if and while
	body   []*statement // of if, while, block and try
	other  []*statement // of else and catch
}

// starters are the words that start a statement.
var starters = map[string]bool{
	"ALTER": true, "BACKUP": true, "BEGIN": true, "BREAK": true, "CHECKPOINT": true, "CLOSE": true, "COMMIT": true,
	"CONTINUE": true, "CREATE": true, "DBCC": true, "DEALLOCATE": true, "DECLARE": true, "DELETE": true, "DENY": true,
	"DROP": true, "ELSE": true, "END": true, "EXEC": true, "EXECUTE": true, "FETCH": true, "GOTO": true, "GRANT": true,
	"IF": true, "INSERT": true, "KILL": true, "MERGE": true, "OPEN": true, "PRINT": true, "RAISERROR": true,
	"RECONFIGURE": true, "RESTORE": true, "RETURN": true, "REVERT": true, "REVOKE": true, "ROLLBACK": true, "SAVE": true,
	"SELECT": true, "SET": true, "THROW": true, "TRUNCATE": true, "UPDATE": true, "USE": true, "WAITFOR": true, "WHILE": true,
	"WITH": true,
}

// plain are the statements that a rendered file may hold, apart from the ones with a body. What is not listed (procedures,
// DBCC, GOTO, transactions, table DDL …) is none of a farm script's business and is refused.
var plain = map[string]bool{
	"ALTER": true, "BACKUP": true, "BREAK": true, "CLOSE": true, "CONTINUE": true, "CREATE": true, "DEALLOCATE": true,
	"DECLARE": true, "DELETE": true, "DENY": true, "DROP": true, "EXEC": true, "EXECUTE": true, "FETCH": true, "GRANT": true,
	"INSERT": true, "OPEN": true, "PRINT": true, "RAISERROR": true, "RECONFIGURE": true, "RESTORE": true, "RETURN": true,
	"REVOKE": true, "SELECT": true, "SET": true, "THROW": true, "UPDATE": true, "USE": true, "WAITFOR": true, "WITH": true,
}

// objects are the second words of CREATE, ALTER and DROP that a rendered file may hold.
var objects = map[string]map[string]bool{
	"CREATE": {"AVAILABILITY": true, "CERTIFICATE": true, "ENDPOINT": true, "EVENT": true, "LOGIN": true, "MASTER": true, "ROLE": true, "SERVER": true, "TABLE": true, "USER": true},
	"ALTER":  {"AUTHORIZATION": true, "AVAILABILITY": true, "DATABASE": true, "ENDPOINT": true, "EVENT": true, "LOGIN": true, "ROLE": true, "SERVER": true, "USER": true},
	"DROP":   {"AVAILABILITY": true, "CERTIFICATE": true, "DATABASE": true, "ENDPOINT": true, "LOGIN": true, "ROLE": true, "SERVER": true, "TABLE": true, "USER": true},
}

type parser struct {
	tokens  []token
	hi      int
	i       int
	problem func(t token, code, format string, args ...any)
}

// parseBatch cuts one batch into statements and reports what does not nest.
func parseBatch(tokens []token, b batch, problem func(t token, code, format string, args ...any)) []*statement {
	p := &parser{tokens: tokens, hi: b.hi, i: b.lo, problem: problem}
	var list []*statement
	for p.i < p.hi {
		if p.at("END") || p.at("ELSE") {
			p.problem(p.tokens[p.i], "SQP004", "%s without a beginning", p.tokens[p.i].val)
			p.i++
			continue
		}
		if s := p.statement(); s != nil {
			list = append(list, s)
		}
	}
	return list
}

func (p *parser) at(upper string) bool { return p.i < p.hi && p.tokens[p.i].is(upper) }

// last is the token to blame when something is missing at the end of the batch.
func (p *parser) last() token { return p.tokens[p.hi-1] }

func (p *parser) semicolons() {
	for p.i < p.hi && p.tokens[p.i].op(";") {
		p.i++
	}
}

// statement reads one statement and the semicolons behind it; nil when only semicolons were there.
func (p *parser) statement() *statement {
	p.semicolons()
	if p.i >= p.hi || p.at("END") || p.at("ELSE") {
		return nil
	}
	t := p.tokens[p.i]
	s := &statement{lo: p.i, kind: t.val}
	next := token{}
	if p.i+1 < p.hi {
		next = p.tokens[p.i+1]
	}
	switch {
	case t.is("IF") || t.is("WHILE"):
		p.i++
		s.kind = map[string]string{"IF": "if", "WHILE": "while"}[t.val]
		s.cond = p.condition()
		if s.cond[0] == s.cond[1] {
			p.problem(t, "SQP004", "%s without a condition", t.val)
		}
		s.body = p.required(t.val)
		if s.kind == "if" {
			save := p.i
			p.semicolons()
			if p.at("ELSE") {
				p.i++
				s.other = p.required("ELSE")
			} else {
				p.i = save
			}
		}
	case t.is("BEGIN") && (next.is("TRY") || next.is("CATCH")):
		p.i += 2
		s.kind = "try"
		if next.is("CATCH") {
			p.problem(t, "SQP004", "BEGIN CATCH without BEGIN TRY")
		}
		s.body = p.until(t, next.val)
		p.semicolons()
		if next.is("TRY") {
			if p.at("BEGIN") && p.i+1 < p.hi && p.tokens[p.i+1].is("CATCH") {
				begin := p.tokens[p.i]
				p.i += 2
				s.other = p.until(begin, "CATCH")
			} else {
				p.problem(t, "SQP004", "BEGIN TRY without BEGIN CATCH")
			}
		}
	case t.is("BEGIN") && !next.is("TRAN") && !next.is("TRANSACTION"):
		p.i++
		s.kind = "block"
		s.body = p.until(t, "")
		if len(s.body) == 0 {
			p.problem(t, "SQP004", "BEGIN … END holds no statement")
		}
	default:
		p.plain(t, next)
	}
	s.hi = p.i
	p.semicolons()
	return s
}

// required reads the statement that IF, WHILE or ELSE needs.
func (p *parser) required(of string) []*statement {
	if p.i < p.hi && p.tokens[p.i].op(";") {
		p.problem(p.tokens[p.i], "SQP004", "%s is followed by a semicolon instead of a statement", of)
		return nil
	}
	s := p.statement()
	if s == nil {
		p.problem(p.last(), "SQP004", "%s is not followed by a statement", of)
		return nil
	}
	return []*statement{s}
}

// until reads statements up to END, or END TRY or END CATCH.
func (p *parser) until(begin token, block string) []*statement {
	var list []*statement
	for {
		p.semicolons()
		switch {
		case p.i >= p.hi:
			p.problem(begin, "SQP005", "BEGIN %s has no END before the batch ends; GO must not stand inside a block", block)
			return list
		case p.at("ELSE"):
			p.problem(p.tokens[p.i], "SQP004", "ELSE without a beginning")
			p.i++
		case p.at("END"):
			p.i++
			if block != "" {
				if !p.at(block) {
					p.problem(p.tokens[p.i-1], "SQP004", "END where END %s is due", block)
					return list
				}
				p.i++
			}
			return list
		default:
			if s := p.statement(); s != nil {
				list = append(list, s)
			}
		}
	}
}

// condition reads up to the statement that follows.
func (p *parser) condition() [2]int {
	lo, depth, cases := p.i, 0, 0
	for ; p.i < p.hi; p.i++ {
		t := p.tokens[p.i]
		switch {
		case t.op("("):
			depth++
		case t.op(")"):
			depth--
		case t.op(";"):
			return [2]int{lo, p.i}
		case t.is("CASE"):
			cases++
		case t.is("END") && cases > 0:
			cases--
		case t.is("ELSE") && cases > 0:
		case depth <= 0 && t.kind == word && starters[t.val]:
			return [2]int{lo, p.i}
		}
	}
	return [2]int{lo, p.i}
}

// plain reads a statement without a body: up to a semicolon, the end of the batch, or a word that starts the next one.
func (p *parser) plain(first, second token) {
	known := first.kind == word && plain[first.val]
	if known && objects[first.val] != nil && !objects[first.val][second.val] {
		known = false
	}
	if !known && !(first.op(":") && first.col == 1) { // sqlcmd's commands have a rule of their own
		what := first.raw
		if objects[first.val] != nil && first.kind == word {
			what = fmt.Sprintf("%s %s", first.raw, second.raw)
		}
		p.problem(first, "SQP002", "a rendered file has no statement that starts with %s", what)
	}
	lo := p.i
	depth, cases := 0, 0
	permission := first.is("GRANT") || first.is("DENY") || first.is("REVOKE")
	granted := false
	queries := 0 // SELECT and the like that may still come without starting a statement
	sets := 0
	switch first.val {
	case "INSERT":
		queries = 1
	case "WITH":
		queries = 1
	case "UPDATE":
		sets = 1
	case "ALTER":
		if second.is("DATABASE") {
			sets = 1
		}
	}
	for p.i++; p.i < p.hi; p.i++ {
		t, prev := p.tokens[p.i], p.tokens[p.i-1]
		n := p.i - lo
		switch {
		case t.op("("):
			depth++
			continue
		case t.op(")"):
			depth--
			continue
		case t.op(";"):
			return
		case t.kind != word || depth > 0:
			continue
		case t.is("CASE"):
			cases++
			continue
		case t.is("END") && cases > 0:
			cases--
			continue
		case t.is("ELSE") && cases > 0:
			continue
		case permission && (t.is("TO") || t.is("FROM")):
			granted = true
			continue
		case !starters[t.val] || prev.op("."):
			continue
		case t.is("WITH"):
			continue // a CTE needs a semicolon in front; any other WITH belongs to the statement
		case permission && !granted && !t.is("END") && !t.is("ELSE"):
			continue
		case first.is("ALTER") && second.is("AVAILABILITY") && (n == 4 || n == 5) && (t.is("SET") || t.is("GRANT") || t.is("DENY") || t.is("CREATE")):
			continue
		case first.is("ALTER") && (second.is("ROLE") || second.is("SERVER") || second.is("EVENT")) && t.is("DROP"):
			continue
		case first.is("DROP") && t.is("IF") && p.i+1 < p.hi && p.tokens[p.i+1].is("EXISTS") && (p.i+2 >= p.hi || !p.tokens[p.i+2].op("(")):
			continue
		case t.is("SELECT") && (prev.is("UNION") || prev.is("EXCEPT") || prev.is("INTERSECT") || prev.is("ALL") || prev.is("FOR")):
			continue
		case t.is("FETCH") && (prev.is("ROWS") || prev.is("ROW")):
			continue
		case sets > 0 && t.is("SET"):
			sets--
			continue
		case queries > 0 && (t.is("SELECT") || t.is("EXEC") || t.is("EXECUTE") || first.is("WITH") && (t.is("INSERT") || t.is("UPDATE") || t.is("DELETE"))):
			queries--
			if t.is("INSERT") {
				queries = 1
			}
			if t.is("UPDATE") {
				sets = 1
			}
			continue
		case t.is("UPDATE") && prev.is("FOR"):
			continue
		}
		return
	}
}

// walk visits statements in the order of the text, each with the conditions (of IF, and of IF … ELSE) that enclose it.
func walk(list []*statement, enclosing []*statement, visit func(s *statement, enclosing []*statement)) {
	for _, s := range list {
		visit(s, enclosing)
		inner := enclosing
		if s.kind == "if" || s.kind == "while" || s.kind == "block" || s.kind == "try" {
			inner = append(append([]*statement{}, enclosing...), s)
		}
		walk(s.body, inner, visit)
		walk(s.other, inner, visit)
	}
}

// isPlain says whether the statement has no body.
func (s *statement) isPlain() bool {
	return s.kind != "if" && s.kind != "while" && s.kind != "block" && s.kind != "try"
}
