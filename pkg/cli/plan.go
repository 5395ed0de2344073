package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/mbamplan/mbamplan/pkg/catalog"
	"github.com/mbamplan/mbamplan/pkg/plan"
)

func (a *app) planCommand() *cobra.Command {
	var by, format string
	cmd := &cobra.Command{
		Use:     "plan [FILE]",
		Short:   "Print who does what, where, in which order",
		Example: "  mbamplan plan farm.yaml\n  mbamplan plan farm.yaml --by actor\n  mbamplan plan farm.yaml --format json",
		Args:    fileArg,
		RunE: func(_ *cobra.Command, args []string) error {
			if by != "order" && by != "server" && by != "actor" {
				return usage("--by takes order, server or actor, found %q", by)
			}
			if format != "text" && format != "json" {
				return usage("--format takes text or json, found %q", format)
			}
			_, p, _, err := a.plan(args)
			if err != nil {
				return err
			}
			w := bufio.NewWriter(a.Out)
			if format == "json" {
				err = planJSON(w, p)
			} else {
				err = planTable(w, p, by)
			}
			if err == nil {
				err = w.Flush()
			}
			if err != nil {
				return failure(fmt.Errorf("write plan: %w", err), "")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&by, "by", "order", "order, server or actor")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	return cmd
}

// place names where an item runs.
func place(it *plan.Item) string {
	switch {
	case it.Host == nil && it.Step.Where != "":
		return "(" + it.Step.Where + ")"
	case it.Host == nil && it.Web != nil && len(it.Farm.Webs) > 1:
		return "(farm " + it.Web.Name + ")"
	case it.Host == nil:
		return "(management)"
	default:
		return it.Server()
	}
}

// after names the needed steps, each once, in number order.
func after(it *plan.Item) []string {
	seen := map[string]bool{}
	var out []*plan.Item
	for _, a := range it.After {
		if !seen[a.Step.ID] {
			seen[a.Step.ID] = true
			out = append(out, a)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Step.Number < out[j].Step.Number })
	var names []string
	for _, a := range out {
		names = append(names, fmt.Sprint(a.Step.Number))
	}
	return names
}

func notes(it *plan.Item) string {
	var n []string
	if it.VerifyOnly {
		return "exists already: verify only"
	}
	if it.Step.Serial {
		n = append(n, "one server at a time")
	}
	switch it.Restart {
	case "none":
	case "server": // No script restarts a server: it ends with 3010 when Windows asks for it.
		n = append(n, "may need a restart of the server, which you do")
	default:
		n = append(n, "restarts the "+it.Restart)
	}
	if it.Downtime != "" {
		n = append(n, "downtime: "+it.Downtime)
	}
	if it.Step.Reversible == "no" {
		n = append(n, "no way back")
	}
	return strings.Join(n, "; ")
}

func planTable(w io.Writer, p *plan.Plan, by string) error {
	items := append([]*plan.Item(nil), p.Items...)
	group := func(*plan.Item) string { return "" }
	switch by {
	case "server":
		group = place
	case "actor":
		group = func(it *plan.Item) string { return it.Step.Actor }
	}
	first := map[string]int{}
	for i, it := range items {
		if _, ok := first[group(it)]; !ok {
			first[group(it)] = i
		}
	}
	sort.SliceStable(items, func(i, j int) bool { return first[group(items[i])] < first[group(items[j])] })
	t := tabwriter.NewWriter(w, 2, 4, 2, ' ', 0)
	last := "\x00"
	for _, it := range items {
		if g := group(it); g != last {
			if g != "" {
				fmt.Fprintf(t, "\n%s\n", g)
			}
			fmt.Fprintln(t, "ORDER\tFILE\tSERVER\tWHO\tWHAT\tAFTER\tNOTE")
			last = g
		}
		title := it.Title
		if it.Subject != "" {
			title += " (" + it.Subject + ")"
		}
		fmt.Fprintf(t, "%d\t%03d\t%s\t%s\t%s\t%s\t%s\n", it.Order, it.Step.Number, place(it), it.Step.Actor, title, strings.Join(after(it), " "), notes(it))
	}
	return t.Flush()
}

type planItem struct {
	Order      int      `json:"order"`
	Number     int      `json:"number"`
	Step       string   `json:"step"`
	Title      string   `json:"title"`
	Server     string   `json:"server"`
	Subject    string   `json:"subject,omitempty"`
	Folder     string   `json:"folder"`
	Actor      string   `json:"actor"`
	After      []int    `json:"after"`
	Kinds      []string `json:"kinds"`
	Serial     bool     `json:"serial"`
	Restart    string   `json:"restart"`
	Downtime   string   `json:"downtime,omitempty"`
	Reversible string   `json:"reversible"`
	Evidence   string   `json:"evidence"`
	Sources    []string `json:"sources"`
}

func planJSON(w io.Writer, p *plan.Plan) error {
	out := struct {
		Schema int        `json:"schema"`
		Farm   string     `json:"farm"`
		Items  []planItem `json:"items"`
	}{Schema: 1, Farm: p.Farm.Name, Items: []planItem{}}
	for _, it := range p.Items {
		item := planItem{
			Order: it.Order, Number: it.Step.Number, Step: it.Step.ID, Title: it.Title, Server: it.Server(), Subject: it.Subject,
			Folder: it.Folder, Actor: it.Step.Actor, After: []int{}, Kinds: []string{}, Serial: it.Step.Serial, Restart: it.Restart,
			Downtime: it.Downtime, Reversible: it.Step.Reversible, Evidence: it.Step.Evidence, Sources: it.Step.Sources,
		}
		for _, a := range it.After {
			item.After = append(item.After, a.Order)
		}
		sort.Ints(item.After)
		for _, a := range it.Step.Artifacts {
			if it.VerifyOnly && catalog.Builds(a.Kind) {
				continue
			}
			if len(item.Kinds) == 0 || item.Kinds[len(item.Kinds)-1] != a.Kind {
				item.Kinds = append(item.Kinds, a.Kind)
			}
		}
		out.Items = append(out.Items, item)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
