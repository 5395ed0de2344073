package runbook

import (
	"slices"
	"strings"
)

// Group is a run of consecutive steps that are the same step on different servers, or for different parts. What they have
// in common is said once.
type Group struct {
	First *Step // for what does not differ: number, team, failures, evidence, sources
	Steps []*Step

	Titles, Changes, Success, Downtime, Undo, Leaves []Said
}

// Said is a text with the steps of a group that it is true of.
type Said struct {
	Text  string
	Where string // servers or parts, "" when it is true of all
}

// Groups joins consecutive steps of one ID.
func Groups(steps []*Step) []*Group {
	var out []*Group
	for _, s := range steps {
		if n := len(out); n == 0 || out[n-1].First.ID != s.ID {
			out = append(out, &Group{First: s})
		}
		g := out[len(out)-1]
		g.Steps = append(g.Steps, s)
	}
	for _, g := range out {
		g.Titles = g.said(func(s *Step) string { return s.Title })
		g.Changes = g.said(func(s *Step) string { return s.Changes })
		g.Success = g.said(func(s *Step) string { return s.Success })
		g.Downtime = g.said(func(s *Step) string { return s.Downtime })
		g.Undo = g.said(func(s *Step) string { return s.Undo })
		g.Leaves = g.said(func(s *Step) string { return s.Leaves })
	}
	return out
}

// said lists the different texts of the steps in their order, each with where it is true; empty texts are left out.
func (g *Group) said(text func(*Step) string) []Said {
	var out []Said
	whose := map[string][]string{}
	for _, s := range g.Steps {
		t := text(s)
		if t != "" && whose[t] == nil {
			out = append(out, Said{Text: t})
		}
		if name := s.name(); !slices.Contains(whose[t], name) {
			whose[t] = append(whose[t], name)
		}
	}
	if len(whose) > 1 {
		for i := range out {
			out[i].Where = strings.Join(whose[out[i].Text], ", ")
		}
	}
	return out
}

// name tells a step of a group from the others.
func (s *Step) name() string {
	if s.Part == "" {
		return s.Where
	}
	return s.Where + " (" + s.Part + ")"
}

// Title is the title of all steps of the group. Where they differ, an ellipsis stands for what is different: "Restore test on …".
func (g *Group) Title() string {
	before := strings.Fields(g.First.Title)
	after := before
	for _, s := range g.Steps[1:] {
		words := strings.Fields(s.Title)
		before, after = before[:common(before, words)], after[len(after)-commonEnd(after, words):]
	}
	if len(g.Titles) < 2 {
		return g.First.Title
	}
	return strings.TrimSpace(strings.Join(before, " ") + " … " + strings.Join(after, " "))
}

func common(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

func commonEnd(a, b []string) int {
	n := 0
	for n < len(a) && n < len(b) && a[len(a)-1-n] == b[len(b)-1-n] {
		n++
	}
	return n
}

// NoReturnGroups are NoReturn, the same steps together.
func (r *Runbook) NoReturnGroups() []*Group { return Groups(r.NoReturn) }

// LaterGroups are Later, the same steps together.
func (r *Runbook) LaterGroups() []*Group { return Groups(r.Later) }

// BackoutGroups are Backout, the same steps together.
func (r *Runbook) BackoutGroups() []*Group { return Groups(r.Backout) }

// TeamSteps are steps of one team.
type TeamSteps struct {
	Team  string
	Steps []*Step
}

// VerifyTeams are Verify by team, in the order of each team's first step.
func (r *Runbook) VerifyTeams() []TeamSteps {
	var out []TeamSteps
	for _, s := range r.Verify {
		if len(s.Check) == 0 {
			continue
		}
		at := slices.IndexFunc(out, func(t TeamSteps) bool { return t.Team == s.Team })
		if at < 0 {
			at = len(out)
			out = append(out, TeamSteps{Team: s.Team})
		}
		out[at].Steps = append(out[at].Steps, s)
	}
	return out
}
