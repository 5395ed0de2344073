package rendered

import (
	"path"
	"strings"
	"testing"
)

// TestCertificateRequest checks the files of a farm whose certificates are still to be requested: the examples all name
// theirs, so that none of them has a request.
func TestCertificateRequest(t *testing.T) {
	const name, planned = "adatum-mirroring.yaml", "thumbprint: 3A3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D, "
	text := exampleText(t, name)
	if strings.Count(text, planned) != 1 {
		t.Fatalf("%s names its thumbprint in another way", name)
	}
	count := func(c compiled) map[string]int {
		n := map[string]int{}
		for _, f := range c.tree.Files() {
			if strings.HasPrefix(path.Base(f.Path), "160-certificate-request.") {
				n[path.Base(path.Dir(f.Path))+path.Ext(f.Path)]++
			}
		}
		return n
	}
	if n := count(build(t, name, text)); len(n) != 1 || n["verify.ps1"] == 0 {
		t.Errorf("with a thumbprint: %v, expected the verify alone", n)
	}
	c := build(t, name, strings.Replace(text, planned, "", 1))
	n := count(c)
	for _, kind := range []string{"install.ps1", "install.inf", "rollback.ps1", "verify.ps1"} {
		if n[kind] == 0 || n[kind] != n["verify.ps1"] {
			t.Errorf("without a thumbprint: %d of %s, %v", n[kind], kind, n)
		}
	}
	verify(t, c)
}
