package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/impact"
	"github.com/mbamplan/mbamplan/pkg/plan"
)

type impactFlags struct {
	format  string
	fail    []string
	pairs   bool
	service []string
	parts   []string
	failOn  []string
}

func (a *app) impactCommand() *cobra.Command {
	var flags impactFlags
	cmd := &cobra.Command{
		Use:   "impact [FILE]",
		Short: "Say what fails when a part of the farm fails",
		Long: strings.TrimSpace(`
Impact says for each service of the farm what becomes of it when a server, a site, the network between sites or something
that servers share fails:

  up         users notice nothing
  automatic  away for seconds to minutes, back by itself
  degraded   it serves, but some requests fail or what it shows is old
  manual     away until a person acts
  down       away until what has failed is repaired, replaced or restored

Services: escrow (drive encryption and key escrow), status (compliance status upload), helpdesk (key access), reports,
selfservice, administration.

--fail-on SERVICE:STATE:PARTS is a gate: the command ends with 4 when the failure of at most so many parts (1 or 2) brings the
service, or any, to the state or a worse one. --parts says which kinds of parts count.

docs/impact.md tells what is assumed, and what the plan cannot know.

Exit codes: 0 done, 1 an error in the topology, 2 usage, 3 failure, 4 a gate of --fail-on is broken.`),
		Example: strings.Join([]string{
			"  mbamplan impact farm.yaml                                  every single failure, and the single points of failure",
			"  mbamplan impact farm.yaml --fail SQL1,WEB2                 one question, with what to do and who does it",
			"  mbamplan impact farm.yaml --pairs --service escrow         two failures at once that are worse than each alone",
			"  mbamplan impact farm.yaml --parts server --fail-on escrow:manual:1    no single server may stop key escrow",
			"  mbamplan impact farm.yaml --format json                    everything, for other programs",
		}, "\n"),
		Args: fileArg,
		RunE: func(_ *cobra.Command, args []string) error { return a.impact(args, flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.format, "format", "text", "text or json")
	f.StringSliceVar(&flags.fail, "fail", nil, "parts that fail together, by the names of the first column, separated by commas")
	f.BoolVar(&flags.pairs, "pairs", false, "two failures at once, too")
	f.StringSliceVar(&flags.service, "service", nil, "services that are shown, separated by commas")
	f.StringSliceVar(&flags.parts, "parts", nil, "kinds of parts that are shown and that gates count: server, site, link, certificate …")
	f.StringSliceVar(&flags.failOn, "fail-on", nil, "gate SERVICE:STATE:PARTS, as escrow:down:1; may be repeated")
	return cmd
}

// question is what the flags ask for.
type question struct {
	fail     []string
	pairs    bool
	services []impact.Service // none: all
	kinds    []farm.ComponentKind
	gates    []impact.Gate
}

func newQuestion(flags impactFlags) (question, error) {
	q := question{fail: flags.fail, pairs: flags.pairs}
	if flags.format != "text" && flags.format != "json" {
		return q, usage("--format takes text or json, found %q", flags.format)
	}
	if flags.pairs && len(flags.fail) > 0 {
		return q, usage("--pairs and --fail ask different questions; give one of them")
	}
	for _, name := range flags.service {
		s, err := impact.ParseService(name)
		if err != nil {
			return q, usage("--service: %v", err)
		}
		q.services = append(q.services, s)
	}
	for _, name := range flags.parts {
		if !slices.Contains(farm.ComponentKinds(), farm.ComponentKind(name)) {
			var all []string
			for _, k := range farm.ComponentKinds() {
				all = append(all, string(k))
			}
			return q, usage("--parts: no kind is called %q: %s", name, strings.Join(all, ", "))
		}
		q.kinds = append(q.kinds, farm.ComponentKind(name))
	}
	for _, text := range flags.failOn {
		g, err := impact.ParseGate(text)
		if err != nil {
			return q, usage("--fail-on: %v", err)
		}
		q.gates = append(q.gates, g)
	}
	return q, nil
}

func (q question) part(p impact.Part) bool {
	return len(q.kinds) == 0 || slices.Contains(q.kinds, p.Kind)
}

func (q question) scenario(s impact.Scenario) bool {
	return !slices.ContainsFunc(s.Failed, func(p impact.Part) bool { return !q.part(p) })
}

func (q question) service(s impact.Service) bool {
	return len(q.services) == 0 || slices.Contains(q.services, s)
}

func (a *app) impact(args []string, flags impactFlags) error {
	q, err := newQuestion(flags)
	if err != nil {
		return err
	}
	in, p, _, err := a.plan(args)
	if err != nil {
		return err
	}
	r := &impactReport{question: q, in: in, plan: p, Analysis: impact.Analyze(in.farm)}
	if len(q.fail) > 0 {
		s, err := r.Fail(q.fail...)
		if err != nil {
			return usage("--fail: %v", err)
		}
		r.asked = &s
	}
	for _, g := range q.gates {
		if g.Service != "" && !slices.Contains(r.Services(), g.Service) {
			return usage("--fail-on %s: this farm has no %s", g, g.Service.Title())
		}
		r.broken = append(r.broken, r.Broken(g, q.kinds...))
	}
	w := bufio.NewWriter(a.Out)
	if flags.format == "json" {
		err = r.json(w)
	} else {
		err = r.text(w)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return failure(fmt.Errorf("write impact: %w", err), "")
	}
	return a.gates(r)
}

// gates says which gates are broken and by what.
func (a *app) gates(r *impactReport) error {
	failed := false
	for i, g := range r.gates {
		if len(r.broken[i]) == 0 {
			a.say("--fail-on %s: holds", g)
			continue
		}
		failed = true
		const shown = 5
		var by []string
		for _, s := range r.broken[i][:min(shown, len(r.broken[i]))] {
			by = append(by, failedNames(s, " and "))
		}
		more := ""
		if n := len(r.broken[i]) - shown; n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		a.say("--fail-on %s: broken by %s%s", g, strings.Join(by, "; "), more)
	}
	if failed {
		return exit(ExitDifference)
	}
	return nil
}

// impactReport is what is printed.
type impactReport struct {
	*impact.Analysis
	question
	in     *input
	plan   *plan.Plan
	asked  *impact.Scenario    // --fail
	broken [][]impact.Scenario // by gate
}

func failedNames(s impact.Scenario, between string) string {
	var names []string
	for _, p := range s.Failed {
		names = append(names, diag.Visible(p.ID))
	}
	return strings.Join(names, between)
}

// drill names the file of a drill: "file 972 in database/SQL3".
func (r *impactReport) drill(d *impact.Drill) string {
	if it := r.item(d); it != nil {
		return fmt.Sprintf("file %03d in %s", it.Step.Number, diag.Visible(it.Folder))
	}
	return ""
}

// item finds the planned item of a drill; an overlay may have taken its step out of the plan.
func (r *impactReport) item(d *impact.Drill) *plan.Item {
	if d == nil {
		return nil
	}
	for _, it := range r.plan.Items {
		if it.Step.ID == d.Step && it.Server() == d.Server {
			return it
		}
	}
	return nil
}

func (r *impactReport) text(w io.Writer) error {
	if r.asked != nil {
		return r.answer(w, *r.asked)
	}
	fmt.Fprintf(w, "%s: what becomes of each service when one part fails\n\n", diag.Visible(r.in.farm.Name))
	if err := r.table(w, r.Singles()); err != nil {
		return err
	}
	if r.pairs {
		if err := r.worsePairs(w); err != nil {
			return err
		}
	}
	if err := r.points(w); err != nil {
		return err
	}
	r.availability(w)
	return nil
}

// availability prints what follows from the topology's figures, with the formula.
func (r *impactReport) availability(w io.Writer) {
	list := r.Availability()
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(w, "\nAvailability by the figures of the topology; A(x) is that of x, and parts are taken to fail independently\n")
	const hours = 8766 // of a year
	for i, v := range list {
		// Services that stand on the same parts are shown together, with the first of them.
		same := func(o impact.Availability) bool { return r.service(o.Service) && o.Formula == v.Formula }
		if !same(v) || slices.IndexFunc(list, same) != i {
			continue
		}
		var names []string
		for _, o := range list {
			if same(o) {
				names = append(names, string(o.Service))
			}
		}
		fmt.Fprintf(w, "\n%s: ", strings.Join(names, ", "))
		if len(v.Missing) > 0 {
			var missing []string
			for _, p := range v.Missing {
				missing = append(missing, diag.Visible(p.ID))
			}
			fmt.Fprintf(w, "not computed, no figure for %s\n", strings.Join(missing, ", "))
		} else {
			fmt.Fprintf(w, "%.4f %%, away %.1f hours a year\n", 100*v.Value, (1-v.Value)*hours)
		}
		fmt.Fprintf(w, "  = %s\n", diag.Visible(v.Formula))
	}
}

func (r *impactReport) table(w io.Writer, list []impact.Scenario) error {
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	fmt.Fprint(t, "PART")
	for _, s := range r.Services() {
		if r.service(s) {
			fmt.Fprintf(t, "\t%s", strings.ToUpper(string(s)))
		}
	}
	fmt.Fprintln(t)
	for _, s := range list {
		if !r.scenario(s) {
			continue
		}
		fmt.Fprint(t, failedNames(s, " + "))
		for _, e := range s.Effects {
			if r.service(e.Service) {
				fmt.Fprintf(t, "\t%s", e.State)
			}
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// worsePairs prints the pairs that are worse for a service than each of their parts alone; the others can be read off the first table.
func (r *impactReport) worsePairs(w io.Writer) error {
	alone := map[string]impact.Scenario{}
	for _, s := range r.Singles() {
		alone[s.Failed[0].ID] = s
	}
	var worse []impact.Scenario
	all := 0
	for _, s := range r.Pairs() {
		if !r.scenario(s) {
			continue
		}
		all++
		if slices.ContainsFunc(s.Effects, func(e impact.Effect) bool {
			return r.service(e.Service) && e.State > alone[s.Failed[0].ID].Effect(e.Service).State && e.State > alone[s.Failed[1].ID].Effect(e.Service).State
		}) {
			worse = append(worse, s)
		}
	}
	fmt.Fprintf(w, "\nTwo failures at once: %d of %d pairs are worse than each part alone; of all others the worse part decides.\n\n", len(worse), all)
	if len(worse) == 0 {
		return nil
	}
	return r.table(w, worse)
}

// points prints the single points of failure with their remedies.
func (r *impactReport) points(w io.Writer) error {
	list := r.singlePoints()
	if len(list) == 0 {
		fmt.Fprintf(w, "\nNo single point of failure among these.\n")
		return nil
	}
	fmt.Fprintf(w, "\nSingle points of failure, the most urgent first\n")
	for _, p := range list {
		var names []string
		for _, s := range p.Services {
			names = append(names, string(s))
		}
		fmt.Fprintf(w, "\n%d  %s: %s\n   %s: %s\n", p.Rank, diag.Visible(p.Part.ID), diag.Visible(p.Part.Title), p.Worst, strings.Join(names, ", "))
		if p.Remedy == nil {
			fmt.Fprintf(w, "   advice: %s\n", p.Advice)
			continue
		}
		fmt.Fprintf(w, "   remedy: %s Cost: %s.\n", diag.Visible(p.Remedy.Title), p.Remedy.Cost)
		for _, e := range p.Remedy.Edits {
			fmt.Fprintf(w, "     %s\n", diag.Visible(e))
		}
		var after []string
		for _, c := range p.Remedy.Effects {
			after = append(after, fmt.Sprintf("%s %s, was %s", c.Service, c.After, c.Before))
		}
		fmt.Fprintf(w, "     then: %s; %d single point%s of failure left\n", strings.Join(after, "; "), p.Remedy.Left, plural(p.Remedy.Left))
	}
	return nil
}

// singlePoints returns those among the parts and services that are shown.
func (r *impactReport) singlePoints() []impact.SinglePoint {
	return slices.DeleteFunc(r.SinglePoints(r.in.loaded), func(p impact.SinglePoint) bool {
		return !r.part(p.Part) || !slices.ContainsFunc(p.Services, r.service)
	})
}

// answer prints one scenario in full.
func (r *impactReport) answer(w io.Writer, s impact.Scenario) error {
	when := "when this fails"
	if len(s.Failed) > 1 {
		when = "when these fail together"
	}
	fmt.Fprintf(w, "%s: %s\n", diag.Visible(r.in.farm.Name), when)
	for _, p := range s.Failed {
		fmt.Fprintf(w, "  %s: %s\n", diag.Visible(p.ID), diag.Visible(p.Title))
	}
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(w, "    %-8s %s\n", label, diag.Visible(text))
		}
	}
	for _, list := range r.alike(s.Effects) {
		for _, e := range list {
			if e == list[0] {
				fmt.Fprintln(w)
			}
			fmt.Fprintf(w, "%s (%s): %s\n", e.Service, e.Service.Title(), e.State)
			line("users", e.Notice)
		}
		e := list[0]
		line("why", e.Why)
		for _, act := range e.Actions {
			text := act.Actor + ": " + act.Text
			if file := r.drill(act.Drill); file != "" {
				text += " (" + file + ")"
			}
			line("do", text)
		}
		if file := r.drill(e.Rehearsal); file != "" {
			line("rehearse", file)
		}
		line("risk", e.DataAtRisk)
		if len(e.Sources) > 0 {
			line("sources", strings.Join(e.Sources, ", ")+" ("+string(e.Grade)+")")
		}
	}
	return nil
}

// alike groups the effects that are shown and have all in common but what users notice.
func (r *impactReport) alike(effects []impact.Effect) [][]*impact.Effect {
	var out [][]*impact.Effect
	for i := range effects {
		e := &effects[i]
		if !r.service(e.Service) {
			continue
		}
		same := func(list []*impact.Effect) bool {
			x, y := *list[0], *e
			x.Service, x.Notice, y.Service, y.Notice = "", "", "", ""
			return reflect.DeepEqual(x, y)
		}
		if n := slices.IndexFunc(out, same); n >= 0 {
			out[n] = append(out[n], e)
		} else {
			out = append(out, []*impact.Effect{e})
		}
	}
	return out
}

type impactPart struct {
	ID    string `json:"id"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Title string `json:"title"`
}

type impactDrill struct {
	Step   string `json:"step"`
	Number int    `json:"number,omitempty"`
	Folder string `json:"folder,omitempty"`
}

type impactAction struct {
	Text  string       `json:"text"`
	Actor string       `json:"actor"`
	Drill *impactDrill `json:"drill,omitempty"`
}

type impactEffect struct {
	Service    impact.Service `json:"service"`
	State      impact.State   `json:"state"`
	Notice     string         `json:"notice,omitempty"`
	Why        string         `json:"why,omitempty"`
	Actions    []impactAction `json:"actions"`
	Rehearsal  *impactDrill   `json:"rehearsal,omitempty"`
	DataAtRisk string         `json:"dataAtRisk,omitempty"`
	Sources    []string       `json:"sources"`
	Grade      impact.Grade   `json:"grade"`
}

type impactScenario struct {
	Failed  []string       `json:"failed"`
	Effects []impactEffect `json:"effects"`
}

type impactPair struct {
	Failed []string                        `json:"failed"`
	States map[impact.Service]impact.State `json:"states"`
}

type impactChange struct {
	Service impact.Service `json:"service"`
	Before  impact.State   `json:"before"`
	After   impact.State   `json:"after"`
}

type impactRemedy struct {
	Title   string         `json:"title"`
	Cost    string         `json:"cost"`
	Edits   []string       `json:"edits"`
	Effects []impactChange `json:"effects"`
	Left    int            `json:"singlePointsLeft"`
}

type impactPoint struct {
	Rank     int              `json:"rank"`
	Part     string           `json:"part"`
	Worst    impact.State     `json:"worst"`
	Services []impact.Service `json:"services"`
	Remedy   *impactRemedy    `json:"remedy,omitempty"`
	Advice   string           `json:"advice,omitempty"`
}

type impactShare struct {
	Service impact.Service `json:"service"`
	Value   *float64       `json:"value"` // null while a figure is missing
	Formula string         `json:"formula"`
	Missing []string       `json:"missing"`
}

type impactGate struct {
	Gate   string     `json:"gate"`
	Holds  bool       `json:"holds"`
	Broken [][]string `json:"brokenBy"`
}

func (r *impactReport) jsonDrill(d *impact.Drill) *impactDrill {
	if d == nil {
		return nil
	}
	out := &impactDrill{Step: d.Step}
	if it := r.item(d); it != nil {
		out.Number, out.Folder = it.Step.Number, it.Folder
	}
	return out
}

func ids(s impact.Scenario) []string {
	var out []string
	for _, p := range s.Failed {
		out = append(out, p.ID)
	}
	return out
}

func (r *impactReport) jsonScenario(s impact.Scenario) impactScenario {
	out := impactScenario{Failed: ids(s), Effects: []impactEffect{}}
	for _, e := range s.Effects {
		if !r.service(e.Service) {
			continue
		}
		j := impactEffect{
			Service: e.Service, State: e.State, Notice: e.Notice, Why: e.Why, Actions: []impactAction{}, Rehearsal: r.jsonDrill(e.Rehearsal),
			DataAtRisk: e.DataAtRisk, Sources: append([]string{}, e.Sources...), Grade: e.Grade,
		}
		for _, act := range e.Actions {
			j.Actions = append(j.Actions, impactAction{Text: act.Text, Actor: act.Actor, Drill: r.jsonDrill(act.Drill)})
		}
		out.Effects = append(out.Effects, j)
	}
	return out
}

func (r *impactReport) jsonPoints() []impactPoint {
	var out []impactPoint
	for _, p := range r.singlePoints() {
		j := impactPoint{Rank: p.Rank, Part: p.Part.ID, Worst: p.Worst, Services: p.Services, Advice: p.Advice}
		if m := p.Remedy; m != nil {
			j.Remedy = &impactRemedy{Title: m.Title, Cost: m.Cost, Edits: m.Edits, Left: m.Left}
			for _, c := range m.Effects {
				j.Remedy.Effects = append(j.Remedy.Effects, impactChange(c))
			}
		}
		out = append(out, j)
	}
	return out
}

func (r *impactReport) jsonShares() []impactShare {
	var out []impactShare
	for _, v := range r.Availability() {
		if !r.service(v.Service) {
			continue
		}
		j := impactShare{Service: v.Service, Formula: v.Formula, Missing: []string{}}
		for _, p := range v.Missing {
			j.Missing = append(j.Missing, p.ID)
		}
		if len(v.Missing) == 0 {
			j.Value = &v.Value
		}
		out = append(out, j)
	}
	return out
}

// json prints the report; docs/impact.md describes its shape.
func (r *impactReport) json(w io.Writer) error {
	out := struct {
		Schema   int              `json:"schema"`
		Farm     string           `json:"farm"`
		Services []impact.Service `json:"services"`
		Parts    []impactPart     `json:"parts"`
		Asked    *impactScenario  `json:"asked,omitempty"`
		Singles  []impactScenario `json:"singles,omitempty"`
		Pairs    []impactPair     `json:"pairs,omitempty"`
		Points   []impactPoint    `json:"singlePoints,omitempty"`
		Shares   []impactShare    `json:"availability,omitempty"`
		Gates    []impactGate     `json:"gates,omitempty"`
	}{Schema: 1, Farm: r.in.farm.Name}
	for _, s := range r.Services() {
		if r.service(s) {
			out.Services = append(out.Services, s)
		}
	}
	for _, p := range r.Parts() {
		if r.part(p) {
			out.Parts = append(out.Parts, impactPart{ID: p.ID, Kind: string(p.Kind), Name: p.Name, Title: p.Title})
		}
	}
	if r.asked != nil {
		s := r.jsonScenario(*r.asked)
		out.Asked = &s
	} else {
		for _, s := range r.Singles() {
			if r.scenario(s) {
				out.Singles = append(out.Singles, r.jsonScenario(s))
			}
		}
		out.Points = r.jsonPoints()
		out.Shares = r.jsonShares()
	}
	if r.pairs {
		for _, s := range r.Pairs() {
			if !r.scenario(s) {
				continue
			}
			p := impactPair{Failed: ids(s), States: map[impact.Service]impact.State{}}
			for _, e := range s.Effects {
				if r.service(e.Service) {
					p.States[e.Service] = e.State
				}
			}
			out.Pairs = append(out.Pairs, p)
		}
	}
	for i, g := range r.gates {
		j := impactGate{Gate: g.String(), Holds: len(r.broken[i]) == 0, Broken: [][]string{}}
		for _, s := range r.broken[i] {
			j.Broken = append(j.Broken, ids(s))
		}
		out.Gates = append(out.Gates, j)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
