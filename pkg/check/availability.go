package check

import (
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
)

// availabilityRules are about the figures that mbamplan impact computes with.
var availabilityRules = []Rule{
	{
		Code: "MBP1951", Title: "a figure of availability belongs to a part of the farm", Severity: diag.Error, Sources: []string{"general-practice"},
		Why: "The command impact multiplies the figures of the parts that a service stands on. A figure whose name is neither a part nor a kind of " +
			"part would be left out without anybody noticing. Sites and the network between them take none: they are away together with " +
			"their servers, so that one outage would count twice.",
		Fix:     "Name a part as mbamplan impact prints it, or a kind: server, balancer, certificate and so on.",
		Example: Example{Edits: []string{"clients: {gpo", "availability: {SQL9: 99.9}\nclients: {gpo"}},
		Find: func(c *Context) {
			for _, g := range c.Figures {
				if c.FigureOf(g.Name) {
					continue
				}
				var names []string
				for _, part := range c.Components() {
					if part.Kind.Measurable() {
						names = append(names, part.ID)
					}
				}
				for _, k := range farm.ComponentKinds() {
					if k.Measurable() {
						names = append(names, string(k))
					}
				}
				fix := "name a part as mbamplan impact prints it, or a kind of part"
				if near := diag.Suggest(g.Name, names); near != "" {
					fix = "write " + near
				}
				c.Report(decode.Child("availability", g.Name), fix, "no part of the farm that can have a figure is called %q", g.Name)
			}
		},
	},
}
