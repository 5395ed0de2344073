package tsql

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// session is one connection: what lasts longer than a batch.
type session struct {
	host      Host
	options   Options
	noExec    bool
	noCount   bool
	lastError int
	rowCount  int
	tries     int // how many TRY are around
	caught    []*Error
	temporary map[string]*memory
	tables    map[string]*memory // the table variables of the batch
	sink      *Table             // where rows go that INSERT … EXEC takes
	depth     int                // of texts within texts
	gone      bool               // the client has left
	code      int                // what sqlcmd ends with
	line      int                // the line that the running batch begins with
}

// flow is how a statement ends.
type flow int

const (
	flowNext flow = iota
	flowBreak
	flowContinue
	flowReturn
	flowEnd // the batch ends
)

// Run runs a file as sqlcmd does with -I and what Options say, and gives what it ends with: 0, 1 after an error of severity 11 or higher
// (-b) or what sqlcmd itself stumbles over, the number of the message after one of state 127 and a lower severity or without -b. The
// error is *Unsupported only.
//
// A file is parsed whole before anything of it runs.
func Run(host Host, file string, data []byte, o Options) (exitCode int, err error) {
	text, unsupported := decode(data)
	if unsupported == nil && o.Variables != nil {
		var missing string
		if text, missing = substitute(text, o.Variables); missing != "" {
			host.Print("'" + missing + "' scripting variable not defined.")
			return 1, nil
		}
	}
	if unsupported == nil {
		f := parseFile(text, nil)
		if unsupported = f.unknown; unsupported == nil {
			s := &session{host: host, options: o, temporary: map[string]*memory{}}
			unsupported = s.batches(f)
			exitCode = s.code
		}
	}
	if unsupported != nil {
		u := *unsupported
		u.File = file
		return 1, &u
	}
	return exitCode, nil
}

// Query runs one text as a program does that reads its rows, with parameters by name (with sign, any case): the last result is returned,
// nil when there was none. An error of the server that no TRY takes ends it and is returned as *Error.
func Query(host Host, text string, params map[string]Value) (t *Table, err error) {
	s := &session{host: host, temporary: map[string]*memory{}, sink: &Table{}, tries: 1}
	var list []*variable
	vars := map[string]*holder{}
	for name, v := range params {
		typ := &dataType{name: map[kind]string{kindNumber: "bigint", kindTime: "datetime", kindBinary: "varbinary"}[kindOf(v)], size: -1}
		if typ.name == "" {
			typ.name = "nvarchar"
		}
		name = strings.ToLower(name)
		list = append(list, &variable{name: name, typ: typ})
		vars[name] = &holder{typ, v}
	}
	f := parseFile(text, list)
	if f.unknown != nil {
		return nil, f.unknown
	}
	defer func() {
		if r := recover(); r != nil {
			u, ok := r.(*Unsupported)
			if !ok {
				panic(r)
			}
			t, err = nil, u
		}
	}()
	for _, b := range f.batches {
		if b.fault != nil {
			return nil, b.fault
		}
		if _, e := s.batch(b, vars); e != nil {
			return nil, e
		}
	}
	if s.sink.Columns == nil {
		return nil, nil
	}
	return s.sink, nil
}

// decode takes the mark of UTF-8 off. Without it sqlcmd reads by the code page, so that only ASCII is certain.
func decode(data []byte) (string, *Unsupported) {
	text := string(data)
	if marked := strings.TrimPrefix(text, "\uFEFF"); marked != text {
		if !utf8.ValidString(marked) {
			return "", &Unsupported{Line: 1, Column: 1, What: "a file that is no UTF-8"}
		}
		return marked, nil
	}
	line := 1
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return "", &Unsupported{Line: line, Column: 1, What: "a character beyond ASCII in a file without the mark of UTF-8"}
		}
		if text[i] == '\n' {
			line++
		}
	}
	return text, nil
}

// reference is a scripting variable of sqlcmd, outputWord what marks a parameter of sp_executesql.
var (
	reference  = regexp.MustCompile(`\$\(([A-Za-z_][A-Za-z0-9_-]*)\)`)
	outputWord = regexp.MustCompile(`(?i)\s+OUT(PUT)?\b`)
)

// substitute puts values in the place of $(NAME), anywhere in the text, and names the first one that has none. Names have no case.
func substitute(text string, values map[string]string) (replaced, missing string) {
	known := map[string]string{}
	for name, v := range values {
		known[strings.ToUpper(name)] = v
	}
	replaced = reference.ReplaceAllStringFunc(text, func(m string) string {
		v, ok := known[strings.ToUpper(m[2:len(m)-1])]
		if !ok && missing == "" {
			missing = m[2 : len(m)-1]
		}
		return v
	})
	return replaced, missing
}

// batches runs the batches of a file one after the other.
func (s *session) batches(f *file) (u *Unsupported) {
	defer func() {
		if r := recover(); r != nil {
			var ok bool
			if u, ok = r.(*Unsupported); !ok {
				panic(r)
			}
		}
	}()
	for _, b := range f.batches {
		if b.fault != nil {
			s.report(b.fault)
		} else {
			s.batch(b, map[string]*holder{})
		}
		if s.gone {
			return nil
		}
	}
	return nil
}

// batch runs one batch with the variables that it has beside its own.
func (s *session) batch(b *batch, vars map[string]*holder) (flow, *Error) {
	for _, v := range b.variables {
		vars[v.name] = &holder{typ: v.typ}
	}
	tables, line := s.tables, s.line
	s.tables, s.line = map[string]*memory{}, b.line
	for _, def := range b.tables {
		s.tables[def.name] = newMemory(def)
	}
	defer func() { s.tables, s.line = tables, line }()
	return (&env{s, vars, nil}).list(b.list)
}

// report says what went wrong to a client, and lets sqlcmd leave.
func (s *session) report(e *Error) {
	s.lastError = e.Number
	if e.Severity > 10 {
		server, _ := s.host.Global("@@SERVERNAME")
		s.print(fmt.Sprintf("Msg %d, Level %d, State %d, Server %v, Line %d", e.Number, e.Severity, e.State, server, e.Line))
	}
	s.print(e.Message)
	if s.options.Studio || s.gone {
		return
	}
	if e.Severity > 10 && s.options.StopOnError {
		s.gone, s.code = true, 1
	} else if e.State == 127 {
		s.gone, s.code = true, e.Number
	}
}

// print prints lines unless the client has left.
func (s *session) print(text string) {
	if s.gone {
		return
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		s.host.Print(line)
	}
}

// unknown ends the run for what the interpreter or the host does not know.
func (s *session) unknown(at place, format string, args ...any) {
	panic(&Unsupported{Line: at.line, Column: at.column, What: fmt.Sprintf(format, args...)})
}
