package render_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/artifact"
)

func find(t *testing.T, tree *artifact.Tree, path string) []byte {
	t.Helper()
	for _, f := range tree.Files() {
		if f.Path == path {
			return f.Data
		}
	}
	t.Fatalf("%s is not rendered", path)
	return nil
}

// The policy of the document allows the one style and the one script that it holds, by their digests, and nothing else.
func TestPolicyNamesStyleAndScript(t *testing.T) {
	data := find(t, tailspin(t), "START-HERE.html")
	for _, tag := range []string{"style", "script"} {
		m := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllSubmatch(data, -1)
		if len(m) != 1 {
			t.Fatalf("%d elements %s", len(m), tag)
		}
		sum := sha256.Sum256(m[0][1])
		want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !bytes.Contains(data, []byte(want)) {
			t.Errorf("the policy in templates/_documents/START-HERE.html.tmpl must say %s", want)
		}
	}
	if !bytes.Contains(data, []byte("default-src 'none'")) {
		t.Error("the policy allows something else")
	}
}
