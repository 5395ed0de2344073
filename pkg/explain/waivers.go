package explain

import (
	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// waiverArticles explain what can be wrong with a waiver (MBP04xx).
func waiverArticles() []Article {
	right := []string{
		`windows: "2019"`, `windows: "2022"`,
		"clients: {gpo", "waivers:\n  - {code: MBP1901, reason: tested in the lab, who: Jo Berg, until: \"2026-12-31\"}\nclients: {gpo",
	}
	a := func(id string, severity diag.Severity, why, fix string, edits ...string) Article {
		return article(check.WaiverCodes(), id, severity, why, fix, Example{Right: right, Wrong: edits}, "general-practice")
	}
	return []Article{
		a(check.CodeWaiverCode, diag.Error, "A waiver accepts the findings of one rule, from MBP1001 on. What keeps the topology from being read, resolved or rendered whole cannot be accepted: there would be nothing to plan.",
			"Write the code of a rule, or mend what the finding says.", "code: MBP1901", "code: MBP0208"),
		a(check.CodeWaiverDate, diag.Error, "A waiver without an end is forgotten. The last day that it holds is written as year, month and day, in quotes, because YAML would read a date.",
			"Write the day as YYYY-MM-DD, in quotes.", `until: "2026-12-31"`, `until: "31.12.2026"`),
		a(check.CodeWaiverExpired, diag.Error, "The day until which somebody answered for the finding is over (the example is checked on 1 June 2026). The finding counts again, and nothing is rendered until somebody decides.",
			"Mend what was waived, or have it accepted again.", `until: "2026-12-31"`, `until: "2026-05-31"`),
		a(check.CodeWaiverUnused, diag.Warning, "What was waived is gone. A waiver that stays would accept the next finding of the rule, which nobody has looked at.",
			"Remove the waiver.", `windows: "2022"`, `windows: "2019"`),
	}
}
