package check

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
)

var (
	timeOfDay = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([01]?[0-9]|2[0-3]):[0-5][0-9]$`) })
	// bindAddress is what HAProxy takes behind bind as far as a plan needs it: an IPv4 address or *, and a port.
	bindAddress = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(\*|[0-9]{1,3}(\.[0-9]{1,3}){3})?(:[0-9]{1,5})?$`) })
	volume      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z]:\\?$`) })
)

// iisRefuses are the characters that IIS Manager refuses in the path of an application, and those of file names.
const iisRefuses = `\/?;:@&=+$,|"<>*%#`

// textRules are about texts that people write as they like. Quoting carries nearly everything; what some language has no
// escape for is refused here, where the topology has a line for it.
var textRules = []Rule{
	{
		Code: "MBP1601", Title: "a text can be written into the files that it goes to", Severity: diag.Error, Firm: true, Sources: []string{"general-practice"},
		Covers: []string{"SQL-R39", "WIN-T113"},
		Why: "Every value is quoted for the language of its file, and nearly every character comes out as itself. Some have no escape: " +
			"SQL Server Agent and sqlcmd take $( for a variable, certreq takes % for one, and a line break ends a line of a script.",
		Fix:     "Choose a text without the character that the finding names.",
		Example: Example{Edits: []string{"template: WebServerClientAuth", "template: 100% Web"}},
		Find: func(c *Context) {
			// Everything that goes into a T-SQL file: people run those with sqlcmd by hand, too.
			for _, d := range c.Databases() {
				c.fits("databases."+d.Key+".name", d.Name, quote.SQLCmdSafe)
			}
			for _, p := range c.Placements {
				c.fits(placementPath(p, "kind"), p.Name, quote.SQLCmdSafe)
				c.fits(placementPath(p, "backupShare"), p.BackupShare, quote.SQLCmdSafe)
				c.fits(placementPath(p, "endpoint.name"), p.EndpointName, quote.SQLCmdSafe)
			}
			for _, i := range c.Instances {
				c.fits(instancePath(i, "serviceAccount"), i.Service, quote.SQLCmdSafe)
				if i.Service != "" {
					c.fits(instancePath(i, "serviceAccount"), i.Service, judge(quote.SQLName)) // its login has the domain in its name
				}
				c.fits(instancePath(i, "data"), i.Data, quote.SQLCmdSafe)
				c.fits(instancePath(i, "log"), i.Log, quote.SQLCmdSafe)
			}
			for _, a := range c.everyAccount() {
				c.fits(a.path, a.Name, quote.SQLCmdSafe)
			}
			c.fits("domain.netbios", c.Domain.NetBIOS, quote.SQLCmdSafe)
			c.fits("backup.folder", c.Backup.Folder, quote.SQLCmdSafe)
			for i, w := range c.Webs {
				if w.Certificate != nil {
					c.fits(webPath(i, "certificate.template"), w.Certificate.Template, judge(quote.INFString))
				}
				c.fits(webPath(i, "portal.companyName"), w.Portal.Company, judge(quote.PS))
				c.fits(webPath(i, "portal.helpdeskText"), w.Portal.HelpdeskText, judge(quote.PS))
			}
		},
	},
	{
		Code: "MBP1602", Title: "a time, an address, a volume and a virtual directory have their form", Severity: diag.Error, Firm: true, Sources: []string{"general-practice"},
		Covers: []string{"WIN-T02"},
		Why: "The schedule of the backup job, the configuration of HAProxy, the shadow copy test and the applications of IIS are made from these values. " +
			"Another form stops the one that runs them, or is passed over.",
		Fix:     "Write a time as 22:00, an address to listen on as 10.1.0.60 or *, with :443 behind it if need be, a volume as E:, a directory as HelpDesk.",
		Example: Example{Edits: []string{"backup: {", `backup: {fullAt: "10 pm", `}},
		Find: func(c *Context) {
			if t := c.Backup.Full; t != "" && !timeOfDay().MatchString(t) {
				c.Report("backup.fullAt", "write hours and minutes, as 22:00", "fullAt: %q is no time of the day", t)
			}
			if v := c.Backup.VSSVolume; v != "" && !volume().MatchString(v) {
				c.Report("backup.vssVolume", "write a drive letter with a colon, as E:", "vssVolume: %q is no volume", v)
			}
			for i := range c.File.Web.Farms {
				w := &c.File.Web.Farms[i]
				for _, dir := range []struct{ key, value string }{{"helpDeskDirectory", w.HelpDesk}, {"selfServiceDirectory", w.SelfService}} {
					if strings.ContainsAny(dir.value, iisRefuses) || strings.HasSuffix(dir.value, ".") || strings.Trim(dir.value, " ") != dir.value {
						c.Report(webPath(i, dir.key), "use letters, digits, hyphens and blanks", "%s: %q is no name of an IIS application; these cannot stand in one, nor a blank at its ends: %s", dir.key, dir.value, iisRefuses)
					}
				}
				if b := w.Balancer; b != nil && b.Bind != "" && !bindAddress().MatchString(b.Bind) {
					c.Report(webPath(i, "balancer.bind"), "write an IPv4 address or *, with a port behind a colon if need be", "bind: %q is no address to listen on", b.Bind)
				}
			}
		},
	},
	{
		Code: "MBP1603", Title: "MBAM's databases are none of SQL Server's own", Severity: diag.Error, Firm: true, Sources: []string{"general-practice"},
		Covers: []string{"SQL-R40"},
		Why: "master, model, msdb, tempdb, distribution and the databases of Reporting Services belong to SQL Server. They cannot be in an availability " +
			"group, and MBAM's tables, recovery model and logins have no place in them.",
		Fix:     "Choose another name, or leave name out for MBAM's own.",
		Example: Example{Edits: []string{"  compliance: MBAM-AG", "  compliance: {placement: MBAM-AG, name: master}"}},
		Find: func(c *Context) {
			for _, d := range c.Databases() {
				if slices.ContainsFunc(systemDatabases, func(s string) bool { return strings.EqualFold(s, d.Name) }) {
					c.Report("databases."+d.Key+".name", "choose another name", "%q is a database of SQL Server itself", d.Name)
				}
			}
		},
	},
	{
		Code: "MBP1604", Title: "the secrets file lies beside the topology or below it", Severity: diag.Error, Firm: true, Sources: []string{"general-practice"},
		Covers: []string{"G-23"},
		Why: "Topology files pass from hand to hand. One that names a secrets file elsewhere makes a render read, or make, a file that its author chose: " +
			"keys that somebody else knows, or a file where none belongs. Whoever renders names such a file with --secrets.",
		Fix:     "Write a relative path without .. that ends in .secrets.yaml, or leave it out and name the file with --secrets.",
		Example: Example{Edits: []string{"hosts:\n", "secrets: ../other/farm.secrets.yaml\nhosts:\n"}},
		Find: func(c *Context) {
			if s := c.File.Secrets; s != "" && !localSecrets(s) {
				c.Report("secrets", "write a relative path without .. that ends in .secrets.yaml, or use --secrets",
					"%q is no path of a secrets file beside this file or below it", s)
			}
		},
	},
	{
		Code: "MBP1605", Title: "a database that is made can give its name to its files", Severity: diag.Error, Firm: true, Sources: []string{"sql-database-name", "general-practice"},
		Why: "MBAM's set-up creates the databases, and SQL Server makes the names of their files from the name of the database. A file cannot have these " +
			"characters in its name, and behind a colon Windows writes into a stream that no list of files shows. The copies on the other servers lie under the same names.",
		Fix:     `Choose a name without \ / : * ? " < > | #, which is no device of Windows, or leave name out for MBAM's own.`,
		Example: Example{Edits: []string{"  compliance: MBAM-AG", `  compliance: {placement: MBAM-AG, name: "MBAM: Compliance"}`}},
		Find: func(c *Context) {
			for _, d := range c.Databases() {
				if !d.Existing && (strings.ContainsAny(d.Name, fileRefuses) || strings.HasSuffix(d.Name, ".") || device().MatchString(d.Name)) {
					c.Report("databases."+d.Key+".name", "choose another name",
						"%q cannot be the name of a file, and SQL Server names the files of a database after it; these cannot stand in it: %s", d.Name, fileRefuses)
				}
			}
		},
	},
}

// fileRefuses are the characters that Microsoft keeps out of the name of a new database, and the backslash, which parts folders.
const fileRefuses = `\/:*?"<>|#`

// localSecrets tells whether a path stays in its folder on every system, whichever slash it is written with, and names a
// secrets file. It is stricter than filepath.IsLocal: no part is "..", and none is a device or a stream on Windows.
func localSecrets(p string) bool {
	if !strings.HasSuffix(p, ".secrets.yaml") || strings.ContainsAny(p, ":\x00") {
		return false
	}
	for part := range strings.SplitSeq(strings.ReplaceAll(p, `\`, "/"), "/") {
		if strings.Trim(part, ". ") == "" || device().MatchString(part) {
			return false
		}
	}
	return true
}

// device matches what Windows takes for a device, with any extension (Microsoft, Naming Files, Paths, and Namespaces).
var device = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`)
})

// systemDatabases are the databases that SQL Server and Reporting Services make for themselves.
var systemDatabases = []string{"master", "model", "msdb", "tempdb", "mssqlsystemresource", "distribution", "ReportServer", "ReportServerTempDB"}

func judge(f func(string) (string, error)) func(string) error {
	return func(s string) error {
		_, err := f(s)
		return err
	}
}

// fits reports a value that a language cannot carry.
func (c *Context) fits(path, value string, ok func(string) error) {
	if err := ok(value); err != nil {
		c.Report(path, "choose a text without it", "%s cannot be rendered: %v", path, err)
	}
}
