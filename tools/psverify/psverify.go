package psverify

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// A Finding is one thing wrong with a script.
type Finding struct {
	Line    int // from 1
	Column  int // from 1, in characters
	Code    string
	Message string
}

func (f Finding) String() string {
	return fmt.Sprintf("%d:%d: %s [%s]", f.Line, f.Column, f.Message, f.Code)
}

// Sort puts findings in the order of the text, then by code and message, and drops repetitions.
func Sort(findings []Finding) []Finding {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings)
}

// A File is a script taken apart. It is filled as far as the text allows even when Findings is not empty.
type File struct {
	Source      []byte // without the byte order mark
	Root        *Node
	Findings    []Finding // of this package, sorted
	Param       *ParamBlock
	Functions   []*Function   // in order of the text, nested ones too
	Commands    []*Command    // in order of the text, at every depth
	Assignments []*Assignment // in order of the text, at every depth

	lines []int // offset of the first byte of each line
}

// maxSource bounds what is handed to the C parser; the largest script we render is a hundredth of it.
const maxSource = 4 << 20

// Check reports what would keep Windows PowerShell from reading the script as it was meant.
func Check(src []byte) []Finding { return Parse(src).Findings }

// Parse checks the bytes of a script file and takes it apart.
func Parse(src []byte) *File {
	f := &File{lines: []int{0}}
	body := bytes.TrimPrefix(src, bom)
	f.Source = body
	for i, b := range body {
		if b == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	if len(body) > maxSource {
		f.add(0, "PSV017", fmt.Sprintf("the file has %d bytes; more than %d is no script of ours", len(body), maxSource))
		f.Source = nil
	} else if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		f.add(badByte(body), "PSV017", "not UTF-8 text")
		f.Source = nil
	}
	if f.Source == nil {
		f.Root = &Node{Kind: "program", Named: true, file: f}
		return f
	}
	f.Root = f.tree()
	f.bytes(len(body) != len(src))
	f.syntax()
	f.model()
	f.calls()
	f.Findings = Sort(f.Findings)
	return f
}

func (f *File) add(offset int, code, message string) {
	line, column := f.Position(offset)
	f.Findings = append(f.Findings, Finding{line, column, code, message})
}

// At makes a finding at a node.
func At(n *Node, code, format string, args ...any) Finding {
	return Finding{n.Line(), n.Column(), code, fmt.Sprintf(format, args...)}
}

func badByte(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == 0 || r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return 0
}
