package explain

import (
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

// schemaCode is the code of package topology.
var schemaCode = []diag.Code{{ID: topology.CodeSchema, Title: "the schema version is not read by this release"}}

// referenceArticles explain what can be wrong between the parts of a topology (MBP03xx).
func referenceArticles() []Article {
	a := func(id, why, fix string, e Example, sources ...string) Article {
		return article(farm.Codes(), id, diag.Error, why, fix, e, sources...)
	}
	return []Article{
		article(schemaCode, topology.CodeSchema, diag.Error, "The version says which keys the file may have and what they mean. A file of another version is not read half.",
			"Write schema: 1, or use the release that wrote the file.", wrong("schema: 1", "schema: 2"), "general-practice"),
		a(farm.CodeNoHost, "A server is named where it has a task; under hosts it is described. A name without description is a slip of the pen or a server that was forgotten.",
			"Write the name of a host, or add the host.", wrong("noVote: SQL3", "noVote: SQL4"), "general-practice"),
		a(farm.CodeNoInstance, "A replica, principal or mirror is a SQL Server instance that is described under instances, by the name that @@SERVERNAME prints.",
			"Write the name of an instance, or add the instance.", wrong("replicas: [SQL1, SQL2,", "replicas: [SQL1, SQL4,"), "general-practice"),
		a(farm.CodeNoPlacement, "A database lives in a placement: a group, a mirrored pair or an instance that is described under placements.",
			"Write the name of a placement, or add the placement.", wrong("recovery: MBAM-AG", "recovery: MBAM"), "general-practice"),
		a(farm.CodeIncomplete, "Each kind of placement needs its parts: a group replicas and a listener with addresses, a mirrored pair both partners, the other kinds an instance. Clients connect by the listener's name, so a group without one cannot be used.",
			"Add the part that the finding names.", wrong("    listener: {name: MBAM-SQL, addresses: [10.1.0.50/24, 10.2.0.50/24]}\n", ""), "mbam-ha", "sql-ag-listener").covering("SQL-R06", "SQL-R14", "SQL-R29"),
		a(farm.CodeNoVersion, "Options, limits and support differ from version to version and from edition to edition, so the scripts do too.",
			"Write it at the host or instance, or once under defaults.", wrong("  windows: \"2019\"\n", ""), "mbam-supported"),
		a(farm.CodeOtherDomain, `Scripts look accounts up by domain and name. More than one backslash, or nothing on one side of it, names no account.`,
			`Write DOMAIN\name, or the name alone for an account of the farm's own domain.`, Example{None: "the form of an account (MBP0208) refuses such a name before."}, "general-practice"),
		a(farm.CodeNoCluster, "Availability groups and failover cluster instances stand on a Windows failover cluster. It is not built by these scripts, but they verify it and need its name.",
			"Describe the existing cluster under cluster.", wrong("cluster:                                               # exists; it is verified, not built\n"+
				"  name: SQLCLU1\n  computerOU: OU=Clusters,DC=contoso,DC=com\n  witness: \\\\fs1.contoso.com\\sqlclu1-witness\n  noVote: SQL3\n", ""), "sql-ag-prereqs"),
	}
}
