package farm

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Base is the version of the server software as the release's own set-up installs it, before any servicing release; ""
// where no public record names it. 2.5.1100.0 of 2.5 SP1 is the version of the client that came with it (field-checks).
func (m MBAM) Base() string {
	if m.SP1() {
		return "2.5.1100.0"
	}
	return ""
}

// Newer reports whether the planned version of the server software is newer than another; an unknown one is not.
func (m MBAM) Newer(than string) bool { return m.Servicing != "" && newerThan(m.Servicing, than) }

// Patch reports whether the servicing release comes as a Windows Installer patch, which msiexec applies, and not as a
// program of its own.
func (m MBAM) Patch() bool { return strings.HasSuffix(strings.ToLower(m.Update), ".msp") }

// Established reports whether every feature that the plan has on the host is there already: such a host is verified, and
// nothing is installed on it.
func (h *Host) Established() bool {
	for _, n := range h.Nodes {
		if !n.Existing {
			return false
		}
	}
	return !h.Creator && (h.Reporting == nil || h.Reporting.Existing)
}

// EstablishedNodes reports whether the host is a web node whose web features are all there already.
func (h *Host) EstablishedNodes() bool {
	for _, n := range h.Nodes {
		if !n.Existing {
			return false
		}
	}
	return h.Web()
}

// Service is the name of the Windows service of the report server. From 2017 Reporting Services is a product of its own with
// one instance; before, each instance of SQL Server could have one (ssrs-install).
func (r *Reporting) Service() string {
	switch {
	case r.Version >= 2017:
		return "SQLServerReportingServices"
	case strings.EqualFold(r.Instance, "MSSQLSERVER"):
		return "ReportServer"
	default:
		return "ReportServer$" + r.Instance
	}
}

// Scaled reports whether several report servers share one report server database.
func (r *Reporting) Scaled() bool { return len(r.Hosts) > 1 }

// TLS reports whether the reports are reached by https.
func (r *Reporting) TLS() bool { return strings.HasPrefix(strings.ToLower(r.URL), "https://") }

// Port is the TCP port of the reports' URL: the one written there, else that of its scheme. A URL that does not parse is
// an error.
func (r *Reporting) Port() (int, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return 0, fmt.Errorf("port of the reports' URL: %w", err)
	}
	switch {
	case u.Port() != "":
		port, err := strconv.Atoi(u.Port())
		if err != nil || port < 1 || port > 65535 {
			return 0, fmt.Errorf("port of the reports' URL %s: %s is no TCP port", r.URL, u.Port())
		}
		return port, nil
	case r.TLS():
		return 443, nil
	default:
		return 80, nil
	}
}

// FirewallRule is the fixed name of the inbound rule for the reports' port.
func (r *Reporting) FirewallRule() (string, error) {
	port, err := r.Port()
	if err != nil {
		return "", err
	}
	return "mbamplan-reports-tcp-" + strconv.Itoa(port), nil
}
