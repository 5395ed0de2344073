package sqlverify

// Rule is a code and what it stands for.
type Rule struct {
	Code string
	Text string
}

// Rules are all codes, in order. A code keeps its meaning for ever.
var Rules = []Rule{
	{"SQP000", "the version of SQL Server is not known to the checker"},
	{"SQP001", "a token that is not closed, or a character without meaning"},
	{"SQP002", "a statement of a kind that rendered files do not hold"},
	{"SQP003", "GO that does not stand alone, or hides in a comment or a literal"},
	{"SQP004", "IF, ELSE, WHILE, BEGIN, TRY and END that do not fit together"},
	{"SQP005", "a block that is still open where its batch ends"},
	{"SQG001", "a statement about availability groups, mirroring or endpoints that does not follow its grammar"},
	{"SQS001", "an option that stands twice"},
	{"SQS002", "a required option that is missing"},
	{"SQS003", "automatic failover with asynchronous commit"},
	{"SQS004", "a replica name that is no @@SERVERNAME"},
	{"SQS005", "an address that is not TCP://host:port"},
	{"SQS006", "a number out of its range"},
	{"SQS007", "two replicas of one name"},
	{"SQS008", "more replicas than the version takes"},
	{"SQS009", "something that a Basic availability group forbids"},
	{"SQS010", "a listener name that is no DNS host name"},
	{"SQS011", "an IP address or subnet mask that is none"},
	{"SQS012", "two listener addresses in one subnet"},
	{"SQS013", "endpoint encryption other than REQUIRED ALGORITHM AES"},
	{"SQV001", "a clause that the version of SQL Server does not know"},
	{"SQV002", "a view, column, function or statement that the version of SQL Server does not know"},
	{"SQC001", "the header comment, or a field of it"},
	{"SQC002", "the server guard in the first batch"},
	{"SQC003", "SET NOEXEC OFF as the last statement"},
	{"SQC004", "a name in quotation marks"},
	{"SQC005", "a literal without the N prefix"},
	{"SQC006", "USE of another database than master and msdb"},
	{"SQC007", "RESTORE … WITH REPLACE"},
	{"SQC008", "DROP DATABASE"},
	{"SQC009", "DROP LOGIN or DROP ENDPOINT outside an IF"},
	{"SQC010", "xp_cmdshell"},
	{"SQC011", "WHILE without a bound or without WAITFOR DELAY"},
	{"SQC012", "a condition outside the vocabulary of guards"},
	{"SQC013", "EXEC (…) of anything but literals and variables"},
	{"SQC014", "a variable that its batch does not declare, or declares twice"},
	{"SQC015", "RECOVERY SIMPLE"},
	{"SQC016", "a sqlcmd variable that the header does not name"},
	{"SQC017", "another encoding than ASCII or UTF-8 with byte order mark"},
	{"SQC018", "line ends other than CR LF"},
	{"SQC019", "control characters"},
	{"SQC020", "leftovers of a template"},
	{"SQC021", "a role-bound statement without a role guard in its batch"},
	{"SQC022", "a sqlcmd command"},
	{"SQM001", "Microsoft's parser objects"},
}
