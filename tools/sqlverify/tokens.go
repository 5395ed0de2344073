package sqlverify

// A Token is one piece of T-SQL, for who reads statements otherwise than this package does. Comments and blanks are no tokens.
type Token struct {
	// Kind is 'w' for a bare word, 'n' for a delimited name, 's' for a text, '#' for a number, '@' for a variable, '$' for a sqlcmd
	// variable, 'o' for an operator or a sign.
	Kind byte
	// Text is the word, number or variable as it is written, the name or text without its delimiters.
	Text      string
	Line, Col int // both from 1; Col in characters
}

// A Batch is what stands between two GO lines.
type Batch struct {
	Line   int // the file's line that the batch begins with
	Tokens []Token
}

var tokenKinds = map[kind]byte{word: 'w', bracketed: 'n', quoted: 'n', text: 's', number: '#', variable: '@', scripting: '$', operator: 'o', bad: 'o'}

// Batches cuts a source into batches of tokens. What the lexer cannot read, or clients read differently, are findings; their File is
// empty.
func Batches(src string) ([]Batch, []Finding) {
	s := scan(src)
	var list []Batch
	line := 1
	for i, b := range s.batches {
		tokens := make([]Token, 0, b.hi-b.lo)
		for _, t := range s.tokens[b.lo:b.hi] {
			text := t.val
			if t.kind == word || t.kind == variable || t.kind == number {
				text = t.raw
			}
			tokens = append(tokens, Token{tokenKinds[t.kind], text, t.line, t.col})
		}
		list = append(list, Batch{line, tokens})
		if i < len(s.separators) {
			line = s.separators[i].line + 1
			if s.separators[i].count {
				s.problems = append(s.problems, Finding{Line: s.separators[i].line, Col: 1, Code: "SQP003", Message: "GO with a count"})
			}
		}
	}
	return list, s.problems
}
