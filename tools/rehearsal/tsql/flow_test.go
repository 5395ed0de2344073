package tsql

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestFlow runs whole files; want is what is printed, done what the server was asked for, both where they are given.
func TestFlow(t *testing.T) {
	alter := map[string]*Error{"ALTER DATABASE": {Number: 1478, Severity: 16, State: 3, Message: "The mirror has insufficient log data."}}
	for _, c := range []struct {
		name, text string
		fails      map[string]*Error
		options    Options
		want       string
		done       []string
	}{
		{
			name: "the guard of the frame, the right instance",
			text: "SET NOCOUNT ON;\nSET IMPLICIT_TRANSACTIONS OFF;\nDECLARE @want nvarchar(128), @have nvarchar(128);\nSET @want = N'sql1';\nSET @have = @@SERVERNAME;\nIF @have IS NULL OR @want <> @have\nBEGIN\n    RAISERROR(N'Wrong instance. Wanted %s, connected to %s.', 16, 127, @want, @have);\n    SET NOEXEC ON;\nEND;\nGO\nUSE [master];\nGO\nPRINT N'[done] it';\nGO\nSET NOEXEC OFF;",
			want: "[done] it", done: []string{"USE master"},
		},
		{
			name:    "the guard of the frame, another instance",
			text:    "DECLARE @want nvarchar(128), @have nvarchar(128);\nSET @want = N'SQL2';\nSET @have = @@SERVERNAME;\nIF @have IS NULL OR @want <> @have\nBEGIN\n    RAISERROR(N'Wrong instance. Wanted %s, connected to %s.', 16, 127, @want, @have);\n    SET NOEXEC ON;\nEND;\nGO\nPRINT N'[done] it';\nGO\nSET NOEXEC OFF;",
			options: asRunner, want: "Msg 50000, Level 16, State 127, Server SQL1, Line 6\nWrong instance. Wanted SQL2, connected to SQL1.\nexit 1",
		},
		{
			name: "the same in Management Studio: NOEXEC holds across batches and ends with OFF",
			text: "RAISERROR(N'Wrong.', 16, 127);\nSET NOEXEC ON;\nPRINT N'same batch';\nGO\nUSE [x];\nPRINT N'next batch';\nIF 1 = 1 SET NOEXEC OFF;\nPRINT N'still';\nGO\nSET NOEXEC OFF;\nPRINT N'end';\nGO\nPRINT N'after';",
			want: "Msg 50000, Level 16, State 127, Server SQL1, Line 1\nWrong.\nend\nafter", options: Options{StopOnError: true, Studio: true}, done: []string{},
		},
		{
			name: "without NOEXEC Management Studio runs on",
			text: "RAISERROR(N'Wrong.', 16, 127);\nGO\nPRINT N'next';", options: Options{Studio: true},
			want: "Msg 50000, Level 16, State 127, Server SQL1, Line 1\nWrong.\nnext",
		},
		{
			name: "state 127 ends sqlcmd without -b too, with the number of the message",
			text: "RAISERROR(N'x', 16, 1);\nRAISERROR(N'Note %d.', 10, 127, 7);\nGO\nPRINT N'next';", options: Options{},
			want: "Msg 50000, Level 16, State 1, Server SQL1, Line 1\nx\nNote 7.\nexit 50000",
		},
		{
			name: "severity 10 does not stop sqlcmd -b", text: "RAISERROR(N'note', 10, 1);\nGO\nPRINT N'next';", options: asRunner, want: "note\nnext",
		},
		{
			name: "an error without TRY: sqlcmd -b leaves with the statement",
			text: "ALTER DATABASE [x] SET PARTNER OFF;\nIF @@ERROR = 0 PRINT N'[done] x';\nEXEC dbo.later;\nGO\nPRINT N'next';", fails: alter, options: asRunner,
			want: "Msg 1478, Level 16, State 3, Server SQL1, Line 1\nThe mirror has insufficient log data.\nexit 1", done: []string{"> ALTER DATABASE"},
		},
		{
			name: "or the server gets on with the batch first, and nobody sees what it prints",
			text: "ALTER DATABASE [x] SET PARTNER OFF;\nIF @@ERROR = 0 PRINT N'[done] x';\nEXEC dbo.later;\nGO\nPRINT N'next';", fails: alter, options: Options{StopOnError: true, Late: true},
			want: "Msg 1478, Level 16, State 3, Server SQL1, Line 1\nThe mirror has insufficient log data.\nexit 1", done: []string{"> ALTER DATABASE", "> EXEC dbo.later", "EXEC later"},
		},
		{
			name: "without -b the next statement follows, @@ERROR is that of the last statement and read once",
			text: "DECLARE @e int;\nALTER DATABASE [x] SET PARTNER OFF;\nIF @@ERROR = 1478 PRINT @@ERROR;\nALTER DATABASE [x] SET PARTNER OFF;\nSET @e = @@ERROR;\nPRINT @e;\nPRINT @@ERROR;", fails: alter,
			want: "Msg 1478, Level 16, State 3, Server SQL1, Line 2\nThe mirror has insufficient log data.\n0\nMsg 1478, Level 16, State 3, Server SQL1, Line 4\nThe mirror has insufficient log data.\n1478\n0",
		},
		{
			name:  "TRY: the rest is skipped, CATCH sees the error",
			text:  "BEGIN TRY\n    PRINT N'before';\n    ALTER DATABASE [x] SET PARTNER OFF;\n    PRINT N'behind';\nEND TRY\nBEGIN CATCH\n    PRINT @@ERROR;\n    DECLARE @number int, @problem nvarchar(2048);\n    SELECT @number = ERROR_NUMBER(), @problem = ERROR_MESSAGE();\n    RAISERROR(N'Error %d: %s Line %d.', 16, 127, @number, @problem, 3);\n    SET NOEXEC ON;\nEND CATCH;\nGO\nPRINT N'next';",
			fails: alter, options: asRunner, want: "before\n1478\nMsg 50000, Level 16, State 127, Server SQL1, Line 10\nError 1478: The mirror has insufficient log data. Line 3.\nexit 1",
		},
		{
			name: "a stop inside TRY goes to CATCH, with its own text and state",
			text: "BEGIN TRY\n    IF 1 = 1 RAISERROR(N'Stop %s.', 16, 1, N'here');\n    PRINT N'behind';\nEND TRY\nBEGIN CATCH\n    PRINT ERROR_MESSAGE();\n    PRINT ERROR_NUMBER();\n    PRINT ERROR_SEVERITY();\n    PRINT ERROR_STATE();\n    PRINT ERROR_LINE();\nEND CATCH;\nPRINT ISNULL(ERROR_MESSAGE(), N'none');",
			want: "Stop here.\n50000\n16\n1\n2\nnone",
		},
		{
			name: "severity 10 is not caught", text: "BEGIN TRY\n    RAISERROR(N'note', 10, 1);\n    PRINT N'on';\nEND TRY\nBEGIN CATCH PRINT N'caught'; END CATCH;", want: "note\non",
		},
		{
			name: "TRY within TRY: an error of the inner CATCH goes to the outer",
			text: "BEGIN TRY\n    BEGIN TRY\n        PRINT 1 / 0;\n    END TRY\n    BEGIN CATCH\n        PRINT ERROR_NUMBER();\n        RAISERROR(N'again', 16, 1);\n    END CATCH;\n    PRINT N'not here';\nEND TRY\nBEGIN CATCH\n    PRINT ERROR_MESSAGE();\nEND CATCH;",
			want: "8134\nagain",
		},
		{
			name: "THROW ends the batch", text: "BEGIN TRY PRINT 1 / 0; END TRY BEGIN CATCH THROW; END CATCH;\nPRINT N'behind';\nGO\nPRINT N'next';",
			want: "Msg 8134, Level 16, State 1, Server SQL1, Line 1\nDivide by zero error encountered.\nnext",
		},
		{
			name: "THROW with a message", text: "THROW 50001, N'mine', 3;\nPRINT N'behind';\nGO\nPRINT N'next';",
			want: "Msg 50001, Level 16, State 3, Server SQL1, Line 1\nmine\nnext",
		},
		{
			name: "a text that is no number ends the batch", text: "PRINT 1 + N'x';\nPRINT N'behind';\nGO\nPRINT N'next';",
			want: "Msg 245, Level 16, State 1, Server SQL1, Line 1\nConversion failed when converting the nvarchar value 'x' to data type int.\nnext",
		},
		{
			name: "a batch that does not compile does not run, lines count from its beginning", text: "PRINT N'first';\nGO\n\nPRINT N'a';\nPRINT @x;\nGO\nPRINT N'next';",
			want: "first\nMsg 137, Level 15, State 1, Server SQL1, Line 3\nMust declare the scalar variable \"@x\".\nnext",
		},
		{
			name: "a variable is gone with its batch", text: "DECLARE @x int;\nGO\nSET @x = 1;", options: asRunner,
			want: "Msg 137, Level 15, State 1, Server SQL1, Line 1\nMust declare the scalar variable \"@x\".\nexit 1",
		},
		{
			name: "a variable is declared once in a batch", text: "IF 1 = 1 BEGIN DECLARE @x int; END;\nDECLARE @X int;", options: asRunner,
			want: "Msg 134, Level 15, State 1, Server SQL1, Line 2\nThe variable name '@X' has already been declared. Variable names must be unique within a query batch or stored procedure.\nexit 1",
		},
		{
			name: "the scope of a variable is the batch, and DECLARE in a loop sets nothing back",
			text: "DECLARE @i int;\nSET @i = 0;\nWHILE @i < 3\nBEGIN\n    DECLARE @n int;\n    SET @n = ISNULL(@n, 10) + 1;\n    SET @i = @i + 1;\nEND;\nPRINT @n;", want: "13",
		},
		{
			name: "but DECLARE with a value does", text: "DECLARE @i int = 0;\nWHILE @i < 3\nBEGIN\n    DECLARE @n int = 10;\n    SET @n = @n + 1;\n    SET @i = @i + 1;\nEND;\nPRINT @n;", want: "11",
		},
		{
			name: "BREAK, CONTINUE, RETURN",
			text: "DECLARE @i int = 0;\nWHILE 1 = 1\nBEGIN\n    SET @i = @i + 1;\n    IF @i = 2 CONTINUE;\n    IF @i > 4 BREAK;\n    PRINT @i;\nEND;\nPRINT N'out';\nRETURN;\nPRINT N'no';\nGO\nPRINT N'next';",
			want: "1\n3\n4\nout\nnext",
		},
		{
			name: "ELSE belongs to the nearest IF", text: "IF 1 = 2 PRINT N'a'; ELSE IF 1 = 1 PRINT N'b'; ELSE PRINT N'c';\nIF 1 = 1 IF 1 = 2 PRINT N'd'; ELSE PRINT N'e';", want: "b\ne",
		},
		{name: "unknown is not true", text: "IF NULL = NULL PRINT N'a'; ELSE PRINT N'b';\nDECLARE @x int;\nIF NOT @x = 1 PRINT N'c'; ELSE PRINT N'd';", want: "b\nd"},
		{
			name: "a SELECT without a row leaves the variable, SET makes it NULL, the last row wins, an aggregate always has a row",
			text: "DECLARE @x nvarchar(20) = N'old';\nSELECT @x = name FROM sys.databases WHERE database_id = 99;\nPRINT @x;\nSELECT @x = name FROM sys.databases ORDER BY database_id;\nPRINT @x;\nSET @x = (SELECT name FROM sys.databases WHERE database_id = 99);\nPRINT ISNULL(@x, N'null');\nSET @x = N'old';\nSELECT @x = MAX(name) FROM sys.databases WHERE database_id = 99;\nPRINT ISNULL(@x, N'null');",
			want: "old\nMBAM Status\nnull\nnull",
		},
		{
			name: "SET with two rows is error 512 and leaves the variable",
			text: "DECLARE @x nvarchar(20) = N'old';\nSET @x = (SELECT name FROM sys.databases);\nPRINT @x;",
			want: "Msg 512, Level 16, State 1, Server SQL1, Line 2\nSubquery returned more than 1 value. This is not permitted when the subquery follows =, !=, <, <= , >, >= or when the subquery is used as an expression.\nold",
		},
		{
			name: "text is gathered row by row, NULL spoils it",
			text: "DECLARE @q nvarchar(max) = N'', @n int = 0;\nSELECT @q = @q + N' ' + name, @n = @n + 1 FROM sys.databases WHERE state = 0 ORDER BY name DESC;\nPRINT @q;\nPRINT @n;\nSELECT @q = @q + replica_id FROM sys.databases;\nPRINT ISNULL(@q, N'null');",
			want: " MBAM Recovery master\n2\nnull",
		},
		{name: "a variable cuts off what is too long", text: "DECLARE @x nvarchar(3), @y nvarchar(3);\nSET @x = N'abcdef';\nSELECT @y = N'abcdef';\nPRINT @x + @y;", want: "abcabc"},
		{name: "tinyint overflows", text: "DECLARE @x tinyint;\nSET @x = 300;", want: "Msg 8115, Level 16, State 1, Server SQL1, Line 2\nArithmetic overflow error converting expression to data type tinyint."},
		{name: "PRINT of NULL is an empty line", text: "PRINT N'a';\nPRINT N'b' + NULL;\nPRINT N'c';", want: "a\n\nc"},
		{
			name: "RAISERROR fills in numbers, texts and NULL",
			text: "DECLARE @n int, @t tinyint = 7, @s nvarchar(20) = N'x', @e nvarchar(20), @b bigint = 5000000000;\nRAISERROR(N'%s %d %i %s %I64d %% %s.', 10, 1, @s, @n, @t, @e, @b);", want: "x (null) 7 (null) 5000000000 % (null).",
		},
		{
			name: "a number for %s is an error, not text", text: "DECLARE @n int = 1;\nRAISERROR(N'%s', 16, 1, @n);",
			want: "Msg 2786, Level 16, State 1, Server SQL1, Line 2\nThe data type of substitution parameter 1 does not match the expected type of the format specification.",
		},
		{
			name: "and so is a variable of another type", text: "DECLARE @n bit = 1;\nRAISERROR(N'%d', 16, 1, @n);",
			want: "Msg 2748, Level 16, State 1, Server SQL1, Line 2\nCannot specify bit data type (parameter 4) as a substitution parameter.",
		},
		{
			name: "a table variable: IDENTITY goes on behind DELETE, NOT NULL and lengths hold, all rows or none",
			text: "SET NOCOUNT ON;\nDECLARE @c TABLE ([id] int IDENTITY(1, 1) NOT NULL, [name] nvarchar(5) NOT NULL, [have] nvarchar(10) NULL);\nINSERT INTO @c ([name], [have]) VALUES (N'a', 5), (N'b', NULL);\nDELETE FROM @c WHERE [name] = N'A';\nINSERT INTO @c ([name], [have]) SELECT name, state FROM sys.databases WHERE database_id = 1;\nINSERT INTO @c ([name]) SELECT N'c';\nSELECT [id], [name], [have] FROM @c;\nINSERT INTO @c ([name]) VALUES (N'd'), (NULL);\nSELECT COUNT(*) FROM @c;",
			want: "Msg 8152, Level 16, State 1, Server SQL1, Line 5\nString or binary data would be truncated.\n2 b NULL\n3 c NULL\nMsg 515, Level 16, State 1, Server SQL1, Line 8\nCannot insert the value NULL into column 'name', table '@c'; column does not allow nulls. INSERT fails.\n2",
		},
		{
			name: "rows of VALUES have one type in each column", text: "DECLARE @c TABLE ([x] nvarchar(10) NULL);\nINSERT INTO @c VALUES (N'a'), (5);", options: asRunner,
			want: "Msg 245, Level 16, State 1, Server SQL1, Line 2\nConversion failed when converting the nvarchar value 'a' to data type int.\nexit 1",
		},
		{
			name: "a temporary table lasts across batches, a table variable does not",
			text: "SET NOCOUNT ON;\nCREATE TABLE #f (LogicalName nvarchar(128), Size numeric(20, 0));\nGO\nINSERT INTO #f EXEC sys.sp_executesql N'RESTORE FILELISTONLY FROM DISK = @file;', N'@file nvarchar(260)', @file = N'x';\nSELECT LogicalName, Size FROM #f;\nDROP TABLE #f;\nSELECT Size FROM #f;\nPRINT N'no';\nGO\nDELETE FROM @c;",
			want: "data 8\nMsg 208, Level 16, State 0, Server SQL1, Line 4\nInvalid object name '#f'.\nMsg 1087, Level 15, State 1, Server SQL1, Line 1\nMust declare the table variable \"@c\".", done: []string{"> RESTORE FILELISTONLY FROM DISK"},
		},
		{
			name: "INSERT EXEC of a procedure; without INSERT the rows are printed",
			text: "DECLARE @c TABLE ([a] int, [b] nvarchar(5));\nINSERT INTO @c EXEC dbo.report;\nPRINT (SELECT COUNT(*) FROM @c);\nEXEC dbo.report;", want: "2\n1 x\n2 NULL\n(2 rows affected)",
		},
		{
			name: "sqlcmd -b leaves with an error within INSERT EXEC as well", text: "DECLARE @c TABLE ([a] int);\nINSERT INTO @c EXEC sys.sp_executesql N'ALTER DATABASE [x] SET PARTNER OFF;';\nEXEC dbo.later;",
			fails: alter, options: asRunner, want: "Msg 1478, Level 16, State 3, Server SQL1, Line 1\nThe mirror has insufficient log data.\nexit 1", done: []string{"> ALTER DATABASE"},
		},
		{
			name: "INSERT EXEC with other columns ends the batch", text: "DECLARE @c TABLE ([a] int);\nINSERT INTO @c EXEC dbo.report;\nPRINT N'no';",
			want: "Msg 213, Level 16, State 1, Server SQL1, Line 2\nColumn name or number of supplied values does not match table definition.",
		},
		{
			name: "arguments of a procedure and its OUTPUT", text: "DECLARE @x int, @p nvarchar(20) = N'C:\\a';\nEXEC master.sys.xp_fileexist @p, @x OUTPUT;\nEXEC dbo.named @a = -1, @b = NULL, @c = @p;\nPRINT @x;",
			want: "42", done: []string{"> EXEC master.sys.xp_fileexist", "EXEC xp_fileexist =C:\\a =<nil>", "> EXEC dbo.named", "EXEC named @a=-1 @b=<nil> @c=C:\\a"},
		},
		{
			name: "sp_executesql: parameters in, OUTPUT out, the variables around are not seen",
			text: "DECLARE @q nvarchar(max), @found int = 7, @id int = 5;\nSET @q = N'SELECT @found = 0';\nSELECT @q = @q + N' + (SELECT COUNT(*) FROM sys.files WHERE database_id = @id)';\nEXEC sys.sp_executesql @q, N'@id int, @found int OUTPUT', @id = @id, @found = @found OUTPUT;\nPRINT @found;\nEXEC sys.sp_executesql N'PRINT @id;';",
			want: "2\nMsg 137, Level 15, State 1, Server SQL1, Line 6\nMust declare the scalar variable \"@id\".",
		},
		{
			name: "@@ERROR behind sp_executesql is that of its last statement", text: "EXEC sys.sp_executesql N'ALTER DATABASE [x] SET PARTNER OFF;';\nPRINT @@ERROR;\nEXEC sys.sp_executesql N'ALTER DATABASE [x] SET PARTNER OFF; PRINT N''on'';';\nPRINT @@ERROR;", fails: alter,
			want: "Msg 1478, Level 16, State 3, Server SQL1, Line 1\nThe mirror has insufficient log data.\n1478\nMsg 1478, Level 16, State 3, Server SQL1, Line 1\nThe mirror has insufficient log data.\non\n0",
		},
		{
			name: "an error within sp_executesql goes to the TRY around it", text: "BEGIN TRY\n    EXEC sys.sp_executesql N'ALTER DATABASE [x] SET PARTNER OFF; PRINT N''no'';';\n    PRINT N'no';\nEND TRY\nBEGIN CATCH PRINT ERROR_NUMBER(); END CATCH;", fails: alter, want: "1478",
		},
		{
			name: "a text that sp_executesql cannot compile goes to the TRY as well", text: "BEGIN TRY\n    EXEC sys.sp_executesql N'PRINT @x;';\nEND TRY\nBEGIN CATCH PRINT ERROR_NUMBER(); END CATCH;", want: "137",
		},
		{name: "EXEC of a text, and of NULL", text: "DECLARE @q nvarchar(max);\nEXEC (@q);\nSET @q = N'PRINT N''a'';';\nEXEC (@q);", want: "a"},
		{
			name: "the host gets a statement with the values of its variables",
			text: "DECLARE @file nvarchar(260) = N'\\\\fs\\a.bak', @p int = 2;\nBACKUP DATABASE [MBAM Recovery] TO DISK = @file WITH FILE = @p, NAME = N'x'\nPRINT N'behind';\nDROP DATABASE [a]",
			want: "behind", done: []string{"> BACKUP DATABASE", "BACKUP DATABASE MBAM Recovery TO DISK = \\\\fs\\a.bak WITH FILE = 2 , NAME = x", "> DROP DATABASE", "DROP DATABASE a"},
		},
		{
			name: "WAITFOR lets time pass", text: "DECLARE @t datetime;\nSET @t = GETDATE();\nWAITFOR DELAY '00:00:10';\nWAITFOR DELAY '00:00:00.050';\nPRINT DATEDIFF(second, @t, GETDATE());\nWAITFOR DELAY 'soon';",
			want: "10\nMsg 148, Level 16, State 1, Server SQL1, Line 6\nIncorrect time syntax in time string 'soon' used with WAITFOR.",
		},
		{
			name: "DELETE from a table of the server", text: "SET NOCOUNT ON;\nDELETE FROM sys.files WHERE size = 128;\nSELECT database_id, name FROM sys.files;\nPRINT @@ROWCOUNT;", want: "5 data\n6 data\n2", done: []string{"> DELETE sys.files"},
		},
		{
			name: "UNION takes each row once, UNION ALL does not", text: "SET NOCOUNT ON;\nSELECT name FROM sys.files UNION SELECT N'log' UNION SELECT N'x';\nSELECT 1 UNION ALL SELECT 1;", want: "data\nlog\nx\n1\n1",
		},
		{name: "WITH LOG says the same", text: "RAISERROR(N'note', 10, 1) WITH LOG;\nPRINT @@ERROR;", want: "note\n0"},
		{name: "DISTINCT, GROUP BY", text: "SET NOCOUNT ON;\nSELECT DISTINCT name FROM sys.files;\nSELECT name, COUNT(*) FROM sys.files GROUP BY name;", want: "data\nlog\ndata 2\nlog 1"},
	} {
		s := newServer()
		if c.fails != nil {
			s.fails = c.fails
		}
		if got := run(t, s, c.text, c.options); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
		if c.done != nil && !reflect.DeepEqual(append([]string{}, s.done...), c.done) {
			t.Errorf("%s: done %q, want %q", c.name, s.done, c.done)
		}
	}
}

func TestScriptingVariables(t *testing.T) {
	text := "PRINT N'$(Pass_1)';\nPRINT N'$' + N'(Pass_1)';\n-- $(PASS_1)\n"
	for _, c := range []struct {
		values map[string]string
		want   string
	}{
		{nil, "$(Pass_1)\n$(Pass_1)"},
		{map[string]string{"PASS_1": "it''s"}, "it's\n$(Pass_1)"},
		{map[string]string{}, "'Pass_1' scripting variable not defined.\nexit 1"},
	} {
		if got := run(t, newServer(), text, Options{StopOnError: true, Variables: c.values}); got != c.want {
			t.Errorf("%v: got %q, want %q", c.values, got, c.want)
		}
	}
}

// TestPanicsPass shows that what ends a session from within the host is not taken for an error of the server.
func TestPanicsPass(t *testing.T) {
	type killed struct{ where string }
	for _, text := range []string{
		"BEGIN TRY EXEC dbo.p; END TRY BEGIN CATCH PRINT N'caught'; END CATCH;",
		"EXEC sys.sp_executesql N'EXEC dbo.p;';",
		"DECLARE @c TABLE ([a] int);\nINSERT INTO @c EXEC dbo.p;",
	} {
		s := newServer()
		func() {
			defer func() {
				if got := recover(); got != (killed{"here"}) {
					t.Errorf("%s: recovered %v", text, got)
				}
			}()
			_, err := Run(&killer{s, killed{"here"}}, "f.sql", []byte(text), asRunner)
			t.Errorf("%s: came back with %v", text, err)
		}()
		if len(s.out) > 0 {
			t.Errorf("%s: printed %q", text, s.out)
		}
	}
}

type killer struct {
	*server
	with any
}

func (k *killer) Step(string) { panic(k.with) }

func TestQuery(t *testing.T) {
	s := newServer()
	got, err := Query(s, "SELECT name AS [Name], state FROM sys.databases WHERE name = @Name", map[string]Value{"@name": "MASTER"})
	want := &Table{Columns: []string{"name", "state"}, Rows: [][]Value{{"master", int64(0)}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	var e *Error
	if _, err := Query(s, "SELECT 1 / 0", nil); !errors.As(err, &e) || e.Number != 8134 {
		t.Errorf("got %v, want error 8134", err)
	}
	var u *Unsupported
	if _, err := Query(s, "SELECT SOUNDEX(1)", nil); !errors.As(err, &u) {
		t.Errorf("got %v, want an unknown function", err)
	}
	if got, err := Query(s, "EXEC dbo.p @a = @x", map[string]Value{"@x": int64(1)}); got != nil || err != nil {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
}

func TestLongMessages(t *testing.T) {
	got := run(t, newServer(), fmt.Sprintf("RAISERROR(N'%s', 10, 1);", strings.Repeat("x", 2100)), Options{})
	if want := strings.Repeat("x", 2044) + "..."; got != want {
		t.Errorf("got %d characters, want %d", len(got), len(want))
	}
}
