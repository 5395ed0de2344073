package psverify

import (
	"fmt"
	"strings"
	"testing"
)

// show writes a call the way the tests below spell it.
func show(c *Command, switches ...string) string {
	isSwitch := func(name string) bool {
		for _, s := range switches {
			if strings.EqualFold(s, name) {
				return true
			}
		}
		return false
	}
	named, positional := c.Bind(isSwitch)
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s", c.Operator, c.Name)
	for _, a := range named {
		fmt.Fprintf(&b, " -%s", a.Name)
		if a.Has {
			fmt.Fprintf(&b, "=%s", describe(a.Value))
		}
	}
	for _, v := range positional {
		fmt.Fprintf(&b, " %s", describe(v))
	}
	for _, e := range c.Elements {
		if e.Kind == Splat {
			fmt.Fprintf(&b, " @%s", e.Name)
		}
	}
	for _, r := range c.Redirections {
		fmt.Fprintf(&b, " %s", r.Text)
	}
	if c.Piped {
		b.WriteString(" piped")
	}
	return b.String()
}

func describe(v Value) string {
	switch v.Kind {
	case Literal:
		return fmt.Sprintf("%q", v.Literal)
	case Bool:
		return fmt.Sprint(v.True)
	case Null:
		return "null"
	case Variable:
		return "var:" + v.Literal
	case Block:
		return "block"
	case Type:
		return "type"
	case List:
		var items []string
		for _, i := range v.Items {
			items = append(items, describe(i))
		}
		return "[" + strings.Join(items, " ") + "]"
	case Hash:
		var items []string
		for _, e := range v.Entries {
			items = append(items, e.Key+":"+describe(e.Value))
		}
		return "{" + strings.Join(items, " ") + "}"
	}
	return "expr"
}

func TestCommands(t *testing.T) {
	tests := []struct{ text, want string }{
		{"Get-X", "Get-X"},
		{"Get-X -A b -S c", `Get-X -A="b" -S "c"`},
		{"Get-X -A 'b''c' -B \"d`te\" 7", "Get-X -A=\"b'c\" -B=\"d\\te\" \"7\""},
		{"Get-X -A -7 -B 0x1F", `Get-X -A="-7" -B="0x1F"`},
		{"Get-X -S:$false -T:$x", `Get-X -S=false -T=var:x`},
		{"Get-X -S $false", `Get-X -S false`},
		{"Get-X -A a, 'b', $c -B $d.e, 1", `Get-X -A=["a" "b" var:c] -B=[expr "1"]`},
		{"Get-X -A @('a', 'b') -B @() -C @('a')", `Get-X -A=["a" "b"] -B=[] -C=["a"]`},
		{"Get-X -A ('a') -B ($b) -C (Get-Y)", `Get-X -A="a" -B=var:b -C=expr`},
		{"Get-X -A @{ B = 1; 'c d' = $true }", `Get-X -A={B:"1" c d:true}`},
		{"Get-X { $_ } [int] $null", `Get-X block type null`},
		{"Get-X $a.b(1) $c", `Get-X expr var:c`},
		{"Get-X $script:A ${B}", `Get-X var:a var:b`},
		{"Get-X @p -A b 2>$null", `Get-X -A="b" @p 2>$null`},
		{"& $P -A b", `& -A="b"`},
		{"& 'C:\\x.exe' b", `&C:\x.exe "b"`},
		{"Get-Y | Get-X", `Get-X piped`},
		{"$a | Get-X 10.0.0.50 SQL1\\I", `Get-X "10.0.0.50" "SQL1\\I" piped`},
		{"Get-X @'\r\nline\r\n'@", `Get-X "line"`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			f := Parse(script(strings.ReplaceAll(tt.text, "\r", "")))
			for _, c := range f.Commands {
				if c.Name == "Get-Y" {
					continue
				}
				if got := show(c, "S", "T"); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				return
			}
			t.Error("no command found")
		})
	}
}

func TestParameters(t *testing.T) {
	f := Parse(script(`[CmdletBinding(SupportsShouldProcess = $true, DefaultParameterSetName = 'A')]
param(
    [string]$One = (Join-Path $env:X 'y'),
    [Parameter(Mandatory = $true)]
    [ValidateSet('a', 'b')]
    [string[]]$Two,
    [switch]$Three,
    [Parameter(Mandatory = $false)][int]$Four = 5,
    $Five = @{ a = 1; b = 2 },
    [System.Collections.Generic.List[string]]$Six
)
function Get-X($A, [switch]$B) { $A }
function Get-Y {
    [CmdletBinding()]
    param([Parameter(Mandatory)]$A)
    function Get-Z { 1 }
}`))
	if len(f.Findings) != 0 {
		t.Fatal(f.Findings)
	}
	if !f.Param.CmdletBinding || !f.Param.SupportsShouldProcess || f.Param.DefaultSet != "A" {
		t.Errorf("attributes: %+v", f.Param)
	}
	list := func(p *ParamBlock) string {
		var out []string
		if p == nil {
			return ""
		}
		for _, p := range p.Parameters {
			out = append(out, fmt.Sprintf("%s:%s:%t:%t:%v:%s", p.Name, p.Type, p.Mandatory, p.Switch, p.Values, p.Text))
		}
		return strings.Join(out, "\n")
	}
	want := `One:string:false:false:[]:(Join-Path $env:X 'y')
Two:string[]:true:false:[a b]:
Three:switch:false:true:[]:
Four:int:false:false:[]:5
Five::false:false:[]:@{ a = 1; b = 2 }
Six:System.Collections.Generic.List[string]:false:false:[]:`
	if got := list(f.Param); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var functions []string
	for _, fn := range f.Functions {
		outer := ""
		if fn.Outer != nil {
			outer = fn.Outer.Name
		}
		functions = append(functions, fmt.Sprintf("%s@%d in %q advanced %t: %s", fn.Name, fn.Line, outer, fn.Advance, list(fn.Param)))
	}
	want = `Get-X@12 in "" advanced false: A::false:false:[]:
B:switch:false:true:[]:
Get-Y@13 in "" advanced true: A::true:false:[]:
Get-Z@16 in "Get-Y" advanced false: `
	if got := strings.Join(functions, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestAssignments(t *testing.T) {
	f := Parse(script("$script:A = 1\n$a.b.c += 'x'\n[int]$D = 2\n$e, $f = 1, 2\n$g['h'] = $null\n$i = Get-X\n$j = if ($a) { 1 } else { 2 }"))
	var got []string
	for _, a := range f.Assignments {
		got = append(got, fmt.Sprintf("%d %s %t %s %s", a.Line, a.Variable, a.Whole, a.Operator, describe(a.Value)))
	}
	want := "1 a true = \"1\"\n2 a false += \"x\"\n3 d true = \"2\"\n4  false = [\"1\" \"2\"]\n5 g false = null\n6 i true = expr\n7 j true = expr"
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

func TestEntries(t *testing.T) {
	tests := []struct{ text, want string }{
		{"$p = @{ A = 1; B = 'x' }\nGet-X @p", `A:"1" B:"x"`},
		{"$p = [ordered]@{ A = 1 }\nGet-X @P", `A:"1"`},
		{"$p = @{ A = 1 }\n$p.B = 2\n$p['C'] = $d\nGet-X @p", `A:"1" B:"2" C:var:d`},
		{"$p = @{ A = 1 }\nif ($x) { $p.B = 2 }\nGet-X @p", `A:"1" B?:"2"`},
		{"$p = @{ A = 1 }\n$p.Add('B', 2)\nGet-X @p", `A:"1" B:"2"`},
		{"$p = @{ A = 1 }\nforeach ($i in $j) { Get-X @p }", `A:"1"`},
		{"$p = @{ A = 1 }\n$p = @{ B = 1 }\nGet-X @p", `B:"1"`},
		{"if ($x) { $p = @{ A = 1 } }\nGet-X @p", "no hash literal"},
		{"$p = @{ A = 1 }\nif ($x) { $p = @{ B = 1 } }\nGet-X @p", "under a condition"},
		{"foreach ($i in $j) {\n    $p = @{ A = 1 }\n    Get-X @p\n    $p = @{ B = 1 }\n}", "in the same loop"},
		{"$p = @{ $k = 1 }\nGet-X @p", "not literal"},
		{"$p = @{ A = 1 }\n$p[$k] = 1\nGet-X @p", "not followed"},
		{"$p = @{ A = 1 }\n$p.Remove('A')\nGet-X @p", "taken from"},
		{"$p = Get-Y\nGet-X @p", "no hash literal"},
		{"$p = @{ A = 1 }\nfunction F { Get-X @p }", "no hash literal"},
		{"Get-X @PSBoundParameters", "no hash literal"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			f := Parse(script(tt.text))
			for _, c := range f.Commands {
				if c.Name != "Get-X" {
					continue
				}
				entries, reason := f.Entries(c, c.Elements[0])
				var got []string
				for _, e := range entries {
					maybe := ""
					if e.Maybe {
						maybe = "?"
					}
					got = append(got, e.Key+maybe+":"+describe(e.Value))
				}
				if reason == "" && strings.Join(got, " ") != tt.want || reason != "" && !strings.Contains(reason, tt.want) {
					t.Errorf("got %v, %q, want %s", got, reason, tt.want)
				}
				return
			}
			t.Error("no call found")
		})
	}
}
