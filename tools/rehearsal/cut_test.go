package rehearsal

import (
	"testing"

	"github.com/mbamplan/mbamplan/tools/rehearsal/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// kill runs a script that is cut off ahead of the at-th of the calls that count, as by a loss of power; nil counts all. A run that is not Killed
// has ended before.
func kill(t *testing.T, n *Night, s Script, at int, counts func(what string) bool) Run {
	t.Helper()
	count := 0
	r, err := n.Run(s, Options{Session: func(session *farm.Session) {
		session.Before = func(what string) {
			if counts != nil && !counts(what) {
				return
			}
			if count++; count == at {
				panic(pwsh.Killed{})
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cutOff runs a script on copies of a night, each time cut off ahead of one more of the calls that count, and gives each copy and the run that was
// cut to then. It returns how many there were.
func cutOff(t *testing.T, n *Night, s Script, counts func(what string) bool, then func(cut *Night, at int, r Run)) int {
	t.Helper()
	for at := 1; ; at++ {
		cut := n.Clone()
		r := kill(t, cut, s, at, counts)
		if !r.Killed {
			return at - 1
		}
		then(cut, at, r)
	}
}
