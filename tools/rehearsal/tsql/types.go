package tsql

import (
	"encoding/hex"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// dataType is a data type that our files use. Size counts UTF-16 units or bytes; -1 is max.
type dataType struct {
	name string
	size int
}

// ranges of the whole numbers: https://learn.microsoft.com/sql/t-sql/data-types/int-bigint-smallint-and-tinyint-transact-sql
var ranges = map[string][2]int64{"tinyint": {0, 255}, "smallint": {-1 << 15, 1<<15 - 1}, "int": {-1 << 31, 1<<31 - 1}, "bigint": {-1 << 63, 1<<63 - 1}}

func (t dataType) kind() kind {
	switch t.name {
	case "nvarchar", "nchar", "varchar", "char", "uniqueidentifier":
		return kindText
	case "varbinary", "binary":
		return kindBinary
	case "datetime":
		return kindTime
	}
	return kindNumber
}

func kindOf(v Value) kind {
	switch v.(type) {
	case string:
		return kindText
	case int64, float64:
		return kindNumber
	case time.Time:
		return kindTime
	case []byte:
		return kindBinary
	}
	return kindUnknown
}

// units is the length of a text in UTF-16 units, which is what T-SQL counts.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// cut takes n units of a text from unit i on; a surrogate pair that is cut in half becomes a replacement character.
func cut(s string, i, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) == utf8.RuneCountInString(s) {
		return s[min(i, len(s)):min(i+n, len(s))]
	}
	u := utf16.Encode([]rune(s))
	return string(utf16.Decode(u[min(i, len(u)):min(i+n, len(u))]))
}

// implicit converts a value as an assignment does: a longer text is cut off without a word.
func (t dataType) implicit(v Value) Value {
	switch v.(type) {
	case nil:
		return nil
	case string:
		if t.kind() == kindBinary {
			fail(257, "Implicit conversion from data type nvarchar to %s is not allowed. Use the CONVERT function to run this query.", t.name)
		}
		if t.name == "datetime" {
			Unknown("a text that becomes a datetime")
		}
	case []byte:
		if t.kind() != kindBinary {
			Unknown("a binary value that becomes %s without a style", t.name)
		}
	case time.Time:
		if t.name != "datetime" {
			Unknown("a datetime that becomes %s without a style", t.name)
		}
	default:
		if t.kind() == kindBinary || t.kind() == kindTime || t.name == "uniqueidentifier" {
			Unknown("a number that becomes %s", t.name)
		}
	}
	return t.convert(v, 0)
}

// convert is CONVERT. Only the styles that our files use are known.
// https://learn.microsoft.com/sql/t-sql/functions/cast-and-convert-transact-sql
func (t dataType) convert(v Value, style int64) Value {
	switch t.kind() {
	case kindText:
		if t.name == "uniqueidentifier" {
			return guid(v)
		}
		return t.text(v, style)
	case kindNumber:
		return t.number(v)
	case kindTime:
		if v, ok := v.(time.Time); ok {
			return v
		}
	case kindBinary:
		return t.binary(v, style)
	}
	if v == nil {
		return nil
	}
	Unknown("CONVERT of %T to %s", v, t.name)
	return nil
}

func (t dataType) text(v Value, style int64) Value {
	var s string
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		s = v
	case int64:
		s = strconv.FormatInt(v, 10)
		if t.size >= 0 && len(s) > t.size {
			if t.name == "char" || t.name == "varchar" {
				s = "*"
			} else {
				fail(8115, "Arithmetic overflow error converting expression to data type %s.", t.name)
			}
		}
	case []byte:
		switch style {
		case 1:
			s = "0x" + strings.ToUpper(hex.EncodeToString(v))
		case 2:
			s = strings.ToUpper(hex.EncodeToString(v))
		default:
			Unknown("CONVERT of a binary value to text with style %d", style)
		}
	case time.Time:
		layouts := map[int64]string{108: "15:04:05", 112: "20060102", 120: "2006-01-02 15:04:05", 121: "2006-01-02 15:04:05.000", 126: "2006-01-02T15:04:05"}
		layout := layouts[style]
		if layout == "" {
			Unknown("CONVERT of a datetime to text with style %d", style)
		}
		if style == 126 && v.Nanosecond() >= 1e6 {
			layout += ".000"
		}
		s = v.Format(layout)
	default:
		Unknown("CONVERT of %T to text", v)
	}
	if t.size >= 0 && len(s) > t.size {
		s = cut(s, 0, t.size)
	}
	if t.name == "char" || t.name == "nchar" {
		s += strings.Repeat(" ", max(0, t.size-units(s)))
	}
	return s
}

func (t dataType) number(v Value) Value {
	var n int64
	switch v := v.(type) {
	case nil:
		return nil
	case int64:
		n = v
	case string:
		trimmed := strings.TrimSpace(v)
		var err error
		if trimmed != "" {
			n, err = strconv.ParseInt(trimmed, 10, 64)
		}
		if err != nil {
			// The batch ends, as with most conversion errors outside TRY: https://www.sommarskog.se/error-handling-I.html
			panic(&Error{Number: 245, Severity: 16, State: 1, Aborts: true, Message: "Conversion failed when converting the nvarchar value '" + v + "' to data type " + t.name + "."})
		}
	default:
		Unknown("CONVERT of %T to %s", v, t.name)
	}
	if t.name == "bit" {
		if n != 0 {
			n = 1
		}
		return n
	}
	if r, ok := ranges[t.name]; ok && (n < r[0] || n > r[1]) {
		fail(8115, "Arithmetic overflow error converting expression to data type %s.", t.name)
	}
	return n
}

func (t dataType) binary(v Value, style int64) Value {
	var b []byte
	switch v := v.(type) {
	case nil:
		return nil
	case []byte:
		b = v
	case string:
		if style != 1 {
			Unknown("CONVERT of text to %s with style %d", t.name, style)
		}
		var err error
		if b, err = hex.DecodeString(strings.TrimPrefix(v, "0x")); err != nil || !strings.HasPrefix(v, "0x") {
			fail(8114, "Error converting data type nvarchar to %s.", t.name)
		}
	default:
		Unknown("CONVERT of %T to %s", v, t.name)
	}
	if t.size >= 0 && len(b) > t.size {
		b = b[:t.size]
	}
	return b
}

// guid makes a uniqueidentifier, a text in upper case without braces.
func guid(v Value) Value {
	s, ok := v.(string)
	if v == nil {
		return nil
	}
	if !ok {
		Unknown("CONVERT of %T to uniqueidentifier", v)
	}
	s = strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(s, "{"), "}"))
	for i, r := range s {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if i >= 36 || dash != (r == '-') || !dash && !strings.ContainsRune("0123456789ABCDEF", r) {
			s = ""
			break
		}
	}
	if len(s) != 36 {
		fail(8169, "Conversion failed when converting from a character string to uniqueidentifier.")
	}
	return s
}

// fail raises an error of the language.
func fail(number int, format string, args ...any) { Raise(number, format, args...) }
