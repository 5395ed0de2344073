package contract

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/psverify"
)

// FuzzCheck holds that no text brings the checkers down and that they place every finding in the file.
func FuzzCheck(f *testing.F) {
	for _, name := range []string{"frame/install.ps1", "clean/model-machinekey.ps1"} {
		src, err := os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src))
	}
	for _, seed := range []string{
		"$r = Invoke-Native $x @('a')", "function F { param($A) Invoke-Native 'C:\\setspn.exe' $A }", "@p | F @p", "$Result.a.b = 1",
		"if ($PSCmdlet.ShouldProcess('a')) { [IO.File]::Delete($x) }", "$p = @{ A = 1 }; $p[$x] = 2; Get-Item @p -Force:1", "& { . $x }",
		"'a' -cmatch $b, 'c'", "[X]::new(", "param([string]$Key = $PSScriptRoot, $B)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 16<<10 {
			t.Skip("long input tells nothing new")
		}
		file := psverify.Parse([]byte(text))
		findings, err := binding.Check(file, binding.Target{Windows: binding.WindowsVersions, Release: "2.5"})
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []Kind{Install, Verify} {
			more, err := Check(file, kind)
			if err != nil {
				t.Fatal(err)
			}
			findings = append(findings, more...)
		}
		for _, x := range findings {
			if x.Line < 1 || x.Column < 1 || x.Code == "" || x.Message == "" {
				t.Fatalf("bad finding %+v", x)
			}
		}
	})
}
