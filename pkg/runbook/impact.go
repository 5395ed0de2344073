package runbook

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/impact"
)

// Impact is what becomes of each service when one part fails, as a table.
type Impact struct {
	Services []impact.Service // the columns
	Rows     []ImpactRow
}

// ImpactRow is the failure of one part.
type ImpactRow struct {
	Part    string // for people: "server SQL1", "certificate of mbam.contoso.com (expired)"
	Cells   []ImpactCell
	Notices []ImpactNotice // none while every service goes on
	Actions []ImpactAction // what is done about it, each once
	Risks   []string       // data that may be lost
}

// ImpactCell is the state of one service: up, automatic, degraded, manual, down.
type ImpactCell struct{ State string }

// ImpactNotice is what users notice of services that share it.
type ImpactNotice struct {
	Services string // titles: "reports, Self-Service Portal"
	State    string
	Text     string
	Grade    string // documented, inferred
}

// ImpactAction is something that one person does.
type ImpactAction struct {
	Actor, Text string
	Drill       *Step // its rendered drill, nil when there is none
}

// Number is the file number of the drill, 0 without one.
func (a ImpactAction) Number() int {
	if a.Drill == nil {
		return 0
	}
	return a.Drill.Number
}

// impact analyses the failure of each part by itself.
func (r *Runbook) impact(f *farm.Farm) *Impact {
	a := impact.Analyze(f)
	out := &Impact{Services: a.Services()}
	for _, s := range a.Singles() {
		var names []string
		for _, p := range s.Failed {
			names = append(names, p.Title)
		}
		row := ImpactRow{Part: strings.Join(names, ", ")}
		for _, e := range s.Effects {
			row.Cells = append(row.Cells, ImpactCell{e.State.String()})
			if e.State != impact.Up {
				r.notice(&row, e)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Services) == 0 {
		return nil
	}
	return out
}

// notice adds an effect to a row, to what is said of another service where it is the same.
func (r *Runbook) notice(row *ImpactRow, e impact.Effect) {
	for _, a := range e.Actions {
		act := ImpactAction{Actor: a.Actor, Text: a.Text}
		if a.Drill != nil {
			at := slices.IndexFunc(r.Later, func(s *Step) bool {
				return s.ID == a.Drill.Step && (a.Drill.Server == "" || s.Server == a.Drill.Server)
			})
			if at >= 0 {
				act.Drill = r.Later[at]
			}
		}
		if !slices.Contains(row.Actions, act) {
			row.Actions = append(row.Actions, act)
		}
	}
	if e.DataAtRisk != "" && !slices.Contains(row.Risks, e.DataAtRisk) {
		row.Risks = append(row.Risks, e.DataAtRisk)
	}
	one := ImpactNotice{State: e.State.String(), Text: e.Notice, Grade: string(e.Grade)}
	for i, o := range row.Notices {
		if o.State == one.State && o.Text == one.Text && o.Grade == one.Grade {
			row.Notices[i].Services += ", " + e.Service.Title()
			return
		}
	}
	one.Services = e.Service.Title()
	row.Notices = append(row.Notices, one)
}
