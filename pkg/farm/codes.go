package farm

import "github.com/mbamplan/mbamplan/pkg/diag"

// Codes returns every code of findings about references with its title, in order.
func Codes() []diag.Code {
	return []diag.Code{
		{ID: CodeNoHost, Title: "a name is that of no host"},
		{ID: CodeNoInstance, Title: "a name is that of no instance"},
		{ID: CodeNoPlacement, Title: "a name is that of no placement"},
		{ID: CodeIncomplete, Title: "a placement lacks what its kind needs"},
		{ID: CodeNoVersion, Title: "a host, an instance or the reports have no version or edition"},
		{ID: CodeOtherDomain, Title: "an account is not of the form DOMAIN\\name"},
		{ID: CodeNoCluster, Title: "an availability group or failover cluster instance has no cluster"},
	}
}
