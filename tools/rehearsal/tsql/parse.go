package tsql

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/tools/sqlverify"
)

// parser reads one batch. What it does not know it leaves by panic(*Unsupported); a fault of the script that the server finds while it
// compiles is kept and the parser goes on.
type parser struct {
	tokens   []sqlverify.Token
	upper    []string // the tokens' words in upper case, "" for what is no word
	i        int
	line     int // the file's line that the batch begins with
	declared map[string]*dataType
	tables   map[string]bool
	query    *query // the innermost SELECT whose items are read
	inside   bool   // an aggregate
	batch    *batch
}

// parsed keeps files and dynamic texts that were parsed: the same ones run hundreds of times.
var parsed struct {
	sync.Mutex
	files map[string]*file
}

const keptFiles = 500

type file struct {
	batches []*batch
	unknown *Unsupported
}

// parseFile parses a text once. Variables that exist ahead of it (of sp_executesql) are given by name.
func parseFile(text string, params []*variable) *file {
	key := text
	for _, p := range params {
		key += "\x00" + p.name + " " + p.typ.name
	}
	parsed.Lock()
	f := parsed.files[key]
	parsed.Unlock()
	if f != nil {
		return f
	}
	f = newFile(text, params)
	parsed.Lock()
	if len(parsed.files) >= keptFiles || parsed.files == nil {
		parsed.files = map[string]*file{}
	}
	parsed.files[key] = f
	parsed.Unlock()
	return f
}

func newFile(text string, params []*variable) (f *file) {
	f = &file{}
	defer func() {
		if r := recover(); r != nil {
			u, ok := r.(*Unsupported)
			if !ok {
				panic(r)
			}
			f.unknown = u
		}
	}()
	batches, findings := sqlverify.Batches(text)
	if len(findings) > 0 {
		panic(&Unsupported{Line: findings[0].Line, Column: findings[0].Col, What: findings[0].Message})
	}
	for _, b := range batches {
		if len(b.Tokens) > 0 {
			f.batches = append(f.batches, parseBatch(b, params))
		}
	}
	return f
}

func parseBatch(b sqlverify.Batch, params []*variable) *batch {
	p := &parser{tokens: b.Tokens, line: b.Line, declared: map[string]*dataType{}, tables: map[string]bool{}, batch: &batch{line: b.Line}}
	p.upper = make([]string, len(p.tokens))
	for i, t := range p.tokens {
		if t.Kind == 'w' {
			p.upper[i] = strings.ToUpper(t.Text)
		}
	}
	for _, v := range params {
		p.declared[v.name] = v.typ
	}
	for p.semicolons(); p.i < len(p.tokens); p.semicolons() {
		p.batch.list = append(p.batch.list, p.statement())
	}
	return p.batch
}

func (p *parser) semicolons() {
	for p.op(";") {
	}
}

func (p *parser) here() place {
	if len(p.tokens) == 0 {
		return place{p.line, 1}
	}
	t := p.tokens[min(p.i, len(p.tokens)-1)]
	return place{t.Line, t.Col}
}

func (p *parser) unknown(at place, format string, args ...any) {
	panic(&Unsupported{Line: at.line, Column: at.column, What: fmt.Sprintf(format, args...)})
}

// stuck says that the next token does not fit.
func (p *parser) stuck(wanted string) {
	if p.i >= len(p.tokens) {
		p.unknown(p.here(), "a batch that ends where %s should follow", wanted)
	}
	p.unknown(p.here(), "%q where %s should stand", p.tokens[p.i].Text, wanted)
}

// fault keeps the first error of compilation.
func (p *parser) fault(at place, number, severity int, format string, args ...any) {
	if p.batch.fault == nil {
		p.batch.fault = &Error{Number: number, Severity: severity, State: 1, Line: at.line - p.line + 1, Message: fmt.Sprintf(format, args...)}
	}
}

func (p *parser) peek(words ...string) bool {
	return p.i < len(p.tokens) && p.tokens[p.i].Kind == 'w' && slices.Contains(words, p.upper[p.i])
}

func (p *parser) peekAt(n int, word string) bool {
	return p.i+n < len(p.tokens) && p.upper[p.i+n] == word
}

// word takes one word when it is next.
func (p *parser) word(upper string) bool {
	if p.peek(upper) {
		p.i++
		return true
	}
	return false
}

func (p *parser) need(upper string) {
	if !p.word(upper) {
		p.stuck(upper)
	}
}

func (p *parser) peekOp(ops ...string) bool {
	return p.i < len(p.tokens) && p.tokens[p.i].Kind == 'o' && slices.Contains(ops, p.tokens[p.i].Text)
}

func (p *parser) op(sign string) bool {
	if p.peekOp(sign) {
		p.i++
		return true
	}
	return false
}

func (p *parser) needOp(sign string) {
	if !p.op(sign) {
		p.stuck(sign)
	}
}

func (p *parser) peekKind(kind byte) bool { return p.i < len(p.tokens) && p.tokens[p.i].Kind == kind }

// reserved are the words that cannot be a name without brackets, as far as they can stand where a name may end.
// https://learn.microsoft.com/sql/t-sql/language-elements/reserved-keywords-transact-sql
var reserved = map[string]bool{
	"ADD": true, "ALL": true, "ALTER": true, "AND": true, "AS": true, "ASC": true, "BACKUP": true, "BEGIN": true, "BETWEEN": true, "BREAK": true, "BY": true,
	"CASE": true, "CLOSE": true, "COLLATE": true, "CONTINUE": true, "CREATE": true, "CROSS": true, "CURSOR": true, "DECLARE": true, "DELETE": true, "DENY": true,
	"DESC": true, "DISTINCT": true, "DROP": true, "ELSE": true, "END": true, "ESCAPE": true, "EXCEPT": true, "EXEC": true, "EXECUTE": true, "EXISTS": true,
	"FETCH": true, "FOR": true, "FROM": true, "FULL": true, "GRANT": true, "GROUP": true, "HAVING": true, "IF": true, "IN": true, "INNER": true, "INSERT": true,
	"INTERSECT": true, "INTO": true, "IS": true, "JOIN": true, "LEFT": true, "LIKE": true, "MERGE": true, "NOT": true, "NULL": true, "ON": true, "OPEN": true,
	"OPTION": true, "OR": true, "ORDER": true, "OUTER": true, "PRINT": true, "RAISERROR": true, "RECONFIGURE": true, "RESTORE": true, "RETURN": true, "REVOKE": true,
	"RIGHT": true, "SELECT": true, "SET": true, "TABLE": true, "THEN": true, "TOP": true, "UNION": true, "UPDATE": true, "USE": true, "VALUES": true,
	"WAITFOR": true, "WHEN": true, "WHERE": true, "WHILE": true, "WITH": true,
}

// name takes an identifier.
func (p *parser) name(what string) string {
	if p.peekKind('n') || p.peekKind('w') && !reserved[p.upper[p.i]] {
		p.i++
		return p.tokens[p.i-1].Text
	}
	p.stuck(what)
	return ""
}

func (p *parser) atName() bool {
	return p.peekKind('n') || p.peekKind('w') && !reserved[p.upper[p.i]]
}

// object takes the name of an object of one to three parts.
func (p *parser) object() Name {
	at := p.here()
	parts := []string{p.name("a name")}
	for p.op(".") {
		parts = append(parts, p.name("a part of a name"))
	}
	switch len(parts) {
	case 1:
		return Name{"", "", parts[0]}
	case 2:
		return Name{"", parts[0], parts[1]}
	case 3:
		return Name{parts[0], parts[1], parts[2]}
	}
	p.unknown(at, "a name of %d parts", len(parts))
	return Name{}
}

func (p *parser) integer(what string) int64 {
	if p.peekKind('#') {
		if n, err := strconv.ParseInt(p.tokens[p.i].Text, 10, 64); err == nil {
			p.i++
			return n
		}
	}
	p.stuck(what)
	return 0
}

// variable takes a variable that must be declared ahead of it in the batch.
func (p *parser) variable() *variable {
	if !p.peekKind('@') || strings.HasPrefix(p.tokens[p.i].Text, "@@") {
		p.stuck("a variable")
	}
	at := p.here()
	name := strings.ToLower(p.tokens[p.i].Text)
	typ := p.declared[name]
	if typ == nil {
		p.fault(at, 137, 15, "Must declare the scalar variable \"%s\".", p.tokens[p.i].Text)
		typ = &dataType{"int", 0}
	}
	p.i++
	return &variable{at, name, typ}
}

// dataType takes a data type.
func (p *parser) dataType() dataType {
	at := p.here()
	if !p.peekKind('w') {
		p.stuck("a data type")
	}
	t := dataType{name: strings.ToLower(p.tokens[p.i].Text)}
	p.i++
	switch t.name {
	case "sysname":
		return dataType{"nvarchar", 128}
	case "int", "tinyint", "smallint", "bigint", "bit", "datetime", "uniqueidentifier":
		return t
	case "nvarchar", "varchar", "nchar", "char", "varbinary", "binary":
		p.needOp("(")
		if p.word("MAX") {
			t.size = -1
		} else {
			t.size = int(p.integer("a length"))
		}
		p.needOp(")")
		return t
	case "numeric", "decimal":
		p.needOp("(")
		p.integer("a precision")
		if p.op(",") && p.integer("a scale") != 0 {
			p.unknown(at, "a number with a fraction")
		}
		p.needOp(")")
		return dataType{name: "numeric"}
	}
	p.unknown(at, "the data type %s", t.name)
	return t
}

// statement takes one statement. Semicolons ahead of it are taken already.
func (p *parser) statement() stmt {
	at := p.here()
	if !p.peekKind('w') {
		p.stuck("a statement")
	}
	first := p.upper[p.i]
	switch first {
	case "DECLARE":
		p.i++
		return p.declare(at)
	case "SET":
		p.i++
		return p.set(at)
	case "USE":
		p.i++
		return &useStmt{at, p.name("a database")}
	case "SELECT":
		return &selectStmt{at, p.selects(inStatement)}
	case "IF":
		p.i++
		s := &ifStmt{place: at, c: p.cond(), then: p.required("IF")}
		save := p.i
		p.semicolons()
		if p.word("ELSE") {
			s.other = p.required("ELSE")
		} else {
			p.i = save
		}
		return s
	case "WHILE":
		p.i++
		return &whileStmt{at, p.cond(), p.required("WHILE")}
	case "BEGIN":
		p.i++
		return p.begin(at)
	case "PRINT":
		p.i++
		return &printStmt{at, p.expr()}
	case "RAISERROR":
		p.i++
		return p.raise(at)
	case "THROW":
		p.i++
		s := &throwStmt{place: at}
		if p.peekKind('#') || p.peekKind('@') {
			s.number = p.plain("a number")
			p.needOp(",")
			s.text = p.plain("a text")
			p.needOp(",")
			s.state = p.plain("a state")
		}
		return s
	case "WAITFOR":
		p.i++
		p.need("DELAY")
		return &waitStmt{at, p.plain("a time")}
	case "BREAK":
		p.i++
		return &leaveStmt{at, flowBreak}
	case "CONTINUE":
		p.i++
		return &leaveStmt{at, flowContinue}
	case "RETURN":
		p.i++
		return &leaveStmt{at, flowReturn}
	case "INSERT":
		p.i++
		return p.insert(at)
	case "DELETE":
		p.i++
		return p.delete(at)
	case "EXEC", "EXECUTE":
		p.i++
		return p.exec(at)
	case "CREATE", "DROP":
		if p.peekAt(1, "TABLE") {
			p.i += 2
			return p.table(at, first)
		}
		return p.host(at)
	case "ALTER", "GRANT", "DENY", "REVOKE", "BACKUP", "RESTORE", "RECONFIGURE":
		return p.host(at)
	}
	p.unknown(at, "the statement %s", first)
	return nil
}

// required takes the statement of IF, ELSE or WHILE.
func (p *parser) required(of string) stmt {
	if p.peekOp(";") || p.peek("END", "ELSE") {
		p.stuck("the statement of " + of)
	}
	return p.statement()
}

func (p *parser) begin(at place) stmt {
	if p.word("TRY") {
		s := &tryStmt{place: at, body: p.until("TRY")}
		p.semicolons()
		p.need("BEGIN")
		p.need("CATCH")
		s.catch = p.until("CATCH")
		return s
	}
	if p.peek("TRAN", "TRANSACTION", "CATCH") {
		p.stuck("a statement")
	}
	return &blockStmt{at, p.until("")}
}

// until takes statements up to END and the word behind it.
func (p *parser) until(word string) []stmt {
	var list []stmt
	for p.semicolons(); !p.peek("END"); p.semicolons() {
		if p.i >= len(p.tokens) {
			p.stuck("END")
		}
		list = append(list, p.statement())
	}
	p.i++
	if word != "" {
		p.need(word)
	} else if len(list) == 0 {
		p.stuck("a statement ahead of END")
	}
	return list
}

func (p *parser) declare(at place) stmt {
	s := &declareStmt{place: at}
	for {
		if !p.peekKind('@') {
			p.stuck("a variable")
		}
		here := p.here()
		shown := p.tokens[p.i].Text
		name := strings.ToLower(shown)
		p.i++
		p.word("AS")
		if p.declared[name] != nil || p.tables[name] {
			p.fault(here, 134, 15, "The variable name '%s' has already been declared. Variable names must be unique within a query batch or stored procedure.", shown)
		}
		if p.word("TABLE") {
			if len(s.vars) > 0 || strings.HasPrefix(name, "@@") {
				p.unknown(here, "a table variable among others")
			}
			p.batch.tables = append(p.batch.tables, p.tableDef(name))
			p.tables[name] = true
			return &declareTable{at, name}
		}
		typ := p.dataType()
		var init expr
		if p.op("=") {
			init = p.expr()
		}
		p.declared[name] = &typ
		v := &variable{here, name, &typ}
		p.batch.variables = append(p.batch.variables, v)
		s.vars = append(s.vars, v)
		s.init = append(s.init, init)
		if !p.op(",") {
			return s
		}
	}
}

// options are the SET options that our files use.
var options = []string{"NOCOUNT", "NOEXEC", "IMPLICIT_TRANSACTIONS"}

func (p *parser) set(at place) stmt {
	if p.peekKind('@') {
		s := &setStmt{place: at, to: p.variable()}
		p.needOp("=")
		s.x = p.expr()
		return s
	}
	if !p.peek(options...) {
		p.stuck("a variable or an option that is known")
	}
	s := &optionStmt{place: at, name: p.upper[p.i]}
	p.i++
	s.on = p.word("ON")
	if !s.on {
		p.need("OFF")
	}
	return s
}

func (p *parser) raise(at place) stmt {
	s := &raiseStmt{place: at}
	p.needOp("(")
	s.text = p.plain("a message")
	p.needOp(",")
	s.severity = p.plain("a severity")
	p.needOp(",")
	s.state = p.plain("a state")
	for p.op(",") {
		s.args = append(s.args, p.plain("an argument"))
	}
	p.needOp(")")
	if p.word("WITH") && !p.word("LOG") {
		p.stuck("LOG")
	}
	return s
}

// plain takes what RAISERROR, THROW, WAITFOR and EXEC take: a constant or a variable and nothing that is worked out.
func (p *parser) plain(what string) expr {
	negative := p.op("-")
	if negative && !p.peekKind('#') || !p.peekKind('s') && !p.peekKind('#') && !p.peekKind('@') && !p.peek("NULL") {
		p.stuck(what)
	}
	x := p.primary()
	if negative {
		return negation{x}
	}
	return x
}

func (p *parser) insert(at place) stmt {
	p.word("INTO")
	s := &insertStmt{place: at, into: p.target()}
	if p.op("(") {
		for {
			s.columns = append(s.columns, strings.ToLower(p.name("a column")))
			if !p.op(",") {
				break
			}
		}
		p.needOp(")")
	}
	switch {
	case p.word("VALUES"):
		for {
			p.needOp("(")
			s.values = append(s.values, p.exprs())
			p.needOp(")")
			if !p.op(",") {
				break
			}
		}
	case p.peek("SELECT"):
		s.q = p.selects(inValue)
	case p.peek("EXEC", "EXECUTE"):
		here := p.here()
		p.i++
		s.exec = p.exec(here)
	default:
		p.stuck("VALUES, SELECT or EXEC")
	}
	return s
}

// target takes the name of a table variable or temporary table.
func (p *parser) target() string {
	if p.peekKind('@') {
		name := strings.ToLower(p.tokens[p.i].Text)
		if !p.tables[name] {
			p.fault(p.here(), 1087, 15, "Must declare the table variable \"%s\".", p.tokens[p.i].Text)
		}
		p.i++
		return name
	}
	if p.atName() && strings.HasPrefix(p.tokens[p.i].Text, "#") && !strings.HasPrefix(p.tokens[p.i].Text, "##") {
		return strings.ToLower(p.name("a table"))
	}
	p.stuck("a table variable or a temporary table")
	return ""
}

func (p *parser) delete(at place) stmt {
	p.word("FROM")
	s := &deleteStmt{place: at, from: source{place: p.here()}}
	if p.peekKind('@') || p.peekKind('w') && strings.HasPrefix(p.tokens[p.i].Text, "#") {
		s.from.table = p.target()
	} else {
		s.from.name = p.object()
	}
	if p.word("WHERE") {
		s.where = p.cond()
	}
	return s
}

func (p *parser) exec(at place) *execStmt {
	s := &execStmt{place: at}
	if p.op("(") {
		s.text = p.expr()
		p.needOp(")")
		return s
	}
	s.proc = p.object()
	for p.peekKind('@') || p.peekKind('s') || p.peekKind('#') || p.peek("NULL") || p.peekOp("-") {
		var a execArg
		if p.peekKind('@') && p.i+1 < len(p.tokens) && p.tokens[p.i+1].Kind == 'o' && p.tokens[p.i+1].Text == "=" {
			a.name = strings.ToLower(p.tokens[p.i].Text)
			p.i += 2
		} else if len(s.args) > 0 && s.args[len(s.args)-1].name != "" {
			p.fault(p.here(), 119, 15, "Must pass parameter number %d and subsequent parameters as '@name = value'. After the form '@name = value' has been used, all subsequent parameters must be passed in the form '@name = value'.", len(s.args)+1)
		}
		a.x = p.plain("a constant or a variable")
		if p.word("OUTPUT") || p.word("OUT") {
			v, ok := a.x.(*variable)
			if !ok {
				p.fault(at, 179, 15, "Cannot use the OUTPUT option when passing a constant to a stored procedure.")
			}
			a.output = v
		}
		s.args = append(s.args, a)
		if !p.op(",") {
			break
		}
	}
	return s
}

// table takes CREATE TABLE and DROP TABLE of a temporary table.
func (p *parser) table(at place, verb string) stmt {
	name := p.target()
	if strings.HasPrefix(name, "@") {
		p.unknown(at, "%s TABLE of a variable", verb)
	}
	if verb == "DROP" {
		return &dropTable{at, name}
	}
	return &createTable{at, p.tableDef(name)}
}

func (p *parser) tableDef(name string) *tableDef {
	def := &tableDef{name: name}
	p.needOp("(")
	for {
		shown := p.name("a column")
		c := columnDef{shown: shown, name: strings.ToLower(shown), typ: p.dataType()}
		for !p.peekOp(",", ")") {
			switch {
			case p.word("IDENTITY"):
				c.identity, c.notNull = true, true
				p.needOp("(")
				c.start = p.integer("a seed")
				p.needOp(",")
				c.add = p.integer("an increment")
				p.needOp(")")
			case p.word("NOT"):
				p.need("NULL")
				c.notNull = true
			case p.word("NULL"):
			default:
				p.stuck("NULL, NOT NULL or IDENTITY")
			}
		}
		def.columns = append(def.columns, c)
		if !p.op(",") {
			break
		}
	}
	p.needOp(")")
	return def
}

// followers are words that begin a statement and stand in none of those that the host is handed.
var followers = []string{"IF", "PRINT", "SELECT", "DECLARE", "RAISERROR", "EXEC", "EXECUTE", "BEGIN", "WHILE", "RETURN", "BREAK", "CONTINUE", "INSERT", "DELETE", "WAITFOR", "THROW", "USE", "ELSE", "END"}

// host takes a statement of the server as it stands.
func (p *parser) host(at place) stmt {
	s := &hostStmt{place: at}
	depth := 0
	for p.i < len(p.tokens) {
		t := p.tokens[p.i]
		if depth == 0 && (p.peekOp(";") || p.peek(followers...)) {
			break
		}
		switch {
		case p.peekOp("("):
			depth++
		case p.peekOp(")"):
			depth--
		}
		token := Token{Kind: t.Kind, Text: t.Text, Line: t.Line, Column: t.Col}
		switch t.Kind {
		case 's':
			token.Value = t.Text
		case '#':
			token.Value = p.numeral()
		case '@':
			if !strings.HasPrefix(t.Text, "@@") {
				p.variable()
				p.i--
			}
		case '$':
			p.stuck("a statement without sqlcmd variables")
		}
		s.tokens = append(s.tokens, token)
		p.i++
	}
	if depth != 0 {
		p.unknown(at, "a statement whose brackets do not fit")
	}
	var words []string
	for _, t := range s.tokens {
		if t.Kind != 'w' || len(words) == 4 {
			break
		}
		words = append(words, strings.ToUpper(t.Text))
	}
	s.what = strings.Join(words, " ")
	s.reports = words[0] == "RESTORE" && len(words) > 1 && slices.Contains([]string{"FILELISTONLY", "HEADERONLY", "LABELONLY"}, words[1])
	return s
}

// numeral reads the number that is next and does not take it.
func (p *parser) numeral() Value {
	text := p.tokens[p.i].Text
	if strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0X") {
		digits := text[2:]
		if len(digits)%2 == 1 {
			digits = "0" + digits
		}
		b, err := hex.DecodeString(digits)
		if err != nil {
			p.stuck("a number")
		}
		return b
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	// An address such as 10.0.0.1 is cut into numbers with a point; only the host meets them.
	return text
}
