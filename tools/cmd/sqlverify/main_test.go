package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/mscheck"
)

const clean = `/*
Step      a
Run on    b
Run by    c
Changes   nothing
Undo      nothing
Sources   d
*/
DECLARE @want nvarchar(128), @have nvarchar(128);
SET @want = N'SQL1'; SET @have = @@SERVERNAME;
IF @want <> @have
BEGIN
    RAISERROR(N'Wrong instance.', 16, 127);
    SET NOEXEC ON;
END;
GO
SELECT name FROM sys.databases;
GO
SET NOEXEC OFF;
`

func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "\n", "\r\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.sql", clean)
	ours := write("ours.sql", strings.Replace(clean, "SELECT name FROM sys.databases", "DROP DATABASE [A]", 1))
	theirs := write("theirs.sql", strings.Replace(clean, "name FROM", "FROM", 1))
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		out    string
		needMS bool
	}{
		{"clean", []string{"-version", "2016", good}, 0, "", true},
		{"ours", []string{"-version", "2016", good, ours}, 1, "ours.sql:17:1: DROP DATABASE", true},
		{"Microsoft's", []string{"-version", "2016", theirs}, 1, "theirs.sql:17:8: ", true},
		{"own only", []string{"-own", "-version", "2016", theirs}, 0, "", false},
		{"own finding", []string{"-own", "-version", "2016", ours}, 1, "[SQC008]", false},
		{"no version", []string{good}, 2, "", false},
		{"unknown version", []string{"-version", "2015", good}, 2, "", false},
		{"no file", []string{"-version", "2016"}, 2, "", false},
		{"missing file", []string{"-version", "2016", filepath.Join(dir, "nothing.sql")}, 2, "", false},
		{"unknown flag", []string{"-x"}, 2, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.needMS {
				mscheck.Require(t)
			}
			var out, errOut bytes.Buffer
			code := run(c.args, &out, &errOut)
			if code != c.code || !strings.Contains(out.String(), c.out) || (code == 2) != (errOut.Len() > 0) || (code == 1) != (out.Len() > 0) {
				t.Errorf("exit %d, output %q, errors %q", code, out.String(), errOut.String())
			}
		})
	}
	var out, errOut bytes.Buffer
	if code := run([]string{"-rules"}, &out, &errOut); code != 0 || !strings.Contains(out.String(), "SQC008  DROP DATABASE\n") {
		t.Errorf("-rules: exit %d, %s", code, out.String())
	}
	t.Setenv(mscheck.EnvPath, filepath.Join(dir, "nothing"))
	if code := run([]string{"-version", "2016", good}, &out, &errOut); code != 2 || !strings.Contains(errOut.String(), "mscheck is not there") {
		t.Errorf("without mscheck: exit %d, %s", code, errOut.String())
	}
}
