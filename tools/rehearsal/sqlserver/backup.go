package sqlserver

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A BackupSet is a backup in a file. It never changes.
type BackupSet struct {
	Type        string // D full, L log
	Server      string
	Database    string
	Name        string // "" for none
	CopyOnly    bool
	Checksum    bool
	First, Last int64
	Start, End  time.Time
	User        string

	family   string
	snapshot Database // options, files and contents as of Last
	damaged  bool
}

// A BackupRow is a row of msdb.dbo.backupset with its only media family.
type BackupRow struct {
	ID, MediaSet int
	Position     int
	Device       string
	*BackupSet
}

// A RestoreRow is a row of msdb.dbo.restorehistory.
type RestoreRow struct {
	ID, BackupID int
	Date         time.Time
	Database     string
	Type         string
}

// header begins a file; behind it stand the identifier of a medium and how many sets it holds.
const header = "Microsoft Tape Format, medium "

// operatingSystem is how the server words an error of the operating system.
func operatingSystem(code int) string {
	text := map[int]string{
		2: "The system cannot find the file specified.", 3: "The system cannot find the path specified.", 5: "Access is denied.",
		53: "The network path was not found.", 67: "The network name cannot be found.", 112: "There is not enough space on the disk.",
	}[code]
	if text == "" {
		text = "error not found"
	}
	return fmt.Sprintf("%d(%s)", code, text)
}

// device raises 3201 with 3013 behind it, as a device that cannot be opened does: both reach the console, @@ERROR holds the second.
func (s *Session) device(statement, path string, code int) {
	s.fail(3201, "Cannot open backup device '%s'. Operating system error %s.", path, operatingSystem(code))
	tsql.Raise(3013, "%s is terminating abnormally.", statement)
}

// terminate raises an error that ends a backup or restore, with 3013 behind it.
func (s *Session) terminate(statement string, number int, format string, args ...any) {
	s.fail(number, format, args...)
	tsql.Raise(3013, "%s is terminating abnormally.", statement)
}

// sets reads the backup sets of a file.
func (s *Session) sets(statement, path string) []*BackupSet {
	data, code := s.in.net.World.Read(s.in.Owner, s.in.wire(), path)
	if code != 0 {
		s.device(statement, path, code)
	}
	id, _, ok := strings.Cut(strings.TrimPrefix(string(data), header), ";")
	found := s.in.net.media[id]
	if !ok || found == nil {
		s.terminate(statement, 3241, "The media family on device '%s' is incorrectly formed. SQL Server cannot process this media family.", path)
	}
	return found
}

// backupOptions are what stands behind WITH.
type backupOptions struct {
	copyOnly, checksum, noRecovery, recovery bool
	name                                     string
	file                                     int
	move                                     map[string]string
}

func (s *Session) backupOptions(c *cursor) backupOptions {
	o := backupOptions{file: 1, move: map[string]string{}}
	if c.done() {
		return o
	}
	c.need("WITH")
	for {
		switch {
		case c.accept("COPY_ONLY"):
			o.copyOnly = true
		case c.accept("CHECKSUM"):
			o.checksum = true
		case c.accept("NOFORMAT"), c.accept("NOINIT"):
		case c.accept("STATS", "="):
			c.number()
		case c.accept("NAME", "="):
			o.name = c.text()
		case c.accept("FILE", "="):
			o.file = c.number()
		case c.accept("NORECOVERY"):
			o.noRecovery = true
		case c.accept("RECOVERY"):
			o.recovery = true
		case c.accept("MOVE"):
			logical := c.text()
			c.need("TO")
			o.move[strings.ToLower(logical)] = c.text()
		default:
			c.unknown()
		}
		if !c.accept(",") {
			break
		}
	}
	c.end()
	return o
}

// backup is BACKUP DATABASE and BACKUP LOG to one file.
func (s *Session) backup(c *cursor) {
	log := !c.accept("DATABASE")
	statement := "BACKUP DATABASE"
	if log {
		c.need("LOG")
		statement = "BACKUP LOG"
	}
	name := c.name()
	c.need("TO", "DISK", "=")
	path := c.text()
	o := s.backupOptions(c)
	d := s.in.Find(name)
	if d == nil {
		s.terminate(statement, 911, "Database '%s' does not exist. Make sure that the name is entered correctly.", name)
	}
	g := s.in.net.group(d.Group)
	replica := g != nil && s.in.net.role(g, s.in) != primary
	switch {
	case d.State == 1 && s.in.net.mirrorOf(s.in, d) != nil:
		s.terminate(statement, 954, "The database \"%s\" cannot be opened. It is acting as a mirror database.", d.Name)
	case d.State != 0:
		s.terminate(statement, 927, "Database '%s' cannot be opened. It is in the middle of a restore.", d.Name)
	case replica && g.Basic:
		s.terminate(statement, 3059, "This BACKUP or RESTORE command is not supported on a database mirror or secondary replica.")
	case replica && !log && !o.copyOnly:
		s.terminate(statement, 3059, "This BACKUP or RESTORE command is not supported on a database mirror or secondary replica.")
	case replica && s.in.net.syncState(g, d, s.in) == 0:
		s.terminate(statement, 35293, "Error in retrieving extended recovery forks from the primary replica. The extended-recovery-fork stack changed while being retrieved by the secondary replica. Retry the operation.")
	case log && d.Recovery == 3:
		s.terminate(statement, 4208, "The statement BACKUP LOG is not allowed while the recovery model is SIMPLE. Use BACKUP DATABASE or change the recovery model using ALTER DATABASE.")
	case log && d.chain == 0:
		s.terminate(statement, 4214, "BACKUP LOG cannot be performed because there is no current database backup.")
	}
	origin := d // a log backup of a secondary is a link of the one chain of all copies
	if replica {
		if p := s.in.net.Instance(g.Primary); p != nil && p.Find(d.Name) != nil {
			origin = p.Find(d.Name)
		}
	}
	var have []*BackupSet
	medium := ""
	if data, code := s.in.net.World.Read(s.in.Owner, s.in.wire(), path); code == 0 {
		have = s.sets(statement, path)
		medium, _, _ = strings.Cut(strings.TrimPrefix(string(data), header), ";")
	} else {
		s.in.net.medium++
		medium = strconv.Itoa(s.in.net.medium)
	}
	set := &BackupSet{
		Type: "D", Server: s.in.Name, Database: d.Name, Name: o.name, CopyOnly: o.copyOnly, Checksum: o.checksum, Start: s.Now(), User: s.user, family: d.family,
	}
	if log {
		set.Type, set.First, set.Last = "L", origin.chain, origin.lsn
	} else {
		set.First = d.lsn
		d.lsn += 1000
		set.Last = d.lsn
	}
	set.snapshot = *d
	set.snapshot.contents, set.snapshot.lsn = d.contents.clone(), set.Last
	if code := s.in.net.World.Write(s.in.Owner, s.in.wire(), path, []byte(fmt.Sprintf("%s%s; %d sets", header, medium, len(have)+1))); code != 0 {
		s.device(statement, path, code)
	}
	if log && !o.copyOnly {
		origin.chain, d.chain = set.Last, set.Last
		origin.lsn += 1000
	}
	if !log && !o.copyOnly && d.chain == 0 && d.Recovery != 3 {
		d.chain = set.First // from here on log backups can follow (1.10)
	}
	set.End = s.Now()
	s.in.net.media[medium] = append(append([]*BackupSet(nil), have...), set)
	s.record(set, path, len(have)+1)
	s.Print(fmt.Sprintf("%s successfully processed %d pages in 0.050 seconds (40.000 MB/sec).", statement, 330))
}

// record writes a backup set into msdb, as a backup and a restore do.
func (s *Session) record(set *BackupSet, path string, position int) *BackupRow {
	s.in.net.sets++
	row := &BackupRow{ID: s.in.net.sets, MediaSet: s.in.net.sets, Position: position, Device: path, BackupSet: set}
	s.in.Backups = append(s.in.Backups, row)
	return row
}

// set is the backup set that FILE = n means.
func (s *Session) set(statement, path string, n int) *BackupSet {
	sets := s.sets(statement, path)
	if n < 1 || n > len(sets) {
		s.terminate(statement, 3287, "The file ID %d on device '%s' is incorrectly formed and can not be read.", n, path)
	}
	if sets[n-1].damaged {
		s.terminate(statement, 3189, "Damage to the backup set was detected.")
	}
	return sets[n-1]
}

// restore is RESTORE DATABASE, LOG, VERIFYONLY and FILELISTONLY.
func (s *Session) restore(c *cursor) *tsql.Table {
	switch {
	case c.accept("VERIFYONLY", "FROM", "DISK", "="):
		path := c.text()
		o := s.backupOptions(c)
		set := s.set("VERIFY DATABASE", path, o.file)
		if o.checksum && !set.Checksum {
			s.terminate("VERIFY DATABASE", 3187, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
		}
		s.Print(fmt.Sprintf("The backup set on file %d is valid.", o.file))
	case c.accept("FILELISTONLY", "FROM", "DISK", "="):
		path := c.text()
		return s.fileList(s.set("RESTORE FILELIST", path, s.backupOptions(c).file))
	case c.accept("DATABASE"):
		name := c.name()
		if c.accept("WITH", "RECOVERY") {
			c.end()
			s.recover(name)
			return nil
		}
		c.need("FROM", "DISK", "=")
		path := c.text()
		s.restoreFull(name, path, s.backupOptions(c))
	case c.accept("LOG"):
		name := c.name()
		c.need("FROM", "DISK", "=")
		path := c.text()
		s.restoreLog(name, path, s.backupOptions(c))
	default:
		c.unknown()
	}
	return nil
}

// untouchable raises 3104 for a database that a group or a mirroring session holds.
func (s *Session) untouchable(statement string, d *Database) {
	if d.Group != "" || s.in.net.mirrorOf(s.in, d) != nil {
		s.terminate(statement, 3104, "RESTORE cannot operate on database '%s' because it is configured for database mirroring or has joined an availability group. If you intend to restore the database, use ALTER DATABASE to remove mirroring or to remove the database from its availability group.", d.Name)
	}
}

func (s *Session) restoreFull(name, path string, o backupOptions) {
	const statement = "RESTORE DATABASE"
	set := s.set(statement, path, o.file)
	old := s.in.Find(name)
	if old != nil {
		s.untouchable(statement, old)
		switch {
		case old.family != set.family || !strings.EqualFold(set.Database, name):
			s.terminate(statement, 3154, "The backup set holds a backup of a database other than the existing '%s' database.", name)
		case old.State == 0 && old.Recovery != 3:
			s.terminate(statement, 3159, "The tail of the log for the database \"%s\" has not been backed up. Use BACKUP LOG WITH NORECOVERY to backup the log if it contains work you do not want to lose. Use the WITH REPLACE or WITH STOPAT clause of the RESTORE statement to just overwrite the contents of the log.", name)
		case old.State == 0:
			s.terminate(statement, 3101, "Exclusive access could not be obtained because the database is in use.")
		}
	}
	switch {
	case set.Type != "D":
		s.terminate(statement, 3118, "The database \"%s\" does not exist. RESTORE can only create a database when restoring either a full backup or a file backup of the primary file.", name)
	case set.snapshot.Level > s.in.level():
		s.terminate(statement, 3169, "The database was backed up on a server running version %d. That version is incompatible with this server, which is running version %s.", set.snapshot.Level, s.in.ProductVersion)
	case set.snapshot.Encrypted:
		s.terminate(statement, 33111, "Cannot find server certificate with thumbprint '0x5EED'.")
	case o.checksum && !set.Checksum:
		s.terminate(statement, 3187, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
	}
	d := set.snapshot
	d.contents = set.snapshot.contents.clone()
	d.Files = append([]File(nil), d.Files...)
	for i, f := range d.Files {
		if to, ok := o.move[strings.ToLower(f.Logical)]; ok {
			d.Files[i].Physical = to
		}
		delete(o.move, strings.ToLower(f.Logical))
		physical := d.Files[i].Physical
		for _, other := range s.in.Databases {
			for _, held := range other.Files {
				if other != old && strings.EqualFold(held.Physical, physical) {
					s.fail(1834, "The file '%s' cannot be overwritten.  It is being used by database '%s'.", physical, other.Name)
					s.terminate(statement, 3156, "File '%s' cannot be restored to '%s'. Use WITH MOVE to identify a valid location for the file.", f.Logical, physical)
				}
			}
		}
		if _, folder, _ := s.in.net.World.Look(s.in.Owner, s.in.wire(), folderOf(physical)); !folder {
			s.fail(5133, "Directory lookup for the file \"%s\" failed with the operating system error %s.", physical, operatingSystem(2))
			s.terminate(statement, 3156, "File '%s' cannot be restored to '%s'. Use WITH MOVE to identify a valid location for the file.", f.Logical, physical)
		}
	}
	for logical := range o.move {
		s.terminate(statement, 3234, "Logical file '%s' is not part of database '%s'. Use RESTORE FILELISTONLY to list the logical file names.", logical, name)
	}
	// A restored database belongs to the one who restores it (1.14a); TRUSTWORTHY, chaining and the broker are off (1.19).
	d.Name, d.Created, d.Owner, d.Group, d.partner = name, s.Now(), s.in.sid(s.user), "", ""
	d.Trustworthy, d.Chaining, d.Broker, d.Suspended, d.SuspendReason, d.since, d.ready = false, false, false, false, "", time.Time{}, false
	d.lsn, d.rolled, d.chain = set.Last, false, 0
	d.State = 0
	if o.noRecovery {
		d.State = 1
	} else {
		d.family = s.in.net.guid() // it goes a way of its own
	}
	if old != nil {
		d.ID, d.Created = old.ID, old.Created
		*old = d
	} else {
		s.in.database++
		d.ID = s.in.database
		s.in.Databases = append(s.in.Databases, &d)
	}
	s.restored(set, path, o.file, name)
	s.Print("RESTORE DATABASE successfully processed 330 pages in 0.050 seconds (40.000 MB/sec).")
}

func (s *Session) restoreLog(name, path string, o backupOptions) {
	const statement = "RESTORE LOG"
	set := s.set(statement, path, o.file)
	d := s.in.Find(name)
	if d == nil {
		s.terminate(statement, 3118, "The database \"%s\" does not exist. RESTORE can only create a database when restoring either a full backup or a file backup of the primary file.", name)
	}
	s.untouchable(statement, d)
	switch {
	case d.State != 1:
		s.terminate(statement, 3117, "The log or differential backup cannot be restored because no files are ready to rollforward.")
	case set.Type != "L" || set.family != d.family:
		s.terminate(statement, 3154, "The backup set holds a backup of a database other than the existing '%s' database.", name)
	case set.First > d.lsn:
		s.terminate(statement, 4305, "The log in this backup set begins at LSN %d, which is too recent to apply to the database. An earlier log backup that includes LSN %d can be restored.", set.First, d.lsn)
	case set.Last < d.lsn:
		s.terminate(statement, 4326, "The log in this backup set terminates at LSN %d, which is too early to apply to the database. A more recent log backup that includes LSN %d can be restored.", set.Last, d.lsn)
	case o.checksum && !set.Checksum:
		s.terminate(statement, 3187, "RESTORE WITH CHECKSUM cannot be specified because the backup set does not contain checksum information.")
	}
	d.lsn, d.rolled, d.contents = set.Last, true, set.snapshot.contents.clone()
	d.Level, d.Recovery = set.snapshot.Level, set.snapshot.Recovery
	if !o.noRecovery {
		d.State, d.family = 0, s.in.net.guid()
	}
	s.restored(set, path, o.file, name)
	s.Print("RESTORE LOG successfully processed 12 pages in 0.010 seconds (9.000 MB/sec).")
}

// recover is RESTORE DATABASE … WITH RECOVERY.
func (s *Session) recover(name string) {
	const statement = "RESTORE DATABASE"
	d := s.in.Find(name)
	if d == nil {
		s.terminate(statement, 911, "Database '%s' does not exist. Make sure that the name is entered correctly.", name)
	}
	s.untouchable(statement, d)
	if d.State != 1 {
		s.terminate(statement, 3153, "The database is already fully recovered.")
	}
	d.State, d.family, d.chain = 0, s.in.net.guid(), 0
	s.Print("RESTORE DATABASE successfully processed 0 pages in 0.010 seconds (0.000 MB/sec).")
}

// restored writes a restore into msdb.
func (s *Session) restored(set *BackupSet, path string, position int, database string) {
	row := s.record(set, path, position)
	s.in.Restores = append(s.in.Restores, &RestoreRow{ID: row.ID, BackupID: row.ID, Date: s.Now(), Database: database, Type: set.Type})
}

// fileList is the result of RESTORE FILELISTONLY, whose last column came with 2016.
func (s *Session) fileList(set *BackupSet) *tsql.Table {
	t := table("logicalname physicalname type filegroupname size maxsize fileid createlsn droplsn uniqueid readonlylsn readwritelsn backupsizeinbytes sourceblocksize filegroupid loggroupguid differentialbaselsn differentialbaseguid isreadonly ispresent tdethumbprint")
	if s.in.Version >= 2016 {
		t.Columns = append(t.Columns, "snapshoturl")
	}
	for _, f := range set.snapshot.Files {
		kind, group := "D", tsql.Value("PRIMARY")
		if f.Type == 1 {
			kind, group = "L", nil
		}
		row := []tsql.Value{
			f.Logical, f.Physical, kind, group, f.Pages * 8192, int64(35184372080640), int64(f.ID), int64(0), int64(0), "00000000-0000-0000-0000-000000000000", int64(0), int64(0),
			f.Pages * 8192, int64(512), int64(1), nil, int64(0), "00000000-0000-0000-0000-000000000000", int64(0), int64(1), nil,
		}
		if s.in.Version >= 2016 {
			row = append(row, nil)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func folderOf(path string) string {
	if i := strings.LastIndexByte(path, '\\'); i > 0 {
		return path[:i]
	}
	return path
}
