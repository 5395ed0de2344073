package farm

import (
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// A sqlRunner runs a file of T-SQL on a server as sqlcmd does.
type sqlRunner interface {
	RunSQL(s *Session, server, file string, data []byte, vars map[string]string) (out []string, code int, err error)
}

// sqlcmdProgram is sqlcmd with the switches that our runner gives. Switches that take a value have it as the next argument (sql-ha.md).
func sqlcmdProgram(s *Session, name string, args []string) ([]string, int, bool) {
	if name != "sqlcmd.exe" {
		return nil, 0, false
	}
	given := map[string]string{}
	for i := 0; i < len(args); i++ {
		switch a := args[i]; a {
		case "-S", "-d", "-l", "-w", "-f", "-i":
			i++
			if i == len(args) {
				return []string{"Sqlcmd: '" + a + "': Missing argument. Enter '-?' for help."}, 1, true
			}
			given[a] = args[i]
		case "-E", "-b", "-I", "-C", "-x", "-X":
			given[a] = "yes"
		default:
			return []string{"Sqlcmd: '" + a + "': Unknown Option. Enter '-?' for help."}, 1, true
		}
	}
	if given["-S"] == "" || given["-i"] == "" || given["-b"] == "" || given["-E"] == "" || given["-d"] != "master" {
		return nil, 0, false
	}
	data, ok := s.Machine.Files.Read(given["-i"])
	if !ok {
		return []string{"Sqlcmd: '" + given["-i"] + "': Invalid filename."}, 1, true
	}
	vars := map[string]string(nil)
	if given["-x"] == "" {
		vars = map[string]string{}
		for k, v := range s.env {
			vars[strings.ToUpper(k)] = v
		}
	}
	runner, ok := any(s.Machine.farm).(sqlRunner)
	if !ok {
		pwsh.Unknown("SQL Server")
	}
	out, code, err := runner.RunSQL(s, given["-S"], given["-i"], data, vars)
	if err != nil {
		pwsh.Unknown("%v", err)
	}
	return out, code, true
}
