// Package weave executes text/template templates faster than text/template does. It knows the template language and
// nothing of what templates say.
//
// Templates are parsed by text/template/parse and compiled, each when it is first called, to closures. What they mean is
// what text/template says: where an execution meets anything that this package does not follow to the letter (an error,
// a nil on the way, a rare statement), it stops and text/template executes the same trees from the beginning, so that
// there is one author of every error message. Functions and methods that templates call must therefore be pure: they
// may be called more or less often than they are written.
package weave

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"text/template"
	"text/template/parse"
)

// Set is a group of templates that may call each other. It lies on another set, a library, or on none. A set is parsed
// by one goroutine and may then be executed by many.
type Set struct {
	under    *Set
	funcs    map[string]any
	parsing  map[string]any // funcs and the names of the built-in functions
	programs map[string]*program
	sources  []source

	plain struct {
		once sync.Once
		set  *template.Template
		err  error
	}
}

// source is a text that was parsed.
type source struct{ name, text string }

// NewSet returns an empty set whose templates call funcs, as text/template takes them. The set keeps the map.
func NewSet(funcs map[string]any) *Set {
	s := &Set{funcs: funcs, parsing: make(map[string]any, len(funcs)+len(builtins)), programs: map[string]*program{}}
	for _, name := range builtins {
		s.parsing[name] = true
	}
	maps.Copy(s.parsing, funcs)
	return s
}

// builtins are the functions that text/template has itself.
var builtins = []string{
	"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print", "printf", "println", "slice", "urlquery",
}

// Over returns an empty set that lies on s: its templates call those of s, and take the place of those with their name.
func (s *Set) Over() *Set {
	return &Set{under: s, funcs: s.funcs, parsing: s.parsing, programs: map[string]*program{}}
}

// Parse adds the template of the name and those that its text defines. The error is that of text/template.
func (s *Set) Parse(name, text string) error {
	trees, err := parse.Parse(name, text, "{{", "}}", s.parsing)
	if err != nil {
		return err
	}
	s.sources = append(s.sources, source{name, text})
	for name, tree := range trees {
		if parse.IsEmptyTree(tree.Root) && s.Has(name) {
			continue // as text/template does
		}
		s.programs[name] = &program{tree: tree}
	}
	return nil
}

// Has reports whether this set, or one under it, has a template of the name.
func (s *Set) Has(name string) bool { return s.program(name) != nil }

func (s *Set) program(name string) *program {
	for ; s != nil; s = s.under {
		if p := s.programs[name]; p != nil {
			return p
		}
	}
	return nil
}

// all returns the sources of this set and of those under it, the lowest first.
func (s *Set) all() []source {
	if s == nil {
		return nil
	}
	return append(s.under.all(), s.sources...)
}

// Template returns the set, with those under it, as text/template has it.
func (s *Set) Template() (*template.Template, error) {
	s.plain.once.Do(func() {
		t := template.New("").Funcs(s.funcs).Option("missingkey=error")
		for _, src := range s.all() {
			if _, err := t.New(src.name).Parse(src.text); err != nil {
				s.plain.err = err
				return
			}
		}
		s.plain.set = t
	})
	return s.plain.set, s.plain.err
}

// Run carries what the executions of one goroutine for one plan share: a buffer, and the results of methods. What its templates see must not change while it is used. The zero value is ready.
type Run struct {
	out    []byte
	frames []*frame
	depth  int
	memo   map[call]reflect.Value

	// Memory is for Remembered; it serves any number of runs.
	Memory  *Memory
	record  *record // nil when nothing is recorded
	objects []reflect.Value

	// Plain counts the executions that were left to text/template.
	Plain int
	// Always leaves every execution to text/template, for comparisons.
	Always bool
}

// Reset makes the run as new, but for the memory that it has grown to.
func (r *Run) Reset() {
	for _, f := range r.frames {
		f.set, f.dot = nil, reflect.Value{}
		clear(f.vars[:cap(f.vars)])
	}
	clear(r.memo)
	clear(r.objects[:cap(r.objects)])
	r.out, r.objects, r.depth, r.Plain = r.out[:0], r.objects[:0], 0, 0
}

// call is a method of a receiver. Holding the receiver and the argument keeps their addresses from being used again.
type call struct {
	receiver, argument any
	method             *access
}

// Text is text that a template prints as it is. It saves making a string of what is in a buffer already.
type Text []byte

// String returns the text.
func (t Text) String() string { return string(t) }

// Mark and Release frame the executions whose results are used together.
func (r *Run) Mark() int { return len(r.out) }

// Release gives back the memory of all results since the mark.
func (r *Run) Release(mark int) { r.out = r.out[:mark] }

// write adds text to the output. The memory doubles when it is full: what append does by itself makes a long text cost
// five times its size.
func (r *Run) write(text []byte) {
	r.room(len(text))
	r.out = append(r.out, text...)
}

func (r *Run) writeString(text string) {
	r.room(len(text))
	r.out = append(r.out, text...)
}

func (r *Run) room(size int) {
	if size > cap(r.out)-len(r.out) {
		r.out = slices.Grow(r.out, size+max(cap(r.out), 16<<10))
	}
}

// Execute returns what the template of the name makes of dot. The result is good until it is released; it must not be
// changed.
func (s *Set) Execute(r *Run, name string, dot any) ([]byte, error) {
	p := s.program(name)
	if p == nil {
		return nil, fmt.Errorf("template: no template %q", name)
	}
	mark := len(r.out)
	if !r.Always && r.execute(s, p, reflect.ValueOf(dot)) {
		return r.out[mark:len(r.out):len(r.out)], nil
	}
	r.out = r.out[:mark]
	r.Plain++
	if r.record != nil {
		r.record.lost = true
	}
	t, err := s.Template()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, dot); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Assemble is Execute for a dot that holds nothing but what the key and earlier results say, see [Run.Remembered].
func (s *Set) Assemble(r *Run, name string, dot any) ([]byte, error) {
	record := r.record
	r.record = nil
	defer func() { r.record = record }()
	return s.Execute(r, name, dot)
}

// Text is Execute with a string of its own.
func (s *Set) Text(r *Run, name string, dot any) (string, error) {
	defer r.Release(r.Mark())
	text, err := s.Execute(r, name, dot)
	return string(text), err
}

// execute reports whether the execution reached the end.
func (r *Run) execute(s *Set, p *program, dot reflect.Value) (done bool) {
	depth := r.depth
	defer func() {
		r.depth = depth
		if !done {
			_ = recover() // whatever it is, text/template meets it again and says it
		}
	}()
	r.enter(s, p, dot)
	return true
}

// maxDepth is how deep templates may call each other here; text/template goes deeper.
const maxDepth = 1000

// enter executes a template on a frame of its own.
func (r *Run) enter(s *Set, p *program, dot reflect.Value) {
	p.once.Do(func() { p.compile(s) })
	if r.depth == maxDepth {
		leave()
	}
	if r.depth == len(r.frames) {
		r.frames = append(r.frames, &frame{Run: r})
	}
	f := r.frames[r.depth]
	r.depth++
	f.set, f.dot = s, dot
	if cap(f.vars) < p.slots {
		f.vars = make([]reflect.Value, p.slots)
	}
	f.vars = f.vars[:p.slots]
	f.vars[0] = dot
	p.body(f)
	r.depth--
}

// left is the panic by which an execution ends here and begins anew in text/template.
type left struct{}

func leave() { panic(left{}) }
