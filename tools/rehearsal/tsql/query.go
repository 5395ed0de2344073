package tsql

import (
	"fmt"
	"slices"
	"strings"
)

// scope is the query whose rows an expression sees, with the queries around it.
type scope struct {
	outer   *scope
	sources []rowSource
	bound   map[*column]binding
	// group are the rows that an aggregate runs over, keys the columns of GROUP BY; grouped says that the items of a query with aggregates
	// are evaluated, in that an aggregate runs.
	grouped bool
	keys    []binding
	group   [][][]Value
	in      bool
}

// rowSource is a table of FROM with the row that is looked at; nil is the row that LEFT JOIN makes up.
type rowSource struct {
	alias string
	table *Table
	row   []Value
}

type binding struct{ depth, source, column int }

// bind finds a column in the scopes, innermost first.
func (c *column) bind(e *env) (binding, bool) {
	if b, ok := e.scope.bound[c]; ok {
		return b, true
	}
	depth := 0
	for s := e.scope; s != nil; s = s.outer {
		found := binding{source: -1}
		for i, src := range s.sources {
			if c.qualifier != "" && c.qualifier != src.alias {
				continue
			}
			if k := slices.Index(src.table.Columns, c.name); k >= 0 {
				if found.source >= 0 {
					fail(209, "Ambiguous column name '%s'.", c.name)
				}
				found = binding{depth, i, k}
			}
		}
		if found.source >= 0 {
			if e.scope.bound == nil {
				e.scope.bound = map[*column]binding{}
			}
			e.scope.bound[c] = found
			return found, true
		}
		depth++
	}
	return binding{}, false
}

func (c *column) kind(e *env) kind {
	if e.scope == nil {
		return kindUnknown
	}
	b, ok := c.bind(e)
	if !ok {
		return kindUnknown
	}
	s := e.scope
	for range b.depth {
		s = s.outer
	}
	for _, row := range s.sources[b.source].table.Rows {
		if row[b.column] != nil {
			return kindOf(row[b.column])
		}
	}
	return kindUnknown
}

func (c *column) eval(e *env) Value {
	if e.scope == nil {
		e.unknown(c.place, "the column %s outside of a query", c.name)
	}
	b, ok := c.bind(e)
	if !ok {
		e.unknown(c.place, "the column %s", strings.TrimPrefix(c.qualifier+"."+c.name, "."))
	}
	s := e.scope
	for range b.depth {
		s = s.outer
	}
	if s.grouped && !s.in && !slices.Contains(s.keys, binding{0, b.source, b.column}) {
		fail(8120, "Column '%s' is invalid in the select list because it is not contained in either an aggregate function or the GROUP BY clause.", c.name)
	}
	row := s.sources[b.source].row
	if s.grouped && !s.in {
		row = s.group[0][b.source]
	}
	if row == nil {
		return nil
	}
	return row[b.column]
}

func (a *aggregate) kind(e *env) kind {
	if a.name == "COUNT" || a.name == "SUM" {
		return kindNumber
	}
	return a.x.kind(e)
}

// eval works an aggregate out over the rows of the innermost query.
func (a *aggregate) eval(e *env) Value {
	s := e.scope
	if a.x == nil {
		return int64(len(s.group))
	}
	var values []Value
	s.in = true
	for _, rows := range s.group {
		s.set(rows)
		v := a.x.eval(e)
		if v != nil && !(a.distinct && slices.ContainsFunc(values, func(w Value) bool { return order(v, w) == 0 })) {
			values = append(values, v)
		}
	}
	s.in = false
	if a.name == "COUNT" {
		return int64(len(values))
	}
	var result Value
	for _, v := range values {
		switch {
		case result == nil:
			result = v
		case a.name == "MAX" && order(v, result) > 0, a.name == "MIN" && order(v, result) < 0:
			result = v
		case a.name == "SUM":
			x, ok := result.(int64)
			y, also := v.(int64)
			if !ok || !also {
				e.unknown(a.place, "SUM of %T", v)
			}
			result = x + y
		}
	}
	return result
}

func (s *scope) set(rows [][]Value) {
	for i := range rows {
		s.sources[i].row = rows[i]
	}
}

// matching gives the rows that FROM and WHERE leave, each as one row of every source.
func (e *env) matching(q *query) [][][]Value {
	s := e.scope
	rows := [][][]Value{nil}
	for i := range q.from {
		src := &q.from[i]
		// A source sees the queries around, not its neighbours: there is no APPLY.
		table := (&env{e.session, e.vars, s.outer}).open(src)
		s.sources = append(s.sources, rowSource{alias: src.alias, table: table})
		for k := range i {
			if s.sources[k].alias == src.alias {
				fail(1011, "The correlation name '%s' is specified multiple times in a FROM clause.", src.alias)
			}
		}
		var next [][][]Value
		for _, left := range rows {
			s.set(left)
			matched := false
			for _, row := range table.Rows {
				s.sources[i].row = row
				if src.on == nil || src.on.test(e) == yes {
					matched = true
					next = append(next, append(slices.Clone(left), row))
				}
			}
			if src.outer && !matched {
				next = append(next, append(slices.Clone(left), nil))
			}
		}
		rows = next
	}
	if q.where == nil {
		return rows
	}
	kept := rows[:0]
	for _, r := range rows {
		s.set(r)
		if q.where.test(e) == yes {
			kept = append(kept, r)
		}
	}
	return kept
}

// open gives the rows of a source.
func (e *env) open(src *source) *Table {
	switch {
	case src.q != nil:
		t := &Table{Rows: e.rows(src.q, e.scope)}
		for _, i := range src.q.items {
			t.Columns = append(t.Columns, i.name)
		}
		return t
	case src.table != "":
		return e.memory(src.table).table()
	}
	var args []Value
	if src.args != nil {
		args = []Value{}
		for _, x := range src.args {
			args = append(args, x.eval(e))
		}
	}
	t, ok := e.host.Table(src.name, args)
	if !ok {
		e.unknown(src.place, "the table or view %s", src.name)
	}
	return t
}

// String gives the name with points between its parts.
func (n Name) String() string {
	s := n.Object
	if n.Schema != "" || n.Database != "" {
		s = n.Schema + "." + s
	}
	if n.Database != "" {
		s = n.Database + "." + s
	}
	return s
}

// rows runs a query that returns rows.
func (e *env) rows(q *query, outer *scope) [][]Value {
	in := &env{e.session, e.vars, &scope{outer: outer}}
	var result [][]Value
	in.each(q, func() {
		row := make([]Value, len(q.items))
		for i, it := range q.items {
			row[i] = it.x.eval(in)
		}
		result = append(result, row)
	})
	if q.union != nil {
		result = append(result, e.rows(q.union, outer)...)
	}
	if q.distinct || q.union != nil && !q.all {
		kept := result[:0]
		for _, row := range result {
			if !slices.ContainsFunc(kept, func(other []Value) bool { return slices.EqualFunc(row, other, same) }) {
				kept = append(kept, row)
			}
		}
		result = kept
	}
	return result
}

// same is equality as DISTINCT has it: NULL is like NULL.
func same(a, b Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return order(a, b) == 0
}

// any says whether a query has a row; what it selects is not evaluated.
func (e *env) any(q *query) bool {
	in := &env{e.session, e.vars, &scope{outer: e.scope}}
	if q.grouped || q.groups != nil || q.union != nil {
		e.unknown(q.place, "EXISTS of a query with an aggregate or a UNION")
	}
	return len(in.matching(q)) > 0
}

// each calls do for every row of a query in its order, with the scope of e on that row.
func (e *env) each(q *query, do func()) {
	s := e.scope
	rows := e.matching(q)
	if q.grouped || q.groups != nil {
		if len(q.order) > 0 || q.distinct || q.top != nil {
			e.unknown(q.place, "ORDER BY, TOP or DISTINCT beside an aggregate")
		}
		for _, group := range e.groups(q, rows) {
			s.grouped, s.group = true, group
			do()
			s.grouped = false
		}
		return
	}
	if len(q.order) > 0 {
		if q.distinct {
			e.unknown(q.place, "ORDER BY beside DISTINCT")
		}
		e.sort(q, rows)
	}
	if q.top != nil {
		n, ok := q.top.eval(e).(int64)
		if !ok || q.distinct {
			e.unknown(q.place, "a TOP that is no number, or beside DISTINCT")
		}
		rows = rows[:min(int(max(n, 0)), len(rows))]
	}
	for _, r := range rows {
		s.set(r)
		do()
	}
}

// groups divides rows by the columns of GROUP BY, in the order in which they are met; without any there is one group, even of no row.
func (e *env) groups(q *query, rows [][][]Value) [][][][]Value {
	if q.groups == nil {
		return [][][][]Value{rows}
	}
	s := e.scope
	var keys [][]Value
	var groups [][][][]Value
	for _, c := range q.groups {
		b, ok := c.bind(e)
		if !ok {
			e.unknown(c.place, "the column %s", c.name)
		}
		s.keys = append(s.keys, b)
	}
	for _, r := range rows {
		s.set(r)
		key := make([]Value, len(q.groups))
		for i, c := range q.groups {
			key[i] = c.eval(e)
		}
		i := slices.IndexFunc(keys, func(k []Value) bool { return slices.EqualFunc(k, key, same) })
		if i < 0 {
			i = len(keys)
			keys, groups = append(keys, key), append(groups, nil)
		}
		groups[i] = append(groups[i], r)
	}
	return groups
}

// sort orders rows by the keys of ORDER BY; NULL comes first. Rows that are equal keep their order.
func (e *env) sort(q *query, rows [][][]Value) {
	type keyed struct {
		row  [][]Value
		keys []Value
	}
	list := make([]keyed, len(rows))
	for i, r := range rows {
		e.scope.set(r)
		keys := make([]Value, len(q.order))
		for k, o := range q.order {
			keys[k] = o.x.eval(e)
		}
		list[i] = keyed{r, keys}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		for k, o := range q.order {
			c := 0
			switch x, y := a.keys[k], b.keys[k]; {
			case x == nil && y == nil:
			case x == nil:
				c = -1
			case y == nil:
				c = 1
			default:
				c = order(x, y)
			}
			if o.desc {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return 0
	})
	for i := range list {
		rows[i] = list[i].row
	}
}

// assign runs a SELECT that assigns: once for each row, so that the last row wins and no row changes nothing.
func (e *env) assign(q *query) int {
	in := &env{e.session, e.vars, &scope{outer: e.scope}}
	n := 0
	in.each(q, func() {
		n++
		for _, i := range q.items {
			e.vars[i.to.name].value = i.to.typ.implicit(i.x.eval(in))
		}
	})
	return n
}

// memory is a table variable or a temporary table.
type memory struct {
	def     *tableDef
	columns []string
	rows    [][]Value
	next    int64 // of the IDENTITY column
}

func newMemory(def *tableDef) *memory {
	m := &memory{def: def}
	for _, c := range def.columns {
		m.columns = append(m.columns, c.name)
		if c.identity {
			m.next = c.start
		}
	}
	return m
}

func (m *memory) table() *Table { return &Table{Columns: m.columns, Rows: m.rows} }

// insert adds rows, all or none. Names are the columns that values are given for; none means all but the IDENTITY column.
func (m *memory) insert(names []string, rows [][]Value) {
	var at []int
	if names == nil {
		for i, c := range m.def.columns {
			if !c.identity {
				at = append(at, i)
			}
		}
	}
	for _, name := range names {
		i := slices.Index(m.columns, name)
		if i < 0 {
			fail(207, "Invalid column name '%s'.", name)
		}
		if m.def.columns[i].identity {
			fail(544, "Cannot insert explicit value for identity column in table '%s' when IDENTITY_INSERT is set to OFF.", m.def.name)
		}
		at = append(at, i)
	}
	var added [][]Value
	for _, values := range rows {
		if len(values) != len(at) {
			panic(&Error{Number: 213, Severity: 16, State: 1, Aborts: true, Message: "Column name or number of supplied values does not match table definition."})
		}
		row := make([]Value, len(m.columns))
		for k, i := range at {
			row[i] = m.def.columns[i].store(values[k])
		}
		for i, c := range m.def.columns {
			if c.identity {
				row[i] = m.next
				m.next += c.add
			}
			if row[i] == nil && c.notNull {
				fail(515, "Cannot insert the value NULL into column '%s', table '%s'; column does not allow nulls. INSERT fails.", c.shown, m.def.name)
			}
		}
		added = append(added, row)
	}
	m.rows = append(m.rows, added...)
}

// store converts a value for a column, where a longer text is an error and not cut off.
func (c columnDef) store(v Value) Value {
	if s, ok := v.(string); ok && c.typ.kind() == kindText && c.typ.size >= 0 && units(strings.TrimRight(s, " ")) > c.typ.size && c.typ.name != "uniqueidentifier" {
		fail(8152, "String or binary data would be truncated.")
	}
	if b, ok := v.([]byte); ok && c.typ.size >= 0 && len(b) > c.typ.size {
		fail(8152, "String or binary data would be truncated.")
	}
	return c.typ.implicit(v)
}

// show writes a value as it stands in a row of the output.
func show(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return v
	case []byte:
		return dataType{"nvarchar", -1}.text(v, 1).(string)
	}
	if s, ok := v.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprint(v)
}
