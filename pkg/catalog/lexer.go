package catalog

import "github.com/mbamplan/mbamplan/pkg/quote"

// lexer is a place in a target language: code, a string, a comment. Values compare with ==.
type lexer interface {
	scan(text string) (lexer, error)
	action(quote.Context) (lexer, error)
	join(lexer) (lexer, error)
}

// start is the beginning of a file. PowerShell, T-SQL and HTML are followed through strings, tags and comments; in the
// other languages any place may take a value.
func start(l quote.Language) lexer {
	switch l {
	case quote.LangPowerShell:
		return powerShell{}
	case quote.LangSQL:
		return tsql{}
	case quote.LangHTML:
		return hypertext{}
	default:
		return anywhere{}
	}
}

// begin is where a block of a template begins: help and example stand inside the header's comment, all others in code.
func begin(l quote.Language, block string) lexer {
	at := start(l)
	if l == quote.LangPowerShell && (block == "help" || block == "example") {
		if inside, err := at.scan("<#\n"); err == nil {
			return inside
		}
	}
	return at
}

type powerShell struct{ quote.PSState }

func (p powerShell) scan(text string) (lexer, error) {
	s, err := quote.ScanPS(p.PSState, text)
	return powerShell{s}, err
}

func (p powerShell) action(c quote.Context) (lexer, error) {
	s, err := p.Action(c)
	return powerShell{s}, err
}

func (p powerShell) join(o lexer) (lexer, error) {
	s, err := p.Join(o.(powerShell).PSState)
	return powerShell{s}, err
}

type tsql struct{ quote.SQLState }

func (t tsql) scan(text string) (lexer, error) {
	s, err := quote.ScanSQL(t.SQLState, text)
	return tsql{s}, err
}

func (t tsql) action(c quote.Context) (lexer, error) {
	s, err := t.Action(c)
	return tsql{s}, err
}

func (t tsql) join(o lexer) (lexer, error) {
	s, err := t.Join(o.(tsql).SQLState)
	return tsql{s}, err
}

type hypertext struct{ quote.HTMLState }

func (h hypertext) scan(text string) (lexer, error) {
	s, err := quote.ScanHTML(h.HTMLState, text)
	return hypertext{s}, err
}

func (h hypertext) action(c quote.Context) (lexer, error) {
	s, err := h.Action(c)
	return hypertext{s}, err
}

func (h hypertext) join(o lexer) (lexer, error) {
	s, err := h.Join(o.(hypertext).HTMLState)
	return hypertext{s}, err
}

type anywhere struct{}

func (anywhere) scan(string) (lexer, error)          { return anywhere{}, nil }
func (anywhere) action(quote.Context) (lexer, error) { return anywhere{}, nil }
func (anywhere) join(lexer) (lexer, error)           { return anywhere{}, nil }
