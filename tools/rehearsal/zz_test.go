package rehearsal

import (
	"os"
	"testing"
)

func TestZZ(t *testing.T) {
	n := night(t, os.Getenv("EX")+".yaml")
	for _, kind := range []string{"preflight", "install", "verify"} {
		for _, s := range n.Files(kind) {
			if s.Item.Step.Number > 460 || kind == "preflight" && s.Item.Step.Number < 200 {
				continue
			}
			r, err := n.Run(s, Options{})
			if err != nil {
				t.Error(s.Path, err)
			} else if r.ExitCode != 0 {
				t.Error(s.Path, r.ExitCode, r.Text())
			} else {
				t.Log(s.Path)
			}
		}
	}
}
