package runbook

import (
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
	Part    string // for people: "SQL1", "the certificate of mbam.contoso.com (expired)"
	Cells   []ImpactCell
	Effects []ImpactEffect // what is noticed and done; none while every service goes on
}

// ImpactCell is the state of one service: up, automatic, degraded, manual, down.
type ImpactCell struct{ State string }

// ImpactEffect is what happens to services that share it.
type ImpactEffect struct {
	Services string // titles: "reports, Self-Service Portal"
	State    string
	Notice   string // what users notice
	Actions  []ImpactAction
	Risk     string // data that may be lost, "" for none
	Grade    string
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
				row.Effects = r.join(row.Effects, e)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	if len(out.Services) == 0 {
		return nil
	}
	return out
}

// join adds an effect, to another one that says the same of another service where there is one.
func (r *Runbook) join(list []ImpactEffect, e impact.Effect) []ImpactEffect {
	one := ImpactEffect{Services: e.Service.Title(), State: e.State.String(), Notice: e.Notice, Risk: e.DataAtRisk, Grade: string(e.Grade)}
	for _, a := range e.Actions {
		act := ImpactAction{Actor: a.Actor, Text: a.Text}
		if a.Drill != nil {
			for _, s := range r.Later {
				if s.ID == a.Drill.Step && (a.Drill.Server == "" || s.Server == a.Drill.Server) {
					act.Drill = s
					break
				}
			}
		}
		one.Actions = append(one.Actions, act)
	}
	for i, o := range list {
		if o.State == one.State && o.Notice == one.Notice && o.Risk == one.Risk && o.Grade == one.Grade && sameActions(o.Actions, one.Actions) {
			list[i].Services += ", " + one.Services
			return list
		}
	}
	return append(list, one)
}

func sameActions(a, b []ImpactAction) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
