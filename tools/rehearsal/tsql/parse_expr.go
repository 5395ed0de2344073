package tsql

import "strings"

// cond takes a condition.
func (p *parser) cond() cond {
	c, ok := p.or().(cond)
	if !ok {
		p.stuck("a condition")
	}
	return c
}

// expr takes an expression with a value.
func (p *parser) expr() expr {
	x, ok := p.sum().(expr)
	if !ok {
		p.stuck("an expression")
	}
	return x
}

func (p *parser) exprs() []expr {
	list := []expr{p.expr()}
	for p.op(",") {
		list = append(list, p.expr())
	}
	return list
}

// or, and, not and test take a cond, or an expr when there is no condition: what stands in brackets may be either.
func (p *parser) or() any {
	x := p.and()
	for p.peek("OR") {
		l := p.must(x)
		p.i++
		x = either{l, p.must(p.and())}
	}
	return x
}

func (p *parser) and() any {
	x := p.not()
	for p.peek("AND") {
		l := p.must(x)
		p.i++
		x = both{l, p.must(p.not())}
	}
	return x
}

func (p *parser) must(x any) cond {
	c, ok := x.(cond)
	if !ok {
		p.stuck("a comparison")
	}
	return c
}

func (p *parser) not() any {
	if p.word("NOT") {
		return negative{p.must(p.not())}
	}
	return p.test()
}

func (p *parser) test() any {
	if p.word("EXISTS") {
		p.needOp("(")
		q := p.selects(inExists)
		p.needOp(")")
		return exists{q}
	}
	x := p.sum()
	l, ok := x.(expr)
	if !ok {
		return x
	}
	at := p.here()
	for _, op := range []string{"=", "<>", "!=", "<=", ">=", "<", ">"} {
		if p.op(op) {
			if op == "!=" {
				op = "<>"
			}
			return &comparison{at, op, l, p.expr()}
		}
	}
	if p.word("IS") {
		not := p.word("NOT")
		p.need("NULL")
		return isNull{l, not}
	}
	not := p.word("NOT")
	switch {
	case p.word("IN"):
		p.needOp("(")
		c := &among{place: at, x: l, not: not}
		if p.peek("SELECT") {
			c.q = p.selects(inValue)
			p.single(c.q)
		} else {
			c.list = p.exprs()
		}
		p.needOp(")")
		return c
	case p.word("LIKE"):
		c := &like{place: at, x: l, pattern: p.expr(), not: not}
		if p.word("ESCAPE") {
			c.escape = p.expr()
		}
		return c
	case p.word("BETWEEN"):
		c := &between{place: at, x: l, low: p.expr(), not: not}
		p.need("AND")
		c.high = p.expr()
		return c
	}
	if not {
		p.stuck("IN, LIKE or BETWEEN")
	}
	return x
}

func (p *parser) sum() any {
	x := p.product()
	for p.peekOp("+", "-") {
		x = p.binary(x, p.product)
	}
	return x
}

func (p *parser) product() any {
	x := p.unary()
	for p.peekOp("*", "/", "%") {
		x = p.binary(x, p.unary)
	}
	return x
}

func (p *parser) binary(x any, next func() any) any {
	l, ok := x.(expr)
	if !ok {
		p.stuck("AND or OR")
	}
	a := &arithmetic{place: p.here(), op: p.tokens[p.i].Text[0], l: l}
	p.i++
	a.r, ok = next().(expr)
	if !ok {
		p.stuck("an expression")
	}
	return a
}

func (p *parser) unary() any {
	if p.op("-") {
		x, ok := p.unary().(expr)
		if !ok {
			p.stuck("an expression")
		}
		return negation{x}
	}
	if p.op("(") {
		if p.peek("SELECT") {
			q := p.selects(inValue)
			p.needOp(")")
			p.single(q)
			return subquery{q}
		}
		x := p.or()
		p.needOp(")")
		return x
	}
	return p.primary()
}

// single refuses a subquery in the place of a value that has not one column.
func (p *parser) single(q *query) {
	if len(q.items) != 1 {
		p.fault(q.place, 116, 16, "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.")
	}
	if p.inside {
		p.fault(q.place, 130, 15, "Cannot perform an aggregate function on an expression containing an aggregate or a subquery.")
	}
}

func (p *parser) primary() expr {
	at := p.here()
	if p.i >= len(p.tokens) {
		p.stuck("an expression")
	}
	t := p.tokens[p.i]
	switch t.Kind {
	case 's':
		p.i++
		return literal{t.Text}
	case '#':
		v := p.numeral()
		if _, ok := v.(string); ok {
			p.unknown(at, "the number %s", t.Text)
		}
		p.i++
		return literal{v}
	case '@':
		if strings.HasPrefix(t.Text, "@@") {
			p.i++
			return &global{at, strings.ToUpper(t.Text)}
		}
		return p.variable()
	case 'n':
		return p.column(at)
	case 'w':
		return p.worded(at)
	}
	p.stuck("an expression")
	return nil
}

var aggregates = map[string]bool{"COUNT": true, "MAX": true, "MIN": true, "SUM": true}

// worded takes an expression that begins with a word.
func (p *parser) worded(at place) expr {
	word := p.upper[p.i]
	called := p.i+1 < len(p.tokens) && p.tokens[p.i+1].Kind == 'o' && p.tokens[p.i+1].Text == "("
	switch {
	case word == "NULL":
		p.i++
		return literal{nil}
	case word == "CASE":
		p.i++
		return p.choice()
	case !called:
		return p.column(at)
	case word == "CONVERT":
		p.i += 2
		c := &convert{place: at, typ: p.dataType()}
		p.needOp(",")
		c.x = p.expr()
		if p.op(",") {
			c.style = p.expr()
		}
		p.needOp(")")
		return c
	case aggregates[word]:
		p.i += 2
		return p.aggregate(at, word)
	case reserved[word] && word != "LEFT" && word != "RIGHT":
		p.stuck("an expression")
	}
	p.i++
	return p.call(at, word)
}

func (p *parser) call(at place, name string) expr {
	c := &call{place: at, name: name}
	p.needOp("(")
	if name == "DATEADD" || name == "DATEDIFF" {
		c.part = strings.ToLower(p.name("a part of a date"))
		p.needOp(",")
	}
	if !p.op(")") {
		c.args = p.exprs()
		p.needOp(")")
	}
	if p.peek("OVER") {
		p.stuck("the end of a function")
	}
	if f, ok := functions[name]; ok && (len(c.args) < f.args || len(c.args) > f.args+f.more) {
		p.fault(at, 174, 15, "The %s function requires %d argument(s).", strings.ToLower(name), f.args)
	}
	return c
}

func (p *parser) aggregate(at place, name string) expr {
	if p.query == nil || p.inside {
		p.unknown(at, "%s outside of a SELECT list", name)
	}
	p.query.grouped = true
	a := &aggregate{place: at, name: name}
	if name == "COUNT" && p.op("*") {
		p.needOp(")")
		return a
	}
	a.distinct = p.word("DISTINCT")
	p.inside = true
	a.x = p.expr()
	p.inside = false
	p.needOp(")")
	return a
}

// column takes a column, or a call of a function with a schema.
func (p *parser) column(at place) expr {
	parts := []string{p.name("a column")}
	for p.op(".") {
		parts = append(parts, p.name("a part of a name"))
	}
	if p.peekOp("(") && len(parts) == 2 {
		return p.call(at, strings.ToLower(strings.Join(parts, ".")))
	}
	if len(parts) > 2 {
		p.unknown(at, "a column of %d parts", len(parts))
	}
	c := &column{place: at, name: strings.ToLower(parts[len(parts)-1])}
	if len(parts) == 2 {
		c.qualifier = strings.ToLower(parts[0])
	}
	return c
}

func (p *parser) choice() expr {
	c := &choice{}
	if !p.peek("WHEN") {
		c.of = p.expr()
	}
	for p.word("WHEN") {
		var w when
		if c.of != nil {
			w.is = p.expr()
		} else {
			w.cond = p.cond()
		}
		p.need("THEN")
		w.then = p.expr()
		c.whens = append(c.whens, w)
	}
	if len(c.whens) == 0 {
		p.stuck("WHEN")
	}
	if p.word("ELSE") {
		c.other = p.expr()
	}
	p.need("END")
	return c
}

// What a SELECT stands in: only a statement assigns, only EXISTS takes *.
const (
	inStatement = iota
	inExists
	inValue
)

// selects takes a SELECT.
func (p *parser) selects(in int) *query {
	q := &query{place: p.here()}
	outer, inside := p.query, p.inside
	p.query, p.inside = q, false
	defer func() { p.query, p.inside = outer, inside }()
	p.need("SELECT")
	q.distinct = p.word("DISTINCT")
	if p.word("TOP") {
		p.needOp("(")
		q.top = p.expr()
		p.needOp(")")
	}
	for {
		q.items = append(q.items, p.item(q, in))
		if !p.op(",") {
			break
		}
	}
	for _, i := range q.items {
		if (i.to != nil) != q.assigns {
			p.fault(q.place, 141, 15, "A SELECT statement that assigns a value to a variable must not be combined with data-retrieval operations.")
		}
	}
	p.query = nil
	if p.word("FROM") {
		p.from(q)
	}
	if p.word("WHERE") {
		q.where = p.cond()
	}
	if p.word("GROUP") {
		p.need("BY")
		for {
			c, ok := p.expr().(*column)
			if !ok {
				p.unknown(q.place, "GROUP BY of what is no column")
			}
			q.groups = append(q.groups, c)
			if !p.op(",") {
				break
			}
		}
	}
	if p.word("UNION") {
		q.all = p.word("ALL")
		q.union = p.selects(in)
		if q.assigns || q.union.order != nil {
			p.unknown(q.place, "a UNION with ORDER BY or assignments")
		}
		if len(q.union.items) != len(q.items) {
			p.fault(q.place, 205, 16, "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.")
		}
		return q
	}
	if p.peek("HAVING", "EXCEPT", "INTERSECT", "OPTION", "FOR") {
		p.stuck("ORDER BY or the end of SELECT")
	}
	if p.word("ORDER") {
		p.need("BY")
		for {
			o := ordering{x: p.expr()}
			if p.word("DESC") {
				o.desc = true
			} else {
				p.word("ASC")
			}
			if l, ok := o.x.(literal); ok {
				at, whole := l.value.(int64) // the place of an item
				if !whole || at < 1 || int(at) > len(q.items) {
					p.unknown(q.place, "ORDER BY a constant")
				}
				o.x = q.items[at-1].x
			}
			q.order = append(q.order, o)
			if !p.op(",") {
				break
			}
		}
	}
	return q
}

func (p *parser) item(q *query, in int) item {
	if p.peekKind('@') && p.i+1 < len(p.tokens) && p.tokens[p.i+1].Kind == 'o' && p.tokens[p.i+1].Text == "=" {
		if in != inStatement {
			p.stuck("a SELECT that does not assign")
		}
		i := item{to: p.variable()}
		p.i++
		i.x = p.expr()
		q.assigns = true
		return i
	}
	if p.peekOp("*") {
		if in != inExists {
			p.unknown(q.place, "SELECT * outside of EXISTS")
		}
		p.i++
		return item{x: literal{int64(1)}}
	}
	i := item{x: p.expr()}
	switch {
	case p.word("AS"):
		i.name = strings.ToLower(p.name("a column"))
	case p.atName():
		p.stuck("AS, or the end of a column")
	default:
		if c, ok := i.x.(*column); ok {
			i.name = c.name
		}
	}
	return i
}

func (p *parser) from(q *query) {
	for {
		s := source{}
		if len(q.from) > 0 {
			switch {
			case p.word("INNER"):
				p.need("JOIN")
			case p.word("LEFT"):
				p.word("OUTER")
				p.need("JOIN")
				s.outer = true
			case p.word("JOIN"):
			case p.peek("CROSS", "RIGHT", "FULL") || p.peekOp(","):
				p.stuck("INNER JOIN or LEFT JOIN")
			default:
				return
			}
		}
		p.source(&s)
		if len(q.from) > 0 {
			p.need("ON")
			s.on = p.cond()
		}
		q.from = append(q.from, s)
	}
}

func (p *parser) source(s *source) {
	s.place = p.here()
	switch {
	case p.op("("):
		s.q = p.selects(inValue)
		p.needOp(")")
		p.word("AS")
		s.alias = strings.ToLower(p.name("the name of a derived table"))
		for _, i := range s.q.items {
			if i.name == "" {
				p.fault(s.place, 8155, 16, "No column name was specified for a column of '%s'.", s.alias)
			}
		}
		return
	case p.peekKind('@') || p.peekKind('w') && strings.HasPrefix(p.tokens[p.i].Text, "#"):
		s.table = p.target()
		s.alias = s.table
	default:
		s.name = p.object()
		s.alias = strings.ToLower(s.name.Object)
		if p.op("(") {
			s.args = []expr{}
			if !p.op(")") {
				s.args = p.exprs()
				p.needOp(")")
			}
		}
	}
	if p.word("AS") || p.atName() {
		s.alias = strings.ToLower(p.name("an alias"))
	}
	if p.peek("WITH") {
		p.stuck("the end of a table")
	}
}
