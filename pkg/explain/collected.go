package explain

import (
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/evidence"
)

// collectedArticles explain what can be wrong with files that were collected from servers (MBP09xx).
func collectedArticles() []Article {
	a := func(id, why, fix string) Article {
		return article(evidence.Codes(), id, diag.Error, why, fix, Example{None: "mbamplan report finds it in collected files, not in a topology."}, "general-practice")
	}
	return []Article{
		a(evidence.CodeLimit, "Result files are small, and a farm leaves some thousand of them. What is read is bounded, so that a wrong folder or a hostile file cannot take the machine that writes the report.",
			"Collect only the result files and histories, each server once."),
		a(evidence.CodeAccess, "A link could lead out of the folder to a file that nobody collected; it is not followed. A file that cannot be read could hold anything, so the report would not be whole.",
			"Copy the file itself, and give the person who writes the report the right to read it."),
		a(evidence.CodeJSON, "The file is cut off or damaged, so nobody knows what its script did. In a history one such line is a warning: a script that was cut off while it wrote leaves it.",
			"Copy the file again from its server. If it is damaged there, say so in the ticket, and verify the step again."),
		a(evidence.CodeRecord, "The file is JSON and not what a script writes: a key is missing, or a value has a form that no script gives it. Somebody edited it, or it is of another program.",
			"Copy the file again from its server, or leave it out when it is no result."),
	}
}
