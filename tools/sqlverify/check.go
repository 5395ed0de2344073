// Package sqlverify judges rendered .sql files: the syntax of what Microsoft's parser cannot judge (availability groups,
// mirroring, their endpoints), what a SQL Server version does not know yet, and the contract that every rendered file keeps
// (header, server guard, role guards, bounded waits, nothing that loses data). CheckFiles hands the rest to mscheck.
//
// Rules lists the codes.
package sqlverify

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/mscheck"
)

// Finding is one complaint. Line and Col count from 1; Col counts characters.
type Finding struct {
	File    string
	Line    int
	Col     int
	Code    string
	Message string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s:%d:%d: %s [%s]", f.File, f.Line, f.Col, f.Message, f.Code)
}

// Options say for which server a file was rendered.
type Options struct {
	// Version is SQL Server's release year: 2008 (also 2008 R2), 2012, 2014, 2016, 2017, 2019 or 2022.
	Version int
}

// levels are the compatibility levels whose grammar mscheck uses for a version; it knows none newer than 150.
var levels = map[int]int{2008: 100, 2012: 110, 2014: 120, 2016: 130, 2017: 140, 2019: 150, 2022: 150}

// Known says whether Options can name this version.
func Known(version int) bool { return levels[version] != 0 }

// checker collects findings over one file, or over the text of one dynamic statement.
type checker struct {
	name     string
	version  int
	findings []Finding
	origin   *token // the statement that builds a dynamic text; findings are placed there
}

func (c *checker) at(t token, code, format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	if c.origin != nil {
		t, message = *c.origin, "in dynamic SQL: "+message
	}
	c.findings = append(c.findings, Finding{c.name, t.line, t.col, code, message})
}

// Check judges one file without Microsoft's parser. The findings are sorted by place and code.
func Check(name string, data []byte, opt Options) []Finding {
	_, _, findings := check(name, data, opt)
	return findings
}

// dynamicText is a statement that the file builds in a variable, with a stand-in for every name that it inserts.
type dynamicText struct {
	origin token
	sql    string
	known  bool // false when a part of it is not known before run time
	// from is the statement that builds the text, executed the ones that run it; nil for an Agent job step, which runs
	// elsewhere.
	from     *statement
	executed []*statement
}

func check(name string, data []byte, opt Options) (*script, []dynamicText, []Finding) {
	c := &checker{name: name, version: opt.Version}
	if levels[opt.Version] == 0 {
		c.findings = append(c.findings, Finding{name, 1, 1, "SQP000", fmt.Sprintf("SQL Server version %d is not known", opt.Version)})
		return scan(""), nil, c.findings
	}
	c.bytes(data)
	src := string(data)
	s := scan(src)
	for _, f := range s.problems {
		f.File = name
		c.findings = append(c.findings, f)
	}
	var batches [][]*statement
	for _, b := range s.batches {
		batches = append(batches, parseBatch(s.tokens, b, c.at))
	}
	var dynamic []dynamicText
	for i, list := range batches {
		c.statements(s.tokens, list)
		texts := c.dynamic(s.tokens, s.batches[i], list)
		c.roleGuards(s.tokens, list, texts)
		for _, d := range texts {
			c.checkDynamic(d)
		}
		dynamic = append(dynamic, texts...)
	}
	c.versions(s.tokens, owned(s.tokens, batches...))
	c.contract(s, batches)
	return s, dynamic, c.sorted()
}

func (c *checker) sorted() []Finding {
	slices.SortFunc(c.findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(c.findings)
}

// statements holds the owned statements of a batch against the grammar.
func (c *checker) statements(tokens []token, list []*statement) {
	walk(list, nil, func(s *statement, _ []*statement) {
		if !s.isPlain() {
			return
		}
		if rule := ownedRule(tokens[s.lo:s.hi]); rule != "" {
			c.checkOwned(rule, tokens[s.lo:s.hi])
		}
	})
}

// owned returns the indexes of the tokens of owned statements, whose grammar has the versions in it.
func owned(tokens []token, batches ...[]*statement) map[int]bool {
	in := map[int]bool{}
	for _, list := range batches {
		walk(list, nil, func(s *statement, _ []*statement) {
			if s.isPlain() && ownedRule(tokens[s.lo:s.hi]) != "" {
				for i := s.lo; i < s.hi; i++ {
					in[i] = true
				}
			}
		})
	}
	return in
}

// checkDynamic judges a text that is built at run time as if it stood in the file.
func (c *checker) checkDynamic(d dynamicText) {
	sub := &checker{name: c.name, version: c.version, origin: &d.origin}
	s := scan(d.sql)
	skip := map[int]bool{}
	if d.known {
		for _, f := range s.problems {
			sub.at(token{}, f.Code, "%s", f.Message)
		}
		if len(s.separators) > 0 {
			sub.at(token{}, "SQP003", "GO is no statement")
		}
		list := parseBatch(s.tokens, batch{0, len(s.tokens)}, sub.at)
		sub.statements(s.tokens, list)
		walk(list, nil, func(st *statement, _ []*statement) { sub.use(s.tokens, st) })
		skip = owned(s.tokens, list)
	}
	sub.versions(s.tokens, skip)
	sub.forbidden(s.tokens)
	c.findings = append(c.findings, sub.findings...)
}

// mask returns the file with everything replaced that Microsoft's parser would wrongly refuse: owned statements become
// PRINT 1 (ALTER DATABASE SET options may stay), GO n becomes GO, sqlcmd variables become names. Lines stay what they are, and columns wherever possible.
func mask(s *script) string {
	type cut struct {
		lo, hi int
		with   string
	}
	var cuts []cut
	ignore := func(token, string, string, ...any) {}
	for _, b := range s.batches {
		walk(parseBatch(s.tokens, b, ignore), nil, func(st *statement, _ []*statement) {
			if rule := ownedRule(s.tokens[st.lo:st.hi]); st.isPlain() && rule != "" && rule != "alter_database" {
				cuts = append(cuts, cut{s.tokens[st.lo].off, s.tokens[st.hi-1].end, "PRINT 1"})
			}
		})
	}
	for _, sep := range s.separators {
		cuts = append(cuts, cut{sep.off, sep.end, "GO"})
	}
	for _, t := range s.tokens {
		if t.kind == scripting {
			cuts = append(cuts, cut{t.off, t.end, "x"})
		}
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return cmp.Compare(a.lo, b.lo) })
	var out strings.Builder
	pos := 0
	for _, k := range cuts {
		if k.lo < pos {
			continue // a sqlcmd variable inside an owned statement
		}
		out.WriteString(s.src[pos:k.lo])
		out.WriteString(k.with)
		column := len(k.with)
		for i, r := range []rune(s.src[k.lo:k.hi]) {
			switch {
			case r == '\r' || r == '\n':
				out.WriteRune(r)
				column = 0
			case i >= column:
				out.WriteByte(' ')
			}
		}
		pos = k.hi
	}
	out.WriteString(s.src[pos:])
	return out.String()
}

// Source is a file to judge and the server it was rendered for.
type Source struct {
	Name string
	Data []byte
	Options
}

// CheckFiles judges many files, Microsoft's parser included; one run of it serves every version's files. Findings are
// sorted by file and place. The error is about running the parser, never about a file.
func CheckFiles(ctx context.Context, tool *mscheck.Tool, files []Source) ([]Finding, error) {
	dir, err := os.MkdirTemp("", "sqlverify")
	if err != nil {
		return nil, fmt.Errorf("make a folder for masked files: %w", err)
	}
	defer os.RemoveAll(dir)
	type piece struct {
		source int
		origin *token // set for a dynamic text
	}
	pieces := map[string]piece{}
	byLevel := map[int][]string{}
	all := &checker{}
	write := func(level int, text string, p piece) error {
		path := filepath.Join(dir, fmt.Sprintf("%06d.sql", len(pieces)))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return fmt.Errorf("write masked text: %w", err)
		}
		pieces[path] = p
		byLevel[level] = append(byLevel[level], path)
		return nil
	}
	for i, f := range files {
		s, dynamic, findings := check(f.Name, f.Data, f.Options)
		all.findings = append(all.findings, findings...)
		level := levels[f.Version]
		if level == 0 {
			continue
		}
		if err := write(level, mask(s), piece{source: i}); err != nil {
			return nil, err
		}
		for _, d := range dynamic {
			if d.known {
				if err := write(level, mask(scan(d.sql)), piece{source: i, origin: &d.origin}); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, level := range []int{100, 110, 120, 130, 140, 150} {
		if len(byLevel[level]) == 0 {
			continue
		}
		found, err := tool.TSQL(ctx, level, byLevel[level]...)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			p, ok := pieces[f.File]
			if !ok {
				return nil, fmt.Errorf("mscheck names %s, which it was not given", f.File)
			}
			place := Finding{files[p.source].Name, f.Line, f.Col, "SQM001", f.Message}
			if p.origin != nil {
				place.Line, place.Col, place.Message = p.origin.line, p.origin.col, "in dynamic SQL: "+f.Message
			}
			all.findings = append(all.findings, place)
		}
	}
	return all.sorted(), nil
}
