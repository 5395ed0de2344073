package binding

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// frame is the helper that calls of programs go through, and a function with typical parameters.
const frame = `function Invoke-Native {
    param([string]$Path, [string[]]$Argument = @())
    & $Path @Argument 2>&1
}
function Get-Thing {
    param([string]$Name, [int]$Count = 1, [switch]$Force)
    $Name
}
function Set-Thing {
    [CmdletBinding(SupportsShouldProcess = $true)]
    param([Parameter(Mandatory = $true)][string]$Name, [ValidateSet('a', 'b')][string]$Kind)
    $Name
}
`

func check(t *testing.T, text string, target Target) []psverify.Finding {
	t.Helper()
	f := psverify.Parse([]byte(strings.ReplaceAll(frame+text+"\n", "\n", "\r\n")))
	if len(f.Findings) != 0 {
		t.Fatalf("the sample does not parse: %v", f.Findings)
	}
	got, err := Check(f, target)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestBroken(t *testing.T) {
	tests := []struct{ code, text string }{
		{"PSB001", "Get-Nothing -Name 'x'"},
		{"PSB001", "Get-MbamDatabase"},
		{"PSB001", "get-item -LiteralPath 'x'"},
		{"PSB001", "Install-Mbam"},
		{"PSB002", "gci -LiteralPath 'x'"},
		{"PSB002", "Get-Item -LiteralPath 'x' | % { $_ }"},
		{"PSB002", "Get-Item -LiteralPath 'x' | ? { $_ }"},
		{"PSB002", "Add-WindowsFeature -Name 'NLB'"},
		{"PSB002", "echo 'x'"},
		{"PSB003", "Get-Item -LiteralPath 'x' -InformationAction Ignore"},
		{"PSB004", "Get-Item -LiteralPath 'x' -Depth 3"},
		{"PSB004", "Enable-MbamWebApplication -AgentService -HostNames 'x'"},
		{"PSB004", "Get-Thing -Nme 'x'"},
		{"PSB004", "Get-Item -LiteralPath 'C:\\x' -DnsName 'x'"},
		{"PSB005", "Get-Item -Lit 'x'"},
		{"PSB005", "Get-Item -PSPath 'x'"},
		{"PSB005", "Get-Item -LiteralPath 'x' -EA Stop"},
		{"PSB005", "Get-Thing -Cou 3"},
		{"PSB006", "Get-Item -Path 'x' -LiteralPath 'y'"},
		{"PSB006", "Enable-MbamDatabase -ComplianceAndAudit -Recovery -ConnectionString 'x' -AccessAccount 'y'"},
		{"PSB006", "Get-ADUser -Identity 'x' -Filter '*'"},
		{"PSB006", "Enable-MbamWebApplication -AgentService -VirtualDirectory 'x'"},
		{"PSB007", "Get-ADUser -Server 'x'"},
		{"PSB007", "New-NetFirewallRule -LocalPort 80"},
		{"PSB007", "Enable-MbamDatabase -ComplianceAndAudit -ConnectionString 'x'"},
		{"PSB007", "Enable-MbamWebApplication -HostName 'x'"},
		{"PSB007", "Set-Thing -Kind a"},
		{"PSB007", "$p = @{ AccessAccount = 'x' }\nEnable-MbamDatabase -Recovery @p"},
		{"PSB007", "$p = @{}\nif ($x) { $p.Name = 'x' }\nSet-Thing @p"},
		{"PSB008", "New-NetFirewallRule -DisplayName 'x' -Direction In"},
		{"PSB008", "New-NetFirewallRule -DisplayName 'x' -Enabled $true"},
		{"PSB008", "New-NetFirewallRule -DisplayName 'x' -Profile 'Domain,Home'"},
		{"PSB008", "Get-ADUser -Filter '*' -SearchScope Tree"},
		{"PSB008", "Get-Item -LiteralPath 'x' -ErrorAction Halt"},
		{"PSB008", "Start-Sleep -Seconds 'two'"},
		{"PSB008", "Set-Thing -Name 'x' -Kind 'c'"},
		{"PSB008", "Get-Thing -Name 'x' -Count many"},
		{"PSB008", "Get-Thing -Name 'a', 'b'"},
		{"PSB008", "$p = @{ DisplayName = 'x'; Action = 'Drop' }\nNew-NetFirewallRule @p"},
		{"PSB009", "Get-ADUser 'x' 'y'"},
		{"PSB009", "Copy-Item 'x' 'y'"},
		{"PSB009", "Get-Thing 'x' 3 'y'"},
		{"PSB009", "Enable-MbamReport 'MSSQLSERVER'"},
		{"PSB009", "Join-Path 'a' 'b' 'c'"},
		{"PSB009", "Add-DnsServerResourceRecordA 'zone' 'name' '10.0.0.1'"},
		{"PSB010", "Restart-Service -Name 'x' -Confirm $false"},
		{"PSB010", "Restart-Service -Name 'x' -Force $true"},
		{"PSB010", "Restart-Service -Name 'x' -Force:'yes'"},
		{"PSB010", "Restart-Service -Name"},
		{"PSB010", "Restart-Service -Name -Force"},
		{"PSB010", "Restart-Service -Name 'x' -Force: $true"},
		{"PSB010", "Set-ADUser -Identity 'x' -PasswordNeverExpires 'yes'"},
		{"PSB010", "$p = @{ Name = 'x'; Force = 'yes' }\nRestart-Service @p"},
		{"PSB011", "Add-NlbClusterNode -NewNodeName 'x' -NewNodeInterface 'y' -WhatIf"},
		{"PSB011", "New-WebBinding -Name 'x' -WhatIf:$WhatIfPreference"},
		{"PSB011", "Backup-WebConfiguration -Name 'x' -Confirm:$false"},
		{"PSB011", "Get-Thing -Name 'x' -WhatIf"},
		{"PSB012", "$p = @{ Name = 'x' }\nRestart-Service @p -Name 'y'"},
		{"PSB013", "$p = Get-Thing\nRestart-Service @p"},
		{"PSB013", "Restart-Service @PSBoundParameters"},
		{"PSB014", "setspn -L 'x'"},
		{"PSB014", "netsh.exe 'int'"},
		{"PSB014", "C:\\Tools\\x.exe 'a'"},
		{"PSB014", "Invoke-Native 'setspn.exe' @('-L', 'x')"},
		{"PSB014", "Invoke-Native 'C:\\Windows\\System32\\format.exe' @('c:')"},
		{"PSB014", "$exe = Join-Path $env:SystemRoot 'System32\\format.exe'\nInvoke-Native $exe @('c:')"},
		{"PSB014", "Invoke-Native $unknown @('x')"},
		{"PSB014", "Start-Process -FilePath 'C:\\x.exe'"},
		{"PSB015", "& 'C:\\x.exe' 'a'"},
		{"PSB015", "& $x"},
		{"PSB015", ". 'C:\\x.ps1'"},
		{"PSB015", "Get-Thing --% a"},
		{"PSB016", "function Get-Item {\n    'x'\n}"},
		{"PSB016", "function gci {\n    'x'\n}"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got := check(t, tt.text, Target{})
			if !slices.ContainsFunc(got, func(f psverify.Finding) bool { return f.Code == tt.code }) {
				t.Errorf("want %s, got %v", tt.code, got)
			}
		})
	}
}

func TestVersions(t *testing.T) {
	old, current := Target{Windows: []string{"2012", "2016"}}, Target{Windows: []string{"2016", "2019"}}
	tests := []struct {
		text   string
		target Target
		want   string
	}{
		{"Get-FileHash -LiteralPath 'x'", old, "Get-FileHash is not on Windows Server 2012"},
		{"Get-FileHash -LiteralPath 'x'", current, ""},
		{"Get-LocalGroup", Target{Windows: []string{"2012R2"}}, "not on Windows Server 2012R2"},
		{"Get-LocalGroup", current, ""},
		{"Get-ChildItem -LiteralPath 'x' -Depth 2", old, "on Windows Server 2012: -Depth of Get-ChildItem is not available here"},
		{"Get-ChildItem -LiteralPath 'x' -Depth 2", current, ""},
		{"Get-WindowsFeature -Name 'NLB'", Target{Windows: []string{"2008R2"}}, ""},
		{"Install-WindowsFeature -Name 'NLB'", Target{Windows: []string{"2008R2", "2012"}}, "Install-WindowsFeature is not on Windows Server 2008R2"},
		{"Get-NetFirewallRule", Target{Windows: []string{"2008R2"}}, "Get-NetFirewallRule is not on Windows Server 2008R2"},
		{"Get-Item -LiteralPath 'x'\nGet-Thing -Name 'x'", Target{Windows: []string{"2008R2"}}, ""},
		{"Get-ChildItem -LiteralPath 'x' -File", Target{Windows: []string{"2008R2"}}, ""},
		{"Write-MbamRecoveryInformation", Target{Release: "2.5"}, ""},
		{"Read-ADTpmInformation -Server 'x'", Target{Release: "2.5"}, "Read-ADTpmInformation comes with MBAM 2.5 SP1, not with 2.5"},
		{"Read-ADTpmInformation -Server 'x'", Target{Release: "2.5 SP1"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.text+strings.Join(tt.target.Windows, ",")+tt.target.Release, func(t *testing.T) {
			var all []string
			for _, f := range check(t, tt.text, tt.target) {
				if f.Code == "PSB003" {
					all = append(all, f.Message)
				}
			}
			if got := strings.Join(all, "\n"); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestValid(t *testing.T) {
	tests := []string{
		"Get-Item -LiteralPath 'x' -ErrorAction Stop",
		"Get-ADUser -Server $dc -Identity $a -Properties ServicePrincipalNames",
		"Get-ADObject -Server $s -SearchBase '' -LDAPFilter $f | ForEach-Object { [string]$_.DistinguishedName }",
		"New-Object System.Text.UTF8Encoding $false",
		"New-Object PSObject -Property @{ A = 1 }",
		"Restart-Service -Name 'W3SVC' -Force -Confirm:$false -WhatIf:$WhatIfPreference",
		"Get-Service -Name 'W3SVC' | Restart-Service",
		"Get-Service -Name 'a', 'b'",
		"New-NetFirewallRule -DisplayName 'x' -Direction Inbound -Action Allow -Protocol TCP -LocalPort 80, 443 -Enabled True -Profile Domain, Private",
		"$p = @{ DisplayName = 'x'; Direction = 'Inbound'; LocalPort = @('80', '443') }\n$p.Action = 'Allow'\nNew-NetFirewallRule @p -Enabled True",
		"$p = @{ ComplianceAndAudit = $true; ConnectionString = 'x'; AccessAccount = 'D\\a'; ReportAccount = 'D\\r'; WhatIf = $WhatIfPreference }\nEnable-MbamDatabase @p",
		"Test-MbamReport -SsrsInstance 'MSSQLSERVER' -ComplianceAndAuditDBConnectionString 'x' -ComplianceAndAuditDBCredential $c -ReportsReadOnlyAccessGroup 'D\\g'",
		"Get-MbamReport",
		"Get-NlbCluster -HostName 'NLB1'",
		"Get-ChildItem -LiteralPath 'Cert:\\LocalMachine\\My' -DnsName 'x'",
		"Get-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\x' -Name 'y'",
		"Set-ItemProperty -LiteralPath 'HKLM:\\SOFTWARE\\x' -Name 'y' -Value 1 -Type DWord",
		"Get-Thing 'x' 3 -Force",
		"Get-Thing -Name $x -Count (1 + 2)",
		"Set-Thing -Name 'x' -Kind A -WhatIf:$WhatIfPreference -ErrorAction Stop",
		"$exe = Join-Path $env:SystemRoot 'System32\\setspn.exe'\n$r = Invoke-Native $exe @('-Q', 'http/x')",
		"$exe = '{0}\\System32\\setspn.exe' -f $env:SystemRoot\n$r = Invoke-Native -Path $exe -Argument @('-Q', 'http/x')",
		"$r = Invoke-Native 'C:\\Windows\\System32\\secedit.exe' @('/export')",
		"& { 'x' }",
		"@(1..3) | Sort-Object -Descending | Select-Object -First 1",
		"Install-WindowsFeature -Name 'NLB', 'RSAT-NLB' -WhatIf:$WhatIfPreference",
		"Enable-SqlAlwaysOn -ServerInstance 'SQL1' -NoServiceRestart -Confirm:$false",
	}
	for _, text := range tests {
		t.Run(text, func(t *testing.T) {
			if got := check(t, text, Target{Windows: []string{"2012R2", "2016", "2019", "2022"}, Release: "2.5 SP1"}); len(got) != 0 {
				t.Errorf("unexpected %v", got)
			}
		})
	}
}

func TestModels(t *testing.T) {
	for _, name := range []string{"model-spn.ps1", "model-machinekey.ps1"} {
		src, err := os.ReadFile("../contract/testdata/clean/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Check(psverify.Parse(src), Target{Windows: WindowsVersions[1:], Release: "2.5 SP1"})
		if err != nil || len(got) != 0 {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
}

func TestOldNames(t *testing.T) {
	if got := check(t, "Add-WindowsFeature -Name 'NLB'", Target{Windows: []string{"2008R2"}}); len(got) != 0 {
		t.Errorf("on 2008 R2: %v", got)
	}
	if got := check(t, "Add-WindowsFeature -Name 'NLB'", Target{Windows: []string{"2008R2", "2012"}}); len(got) != 1 || got[0].Code != "PSB002" {
		t.Errorf("on 2008 R2 and 2012: %v", got)
	}
}

func TestNativeChanges(t *testing.T) {
	tests := []struct {
		program, arguments string
		want               bool
	}{
		{"setspn.exe", "@('-L', $a)", false},
		{"setspn.exe", "@('-T', 'x', '-F', '-Q', $a)", false},
		{"setspn.exe", "@('-U', '-S', $a, $b)", true},
		{"setspn.exe", "@('-d', $a, $b)", true},
		{"setspn.exe", "$list", true},
		{"vssadmin.exe", "@('list', 'writers')", false},
		{"vssadmin.exe", "@('delete', 'shadows')", true},
		{"netsh.exe", "@('http', 'show', 'sslcert')", false},
		{"netsh.exe", "@('http', 'add', 'urlacl')", true},
		{"diskshadow.exe", "@('/s', $f)", true},
		{"sqlcmd.exe", "@('-S', $s, '-Q', 'SET NOCOUNT ON; SELECT name FROM sys.databases')", false},
		{"sqlcmd.exe", "@('-Q', 'SELECT 1; DROP DATABASE x')", true},
		{"sqlcmd.exe", "@('-i', $f)", true},
		{"dsacls.exe", "@($dn, '/A')", false},
		{"dsacls.exe", "@($dn)", true},
		{"dsacls.exe", "@($dn, '/G', $ace)", true},
		{"format.exe", "@('c:')", true},
	}
	for _, tt := range tests {
		t.Run(tt.program+" "+tt.arguments, func(t *testing.T) {
			f := psverify.Parse([]byte("$exe = Join-Path $env:SystemRoot 'System32\\" + tt.program + "'\r\nInvoke-Native $exe " + tt.arguments + "\r\n"))
			for _, c := range f.Commands {
				if c.Name == nativeHelper {
					if got := NativeChanges(f, c); got != tt.want {
						t.Errorf("got %t", got)
					}
					return
				}
			}
			t.Error("no call found")
		})
	}
}

func TestTableBytes(t *testing.T) {
	table, err := Commands()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := table.Bytes(); err != nil || string(got) != string(embedded) {
		t.Errorf("the table does not come back as it was read (%v): run cmd/maketable", err)
	}
	if _, err := Load([]byte(`{"schema":2}`)); err == nil {
		t.Error("a table of another schema was read")
	}
	if _, err := Load([]byte(`{"schema":1,"other":1}`)); err == nil {
		t.Error("an unknown key was read")
	}
}
