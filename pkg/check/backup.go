package check

import (
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// How the databases are backed up.
var backupRules = []Rule{
	{
		Code: "MBP2001", Title: "the interval of log backups is one that SQL Server Agent keeps", Severity: diag.Error, Firm: true, Sources: []string{"sql-agent-schedule"},
		Why: "A daily schedule of SQL Server Agent repeats every so many minutes or every so many whole hours. Another interval would end in " +
			"the middle of the day, and the job would not be what the plan says.",
		Fix:     "Write 1 to 59 minutes, or whole hours up to 720 minutes.",
		Example: Example{Edits: []string{"backup: {", "backup: {logMinutes: 90, "}},
		Find: func(c *Context) {
			if c.Backup.Folder == "" {
				return
			}
			if _, _, err := farm.LogInterval(c.Backup.LogEvery); err != nil {
				c.Report("backup.logMinutes", "write 15, or 60 for an hour", "logMinutes: %v", err)
			}
		},
	},
	{
		Code: "MBP2002", Title: "backups outlive the server that took them", Severity: diag.Warning, Sources: []string{"sql-ag-backup", "general-practice"},
		Why: "The job writes where the database is at that moment. With a folder on a local drive the log chain is torn over the servers after " +
			"the first failover, and what the lost server took is lost with it; a failover cluster instance finds no such folder on its " +
			"other node. A folder on the drive of the data is gone when that drive is.",
		Fix:     "Write a share that every instance reaches, on a server that holds no copy.",
		Example: Example{Edits: []string{`folder: \\fs1.contoso.com\mbam-backup`, `folder: D:\mbam-backup`}},
		Find: func(c *Context) {
			folder := c.Backup.Folder
			if folder == "" || strings.HasPrefix(folder, `\\`) {
				return
			}
			for _, d := range c.Databases() {
				p := d.Placement
				if all := p.All(); len(all) > 1 || p.Primary().Clustered() {
					c.ReportAt("backup.folder", `write a share, as \\server\share`, placementPath(p, "kind"), "the servers", "backups of %q go to %q of whichever server it is on", d.Name, folder)
					return
				}
				for _, path := range []string{p.Primary().Data, p.Primary().Log} {
					if path != "" && strings.EqualFold(path[:2], folder[:2]) {
						c.Report("backup.folder", "write a share, or another drive", "backups go to %q, the drive of %q, which holds %q", folder, path, d.Name)
						return
					}
				}
			}
		},
	},
	{
		Code: "MBP2003", Title: "somebody backs up the log", Severity: diag.Warning, Sources: []string{"mbam-move", "sql-ag-prereqs"},
		Why: "An availability group and a mirrored pair need the full recovery model. Its log is cut back by log backups only: without them " +
			"it grows until the drive is full, and then no client can store a key.",
		Fix:     "Write backup.folder for jobs of SQL Server Agent, or backup.by with who does it otherwise.",
		Example: Example{Edits: []string{`folder: \\fs1.contoso.com\mbam-backup, `, ""}},
		Find: func(c *Context) {
			if c.Backup.Folder != "" || c.Backup.By != "" {
				return
			}
			for _, p := range c.Placements {
				if (p.AG() || p.Mirroring()) && !p.Existing && len(p.Databases) > 0 {
					c.Report(decode.Child("placements", p.Name), "write backup.folder, or backup.by", "placement %q puts its databases into the full recovery model, and nobody is said to back up their logs", p.Name)
				}
			}
		},
	},
}
