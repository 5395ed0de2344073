package farm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/quote"
)

// DatabasesOn returns the databases of which the instance holds a copy, compliance first.
func (f *Farm) DatabasesOn(i *Instance) []*Database {
	var out []*Database
	for _, d := range f.Databases() {
		if slices.Contains(d.Placement.All(), i) {
			out = append(out, d)
		}
	}
	return out
}

// ShadowVolumes returns the drives that a shadow copy of the host must hold to hold its databases: the one that the topology
// names, and those of the data and log folders of its instances, each once: "E:", "F:". SQL Server's writer leaves a database
// out whose files are not all on the volumes of the set (win-diskshadow), so the drive of the log belongs to it. Without
// any of these nothing is known, and the list is empty.
func (f *Farm) ShadowVolumes(h *Host) []string {
	var out []string
	add := func(path string) {
		if len(path) < 2 || path[1] != ':' {
			return
		}
		if drive := strings.ToUpper(path[:2]); !slices.Contains(out, drive) {
			out = append(out, drive)
		}
	}
	for _, i := range h.Instances {
		if len(f.DatabasesOn(i)) > 0 {
			add(f.Backup.VSSVolume)
			add(i.Data)
			add(i.Log)
		}
	}
	return out
}

// BackupJob is one job of SQL Server Agent: one kind of backup of one database on one instance.
type BackupJob struct {
	Name     string // of the job: "mbamplan contoso full backup of compliance"
	Key      string // of the record: "contoso.compliance.full"
	Title    string // for people: "full backup of MBAM Compliance Status"
	Database *Database
	Full     bool
	Command  quote.SQL // text of its one step, which runs in master
	Unit     int       // freq_subday_type: 1 at the start time, 4 minutes, 8 hours
	Every    int       // freq_subday_interval; 0 with Unit 1
	Start    int       // active_start_time: hhmmss
}

// BackupSet is the name of the backup sets that the job writes, by which others tell them apart.
func (j BackupJob) BackupSet() string {
	if j.Full {
		return "mbamplan full"
	}
	return "mbamplan log"
}

// BackupJobs returns the jobs of an instance: for each database of which it holds a copy a daily full backup and a log
// backup every few minutes. The same jobs run on every instance with a copy; the text of their step decides whether this
// is the one that backs up now (sql-preferred-replica, sql-ag-backup):
//
//	availability group  sys.fn_hadr_backup_is_preferred_replica; a full backup on a secondary is COPY_ONLY, the only kind
//	                    that a secondary can take
//	mirroring           the principal, or a database that is not mirrored
//	others              always
//
// Each backup is a file of its own, named after instance, database and the time in UTC, which no change to summer time
// repeats; two backups of one second go into one file and none is overwritten. Nothing is ever deleted.
func (f *Farm) BackupJobs(i *Instance) ([]BackupJob, error) {
	start, err := clock(f.Backup.Full)
	if err != nil {
		return nil, fmt.Errorf("backup jobs of %s: fullAt: %w", i.Name, err)
	}
	unit, every, err := LogInterval(f.Backup.LogEvery)
	if err != nil {
		return nil, fmt.Errorf("backup jobs of %s: logMinutes: %w", i.Name, err)
	}
	var out []BackupJob
	for _, d := range f.DatabasesOn(i) {
		for _, full := range []bool{true, false} {
			j := BackupJob{Database: d, Full: full, Unit: 1, Start: start}
			kind := "full"
			if !full {
				kind, j.Unit, j.Every, j.Start = "log", unit, every, 0
			}
			j.Key = f.Name + "." + d.Key + "." + kind
			j.Name = "mbamplan " + f.Name + " " + kind + " backup of " + d.Key
			j.Title = kind + " backup of " + d.Name
			if j.Command, err = f.backupCommand(i, j); err != nil {
				return nil, fmt.Errorf("backup jobs of %s: %s: %w", i.Name, j.Title, err)
			}
			out = append(out, j)
		}
	}
	return out, nil
}

// LogWindow returns the minutes within which a log backup must have come, and within which a log backup by somebody else
// says that the log is backed up already: twice the planned interval, an hour at the least.
func (f *Farm) LogWindow() int { return max(60, 2*f.Backup.LogEvery) }

// backupFile is the constant part of the path of a job's files.
func (f *Farm) backupFile(i *Instance, j BackupJob) string {
	kind := "full"
	if !j.Full {
		kind = "log"
	}
	return strings.TrimRight(f.Backup.Folder, `\/`) + `\` + i.Folder() + "." + j.Database.Key + "." + kind + "."
}

func (f *Farm) backupCommand(i *Instance, j BackupJob) (quote.SQL, error) {
	name, file, set := quote.SQLIdent(j.Database.Name), quote.SQLLiteral(f.backupFile(i, j)), quote.SQLLiteral(j.BackupSet())
	var backup quote.SQL
	var err error
	p := j.Database.Placement
	switch {
	case !j.Full:
		backup, err = quote.SQLf("SET @file = @file + N'.trn'; BACKUP LOG %s TO DISK = @file WITH CHECKSUM, NOINIT, NAME = %s;", name, set)
	case p.AG():
		backup, err = quote.SQLf("SET @file = @file + N'.bak'; "+
			"IF @role = 2 BACKUP DATABASE %s TO DISK = @file WITH COPY_ONLY, CHECKSUM, NOINIT, NAME = %s; "+
			"ELSE BACKUP DATABASE %s TO DISK = @file WITH CHECKSUM, NOINIT, NAME = %s;", name, set, name, set)
	default:
		backup, err = quote.SQLf("SET @file = @file + N'.bak'; BACKUP DATABASE %s TO DISK = @file WITH CHECKSUM, NOINIT, NAME = %s;", name, set)
	}
	if err != nil {
		return quote.SQL{}, err
	}
	stamped, err := quote.SQLf("%s + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N'-' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N':', N'') + N'Z'", file)
	if err != nil {
		return quote.SQL{}, err
	}
	var command quote.SQL
	switch {
	case p.AG():
		command, err = quote.SQLf("DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = %s; "+
			"SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); "+
			"SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s "+
			"ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; SET @file = %s; "+
			"IF @turn = 1 BEGIN %s END; ELSE PRINT N'Not the turn of this server.';", quote.SQLLiteral(j.Database.Name), stamped, backup)
	case p.Mirroring():
		command, err = quote.SQLf("DECLARE @role tinyint, @file nvarchar(400); "+
			"SELECT @role = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(%s); SET @file = %s; "+
			"IF @role = 2 PRINT N'Not the turn of this server.'; ELSE BEGIN %s END;", quote.SQLLiteral(j.Database.Name), stamped, backup)
	default:
		command, err = quote.SQLf("DECLARE @file nvarchar(400); SET @file = %s; %s", stamped, backup)
	}
	if err != nil {
		return quote.SQL{}, err
	}
	// SQL Server Agent takes $( in the text of a step for one of its tokens, as sqlcmd does for a variable.
	return command, quote.SQLCmdSafe(command.String())
}

// clock turns hh:mm into hhmmss, the form of active_start_time (sql-agent-schedule).
func clock(s string) (int, error) {
	hours, minutes, ok := strings.Cut(s, ":")
	h, err := strconv.Atoi(hours)
	m, err2 := strconv.Atoi(minutes)
	if !ok || err != nil || err2 != nil || len(hours) > 2 || len(minutes) != 2 || h < 0 || h > 23 || m < 0 || m > 59 {
		return 0, fmt.Errorf("%q is no time of the day; write it as 22:00", s)
	}
	return h*10000 + m*100, nil
}

// LogInterval turns minutes between log backups into freq_subday_type and freq_subday_interval (sql-agent-schedule). Up to 59 they are minutes, whole hours are hours
// up to 12; a day must not end in the middle of an interval without saying so, hence nothing else is taken.
func LogInterval(minutes int) (unit, every int, err error) {
	switch {
	case minutes >= 1 && minutes < 60:
		return 4, minutes, nil
	case minutes >= 60 && minutes <= 720 && minutes%60 == 0:
		return 8, minutes / 60, nil
	default:
		return 0, 0, fmt.Errorf("%d is neither 1 to 59 minutes nor whole hours up to 720", minutes)
	}
}
