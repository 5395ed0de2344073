// Package artifact holds the files of one render in memory and brings them to where they go: a folder, a zip file, a
// diff, or nowhere. What the files say is not its business.
package artifact

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Meta tells where a file comes from and who runs it. All of it goes into the manifest.
type Meta struct {
	Step           string // folder of the step, "database/logins"
	Kind           string // of artifact: preflight, install, verify, rollback …
	Server         string // empty for files of the whole farm
	Role           string
	Actor          string
	Template       string
	TemplateSHA256 string // lower-case hex
	TemplateOrigin string // "built-in" or "overlay"
	Order          int    // of the planned step, 1 for the first; 0 for files of the whole farm
	Result         string // base name of the result file that a run of the file leaves; "" when it leaves none
}

// File is one file of the output.
type File struct {
	Path   string // relative, separated by slashes on every system
	Data   []byte
	SHA256 string // of the data, lower-case hex; Add takes it where it is empty
	Secret bool   // readable by nobody but the owner, never shown in a diff, not packed unless asked for
	Meta   Meta
}

// Tree is a set of files whose paths are legal, and distinct, on every system. The zero value is empty. It keeps the
// data of its files without copying.
type Tree struct {
	// Steps are the planned steps in order, for the manifest.
	Steps []PlannedStep

	files   []File
	names   map[string]string // folded path of a file → its path
	folders map[string]string // folded path of a folder → its path
	spelt   map[string]bool   // the paths of folders, each with its parents
	sorted  bool
}

// MaxPath is the longest path of a file, in UTF-16 units. Windows ends at 260 with the folder above, and people unpack
// into deep folders.
const MaxPath = 180

// Names in the output folder that are not for files of a tree.
const (
	ManifestName = "manifest.json"
	stageName    = ".mbamplan-stage"
)

// Add puts a file into the tree. It refuses a path that some system cannot carry, that is taken (case does not count),
// that is a folder of another file, or that spells a folder otherwise than another file does.
func (t *Tree) Add(f File) error {
	if err := checkPath(f.Path); err != nil {
		return fmt.Errorf("add file %q: %w", f.Path, err)
	}
	folded := fold(f.Path)
	if folded == ManifestName { // which is lower-case
		return fmt.Errorf("add file %q: the name %s is mbamplan's own", f.Path, folded)
	}
	if other, taken := t.names[folded]; taken {
		return fmt.Errorf("add file %q: the tree has %q already", f.Path, other)
	}
	if other, taken := t.folders[folded]; taken {
		return fmt.Errorf("add file %q: other files are in a folder %q", f.Path, other)
	}
	var folders []string // that are new, with their parents
	for dir := path.Dir(f.Path); dir != "." && !t.spelt[dir]; dir = path.Dir(dir) {
		if other, taken := t.names[fold(dir)]; taken {
			return fmt.Errorf("add file %q: its folder %q is a file %q", f.Path, dir, other)
		}
		if other, known := t.folders[fold(dir)]; known {
			return fmt.Errorf("add file %q: its folder is spelt %q by other files", f.Path, other)
		}
		folders = append(folders, dir)
	}
	if t.names == nil {
		t.names, t.folders, t.spelt = map[string]string{}, map[string]string{}, map[string]bool{}
	}
	t.names[folded] = f.Path
	for _, dir := range folders {
		t.folders[fold(dir)], t.spelt[dir] = dir, true
	}
	if f.SHA256 == "" {
		f.SHA256 = digest(f.Data)
	}
	t.files = append(t.files, f)
	t.sorted = false
	return nil
}

// Files returns the files sorted by path, bytewise. The slice is the caller's, the data is shared.
func (t *Tree) Files() []File {
	if !t.sorted {
		slices.SortFunc(t.files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
		t.sorted = true
	}
	return slices.Clone(t.files)
}

// fold returns the form in which two paths are equal when they name one file on a system that ignores case.
func fold(p string) string { return strings.ToLower(strings.ToUpper(p)) }

// checkPath refuses what Windows, Linux or macOS cannot carry as a relative path (Microsoft, Naming Files, Paths, and
// Namespaces), everything that could lead out of a folder, and hidden parts: those are the stage and what others keep
// beside their files, as .git.
func checkPath(p string) error {
	if p == "" {
		return fmt.Errorf("the path is empty")
	}
	if !utf8.ValidString(p) {
		return fmt.Errorf("the path is not UTF-8")
	}
	if n := len(utf16.Encode([]rune(p))); n > MaxPath {
		return fmt.Errorf("the path has %d characters, more than %d", n, MaxPath)
	}
	if i := strings.IndexFunc(p, func(r rune) bool { return unicode.IsControl(r) || strings.ContainsRune(`\<>:"|?*`, r) }); i >= 0 {
		r, _ := utf8.DecodeRuneInString(p[i:])
		return fmt.Errorf("the path has the character %q, which not every system takes", r)
	}
	for seg := range strings.SplitSeq(p, "/") {
		switch {
		case seg == "":
			return fmt.Errorf("the path is absolute or has an empty part")
		case seg == "." || seg == "..":
			return fmt.Errorf("the path has a part %q", seg)
		case strings.HasPrefix(seg, "."):
			return fmt.Errorf("the part %q begins with a dot", seg)
		case strings.HasSuffix(seg, ".") || strings.HasSuffix(seg, " "):
			return fmt.Errorf("the part %q ends in a dot or blank, which Windows drops", seg)
		case reserved(seg):
			return fmt.Errorf("the part %q is a device on Windows", seg)
		}
	}
	return nil
}

// reserved tells whether Windows takes a name for a device, with any extension.
func reserved(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if port, ok := strings.CutPrefix(base, "COM"); ok || strings.HasPrefix(base, "LPT") {
		if !ok {
			port = base[3:]
		}
		return len([]rune(port)) == 1 && strings.ContainsAny(port, "0123456789¹²³")
	}
	return false
}
