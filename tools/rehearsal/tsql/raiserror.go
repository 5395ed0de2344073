package tsql

import (
	"fmt"
	"strconv"
	"strings"
)

// format fills the message of RAISERROR. NULL and an argument that is missing print as (null); a message of more than 2,047 characters
// is cut off and ends in dots.
// https://learn.microsoft.com/sql/t-sql/language-elements/raiserror-transact-sql
func format(message string, args []argument) string {
	var b strings.Builder
	used := 0
	for i := 0; i < len(message); i++ {
		if message[i] != '%' {
			b.WriteByte(message[i])
			continue
		}
		if strings.HasPrefix(message[i:], "%%") {
			b.WriteByte('%')
			i++
			continue
		}
		size := 1
		wide := strings.HasPrefix(message[i+1:], "I64")
		if wide {
			size = 4
		}
		if i+size >= len(message) || !strings.ContainsRune("sdiu", rune(message[i+size])) || wide && message[i+size] == 's' {
			rest := message[i:]
			if len(rest) > 1 && strings.IndexByte("-+0# 123456789*.hlxXo", rest[1]) >= 0 {
				Unknown("the format %.5q of RAISERROR", rest)
			}
			fail(2787, "Invalid format specification: '%.20s'.", rest)
		}
		b.WriteString(one(message[i+size], wide, args, used))
		used++
		i += size
	}
	text := b.String()
	if units(text) > 2047 {
		text = cut(text, 0, 2044) + "..."
	}
	return text
}

// argument is an argument of RAISERROR. Only variables and constants of these types are taken: whole numbers, texts, binary values.
type argument struct {
	value Value
	typ   *dataType // nil for a constant
}

func one(verb byte, wide bool, args []argument, i int) string {
	if i >= len(args) {
		return "(null)"
	}
	a := args[i]
	k := kindOf(a.value)
	if a.typ != nil {
		k = a.typ.kind()
		if a.typ.name == "bit" || a.typ.name == "datetime" || a.typ.name == "uniqueidentifier" || a.typ.name == "numeric" {
			fail(2748, "Cannot specify %s data type (parameter %d) as a substitution parameter.", a.typ.name, i+4)
		}
		if k == kindText && a.typ.size < 0 {
			Unknown("RAISERROR with an argument of %s(max)", a.typ.name)
		}
		if big := a.typ.name == "bigint"; k == kindNumber && big != wide {
			k = kindUnknown
		}
	}
	if a.value == nil && a.typ == nil {
		return "(null)"
	}
	if (verb == 's') != (k == kindText) || k != kindText && k != kindNumber {
		fail(2786, "The data type of substitution parameter %d does not match the expected type of the format specification.", i+1)
	}
	switch v := a.value.(type) {
	case nil:
		return "(null)"
	case int64:
		if verb == 'u' && v < 0 {
			Unknown("%%u of a negative number")
		}
		return strconv.FormatInt(v, 10)
	default:
		return fmt.Sprint(v)
	}
}
