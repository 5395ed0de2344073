package cli_test

import (
	"cmp"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mbamplan/mbamplan/pkg/cli"
)

var update = flag.Bool("update", false, "write expected output into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"mbamplan": func() {
			os.Exit(cli.Main(os.Args[1:], cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Now: today}))
		},
	})
}

// today is 1 June 2026 at noon, or the day in TEST_TODAY (YYYY-MM-DD), so that waivers expire when a script says so.
func today() time.Time {
	day, err := time.Parse("2006-01-02", cmp.Or(os.Getenv("TEST_TODAY"), "2026-06-01"))
	if err != nil {
		panic(err)
	}
	return day.Add(12 * time.Hour)
}

func TestScripts(t *testing.T) {
	examples, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("NO_COLOR", "1")
			return os.WriteFile(e.WorkDir+"/farm.yaml", examples, 0o644)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode,
			"mode": fileMode,
		},
	})
}

// exitCode runs a command and compares its exit code: code N mbamplan …
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command…")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if e, ok := err.(interface{ ExitCode() int }); ok {
		got = itoa(e.ExitCode())
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return "many"
}

// fileMode compares permission bits: mode 600 FILE
func fileMode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	got := info.Mode().Perm()
	var want os.FileMode
	for _, c := range args[0] {
		want = want*8 + os.FileMode(c-'0')
	}
	if (got == want) == neg {
		ts.Fatalf("%s has mode %o", args[1], got)
	}
}
