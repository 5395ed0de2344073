package mutate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// show writes mutants as operator, what is replaced and by what, with ! for a text for people.
func show(list []Mutant) []string {
	var out []string
	for _, m := range list {
		mark := ""
		if m.Message {
			mark = "! "
		}
		out = append(out, fmt.Sprintf("%s%s: %s => %s", mark, m.Operator, short(m.Before), short(m.After)))
	}
	slices.Sort(out)
	return out
}

func same(t *testing.T, got []Mutant, want string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(want), "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	slices.Sort(lines)
	list := show(got)
	for i := range list {
		list[i] = strings.Join(strings.Fields(list[i]), " ") // what is empty leaves no blank
	}
	slices.Sort(list)
	if !slices.Equal(list, lines) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(lines, "\n"))
	}
}

func TestPowerShell(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"guard", "if ($a.Count -eq 1 -and -not $b) { Stop-Step 2 'No.' }", `
			drop statement: if ($a.Count -eq 1 -and -not $b) { Stop-Step 2 'No.' } =>
			drop statement: Stop-Step 2 'No.' =>
			blind guard: $a.Count -eq 1 -and -not $b => $false
			empty guard: { Stop-Step 2 'No.' } => { }
			change operator: -eq => -ne
			change operator: -and => -or
			change operator: -not =>
			change number: 1 => 0
			change number: 2 => 3
			! change text: 'No.' => 'No.x'`},
		{"assignments", "$a = $true\n$b = 'x', 'y'", `
			drop statement: $a = $true =>
			drop statement: $b = 'x', 'y' =>
			change variable: $a => $b
			change variable: $b => $a
			change flag: $true => $false
			change text: 'x' => 'xx'
			change text: 'y' => 'yx'
			drop argument: 'x', =>
			drop argument: , 'y' =>`},
		{"commands", "Get-Item -LiteralPath $env:Temp -Force", `
			drop statement: Get-Item -LiteralPath $env:Temp -Force =>
			drop argument: -LiteralPath $env:Temp =>
			change flag: -Force =>
			change parameter: -LiteralPath => -Path
			change parameter: -Force => -Include
			add switch: => -UseTransaction`},
		{"what is printed", "'Look at {0} here' -f $a\n$b = 1", `
			! drop statement: 'Look at {0} here' -f $a =>
			! change text: 'Look at {0} here' => 'Look at {0} herex'
			! change variable: $a => $b
			drop statement: $b = 1 =>
			swap statements: 'Look at {0} here' -f $a $b = 1 => $b = 1 'Look at {0} here' -f $a
			change number: 1 => 0`},
		{"a variable that is only shown", "$a = if ($b) { 'yes' } else { 'no' }\nAdd-Check -Name 'x' -Ok $b -Expected 'yes' -Actual $a", `
			drop statement: $a = if ($b) { 'yes' } else { 'no' } =>
			! drop statement: 'yes' =>
			! drop statement: 'no' =>
			drop statement: Add-Check -Name 'x' -Ok $b -Expected 'yes' -Actual $a =>
			swap statements: $a = if ($b) { 'yes' } else { 'no' } Add-Check -Name 'x' -Ok $b -Expected 'yes' -Actual $a => Add-Check -Name 'x' -Ok $b -Expected 'yes' -Actual $a $a = if ($b) { 'yes' } else { 'no' }
			change variable: $b => $a
			! change variable: $b => $a
			drop argument: -Actual $a =>
			drop argument: -Expected 'yes' =>
			drop argument: -Name 'x' =>
			drop argument: -Ok $b =>
			! change text: 'yes' => 'yesx'
			! change text: 'no' => 'nox'
			! change text: 'x' => 'xx'
			! change text: 'yes' => 'yesx'`},
		{"handlers", "try { $a.B() } catch { $a.C() }", `
			drop statement: try { $a.B() } catch { $a.C() } =>
			drop statement: $a.B() =>
			drop statement: $a.C() =>
			empty handler: { $a.C() } => { }
			change member: B => C
			change member: C => B`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := PowerShell("x.ps1", "x.ps1.tmpl", []byte(tt.script))
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, tt.want)
		})
	}
}

func TestSQL(t *testing.T) {
	for _, tt := range []struct{ name, sql, want string }{
		{"guard", "IF EXISTS (SELECT 1 FROM sys.databases WHERE name = @x AND state <> 0)\nBEGIN\nRAISERROR(N'No %s.', 16, 127, @x);\nSET NOEXEC ON;\nEND", `
			drop statement: IF EXISTS (SELECT 1 FROM sys.databases WHERE name = @x AND s … , @x); SET NOEXEC ON; END => PRINT N'';
			drop statement: BEGIN RAISERROR(N'No %s.', 16, 127, @x); SET NOEXEC ON; END => PRINT N'';
			drop statement: RAISERROR(N'No %s.', 16, 127, @x); =>
			drop statement: SET NOEXEC ON; =>
			swap statements: RAISERROR(N'No %s.', 16, 127, @x); SET NOEXEC ON => SET NOEXEC ON; RAISERROR(N'No %s.', 16, 127, @x)
			blind guard: EXISTS (SELECT 1 FROM sys.databases WHERE name = @x AND state <> 0) => 1 = 0
			empty guard: BEGIN RAISERROR(N'No %s.', 16, 127, @x); SET NOEXEC ON; END => PRINT N''
			drop option: AND state <> 0 =>
			change operator: EXISTS => NOT EXISTS
			change operator: = => <>
			change operator: AND => OR
			change operator: <> => =
			change name: databases => databasesx
			change number: 1 => 0
			change number: 0 => 1
			change number: 16 => 17
			change number: 127 => 128
			change flag: ON => OFF
			! change text: N'No %s.' => N'No %s.x'`},
		{"batches", "PRINT N'a b';\nGO\nALTER DATABASE [D] SET RECOVERY FULL;", `
			! drop statement: PRINT N'a b'; => PRINT N'';
			! change text: N'a b' => N'a bx'
			drop statement: ALTER DATABASE [D] SET RECOVERY FULL; => PRINT N'';
			swap batches: PRINT N'a b'; GO ALTER DATABASE [D] SET RECOVERY FULL; => ALTER DATABASE [D] SET RECOVERY FULL; GO PRINT N'a b';
			change name: [D] => [Dx]
			change flag: RECOVERY => NORECOVERY
			change flag: FULL => SIMPLE`},
		{"options", "BACKUP LOG [D] TO DISK = N'x' WITH INIT, CHECKSUM;", `
			drop statement: BACKUP LOG [D] TO DISK = N'x' WITH INIT, CHECKSUM; => PRINT N'';
			drop option: , CHECKSUM =>
			change name: [D] => [Dx]
			change text: N'x' => N'xx'`},
	} {
		t.Run(tt.name, func(t *testing.T) { same(t, SQL("x.sql", "x.sql.tmpl", []byte(tt.sql)), tt.want) })
	}
}

// A mutant of a file with a byte order mark changes what it says it changes.
func TestApply(t *testing.T) {
	src := "\ufeff$a = 1\r\nif ($a -eq 1) { throw 'no' }\r\n"
	list, err := PowerShell("x.ps1", "x.ps1.tmpl", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		got := string(m.Apply([]byte(src)))
		if len(got) != len(src)-len(m.Before)+len(m.After) || src[m.Start:m.End] != m.Before || got[m.Start:m.Start+len(m.After)] != m.After {
			t.Errorf("%s gives %q", m, got)
		}
		if want := strings.TrimSpace(strings.Split(src, "\r\n")[m.Line-1]); m.Source != strings.TrimPrefix(want, "\ufeff") && m.Line > 1 {
			t.Errorf("%s: line %q", m, m.Source)
		}
	}
}

// The choice is the same in any order, and one more script does not change it.
func TestSample(t *testing.T) {
	var list []Mutant
	for i := range 40 {
		list = append(list, Mutant{Operator: "drop statement", Template: "a", Source: fmt.Sprint(i), Start: i})
	}
	group := func(m Mutant) string { return m.Template }
	want := Sample(list, 5, group)
	if len(want) != 5 {
		t.Fatal(len(want))
	}
	more := append([]Mutant{{Operator: "drop statement", Template: "b", Source: "x"}}, list...)
	slices.Reverse(more)
	got := Sample(more, 5, group)
	slices.Reverse(got)
	if len(got) != 6 || fmt.Sprint(got[1:]) != fmt.Sprint(want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}
