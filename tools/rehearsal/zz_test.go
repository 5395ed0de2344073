package rehearsal

import "testing"

func TestZZ(t *testing.T) {
	n := night(t, "contoso-alwayson.yaml")
	for _, kind := range []string{"install", "verify"} {
		for _, s := range n.Files(kind) {
			if s.Item.Step.Number > 460 {
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
