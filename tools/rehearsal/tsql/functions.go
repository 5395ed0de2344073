package tsql

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// function is a scalar function of the language. A function of the server is asked for at the Host.
type function struct {
	args int  // how many it takes
	more int  // how many it may take beside those
	kind kind // kindUnknown when it is that of the first argument
	do   func(e *env, c *call, args []Value) Value
}

var functions = languageFunctions()

func (c *call) kind(e *env) kind {
	if f, ok := functions[c.name]; ok {
		if f.kind == kindUnknown {
			return c.args[0].kind(e)
		}
		return f.kind
	}
	return kindUnknown
}

func (c *call) eval(e *env) Value {
	args := make([]Value, len(c.args))
	for i, x := range c.args {
		args[i] = x.eval(e)
	}
	if f, ok := functions[c.name]; ok {
		return f.do(e, c, args)
	}
	v, ok := e.host.Function(c.name, args)
	if !ok {
		e.unknown(c.place, "the function %s", c.name)
	}
	return v
}

// text is an argument that must be a text or NULL.
func (c *call) text(e *env, v Value) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case int64:
		return dataType{"nvarchar", -1}.convert(v, 0).(string), true
	}
	e.unknown(c.place, "%s of %T", c.name, v)
	return "", false
}

func (c *call) number(e *env, v Value) (int64, bool) {
	switch v := v.(type) {
	case nil:
		return 0, false
	case int64:
		return v, true
	}
	e.unknown(c.place, "%s of %T", c.name, v)
	return 0, false
}

func languageFunctions() map[string]function {
	onText := func(f func(string) Value) func(*env, *call, []Value) Value {
		return func(e *env, c *call, args []Value) Value {
			if s, ok := c.text(e, args[0]); ok {
				return f(s)
			}
			return nil
		}
	}
	caught := func(f func(*Error) Value) func(*env, *call, []Value) Value {
		return func(e *env, _ *call, _ []Value) Value {
			if len(e.caught) == 0 {
				return nil
			}
			return f(e.caught[len(e.caught)-1])
		}
	}
	return map[string]function{
		"ISNULL":         {2, 0, kindUnknown, isNullOf},
		"NULLIF":         {2, 0, kindUnknown, nullIf},
		"QUOTENAME":      {1, 1, kindText, quoteName},
		"CHARINDEX":      {2, 0, kindNumber, charIndex},
		"REPLACE":        {3, 0, kindText, replace},
		"LEFT":           {2, 0, kindText, left},
		"RIGHT":          {2, 0, kindText, right},
		"PARSENAME":      {2, 0, kindText, parseName},
		"DATEADD":        {2, 0, kindTime, dateAdd},
		"DATEDIFF":       {2, 0, kindNumber, dateDiff},
		"LEN":            {1, 0, kindNumber, onText(func(s string) Value { return int64(units(strings.TrimRight(s, " "))) })},
		"UPPER":          {1, 0, kindText, onText(func(s string) Value { return strings.Map(unicode.ToUpper, s) })},
		"LOWER":          {1, 0, kindText, onText(func(s string) Value { return strings.Map(unicode.ToLower, s) })},
		"REVERSE":        {1, 0, kindText, onText(reverse)},
		"GETDATE":        {0, 0, kindTime, func(e *env, _ *call, _ []Value) Value { return e.host.Now() }},
		"GETUTCDATE":     {0, 0, kindTime, func(e *env, _ *call, _ []Value) Value { return e.host.Now().UTC() }},
		"ERROR_NUMBER":   {0, 0, kindNumber, caught(func(e *Error) Value { return int64(e.Number) })},
		"ERROR_MESSAGE":  {0, 0, kindText, caught(func(e *Error) Value { return e.Message })},
		"ERROR_SEVERITY": {0, 0, kindNumber, caught(func(e *Error) Value { return int64(e.Severity) })},
		"ERROR_STATE":    {0, 0, kindNumber, caught(func(e *Error) Value { return int64(e.State) })},
		"ERROR_LINE":     {0, 0, kindNumber, caught(func(e *Error) Value { return int64(e.Line) })},
	}
}

// isNullOf is ISNULL: its result has the data type of the first argument, so that a longer second one is cut off.
// https://learn.microsoft.com/sql/t-sql/functions/isnull-transact-sql
func isNullOf(e *env, c *call, args []Value) Value {
	if args[0] != nil {
		return args[0]
	}
	switch x := c.args[0].(type) {
	case *variable:
		return x.typ.implicit(args[1])
	case *convert:
		return x.typ.implicit(args[1])
	}
	return unite(args[1], stronger(c.args[0].kind(e), kindUnknown))
}

func nullIf(_ *env, _ *call, args []Value) Value {
	if compare("=", args[0], args[1]) == yes {
		return nil
	}
	return args[0]
}

// quoteName is QUOTENAME, NULL for more than 128 characters: https://learn.microsoft.com/sql/t-sql/functions/quotename-transact-sql
func quoteName(e *env, c *call, args []Value) Value {
	s, ok := c.text(e, args[0])
	if !ok || units(s) > 128 {
		return nil
	}
	mark := "["
	if len(args) > 1 {
		if mark, ok = c.text(e, args[1]); !ok {
			return nil
		}
	}
	switch mark {
	case "[", "]":
		return "[" + strings.ReplaceAll(s, "]", "]]") + "]"
	case "'":
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	e.unknown(c.place, "QUOTENAME with %q", mark)
	return nil
}

// find is the byte offset of a part in a text without case from an offset on, and where it ends; -1 when it is not there.
func find(s, part string, from int) (int, int) {
	if part == "" {
		return -1, -1
	}
	n := utf8.RuneCountInString(part)
	for i := from; i < len(s); {
		end := i
		for k := 0; k < n && end < len(s); k++ {
			_, size := utf8.DecodeRuneInString(s[end:])
			end += size
		}
		if strings.EqualFold(s[i:end], part) {
			return i, end
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return -1, -1
}

func charIndex(e *env, c *call, args []Value) Value {
	part, ok := c.text(e, args[0])
	s, also := c.text(e, args[1])
	if !ok || !also {
		return nil
	}
	i, _ := find(s, part, 0)
	if i < 0 {
		return int64(0)
	}
	return int64(units(s[:i]) + 1)
}

func replace(e *env, c *call, args []Value) Value {
	s, ok := c.text(e, args[0])
	old, also := c.text(e, args[1])
	with, too := c.text(e, args[2])
	if !ok || !also || !too {
		return nil
	}
	var b strings.Builder
	at := 0
	for {
		i, end := find(s, old, at)
		if i < 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		b.WriteString(s[at:i])
		b.WriteString(with)
		at = end
	}
}

func left(e *env, c *call, args []Value) Value {
	s, ok := c.text(e, args[0])
	n, also := c.number(e, args[1])
	if !ok || !also {
		return nil
	}
	if n < 0 {
		fail(537, "Invalid length parameter passed to the LEFT or SUBSTRING function.")
	}
	return cut(s, 0, int(n))
}

func right(e *env, c *call, args []Value) Value {
	s, ok := c.text(e, args[0])
	n, also := c.number(e, args[1])
	if !ok || !also {
		return nil
	}
	if n < 0 {
		fail(536, "Invalid length parameter passed to the RIGHT function.")
	}
	return cut(s, max(0, units(s)-int(n)), int(n))
}

func reverse(s string) Value {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// parseName is PARSENAME for names without delimiters, part 1 being the last.
func parseName(e *env, c *call, args []Value) Value {
	s, ok := c.text(e, args[0])
	n, also := c.number(e, args[1])
	if !ok || !also {
		return nil
	}
	if strings.ContainsAny(s, "[]\"") {
		e.unknown(c.place, "PARSENAME of a delimited name")
	}
	parts := strings.Split(s, ".")
	if len(parts) > 4 || n < 1 || int(n) > len(parts) || parts[len(parts)-int(n)] == "" {
		return nil
	}
	return parts[len(parts)-int(n)]
}

func dateAdd(e *env, c *call, args []Value) Value {
	n, ok := c.number(e, args[0])
	if !ok || args[1] == nil {
		return nil
	}
	t, ok := args[1].(time.Time)
	if !ok {
		e.unknown(c.place, "DATEADD to %T", args[1])
	}
	switch c.part {
	case "day":
		return t.AddDate(0, 0, int(n))
	case "minute":
		return t.Add(time.Duration(n) * time.Minute)
	case "second":
		return t.Add(time.Duration(n) * time.Second)
	}
	e.unknown(c.place, "DATEADD of %s", c.part)
	return nil
}

// dateDiff is DATEDIFF: it counts the boundaries that lie between, not the time.
func dateDiff(e *env, c *call, args []Value) Value {
	if args[0] == nil || args[1] == nil {
		return nil
	}
	from, ok := args[0].(time.Time)
	to, also := args[1].(time.Time)
	if !ok || !also {
		e.unknown(c.place, "DATEDIFF of %T and %T", args[0], args[1])
	}
	parts := map[string]int64{"second": 1, "minute": 60}
	length := parts[c.part]
	if length == 0 {
		e.unknown(c.place, "DATEDIFF of %s", c.part)
	}
	return wall(to)/length - wall(from)/length
}

// wall is the time on the clock in seconds, whatever the zone.
func wall(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}
