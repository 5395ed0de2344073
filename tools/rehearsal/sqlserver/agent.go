package sqlserver

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mbamplan/mbamplan/tools/rehearsal/tsql"
)

// A Job is a job of SQL Server Agent.
type Job struct {
	ID          string
	Name        string
	Enabled     bool
	Owner       []byte
	Description string
	EventLog    int
	Operator    int
	Steps       []JobStep
	Schedules   []*Schedule
	Server      bool // it is to run on this server
	Created     time.Time
	Outcome     int // last_run_outcome: 0 failed, 1 succeeded, 5 not known
	History     []JobRun
}

// A JobStep is a step of a job.
type JobStep struct {
	Name, Subsystem, Database, Command string
	OnSuccess, OnFail                  int
}

// A Schedule is when a job runs.
type Schedule struct {
	ID, Type, Interval, Subday, Every, Start int
	Name                                     string
	Enabled                                  bool
	Next                                     time.Time // not before
}

// A JobRun is a row of the history for the whole job.
type JobRun struct {
	ID      int
	Status  int
	At      time.Time
	Message string
}

// Job finds a job by name, nil without one.
func (in *Instance) Job(name string) *Job {
	for _, j := range in.Jobs {
		if strings.EqualFold(j.Name, name) {
			return j
		}
	}
	return nil
}

// AddJob makes a job with one step of T-SQL.
func (in *Instance) AddJob(name, database, command string) {
	in.Jobs = append(in.Jobs, &Job{
		ID: in.net.guid(), Name: name, Enabled: true, Owner: []byte{1}, Server: true, Outcome: 5, Created: in.net.World.Now(),
		Steps: []JobStep{{Name: name, Subsystem: "TSQL", Database: database, Command: command, OnSuccess: 1, OnFail: 2}},
	})
}

// RemoveJob takes a job away.
func (in *Instance) RemoveJob(name string) {
	in.Jobs = slices.DeleteFunc(in.Jobs, func(j *Job) bool { return strings.EqualFold(j.Name, name) })
}

// job is the job that a procedure means by @job_id or @job_name.
func (s *Session) job(a map[string]*tsql.Arg) *Job {
	id, name := text(a["@job_id"]), text(a["@job_name"])
	for _, j := range s.in.Jobs {
		if id != "" && strings.EqualFold(j.ID, id) || id == "" && strings.EqualFold(j.Name, name) {
			return j
		}
	}
	tsql.Raise(14262, "The specified @job_id ('%s') does not exist.", id+name)
	return nil
}

// agentProcedure is a procedure of msdb.
func (s *Session) agentProcedure(name string, args []tsql.Arg) bool {
	in := s.in
	switch name {
	case "sp_add_job":
		a := bind(name, args, "@job_name", "@enabled", "@description", "@start_step_id", "@category_name", "@category_id", "@owner_login_name", "@notify_level_eventlog", "@job_id")
		if in.Job(text(a["@job_name"])) != nil {
			tsql.Raise(14261, "The specified @name ('%s') already exists.", text(a["@job_name"]))
		}
		owner := SA
		if o := text(a["@owner_login_name"]); o != "" {
			l := in.loginByName(o)
			if l == nil {
				tsql.Raise(14234, "The specified '@owner_login_name' is invalid (valid values are returned by sp_helplogins [excluding Windows NT groups]).")
			}
			owner = l.SID
		}
		j := &Job{
			ID: in.net.guid(), Name: text(a["@job_name"]), Enabled: number(a["@enabled"], 1) == 1, Owner: owner, Description: text(a["@description"]),
			EventLog: number(a["@notify_level_eventlog"], 2), Outcome: 5, Created: s.Now(),
		}
		in.Jobs = append(in.Jobs, j)
		if id := a["@job_id"]; id != nil && id.Set != nil {
			id.Set(j.ID)
		}
	case "sp_add_jobstep":
		a := bind(name, args, "@job_id", "@job_name", "@step_id", "@step_name", "@subsystem", "@command", "@on_success_action", "@on_fail_action", "@database_name")
		j := s.job(a)
		if text(a["@command"]) == "" {
			tsql.Unknown("sp_add_jobstep without a command")
		}
		j.Steps = append(j.Steps, JobStep{text(a["@step_name"]), text(a["@subsystem"]), text(a["@database_name"]), text(a["@command"]), number(a["@on_success_action"], 1), number(a["@on_fail_action"], 2)})
	case "sp_update_jobstep":
		a := bind(name, args, "@job_id", "@job_name", "@step_id", "@step_name", "@subsystem", "@command", "@on_success_action", "@on_fail_action", "@database_name")
		j, at := s.job(a), number(a["@step_id"], 0)
		if at < 1 || at > len(j.Steps) {
			tsql.Raise(14262, "The specified @step_id ('%d') does not exist.", at)
		}
		step := &j.Steps[at-1]
		step.Subsystem, step.Command, step.Database = text(a["@subsystem"]), text(a["@command"]), text(a["@database_name"])
		step.OnSuccess, step.OnFail = number(a["@on_success_action"], step.OnSuccess), number(a["@on_fail_action"], step.OnFail)
	case "sp_add_jobschedule":
		a := bind(name, args, "@job_id", "@job_name", "@name", "@enabled", "@freq_type", "@freq_interval", "@freq_subday_type", "@freq_subday_interval", "@active_start_time")
		in.schedule++
		j := s.job(a)
		j.Schedules = append(j.Schedules, &Schedule{
			ID: in.schedule, Name: text(a["@name"]), Enabled: number(a["@enabled"], 1) == 1, Type: number(a["@freq_type"], 0), Interval: number(a["@freq_interval"], 0),
			Subday: number(a["@freq_subday_type"], 0), Every: number(a["@freq_subday_interval"], 0), Start: number(a["@active_start_time"], 0),
		})
	case "sp_add_jobserver":
		a := bind(name, args, "@job_id", "@job_name", "@server_name")
		j := s.job(a)
		if server := text(a["@server_name"]); !strings.EqualFold(server, "(local)") && !strings.EqualFold(server, in.Name) {
			tsql.Raise(14262, "The specified @server_name ('%s') does not exist.", server)
		}
		if j.Server {
			tsql.Raise(14269, "Job '%s' is already targeted at server '%s'.", j.Name, in.Name)
		}
		j.Server = true
	case "sp_update_job":
		a := bind(name, args, "@job_id", "@job_name", "@new_name", "@enabled")
		j := s.job(a)
		j.Enabled = number(a["@enabled"], int(bit(j.Enabled))) == 1
	case "sp_delete_job":
		// The history goes along, and schedules that no other job has (sp_delete_job: both are its defaults).
		a := bind(name, args, "@job_id", "@job_name", "@originating_server", "@delete_history", "@delete_unused_schedule")
		j := s.job(a)
		in.Jobs = slices.DeleteFunc(in.Jobs, func(x *Job) bool { return x == j })
	case "sp_start_job":
		a := bind(name, args, "@job_name", "@job_id")
		j := s.job(a)
		switch {
		case !in.Agent:
			tsql.Raise(22022, "SQLServerAgent Error: SQLServerAgent is not currently running so it cannot be notified of this action.")
		case !j.Server || len(j.Steps) == 0:
			tsql.Raise(14256, "Cannot start the job \"%s\" (ID %s) because it does not have any job server or servers defined. Associate the job with a job server by calling sp_add_jobserver.", j.Name, j.ID)
		}
		in.RunJob(j)
	default:
		return false
	}
	return true
}

// RunJob runs a job as SQL Server Agent does: a step of T-SQL in its database, as sysadmin when a sysadmin owns the job.
func (in *Instance) RunJob(j *Job) {
	if !in.Running || !in.Agent || !j.Server {
		return
	}
	status, message := 1, "The job succeeded."
	for _, step := range j.Steps {
		s := &Session{in: in, user: `NT SERVICE\` + in.agentService(), admin: bytes.Equal(j.Owner, SA), database: "master"}
		if step.Subsystem != "TSQL" || step.Database != "master" {
			tsql.Unknown("a job step other than T-SQL in master")
		}
		code, err := tsql.Run(s, j.Name, []byte("\ufeff"+step.Command), tsql.Options{StopOnError: true})
		if err != nil {
			panic(err)
		}
		if code != 0 {
			status, message = 0, "The job failed. "+strings.Join(s.Output, " ")
		}
	}
	in.history++
	j.Outcome = status
	j.History = append(j.History, JobRun{in.history, status, in.net.World.Now(), message})
}

// RunDue runs every job that a schedule each minute or each quarter of an hour calls for, once: what happens while nobody looks.
func (n *Network) RunDue() {
	for _, in := range n.Instances {
		for _, j := range slices.Clone(in.Jobs) {
			if j.Enabled && slices.ContainsFunc(j.Schedules, func(s *Schedule) bool { return s.Enabled && s.Type == 4 && s.Subday == 4 }) {
				in.RunJob(j)
			}
		}
	}
}

// date and clock are how msdb writes a time.
func date(t time.Time) int { return t.Year()*10000 + int(t.Month())*100 + t.Day() }

func clock(t time.Time) int { return t.Hour()*10000 + t.Minute()*100 + t.Second() }

func (j *Job) String() string {
	out := fmt.Sprintf("job %q, enabled %t, owner %x, on this server %t, event log %d", j.Name, j.Enabled, j.Owner, j.Server, j.EventLog)
	for _, s := range j.Steps {
		out += fmt.Sprintf("; step %q %s in %s: %q, then %d or %d", s.Name, s.Subsystem, s.Database, s.Command, s.OnSuccess, s.OnFail)
	}
	for _, s := range j.Schedules {
		out += fmt.Sprintf("; schedule %q, enabled %t, %d %d %d %d %d", s.Name, s.Enabled, s.Type, s.Interval, s.Subday, s.Every, s.Start)
	}
	return out
}
