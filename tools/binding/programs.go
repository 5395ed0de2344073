package binding

import (
	"regexp"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// nativeHelper is the function of the frame that starts programs; it tests the path, passes an array and keeps the exit
// code.
const nativeHelper = "Invoke-Native"

// A Program is a program that scripts may start.
type Program struct {
	// Reads are arguments that make a call one that only reads. None means that there is no such argument.
	Reads []string

	// Changes are arguments that make a call one that changes something. With Reads empty, a call without any of them
	// only reads; with both empty every call changes something.
	Changes []string
}

// programs are the programs that scripts may start, with their file name in lower case.
var programs = map[string]Program{
	"appcmd.exe":          {Reads: []string{"list"}},
	"aspnet_regiis.exe":   {},
	"aspnetmvc4setup.exe": {},
	"auditpol.exe":        {Reads: []string{"/get", "/list"}, Changes: []string{"/set", "/clear", "/remove", "/restore"}},
	"certreq.exe":         {},
	"certutil.exe":        {Reads: []string{"-verify", "-dump", "-store", "-ping", "-url", "-catemplates"}, Changes: []string{"-addstore", "-delstore", "-importpfx", "-repairstore", "-f"}},
	"dcdiag.exe":          {Changes: []string{"/fix"}},
	"diskshadow.exe":      {},
	"dsacls.exe":          {Changes: []string{"/g", "/d", "/r", "/s", "/n", "/p", "/i"}},
	"gpresult.exe":        {},
	"gpupdate.exe":        {},
	"icacls.exe":          {Changes: []string{"/grant", "/grant:r", "/deny", "/remove", "/remove:g", "/remove:d", "/setowner", "/inheritance:e", "/inheritance:d", "/inheritance:r", "/reset", "/restore", "/save", "/substitute", "/setintegritylevel"}},
	"iisreset.exe":        {Reads: []string{"/status"}},
	"klist.exe":           {Changes: []string{"purge", "purge_bind", "add_bind"}},
	"manage-bde.exe":      {Reads: []string{"-status"}},
	"mbamserversetup.exe": {},
	"msiexec.exe":         {},
	"netsh.exe":           {Reads: []string{"show"}, Changes: []string{"add", "set", "delete", "reset", "import", "exec"}},
	"nlb.exe":             {Reads: []string{"query", "queryport", "display", "params"}},
	"nltest.exe":          {Reads: []string{"/query", "/dclist", "/dsgetdc", "/dsgetsite", "/domain_trusts"}},
	"reg.exe":             {Reads: []string{"query"}},
	"repadmin.exe":        {Reads: []string{"/showrepl", "/replsummary", "/showobjmeta", "/queue", "/showutdvec"}},
	"rskeymgmt.exe":       {},
	"sc.exe":              {Reads: []string{"query", "queryex", "qc", "qsidtype", "sdshow", "qfailure"}},
	"secedit.exe":         {Reads: []string{"/export", "/validate"}, Changes: []string{"/configure", "/import", "/refreshpolicy"}},
	"setspn.exe":          {Changes: []string{"-s", "-a", "-d", "-r"}},
	"sqlcmd.exe":          {},
	"vssadmin.exe":        {Reads: []string{"list"}},
	"w32tm.exe":           {Reads: []string{"/query", "/stripchart", "/monitor"}},
	"wevtutil.exe":        {Reads: []string{"qe", "gl", "gli", "el", "ep"}},
	"whoami.exe":          {Reads: []string{"/user", "/groups", "/priv", "/all"}},
}

// isProgram tells whether a command name is that of a program.
func isProgram(name string) bool {
	name = strings.ToLower(name)
	if _, ok := programs[name]; ok {
		return true
	}
	if _, ok := programs[name+".exe"]; ok {
		return true
	}
	return strings.ContainsAny(name, `\/`) || slices.ContainsFunc([]string{".exe", ".com", ".cmd", ".bat", ".msi", ".vbs"}, func(s string) bool { return strings.HasSuffix(name, s) })
}

// native checks the program that a call of Invoke-Native starts.
func (k *checker) native(c *psverify.Command) {
	names, reason := programNames(k.file, c)
	if reason != "" {
		k.report(c.Node, "PSB014", "%s", reason)
	}
	for _, name := range names {
		// A servicing release of MBAM has a name of its own, as mbam2.5-server-kb4586232.exe; the topology gives its path.
		if _, ok := programs[name]; !ok && !strings.HasPrefix(name, "mbam") {
			k.report(c.Node, "PSB014", "%s is not on the list of programs", name)
		}
	}
}

// NativeChanges tells whether a call of Invoke-Native may change something: by the program and by the literal words
// among its arguments. What cannot be followed counts as a change.
func NativeChanges(f *psverify.File, c *psverify.Command) bool {
	names, reason := programNames(f, c)
	if reason != "" {
		return true
	}
	words, ok := argumentWords(f, c)
	for _, name := range names {
		p, known := programs[name]
		if !known || !ok || p.changes(name, words) {
			return true
		}
	}
	return false
}

// selects matches a query that only reads.
var selects = regexp.MustCompile(`(?is)^\s*(?:SET NOCOUNT ON\s*;\s*)?SELECT\b`)

// intoTable matches the parts of a query that change something nevertheless.
var intoTable = regexp.MustCompile(`(?i)\b(?:INTO|INSERT|UPDATE|DELETE|MERGE|DROP|ALTER|CREATE|EXEC|EXECUTE|GRANT|REVOKE|DENY|BACKUP|RESTORE)\b`)

// OnlySelects tells whether a query is one SELECT that changes nothing.
func OnlySelects(query string) bool {
	return selects.MatchString(query) && !intoTable.MatchString(query)
}

func (p Program) changes(name string, words []string) bool {
	has := func(list []string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			return slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, w) })
		})
	}
	if name == "sqlcmd.exe" {
		for i, w := range words {
			if (w == "-Q" || w == "-q") && i+1 < len(words) {
				return !OnlySelects(words[i+1])
			}
		}
		return true
	}
	switch {
	case len(p.Reads) == 0 && len(p.Changes) == 0:
		return true
	case len(p.Reads) == 0:
		return has(p.Changes)
	}
	return !has(p.Reads) || has(p.Changes)
}

// argument finds an argument of a call of Invoke-Native by name or position.
func argument(c *psverify.Command, name string, position int) (psverify.Value, bool) {
	named, positional := c.Bind(func(string) bool { return false })
	taken := 0
	for _, a := range named {
		if strings.EqualFold(a.Name, name) {
			return a.Value, true
		}
		if strings.EqualFold(a.Name, "Path") {
			taken = 1
		}
	}
	if i := position - taken; i >= 0 && i < len(positional) {
		return positional[i], true
	}
	return psverify.Value{}, false
}

// argumentWords are the literal words among the arguments of a call of Invoke-Native.
func argumentWords(f *psverify.File, c *psverify.Command) ([]string, bool) {
	v, ok := argument(c, "Argument", 1)
	if !ok {
		return nil, true
	}
	values := []psverify.Value{v}
	if v.Kind == psverify.Variable {
		values = nil
		for _, a := range assignments(f, c, v.Literal) {
			if !a.Whole {
				return nil, false
			}
			values = append(values, a.Value)
		}
	}
	var words []string
	for _, v := range values {
		switch v.Kind {
		case psverify.List:
			for _, item := range v.Items {
				// A value has a place of its own in the list, so that words keep their neighbours.
				words = append(words, item.Literal)
				if item.Kind != psverify.Literal {
					words[len(words)-1] = ""
				}
			}
		case psverify.Literal:
			words = append(words, v.Literal)
		default:
			return nil, false
		}
	}
	return words, len(values) > 0
}

// assignments are those of a variable that a call sees: of its function, else of the script.
func assignments(f *psverify.File, c *psverify.Command, variable string) []*psverify.Assignment {
	for fn := c.Function; ; fn = fn.Outer {
		var out []*psverify.Assignment
		for _, a := range f.Assignments {
			if a.Variable == variable && a.Function == fn {
				out = append(out, a)
			}
		}
		if len(out) > 0 || fn == nil {
			return out
		}
	}
}

var absolute = regexp.MustCompile(`^(?:[A-Za-z]:\\|\\\\|\{0\}\\)`)

// programNames are the file names, in lower case, of the programs that a call of Invoke-Native may start; the reason
// says why they are not known or not given by a full path.
func programNames(f *psverify.File, c *psverify.Command) (names []string, reason string) {
	v, ok := argument(c, "Path", 0)
	if !ok {
		return nil, nativeHelper + " without a program"
	}
	var nodes []*psverify.Node
	if v.Kind == psverify.Variable {
		for _, a := range assignments(f, c, v.Literal) {
			nodes = append(nodes, a.Value.Node)
		}
		if len(nodes) == 0 && f.Param != nil {
			for _, p := range f.Param.Parameters {
				if strings.EqualFold(p.Name, v.Literal) && p.Default != nil {
					nodes = append(nodes, p.Default.Parent)
				}
			}
		}
	} else {
		nodes = append(nodes, v.Node)
	}
	for _, n := range nodes {
		if n == nil {
			continue
		}
		variable := false
		for part := range n.All() {
			switch part.Kind {
			case "variable", "braced_variable":
				variable = true
			}
		}
		for part := range n.All() {
			if part.Kind != "string_literal" {
				continue
			}
			text := psverify.ValueOf(part).Literal
			if !strings.HasSuffix(strings.ToLower(text), ".exe") {
				continue
			}
			name := strings.ToLower(text[strings.LastIndexAny(text, `\/`)+1:])
			if !variable && !absolute.MatchString(text) {
				return nil, name + " is not given by a full path"
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return nil, "the program behind " + v.Text() + " cannot be told: assign it a full path that ends in a literal file name"
	}
	return names, ""
}
