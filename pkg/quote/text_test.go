package quote

import (
	"slices"
	"strings"
	"testing"
	"text/template"
)

func TestSQLf(t *testing.T) {
	got, err := SQLf("ALTER DATABASE %s SET X = %s, Y = %s; -- 100 %%\n", SQLIdent("a]b"), SQLLiteral("O'x"), SQLNumber(5))
	if want := "ALTER DATABASE [a]]b] SET X = N'O''x', Y = 5; -- 100 %\n"; err != nil || got.String() != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	inner, err := SQLf("X = %s", SQLNumber(1))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := SQLf("SET (%s)", JoinSQL(", ", inner, SQL{}, inner)); err != nil || got.String() != "SET (X = 1, X = 1)" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, c := range []struct {
		build func() (SQL, error)
		want  string
	}{
		{func() (SQL, error) { return SQLf("N'%s'", SQLIdent("a")) }, "inside a '...' literal"},
		{func() (SQL, error) { return SQLf("-- %s\n", SQLIdent("a")) }, "inside a -- comment"},
		{func() (SQL, error) { return SQLf("[%s]", SQLIdent("a")) }, "inside a [...] name"},
		{func() (SQL, error) { return SQLf("x%s", SQLIdent("a")) }, "directly behind a name"},
		{func() (SQL, error) { return SQLf("%s%s", SQLIdent("a"), SQLIdent("b")) }, "directly behind another value"},
		{func() (SQL, error) { return SQLf("%s]", SQLIdent("a")) }, "directly behind a value"},
		{func() (SQL, error) { return SQLf("%s '", SQLIdent("a")) }, "ends inside"},
		{func() (SQL, error) { return SQLf("-- x") }, "ends inside"},
		{func() (SQL, error) { return SQLf("%d", SQLIdent("a")) }, "knows %s"},
		{func() (SQL, error) { return SQLf("100%") }, "knows %s"},
		{func() (SQL, error) { return SQLf("%s") }, "1 %s for 0 parts"},
		{func() (SQL, error) { return SQLf("x", SQLIdent("a")) }, "0 %s for 1 parts"},
		{func() (SQL, error) { return SQLf("%s", SQLIdent("a\nb")) }, "U+000A"},
		{func() (SQL, error) { return SQLf("%s", SQLNumber(-1)) }, "negative"},
	} {
		if got, err := c.build(); err == nil || !strings.Contains(err.Error(), c.want) || got.String() != "" {
			t.Errorf("got %q, %v; want an error with %q", got, err, c.want)
		}
	}
}

func TestPSf(t *testing.T) {
	got, err := PSf("-A %s -B %s -C %s -D:%s", PSLiteral("O'x"), PSLiterals{"a", "b"}, PSNumber(-3), PSSwitch(true))
	if want := "-A 'O''x' -B @('a', 'b') -C -3 -D:$true"; err != nil || got.String() != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if got, err := PSf("f %s", JoinPS1(" ", got, PS1{}, got)); err != nil || !strings.HasPrefix(got.String(), "f -A") {
		t.Errorf("got %q, %v", got, err)
	}
	for _, c := range []struct {
		build func() (PS1, error)
		want  string
	}{
		{func() (PS1, error) { return PSf("'%s'", PSLiteral("a")) }, "inside a '...' literal"},
		{func() (PS1, error) { return PSf("\"%s\"", PSLiteral("a")) }, "inside a \"...\" literal"},
		{func() (PS1, error) { return PSf("@%s", PSLiteral("a")) }, "directly behind @"},
		{func() (PS1, error) { return PSf("$%s", PSLiteral("a")) }, "directly behind $"},
		{func() (PS1, error) { return PSf("`%s", PSLiteral("a")) }, "behind a backtick"},
		{func() (PS1, error) { return PSf("'a'%s", PSLiteral("a")) }, "directly behind the quote"},
		{func() (PS1, error) { return PSf("%s'a'", PSLiteral("a")) }, "directly behind a value"},
		{func() (PS1, error) { return PSf("# %s\n", PSLiteral("a")) }, "inside a # comment"},
		{func() (PS1, error) { return PSf("# x") }, "ends inside"},
		{func() (PS1, error) { return PSf("'x") }, "ends inside"},
		{func() (PS1, error) { return PSf("%s", PSLiterals{"a\x00"}) }, "U+0000"},
		{func() (PS1, error) { return PSf("\"$(x)\"") }, "double-quoted string"},
	} {
		if got, err := c.build(); err == nil || !strings.Contains(err.Error(), c.want) || got.String() != "" {
			t.Errorf("got %q, %v; want an error with %q", got, err, c.want)
		}
	}
}

func TestFunctions(t *testing.T) {
	want := map[Language]string{
		"ps1": "ps psBool psInt psList psNote psText", "sql": "sqlInt sqlName sqlNote sqlString sqlText",
		"xml": "xmlAttr xmlInt xmlNote xmlText", "cfg": "haInt haNote haWord", "md": "mdAnchor mdCell mdCode mdInt mdText",
		"inf": "infInt infNote infString", "dsh": "dshNote dshWord", "cmd": "cmdNote cmdWord", "txt": "int line",
		"json": "jsonInt jsonString", "html": "htmlAttr htmlInt htmlText htmlURL",
	}
	if got := Languages(); len(got) != len(want) || !slices.IsSorted(got) {
		t.Errorf("Languages() = %v", got)
	}
	for _, lang := range Languages() {
		names := Safe(lang)
		if got := strings.Join(names, " "); got != want[lang] {
			t.Errorf("Safe(%s) = %s, want %s", lang, got, want[lang])
		}
		funcs := Functions(lang)
		// Funcs panics when a value is not a function that templates can call.
		template.New("").Funcs(funcs)
		if len(funcs) != len(names)+4 {
			t.Errorf("Functions(%s) has %d entries for %d safe ones", lang, len(funcs), len(names))
		}
		for _, name := range names {
			if funcs[name] == nil {
				t.Errorf("%s: %s is safe but no function", lang, name)
			}
			ctx, err := ContextOf(lang, name)
			wantCtx, own := map[string]Context{"htmlAttr": Attribute, "htmlInt": Number, "htmlURL": Address, "sqlInt": Number}[name]
			if !own {
				wantCtx = map[bool]Context{true: Comment, false: Code}[strings.HasSuffix(name, "Note")]
			}
			if err != nil || ctx != wantCtx {
				t.Errorf("ContextOf(%s, %s) = %v, %v", lang, name, ctx, err)
			}
		}
	}
	if _, err := ContextOf("ps1", "dnValue"); err == nil {
		t.Error("dnValue has a context")
	}
	if got := Safe("exe"); got != nil {
		t.Errorf("Safe(exe) = %v", got)
	}
}

func TestFunctionsInTemplate(t *testing.T) {
	opt, err := SQLf("FAILOVER_MODE = %s", SQLNumber(1))
	if err != nil {
		t.Fatal(err)
	}
	tm, err := template.New("").Funcs(Functions(LangSQL)).Parse("{{sqlName .Name}} {{.Name | sqlString}} {{sqlText .Opt}} {{.Name | dnValue | sqlString}}")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := tm.Execute(&b, map[string]any{"Name": "a,'b", "Opt": opt}); err != nil {
		t.Fatal(err)
	}
	if want := `[a,'b] N'a,''b' FAILOVER_MODE = 1 N'a\,''b'`; b.String() != want {
		t.Errorf("got %s, want %s", b.String(), want)
	}
	if err := tm.Execute(&b, map[string]any{"Name": "a\nb", "Opt": opt}); err == nil || !strings.Contains(err.Error(), "U+000A") {
		t.Errorf("a line feed gave %v", err)
	}
	if err := tm.Execute(&b, map[string]any{"Name": "a", "Opt": "1; DROP"}); err == nil {
		t.Error("sqlText takes a string")
	}
}
