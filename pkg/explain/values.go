package explain

import (
	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// valueArticles explain what can be wrong with keys and values (MBP02xx).
func valueArticles() []Article {
	a := func(id, why, fix string, e Example, sources ...string) Article {
		return article(decode.Codes(), id, diag.Error, why, fix, e, sources...)
	}
	const before = "    backupShare:"
	return []Article{
		a(decode.CodeUnknownKey, "A key that nobody reads is a setting that its author believes in. It is refused, with the key that was probably meant.",
			"Write the known key, or remove the line.", wrong("managementHost: ADMIN1", "managmentHost: ADMIN1"), "general-practice").covering("SQL-R40"),
		a(decode.CodeMissingKey, "Without this key there is nothing to plan with, and no value could be guessed safely.",
			"Add the key.", wrong("  netbios: CONTOSO\n", ""), "general-practice"),
		a(decode.CodeType, "The key takes a value, a list or a mapping, and something else stands there. Some keys take a short form; `mbamplan schema` has them all.",
			"Write the form that the finding names.", wrong("  name: SQLCLU1", "  name: [SQLCLU1]"), "general-practice"),
		a(decode.CodeNumber, "Numbers are written in decimal digits without quotes; other spellings are read differently by different tools.",
			"Write the number in digits.", Example{Right: []string{before, "    endpoint: {port: 5022}\n" + before}, Wrong: []string{"{port: 5022}", `{port: "5022"}`}}, "yaml-spec"),
		a(decode.CodeBool, "A truth value is written as true or false, unquoted. A word such as \"maybe\" says neither, and a quoted one is a text.",
			"Write true or false.", Example{Right: []string{before, "    basic: false\n" + before}, Wrong: []string{"basic: false", `basic: "false"`}}, "yaml-spec"),
		a(decode.CodeUnquoted, "YAML guesses types: 2.50 is read as the number 2.5, 2026-12-31 as a date, no as false. Where a text is wanted, the guess would change it.",
			"Put the value in quotes.", wrong(`servicing: "2.5.1152.0"`, `servicing: 2.50`), "yaml-spec"),
		a(decode.CodeEnum, "The key has a few allowed values, in exactly this spelling.",
			"Write one of the allowed values.", wrong("kind: availabilityGroup", "kind: AvailabilityGroup"), "general-practice"),
		a(decode.CodeShape, "Names, addresses, paths and accounts have forms that Windows and SQL Server demand. A value of another form would fail on the server, in the middle of a change.",
			"Write the value in the form that the finding names.", wrong("address: 10.1.0.11/24", "address: 10.1.0.311/24"), "win-names", "general-practice").covering("FN-22", "SQL-L16", "SQL-L17", "SQL-L18", "SQL-R09", "SQL-R12", "SQL-R17", "SQL-R37", "SQL-E19452", "WIN-T25", "WIN-T83"),
		a(decode.CodeControl, "Characters that nobody sees make two names differ that look equal, and those that reverse the direction of text make a line look like another.",
			"Delete the character, or retype the value.", wrong("pool: svc-mbam-pool", "pool: svc-mbam\u200b-pool"), "general-practice").covering("SQL-R39", "WIN-T113"),
		a(decode.CodeLineBreak, `The value goes into one line of a script. Most often the break is an escape: in double quotes \n is a line break, so "F:\new" has two lines.`,
			"Write the value on one line, paths in single quotes or none.", wrong(`log: 'F:\MSSQL\Log'`, `log: "F:\\MSSQL\new"`), "yaml-spec").covering("WIN-T113"),
		a(decode.CodeSameName, "Windows, DNS and SQL Server ignore case in names, so these are one server, instance or placement that is described twice.",
			"Rename or remove one of the two.", wrong("  SQL2: {site: HQ", "  sql1: {site: HQ"), "win-names"),
		a(decode.CodeNoValue, "A key with nothing behind it may mean an empty value, the default, or a line that was not finished.",
			"Write a value, or remove the line.", wrong("  netbios: CONTOSO", "  netbios:"), "general-practice"),
		article(decode.Codes(), decode.CodeCleanedValue, diag.Note, "The certificate console shows a thumbprint with blanks and puts an invisible mark before it. Both are removed, and the note says so.",
			"Write the value as the note shows it.", wrong("thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D", "thumbprint: 9f 3c 1a 77 b0 d2 4e 55 86 c1 f0 a9 d3 7e 42 b8 c6 51 0e 2d"), "general-practice").covering("WIN-T83"),
	}
}
