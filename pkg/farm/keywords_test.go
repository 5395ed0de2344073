package farm_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/examples"
	"github.com/mbamplan/mbamplan/pkg/compile"
)

// frameworkKeywords are the keywords of System.Data.SqlClient that a plan may use, spelled as it knows them
// (sqlclient-source). FailoverPartner, Multi Subnet Failover and IntegratedSecurity are not among them.
var frameworkKeywords = []string{"Data Source", "Failover Partner", "Initial Catalog", "Integrated Security", "Connect Timeout", "MultiSubnetFailover"}

// keywords splits a connection string at the semicolons outside double quotes.
func keywords(s string) map[string]string {
	out := map[string]string{}
	quoted := false
	parts := strings.FieldsFunc(s, func(r rune) bool {
		quoted = quoted != (r == '"')
		return r == ';' && !quoted
	})
	for _, p := range parts {
		key, value, _ := strings.Cut(p, "=")
		out[key] = value
	}
	return out
}

// TestConnectionKeywords holds every connection string of every example against the .NET Framework's client.
func TestConnectionKeywords(t *testing.T) {
	names, err := fs.Glob(examples.FS, "*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		data, err := fs.ReadFile(examples.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		_, f, found := compile.Topology(name, data)
		if f == nil {
			t.Fatal(found)
		}
		judge := func(what string, catalog bool, build func() (string, error)) {
			s, err := build()
			if err != nil {
				t.Errorf("%s: %s: %v", name, what, err)
				return
			}
			if s == "" {
				return
			}
			have := keywords(s)
			for key := range have {
				if !slices.Contains(frameworkKeywords, key) {
					t.Errorf("%s: %s has the keyword %q: %s", name, what, key, s)
				}
			}
			_, multi := have["MultiSubnetFailover"]
			_, partner := have["Failover Partner"]
			server := have["Data Source"]
			switch {
			case (have["Initial Catalog"] != "") != catalog:
				t.Errorf("%s: %s, catalog wanted: %t: %s", name, what, catalog, s)
			case have["Integrated Security"] != "SSPI" || server == "" || strings.Contains(server, " "):
				t.Errorf("%s: %s: %s", name, what, s)
			case multi && partner, multi && strings.Contains(server, `\`):
				t.Errorf("%s: %s: SqlClient refuses %s", name, what, s)
			}
		}
		for _, d := range f.Databases() {
			judge(d.Key, true, d.Connection)
			judge(d.Key+", swapped", true, d.SwappedConnection)
			judge(d.Key+", created", false, d.CreateConnection)
		}
		if f.Reporting != nil {
			judge("reports", true, f.ReportConnection)
		}
		for _, i := range f.Instances {
			judge(i.Name, true, i.MasterConnection)
		}
	}
}
