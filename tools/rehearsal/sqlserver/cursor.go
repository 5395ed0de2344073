package sqlserver

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A cursor goes through the tokens of a statement. What does not fit ends the run as unknown: the grammar here is that of what our templates
// use, and a statement that the real server would refuse is not told from one that we do not know.
type cursor struct {
	tokens []tsql.Token
	at     int
}

func (c *cursor) done() bool { return c.at >= len(c.tokens) }

// accept takes words and signs when all of them follow.
func (c *cursor) accept(words ...string) bool {
	for i, w := range words {
		if c.at+i >= len(c.tokens) {
			return false
		}
		t := c.tokens[c.at+i]
		if t.Kind != 'w' && t.Kind != 'o' || !strings.EqualFold(t.Text, w) {
			return false
		}
	}
	c.at += len(words)
	return true
}

// need is accept for what has to follow.
func (c *cursor) need(words ...string) {
	for _, w := range words {
		if !c.accept(w) {
			c.unknown()
		}
	}
}

// end is the end of the statement.
func (c *cursor) end() {
	if !c.done() {
		c.unknown()
	}
}

func (c *cursor) next(kinds string) tsql.Token {
	if c.done() || !strings.ContainsRune(kinds, rune(c.tokens[c.at].Kind)) {
		c.unknown()
	}
	c.at++
	return c.tokens[c.at-1]
}

// name is the name of an object, word a bare word.
func (c *cursor) name() string { return c.next("nw").Text }
func (c *cursor) word() string { return c.next("w").Text }

// text is a text, or a variable that holds one.
func (c *cursor) text() string {
	t := c.next("s@")
	v, ok := t.Value.(string)
	if !ok {
		tsql.Raise(102, "Incorrect syntax near '%s'.", t.Text)
	}
	return v
}

// number is a whole number, or a variable that holds one.
func (c *cursor) number() int {
	v, ok := c.next("#@").Value.(int64)
	if !ok {
		c.at--
		c.unknown()
	}
	return int(v)
}

func (c *cursor) unknown() {
	var words []string
	for i, t := range c.tokens {
		if i > c.at+3 {
			break
		}
		words = append(words, t.Text)
	}
	tsql.Unknown("the statement %s", strings.Join(words, " "))
}

// table makes an empty table with columns.
func table(columns string) *tsql.Table { return &tsql.Table{Columns: strings.Fields(columns)} }

func add(t *tsql.Table, values ...tsql.Value) {
	if len(values) != len(t.Columns) {
		panic("a row with other columns than " + strings.Join(t.Columns, " "))
	}
	for i, v := range values {
		switch x := v.(type) {
		case int:
			values[i] = int64(x)
		case bool:
			values[i] = bit(x)
		}
	}
	t.Rows = append(t.Rows, values)
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// null is nil for "".
func null(s string) tsql.Value {
	if s == "" {
		return nil
	}
	return s
}

// pick is the text for a code, nil for none.
func pick(texts []string, code int) tsql.Value {
	if code < 0 || code >= len(texts) {
		return nil
	}
	return texts[code]
}

// colons is the sign between a class and its object.
func (c *cursor) colons() {
	if !c.accept("::") {
		c.need(":", ":")
	}
}
