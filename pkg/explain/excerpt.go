package explain

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/diag"
)

// maxLines is how many lines an excerpt has.
const maxLines = 25

// maxShown is how many characters of a line an excerpt shows.
const maxShown = 150

// comment is a remark behind a value, which an excerpt leaves out.
var comment = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`  +# .*$`) })

// excerpt returns the lines of text that other has not, each below the lines that it is nested in, with "# …" where lines
// between siblings are left out. Where text only lacks lines of other, the line before the gap stands for them, or a
// remark when it is a top-level one that is not there.
func excerpt(text, other string) []string {
	lines, others := split(text), split(other)
	keep, missing := map[int]bool{}, map[int]bool{}
	for _, h := range hunks(lines, others) {
		if h.from < h.to {
			for i := h.from; i < h.to; i++ {
				nest(lines, keep, i)
			}
			continue
		}
		if indent(others[h.lacks]) == 0 {
			missing[h.from] = true
			continue
		}
		at := h.from - 1
		for at > 0 && blank(lines[at]) {
			at--
		}
		nest(lines, keep, at)
	}
	var out []string
	skipped := false
	for i := 0; i <= len(lines); i++ {
		if missing[i] {
			out = append(out, "# (not there)")
		}
		if i == len(lines) || !keep[i] {
			skipped = skipped || i < len(lines) && !blank(lines[i])
			continue
		}
		if skipped && len(out) > 0 && indent(lines[i]) > 0 {
			out = append(out, strings.Repeat(" ", indent(lines[i]))+"# …")
		}
		skipped = false
		if len(out) >= maxLines {
			return append(out, "# …")
		}
		out = append(out, shown(lines[i]))
	}
	return out
}

// nest keeps line i and the lines that it is nested in: the nearest above with less indentation, and the name of its file.
func nest(lines []string, keep map[int]bool, i int) {
	keep[i] = true
	if _, ok := header(lines[i]); ok {
		return
	}
	depth := indent(lines[i])
	for j := i - 1; j >= 0; j-- {
		if _, ok := header(lines[j]); ok {
			keep[j] = true
			return
		}
		if !blank(lines[j]) && indent(lines[j]) < depth {
			keep[j], depth = true, indent(lines[j])
		}
	}
}

func split(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }

func shown(line string) string {
	line = comment().ReplaceAllString(line, "")
	if r := []rune(line); len(r) > maxShown {
		return diag.Visible(string(r[:maxShown-60])) + fmt.Sprintf("… (%d characters)", len(r))
	}
	if strings.TrimLeft(line, "\t ") != line && strings.Contains(line, "\t") {
		line = strings.ReplaceAll(line, "\t", "→   ")
	}
	return strings.TrimRight(diag.Visible(line), " ")
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func blank(line string) bool {
	t := strings.TrimSpace(line)
	return t == "" || strings.HasPrefix(t, "#")
}

// hunk is a difference: lines from ≤ i < to of a text that the other lacks, in place of lines of the other from lacks on.
type hunk struct{ from, to, lacks int }

// hunks compares two texts by the longest common subsequence of their lines.
func hunks(a, b []string) []hunk {
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []hunk
	for i, j := 0, 0; i < len(a) || j < len(b); {
		if i < len(a) && j < len(b) && a[i] == b[j] {
			i, j = i+1, j+1
			continue
		}
		h := hunk{from: i, lacks: j}
		for (i < len(a) || j < len(b)) && !(i < len(a) && j < len(b) && a[i] == b[j]) {
			if j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1] {
				i++
			} else {
				j++
			}
		}
		h.to = i
		out = append(out, h)
	}
	return out
}
