package sqlverify

// A Kind is the class of a token.
type Kind int

// The kinds of tokens, as the lexer tells them apart.
const (
	Word      Kind = Kind(word)      // keyword or regular identifier
	Bracketed Kind = Kind(bracketed) // [name]
	Quoted    Kind = Kind(quoted)    // "name"
	Text      Kind = Kind(text)      // '…' or N'…'
	Number    Kind = Kind(number)
	Variable  Kind = Kind(variable)  // @x or @@x
	Scripting Kind = Kind(scripting) // $(x)
	Operator  Kind = Kind(operator)
	Bad       Kind = Kind(bad)
)

// A Piece is a token with its place in bytes; comments and blanks are none.
type Piece struct {
	Kind     Kind
	Raw      string // as written
	Off, End int    // bytes in the source
	Line     int    // from 1
}

// A Statement is a range of tokens without its semicolon.
type Statement struct {
	Kind        string // "if", "while", "block", "try" or, for a plain one, its first word in upper case
	Lo, Hi      int    // indexes of tokens, Hi exclusive
	Cond        [2]int // tokens of the condition of if and while
	Body, Other []*Statement
}

// An Outline is a file cut into tokens, batches and statements, for whoever changes a file and does not judge it.
type Outline struct {
	Tokens  []Piece
	Batches [][]*Statement
	Ranges  [][2]int // tokens of each batch
}

// Cut reads a file as Check does. What does not nest is read as far as it goes.
func Cut(src string) *Outline {
	s := scan(src)
	out := &Outline{}
	for _, t := range s.tokens {
		out.Tokens = append(out.Tokens, Piece{Kind(t.kind), t.raw, t.off, t.end, t.line})
	}
	for _, b := range s.batches {
		out.Batches = append(out.Batches, outline(parseBatch(s.tokens, b, func(token, string, string, ...any) {})))
		out.Ranges = append(out.Ranges, [2]int{b.lo, b.hi})
	}
	return out
}

func outline(list []*statement) []*Statement {
	var out []*Statement
	for _, s := range list {
		out = append(out, &Statement{s.kind, s.lo, s.hi, s.cond, outline(s.body), outline(s.other)})
	}
	return out
}
