package decode_test

import (
	"strings"
	"testing"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/topology"
)

func TestFieldAt(t *testing.T) {
	fields := decode.Fields(topology.File{})
	for path, want := range map[string]string{
		"name":                                    "name",
		"domain.dns":                              "domain.dns",
		"hosts.SQL1":                              "hosts.<name>",
		"hosts.SQL1.address":                      "hosts.<name>.address",
		`instances["A.B"].port`:                   "instances.<name>.port",
		`instances.SQL1\MBAM`:                     "instances.<name>",
		"reports.hosts[0]":                        "reports.hosts",
		"web.farms[1].host":                       "web.farms[].host",
		"web.farms[0].nodes[12].x":                "",
		"web.farms[0].nodes[12].thumbprint":       "web.farms[].nodes[].thumbprint",
		"placements.AG.listener.addresses[1]":     "placements.<name>.listener.addresses",
		`placements["A[0]"].replicas[0].instance`: "placements.<name>.replicas[].instance",
		"hots.SQL1":                               "", "": "", "web.farms[0]": "", "hosts": "hosts", "..": "", `["`: "",
	} {
		f, ok := decode.FieldAt(fields, path)
		if f.Path != want && ok || ok != (want != "") {
			t.Errorf("%s: %q %v, want %q", path, f.Path, ok, want)
		}
	}
}

func TestFit(t *testing.T) {
	fields := decode.Fields(topology.File{})
	for _, c := range []struct{ path, value, clean, expected string }{
		{"hosts.A", "SQL1", "SQL1", ""},
		{"hosts.A", "SQL_1", "", "a host name"},
		{"hosts.A.address", "10.0.0.1/24", "10.0.0.1/24", ""},
		{"hosts.A.address", "10.0.0.1", "10.0.0.1", ""},
		{"hosts.A.address", "10.0.0", "", "an IPv4 network as address/prefix, such as \"10.0.1.0/24\", or an IPv4 address"},
		{"hosts.A.windows", "2019", "2019", ""},
		{"hosts.A.windows", "2020", "", "one of 2008 R2, 2012"},
		{"instances.A.port", "1433", "1433", ""},
		{"instances.A.port", "99999", "", "a port"},
		{"instances.A.port", "01433", "", "a whole number"},
		{"mbam.media", `\\fs1\a`, `\\fs1\a`, ""},
		{"cluster.noVote[0]", "anything\n", "", "visible characters"},
		{"cluster.noVote[0]", "a\u202Eb", "", "visible characters"},
		{"hosts.A.core", "yes", "", "true or false"},
		{"hosts.A.core", "true", "true", ""},
		{"web.farms", "x", "", "more than one value"},
		{"web.farms[0].certificate.thumbprint", "9f 3c 1a 77 b0 d2 4e 55 86 c1 f0 a9 d3 7e 42 b8 c6 51 0e 2d", "9F3C1A77B0D24E5586C1F0A9D37E42B8C6510E2D", ""},
	} {
		f, ok := decode.FieldAt(fields, c.path)
		clean, expected := f.Fit(c.value)
		if !ok || clean != c.clean || (c.expected == "") != (expected == "") || !strings.HasPrefix(expected, c.expected) {
			t.Errorf("%s = %q: %q, %q", c.path, c.value, clean, expected)
		}
	}
}
