package secrets

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const (
	validationKey = "326FFEB33A82479FC15B1FCFB695C881FDBEB5D3AF3871AF70CB998D2BCA03F10E3246132C16ADF29A22E8E84B71E6C41388A4D73830DE0EB1C4457BD5C36D6F"
	decryptionKey = "2E386C970E2E8B5701A3E773FFEE6A97F52578F476A1BD86004158751C444934"
	compareKey    = "1241626EB8CA542931D74F9AC0F6B294E791FF041AB106789B514331E74C9830"
)

func sample() File {
	return File{MachineKey: MachineKey{"HMACSHA256", validationKey, "AES", decryptionKey}, CompareKey: compareKey}
}

// TestFingerprint holds the form that scripts on the nodes compute too; the value comes from another implementation of
// HMAC. It must never change.
func TestFingerprint(t *testing.T) {
	const want = "1445A45957A7332CF74967A204AD4990178D73D3B5499B1BA3E92820BC8A8668"
	if got := sample().FullFingerprint(); got != want {
		t.Errorf("FullFingerprint() = %s, want %s", got, want)
	}
	if got := sample().Fingerprint(); got != "1445-A459-57A7-332C" {
		t.Errorf("Fingerprint() = %s", got)
	}
	if got := Redacted().Fingerprint(); got != "REDACTED" {
		t.Errorf("Redacted().Fingerprint() = %s", got)
	}
	if got := (File{}).Fingerprint(); got != "INVALID" {
		t.Errorf("File{}.Fingerprint() = %s", got)
	}
}

func TestNew(t *testing.T) {
	f, err := New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.check(); err != nil {
		t.Error(err)
	}
	g, err := New(rand.Reader)
	if err != nil || f == g {
		t.Errorf("two files are equal, or %v", err)
	}
	if _, err := New(bytes.NewReader(make([]byte, 10))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("too few random bytes: %v", err)
	}
	if _, err := New(bytes.NewReader(make([]byte, 1000))); err == nil || !strings.Contains(err.Error(), "pattern") {
		t.Errorf("zero bytes: %v", err)
	}
}

func TestCheck(t *testing.T) {
	zeros := strings.Repeat("0", 64)
	counting := "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
	for _, c := range []struct {
		name   string
		change func(*File)
		want   string
	}{
		{"validation", func(f *File) { f.MachineKey.Validation = "SHA1" }, "machineKey.validation is not HMACSHA256"},
		{"decryption", func(f *File) { f.MachineKey.Decryption = "aes" }, "machineKey.decryption is not AES"},
		{"short", func(f *File) { f.MachineKey.ValidationKey = validationKey[:64] }, "64 characters instead of 128"},
		{"lower case", func(f *File) { f.CompareKey = strings.ToLower(compareKey) }, "compareKey is not upper-case hex"},
		{"not hex", func(f *File) { f.MachineKey.DecryptionKey = "G" + decryptionKey[1:] }, "not upper-case hex"},
		{"zero", func(f *File) { f.CompareKey = zeros }, "pattern"},
		{"repeated", func(f *File) { f.MachineKey.ValidationKey = decryptionKey + decryptionKey }, "pattern"},
		{"counting", func(f *File) { f.MachineKey.DecryptionKey = counting }, "pattern"},
		{"part", func(f *File) { f.MachineKey.DecryptionKey = validationKey[10:74] }, "part of"},
		{"compare is decryption", func(f *File) { f.CompareKey = f.MachineKey.DecryptionKey }, "compareKey is a key"},
		{"compare is validation", func(f *File) { f.CompareKey = validationKey[64:] }, "compareKey is a key"},
	} {
		f := sample()
		c.change(&f)
		err := f.check()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
			continue
		}
		noKeys(t, c.name, err.Error())
		if err := Save(filepath.Join(t.TempDir(), "s"), f, SaveOptions{}); err == nil {
			t.Errorf("%s: saved", c.name)
		}
	}
	if err := sample().check(); err != nil {
		t.Error(err)
	}
	if err := Redacted().check(); err == nil {
		t.Error("placeholders pass as keys")
	}
}

// noKeys fails when text holds a part of a key of sample.
func noKeys(t *testing.T, name, text string) {
	t.Helper()
	for _, key := range []string{validationKey, decryptionKey, compareKey} {
		for i := 0; i+8 <= len(key); i += 8 {
			if strings.Contains(strings.ToUpper(text), key[i:i+8]) {
				t.Errorf("%s shows a key: %s", name, text)
				return
			}
		}
	}
}

type nested struct {
	F File
	K MachineKey
}

func TestNothingPrintsKeys(t *testing.T) {
	f := sample()
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, nil))
	l.Info("x", "file", f, "key", f.MachineKey, "pointer", &f)
	l = slog.New(slog.NewJSONHandler(&log, nil))
	l.Info("x", "file", f, "key", f.MachineKey, "nested", nested{F: f})
	noKeys(t, "slog", log.String())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, v := range []any{f, &f, f.MachineKey, &f.MachineKey, nested{F: f}, []File{f}, map[string]MachineKey{"a": f.MachineKey}} {
			noKeys(t, verb, fmt.Sprintf(verb, v))
		}
	}
	if got := fmt.Sprint(f); !strings.Contains(got, "1445-A459-57A7-332C") {
		t.Errorf("String() = %s", got)
	}
	for name, marshal := range map[string]func(any) ([]byte, error){"json": json.Marshal, "xml": xml.Marshal} {
		for _, v := range []any{f, f.MachineKey, nested{f, f.MachineKey}} {
			out, err := marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			noKeys(t, name, string(out))
		}
	}
	for _, v := range []interface{ MarshalYAML() (any, error) }{f, f.MachineKey} {
		out, err := v.MarshalYAML()
		noKeys(t, "yaml", fmt.Sprint(out, err))
	}
}

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "contoso.secrets.yaml")
	if _, err := Load(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("missing file: %v", err)
	}
	if err := Save(path, sample(), SaveOptions{Name: "contoso"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	want := "# mbamplan secrets for contoso. Keep it out of version control and tickets.\nschema: 1\nmachineKey:\n  validation: HMACSHA256\n  validationKey: " +
		validationKey + "\n  decryption: AES\n  decryptionKey: " + decryptionKey + "\ncompareKey: " + compareKey + "\n"
	if err != nil || string(data) != want {
		t.Errorf("wrote %q, %v", data, err)
	}
	if got, err := Load(path); err != nil || got != sample() {
		t.Errorf("Load: %v, equal %v", err, got == sample())
	}
	if w, err := Exposed(path); w != nil || err != nil {
		t.Errorf("Exposed: %v, %v", w, err)
	}
	other, err := New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := Save(path, other, SaveOptions{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Save over a file: %v", err)
	}
	if got, _ := Load(path); got != sample() {
		t.Error("a refused Save changed the file")
	}
	if err := Save(path, other, SaveOptions{Overwrite: true, Name: "two\nlines"}); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || got != other {
		t.Errorf("after Overwrite: %v", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := Save(filepath.Join(t.TempDir(), "no", "such"), sample(), SaveOptions{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

func TestExposed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has access lists instead of modes")
	}
	path := filepath.Join(t.TempDir(), "s")
	if err := Save(path, sample(), SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	w, err := Exposed(path)
	if err != nil || w == nil || !strings.Contains(w.String(), "mode 0640") {
		t.Errorf("Exposed: %v, %v", w, err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("wide permissions are an error: %v", err)
	}
	if _, err := Exposed(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestParse(t *testing.T) {
	good := string(format(sample(), "x"))
	for name, text := range map[string]string{
		"as written":         good,
		"line ends":          strings.ReplaceAll(good, "\n", "\r\n"),
		"byte order mark":    "\uFEFF" + good,
		"comments, blanks":   "\n# a\n" + strings.ReplaceAll(good, "  validation:", "\n  # b\n  validation:  ") + "\n\n",
		"other order":        "compareKey: " + compareKey + "\n" + strings.Replace(good, "compareKey: "+compareKey+"\n", "", 1),
		"no end of last":     strings.TrimSuffix(good, "\n"),
		"blanks at line end": strings.ReplaceAll(good, "\n", "  \n"),
	} {
		if f, err := parse([]byte(text)); err != nil || f != sample() {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "schema is missing"},
		{"large", strings.Repeat("#\n", maxFile), "larger"},
		{"schema 2", strings.Replace(good, "schema: 1", "schema: 2", 1), "schema is not 1"},
		{"no compare key", strings.Replace(good, "compareKey: "+compareKey, "", 1), "compareKey is missing"},
		{"unknown", good + validationKey + ": x\n", "line 9 has a key"},
		{"no colon", good + validationKey + "\n", "line 9 is not of the form"},
		{"no blank", good + "a:" + validationKey, "line 9 is not of the form"},
		{"twice", good + "compareKey: " + compareKey, "line 9: compareKey stands twice"},
		{"parent twice", good + "machineKey:\n", "line 9: machineKey stands twice"},
		{"parent with value", strings.Replace(good, "machineKey:", "machineKey: "+compareKey, 1), "line 3: machineKey"},
		{"quoted", strings.Replace(good, compareKey, `"`+compareKey+`"`, 1), "line 8: the value of compareKey"},
		{"comment behind", strings.Replace(good, compareKey, compareKey+" # x", 1), "line 8: the value of compareKey"},
		{"tab", strings.Replace(good, "  validation:", "\tvalidation:", 1), "line 4"},
		{"indent", strings.Replace(good, "  validation:", "   validation:", 1), "line 4 is indented by other"},
		{"indent alone", strings.Replace(good, "compareKey", "  compareKey", 1), "line 8 has a key"},
		{"indent below nothing", "  validation: AES\n" + good, "line 1 is indented, but not below"},
		{"short key", strings.Replace(good, compareKey, compareKey[:60], 1), "60 characters"},
		{"lower-case key", strings.Replace(good, compareKey, strings.ToLower(compareKey), 1), "not upper-case"},
	} {
		_, err := parse([]byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
			continue
		}
		noKeys(t, c.name, err.Error())
	}
	path := filepath.Join(t.TempDir(), "s")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("damaged file: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(format(sample(), "x"))
	f.Add([]byte("schema: 1\nmachineKey:\n  validation: x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := parse(data)
		if err != nil {
			return
		}
		if again, err := parse(format(file, "")); err != nil || again != file {
			t.Errorf("what was read from %q does not survive being written: %v", data, err)
		}
	})
}

// TestLoadOrCreateTogether starts many creators at once: one file must win, and all must return it.
func TestLoadOrCreateTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.secrets.yaml")
	const n = 16
	var wg sync.WaitGroup
	files, created, errs := make([]File, n), make([]bool, n), make([]error, n)
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			files[i], created[i], errs[i] = LoadOrCreate(path, rand.Reader)
		})
	}
	close(start)
	wg.Wait()
	count := 0
	for i := range n {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if created[i] {
			count++
		}
		if files[i] != files[0] {
			t.Error("two callers have different keys")
		}
	}
	if count != 1 {
		t.Errorf("%d callers created the file", count)
	}
	if f, made, err := LoadOrCreate(path, nil); err != nil || made || f != files[0] {
		t.Errorf("afterwards: created %v, %v", made, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), "# mbamplan secrets for farm. ") {
		t.Errorf("comment: %.60s, %v", data, err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, made, err := LoadOrCreate(path, rand.Reader); err == nil || made {
		t.Errorf("a damaged file was replaced: %v", err)
	}
}

func TestRedactKeepsTheFingerprint(t *testing.T) {
	f, err := New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r := Redact(f)
	if r.Fingerprint() != f.Fingerprint() || r.FullFingerprint() != f.FullFingerprint() {
		t.Errorf("%s is not %s", r.Fingerprint(), f.Fingerprint())
	}
	all := r.MachineKey.ValidationKey + r.MachineKey.DecryptionKey + r.CompareKey
	for _, key := range []string{f.MachineKey.ValidationKey, f.MachineKey.DecryptionKey, f.CompareKey} {
		if strings.Contains(all, key) {
			t.Error("a key is in the placeholders")
		}
	}
	if !strings.Contains(r.MachineKey.ValidationKey, f.Fingerprint()) {
		t.Error("the placeholder does not name the fingerprint")
	}
}
