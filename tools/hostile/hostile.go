// Package hostile holds texts that people may write into a topology and that must not be able to do harm: fields of the examples, and what is
// put into them. It knows nothing of what is rendered from them, nor of who looks at it.
package hostile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/compile"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/quote"
)

// A Field is a text of the topology that people may write as they like. Edit is replaced by With, in which %s
// stands for the value.
type Field struct {
	Path       string
	Edit, With string
	Wrap       func(string) string // gives a value the form that the field asks for; nil: as it is
}

func prefixed(p string) func(string) string { return func(s string) string { return p + s } }

// program is the path of a set-up program in a folder of the name.
func program(p, file string) func(string) string {
	return func(s string) string { return p + s + file }
}

func unit(s string) string {
	v, err := quote.DNValue(s)
	if err != nil {
		v = s
	}
	return "OU=" + v + ",DC=contoso,DC=com"
}

// Contoso are fields of examples/contoso-alwayson.yaml.
var Contoso = []Field{
	{"mbam.media", `media: \\fs1.contoso.com\mbam\MbamServerSetup.exe`, "media: %s", program(`\\fs1\`, `\MbamServerSetup.exe`)},
	{"mbam.update", `update: \\fs1.contoso.com\mbam\MBAM2.5-Server-KB4586232.exe`, "update: %s", program(`C:\media\`, `\MBAM2.5-Server-KB4586232.exe`)},
	{"mbam.mvc4Media", `mvc4Media: \\fs1.contoso.com\mbam\AspNetMVC4Setup.exe`, "mvc4Media: %s", program(`\\fs1\`, `\AspNetMVC4Setup.exe`)},
	{"domain.netbios", "netbios: CONTOSO", "netbios: %s", nil},
	{"domain.accountOU", "dnsServer:", "accountOU: %s\n  dnsServer:", unit},
	{"domain.groupOU", "dnsServer:", "groupOU: %s\n  dnsServer:", unit},
	{"accounts.pool", "pool: svc-mbam-pool", "pool: %s", nil},
	{"accounts.reports", "reports: svc-mbam-ro", "create: true\n  reports: %s", nil},
	{"accounts.readWrite", "readWrite: MBAM DB RW", "readWrite: %s", nil},
	{"accounts.readOnly", "readOnly: MBAM DB RO", "readOnly: %s", nil},
	{"groups.advancedHelpdesk", "advancedHelpdesk: MBAM Advanced Helpdesk", "advancedHelpdesk: %s", nil},
	{"groups.helpdesk", "  helpdesk: MBAM Helpdesk", "  helpdesk: %s", nil},
	{"groups.reports", "reports: MBAM Report Readers", "reports: %s", nil},
	{"groups.dataMigration", "groups:\n", "groups:\n  dataMigration: %s\n", nil},
	{"defaults.sql.serviceAccount", `serviceAccount: CONTOSO\svc-sql`, "serviceAccount: %s", prefixed(`CONTOSO\`)},
	{"defaults.sql.data", `data: 'E:\MSSQL\Data'`, "data: %s", prefixed(`E:\`)},
	{"defaults.sql.log", `log: 'F:\MSSQL\Log'`, "log: %s", prefixed(`F:\`)},
	{"hosts.WEB1.site", "WEB1: {site: HQ,", "WEB1: {site: %s,", nil},
	{"cluster.computerOU", "computerOU: OU=Clusters,DC=contoso,DC=com", "computerOU: %s", unit},
	{"cluster.witness", `witness: \\fs1.contoso.com\sqlclu1-witness`, "witness: %s", prefixed(`\\fs1\`)},
	{"placements", "MBAM-AG", "%s", nil},
	{"placements.MBAM-AG.endpoint.name", "    backupShare:", "    endpoint: {name: %s}\n    backupShare:", nil},
	{"placements.MBAM-AG.backupShare", `backupShare: \\fs1.contoso.com\mbam-seed`, "backupShare: %s", prefixed(`\\fs1\`)},
	{"databases.compliance.name", "  compliance: MBAM-AG", "  compliance: {placement: MBAM-AG, name: %s}", nil},
	{"databases.recovery.name", "  recovery: MBAM-AG", "  recovery: {placement: MBAM-AG, name: %s}", nil},
	{"reports.instance", "\nreports: RPT1", "\nreports: {hosts: RPT1, instance: %s}", nil},
	{"reports.url", "\nreports: RPT1", "\nreports: {hosts: RPT1, url: %s}", prefixed("https://rpt1.contoso.com/")},
	{"web.farms[0].certificate.template", "{thumbprint: 9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D, template: WebServerClientAuth}", "{template: %s}", nil},
	{"web.farms[0].installationPath", "      portal:", "      installationPath: %s\n      portal:", prefixed(`C:\`)},
	{"web.farms[0].helpDeskDirectory", "      portal:", "      helpDeskDirectory: %s\n      portal:", nil},
	{"web.farms[0].selfServiceDirectory", "      portal:", "      selfServiceDirectory: %s\n      portal:", nil},
	{"web.farms[0].portal.companyName", "companyName: Contoso IT", "companyName: %s", nil},
	{"web.farms[0].portal.helpdeskText", "helpdeskText: Contact the Contoso help desk", "helpdeskText: %s", nil},
	{"web.farms[0].portal.helpdeskUrl", `helpdeskUrl: "https://help.contoso.com"`, "helpdeskUrl: %s", prefixed("https://help.contoso.com/")},
	{"web.farms[0].portal.noticeFile", "portal: {", "portal: {noticeFile: %s, ", prefixed(`C:\`)},
	{"web.farms[0].balancer.interface", "balancer: {kind: nlb,", "balancer: {interface: %s, kind: nlb,", nil},
	{"web.farms[0].balancer.caFile", "balancer: {kind: nlb,", "balancer: {caFile: %s, kind: haproxy,", prefixed("/etc/")},
	{"web.farms[0].balancer.bind", "balancer: {kind: nlb,", "balancer: {bind: %s, kind: haproxy,", nil},
	{"web.farms[0].balancer.product", "balancer: {kind: nlb,", "balancer: {product: %s, kind: external,", nil},
	{"clients.gpo", "gpo: MBAM clients", "gpo: %s", nil},
	{"clients.ou", `ou: "OU=Workstations,DC=contoso,DC=com"`, "ou: %s", unit},
	{"backup.folder", `folder: \\fs1.contoso.com\mbam-backup`, "folder: %s", prefixed(`\\fs1\`)},
	{"backup.fullAt", "backup: {", "backup: {fullAt: %s, ", nil},
	{"backup.vssVolume", `vssVolume: "E:"`, "vssVolume: %s", nil},
}

// Atoms are what names must not be able to do harm with.
var Atoms = []string{
	"O'B", "O\u2019B", "\u201Cx\u201D", "]", "[", "$(x)", "$x", "`", `"`, "%", "%x%", ";", "<", ">", "&", "\n", "\r", "\t", "\u202E", "\u2028", "\u200B", "\u00A0",
	"{", "}", "{{x}}", "#", "#>", "<#", "/*", "*/", "--", "]]>", "${x}", "|", "!", "^", "@", "(", ")", ",", "=", `\`, "/", ":", "*", "?", "+", "~", "ä", "ß", "日本", "\U0001F600", "  ",
}

func yamlText(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string has no reason to fail
	}
	return string(text)
}

// Put writes values into an example, by the index of their field. Fields that exclude each other are told apart by Groups.
func Put(text string, fields []Field, values map[int]string) (string, error) {
	var order []int
	for i := range values {
		order = append(order, i)
	}
	slices.Sort(order)
	if k := slices.IndexFunc(order, func(i int) bool { return fields[i].Path == "placements" }); k >= 0 {
		// The name of the placement stands in what other fields replace.
		order = append(slices.Delete(slices.Clone(order), k, k+1), order[k])
	}
	// A value must not be taken for a place to edit: values are put in at the end.
	for _, i := range order {
		f := fields[i]
		if !strings.Contains(text, f.Edit) {
			return "", fmt.Errorf("the example has no %q for %s", f.Edit, f.Path)
		}
		n := 1
		if f.Path == "placements" {
			n = -1
		}
		text = strings.Replace(text, f.Edit, strings.ReplaceAll(f.With, "%s", fmt.Sprintf("\x00%d\x00", i)), n)
	}
	for _, i := range order {
		v := values[i]
		if w := fields[i].Wrap; w != nil {
			v = w(v)
		}
		text = strings.ReplaceAll(text, fmt.Sprintf("\x00%d\x00", i), yamlText(v))
	}
	return text, nil
}

// excluded tells which fields cannot stand in one topology.
func excluded(a, b Field) bool {
	return a.Path != b.Path && a.Edit == b.Edit && !strings.HasSuffix(a.With, b.Edit) && !strings.HasSuffix(b.With, a.Edit)
}

// Groups sorts the fields into as few topologies as they need.
func Groups(fields []Field) [][]int {
	var out [][]int
	for i := range fields {
		k := slices.IndexFunc(out, func(g []int) bool {
			return !slices.ContainsFunc(g, func(j int) bool { return excluded(fields[i], fields[j]) })
		})
		if k < 0 {
			out, k = append(out, nil), len(out)
		}
		out[k] = append(out[k], i)
	}
	return out
}

// Errors are the findings of a topology that are errors.
func Errors(text string) diag.List {
	_, _, found := compile.Topology("hostile.yaml", []byte(text))
	var out diag.List
	for _, d := range found {
		if d.Severity == diag.Error {
			out = append(out, d)
		}
	}
	return out
}
