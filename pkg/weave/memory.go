package weave

import (
	"bytes"
	"hash/maphash"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
)

// Memory remembers what is made of templates by what they read. A template, its functions and the methods that it calls are
// pure, so a result depends on nothing but the members that the execution read, one after the other: which member is
// read next depends on those before alone. The memory of a template is therefore a tree. A place in it asks for one
// member of an object, each answer leads to another place, and at the end of a way stands the result. Objects are known
// by the way to them, so that two plans meet where their values are equal.
//
// What it cannot follow (a map of the plan, an object that a function looks into) it does not remember. It is for those
// who render many plans: it holds every different result. It is safe for use by several goroutines.
type Memory struct {
	ways sync.Map // *ways by key

	lock    sync.Mutex
	seed    maphash.Seed
	results map[uint64][][]byte // by hash, so that equal ones are one
}

// NewMemory returns an empty memory.
func NewMemory() *Memory { return &Memory{seed: maphash.MakeSeed(), results: map[uint64][][]byte{}} }

// one returns a copy of the text, the same for all that are equal.
func (m *Memory) one(text []byte) []byte {
	sum := maphash.Bytes(m.seed, text)
	m.lock.Lock()
	defer m.lock.Unlock()
	for _, known := range m.results[sum] {
		if bytes.Equal(known, text) {
			return known
		}
	}
	text = bytes.Clone(text)
	m.results[sum] = append(m.results[sum], text)
	return text
}

// ways are the results for one key.
type ways struct {
	lock  sync.RWMutex
	first place
	ends  int
	lost  atomic.Int32 // executions that could not be followed
}

const (
	// maxEnds is how many results for a key are remembered.
	maxEnds = 10_000
	// maxWay is how long a way may be: what reads a whole plan is unlike all others.
	maxWay = 400
	// maxLost is after how many executions that could not be followed none is tried again.
	maxLost = 20
)

// place is where an execution stands after some answers.
type place struct {
	ask     *question // nil at the end
	answers []*answer
	result  []byte
}

// question asks for a member of an object; without a name for whether two objects differ, or for the whole of one.
type question struct {
	of     int // number of the object; the roots come first
	other  int // -1 unless two objects are compared
	access *access
	name   string
	in     []input
}

// input is an argument of a method: an object by its number, else a value of its own.
type input struct {
	object int
	deref  bool
	value  reflect.Value
}

// answer is what a question was answered with, as far as a template can see it before it asks on.
type answer struct {
	typ   reflect.Type
	form  form
	value any   // of a plain value
	size  int   // of a list of objects
	same  []int // for each new object, the number of the older object that it is, or -1
	next  place
}

// form is how values of a type are taken.
type form int

const (
	opaque  form = iota // not followed
	simple              // compared by value
	pointer             // an object, or nil
	plainly             // a struct, an object where it has an address
	texts               // a list of strings
	numbers             // a list of ints
	raw                 // Text
	objects             // a list of pointers or structs
)

var forms sync.Map // form by reflect.Type

func formOf(t reflect.Type) form {
	if f, ok := forms.Load(t); ok {
		return f.(form)
	}
	f := newForm(t)
	forms.Store(t, f)
	return f
}

func newForm(t reflect.Type) form {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint,
		reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return simple
	case reflect.Pointer:
		if t.Elem().Kind() == reflect.Struct {
			return pointer
		}
	case reflect.Struct:
		return plainly
	case reflect.Slice:
		switch {
		case t == textType:
			return raw
		case t.Elem().Kind() == reflect.String:
			return texts
		case t == reflect.TypeFor[[]int]():
			return numbers
		case t.Elem().Kind() == reflect.Struct, t.Elem().Kind() == reflect.Pointer && t.Elem().Elem().Kind() == reflect.Struct:
			return objects
		}
	}
	return opaque
}

// closed reports whether equal values of a struct are the same to everybody who looks into them.
func closed(t reflect.Type) bool {
	if t.PkgPath() == "net/netip" {
		return t.Comparable() // its pointers are interned zones
	}
	for i := range t.NumField() {
		f := t.Field(i).Type
		if formOf(f) != simple && (f.Kind() != reflect.Struct || !closed(f)) {
			return false
		}
	}
	return true
}

// Remembered returns what make returns, from memory when it was made before: for an equal key, and for roots that gave the
// templates, which make executes, the same answers. The key is comparable and holds everything else that make depends on;
// the roots are pointers, the dots of all executions but those of [Set.Assemble]. The result must not be changed. Without
// a memory, make is called each time.
func (r *Run) Remembered(key any, roots []any, make func() ([]byte, error)) ([]byte, error) {
	if r.Memory == nil || r.record != nil {
		return make()
	}
	known, found := r.Memory.ways.Load(key)
	if !found {
		known, _ = r.Memory.ways.LoadOrStore(key, &ways{})
	}
	w := known.(*ways)
	if w.lost.Load() >= maxLost {
		return make()
	}
	if text, ok := r.find(w, roots); ok {
		return text, nil
	}
	record := &record{numbers: map[any]int{}, asked: map[asked]bool{}}
	for _, root := range roots {
		record.add(reflect.ValueOf(root))
	}
	r.record = record
	text, err := make()
	r.record = nil
	if err != nil || record.lost {
		w.lost.Add(1)
		return text, err
	}
	text = r.Memory.one(text)
	w.keep(record.way, text)
	return text, nil
}

// find walks the tree by the answers that the roots give.
func (r *Run) find(w *ways, roots []any) (text []byte, ok bool) {
	w.lock.RLock()
	defer w.lock.RUnlock()
	defer func() {
		if !ok {
			_ = recover() // a member that cannot be read here: the execution will tell
		}
	}()
	r.objects = r.objects[:0]
	for _, root := range roots {
		r.objects = append(r.objects, reflect.ValueOf(root))
	}
	at := &w.first
	for at.ask != nil {
		v := at.ask.put(r)
		i := slices.IndexFunc(at.answers, func(a *answer) bool { return a.is(r, v) })
		if i < 0 {
			return nil, false
		}
		at = &at.answers[i].next
	}
	return at.result, at.result != nil
}

// put asks the question about the objects of the run.
func (q *question) put(r *Run) reflect.Value {
	v := r.objects[q.of]
	switch {
	case q.other >= 0:
		return reflect.ValueOf(v.Pointer() == r.objects[q.other].Pointer())
	case q.access == nil:
		return v.Elem()
	}
	var in []reflect.Value
	if len(q.in) > 0 {
		in = make([]reflect.Value, len(q.in))
		for i, x := range q.in {
			switch {
			case x.object < 0:
				in[i] = x.value
			case x.deref:
				in[i] = r.objects[x.object].Elem()
			default:
				in[i] = r.objects[x.object]
			}
		}
	}
	return q.access.read(r, v, q.name, in)
}

// is reports whether v is the answer, and if so adds the objects that came with it to those of the run.
func (a *answer) is(r *Run, v reflect.Value) bool {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || v.Type() != a.typ {
		return !v.IsValid() && a.typ == nil
	}
	known := len(r.objects)
	ok := true
	switch a.form {
	case simple:
		ok = equalSimple(v, a.value)
	case pointer:
		if v.IsNil() || a.size == 0 {
			return v.IsNil() && a.size == 0
		}
		ok = a.meet(r, 0, v)
	case plainly:
		if a.value != nil {
			return v.Interface() == a.value
		}
		ok = a.meet(r, 0, v.Addr())
	case texts:
		list := a.value.([]string)
		ok = v.Len() == len(list)
		for i := 0; ok && i < len(list); i++ {
			ok = v.Index(i).String() == list[i]
		}
	case numbers:
		ok = slices.Equal(v.Interface().([]int), a.value.([]int))
	case raw:
		ok = bytes.Equal(v.Bytes(), a.value.(Text))
	case objects:
		// The list itself is an object too, as an argument of methods.
		ok = v.Len() == a.size && a.meet(r, 0, v)
		for i := 0; ok && i < a.size; i++ {
			ok = a.meet(r, 1+i, addressed(v.Index(i)))
		}
	}
	if !ok {
		r.objects = r.objects[:known]
	}
	return ok
}

// meet adds an object, unless it is not the older one that it was.
func (a *answer) meet(r *Run, i int, v reflect.Value) bool {
	if n := a.same[i]; n >= 0 && keyOf(r.objects[n]) != keyOf(v) {
		return false
	}
	r.objects = append(r.objects, v)
	return true
}

func addressed(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Struct {
		return v.Addr()
	}
	return v
}

func equalSimple(v reflect.Value, to any) bool {
	switch v.Kind() {
	case reflect.String:
		return v.String() == to.(string)
	case reflect.Int:
		return v.Int() == to.(int64)
	case reflect.Bool:
		return v.Bool() == to.(bool)
	}
	return v.Interface() == to
}

// keep adds a way and the result at its end.
func (w *ways) keep(way []turn, text []byte) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if w.ends >= maxEnds {
		return
	}
	at := &w.first
	for _, s := range way {
		if at.ask == nil {
			if at.result != nil {
				return
			}
			at.ask = s.ask
		}
		i := slices.IndexFunc(at.answers, s.answer.equal)
		if i < 0 {
			i = len(at.answers)
			at.answers = append(at.answers, s.answer)
		}
		at = &at.answers[i].next
	}
	if at.ask == nil && at.result == nil {
		at.result = text
		w.ends++
	}
}

// equal reports whether two answers to one question are the same.
func (a *answer) equal(b *answer) bool {
	return a.typ == b.typ && a.size == b.size && slices.Equal(a.same, b.same) && reflect.DeepEqual(a.value, b.value)
}

// record notes what an execution asks.
type record struct {
	numbers map[any]int // of objects, by pointer or list
	count   int
	asked   map[asked]bool
	way     []turn
	lost    bool // something was not followed
}

type turn struct {
	ask    *question
	answer *answer
}

type asked struct {
	of, other int
	access    *access
}

// listKey stands for a list among the objects.
type listKey struct {
	typ  reflect.Type
	data uintptr
	size int
}

func keyOf(v reflect.Value) any {
	if v.Kind() == reflect.Slice {
		return listKey{v.Type(), v.Pointer(), v.Len()}
	}
	return v.Interface()
}

// add numbers an object, and returns the number that it had before, or -1.
func (r *record) add(v reflect.Value) int {
	n := r.count
	r.count++
	key := keyOf(v)
	if known, ok := r.numbers[key]; ok {
		return known
	}
	r.numbers[key] = n
	return -1
}

// read notes that the member of an object was read. A nil answers every question alike.
func (r *record) read(a *access, v reflect.Value, name string, in []reflect.Value, result reflect.Value) {
	if r.lost || v.IsNil() {
		return
	}
	of, ok := r.numbers[v.Interface()]
	if !ok {
		r.lost = true
		return
	}
	q := &question{of: of, other: -1, access: a, name: name}
	if len(in) == 0 {
		key := asked{of, -1, a}
		if r.asked[key] {
			return
		}
		r.asked[key] = true
	}
	for _, x := range in {
		q.in = append(q.in, r.input(x))
	}
	r.note(q, result)
}

// input turns an argument into one for another time.
func (r *record) input(v reflect.Value) input {
	known := func(v reflect.Value) int {
		n, ok := r.numbers[keyOf(v)]
		if !ok {
			r.lost = true
		}
		return n
	}
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() {
		r.lost = true
		return input{}
	}
	switch formOf(v.Type()) {
	case simple:
	case pointer:
		if !v.IsNil() {
			return input{object: known(v)}
		}
	case plainly:
		if v.CanAddr() {
			return input{object: known(v.Addr()), deref: true}
		}
		r.lost = r.lost || !closed(v.Type())
	case objects:
		if v.Len() > 0 {
			return input{object: known(v)}
		}
	case texts:
		return input{object: -1, value: reflect.ValueOf(slices.Clone(v.Interface().([]string)))}
	default:
		r.lost = true
	}
	return input{object: -1, value: reflect.ValueOf(v.Interface())}
}

// note adds a question and its answer to the way.
func (r *record) note(q *question, v reflect.Value) {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	a := &answer{}
	r.way = append(r.way, turn{q, a})
	r.lost = r.lost || len(r.way) > maxWay
	if !v.IsValid() {
		return
	}
	a.typ = v.Type()
	a.form = formOf(a.typ)
	switch a.form {
	case simple:
		a.value = simpleValue(v)
	case pointer:
		if !v.IsNil() {
			a.size, a.same = 1, []int{r.add(v)}
		}
	case plainly:
		switch {
		case v.CanAddr() && q.access != nil:
			a.size, a.same = 1, []int{r.add(v.Addr())}
		case closed(a.typ):
			a.value = v.Interface()
		default:
			r.lost = true
		}
	case texts:
		list := make([]string, v.Len())
		for i := range list {
			list[i] = v.Index(i).String()
		}
		a.value = list
	case numbers:
		a.value = slices.Clone(v.Interface().([]int))
	case raw:
		a.value = Text(bytes.Clone(v.Bytes()))
	case objects:
		a.size = v.Len()
		if a.same = append(a.same, r.add(v)); a.size == 0 {
			a.same[0] = -1 // all empty lists are alike
		}
		for i := range v.Len() {
			if e := v.Index(i); e.Kind() == reflect.Pointer && e.IsNil() {
				r.lost = true
				return
			}
			a.same = append(a.same, r.add(addressed(v.Index(i))))
		}
	default:
		r.lost = true
	}
}

func simpleValue(v reflect.Value) any {
	switch v.Kind() {
	case reflect.String:
		return v.String()
	case reflect.Int:
		return v.Int()
	case reflect.Bool:
		return v.Bool()
	}
	return v.Interface()
}

// consume notes that somebody looks into values as a whole.
func (r *record) consume(list ...reflect.Value) {
	for _, v := range list {
		for v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if !v.IsValid() {
			continue
		}
		switch formOf(v.Type()) {
		case simple, texts, numbers, raw:
		case plainly:
			switch {
			case !closed(v.Type()):
				r.lost = true
			case v.CanAddr():
				r.whole(v)
			}
		default:
			list, ok := v.Interface().([]any)
			r.lost = r.lost || !ok
			for _, e := range list { // which a template made
				r.consume(reflect.ValueOf(e))
			}
		}
	}
}

// whole notes that all of a struct was looked at.
func (r *record) whole(v reflect.Value) {
	of, ok := r.numbers[v.Addr().Interface()]
	if !ok {
		r.lost = true
		return
	}
	r.note(&question{of: of, other: -1}, v)
}

// differ notes that two objects were found to be different ones.
func (r *record) differ(a, b reflect.Value) {
	if a.IsNil() || b.IsNil() {
		return // which the answers that they came with tell
	}
	m, ok := r.numbers[a.Interface()]
	n, too := r.numbers[b.Interface()]
	if !ok || !too {
		r.lost = true
		return
	}
	r.note(&question{of: m, other: n}, reflect.ValueOf(false))
}
