package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
	"github.com/mbamplan/mbamplan/pkg/secrets/privatefile"
)

// maxFile is far above the 400 bytes of a secrets file; a larger one is something else.
const maxFile = 16 << 10

// ExposedWarning says that a secrets file can be read by somebody else than its owner.
type ExposedWarning struct {
	Path string
	Who  string // in words, with the mode where there is one
}

func (w *ExposedWarning) String() string {
	return fmt.Sprintf("%s can be opened by %s; it holds the machine key: restrict it to yourself (mode 0600)", w.Path, w.Who)
}

// Exposed returns a warning when others than the owner can open the file at path, nil otherwise.
func Exposed(path string) (*ExposedWarning, error) {
	who, err := privatefile.Exposed(path)
	if err != nil {
		return nil, fmt.Errorf("look at the permissions of the secrets file %s: %w", path, err)
	}
	if who == "" {
		return nil, nil
	}
	return &ExposedWarning{Path: path, Who: who}, nil
}

// Load reads the secrets file at path and checks its keys. The error wraps fs.ErrNotExist when there is none. A file that
// somebody else may have put there is refused (privatefile.Open): its author would know the farm's keys. Wide permissions
// are no error here, see Exposed.
func Load(path string) (File, error) {
	file, err := privatefile.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("open the secrets file: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return File{}, fmt.Errorf("read the secrets file: %w", err)
	}
	f, err := parse(data)
	if err != nil {
		return File{}, fmt.Errorf("secrets file %s: %w; restore it from your backup, or move it away to get new keys for the whole farm", path, err)
	}
	return f, nil
}

// parse reads the one form that Save writes, with line ends and comments as an editor may have left them. It is stricter
// than YAML, so that every secrets file means the same to every reader. Errors name lines and known keys, never text of
// the file.
func parse(data []byte) (File, error) {
	if len(data) > maxFile {
		return File{}, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	var f File
	var schema string
	fields := []struct {
		key   string
		value *string
	}{
		{"schema", &schema},
		{"compareKey", &f.CompareKey},
		{"machineKey.validation", &f.MachineKey.Validation},
		{"machineKey.validationKey", &f.MachineKey.ValidationKey},
		{"machineKey.decryption", &f.MachineKey.Decryption},
		{"machineKey.decryptionKey", &f.MachineKey.DecryptionKey},
	}
	seenParent, inParent := false, false
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	for i, line := range strings.Split(string(data), "\n") {
		n := i + 1
		line = strings.TrimRight(line, " \r")
		trimmed := strings.TrimLeft(line, " ")
		if trimmed == "" || trimmed[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(trimmed, ":")
		if !ok || value != "" && value[0] != ' ' {
			return File{}, fmt.Errorf("line %d is not of the form \"key: value\"", n)
		}
		value = strings.TrimLeft(value, " ")
		switch len(line) - len(trimmed) {
		case 0:
			inParent = false
		case 2:
			if !inParent {
				return File{}, fmt.Errorf("line %d is indented, but not below machineKey", n)
			}
			key = "machineKey." + key
		default:
			return File{}, fmt.Errorf("line %d is indented by other than two blanks", n)
		}
		if key == "machineKey" {
			if seenParent || value != "" {
				return File{}, fmt.Errorf("line %d: machineKey stands twice or has a value on its line", n)
			}
			seenParent, inParent = true, true
			continue
		}
		found := false
		for _, field := range fields {
			if field.key != key {
				continue
			}
			if *field.value != "" {
				return File{}, fmt.Errorf("line %d: %s stands twice", n, key)
			}
			if value == "" || strings.ContainsAny(value, " \t\"'#") {
				return File{}, fmt.Errorf("line %d: the value of %s is missing, quoted, or has blanks or a comment behind it", n, key)
			}
			*field.value, found = value, true
		}
		if !found {
			return File{}, fmt.Errorf("line %d has a key that secrets files do not have", n)
		}
	}
	for _, field := range fields {
		if *field.value == "" {
			return File{}, fmt.Errorf("%s is missing", field.key)
		}
	}
	if schema != "1" {
		return File{}, errors.New("its schema is not 1, which is all this version knows")
	}
	return f, f.check()
}

// SaveOptions are the choices of Save.
type SaveOptions struct {
	Name      string // of the farm, for the comment at the top; left out when it is not a line of text
	Overwrite bool   // replace a file that is there
}

// Save writes f to path so that nobody but the owner can open it at any moment, and so that a reader finds the old file,
// the new one or none, never a part. Without Overwrite it fails with fs.ErrExist when something is there; with it, what is
// there must be a regular file: replacing a link would leave the old keys at its end.
func Save(path string, f File, o SaveOptions) error {
	if err := f.check(); err != nil {
		return fmt.Errorf("save the secrets file %s: %w", path, err)
	}
	if o.Overwrite {
		if _, err := privatefile.Look(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("save the secrets file %s: %w", path, err)
		}
	}
	temp, err := writeTemp(path, format(f, o.Name))
	if err != nil {
		return fmt.Errorf("save the secrets file %s: %w", path, err)
	}
	if o.Overwrite {
		if err = os.Rename(temp, path); err == nil {
			return nil
		}
	} else if err = place(temp, path); err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("save the secrets file %s: %w", path, err), os.Remove(temp))
}

// place gives temp the name path unless that exists. A hard link does it in one step. File systems without them get a
// lock file first, which keeps out other processes that do the same.
func place(temp, path string) error {
	err := os.Link(temp, path)
	if err == nil {
		return os.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	lock := path + ".lock"
	l, err := privatefile.Create(lock)
	if err != nil {
		return fmt.Errorf("lock it (remove %s if no mbamplan runs): %v", lock, err) //nolint:errorlint // an existing lock is no existing secrets file
	}
	defer os.Remove(lock)
	defer l.Close()
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}
	}
	return os.Rename(temp, path)
}

// writeTemp writes data to a new private file beside path and returns its name.
func writeTemp(path string, data []byte) (string, error) {
	for n := 0; ; n++ {
		temp := fmt.Sprintf("%s.%d-%d.tmp", path, os.Getpid(), n)
		file, err := privatefile.Create(temp)
		if errors.Is(err, fs.ErrExist) && n < 1000 {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = file.Write(data)
		err = errors.Join(err, file.Sync(), file.Close())
		if err != nil {
			return "", errors.Join(err, os.Remove(temp))
		}
		return temp, nil
	}
}

// format writes the form that parse reads.
func format(f File, name string) []byte {
	whose := ""
	if line, err := quote.Line(strings.TrimSpace(name)); err == nil && line != "" {
		whose = " for " + line
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# mbamplan secrets%s. Keep it out of version control and tickets.\n", whose)
	fmt.Fprintf(&b, "schema: 1\nmachineKey:\n  validation: %s\n  validationKey: %s\n  decryption: %s\n  decryptionKey: %s\ncompareKey: %s\n",
		f.MachineKey.Validation, f.MachineKey.ValidationKey, f.MachineKey.Decryption, f.MachineKey.DecryptionKey, f.CompareKey)
	return b.Bytes()
}

// LoadOrCreate loads the secrets file at path, or makes one from random and tells so. Processes that do it at the same
// time end with the same keys: the one that comes second takes the file of the first. The comment names what stands
// before the first dot of the file's name.
func LoadOrCreate(path string, random io.Reader) (f File, created bool, err error) {
	f, err = Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, false, err
	}
	if f, err = New(random); err != nil {
		return File{}, false, err
	}
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	err = Save(path, f, SaveOptions{Name: name})
	if errors.Is(err, fs.ErrExist) {
		f, err = Load(path)
		return f, false, err
	}
	if err != nil {
		return File{}, false, err
	}
	return f, true, nil
}
