package tsql

import (
	"bytes"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// env is what an expression is evaluated in: the session, the variables of the batch, and the rows of the queries around it.
type env struct {
	*session
	vars  map[string]*holder
	scope *scope
}

// holder is a variable with its value.
type holder struct {
	typ   *dataType
	value Value
}

func (l literal) eval(*env) Value  { return l.value }
func (l literal) kind(*env) kind   { return kindOf(l.value) }
func (v *variable) kind(*env) kind { return v.typ.kind() }

func (v *variable) eval(e *env) Value { return e.vars[v.name].value }

func (g *global) kind(e *env) kind { return kindOf(g.eval(e)) }

func (g *global) eval(e *env) Value {
	switch g.name {
	case "@@ERROR":
		return int64(e.lastError)
	case "@@ROWCOUNT":
		return int64(e.rowCount)
	}
	v, ok := e.host.Global(g.name)
	if !ok {
		e.unknown(g.place, "%s", g.name)
	}
	return v
}

func (n negation) kind(e *env) kind { return n.x.kind(e) }

func (n negation) eval(e *env) Value {
	switch v := n.x.eval(e).(type) {
	case nil:
		return nil
	case int64:
		return -v
	default:
		Unknown("the negative of %T", v)
		return nil
	}
}

func (a *arithmetic) kind(e *env) kind {
	l, r := a.l.kind(e), a.r.kind(e)
	if l == kindNumber || r == kindNumber {
		return kindNumber
	}
	return max(l, r)
}

var number = dataType{name: "int"}

func (a *arithmetic) eval(e *env) Value {
	l, r := a.l.eval(e), a.r.eval(e)
	ls, lt := l.(string)
	rs, rt := r.(string)
	// A number beside a text makes a number of the text, even where the number is NULL.
	if lt && !rt && (r != nil || a.r.kind(e) == kindNumber) {
		l = number.implicit(ls)
	} else if rt && !lt && (l != nil || a.l.kind(e) == kindNumber) {
		r = number.implicit(rs)
	}
	if l == nil || r == nil {
		return nil
	}
	if lt && rt {
		if a.op != '+' {
			e.unknown(a.place, "%c of two texts", a.op)
		}
		return ls + rs
	}
	x, ok := l.(int64)
	y, also := r.(int64)
	if !ok || !also {
		e.unknown(a.place, "%c of %T and %T", a.op, l, r)
	}
	switch a.op {
	case '+':
		return x + y
	case '-':
		return x - y
	case '*':
		return x * y
	}
	if y == 0 {
		fail(8134, "Divide by zero error encountered.")
	}
	if a.op == '/' {
		return x / y
	}
	return x % y
}

func (c *convert) kind(*env) kind { return c.typ.kind() }

func (c *convert) eval(e *env) Value {
	style := int64(0)
	if c.style != nil {
		n, ok := c.style.eval(e).(int64)
		if !ok {
			e.unknown(c.place, "a style that is no number")
		}
		style = n
	}
	return c.typ.convert(c.x.eval(e), style)
}

func (c *choice) kind(e *env) kind {
	k := kindUnknown
	for _, w := range c.whens {
		k = stronger(k, w.then.kind(e))
	}
	if c.other != nil {
		k = stronger(k, c.other.kind(e))
	}
	return k
}

// stronger is the kind that wins by data type precedence: https://learn.microsoft.com/sql/t-sql/data-types/data-type-precedence-transact-sql
func stronger(a, b kind) kind {
	order := []kind{kindUnknown, kindBinary, kindText, kindNumber, kindTime}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

func (c *choice) eval(e *env) Value {
	then := c.other
	for _, w := range c.whens {
		is := unknown
		if c.of != nil {
			is = compare("=", c.of.eval(e), w.is.eval(e))
		} else {
			is = w.cond.test(e)
		}
		if is == yes {
			then = w.then
			break
		}
	}
	if then == nil {
		return nil
	}
	return unite(then.eval(e), c.kind(e))
}

// unite makes the value of one branch what the branches together are.
func unite(v Value, k kind) Value {
	if k == kindNumber {
		if s, ok := v.(string); ok {
			return number.implicit(s)
		}
	}
	if v != nil && kindOf(v) != k && k != kindUnknown {
		Unknown("%T in one place with another kind of value", v)
	}
	return v
}

func (s subquery) kind(e *env) kind {
	return s.q.items[0].x.kind(&env{e.session, e.vars, &scope{outer: e.scope}})
}

func (s subquery) eval(e *env) Value {
	rows := e.rows(s.q, e.scope)
	if len(rows) > 1 {
		fail(512, "Subquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.")
	}
	if len(rows) == 0 {
		return nil
	}
	return rows[0][0]
}

func (c *comparison) test(e *env) truth { return compare(c.op, c.l.eval(e), c.r.eval(e)) }

// compare compares two values; NULL makes it unknown.
func compare(op string, l, r Value) truth {
	if l == nil || r == nil {
		return unknown
	}
	if s, ok := l.(string); ok && op == "=" {
		if t, ok := r.(string); ok {
			return truthOf(equalText(s, t))
		}
	}
	c := order(l, r)
	switch op {
	case "=":
		return truthOf(c == 0)
	case "<>":
		return truthOf(c != 0)
	case "<":
		return truthOf(c < 0)
	case ">":
		return truthOf(c > 0)
	case "<=":
		return truthOf(c <= 0)
	default:
		return truthOf(c >= 0)
	}
}

// equalText compares without case and without trailing blanks, as the collation that MBAM asks for does.
func equalText(a, b string) bool {
	return strings.EqualFold(strings.TrimRight(a, " "), strings.TrimRight(b, " "))
}

// order compares two values that are not NULL.
func order(l, r Value) int {
	switch a := l.(type) {
	case string:
		switch b := r.(type) {
		case string:
			return strings.Compare(fold(strings.TrimRight(a, " ")), fold(strings.TrimRight(b, " ")))
		case int64:
			return order(number.implicit(a), b)
		}
	case int64:
		switch b := r.(type) {
		case int64:
			switch {
			case a < b:
				return -1
			case a > b:
				return 1
			}
			return 0
		case string:
			return order(a, number.implicit(b))
		}
	case time.Time:
		if b, ok := r.(time.Time); ok {
			return a.Compare(b)
		}
	case []byte:
		if b, ok := r.([]byte); ok {
			return bytes.Compare(a, b)
		}
	}
	Unknown("a comparison of %T with %T", l, r)
	return 0
}

func fold(s string) string { return strings.Map(unicode.ToLower, s) }

func (b both) test(e *env) truth {
	l := b.l.test(e)
	if l == no {
		return no
	}
	r := b.r.test(e)
	if r == no || l == yes {
		return r
	}
	return unknown
}

func (o either) test(e *env) truth {
	l := o.l.test(e)
	if l == yes {
		return yes
	}
	r := o.r.test(e)
	if r == yes || l == no {
		return r
	}
	return unknown
}

func not(t truth, yesNo bool) truth {
	if !yesNo || t == unknown {
		return t
	}
	return truthOf(t == no)
}

func (n negative) test(e *env) truth { return not(n.c.test(e), true) }

func (i isNull) test(e *env) truth { return truthOf((i.x.eval(e) == nil) != i.not) }

func (x exists) test(e *env) truth { return truthOf(e.any(x.q)) }

func (a *among) test(e *env) truth {
	v := a.x.eval(e)
	found := no
	if a.q != nil {
		rows := e.rows(a.q, e.scope)
		for _, row := range rows {
			found = max(found, asOr(compare("=", v, row[0])))
		}
	} else {
		for _, x := range a.list {
			found = max(found, asOr(compare("=", v, x.eval(e))))
		}
	}
	return not(orAs(found), a.not)
}

// asOr orders the values so that the greatest is what OR makes of them; orAs takes it back.
func asOr(t truth) truth {
	switch t {
	case yes:
		return 2
	case unknown:
		return 1
	}
	return 0
}

func orAs(t truth) truth {
	switch t {
	case 2:
		return yes
	case 1:
		return unknown
	}
	return no
}

func (b *between) test(e *env) truth {
	v := b.x.eval(e)
	low, high := compare(">=", v, b.low.eval(e)), compare("<=", v, b.high.eval(e))
	switch {
	case low == no || high == no:
		return not(no, b.not)
	case low == unknown || high == unknown:
		return unknown
	}
	return not(yes, b.not)
}

func (l *like) test(e *env) truth {
	v, p := l.x.eval(e), l.pattern.eval(e)
	mark := rune(-1)
	if l.escape != nil {
		s, ok := l.escape.eval(e).(string)
		if !ok || utf8.RuneCountInString(s) != 1 {
			fail(506, "The escape character was specified incorrectly in a LIKE predicate.")
		}
		mark, _ = utf8.DecodeRuneInString(s)
	}
	if v == nil || p == nil {
		return unknown
	}
	s, ok := v.(string)
	t, also := p.(string)
	if !ok || !also {
		e.unknown(l.place, "LIKE of %T and %T", v, p)
	}
	return not(truthOf(matches([]rune(fold(s)), []rune(fold(t)), unicode.ToLower(mark))), l.not)
}

// matches tries a text against a pattern of LIKE, both folded.
func matches(s, p []rune, escape rune) bool {
	for len(p) > 0 {
		switch {
		case p[0] == escape && len(p) > 1:
			if len(s) == 0 || s[0] != p[1] {
				return false
			}
			s, p = s[1:], p[2:]
		case p[0] == '%':
			for i := 0; i <= len(s); i++ {
				if matches(s[i:], p[1:], escape) {
					return true
				}
			}
			return false
		case len(s) == 0:
			return false
		case p[0] == '_':
			s, p = s[1:], p[1:]
		case p[0] == '[':
			end := slices.Index(p, ']')
			if end < 0 {
				return false
			}
			if !inSet(s[0], p[1:end]) {
				return false
			}
			s, p = s[1:], p[end+1:]
		default:
			if s[0] != p[0] {
				return false
			}
			s, p = s[1:], p[1:]
		}
	}
	return len(s) == 0
}

// inSet says whether a character is one of […] or [^…], where a-z is a range.
func inSet(r rune, set []rune) bool {
	want := true
	if len(set) > 0 && set[0] == '^' {
		want, set = false, set[1:]
	}
	for i := 0; i < len(set); i++ {
		if i+2 < len(set) && set[i+1] == '-' {
			if r >= set[i] && r <= set[i+2] {
				return want
			}
			i += 2
		} else if r == set[i] {
			return want
		}
	}
	return !want
}
