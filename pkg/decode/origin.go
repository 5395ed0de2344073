package decode

import (
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Origin says where a value came from.
type Origin struct {
	// Pos is the place of the value, Line 0 for a default.
	Pos diag.Pos
	// Default is the reason why a default was taken, "" for a value of the file.
	Default string
}

// Origins holds the origin of every value of a document by its path. A nil *Origins knows nothing.
//
// A path joins keys by "."; an element of a mapping of names is written by its name (`hosts.SQL1`, or `hosts["na.me"]`
// for a name with a dot, bracket or quote), an element of a list by its number (`replicas[0]`). [Child] and [Item] build
// paths.
type Origins struct {
	values map[string]origin
}

// origin is the place of a value and of its key.
type origin struct {
	value, key diag.Pos
	why        string
}

// Child returns the path of the key or the named element name below path; path "" is the root.
func Child(path, name string) string {
	if name == "" || strings.ContainsAny(name, `.[]"`) {
		return path + "[" + strconv.Quote(name) + "]"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// Item returns the path of element i, from 0, of the list at path.
func Item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// parents calls f with path and then with each path above it, nearest first and without the root, until f returns true.
func parents(path string, f func(string) bool) {
	var ends []int
	for i := 0; i < len(path); {
		switch {
		case strings.HasPrefix(path[i:], `["`):
			prefix, err := strconv.QuotedPrefix(path[i+1:])
			if err != nil {
				prefix = path[i+1:]
			}
			i = min(i+1+len(prefix)+1, len(path))
		case path[i] == '[':
			end := strings.IndexByte(path[i:], ']')
			if end < 0 {
				end = len(path) - i - 1
			}
			i += end + 1
		default:
			if path[i] == '.' {
				i++
			}
			end := strings.IndexAny(path[i:], ".[")
			if end < 0 {
				end = len(path) - i
			}
			i += end
		}
		ends = append(ends, i)
	}
	for i := len(ends) - 1; i >= 0; i-- {
		if f(path[:ends[i]]) {
			return
		}
	}
}

// At returns the place of the value at path, of the nearest value above it when the file has none there, and the whole
// file when there is none above either.
func (o *Origins) At(path string) diag.Pos {
	return o.place(path, func(e origin) diag.Pos { return e.value })
}

// Key returns the place of the key of the value at path; the place of the value for elements of lists. It falls back as
// [Origins.At] does.
func (o *Origins) Key(path string) diag.Pos {
	return o.place(path, func(e origin) diag.Pos { return e.key })
}

func (o *Origins) place(path string, pick func(origin) diag.Pos) diag.Pos {
	var pos diag.Pos
	if o == nil {
		return pos
	}
	parents(path, func(p string) bool {
		if e, ok := o.values[p]; ok {
			pos = pick(e)
		}
		return pos.Line > 0
	})
	return pos
}

// Set records that the value at path is a default that the caller computed, and why. A place that the path has already
// is kept for [Origins.At].
func (o *Origins) Set(path, reason string) {
	e := o.values[path]
	e.why = reason
	o.values[path] = e
}

// Lookup returns the origin of the value at path. It is false when the value is neither in the file nor a default.
func (o *Origins) Lookup(path string) (Origin, bool) {
	if o == nil {
		return Origin{}, false
	}
	e, ok := o.values[path]
	return Origin{Pos: e.value, Default: e.why}, ok
}
