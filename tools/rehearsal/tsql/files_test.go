package tsql

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// yesMan is a Host that knows every table, with every word of the file as a column, and does whatever it is told. What it answers is
// drawn from rng; half of it is NULL. The kinds of values follow the names of columns and functions.
type yesMan struct {
	rng     *rand.Rand
	columns []string
	now     time.Time
	known   map[string]*Table
}

var words = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)

func newYesMan(seed uint64, text string) *yesMan {
	y := &yesMan{rng: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), known: map[string]*Table{}}
	for _, w := range words.FindAllString(strings.ToLower(text), -1) {
		if !slices.Contains(y.columns, w) {
			y.columns = append(y.columns, w)
		}
	}
	return y
}

func (y *yesMan) value(name string) Value {
	if y.rng.IntN(2) == 0 {
		return nil
	}
	switch {
	case strings.HasSuffix(name, "_date") || strings.HasSuffix(name, "_time") && !strings.HasPrefix(name, "active") && name != "run_time" ||
		name == "date_created" || name == "last_connect_error_timestamp":
		return y.now.Add(time.Duration(y.rng.IntN(9)-4) * time.Hour)
	case strings.HasSuffix(name, "sid") || strings.HasSuffix(name, "thumbprint") || name == "suser_sid":
		return []byte{1, byte(y.rng.IntN(3))}
	case slices.Contains([]string{"replica_id", "group_id", "group_database_id", "job_id", "listener_id", "mirroring_guid", "family_guid"}, name):
		return fmt.Sprintf("0B9ACD7A-18EF-4F4C-9A6F-%012d", y.rng.IntN(2))
	case strings.HasSuffix(name, "_desc") || strings.Contains(name, "name") || slices.Contains([]string{
		"type", "command", "subsystem", "service_account", "filename", "primary_replica", "endpoint_url", "ip_address", "network_subnet_ip",
		"description", "value", "mirroring_partner_instance", "last_connect_error_description", "ip_subnet_mask", "permission_name",
		"restore_type", "serverproperty", "databasepropertyex", "suser_sname", "suser_name", "db_name", "current_state", "logicalname", "physicalname",
	}, name):
		return []string{"SQL1", "D", "L", "MBAM Recovery and Hardware", "FULL", `\\fs\x\a.bak`, "ONLINE"}[y.rng.IntN(7)]
	}
	return int64(y.rng.IntN(5))
}

func (y *yesMan) Database() string { return "master" }
func (y *yesMan) Use(string)       {}

func (y *yesMan) Table(name Name, _ []Value) (*Table, bool) {
	key := strings.ToLower(name.String())
	t := y.known[key]
	if t == nil || y.rng.IntN(4) == 0 {
		t = &Table{Columns: y.columns}
		for range y.rng.IntN(4) {
			row := make([]Value, len(y.columns))
			for i, c := range y.columns {
				row[i] = y.value(kindName(key, c))
			}
			t.Rows = append(t.Rows, row)
		}
		y.known[key] = t
	}
	return t, true
}

// kindName names a column whose type depends on the view.
func kindName(table, column string) string {
	switch {
	case column == "type" && !strings.Contains(table, "backupset"), column == "description", column == "state" && !strings.Contains(table, "server_permissions"):
		return "number"
	case column == "state":
		return "permission_name"
	}
	return column
}

func (y *yesMan) Global(string) (Value, bool) { return "SQL1", true }
func (y *yesMan) Function(name string, _ []Value) (Value, bool) {
	return y.value(strings.ToLower(name)), true
}

func (y *yesMan) Procedure(_ Name, args []Arg) (*Table, bool) {
	y.perhapsFail()
	for _, a := range args {
		if a.Set != nil && a.Name == "" {
			a.Set(int64(y.rng.IntN(2)))
		}
	}
	return nil, true
}

func (y *yesMan) Statement([]Token) bool {
	y.perhapsFail()
	return true
}

func (y *yesMan) Report([]Token) (*Table, bool) {
	y.perhapsFail()
	return &Table{}, true
}

func (y *yesMan) perhapsFail() {
	if y.rng.IntN(3) == 0 {
		Raise(3013, "The statement is terminating abnormally.")
	}
}
func (y *yesMan) Change(Name, *Table) bool { return true }
func (y *yesMan) Now() time.Time           { return y.now }
func (y *yesMan) Sleep(d time.Duration)    { y.now = y.now.Add(d) }
func (y *yesMan) Print(string)             {}
func (y *yesMan) Step(string)              {}

// examples gives every different .sql file of examples/ by its path.
func examples(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir("../../../examples", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".sql") {
			return err
		}
		data, err := os.ReadFile(path)
		files[path] = data
		return err
	})
	if err != nil || len(files) < 500 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	return files
}

// everything runs a file by all three kinds of clients.
var everything = []Options{{StopOnError: true}, {StopOnError: true, Late: true}, {Studio: true}}

func client(o Options, data []byte) Options {
	if bytes.Contains(data, []byte("$(")) {
		o.Variables = map[string]string{"MBAMPLAN_TDE_PASSWORD": "a-long-password"}
	}
	return o
}

// TestExamplesAreKnown runs every rendered file against a server that answers at random: whatever way it takes, it meets nothing unknown.
func TestExamplesAreKnown(t *testing.T) {
	for path, data := range examples(t) {
		for seed, o := range everything {
			if _, err := Run(newYesMan(uint64(seed), string(data)), path, data, client(o, data)); err != nil {
				t.Error(err)
				break
			}
		}
	}
}

// TestMutatedFilesNeverPanic drops, doubles and swaps pieces of every tenth file. Run ends, and where it ends in an error it says that
// something is not known.
func TestMutatedFilesNeverPanic(t *testing.T) {
	files := examples(t)
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	piece := regexp.MustCompile(`N?'[^']*'|[A-Za-z0-9_@#$]+|\s+|.`)
	ran := 0
	for n := 0; n < len(paths); n += 10 {
		data := files[paths[n]]
		rng := rand.New(rand.NewPCG(uint64(n), 1))
		pieces := piece.FindAllString(string(data), -1)
		for range 5 {
			p := slices.Clone(pieces)
			for range 1 + rng.IntN(2) {
				i, j := rng.IntN(len(p)), rng.IntN(len(p))
				switch rng.IntN(3) {
				case 0:
					p[i] = ""
				case 1:
					p[i] += " " + p[i]
				default:
					p[i], p[j] = p[j], p[i]
				}
			}
			mutated := strings.Join(p, "")
			_, err := Run(newYesMan(uint64(n), mutated), paths[n], []byte(mutated), client(everything[n%3], data))
			var u *Unsupported
			if err != nil && (!errors.As(err, &u) || u.Line == 0 || u.File != paths[n]) {
				t.Errorf("%v", err)
			}
			if err == nil {
				ran++
			}
		}
	}
	if ran < 50 {
		t.Errorf("only %d mutated files ran", ran)
	}
}

func BenchmarkVerify(b *testing.B) {
	path := "../../../examples/contoso-alwayson/out/database/SQL1/verify/398-availability-check.sql"
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	y := newYesMan(1, string(data))
	b.Run("first", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := Run(y, path, append(data, fmt.Sprintf("-- %d", i)...), Options{Studio: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			if _, err := Run(y, path, data, Options{Studio: true}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// TestTextsWithinFiles parses the steps of jobs, which stand as texts in .sql files, and the queries of PowerShell scripts.
func TestTextsWithinFiles(t *testing.T) {
	texts := map[string]string{}
	quoted := regexp.MustCompile(`SET @command = N'((?:[^']|'')*)'|'((?:SELECT|EXEC|DECLARE|IF) (?:[^']|'')*)'`)
	err := filepath.WalkDir("../../../examples", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".sql") && !strings.HasSuffix(path, ".ps1") {
			return err
		}
		data, err := os.ReadFile(path)
		for _, m := range quoted.FindAllStringSubmatch(string(data), -1) {
			if m[1] != "" || strings.HasSuffix(path, ".ps1") {
				texts[strings.ReplaceAll(m[1]+m[2], "''", "'")] = path
			}
		}
		return err
	})
	if err != nil || len(texts) < 50 {
		t.Fatalf("%d texts: %v", len(texts), err)
	}
	given := regexp.MustCompile(`@[A-Za-z]+`)
	for text, path := range texts {
		values := map[string]Value{}
		if !strings.HasPrefix(text, "DECLARE") {
			for _, name := range given.FindAllString(text, -1) {
				values[strings.ToLower(name)] = "4"
			}
		}
		_, err := Query(newYesMan(3, text), text, values)
		var u *Unsupported
		if errors.As(err, &u) {
			t.Errorf("%s: %v\n%s", path, err, text)
		}
	}
}
