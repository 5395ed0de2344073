package sqlverify

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// contract checks what every rendered file keeps, whatever its statements do.
func (c *checker) contract(s *script, batches [][]*statement) {
	header := c.header(s)
	c.sqlcmd(s, header)
	c.serverGuard(s, batches)
	c.spelling(s)
	c.forbidden(s.tokens)
	for i, list := range batches {
		c.declared(s.tokens, s.batches[i], list)
		walk(list, nil, func(st *statement, enclosing []*statement) { c.statementRules(s.tokens, st, enclosing) })
	}
}

// bytes checks encoding, line ends, control characters and leftovers of a template.
func (c *checker) bytes(data []byte) {
	place := func(offset int) token {
		before := data[:offset]
		return token{line: 1 + bytes.Count(before, []byte("\n")), col: 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])}
	}
	body, bom := bytes.CutPrefix(data, []byte("\xEF\xBB\xBF"))
	shift := len(data) - len(body)
	if !utf8.Valid(data) {
		for i := 0; i < len(data); {
			r, n := utf8.DecodeRune(data[i:])
			if r == utf8.RuneError && n == 1 {
				c.at(place(i), "SQC017", "the file is not UTF-8")
				break
			}
			i += n
		}
	}
	ends, ascii := false, true
	for i, r := range string(body) {
		at := i + shift
		if r > unicode.MaxASCII && ascii {
			ascii = false
			if !bom {
				c.at(place(at), "SQC017", "the file has characters beyond ASCII and no byte order mark: sqlcmd reads it in the ANSI code page")
			}
		}
		switch {
		case r == '\n':
			if !ends && (at == 0 || data[at-1] != '\r') {
				ends = true
				c.at(place(at), "SQC018", "the line ends with LF; rendered .sql files end lines with CR LF")
			}
		case r == '\r':
			if !ends && (at+1 >= len(data) || data[at+1] != '\n') {
				ends = true
				c.at(place(at), "SQC018", "a carriage return without a line feed")
			}
		case r == '\t':
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029', r == '\uFEFF':
			c.at(place(at), "SQC019", "control character %U", r)
		}
	}
	if len(body) > 0 && body[len(body)-1] != '\n' {
		c.at(place(len(data)), "SQC018", "the last line has no line end")
	}
	for _, leftover := range []string{"{{", "}}", "<no value>", "%!"} {
		if i := bytes.Index(data, []byte(leftover)); i >= 0 {
			c.at(place(i), "SQC020", "%q is left over from a template", leftover)
		}
	}
}

var headerFields = []string{"Step", "Run on", "Run by", "Changes", "Undo", "Sources"}

var headerLine = regexp.MustCompile(`^[ ]{0,3}(Step|Run on|Run by|Changes|Undo|Sources|Variables)(?:[ ]*:[ ]*|[ ]+)(\S.*)$`)

// header checks that the file starts with a block comment that holds every field once, and returns the fields.
func (c *checker) header(s *script) map[string]string {
	start := strings.TrimPrefix(s.src, "\uFEFF")
	top := token{line: 1, col: 1}
	if !strings.HasPrefix(start, "/*") {
		c.at(top, "SQC001", "the file does not start with the header comment")
		return nil
	}
	fields := map[string]string{}
	head := s.comments[0]
	field := ""
	for i, line := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(head.raw, "/*"), "*/"), "\n") {
		line = strings.TrimRight(line, "\r ")
		m := headerLine.FindStringSubmatch(line)
		if m == nil {
			if field != "" {
				fields[field] += "\n" + line
			}
			continue
		}
		field = m[1]
		if _, twice := fields[field]; twice {
			c.at(token{line: head.line + i, col: 1}, "SQC001", "header field %s stands twice", field)
		}
		fields[field] = m[2]
	}
	for _, f := range headerFields {
		if fields[f] == "" {
			c.at(top, "SQC001", "the header has no field %s", f)
		}
	}
	return fields
}

var sqlcmdVariable = regexp.MustCompile(`\$\(([^)\r\n]*)\)?`)

// sqlcmd checks variables, which sqlcmd replaces anywhere, and its commands, which SSMS does not know.
func (c *checker) sqlcmd(s *script, header map[string]string) {
	declared := header["Variables"]
	place := func(offset int) token {
		before := s.src[:offset]
		return token{line: 1 + strings.Count(before, "\n"), col: 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])}
	}
	for _, m := range sqlcmdVariable.FindAllStringSubmatchIndex(s.src, -1) {
		name := s.src[m[2]:m[3]]
		if !slices.Contains(strings.FieldsFunc(declared, func(r rune) bool { return strings.ContainsRune(" ,;\n\t", r) }), name) {
			c.at(place(m[0]), "SQC016", "$(%s) is not among the header's Variables", name)
		}
	}
	for i, t := range s.tokens {
		first := i == 0 || s.tokens[i-1].line < t.line
		if first && t.col == 1 && (t.op(":") || t.op("!")) {
			c.at(t, "SQC022", "a sqlcmd command: the file must also run in Management Studio")
		}
	}
}

// serverGuard checks that the first batch is nothing but the guard, and that the file ends by switching execution on.
func (c *checker) serverGuard(s *script, batches [][]*statement) {
	top := token{line: 1, col: 1}
	var last *statement
	for _, list := range batches {
		if len(list) > 0 {
			last = list[len(list)-1]
		}
	}
	if last == nil {
		c.at(top, "SQC002", "the file has no statement")
		return
	}
	if !spells(s.tokens[last.lo:last.hi], "SET", "NOEXEC", "OFF") {
		c.at(s.tokens[last.lo], "SQC003", "SET NOEXEC OFF must be the last statement")
	}
	if why := guardFault(s.tokens, batches[0]); why != "" {
		at := top
		if len(batches[0]) > 0 {
			at = s.tokens[batches[0][0].lo]
		}
		c.at(at, "SQC002", "server guard: %s", why)
	}
	if len(s.separators) == 0 {
		c.at(top, "SQC002", "server guard: no GO behind it, so nothing stops the statements that follow")
	}
}

func spells(tokens []token, words ...string) bool {
	if len(tokens) != len(words) {
		return false
	}
	for i, w := range words {
		if !tokens[i].is(w) {
			return false
		}
	}
	return true
}

// guardFault says what the first batch lacks: DECLARE and SET of @want and @have, then IF @want <> @have with
// RAISERROR (…, 16, 127, …) and SET NOEXEC ON, and nothing else.
func guardFault(tokens []token, list []*statement) string {
	if len(list) == 0 {
		return "the first batch is empty"
	}
	guard := list[len(list)-1]
	var want, have bool
	for _, s := range list[:len(list)-1] {
		if s.kind != "DECLARE" && s.kind != "SET" {
			return "the first batch must hold nothing else"
		}
		for _, a := range assignments(tokens, s) {
			switch a.name {
			case "@want":
				want = len(a.value) == 1 && a.value[0].kind == text
			case "@have":
				have = len(a.value) == 1 && a.value[0].val == "@@servername"
			}
		}
	}
	if guard.kind != "if" {
		return "the first batch must end with IF @want <> @have"
	}
	if !want || !have {
		return "@want must be set to a literal and @have to @@SERVERNAME"
	}
	cond := tokens[guard.cond[0]:guard.cond[1]]
	compares := false
	for i, t := range cond {
		if t.is("AND") || t.is("NOT") {
			return "the condition must be @want <> @have, at most with OR"
		}
		if i >= 2 && cond[i-1].op("<>") && (cond[i-2].val == "@want" && t.val == "@have" || cond[i-2].val == "@have" && t.val == "@want") {
			compares = true
		}
	}
	if !compares {
		return "the condition must compare @want <> @have"
	}
	var raised, stopped bool
	walk(guard.body, nil, func(s *statement, _ []*statement) {
		part := tokens[s.lo:s.hi]
		if s.kind == "RAISERROR" {
			for i := 1; i+4 < len(part); i++ {
				raised = raised || part[i].op(",") && part[i+1].raw == "16" && part[i+2].op(",") && part[i+3].raw == "127"
			}
		}
		if spells(part, "SET", "NOEXEC", "ON") {
			stopped = raised
		}
	})
	if !raised {
		return "RAISERROR (…, 16, 127, …) is missing: only state 127 ends sqlcmd"
	}
	if !stopped {
		return "SET NOEXEC ON is missing behind RAISERROR"
	}
	return ""
}

// spelling checks identifiers and literals.
func (c *checker) spelling(s *script) {
	for i, t := range s.tokens {
		switch {
		case t.kind == quoted:
			c.at(t, "SQC004", "%s: write names in [brackets]; sqlcmd runs with QUOTED_IDENTIFIER OFF", t.raw)
		case t.kind == text && !t.national && !bareLiteral(s.tokens, i):
			c.at(t, "SQC005", "literal %s lacks the N prefix", t.raw)
		}
	}
}

// bareLiteral says whether the grammar wants a literal without N here: WAITFOR DELAY 'time', LISTENER_IP = ('address').
func bareLiteral(tokens []token, i int) bool {
	if i < 2 {
		return false
	}
	return tokens[i-2].is("WAITFOR") || i >= 3 && tokens[i-1].op("(") && tokens[i-3].is("LISTENER_IP")
}

// forbidden finds what no file and no dynamic text may hold.
func (c *checker) forbidden(tokens []token) {
	restoring := false
	for i, t := range tokens {
		next := token{}
		if i+1 < len(tokens) {
			next = tokens[i+1]
		}
		switch {
		case t.op(";"):
			restoring = false
		case t.kind != number && strings.Contains(strings.ToLower(t.val), "xp_cmdshell"):
			c.at(t, "SQC010", "xp_cmdshell")
		case t.is("RESTORE") && (next.is("DATABASE") || next.is("LOG")):
			restoring = true
		case t.is("REPLACE") && restoring && !next.op("("):
			c.at(t, "SQC007", "RESTORE … WITH REPLACE overwrites a database")
		case t.is("DROP") && next.is("DATABASE"):
			c.at(t, "SQC008", "DROP DATABASE: print the statement for the database administrator instead")
		case t.is("RECOVERY") && next.is("SIMPLE"):
			c.at(t, "SQC015", "RECOVERY SIMPLE breaks the log chain")
		}
	}
}

// statementRules checks one statement in its place.
func (c *checker) statementRules(tokens []token, s *statement, enclosing []*statement) {
	first := tokens[s.lo]
	second := token{}
	if s.lo+1 < s.hi {
		second = tokens[s.lo+1]
	}
	c.use(tokens, s)
	switch {
	case s.kind == "DROP" && (second.is("LOGIN") || second.is("ENDPOINT")):
		if !slices.ContainsFunc(enclosing, func(e *statement) bool { return e.kind == "if" }) {
			c.at(first, "SQC009", "DROP %s stands in no IF", second.val)
		}
	case s.kind == "if" || s.kind == "while":
		c.guard(tokens[s.cond[0]:s.cond[1]], first)
		if s.kind == "while" {
			c.loop(tokens, s)
		}
	}
}

// use checks that USE names master or msdb: a copy of a user database that is not readable cannot be used.
func (c *checker) use(tokens []token, s *statement) {
	if s.kind != "USE" {
		return
	}
	if s.hi-s.lo != 2 || !tokens[s.lo+1].named("master") && !tokens[s.lo+1].named("msdb") {
		c.at(tokens[s.lo], "SQC006", "USE: stay in master or msdb")
	}
}

// guard holds a condition against the small vocabulary that a reader, and a simulation, can follow.
func (c *checker) guard(cond []token, first token) {
	if len(cond) == 0 {
		return
	}
	if m := follow("guard", cond, c.version); m != nil {
		at, found := first, "its end"
		if m.index < len(cond) {
			at, found = cond[m.index], cond[m.index].raw
		}
		c.at(at, "SQC012", "condition of %s: expected %s, found %s (EXISTS over one view, comparisons of variables, AND, OR and NOT are allowed; put the rest into a variable)", first.val, strings.Join(m.expected, " or "), found)
	}
}

// loop checks that WHILE ends and does not spin: one AND-term compares a counter that the body moves towards its bound, or
// the clock with a deadline that the body leaves alone; and the body waits, unless that term is the whole condition: then
// the loop counts and waits for nothing.
func (c *checker) loop(tokens []token, s *statement) {
	waits := false
	assigned := map[string][]assignment{}
	walk(s.body, nil, func(st *statement, _ []*statement) {
		if st.kind == "WAITFOR" && st.lo+1 < st.hi && tokens[st.lo+1].is("DELAY") {
			waits = true
		}
		for _, a := range assignments(tokens, st) {
			assigned[a.name] = append(assigned[a.name], a)
		}
	})
	cond := tokens[s.cond[0]:s.cond[1]]
	bounded, polls, depth, start := false, false, 0, 0
	for i := 0; i <= len(cond); i++ {
		end := i == len(cond)
		if !end && cond[i].op("(") {
			depth++
		}
		if !end && cond[i].op(")") {
			depth--
		}
		if !end && depth == 0 && cond[i].is("OR") {
			c.at(cond[i], "SQC011", "WHILE with OR: no term bounds it alone")
			return
		}
		if end || depth == 0 && cond[i].is("AND") {
			if bounds(cond[start:i], assigned) {
				bounded = true
			} else {
				polls = true
			}
			start = i + 1
		}
	}
	if bounded && polls && !waits {
		c.at(tokens[s.lo], "SQC011", "WHILE without WAITFOR DELAY")
	}
	if !bounded {
		c.at(tokens[s.lo], "SQC011", "WHILE has no bound: compare a counter that the body moves, or the clock with a deadline")
	}
}

func bounds(term []token, assigned map[string][]assignment) bool {
	var clock bool
	if len(term) == 5 && term[0].kind == word && clockFunctions[term[0].val] && term[1].op("(") && term[2].op(")") {
		clock = true
		term = term[2:]
	}
	if len(term) != 3 {
		return false
	}
	left, op, right := term[0], term[1].raw, term[2]
	if clock {
		return (op == "<" || op == "<=") && right.kind == variable && assigned[right.val] == nil
	}
	if left.kind != variable || assigned[left.val] == nil {
		left, right = right, left
		op = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}[op]
	}
	if left.kind != variable || len(assigned[left.val]) != 1 || assigned[right.val] != nil {
		return false
	}
	a := assigned[left.val][0]
	up, down := false, false
	for i, t := range a.value {
		switch {
		case t.kind == word && clockFunctions[t.val]:
			return op == "<" || op == "<="
		case t.kind == variable && t.val == left.val && i+1 < len(a.value):
			up, down = a.value[i+1].op("+"), a.value[i+1].op("-")
		case i > 0 && a.value[i-1].op("+") && t.val == left.val:
			up = true
		}
	}
	switch op {
	case "<", "<=":
		return up || a.operator == "+="
	case ">", ">=":
		return down || a.operator == "-="
	}
	return false
}

// declared checks that every variable is declared in the batch, before it is used.
func (c *checker) declared(tokens []token, b batch, list []*statement) {
	known := map[string]bool{}
	parameter := map[int]bool{} // indexes of parameter names in EXEC procedure @name = value
	declares := map[int]bool{}
	walk(list, nil, func(s *statement, _ []*statement) {
		depth := 0
		for i := s.lo + 1; s.isPlain() && i < s.hi; i++ {
			t := tokens[i]
			switch {
			case t.op("("):
				depth++
			case t.op(")"):
				depth--
			case t.kind != variable || depth > 0:
			case s.kind == "DECLARE":
				declares[i] = i == s.lo+1 || tokens[i-1].op(",")
			case (s.kind == "EXEC" || s.kind == "EXECUTE") && i > s.lo+1 && i+1 < s.hi && tokens[i+1].op("="):
				parameter[i] = true
			}
		}
	})
	for i := b.lo; i < b.hi; i++ {
		t := tokens[i]
		if t.kind != variable || strings.HasPrefix(t.val, "@@") || parameter[i] {
			continue
		}
		if declares[i] {
			if known[t.val] {
				c.at(t, "SQC014", "%s is declared twice in this batch", t.raw)
			}
			known[t.val] = true
			continue
		}
		if !known[t.val] {
			c.at(t, "SQC014", "%s is not declared in this batch", t.raw)
			known[t.val] = true
		}
	}
}
