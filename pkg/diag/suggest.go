package diag

import "unicode"

// Suggest returns the candidate that word was most likely meant to be, or "" when none is near. Near is a
// Damerau-Levenshtein distance (optimal string alignment, letter case ignored) of at most max(1, runes of word / 3), and
// less than the longer of the two words, so that a word with nothing in common is never offered. Of equally near
// candidates the first in sorted order wins.
func Suggest(word string, candidates []string) string {
	w := lowerRunes(word)
	limit := max(1, len(w)/3)
	best, bestDistance := "", limit+1
	for _, c := range candidates {
		r := lowerRunes(c)
		if len(r)-len(w) > limit || len(w)-len(r) > limit {
			continue
		}
		d := distance(w, r)
		if d >= max(len(w), len(r)) {
			continue
		}
		if d < bestDistance || d == bestDistance && d <= limit && c < best {
			best, bestDistance = c, d
		}
	}
	return best
}

func lowerRunes(s string) []rune {
	r := []rune(s)
	for i, c := range r {
		r[i] = unicode.ToLower(c)
	}
	return r
}

// distance counts the insertions, deletions, substitutions and swaps of neighbours that turn a into b, no part of the
// text being edited twice.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
