package check

import "testing"

func TestLocalSecrets(t *testing.T) {
	for p, want := range map[string]bool{
		"farm.secrets.yaml": true, "keys/farm.secrets.yaml": true, `keys\farm.secrets.yaml`: true, ".secrets.yaml": true, "a..b.secrets.yaml": true,
		"/farm.secrets.yaml": false, `\farm.secrets.yaml`: false, `C:\farm.secrets.yaml`: false, "c:farm.secrets.yaml": false,
		`\\server\share\farm.secrets.yaml`: false, "//server/farm.secrets.yaml": false,
		"../farm.secrets.yaml": false, `..\farm.secrets.yaml`: false, "a/../farm.secrets.yaml": false, `a\..\..\farm.secrets.yaml`: false, "a/.. /farm.secrets.yaml": false,
		"farm.yaml": false, "secrets.yaml": false, "farm.secrets.yaml/x": false, "farm.secrets.yaml:stream": false, "nul.secrets.yaml": false, "COM1/farm.secrets.yaml": false,
		"console.secrets.yaml": true,
	} {
		if localSecrets(p) != want {
			t.Errorf("%q: local is not %t", p, want)
		}
	}
}
