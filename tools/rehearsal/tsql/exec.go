package tsql

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// list runs statements one after the other. An error that no TRY is around is reported, and the next statement follows, unless the
// error ends the batch or the client leaves.
func (e *env) list(list []stmt) (flow, *Error) {
	for _, st := range list {
		how, err := e.statement(st)
		if err != nil {
			if err.Line == 0 {
				err.Line = st.at().line - e.line + 1
			}
			if e.tries > 0 {
				return flowEnd, err
			}
			e.report(err)
			if err.Aborts || e.gone && !e.options.Late {
				return flowEnd, nil
			}
			continue
		}
		if how != flowNext {
			return how, nil
		}
	}
	return flowNext, nil
}

// statement runs one statement. @@ERROR is read ahead of the end of a statement and set by it.
func (e *env) statement(st stmt) (flow, *Error) {
	if e.noExec {
		return e.compiled(st)
	}
	switch st := st.(type) {
	case *blockStmt:
		return e.list(st.list)
	case *tryStmt:
		return e.try(st)
	case *ifStmt:
		is, err := e.condition(st, st.c)
		switch {
		case err != nil:
			return flowNext, err
		case is == yes:
			return e.list([]stmt{st.then})
		case st.other != nil:
			return e.list([]stmt{st.other})
		}
		return flowNext, nil
	case *whileStmt:
		return e.while(st)
	case *leaveStmt:
		e.lastError = 0
		return st.how, nil
	}
	how := flowNext
	err := e.guard(st, func() { how = e.do(st) })
	if err == nil {
		return how, nil
	}
	return flowNext, err
}

// compiled runs what is left while NOEXEC is on: nothing but SET NOEXEC OFF that stands under no condition.
// https://learn.microsoft.com/sql/t-sql/statements/set-noexec-transact-sql
func (e *env) compiled(st stmt) (flow, *Error) {
	switch st := st.(type) {
	case *optionStmt:
		if st.name == "NOEXEC" && !st.on {
			e.noExec = false
		}
	case *blockStmt:
		return e.list(st.list)
	}
	return flowNext, nil
}

// guard runs the part of a statement that may fail. Whatever is no error of the server passes through.
func (e *env) guard(st stmt, do func()) (err *Error) {
	scope := e.scope
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		e.scope = scope
		switch r := r.(type) {
		case *Error:
			copied := *r
			copied.Line = st.at().line - e.line + 1
			e.lastError, err = r.Number, &copied
		case *Unsupported:
			if r.Line == 0 {
				r.Line, r.Column = st.at().line, st.at().column
			}
			panic(r)
		default:
			panic(r)
		}
	}()
	do()
	return nil
}

// condition tests the condition of IF or WHILE and sets @@ERROR to 0 behind it.
func (e *env) condition(st stmt, c cond) (is truth, err *Error) {
	err = e.guard(st, func() { is = c.test(e) })
	if err != nil && e.tries == 0 && !err.Aborts {
		e.unknown(st.at(), "which branch follows when a condition fails with error %d", err.Number)
	}
	if err == nil {
		e.lastError, e.rowCount = 0, 0
	}
	return is, err
}

func (e *env) while(st *whileStmt) (flow, *Error) {
	for turns := 0; ; turns++ {
		if turns > 1_000_000 {
			e.unknown(st.place, "a loop of a million turns")
		}
		is, err := e.condition(st, st.c)
		if err != nil || is != yes {
			return flowNext, err
		}
		how, err := e.list([]stmt{st.body})
		switch {
		case err != nil || how == flowReturn || how == flowEnd:
			return how, err
		case how == flowBreak || e.noExec:
			return flowNext, nil
		}
	}
}

// try runs TRY and, for an error of severity 11 or higher, CATCH, where @@ERROR begins as the number of the error.
func (e *env) try(st *tryStmt) (flow, *Error) {
	e.tries++
	how, err := e.list(st.body)
	e.tries--
	if err == nil {
		return how, nil
	}
	e.lastError = err.Number
	e.caught = append(e.caught, err)
	how, err = e.list(st.catch)
	e.caught = e.caught[:len(e.caught)-1]
	return how, err
}

// do runs a statement that holds no other one.
func (e *env) do(st stmt) flow {
	last := 0
	rows := 0
	switch st := st.(type) {
	case *declareStmt:
		if !slices.ContainsFunc(st.init, func(x expr) bool { return x != nil }) {
			return flowNext // a declaration is none that is executed: @@ERROR stays
		}
		for i, x := range st.init {
			if x != nil {
				v := e.vars[st.vars[i].name]
				v.value = v.typ.implicit(x.eval(e))
				rows = 1
			}
		}
	case *declareTable:
		return flowNext
	case *setStmt:
		v := e.vars[st.to.name]
		v.value = v.typ.implicit(st.x.eval(e))
		rows = 1
	case *optionStmt:
		switch st.name {
		case "NOEXEC":
			e.noExec = st.on
		case "NOCOUNT":
			e.noCount = st.on
		case "IMPLICIT_TRANSACTIONS":
			if st.on {
				e.unknown(st.place, "implicit transactions")
			}
		}
	case *useStmt:
		e.host.Use(st.database)
	case *selectStmt:
		rows = e.selected(st.q)
	case *printStmt:
		e.print(e.printed(st))
	case *raiseStmt:
		e.raise(st)
	case *throwStmt:
		e.throw(st)
	case *waitStmt:
		e.host.Sleep(e.delay(st))
	case *insertStmt:
		var how flow
		if rows, how = e.insert(st); how != flowNext {
			return how
		}
	case *deleteStmt:
		rows = e.remove(st)
	case *createTable:
		if e.temporary[st.def.name] != nil {
			panic(&Error{Number: 2714, Severity: 16, State: 6, Aborts: true, Message: "There is already an object named '" + st.def.name + "' in the database."})
		}
		e.temporary[st.def.name] = newMemory(st.def)
	case *dropTable:
		if e.temporary[st.name] == nil {
			panic(&Error{Number: 3701, Severity: 11, State: 5, Message: "Cannot drop the table '" + st.name + "', because it does not exist or you do not have permission."})
		}
		delete(e.temporary, st.name)
	case *execStmt:
		return e.exec(st)
	case *hostStmt:
		e.server(st)
	default:
		e.unknown(st.at(), "the statement %T", st)
	}
	e.lastError, e.rowCount = last, rows
	return flowNext
}

// memory finds a table variable or temporary table.
func (s *session) memory(name string) *memory {
	m := s.tables[name]
	if strings.HasPrefix(name, "#") {
		m = s.temporary[name]
	}
	if m == nil {
		panic(&Error{Number: 208, Severity: 16, State: 0, Aborts: true, Message: "Invalid object name '" + name + "'."})
	}
	return m
}

// selected runs SELECT as a statement and gives the number of its rows.
func (e *env) selected(q *query) int {
	if q.assigns {
		return e.assign(q)
	}
	t := &Table{Rows: e.rows(q, nil)}
	for _, i := range q.items {
		t.Columns = append(t.Columns, i.name)
	}
	e.emit(t)
	return len(t.Rows)
}

// emit hands rows to INSERT … EXEC or to the client.
func (e *env) emit(t *Table) {
	if e.sink != nil {
		e.sink.Columns = t.Columns
		e.sink.Rows = append(e.sink.Rows, t.Rows...)
		return
	}
	for _, row := range t.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = show(v)
		}
		e.print(strings.Join(cells, " "))
	}
	if !e.noCount {
		e.print("(" + strconv.Itoa(len(t.Rows)) + " rows affected)")
	}
}

// printed is the text of PRINT: at most 4,000 characters, nothing for NULL.
func (e *env) printed(st *printStmt) string {
	switch v := st.x.eval(e).(type) {
	case nil:
		return ""
	case string:
		return cut(v, 0, 4000)
	case int64:
		return strconv.FormatInt(v, 10)
	default:
		Unknown("PRINT of %T", v)
		return ""
	}
}

func (e *env) raise(st *raiseStmt) {
	text, ok := st.text.eval(e).(string)
	severity, is := st.severity.eval(e).(int64)
	state, also := st.state.eval(e).(int64)
	if !ok || !is || !also || severity < 0 || severity > 18 || state < 0 || state > 255 {
		e.unknown(st.place, "this message, severity or state of RAISERROR")
	}
	args := make([]argument, len(st.args))
	for i, x := range st.args {
		args[i].value = x.eval(e)
		if v, ok := x.(*variable); ok {
			args[i].typ = v.typ
		}
	}
	raised := &Error{Number: 50000, Severity: int(severity), State: int(state), Message: format(text, args)}
	if severity <= 10 {
		e.report(raised)
		e.lastError = 0
		return
	}
	panic(raised)
}

// throw raises what CATCH caught again, or an error of severity 16; both end the batch when no TRY is around.
func (e *env) throw(st *throwStmt) {
	if st.number == nil {
		if len(e.caught) == 0 {
			e.unknown(st.place, "THROW outside of CATCH")
		}
		again := *e.caught[len(e.caught)-1]
		again.Aborts = true
		panic(&again)
	}
	n, ok := st.number.eval(e).(int64)
	text, is := st.text.eval(e).(string)
	state, also := st.state.eval(e).(int64)
	if !ok || !is || !also || n < 50000 {
		e.unknown(st.place, "this number, message or state of THROW")
	}
	panic(&Error{Number: int(n), Severity: 16, State: int(state), Message: text, Aborts: true})
}

// delay reads hh:mm:ss with or without thousandths.
func (e *env) delay(st *waitStmt) time.Duration {
	text, _ := st.x.eval(e).(string)
	for _, layout := range []string{"15:04:05", "15:04:05.000"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
		}
	}
	fail(148, "Incorrect time syntax in time string '%s' used with WAITFOR.", text)
	return 0
}

// insert runs INSERT and gives the number of rows; an EXEC within may end the batch.
func (e *env) insert(st *insertStmt) (int, flow) {
	m := e.memory(st.into)
	how := flowNext
	var rows [][]Value
	switch {
	case st.q != nil:
		rows = e.rows(st.q, nil)
	case st.exec != nil:
		outer := e.sink
		e.sink = &Table{}
		defer func() { e.sink = outer }()
		how = e.exec(st.exec)
		rows = e.sink.Rows
	default:
		kinds := make([]kind, len(st.values[0]))
		for _, list := range st.values {
			for i, x := range list {
				if i < len(kinds) && len(st.values) > 1 {
					kinds[i] = stronger(kinds[i], x.kind(e))
				}
			}
		}
		for _, list := range st.values {
			row := make([]Value, len(list))
			for i, x := range list {
				row[i] = x.eval(e)
				if i < len(kinds) {
					row[i] = unite(row[i], kinds[i])
				}
			}
			rows = append(rows, row)
		}
	}
	m.insert(st.columns, rows)
	return len(rows), how
}

// remove runs DELETE.
func (e *env) remove(st *deleteStmt) int {
	var table *Table
	if st.from.table != "" {
		table = e.memory(st.from.table).table()
	} else {
		table = e.open(&st.from)
	}
	alias := st.from.table
	if alias == "" {
		alias = strings.ToLower(st.from.name.Object)
	}
	in := &env{e.session, e.vars, &scope{sources: []rowSource{{alias: alias, table: table}}}}
	kept := make([][]Value, 0, len(table.Rows))
	for _, row := range table.Rows {
		in.scope.sources[0].row = row
		if st.where != nil && st.where.test(in) != yes {
			kept = append(kept, row)
		}
	}
	removed := len(table.Rows) - len(kept)
	if st.from.table != "" {
		e.memory(st.from.table).rows = kept
		return removed
	}
	e.host.Step("DELETE " + st.from.name.String())
	if !e.host.Change(st.from.name, &Table{Columns: table.Columns, Rows: kept}) {
		e.unknown(st.place, "DELETE from %s", st.from.name)
	}
	return removed
}

// server hands a statement to the host.
func (e *env) server(st *hostStmt) {
	tokens := st.tokens
	for i, t := range tokens {
		if t.Kind != '@' {
			continue
		}
		if &tokens[0] == &st.tokens[0] {
			tokens = slices.Clone(tokens)
		}
		if strings.HasPrefix(t.Text, "@@") {
			tokens[i].Value = (&global{place{t.Line, t.Column}, strings.ToUpper(t.Text)}).eval(e)
		} else {
			tokens[i].Value = e.vars[strings.ToLower(t.Text)].value
		}
	}
	e.host.Step(st.what)
	if !st.reports {
		if !e.host.Statement(tokens) {
			e.unknown(st.place, "the statement %s", st.what)
		}
		return
	}
	r, ok := e.host.(Reporter)
	if ok {
		var t *Table
		if t, ok = r.Report(tokens); ok {
			e.emit(t)
			return
		}
	}
	e.unknown(st.place, "the statement %s", st.what)
}

// exec runs EXEC. @@ERROR behind it is that of the last statement within.
func (e *env) exec(st *execStmt) flow {
	if st.text != nil {
		text, ok := st.text.eval(e).(string)
		if !ok {
			return flowNext
		}
		return e.dynamic(st, text, nil, map[string]*holder{})
	}
	schema, object := strings.ToLower(st.proc.Schema), strings.ToLower(st.proc.Object)
	if object == "sp_executesql" && (schema == "sys" || schema == "") {
		return e.executeSQL(st)
	}
	args := make([]Arg, len(st.args))
	for i, a := range st.args {
		args[i] = Arg{Name: a.name, Value: a.x.eval(e)}
		if a.output != nil {
			v := e.vars[a.output.name]
			args[i].Set = func(value Value) { v.value = v.typ.implicit(value) }
		}
	}
	e.host.Step("EXEC " + st.proc.String())
	t, ok := e.host.Procedure(st.proc, args)
	if !ok {
		e.unknown(st.place, "the procedure %s", st.proc)
	}
	if t != nil {
		e.emit(t)
	}
	e.lastError, e.rowCount = 0, 0
	return flowNext
}

// executeSQL runs sp_executesql: the text, the declaration of its parameters, then the parameters by name or in order.
func (e *env) executeSQL(st *execStmt) flow {
	if len(st.args) == 0 || st.args[0].name != "" && st.args[0].name != "@stmt" && st.args[0].name != "@statement" {
		e.unknown(st.place, "sp_executesql without its text first")
	}
	text, ok := st.args[0].x.eval(e).(string)
	if !ok {
		// NULL runs nothing.
		e.lastError = 0
		return flowNext
	}
	var params []*variable
	var output []bool
	if len(st.args) > 1 {
		declared, ok := st.args[1].x.eval(e).(string)
		if !ok {
			e.unknown(st.place, "parameters of sp_executesql that are no text")
		}
		params, output = parseParams(declared)
	}
	vars := map[string]*holder{}
	for _, p := range params {
		vars[p.name] = &holder{typ: p.typ}
	}
	given := map[string]bool{}
	var back []func()
	for i, a := range st.args[min(2, len(st.args)):] {
		k := i
		if a.name != "" {
			k = slices.IndexFunc(params, func(p *variable) bool { return p.name == a.name })
		}
		if k < 0 || k >= len(params) {
			fail(8145, "%s is not a parameter for procedure .", a.name)
		}
		p := params[k]
		given[p.name] = true
		vars[p.name].value = p.typ.implicit(a.x.eval(e))
		if a.output != nil {
			if !output[k] {
				fail(8162, "The formal parameter \"%s\" was not declared as an OUTPUT parameter, but the actual parameter passed in requested output.", p.name)
			}
			to := e.vars[a.output.name]
			back = append(back, func() { to.value = to.typ.implicit(vars[p.name].value) })
		}
	}
	for _, p := range params {
		if !given[p.name] {
			fail(8178, "The parameterized query expects the parameter '%s', which was not supplied.", p.name)
		}
	}
	how := e.dynamic(st, text, params, vars)
	for _, f := range back {
		f()
	}
	return how
}

// parseParams reads the declaration of parameters.
func parseParams(declared string) (params []*variable, output []bool) {
	f := parseFile("DECLARE "+outputWord.ReplaceAllString(declared, ""), nil)
	if f.unknown != nil || len(f.batches) != 1 || len(f.batches[0].list) != 1 {
		Unknown("the parameters %q", declared)
	}
	params = f.batches[0].variables
	for part := range strings.SplitSeq(declared, "@") {
		if strings.TrimSpace(part) != "" {
			output = append(output, outputWord.MatchString(part))
		}
	}
	if len(output) != len(params) {
		Unknown("the parameters %q", declared)
	}
	return params, output
}

// dynamic runs a text as a batch of its own.
func (e *env) dynamic(st *execStmt, text string, params []*variable, vars map[string]*holder) flow {
	if e.depth >= 32 {
		fail(217, "Maximum stored procedure, function, trigger, or view nesting level exceeded (limit 32).")
	}
	f := parseFile(text, params)
	if f.unknown != nil {
		e.unknown(st.place, "%s, in the text %q", f.unknown.What, text)
	}
	e.depth++
	defer func() {
		e.depth--
		switch r := recover().(type) {
		case nil:
		case *Unsupported:
			panic(&Unsupported{Line: st.line, Column: st.column, What: r.What + ", in the text " + strconv.Quote(text)})
		default:
			panic(r)
		}
	}()
	for _, b := range f.batches {
		if b.fault != nil {
			panic(b.fault)
		}
		how, err := e.batch(b, vars)
		if err != nil {
			panic(err)
		}
		if how == flowEnd {
			return flowEnd
		}
	}
	return flowNext
}
