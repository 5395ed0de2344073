package tsql

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// walk calls see for every part of a syntax tree.
func walk(part any, see func(any)) {
	var visit func(v reflect.Value)
	visit = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Interface:
			visit(v.Elem())
		case reflect.Pointer:
			if !v.IsNil() {
				see(v.Interface())
				visit(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				visit(exported(v, i))
			}
		}
	}
	visit(reflect.ValueOf(part))
}

// exported gives a field, whether its name is exported or not.
func exported(v reflect.Value, i int) reflect.Value {
	if !v.CanAddr() {
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		v = c
	}
	f := v.Field(i)
	return reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem()
}

// complaint runs do and gives the error or the unknown thing that it ends in.
func complaint(do func()) (what string) {
	defer func() {
		if r := recover(); r != nil {
			what = fmt.Sprint(r)
		}
	}()
	do()
	return ""
}

// TestMessagesFit looks at every RAISERROR, also where no run comes by: each place in the message has an argument of its type, and each
// argument a place. A text beside a number in + is a conversion that fails.
func TestMessagesFit(t *testing.T) {
	seen := 0
	for path, data := range examples(t) {
		text, _ := decode(data)
		for _, b := range parseFile(text, nil).batches {
			e := &env{session: &session{host: newYesMan(1, "")}}
			walk(b.list, func(part any) {
				switch p := part.(type) {
				case *raiseStmt:
					seen++
					message, ok := p.text.(literal)
					if !ok {
						t.Errorf("%s:%d: a message that is not written out", path, p.line)
						return
					}
					text := message.value.(string)
					args := make([]argument, len(p.args))
					for i, x := range p.args {
						switch x := x.(type) {
						case literal:
							args[i].value = x.value
						case *variable:
							args[i].typ = x.typ
						}
					}
					if what := complaint(func() { format(text, args) }); what != "" {
						t.Errorf("%s:%d: %s", path, p.line, what)
					}
					if places := strings.Count(strings.ReplaceAll(text, "%%", ""), "%"); places != len(args) {
						t.Errorf("%s:%d: %d places for %d arguments", path, p.line, places, len(args))
					}
				case *arithmetic:
					l, r := p.l.kind(e), p.r.kind(e)
					if p.op == '+' && (l == kindText && r == kindNumber || l == kindNumber && r == kindText) {
						t.Errorf("%s:%d:%d: a text and a number are added", path, p.line, p.column)
					}
				case *insertStmt:
					for _, row := range p.values {
						if p.columns != nil && len(row) != len(p.columns) {
							t.Errorf("%s:%d: %d values for %d columns", path, p.line, len(row), len(p.columns))
						}
					}
					if p.q != nil && p.columns != nil && len(p.q.items) != len(p.columns) {
						t.Errorf("%s:%d: %d values for %d columns", path, p.line, len(p.q.items), len(p.columns))
					}
				}
			})
		}
	}
	if seen < 3000 {
		t.Errorf("only %d RAISERROR", seen)
	}
}
