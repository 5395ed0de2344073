package rehearsal

import (
	"testing"
)

func TestServersTry(t *testing.T) {
	n := night(t, directoryExample)
	for _, kind := range []string{"preflight", "install", "verify", "rollback", "maintenance"} {
		for _, s := range n.Scripts(kind) {
			if s.Item.Host == nil || s.Item.Host.Name == "WEB2" || s.Item.Host.Name == "SQL2" || s.Item.Host.Name == "SQL3" {
				continue
			}
			r, err := n.Run(s, Options{})
			last := ""
			if len(r.Console) > 0 {
				last = r.Console[len(r.Console)-1]
			}
			t.Log(s.Path, r.ExitCode, err, last)
		}
	}
}
