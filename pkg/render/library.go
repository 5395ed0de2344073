package render

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// library holds the PowerShell functions that scripts share. It is safe for use by several goroutines.
type library struct {
	functions map[string]*function
	ready     sync.Map // texts of functions by the names that are called
}

// function is one function of the library, with the others of it that it calls.
type function struct {
	name  string
	text  string
	calls []string
}

func readLibrary(files fs.FS) (*library, error) {
	list, err := fs.Glob(files, "_lib/ps1/*.ps1")
	if err != nil {
		return nil, err
	}
	l := &library{functions: map[string]*function{}}
	for _, p := range list {
		data, err := fs.ReadFile(files, p)
		if err != nil {
			return nil, err
		}
		name := strings.TrimSuffix(path.Base(p), ".ps1")
		if !strings.Contains(name, "-") {
			return nil, fmt.Errorf("%s: a function is named by an approved verb, a dash and a noun", p)
		}
		l.functions[name] = &function{name: name, text: strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n") + "\n"}
	}
	for name, f := range l.functions {
		f.calls = slices.DeleteFunc(l.called([]byte(f.text)), func(n string) bool { return n == name })
	}
	return l, nil
}

// needed returns the functions that the texts call, and those that they call, in alphabetical order of a
// callee-before-caller walk: a function stands before its first use.
func (l *library) needed(texts ...[]byte) string {
	called := l.called(texts...)
	key := strings.Join(called, " ")
	if text, ok := l.ready.Load(key); ok {
		return text.(string)
	}
	var list []string
	done := map[string]bool{}
	var add func(names []string)
	add = func(names []string) {
		for _, n := range names {
			if !done[n] {
				done[n] = true
				add(l.functions[n].calls)
				list = append(list, l.functions[n].text)
			}
		}
	}
	add(called)
	text := strings.Join(list, "")
	l.ready.Store(key, text)
	return text
}

// called returns the names of functions that occur in the texts as whole words, sorted.
func (l *library) called(texts ...[]byte) []string {
	var found []string
	for _, text := range texts {
		for i := 0; i < len(text); {
			// A name has a dash between verb and noun, and scripts have less dashes than words.
			dash := bytes.IndexByte(text[i:], '-')
			if dash < 0 {
				break
			}
			start := i + dash
			for start > i && wordByte[text[start-1]] {
				start--
			}
			for i += dash + 1; i < len(text) && wordByte[text[i]]; {
				i++
			}
			if f := l.functions[string(text[start:i])]; f != nil && !slices.Contains(found, f.name) {
				found = append(found, f.name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// wordByte tells which bytes a word of PowerShell, such as the name of a function, is made of.
var wordByte = func() (in [256]bool) {
	for _, b := range []byte("-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		in[b] = true
	}
	return in
}()
