package artifact

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Diff writes to W, as unified diffs in path order, how the folder would change. Of secret files it only tells that they
// differ, of foreign files that they are in the way. The manifest is left out: it follows from the rest.
type Diff struct {
	Path    string
	Options Options
	W       io.Writer
}

// Write returns the report of DryRun. Files that Dir would refuse are shown and are no error here.
func (s Diff) Write(ctx context.Context, t *Tree, about About) (Report, error) {
	c, root, err := look(ctx, s.Path, t, s.Options)
	if err != nil {
		return Report{}, err
	}
	if root != nil {
		defer root.Close()
	}
	for _, it := range c.items {
		var before, after []byte
		from, to := "a/"+it.path, "b/"+it.path
		switch it.status {
		case unchanged, stale, kept:
			continue
		case foreign, blocked:
			if _, err := fmt.Fprintf(s.W, "In the way, not written by mbamplan: %s\n", it.path); err != nil {
				return Report{}, fmt.Errorf("print the diff: %w", err)
			}
			continue
		case created:
			from = nothing
		case removed:
			to = nothing
		}
		if it.onDisk {
			if before, err = root.ReadFile(it.path); err != nil {
				return Report{}, fmt.Errorf("read %s: %w", it.path, err)
			}
		}
		if it.file != nil {
			after = it.file.Data
		}
		var text string
		if it.file != nil && it.file.Secret || it.old != nil && it.old.Secret {
			text = "Secret file differs: " + it.path + "\n"
		} else {
			text = Unified(from, to, before, after)
		}
		if _, err := io.WriteString(s.W, text); err != nil {
			return Report{}, fmt.Errorf("print the diff: %w", err)
		}
	}
	return c.report, nil
}

// nothing is the name of a file that is not there.
const nothing = "/dev/null"

// diffContext is the number of equal lines shown around a change.
const diffContext = 3

// maxEdits bounds the search for the shortest diff. Texts that differ more are shown as replaced from the first to the
// last difference; the memory for the search grows with its square.
const maxEdits = 2000

// Unified returns the unified diff of two texts, "" when they are equal. When all lines of both end in CRLF the carriage
// returns are left out; otherwise they are shown as ␍, since they are what may differ.
func Unified(from, to string, before, after []byte) string {
	if bytes.Equal(before, after) && from != nothing && to != nothing {
		return ""
	}
	var b strings.Builder
	if bytes.IndexByte(before, 0) >= 0 || bytes.IndexByte(after, 0) >= 0 {
		fmt.Fprintf(&b, "Binary files %s and %s differ\n", from, to)
		return b.String()
	}
	x, y := string(before), string(after)
	if allCRLF(x) && allCRLF(y) {
		x, y = strings.ReplaceAll(x, "\r\n", "\n"), strings.ReplaceAll(y, "\r\n", "\n")
	}
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", from, to)
	writeHunks(&b, script(lines(x), lines(y)))
	return b.String()
}

// allCRLF tells whether s has no line feed and no carriage return alone.
func allCRLF(s string) bool {
	n := strings.Count(s, "\r\n")
	return strings.Count(s, "\n") == n && strings.Count(s, "\r") == n
}

// lines cuts s behind each line feed.
func lines(s string) []string {
	list := strings.SplitAfter(s, "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

// edit is one line of a diff: ' ' kept, '-' only before, '+' only after.
type edit struct {
	op   byte
	line string
}

// script returns the shortest list of edits from a to b (Myers, An O(ND) Difference Algorithm, 1986).
func script(a, b []string) []edit {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var edits []edit
	add := func(op byte, list []string) {
		for _, line := range list {
			edits = append(edits, edit{op, line})
		}
	}
	add(' ', a[:head])
	edits = append(edits, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	add(' ', a[len(a)-tail:])
	return edits
}

// middle is script without the equal ends. Round d extends, on each diagonal k = x-y from -d to d, the furthest x that d
// edits reach; trace[d] holds what round d began with, for diagonals -d-1 to d+1, and the path is read from it backwards.
func middle(a, b []string) []edit {
	n, m := len(a), len(b)
	limit := min(n+m, maxEdits)
	furthest := make([]int32, 2*limit+3)
	at := func(k int) *int32 { return &furthest[k+limit+1] }
	var trace [][]int32
	found := false
	for d := 0; d <= limit && !found; d++ {
		trace = append(trace, slices.Clone(furthest[limit-d:limit+d+3]))
		for k := -d; k <= d && !found; k += 2 {
			var x int
			if k == -d || k != d && *at(k - 1) < *at(k + 1) {
				x = int(*at(k + 1))
			} else {
				x = int(*at(k - 1)) + 1
			}
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			*at(k) = int32(x)
			found = x >= n && x-k >= m
		}
	}
	var edits []edit
	if !found {
		for _, line := range a {
			edits = append(edits, edit{'-', line})
		}
		for _, line := range b {
			edits = append(edits, edit{'+', line})
		}
		return edits
	}
	x, y := n, m
	for d := len(trace) - 1; d >= 0; d-- {
		before := func(k int) int { return int(trace[d][k+d+1]) }
		k := x - y
		from := k - 1
		if k == -d || k != d && before(k-1) < before(k+1) {
			from = k + 1
		}
		startX, startY := before(from), before(from)-from
		for x > startX && y > startY {
			x, y = x-1, y-1
			edits = append(edits, edit{' ', a[x]})
		}
		switch {
		case d == 0:
		case from > k:
			edits = append(edits, edit{'+', b[startY]})
		default:
			edits = append(edits, edit{'-', a[startX]})
		}
		x, y = startX, startY
	}
	slices.Reverse(edits)
	return edits
}

// writeHunks writes the edits that change something with diffContext lines around them.
func writeHunks(b *strings.Builder, edits []edit) {
	oldLine, newLine := 1, 1
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			i++
			oldLine++
			newLine++
			continue
		}
		start := max(0, i-diffContext)
		// Hunks that would touch are one.
		end, quiet := i, 0
		for j := i; j < len(edits) && quiet <= 2*diffContext; j++ {
			if edits[j].op == ' ' {
				quiet++
			} else {
				end, quiet = j+1, 0
			}
		}
		end = min(len(edits), end+diffContext)
		oldStart, newStart := oldLine-(i-start), newLine-(i-start)
		oldCount, newCount := 0, 0
		for _, e := range edits[start:end] {
			if e.op != '+' {
				oldCount++
			}
			if e.op != '-' {
				newCount++
			}
		}
		oldLine, newLine = oldStart+oldCount, newStart+newCount
		if oldCount == 0 {
			oldStart--
		}
		if newCount == 0 {
			newStart--
		}
		fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", oldStart, oldCount, newStart, newCount)
		for _, e := range edits[start:end] {
			line, ended := strings.CutSuffix(e.line, "\n")
			b.WriteByte(e.op)
			b.WriteString(strings.ReplaceAll(line, "\r", "␍"))
			b.WriteByte('\n')
			if !ended {
				b.WriteString("\\ No newline at end of file\n")
			}
		}
		i = end
	}
}
