package pwsh

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// bench is a host with nothing but a clock, a few commands and a console.
type bench struct {
	lines []string
	now   time.Time
	steps []string
	env   map[string]string
}

func (b *bench) Command(name string) (*Command, bool) {
	switch strings.ToLower(name) {
	case "get-three":
		return &Command{Name: "Get-Three", Run: func(*Call) []any { return []any{int64(1), int64(2), int64(3)} }}, true
	case "get-nothing":
		return &Command{Name: "Get-Nothing", Run: func(*Call) []any { return nil }}, true
	case "get-null":
		return &Command{Name: "Get-Null", Run: func(*Call) []any { return []any{nil} }}, true
	case "stop-here":
		return &Command{Name: "Stop-Here", Positional: []string{"Text"}, Switches: []string{"Loud"}, Run: func(c *Call) []any {
			ThrowID("System.InvalidOperationException", "Here,Stop", "stopped: %s %t", c.Text("Text"), c.Switch("Loud"))
			return nil
		}}, true
	case "set-mark":
		return &Command{Name: "Set-Mark", Run: func(c *Call) []any { return []any{fmt.Sprintf("whatif %t", c.WhatIf)} }}, true
	case "set-strict":
		return &Command{Name: "Set-Strict", Run: func(*Call) []any {
			ThrowID("System.Management.Automation.ParameterBindingException", "NamedParameterNotFound,Set-Strict", "A parameter cannot be found that matches parameter name 'other'.")
			return nil
		}}, true
	case "measure-input":
		return &Command{Name: "Measure-Input", Run: func(c *Call) []any { return []any{int64(len(c.Input))} }}, true
	}
	return nil, false
}

func (b *bench) Static(typ, member string, args []any, _ bool) (any, bool) {
	if typ == "IO.File" && member == "ReadAllText" {
		Throw("System.IO.FileNotFoundException", "Could not find file '%s'.", Text(args[0]))
	}
	return nil, false
}
func (b *bench) New(string, []any) (any, bool)  { return nil, false }
func (b *bench) Cast(string, any) (any, bool)   { return nil, false }
func (b *bench) Env(name string) (string, bool) { v, ok := b.env[strings.ToLower(name)]; return v, ok }
func (b *bench) Now() time.Time                 { return b.now }
func (b *bench) Sleep(d time.Duration)          { b.now = b.now.Add(d) }
func (b *bench) Print(line string, _ bool)      { b.lines = append(b.lines, line) }
func (b *bench) Step(what string)               { b.steps = append(b.steps, what) }
func (b *bench) Program(path string, args []string) ([]string, int, bool) {
	return []string{fmt.Sprintf("%q", args)}, 5, path == `C:\x.exe`
}

// run runs a script and gives what the console shows, one line each, with the exit code when it is not 0.
func run(t *testing.T, script string, params map[string]any) string {
	t.Helper()
	h := &bench{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), env: map[string]string{"programdata": `C:\ProgramData`}}
	in, err := New(h, `C:\s\x.ps1`, []byte(strings.ReplaceAll(strings.Trim(script, "\n")+"\n", "\n", "\r\n")))
	if err != nil {
		t.Fatal(err)
	}
	result, err := in.Run(params)
	if err != nil {
		return "ERROR " + err.Error()
	}
	out := strings.Join(h.lines, "\n")
	if result.ExitCode != 0 {
		out += fmt.Sprintf("\nexit %d", result.ExitCode)
	}
	return out
}

// A script that does not end is a failure with its place, and the rehearsal goes on.
func TestEndless(t *testing.T) {
	for script, want := range map[string]string{
		"while ($true) { $a = 1 }":             "1:15: the rehearsal does not know an end of this loop after 100000 turns",
		"function Get-It {\nGet-It\n}\nGet-It": "2:1: the rehearsal does not know calls that are 200 deep",
	} {
		if got := run(t, script, nil); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", script, got)
		}
	}
}

// Each case is a fact of Windows PowerShell that our scripts lean on.
func TestFacts(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"versions by number", `[version]'2.5.1200.0' -gt [version]'2.5.1152.0'; [version]'2.10' -gt [version]'2.9'; try { [version]'2' } catch { 'throws' }`, "True\nTrue\nthrows"},
		{"split by a pattern", `@('a;b;;C' -split ';').Count; ('aXbxc' -split 'x')[2]`, "4\nc"},
		{"missing property", `$o = New-Object PSObject -Property @{ a = 1 }; try { $o.b } catch { $_.FullyQualifiedErrorId }`, "PropertyNotFoundStrict"},
		{"missing key by dot and by index", `$h = @{ a = 1 }; $null -eq $h['b']; try { $h.b } catch { 'throws' }`, "True\nthrows"},
		{"length of null", `$x = $null; try { $x.Length } catch { 'throws' }`, "throws"},
		{"count of one", `try { (5).Count } catch { 'throws' }`, "throws"},
		{"probe of a property", `$o = New-Object PSObject -Property @{ a = 1 }; $null -eq $o.PSObject.Properties['b']; $null -eq $o.PSObject.Properties['a']`, "True\nFalse"},
		{"behind the end", `$a = @(1, 2); try { $a[5] } catch { 'throws' }; $a[-1]`, "throws\n2"},
		{"one element unrolls", "function Get-One {\n@('x')\n}\n$r = Get-One\n$r.Length\n$r", "1\nx"},
		{"if unrolls", `$x = if ($true) { @('x') }; $x -is [string]`, "True"},
		{"no output", "function Get-None {\n@()\n}\nfunction Get-Size {\nparam($Thing)\n@($Thing).Count\n}\n$r = Get-None\n@($r).Count\nGet-Size $r", "0\n1"},
		{"null through a pipe", `$null | ForEach-Object { 'once' }; foreach ($i in $null) { 'never' }`, "once"},
		{"comma keeps a list", "function Get-List {\n, @(1)\n}\n$r = Get-List\n$r -is [object[]]\n$r.Count", "True\n1"},
		{"list on the left of eq", `if (@(0) -eq 0) { 'yes' } else { 'no' }; if (@('a', 'b') -ne 'a') { 'yes' }; @('a', 'b') -notcontains 'a'`, "no\nyes\nFalse"},
		{"two nulls", `if (@($null, $null) -eq $null) { 'yes' }; if (@($null) -eq $null) { 'yes' } else { 'no' }`, "yes\nno"},
		{"the left side decides", `'' -eq 0; 0 -eq ''; $true -eq 'False'; '10.0' -lt '9.0'`, "False\nTrue\nTrue\nTrue"},
		{"eq ignores case, ceq does not", `'A' -eq 'a'; 'A' -ceq 'a'; @('A') -contains 'a'`, "True\nFalse\nTrue"},
		{"unique minds case", `@(@('a', 'A', 'a') | Select-Object -Unique).Count`, "2"},
		{"format", `'{0}|{1}' -f '{1}', 'b'; '{{x}} {0:D3} {1:X2}' -f 7, 255`, "{1}|b\n{x} 007 FF"},
		{"a number is a character by its code", `'{0}{1}' -f [char]65, [char]'7'; ('x{0}' -f [char]0).TrimEnd([char]0).Length`, "A7\n1"},
		{"digits at the least", `'{0:000}-{1:00}' -f 7, 123`, "007-123"},
		{"a lone brace", `try { '{' -f 1 } catch { 'throws' }`, "throws"},
		{"elements become places", `$a = @('x', 'y'); '{0}{1}' -f $a`, "xy"},
		{"splat of a table and a list", "function Get-It {\nparam([string]$A, [string]$B)\n'[{0}][{1}]' -f $A, $B\n}\n$h = @{ B = 'b'; A = $null }\nGet-It @h\n$l = @('1', '2')\nGet-It @l", "[][b]\n[1][2]"},
		{"throw goes to the catch and finally runs", `try { try { throw 'x' } finally { 'last' } } catch { $_.Exception.Message }`, "last\nx"},
		{"rethrow", `try { try { throw 'x' } catch { throw } } catch { 'outer {0}' -f $_.Exception.Message }`, "outer x"},
		{"method errors are wrapped", `try { [IO.File]::ReadAllText('C:\no') } catch { $_.Exception.Message; $_.Exception.GetBaseException().Message }`, "Exception calling \"ReadAllText\" with \"1\" argument(s): \"Could not find file 'C:\\\\no'.\"\nCould not find file 'C:\\no'."},
		{"command errors keep their id", `try { Stop-Here -Loud 'now' } catch { $_.FullyQualifiedErrorId; $_.Exception.Message }`, "Here,Stop\nstopped: now true"},
		{"exit from a function runs finally", "function Exit-All {\ntry { exit 3 } finally { 'last' }\n}\nExit-All\n'never'", "last\nexit 3"},
		{"uncaught throw", `throw 'x'`, "FAILED: x\nexit 1"},
		{"exit whole", `'x'; exit 3010`, "x\nexit 3010"},
		{"a function sees the variables of its caller", "function Get-Inner {\n$x\n}\nfunction Get-Outer {\n$x = 2\nGet-Inner\n}\n$x = 1\nGet-Outer\n$x", "2\n1"},
		{"script scope", "function Set-It {\n$script:x = 2\n}\n$x = 1\nSet-It\n$x", "2"},
		{"a variable that is not set", `try { $nowhere } catch { $_.FullyQualifiedErrorId }`, "VariableIsUndefined"},
		{"programs", `$o = @(& 'C:\x.exe' @('a', 'b c')); $o[0]; $LASTEXITCODE`, "[\"a\" \"b c\"]\n5"},
		{"json", `ConvertTo-Json -InputObject ([ordered]@{ a = @('x'); b = 'it''s' }) -Depth 4`, "{\n    \"a\":  [\n        \"x\"\n    ],\n    \"b\":  \"it\\u0027s\"\n}"},
		{"json back", `$o = ConvertFrom-Json -InputObject '{"a":["x"],"n":3}'; @($o.a).Count; $o.n + 1`, "1\n4"},
		{"loops", `for ($i = 0; $i -lt 5; $i++) { if ($i -eq 1) { continue }; if ($i -eq 3) { break }; $i }; do { $i-- } while ($i -gt 0); $i; while ($true) { break }`, "0\n2\n0"},
		{"hash and hmac", `$h = New-Object System.Security.Cryptography.HMACSHA256 -ArgumentList @(, [Text.Encoding]::UTF8.GetBytes('k')); [BitConverter]::ToString($h.ComputeHash([Text.Encoding]::UTF8.GetBytes('v'))).Substring(0, 5)`, "C5-D4"},
		{"first stops", `@(Get-Three | ForEach-Object { $_ } | Select-Object -First 2) -join ','`, "1,2"},
		{"member of each", `$l = @((New-Object PSObject -Property @{ n = 1 }), (New-Object PSObject -Property @{ n = 2 })); $l.n -join ','`, "1,2"},
		{"patterns", `'AB12' -cmatch '\A[A-Z]{2}[0-9]+\z'; $m = [regex]::Match('x=5', 'x=(\d)'); $m.Groups[1].Value`, "True\n5"},
		{"dates", `[DateTime]::UtcNow.ToString('o'); Start-Sleep -Seconds 5; [DateTime]::UtcNow.AddHours(1).ToString('yyyyMMddTHHmmss', [Globalization.CultureInfo]::InvariantCulture)`, "2026-01-02T03:04:05.0000000Z\n20260102T040410"},
		{"input of a command", `Get-Three | Measure-Input; Get-Nothing | Measure-Input; @(Get-Null).Count; @(Get-Nothing).Count`, "3\n0\n1\n0"},
		{"strings", `'a.b'.Split('.').Count; 'abc'.Substring(1, 1); ' x '.Trim(); 'ABC'.StartsWith('ab', [StringComparison]::OrdinalIgnoreCase); 'x'.PadLeft(3)`, "2\nb\nx\nTrue\n  x"},
		{"switch by text", "switch -CaseSensitive ('b') {\n'a' { 1 }\n'b' { 2 }\n'B' { 3 }\n}", "2"},
		{"casts", `[int]'5' + 1; [string]@('a', 'b'); [bool]''; ([string[]]@(1, 2)).Count`, "6\na b\nFalse\n2"},
		{"a cast that fails", `try { [int]'x' } catch { 'throws' }`, "throws"},
		{"arguments nobody declared", "function Get-It {\nparam([string]$A)\n$A\n}\ntry { Get-It -B 'x' } catch { 'throws' }", "throws"},
		{"a parameter that the command does not look at", `Set-Mark -Loud 'x'`, "ERROR C:\\s\\x.ps1:1:1: the rehearsal does not know what -loud of Set-Mark does"},
		{"silent errors", `Stop-Here 'x' -ErrorAction SilentlyContinue; 'on'`, "on"},
		{"what cannot be bound is not silent", `try { Set-Strict -Other 1 -ErrorAction SilentlyContinue; 'on' } catch { 'throws' }`, "throws"},
		{"what nobody knows", `Get-Unknown`, "ERROR C:\\s\\x.ps1:1:1: the rehearsal does not know the command Get-Unknown"},
		{"what nobody knows is not caught", `try { Get-Unknown } catch { 'caught' } finally { 'last' }`, "ERROR C:\\s\\x.ps1:1:7: the rehearsal does not know the command Get-Unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := run(t, tt.script, nil); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestWhatIf(t *testing.T) {
	script := "[CmdletBinding(SupportsShouldProcess = $true)]\nparam(\n    [string]$Name = 'x'\n)\nfunction Set-It {\nif ($PSCmdlet.ShouldProcess($Name, 'set')) { 'did' } else { 'skipped' }\n}\nSet-It\nSet-Mark\nSet-Mark -WhatIf:$false"
	if got, want := run(t, script, map[string]any{"WhatIf": true, "Name": "n"}), "What if: Performing the operation \"set\" on target \"n\".\nskipped\nwhatif true\nwhatif false"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got, want := run(t, script, nil), "did\nwhatif false\nwhatif false"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
