package rehearsal

import (
	"slices"
	"strings"
)

// apart lists the lines in which two states of a farm differ: + what only the first has, - what only the second has.
func apart(got, want string) string {
	has, wanted := strings.Split(got, "\n"), strings.Split(want, "\n")
	var out []string
	for _, l := range has {
		if !slices.Contains(wanted, l) {
			out = append(out, "+ "+l)
		}
	}
	for _, l := range wanted {
		if !slices.Contains(has, l) {
			out = append(out, "- "+l)
		}
	}
	return strings.Join(out, "\n")
}
