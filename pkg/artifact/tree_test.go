package artifact

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAddRefusesPaths(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"", "empty"},
		{"/a", "absolute"},
		{"a//b", "empty part"},
		{"a/", "empty part"},
		{"..", `part ".."`},
		{"a/../b", `part ".."`},
		{"./a", `part "."`},
		{`a\b`, `character '\\'`},
		{"c:/a", "character ':'"},
		{"a?", "character '?'"},
		{"a*b", "character '*'"},
		{"a<b", "character '<'"},
		{"a|b", "character '|'"},
		{`a"b`, `character '"'`},
		{"a\nb", `character '\n'`},
		{"a\x7f", "character"},
		{"a\xff", "not UTF-8"},
		{"a.", "ends in a dot"},
		{"a /b", "ends in a dot or blank"},
		{"nul", "device"},
		{"web/CON.txt", "device"},
		{"com1.tar.gz", "device"},
		{"LPT9", "device"},
		{"com¹", "device"},
		{"aux .txt", "device"},
		{"conin$", "device"},
		{strings.Repeat("a", 181), "181 characters"},
		{"manifest.json", "mbamplan's own"},
		{"Manifest.JSON", "mbamplan's own"},
		{".mbamplan-stage/x", "begins with a dot"},
		{".MBAMPLAN-STAGE", "begins with a dot"},
		{".git/config", "begins with a dot"},
		{"web/.git/config", "begins with a dot"},
	} {
		var tree Tree
		err := tree.Add(File{Path: c.path})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Add(%q): %v, want %q", c.path, err, c.want)
		}
		if len(tree.Files()) != 0 {
			t.Errorf("Add(%q) failed and added", c.path)
		}
	}
}

func TestAddTakesPaths(t *testing.T) {
	var tree Tree
	paths := []string{
		"web/NLB2/310-install.ps1", "START-HERE.html", "com10", "console", "com", "lpt", "COMx", "a b", "O'Brien", "sub/manifest.json",
		"web/NLB1/310-install.ps1", "ünï", strings.Repeat("a", 180), "web-2",
	}
	for _, p := range paths {
		if err := tree.Add(File{Path: p, Data: []byte(p)}); err != nil {
			t.Error(err)
		}
	}
	files := tree.Files()
	if len(files) != len(paths) {
		t.Fatalf("%d files", len(files))
	}
	for i := 1; i < len(files); i++ {
		if files[i-1].Path >= files[i].Path {
			t.Errorf("%q stands before %q", files[i-1].Path, files[i].Path)
		}
	}
	files[0].Path = "changed"
	if tree.Files()[0].Path == "changed" {
		t.Error("Files hands out the tree's own slice")
	}
}

func TestAddRefusesCollisions(t *testing.T) {
	for _, c := range []struct{ first, second, want string }{
		{"a", "a", "already"},
		{"web/a", "web/A", "already"},
		{"straße", "STRASSE", ""},
		{"a", "a/b", "its folder"},
		{"A", "a/b/c", "its folder"},
		{"a/b", "a", "other files are in a folder"},
		{"a/b", "A", "other files are in a folder"},
		{"Web/a", "web/b", "spelt"},
		{"a/Web/a", "a/web/b", "spelt"},
	} {
		var tree Tree
		if err := tree.Add(File{Path: c.first}); err != nil {
			t.Fatal(err)
		}
		err := tree.Add(File{Path: c.second})
		if c.want == "" {
			if err != nil {
				t.Error(err)
			}
		} else if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q then %q: %v, want %q", c.first, c.second, err, c.want)
		}
	}
}

func FuzzAdd(f *testing.F) {
	for _, p := range []string{"a/b", "../a", "nul.txt", "a\x00b", "COM¹/x", "a. /b"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, p string) {
		var tree Tree
		if tree.Add(File{Path: p}) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(p)) || filepath.ToSlash(filepath.Clean(filepath.FromSlash(p))) != p {
			t.Errorf("%q is taken and leads elsewhere", p)
		}
		if tree.Add(File{Path: strings.ToUpper(p)}) == nil {
			t.Errorf("%q is taken twice", p)
		}
	})
}
