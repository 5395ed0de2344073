package farm

import (
	"path"
	"slices"
	"sort"
	"strings"
)

// Files are the files and folders of one machine, by path without regard to case.
type Files struct {
	files   map[string]*file
	folders map[string]*folder
	Full    bool // no byte more can be written
}

type file struct {
	path  string
	data  []byte // never changed in place
	given bool   // laid there from outside and not changed since
}

type folder struct {
	path  string
	owner string   // SID
	allow []string // SIDs that may do anything
	link  bool     // to somewhere else
}

func newFiles() *Files { return &Files{files: map[string]*file{}, folders: map[string]*folder{}} }

func key(p string) string {
	return strings.ToLower(strings.ReplaceAll(path.Clean(strings.ReplaceAll(p, `\`, "/")), "/", `\`))
}

func parent(p string) string {
	if i := strings.LastIndexByte(p, '\\'); i > 0 {
		return p[:i]
	}
	return p
}

// folder makes a folder with all above it.
func (f *Files) folder(p, owner string, allow []string) {
	for at := p; strings.Count(at, `\`) > 0; at = parent(at) {
		if f.folders[key(at)] == nil {
			f.folders[key(at)] = &folder{path: at, owner: owner, allow: slices.Clone(allow)}
		}
	}
}

// Exists reports whether there is a file.
func (f *Files) Exists(p string) bool { return f.files[key(p)] != nil }

// IsFolder reports whether there is a folder.
func (f *Files) IsFolder(p string) bool { return f.folders[key(p)] != nil || strings.HasSuffix(p, ":") }

// Read returns a file's bytes.
func (f *Files) Read(p string) ([]byte, bool) {
	one := f.files[key(p)]
	if one == nil {
		return nil, false
	}
	return one.data, true
}

// write makes or replaces a file; the folder is made with it.
func (f *Files) write(p string, data []byte) {
	f.folder(parent(p), "S-1-5-32-544", nil)
	f.files[key(p)] = &file{path: p, data: slices.Clone(data)}
}

// Put lays a file onto the machine from outside, as a person does who copies it there.
func (f *Files) Put(p string, data []byte) {
	f.write(p, data)
	f.files[key(p)].given = true
}

// Trust makes a folder from outside, or changes who owns it and who may do anything in it.
func (f *Files) Trust(p, owner string, link bool, allow ...string) {
	f.folder(p, owner, allow)
	*f.folders[key(p)] = folder{path: p, owner: owner, allow: slices.Clone(allow), link: link}
}

// Remove takes a file away.
func (f *Files) Remove(p string) { delete(f.files, key(p)) }

// List are the paths of all files, sorted.
func (f *Files) List() []string {
	var out []string
	for _, one := range f.files {
		out = append(out, one.path)
	}
	sort.Strings(out)
	return out
}
