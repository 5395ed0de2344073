package farm

import (
	"reflect"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/topology"
)

// backedUp is a farm whose two databases live in p.
func backedUp(p *Placement, folder string) *Farm {
	f := &Farm{
		Name:       "contoso",
		Backup:     topology.Backup{Folder: folder, Full: "22:00", LogEvery: 15},
		Compliance: &Database{Key: "compliance", Name: "MBAM Compliance Status", Placement: p},
		Recovery:   &Database{Key: "recovery", Name: "MBAM ]'s keys", Placement: p},
	}
	p.Databases = f.Databases()
	return f
}

func TestBackupJobs(t *testing.T) {
	stamped := func(file string) string {
		return "SET @file = N'" + file + "' + CONVERT(nvarchar(8), GETUTCDATE(), 112) + N'-' + REPLACE(CONVERT(nvarchar(8), GETUTCDATE(), 108), N':', N'') + N'Z';"
	}
	ag := func(name, file string) string {
		return "DECLARE @database sysname, @role tinyint, @turn int, @file nvarchar(400); SET @database = N'" + name + "'; SET @turn = sys.fn_hadr_backup_is_preferred_replica(@database); SELECT @role = s.role FROM sys.databases AS d INNER JOIN sys.dm_hadr_availability_replica_states AS s ON s.replica_id = d.replica_id WHERE d.name = @database AND s.is_local = 1; " + stamped(file) + " IF @turn = 1 BEGIN "
	}
	const end = " END; ELSE PRINT N'Not the turn of this server.';"
	const share = `\\fs1\mbam-backup`

	g := group(2012, 2019, 2019)
	named := g.Replicas[2].Instance
	named.Network, named.Named = "SQL3", "MBAM"
	pair := &Placement{Kind: "mirroring", Principal: sqlInstance("SQL1", "sql1.contoso.com", 1433, 2008), Mirror: sqlInstance("SQL2", "sql2.contoso.com", 1433, 2008)}
	pair.Mirror.Network = "SQL2"
	alone := &Placement{Kind: "standalone", Instance: sqlInstance("SQL1", "sql1.contoso.com", 1433, 2016)}
	alone.Instance.Network = "SQL1"
	for _, tt := range []struct {
		name   string
		p      *Placement
		on     *Instance
		folder string
		job    int // compliance full, compliance log, recovery full, recovery log
		want   string
	}{
		{"group, full", g, named, share, 0, ag("MBAM Compliance Status", share+`\SQL3.MBAM.compliance.full.`) +
			"SET @file = @file + N'.bak'; IF @role = 2 BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH COPY_ONLY, CHECKSUM, NOINIT, NAME = N'mbamplan full'; ELSE BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N'mbamplan full';" + end},
		{"group, log; folder with a backslash at its end", g, named, share + `\`, 3, ag("MBAM ]''s keys", share+`\SQL3.MBAM.recovery.log.`) +
			"SET @file = @file + N'.trn'; BACKUP LOG [MBAM ]]'s keys] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N'mbamplan log';" + end},
		{"mirror", pair, pair.Mirror, `D:\Backup`, 0, "DECLARE @role tinyint, @file nvarchar(400); SELECT @role = mirroring_role FROM sys.database_mirroring WHERE database_id = DB_ID(N'MBAM Compliance Status'); " + stamped(`D:\Backup\SQL2.compliance.full.`) +
			" IF @role = 2 PRINT N'Not the turn of this server.'; ELSE BEGIN SET @file = @file + N'.bak'; BACKUP DATABASE [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N'mbamplan full'; END;"},
		{"stand-alone", alone, alone.Instance, `D:\Backup`, 1, "DECLARE @file nvarchar(400); " + stamped(`D:\Backup\SQL1.compliance.log.`) +
			" SET @file = @file + N'.trn'; BACKUP LOG [MBAM Compliance Status] TO DISK = @file WITH CHECKSUM, NOINIT, NAME = N'mbamplan log';"},
	} {
		jobs, err := backedUp(tt.p, tt.folder).BackupJobs(tt.on)
		if err != nil || len(jobs) != 4 {
			t.Fatalf("%s: %d jobs, %v", tt.name, len(jobs), err)
		}
		if got := jobs[tt.job].Command.String(); got != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}

	jobs, err := backedUp(alone, `D:\Backup`).BackupJobs(alone.Instance)
	if err != nil {
		t.Fatal(err)
	}
	full, log := jobs[2], jobs[3]
	if full.Name != "mbamplan contoso full backup of recovery" || full.Key != "contoso.recovery.full" || full.BackupSet() != "mbamplan full" ||
		full.Unit != 1 || full.Every != 0 || full.Start != 220000 {
		t.Errorf("full: %+v", full)
	}
	if log.Key != "contoso.recovery.log" || log.BackupSet() != "mbamplan log" || log.Unit != 4 || log.Every != 15 || log.Start != 0 {
		t.Errorf("log: %+v", log)
	}
	if jobs, err := backedUp(alone, `D:\Backup`).BackupJobs(pair.Mirror); err != nil || len(jobs) != 0 {
		t.Errorf("an instance without a copy has %d jobs, %v", len(jobs), err)
	}
}

func TestBackupJobsRefuseTokens(t *testing.T) {
	p := &Placement{Kind: "standalone", Instance: sqlInstance("SQL1", "sql1.contoso.com", 1433, 2016)}
	f := backedUp(p, `D:\Backup`)
	f.Recovery.Name = "MBAM $(SQLDIR)"
	if jobs, err := f.BackupJobs(p.Instance); err == nil {
		t.Errorf("a token of SQL Server Agent passed: %s", jobs[2].Command)
	}
}

func TestBackupTimes(t *testing.T) {
	for _, tt := range []struct {
		full        string
		log         int
		start       int
		unit, every int
		refused     string
	}{
		{"22:00", 15, 220000, 4, 15, ""},
		{"00:05", 1, 500, 4, 1, ""},
		{"7:30", 59, 73000, 4, 59, ""},
		{"23:59", 60, 235900, 8, 1, ""},
		{"22:00", 720, 220000, 8, 12, ""},
		{"24:00", 15, 0, 0, 0, "fullAt"},
		{"22:60", 15, 0, 0, 0, "fullAt"},
		{"22", 15, 0, 0, 0, "fullAt"},
		{"22:5", 15, 0, 0, 0, "fullAt"},
		{"-1:00", 15, 0, 0, 0, "fullAt"},
		{"022:00", 15, 0, 0, 0, "fullAt"},
		{"", 15, 0, 0, 0, "fullAt"},
		{"22:00", 0, 0, 0, 0, "logMinutes"},
		{"22:00", 90, 0, 0, 0, "logMinutes"},
		{"22:00", 780, 0, 0, 0, "logMinutes"},
	} {
		p := &Placement{Kind: "standalone", Instance: sqlInstance("SQL1", "sql1.contoso.com", 1433, 2016)}
		f := backedUp(p, `D:\Backup`)
		f.Backup.Full, f.Backup.LogEvery = tt.full, tt.log
		jobs, err := f.BackupJobs(p.Instance)
		if tt.refused != "" {
			if err == nil || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%q, %d: %v, want it refused for %s", tt.full, tt.log, err, tt.refused)
			}
			continue
		}
		if err != nil || jobs[0].Start != tt.start || jobs[1].Unit != tt.unit || jobs[1].Every != tt.every {
			t.Errorf("%q, %d: %v %+v", tt.full, tt.log, err, jobs)
		}
	}
}

func TestShadowVolumes(t *testing.T) {
	for _, tt := range []struct {
		volume, data, log string
		want              []string
	}{
		{"E:", `E:\MSSQL\Data`, `F:\MSSQL\Log`, []string{"E:", "F:"}},
		{"", `e:\Data`, `E:\Log`, []string{"E:"}},
		{"g:", "", "", []string{"G:"}},
		{"", "", "", nil},
		{"", `\\fs1\data`, `F:\Log`, []string{"F:"}},
	} {
		p := &Placement{Kind: "standalone", Instance: sqlInstance("SQL1", "sql1.contoso.com", 1433, 2016)}
		f := backedUp(p, "")
		f.Backup.VSSVolume = tt.volume
		p.Instance.Data, p.Instance.Log = tt.data, tt.log
		other := &Instance{Name: "SQL9", Data: `X:\Data`}
		h := &Host{Name: "SQL1", Instances: []*Instance{other, p.Instance}}
		if got := f.ShadowVolumes(h); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%+v: %q", tt, got)
		}
	}
}

func TestLogWindow(t *testing.T) {
	for every, want := range map[int]int{1: 60, 15: 60, 30: 60, 45: 90, 720: 1440} {
		f := backedUp(&Placement{Kind: "standalone"}, "")
		f.Backup.LogEvery = every
		if got := f.LogWindow(); got != want {
			t.Errorf("every %d minutes: %d, want %d", every, got, want)
		}
	}
}
