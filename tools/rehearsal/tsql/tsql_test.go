package tsql

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// server is a Host with little in it: it remembers what it was asked to do.
type server struct {
	out      []string
	done     []string // statements, procedures and changes
	database string
	now      time.Time
	tables   map[string]*Table
	fails    map[string]*Error // by the first words of a statement or the name of a procedure
}

func newServer() *server {
	return &server{
		database: "master", now: time.Date(2026, 3, 1, 22, 15, 30, 7e6, time.UTC), fails: map[string]*Error{},
		tables: map[string]*Table{
			"sys.databases": {Columns: []string{"database_id", "name", "state", "owner_sid", "replica_id"}, Rows: [][]Value{
				{int64(1), "master", int64(0), []byte{1}, nil},
				{int64(5), "MBAM Recovery", int64(0), []byte{1, 5}, "A"},
				{int64(6), "MBAM Status", int64(1), []byte{1, 5}, nil},
			}},
			"sys.files": {Columns: []string{"database_id", "name", "size"}, Rows: [][]Value{
				{int64(5), "data", int64(640)}, {int64(5), "log", int64(128)}, {int64(6), "data", nil},
			}},
		},
	}
}

func (s *server) Database() string { return s.database }
func (s *server) Use(name string) {
	s.done = append(s.done, "USE "+name)
	s.database = name
}

func (s *server) Table(name Name, args []Value) (*Table, bool) {
	if name.Object == "spread" && len(args) == 1 {
		t := &Table{Columns: []string{"n"}}
		for i := range args[0].(int64) {
			t.Rows = append(t.Rows, []Value{i + 1})
		}
		return t, true
	}
	t, ok := s.tables[strings.ToLower(name.String())]
	return t, ok
}

func (s *server) Global(name string) (Value, bool) { return "SQL1", name == "@@SERVERNAME" }

func (s *server) Function(name string, args []Value) (Value, bool) {
	switch name {
	case "SERVERPROPERTY":
		return "15.0.2000.5", true
	case "SUSER_SNAME":
		return nil, true
	case "sys.fn_turn":
		return int64(1), true
	}
	return nil, false
}

func (s *server) Procedure(name Name, args []Arg) (*Table, bool) {
	s.raise(name.Object)
	words := []string{"EXEC " + name.Object}
	for _, a := range args {
		words = append(words, fmt.Sprint(a.Name, "=", a.Value))
		if a.Set != nil {
			a.Set(int64(42))
		}
	}
	s.done = append(s.done, strings.Join(words, " "))
	if name.Object == "report" {
		return &Table{Columns: []string{"a", "b"}, Rows: [][]Value{{int64(1), "x"}, {int64(2), nil}}}, true
	}
	return nil, name.Object != "nobody_knows"
}

func (s *server) Statement(tokens []Token) bool {
	var words []string
	for _, t := range tokens {
		word := t.Text
		if t.Kind == '@' {
			word = fmt.Sprint(t.Value)
		}
		words = append(words, word)
	}
	text := strings.Join(words, " ")
	s.raise(words[0] + " " + words[1])
	s.done = append(s.done, text)
	return words[0] != "GRANT"
}

func (s *server) Report([]Token) (*Table, bool) {
	s.raise("RESTORE FILELISTONLY")
	return &Table{Columns: []string{"logicalname", "size"}, Rows: [][]Value{{"data", int64(8)}}}, true
}

func (s *server) raise(what string) {
	if e := s.fails[what]; e != nil {
		panic(e)
	}
}

func (s *server) Change(name Name, rows *Table) bool {
	s.tables[strings.ToLower(name.String())] = rows
	return true
}
func (s *server) Now() time.Time        { return s.now }
func (s *server) Sleep(d time.Duration) { s.now = s.now.Add(d) }
func (s *server) Print(line string)     { s.out = append(s.out, line) }
func (s *server) Step(what string)      { s.done = append(s.done, "> "+what) }

// run runs a text as the runner does and gives what was printed, "exit n" behind it when that is not 0.
func run(t *testing.T, s *server, text string, o Options) string {
	t.Helper()
	code, err := Run(s, "f.sql", []byte(text), o)
	if err != nil {
		return err.Error()
	}
	out := strings.Join(s.out, "\n")
	if code != 0 {
		out += fmt.Sprintf("\nexit %d", code)
	}
	return strings.TrimPrefix(out, "\n")
}

var asRunner = Options{StopOnError: true}

func TestExpressions(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`N'a' + N'b'`, "ab"},
		{`N'a' + NULL`, "NULL"},
		{`1 + N'2'`, "3"},
		{`N'7' * 2`, "14"},
		{`7 / 2`, "3"},
		{`-7 / 2`, "-3"},
		{`7 % 3`, "1"},
		{`2 + 3 * 4 - -1`, "15"},
		{`(2 + 3) * 4`, "20"},
		{`CASE WHEN NULL = NULL THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN NOT (NULL = 1) THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN NULL = 1 OR 1 = 1 THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN NULL = 1 AND 1 = 1 THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN NOT (NULL = 1 AND 1 = 2) THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN NULL IS NULL AND 1 IS NOT NULL THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN NULL <> N'x' THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN 3 IN (1, NULL, 3) THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN 3 NOT IN (1, NULL) THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN 3 NOT IN (1, 2) THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN 3 NOT IN (SELECT database_id FROM sys.databases) THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'B' NOT IN (SELECT replica_id FROM sys.databases) THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN N'Sql1  ' = N'SQL1' THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N' SQL1' = N'SQL1' THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN N'a' < N'B' AND N'B' < N'c' THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'10' > 9 THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'10' > N'9' THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN 5 BETWEEN 1 AND 5 THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN 5 NOT BETWEEN 1 AND NULL THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN 5 NOT BETWEEN 6 AND NULL THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE 2 WHEN 1 THEN N'one' WHEN 2 THEN N'two' END`, "two"},
		{`CASE 3 WHEN 1 THEN N'one' END`, "NULL"},
		{`CASE NULL WHEN NULL THEN N'one' ELSE N'other' END`, "other"},
		{`CASE WHEN N'x:\MSSQL\sqlservr.exe" -s' LIKE N'%SQLSERVR.exe%' THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'a_b' LIKE N'a[_]b' AND N'axb' NOT LIKE N'a[_]b' THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'50%' LIKE N'50!%' ESCAPE N'!' AND N'505' NOT LIKE N'50!%' ESCAPE N'!' THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'b7' LIKE N'[a-c][^0-5]' THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN N'abc' LIKE N'abc_' THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN N'abc' LIKE NULL THEN N'yes' ELSE N'no' END`, "no"},
		{`CASE WHEN EXISTS (SELECT * FROM sys.databases WHERE name = N'MASTER') THEN N'yes' ELSE N'no' END`, "yes"},
		{`CASE WHEN NOT EXISTS (SELECT 1 FROM sys.databases WHERE replica_id = N'B') THEN N'yes' ELSE N'no' END`, "yes"},
		{`ISNULL(NULL, N'x')`, "x"},
		{`ISNULL(CONVERT(nvarchar(3), NULL), N'not there')`, "not"},
		{`NULLIF(N'a', N'A ')`, "NULL"},
		{`NULLIF(N'a', N'b')`, "a"},
		{`QUOTENAME(N'a]b')`, "[a]]b]"},
		{`QUOTENAME(N'it''s', N'''')`, "'it''s'"},
		{`CHARINDEX(N'LOG', N'backup log')`, "8"},
		{`CHARINDEX(N'z', N'backup')`, "0"},
		{`REPLACE(N'aXbx', N'x', N'--')`, "a--b--"},
		{`REPLACE(N'it''s', N'''', N'''''')`, "it''s"},
		{`LEFT(N'SQL1', 3) + RIGHT(N'SQL1', 1)`, "SQL1"},
		{`RIGHT(N'C:\a\b.mdf', CHARINDEX(N'\', REVERSE(N'C:\a\b.mdf')) - 1)`, "b.mdf"},
		{`LEN(N'ab  ')`, "2"},
		{`LEN(N'😀')`, "2"},
		{`UPPER(N'aé') + LOWER(N'AÉ')`, "AÉaé"},
		{`PARSENAME(N'15.0.2000.5', 4) + N'.' + PARSENAME(N'15.0.2000.5', 1)`, "15.5"},
		{`PARSENAME(N'a.b', 3)`, "NULL"},
		{`CONVERT(nvarchar(10), 12)`, "12"},
		{`CONVERT(nvarchar(3), N'abcdef')`, "abc"},
		{`CONVERT(nvarchar(20), GETDATE(), 120)`, "2026-03-01 22:15:30"},
		{`CONVERT(nvarchar(10), GETDATE(), 120)`, "2026-03-01"},
		{`CONVERT(nvarchar(30), GETDATE(), 126)`, "2026-03-01T22:15:30.007"},
		{`CONVERT(nvarchar(8), GETUTCDATE(), 112) + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N':', N'')`, "20260301221530"},
		{`CONVERT(nvarchar(180), 0x0105FF, 1)`, "0x0105FF"},
		{`CONVERT(nvarchar(180), 0x0105FF, 2)`, "0105FF"},
		{`CONVERT(nvarchar(180), CONVERT(varbinary(85), N'0x0105ff', 1), 1)`, "0x0105FF"},
		{`CONVERT(nvarchar(36), CONVERT(uniqueidentifier, N'0b9acd7a-18ef-4f4c-9a6f-4b1c3b1f2c3d'))`, "0B9ACD7A-18EF-4F4C-9A6F-4B1C3B1F2C3D"},
		{`CONVERT(int, N' 42 ')`, "42"},
		{`CONVERT(int, N'')`, "0"},
		{`CONVERT(bit, 5)`, "1"},
		{`CONVERT(char(3), N'a') + N'|'`, "a  |"},
		{`CONVERT(nvarchar(20), DATEADD(minute, -16, GETDATE()), 120)`, "2026-03-01 21:59:30"},
		{`CONVERT(nvarchar(20), DATEADD(day, -1, GETDATE()), 120)`, "2026-02-28 22:15:30"},
		{`DATEDIFF(minute, DATEADD(second, -31, GETDATE()), GETDATE())`, "1"},
		{`DATEDIFF(second, DATEADD(minute, -2, GETDATE()), GETDATE())`, "120"},
		{`(SELECT COUNT(*) FROM sys.databases)`, "3"},
		{`(SELECT COUNT(replica_id) FROM sys.databases)`, "1"},
		{`(SELECT COUNT(DISTINCT owner_sid) FROM sys.databases)`, "2"},
		{`(SELECT MAX(name) FROM sys.databases WHERE database_id > 4)`, "MBAM Status"},
		{`(SELECT MAX(name) FROM sys.databases WHERE database_id > 99)`, "NULL"},
		{`(SELECT SUM(CONVERT(bigint, size)) / 128 FROM sys.files WHERE database_id = 5)`, "6"},
		{`(SELECT name FROM sys.databases WHERE database_id = 99)`, "NULL"},
		{`(SELECT TOP (1) name FROM sys.databases ORDER BY database_id DESC)`, "MBAM Status"},
		{`(SELECT COUNT(*) FROM sys.spread(4) WHERE n > 1)`, "3"},
		{`(SELECT COUNT(*) FROM sys.databases AS d INNER JOIN sys.files AS f ON f.database_id = d.database_id WHERE d.state = 0)`, "2"},
		{`(SELECT COUNT(*) FROM sys.databases AS d LEFT JOIN sys.files AS f ON f.database_id = d.database_id WHERE f.name IS NULL)`, "1"},
		{`(SELECT COUNT(*) FROM sys.databases AS d LEFT JOIN sys.files AS f ON f.database_id = d.database_id AND f.name = N'log')`, "3"},
		{`(SELECT COUNT(*) FROM sys.databases AS d WHERE (SELECT COUNT(*) FROM sys.files AS f WHERE f.database_id = d.database_id) = 2)`, "1"},
		{`(SELECT COUNT(*) FROM sys.databases WHERE database_id IN (SELECT MAX(database_id) FROM sys.files GROUP BY name))`, "2"},
		{`(SELECT LEN(p) FROM (SELECT CONVERT(nvarchar(5), name) AS p FROM sys.databases WHERE database_id = 5) AS d)`, "4"},
		{`(SELECT CASE WHEN MAX(state) IN (1, 3) THEN N'yes' ELSE N'no' END FROM sys.databases)`, "yes"},
		{`(SELECT COUNT(*) FROM sys.databases WHERE owner_sid = 0x01)`, "1"},
		{`sys.fn_turn(N'x')`, "1"},
		{`CONVERT(nvarchar(128), SERVERPROPERTY(N'ProductVersion'))`, "15.0.2000.5"},
	} {
		want := c.want
		if want == "NULL" {
			want = "null"
		}
		got := run(t, newServer(), "\uFEFFDECLARE @v nvarchar(4000);\nSET @v = "+c.expr+";\nPRINT ISNULL(@v, N'null');\n", asRunner)
		if got != want {
			t.Errorf("%s: got %q, want %q", c.expr, got, want)
		}
	}
}

func TestErrorsOfExpressions(t *testing.T) {
	for _, c := range []struct {
		expr   string
		number int
		text   string
	}{
		{`1 + N'two'`, 245, "Conversion failed when converting the nvarchar value 'two' to data type int."},
		{`N'port ' + 1433`, 245, "value 'port '"},
		{`CASE WHEN 1 = 1 THEN N'yes' ELSE 5 END`, 245, "'yes'"},
		{`1 / 0`, 8134, "Divide by zero"},
		{`(SELECT name FROM sys.databases)`, 512, "more than 1 value"},
		{`CONVERT(nvarchar(2), 1433)`, 8115, "nvarchar"},
		{`CONVERT(tinyint, 256)`, 8115, "tinyint"},
		{`CONVERT(varbinary(85), N'xyz', 1)`, 8114, "varbinary"},
		{`CONVERT(uniqueidentifier, N'not one')`, 8169, "uniqueidentifier"},
		{`LEFT(N'a', -1)`, 537, "LEFT"},
		{`RIGHT(N'a', -1)`, 536, "RIGHT"},
		{`(SELECT COUNT(*) + database_id FROM sys.databases)`, 8120, "database_id"},
		{`(SELECT COUNT(*) FROM sys.databases AS d INNER JOIN sys.files AS f ON f.database_id = d.database_id WHERE name = N'x')`, 209, "Ambiguous"},
		{`(SELECT COUNT(*) FROM sys.databases AS d INNER JOIN sys.files AS d ON 1 = 1)`, 1011, "'d'"},
		{`(SELECT name, state FROM sys.databases)`, 116, "Only one expression"},
		{`(SELECT MAX((SELECT 1)) FROM sys.databases)`, 130, "aggregate"},
		{`@nobody`, 137, "@nobody"},
		{`NULLIF(1)`, 174, "nullif"},
	} {
		got := run(t, newServer(), "DECLARE @v nvarchar(4000);\n\nSET @v = "+c.expr+";\n", asRunner)
		if !strings.HasPrefix(got, fmt.Sprintf("Msg %d, Level 1", c.number)) || !strings.Contains(got, ", Server SQL1, Line 3\n") || !strings.Contains(got, c.text) || !strings.HasSuffix(got, "\nexit 1") {
			t.Errorf("%s: got %q, want error %d with %q", c.expr, got, c.number, c.text)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"PRINT N'a';\nMERGE x;", "f.sql:2:1: the rehearsal does not know the statement MERGE"},
		{"PRINT N'a';\nGO\nSELECT 1 EXCEPT SELECT 2;", `f.sql:3:10: the rehearsal does not know "EXCEPT"`},
		{"PRINT SOUNDEX(N'a');", "f.sql:1:7: the rehearsal does not know the function SOUNDEX"},
		{"PRINT @@SPID;", "f.sql:1:7: the rehearsal does not know @@SPID"},
		{"IF EXISTS (SELECT 1 FROM sys.nothing) PRINT N'a';", "f.sql:1:26: the rehearsal does not know the table or view sys.nothing"},
		{"IF EXISTS (SELECT 1 FROM sys.files WHERE sise = 1) PRINT N'a';", "f.sql:1:42: the rehearsal does not know the column sise"},
		{"EXEC dbo.nobody_knows;", "f.sql:1:1: the rehearsal does not know the procedure dbo.nobody_knows"},
		{"GRANT CONNECT TO x;", "f.sql:1:1: the rehearsal does not know the statement GRANT CONNECT TO"},
		{"EXEC sys.sp_executesql N'PRINT SOUNDEX(1);';", `f.sql:1:1: the rehearsal does not know the function SOUNDEX, in the text "PRINT SOUNDEX(1);"`},
		{"PRINT N'ü';", "f.sql:1:1: the rehearsal does not know a character beyond ASCII in a file without the mark of UTF-8"},
		{"PRINT N'a", "f.sql:1:7: the rehearsal does not know string literal is not closed"},
		{"IF 1 = 1;", `f.sql:1:9: the rehearsal does not know ";" where the statement of IF should stand`},
		{"BEGIN PRINT N'a';", "f.sql:1:17: the rehearsal does not know a batch that ends where END should follow"},
		{"RAISERROR(N'a' + N'b', 16, 1);", `f.sql:1:16: the rehearsal does not know "+" where , should stand`},
		{"SET ROWCOUNT 5;", `f.sql:1:5: the rehearsal does not know "ROWCOUNT" where a variable or an option that is known should stand`},
		{"RAISERROR(N'100% done', 16, 1);", `f.sql:1:1: the rehearsal does not know the format "% don" of RAISERROR`},
	} {
		s := newServer()
		_, err := Run(s, "f.sql", []byte(c.text), asRunner)
		var u *Unsupported
		if !errors.As(err, &u) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.want)
		}
		if len(s.out) > 0 {
			t.Errorf("%q: printed %q ahead of it", c.text, s.out)
		}
	}
}
