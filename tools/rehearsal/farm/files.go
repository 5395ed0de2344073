package farm

import (
	"path"
	"slices"
	"sort"
	"strings"
	"time"
)

// Files are the files and folders of one machine, by path without regard to case.
type Files struct {
	files   map[string]*file
	folders map[string]*folder
	shares  *Files // what the machines of the farm see of file servers; nil in the shares themselves
	Full    bool   // no byte more can be written
	clock   *time.Time
}

type file struct {
	path  string
	data  []byte    // never changed in place
	given bool      // laid there from outside and not changed since
	at    time.Time // of the last write
}

type folder struct {
	path  string
	owner string   // SID
	allow []string // SIDs that may do anything
	link  bool     // to somewhere else
}

func newFiles() *Files { return &Files{files: map[string]*file{}, folders: map[string]*folder{}} }

// on is where a path lies: here, or on a share.
func (f *Files) on(p string) *Files {
	if f.shares != nil && strings.HasPrefix(p, `\\`) {
		return f.shares
	}
	return f
}

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
	to := f.on(p)
	for at := p; strings.Contains(strings.TrimLeft(at, `\`), `\`); at = parent(at) { // the server of a share is no folder
		if to.folders[key(at)] == nil {
			to.folders[key(at)] = &folder{path: at, owner: owner, allow: slices.Clone(allow)}
		}
	}
}

// Exists reports whether there is a file.
func (f *Files) Exists(p string) bool { return f.on(p).files[key(p)] != nil }

// IsFolder reports whether there is a folder.
func (f *Files) IsFolder(p string) bool {
	return f.on(p).folders[key(p)] != nil || strings.HasSuffix(p, ":")
}

// Read returns a file's bytes.
func (f *Files) Read(p string) ([]byte, bool) {
	one := f.on(p).files[key(p)]
	if one == nil {
		return nil, false
	}
	return one.data, true
}

// write makes or replaces a file; the folder is made with it.
func (f *Files) write(p string, data []byte) {
	f.folder(parent(p), "S-1-5-32-544", nil)
	one := &file{path: p, data: slices.Clone(data)}
	if f.clock != nil {
		one.at = *f.clock
	}
	f.on(p).files[key(p)] = one
}

// Put lays a file onto the machine from outside, as a person does who copies it there.
func (f *Files) Put(p string, data []byte) {
	f.write(p, data)
	f.on(p).files[key(p)].given = true
}

// Trust makes a folder from outside, or changes who owns it and who may do anything in it.
func (f *Files) Trust(p, owner string, link bool, allow ...string) {
	f.folder(p, owner, allow)
	*f.on(p).folders[key(p)] = folder{path: p, owner: owner, allow: slices.Clone(allow), link: link}
}

// AddFolder makes a folder with all above it.
func (f *Files) AddFolder(p string) { f.folder(strings.TrimRight(p, `\`), "S-1-5-32-544", nil) }

// Remove takes a file away.
func (f *Files) Remove(p string) { delete(f.on(p).files, key(p)) }

// List are the paths of all files, sorted.
func (f *Files) List() []string {
	var out []string
	for _, one := range f.files {
		out = append(out, one.path)
	}
	sort.Strings(out)
	return out
}
