// Package farm is a simulated farm: a directory, machines, and what is on them, with the rules that the real ones have as far as
// our references tell them. Each rule names its source. A Session is somebody at a machine who starts scripts; it is the host that
// package pwsh asks for everything outside a script. What the simulation does not know is unknown to the script's run too, which ends it:
// nothing is answered by a guess.
package farm

import (
	"fmt"
	"strings"
	"time"
)

// A Farm is the whole simulated world. It is changed by scripts alone once it is set up.
type Farm struct {
	Directory   *Directory
	Cluster     *Cluster            // nil without one
	Machines    map[string]*Machine // by NetBIOS name in upper case
	Clock       time.Time
	fileServers *Files // which every machine sees
	databases   *databases
	balancer    *balancer
	policies    *policies
	behind      map[string][]string // machines behind an address that no adapter has
	random      uint64
}

// New makes a farm with a directory and no machines.
func New(dns, netBIOS string) *Farm {
	f := &Farm{Machines: map[string]*Machine{}, fileServers: newFiles(), Clock: time.Date(2026, 3, 14, 20, 0, 0, 0, time.UTC)}
	f.Directory = newDirectory(f, dns, netBIOS)
	f.databases, f.balancer, f.policies = newDatabases(), newBalancer(), newPolicies()
	return f
}

// guid makes the next of an endless row of distinct identifiers.
func (f *Farm) guid() string {
	f.random++
	return fmt.Sprintf("%08x-5eed-4000-8000-%012x", f.random, f.random*2654435761)
}

// A Machine is one Windows computer of the domain.
type Machine struct {
	Name    string // NetBIOS, upper case
	FQDN    string
	Windows string // "2012 R2", "2016" …
	Files   *Files
	Modules map[string]bool // PowerShell modules that are installed, by name in lower case
	// ModulePath is PSModulePath of the machine; SearchPath are the folders of PATH.
	ModulePath string
	SearchPath []string
	// SetupCode is what the next set-ups end with, 0 or a demand for a restart.
	SetupCode int
	// ClockBehind is by how much the clock of the machine is behind the domain's.
	ClockBehind time.Duration
	system      *system
	web         *web
	mbam        *mbam
	farm        *Farm
}

// AddMachine joins a computer to the domain.
func (f *Farm) AddMachine(name, windows string) *Machine {
	m := &Machine{
		Name: strings.ToUpper(name), FQDN: strings.ToLower(name) + "." + f.Directory.DNS, Windows: windows, Files: newFiles(),
		Modules: map[string]bool{}, system: newSystem(), web: newWeb(), mbam: newMbam(), farm: f,
	}
	m.Files.shares, m.Files.clock = f.fileServers, &f.Clock
	m.Files.folder(`C:\ProgramData`, "S-1-5-18", nil)
	m.Files.folder(`C:\Program Files`, "S-1-5-18", nil)
	m.Files.folder(`C:\Windows\System32`, "S-1-5-18", nil)
	m.Files.write(`C:\Windows\System32\setspn.exe`, []byte("MZ"))
	m.windows()
	f.Machines[m.Name] = m
	// Joining registers the computer's own names; HOST stands for http too (windows.md, setspn: the mapping of services to HOST).
	f.Directory.add(&Entry{
		Class: "computer", Name: m.Name + "$", DN: "CN=" + m.Name + ",CN=Computers," + f.Directory.DN, Flags: workstation,
		SPNs: []string{"HOST/" + m.Name, "HOST/" + m.FQDN},
	})
	return m
}
