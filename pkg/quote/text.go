package quote

import (
	"fmt"
	"strings"
)

// literal can only be given as a constant written in the source: a string variable does not convert to it.
type literal string

// SQL is a finished fragment of T-SQL that was built from constant text and quoted values only. The zero value is empty.
type SQL struct{ text string }

// String returns the fragment.
func (s SQL) String() string { return s.text }

func (s SQL) sqlText() (string, error) { return s.text, nil }

// SQLPart is what SQLf takes for a %s: an SQLIdent, SQLLiteral or SQLNumber, which it quotes, or a finished SQL.
type SQLPart interface{ sqlText() (string, error) }

// SQLIdent is a name that SQLf writes by SQLName.
type SQLIdent string

func (s SQLIdent) sqlText() (string, error) { return SQLName(string(s)) }

// SQLLiteral is a text that SQLf writes by SQLString.
type SQLLiteral string

func (s SQLLiteral) sqlText() (string, error) { return SQLString(string(s)) }

// SQLNumber is a number that SQLf writes by SQLInt.
type SQLNumber int

func (n SQLNumber) sqlText() (string, error) { return SQLInt(int(n)) }

// SQLf builds a fragment: format is a constant with one %s for each part and %% for a percent sign. It refuses a wrong
// number of parts, a %s inside a literal, name or comment, and a format that ends inside one.
//
//	quote.SQLf("ALTER DATABASE %s SET RECOVERY FULL;", quote.SQLIdent(name))
func SQLf(format literal, parts ...SQLPart) (SQL, error) {
	pieces, err := split(string(format), len(parts))
	if err != nil {
		return SQL{}, fmt.Errorf("build T-SQL from %q: %w", format, err)
	}
	var b strings.Builder
	var state SQLState
	for i, piece := range pieces {
		if i > 0 {
			text, err := parts[i-1].sqlText()
			if err == nil {
				state, err = state.Action(Code)
			}
			if err != nil {
				return SQL{}, fmt.Errorf("build T-SQL from %q, part %d: %w", format, i, err)
			}
			b.WriteString(text)
		}
		if state, err = ScanSQL(state, piece); err != nil {
			return SQL{}, fmt.Errorf("build T-SQL from %q: %w", format, err)
		}
		b.WriteString(piece)
	}
	if err := state.End(); err != nil || state.mode == sqlLine {
		return SQL{}, fmt.Errorf("build T-SQL from %q: the format ends inside a literal, name or comment", format)
	}
	return SQL{b.String()}, nil
}

// JoinSQL puts sep, a constant, between fragments. Empty fragments are left out.
func JoinSQL(sep literal, list ...SQL) SQL {
	var texts []string
	for _, s := range list {
		if s.text != "" {
			texts = append(texts, s.text)
		}
	}
	return SQL{strings.Join(texts, string(sep))}
}

// PS1 is a finished fragment of PowerShell that was built from constant text and quoted values only. The zero value is
// empty.
type PS1 struct{ text string }

// String returns the fragment.
func (p PS1) String() string { return p.text }

func (p PS1) psText() (string, error) { return p.text, nil }

// PSPart is what PSf takes for a %s: a PSLiteral, PSLiterals, PSNumber or PSSwitch, which it quotes, or a finished PS1.
type PSPart interface{ psText() (string, error) }

// PSLiteral is a text that PSf writes by PS.
type PSLiteral string

func (p PSLiteral) psText() (string, error) { return PS(string(p)) }

// PSLiterals are texts that PSf writes by PSList.
type PSLiterals []string

func (p PSLiterals) psText() (string, error) { return PSList(p) }

// PSNumber is a number that PSf writes by PSInt.
type PSNumber int

func (p PSNumber) psText() (string, error) { return PSInt(int(p)) }

// PSSwitch is a truth value that PSf writes by PSBool.
type PSSwitch bool

func (p PSSwitch) psText() (string, error) { return PSBool(bool(p)) }

// PSf builds a fragment of PowerShell; the rules are those of SQLf.
//
//	quote.PSf("-DatabaseName %s -TimeoutSeconds %s", quote.PSLiteral(name), quote.PSNumber(30))
func PSf(format literal, parts ...PSPart) (PS1, error) {
	pieces, err := split(string(format), len(parts))
	if err != nil {
		return PS1{}, fmt.Errorf("build PowerShell from %q: %w", format, err)
	}
	var b strings.Builder
	var state PSState
	for i, piece := range pieces {
		if i > 0 {
			text, err := parts[i-1].psText()
			if err == nil {
				state, err = state.Action(Code)
			}
			if err != nil {
				return PS1{}, fmt.Errorf("build PowerShell from %q, part %d: %w", format, i, err)
			}
			b.WriteString(text)
		}
		if state, err = ScanPS(state, piece); err != nil {
			return PS1{}, fmt.Errorf("build PowerShell from %q: %w", format, err)
		}
		b.WriteString(piece)
	}
	if err := state.End(); err != nil || state.mode == psLine {
		return PS1{}, fmt.Errorf("build PowerShell from %q: the format ends inside a literal or comment", format)
	}
	return PS1{b.String()}, nil
}

// JoinPS1 puts sep, a constant, between fragments. Empty fragments are left out.
func JoinPS1(sep literal, list ...PS1) PS1 {
	var texts []string
	for _, p := range list {
		if p.text != "" {
			texts = append(texts, p.text)
		}
	}
	return PS1{strings.Join(texts, string(sep))}
}

// split cuts a format at each %s into parts+1 pieces and turns %% into %.
func split(format string, parts int) ([]string, error) {
	var pieces []string
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch {
		case i < len(format) && format[i] == 's':
			pieces = append(pieces, b.String())
			b.Reset()
		case i < len(format) && format[i] == '%':
			b.WriteByte('%')
		default:
			return nil, fmt.Errorf("a format knows %%s and %%%% only")
		}
	}
	pieces = append(pieces, b.String())
	if len(pieces) != parts+1 {
		return nil, fmt.Errorf("%d %%s for %d parts", len(pieces)-1, parts)
	}
	return pieces, nil
}
