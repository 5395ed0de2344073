package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// What is read of a folder at most. A farm of 40 servers leaves some 5,000 files of 2 MB or less.
const (
	maxDepth   = 8
	maxEntries = 50_000
	maxFile    = 8 << 20 // a history makes way at 1 MB
	maxTotal   = 256 << 20
	maxRuns    = 200_000
	maxOfName  = 10_000 // records of one script on one machine; what a history and its predecessor hold
)

// Collection is what was found in a folder of collected files.
type Collection struct {
	Runs    []*Run // by machine, name and start
	Files   int    // that held records
	Ignored int    // that are none of ours
	Bad     diag.List

	dir     string
	remarks []remark
}

// below is the path of a file below the folder, with slashes.
func (c *Collection) below(file string) string {
	p, err := filepath.Rel(c.dir, file)
	if err != nil {
		p = file
	}
	return filepath.ToSlash(p)
}

// remark is something about the collected files that a report has to say.
type remark struct {
	code, source, message string
	run                   *Run // that it is about, if any
}

// Load reads the result files and histories below a folder. What is wrong with a file is a finding of the collection; an
// error is about the folder itself.
func Load(dir string) (*Collection, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of collected results: %w", err)
	}
	defer root.Close()
	l := &loader{dir: dir, root: root, c: &Collection{dir: dir}, runs: map[runKey][]*record{}, ofName: map[[2]string]int{}}
	l.walk(".", 1)
	l.join()
	l.c.Bad.Sort()
	return l.c, nil
}

// runKey tells runs apart: a machine starts a script of a name once at a time.
type runKey struct {
	host, name string
	started    int64
}

type loader struct {
	dir     string
	root    *os.Root
	c       *Collection
	runs    map[runKey][]*record
	ofName  map[[2]string]int // records by machine and name
	entries int
	total   int64
	records int
	full    bool
}

// record is one result file or one line of a history.
type record struct {
	Run
	line   int // in a history
	result bool
}

func (l *loader) bad(severity diag.Severity, code, file string, pos diag.Pos, fix, format string, args ...any) {
	l.c.Bad = append(l.c.Bad, diag.Diagnostic{
		Code: code, Severity: severity, File: filepath.Join(l.dir, filepath.FromSlash(file)), Pos: pos, Message: fmt.Sprintf(format, args...), Fix: fix,
	})
}

// stop ends the reading: what follows would be more than anybody collected.
func (l *loader) stop(file, format string, args ...any) {
	if !l.full {
		l.bad(diag.Error, CodeLimit, file, diag.Pos{}, "collect only the result files and histories, and each server once", format, args...)
	}
	l.full = true
}

func (l *loader) walk(dir string, depth int) {
	if depth > maxDepth {
		l.stop(dir, "folders are nested more than %d deep", maxDepth)
		return
	}
	entries, err := l.list(dir)
	if err != nil {
		l.bad(diag.Error, CodeAccess, dir, diag.Pos{}, "", "the folder cannot be read: %s", reason(err))
		return
	}
	for _, e := range entries {
		if l.full {
			return
		}
		p := path.Join(dir, e.Name())
		switch form := formOf(e.Name()); {
		case e.IsDir():
			l.walk(p, depth+1)
		case !e.Type().IsRegular():
			severity := diag.Warning
			if form == resultFile || form == historyFile {
				severity = diag.Error
			}
			l.bad(severity, CodeAccess, p, diag.Pos{}, "copy the file itself", "it is a link or no regular file, and is not read")
		case form == foreignFile:
			l.c.Ignored++
		case form == leftover:
			l.c.remarks = append(l.c.remarks, remark{Torn, p, "a result file was being written when its script was cut off", nil})
		default:
			l.file(p, form)
		}
	}
}

// list returns the entries of a folder by name, and no more of them than may be read.
func (l *loader) list(dir string) ([]fs.DirEntry, error) {
	f, err := l.root.Open(filepath.FromSlash(dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(maxEntries - l.entries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if l.entries += len(entries); l.entries > maxEntries {
		l.stop(dir, "there are more than %d files and folders", maxEntries)
		return nil, nil
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// form is what a file's name says of it.
type form int

const (
	foreignFile form = iota
	resultFile
	historyFile
	renamed  // JSON under a name of somebody's own, as web/farm-compare takes it
	leftover // of a write that was cut off
)

func formOf(name string) form {
	name = strings.ToLower(name)
	switch {
	case strings.HasSuffix(name, ".result.json"), strings.HasSuffix(name, ".rolled-back.json"):
		return resultFile
	case strings.HasSuffix(name, ".jsonl"):
		return historyFile
	case strings.HasSuffix(name, ".json"):
		return renamed
	case strings.HasSuffix(name, ".tmp") && strings.Contains(name, ".result.json."):
		return leftover
	}
	return foreignFile
}

func (l *loader) file(p string, f form) {
	data, err := l.read(p)
	switch {
	case errors.Is(err, errTooBig):
		l.bad(diag.Error, CodeLimit, p, diag.Pos{}, "it is no result file of a script; leave it out", "the file has more than %d bytes", maxFile)
		return
	case err != nil:
		l.bad(diag.Error, CodeAccess, p, diag.Pos{}, "", "the file cannot be read: %s", reason(err))
		return
	}
	if l.total += int64(len(data)); l.total > maxTotal {
		l.stop(p, "the files have more than %d bytes together", maxTotal)
		return
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if f == historyFile {
		l.history(p, data)
		return
	}
	if f == renamed && !ours(data) {
		l.c.Ignored++
		return
	}
	r, at, err := parse(data)
	if err != nil {
		l.bad(diag.Error, codeOf(err), p, place(data, at), "copy it again from its server; if it is damaged there, say so in the ticket", "%s", err)
		return
	}
	r.result = true
	r.SetAside = strings.HasSuffix(strings.ToLower(p), ".rolled-back.json")
	l.c.Files++
	l.add(r, p)
}

var errTooBig = errors.New("too big")

func (l *loader) read(p string) ([]byte, error) {
	f, err := l.root.Open(filepath.FromSlash(p))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no regular file")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = errTooBig
	}
	return data, err
}

// reason is an error without the path, which the finding names already.
func reason(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		err = p.Err
	}
	return err.Error()
}

// history reads the lines of a history. A line that a break of the power cut off spoils no other; the report says so.
func (l *loader) history(p string, data []byte) {
	l.c.Files++
	var last *record
	number := 0
	for rest := data; len(rest) > 0; {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		number++
		trimmed := bytes.TrimSpace(bytes.TrimRight(bytes.TrimSpace(line), "\x00")) // a loss of power may leave zeros
		if len(trimmed) == 0 {
			if bytes.IndexByte(line, 0) >= 0 {
				l.torn(p, number)
			}
			continue
		}
		r, at, err := parse(trimmed)
		if err != nil {
			pos := place(trimmed, at)
			pos.Line = number
			if errors.Is(err, errCut) {
				l.bad(diag.Warning, CodeJSON, p, pos, "", "%s", err)
				l.torn(p, number)
			} else {
				l.bad(diag.Error, codeOf(err), p, pos, "no script leaves such a line: find out who edited the history", "%s", err)
			}
			continue
		}
		r.line = number
		if last != nil && r.Started.Before(last.Started) {
			l.c.remarks = append(l.c.remarks, remark{
				Clock, fmt.Sprintf("%s:%d", p, number),
				fmt.Sprintf("the history of %s goes on at %s after %s: its clock was set back, or lines were moved", r.Host, stamp(r.Started), stamp(last.Started)), nil,
			})
		}
		last = r
		l.add(r, p)
		if l.full {
			return
		}
	}
}

func (l *loader) torn(p string, line int) {
	l.c.remarks = append(l.c.remarks, remark{Torn, fmt.Sprintf("%s:%d", p, line), "a line of the history was cut off, as by a loss of power", nil})
}

func (l *loader) add(r *record, p string) {
	if l.records++; l.records > maxRuns {
		l.stop(p, "there are more than %d records", maxRuns)
		return
	}
	r.Source, r.folder = p, path.Dir(p)
	if r.line > 0 {
		r.Source = fmt.Sprintf("%s:%d", p, r.line)
	}
	name := [2]string{strings.ToLower(r.Host), strings.ToLower(r.Name)}
	if l.ofName[name]++; l.ofName[name] > maxOfName {
		l.stop(p, "there are more than %d records of one script on one machine", maxOfName)
		return
	}
	k := runKey{strings.ToLower(r.Host), strings.ToLower(r.Name), r.Started.UnixNano()}
	l.runs[k] = append(l.runs[k], r)
}

// join makes one run of all records of it. The end in a history is the best: it names what that run alone changed. Of a run that
// was cut off there is at most a result file that it wrote ahead of a change.
func (l *loader) join() {
	for _, list := range l.runs {
		slices.SortStableFunc(list, func(a, b *record) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a.Source, b.Source)) })
		best := list[0]
		run := best.Run
		closed := false
		for _, other := range list {
			run.SetAside = run.SetAside || other.SetAside
			run.history = run.history || !other.result
			run.result = run.result || other.result
			closed = closed || !other.result && other.Ended()
		}
		run.gap = run.history && !closed && run.Ended()
		for _, other := range list[1:] {
			if what := contradiction(best, other); what != "" {
				l.c.remarks = append(l.c.remarks, remark{
					Conflict, other.Source,
					fmt.Sprintf("two records of the run of %s on %s at %s differ in %s: see also %s", run.Name, run.Host, stamp(run.Started), what, best.Source), &run,
				})
			}
		}
		l.c.Runs = append(l.c.Runs, &run)
	}
	slices.SortFunc(l.c.Runs, func(a, b *Run) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Host), strings.ToLower(b.Host)), strings.Compare(a.Name, b.Name), a.Started.Compare(b.Started), strings.Compare(a.Source, b.Source))
	})
	slices.SortFunc(l.c.remarks, func(a, b remark) int {
		return cmp.Or(strings.Compare(a.source, b.source), strings.Compare(a.code, b.code), strings.Compare(a.message, b.message))
	})
}

func rank(r *record) int {
	switch {
	case !r.result && r.Ended():
		return 0
	case r.Ended():
		return 1
	case r.result:
		return 2
	}
	return 3
}

// contradiction names what two records of one run disagree in. A beginning knows less than an end, a result file lists the
// changes of earlier runs too.
func contradiction(best, other *record) string {
	switch {
	case best.Script != other.Script:
		return "the digest of the script"
	case best.User != other.User:
		return "the user"
	case best.Step != other.Step || best.Kind != other.Kind:
		return "the step"
	case !other.Ended():
		return ""
	case !best.Finished.Equal(other.Finished) || best.Outcome != other.Outcome || best.ExitCode != other.ExitCode || best.Message != other.Message:
		return "how it ended"
	case !slices.Equal(best.Checks, other.Checks):
		return "its checks"
	case !slices.Equal(best.Facts, other.Facts):
		return "its facts"
	}
	return ""
}

// A formError says why a text is no record.
type formError struct {
	code, text string
}

func (e *formError) Error() string { return e.text }

// errCut says that a text may be the beginning of a record.
var errCut error = &formError{CodeJSON, "it ends in the middle of its JSON"}

func codeOf(err error) string {
	if f := (*formError)(nil); errors.As(err, &f) {
		return f.code
	}
	return CodeJSON
}

// ours reports whether a JSON text of an unknown name has the keys of a result.
func ours(data []byte) bool {
	var keys struct {
		Step, Started, Outcome json.RawMessage
	}
	return json.Unmarshal(data, &keys) == nil && keys.Step != nil && keys.Started != nil && keys.Outcome != nil
}

// text is the form of a result; pointers tell what is missing from what is empty.
type text struct {
	Schema   *int                       `json:"schema"`
	Step     *string                    `json:"step"`
	Kind     *string                    `json:"kind"`
	Name     *string                    `json:"name"`
	Script   *string                    `json:"script"`
	Host     *string                    `json:"host"`
	User     *string                    `json:"user"`
	Started  *string                    `json:"started"`
	Finished *string                    `json:"finished"`
	Outcome  *string                    `json:"outcome"`
	ExitCode *int                       `json:"exitCode"`
	Message  *string                    `json:"message"`
	Changed  []string                   `json:"changed"`
	Checks   []Check                    `json:"checks"`
	Facts    map[string]json.RawMessage `json:"facts"`
}

var (
	namePattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[A-Za-z0-9._-]{1,200}\z`) })
	stepPattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[a-z0-9-]+/[a-z0-9-]+\z`) })
	kindPattern   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[a-z]{1,40}\z`) })
	digestPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A[0-9a-f]{64}\z`) })
	outcomes      = []string{changed, unchanged, skipped, verified, restart, partial, failed}
)

// parse reads one record. The offset is where the text stops being one.
func parse(data []byte) (*record, int, error) {
	if len(data) >= 2 && (data[0] == 0xFF && data[1] == 0xFE || data[0] == 0xFE && data[1] == 0xFF) {
		return nil, 0, &formError{CodeJSON, "it is UTF-16; scripts write UTF-8, so somebody saved it anew"}
	}
	var t text
	if err := json.Unmarshal(data, &t); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax) && int(syntax.Offset) >= len(data):
			return nil, len(data), errCut
		case errors.As(err, &syntax):
			return nil, int(syntax.Offset) - 1, &formError{CodeJSON, "it is no JSON from here"}
		case errors.As(err, &kind):
			return nil, int(kind.Offset) - 1, &formError{CodeRecord, fmt.Sprintf("%s is a %s, a result has another form there", field(kind.Field), kind.Value)}
		}
		return nil, 0, &formError{CodeJSON, "it is no JSON"}
	}
	r := &record{}
	var wrong error
	at := 0
	refuse := func(key, why string) {
		if wrong == nil {
			wrong, at = &formError{CodeRecord, fmt.Sprintf("%q %s", key, why)}, max(bytes.Index(data, []byte(`"`+key+`"`)), 0)
		}
	}
	for _, f := range []struct {
		key     string
		from    *string
		to      *string
		pattern *regexp.Regexp
	}{
		{"step", t.Step, &r.Step, stepPattern()},
		{"kind", t.Kind, &r.Kind, kindPattern()},
		{"name", t.Name, &r.Name, namePattern()},
		{"script", t.Script, &r.Script, digestPattern()},
		{"host", t.Host, &r.Host, nil},
		{"user", t.User, &r.User, nil},
		{"outcome", t.Outcome, &r.Outcome, nil},
		{"message", t.Message, &r.Message, nil},
	} {
		switch {
		case f.from == nil:
			refuse(f.key, "is missing")
		case f.pattern != nil && !f.pattern.MatchString(*f.from):
			refuse(f.key, "has a form that no script writes")
		default:
			*f.to = *f.from
		}
	}
	switch {
	case t.Schema == nil || *t.Schema != 1:
		refuse("schema", "is not 1: it is no result, or of a later version of mbamplan")
	case t.ExitCode == nil:
		refuse("exitCode", "is missing")
	case t.Changed == nil || t.Checks == nil || t.Facts == nil:
		refuse("facts", "or another list is missing")
	case r.Host == "":
		refuse("host", "is empty")
	case !slices.Contains(outcomes, r.Outcome):
		refuse("outcome", "has a value that no script writes")
	}
	for _, f := range []struct {
		key   string
		from  *string
		to    *time.Time
		empty bool
	}{{"started", t.Started, &r.Started, false}, {"finished", t.Finished, &r.Finished, true}} {
		if f.from == nil {
			refuse(f.key, "is missing")
		} else if *f.from != "" || !f.empty {
			moment, err := time.Parse(time.RFC3339Nano, *f.from)
			if err != nil || moment.Year() < 2000 || moment.Year() > 2200 {
				refuse(f.key, "is no time as 2026-06-01T10:00:00Z")
			}
			*f.to = moment.UTC()
		}
	}
	if wrong != nil {
		return nil, at, wrong
	}
	r.ExitCode, r.Changed, r.Checks = *t.ExitCode, t.Changed, t.Checks
	for name, raw := range t.Facts {
		r.Facts = append(r.Facts, Fact{name, factText(raw)})
	}
	slices.SortFunc(r.Facts, func(a, b Fact) int { return strings.Compare(a.Name, b.Name) })
	return r, 0, nil
}

func field(name string) string {
	if name == "" {
		return "the whole"
	}
	return fmt.Sprintf("%q", name)
}

// factText is the text of a fact, as JSON when it is no text.
func factText(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// place turns an offset into line and column.
func place(data []byte, offset int) diag.Pos {
	offset = min(max(offset, 0), len(data))
	before := data[:offset]
	line := bytes.LastIndexByte(before, '\n') + 1
	return diag.Pos{Line: bytes.Count(before, []byte("\n")) + 1, Col: utf8.RuneCount(before[line:]) + 1}
}
