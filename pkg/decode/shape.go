package decode

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Shape is a named form of a value, asked for by the struct tag `is`.
type Shape struct {
	Name string
	// Expected says what is expected, to be read after "expected".
	Expected string
	Example  string
	// fits reports whether a value has the shape.
	fits func(string) bool
	// clean removes what never belongs to the value, nil when nothing is removed.
	clean func(string) string
}

// Shapes returns all shapes in order of their names.
func Shapes() []Shape {
	out := make([]Shape, len(shapes))
	for i, s := range shapes {
		out[i] = *s
	}
	return out
}

// shapes is sorted by name.
var shapes = []*Shape{
	{Name: "account", Expected: `an account as NETBIOS\name or name, not as name@domain`, Example: `CONTOSO\svc-mbam`, fits: isAccount},
	{Name: "cidr4", Expected: "an IPv4 network as address/prefix", Example: "10.0.1.0/24", fits: isCIDR4},
	{Name: "dn", Expected: "a distinguished name", Example: "OU=Servers,DC=contoso,DC=com", fits: isDN},
	{Name: "dnslabel", Expected: "a host name of 1 to 15 letters, digits and inner hyphens, not all digits", Example: "SQL1", fits: isDNSLabel},
	{Name: "duration", Expected: "a duration in hours and minutes, as 2h, 45m or 1h30m", Example: "20m", fits: isDuration},
	{Name: "fqdn", Expected: "a full DNS name without a final dot", Example: "sql1.contoso.com", fits: isFQDN},
	{Name: "instance", Expected: `a SQL Server instance as SERVER or SERVER\INSTANCE (at most 15 and 16 characters)`, Example: `SQL1\MBAM`, fits: isInstance},
	{Name: "ipv4", Expected: "an IPv4 address", Example: "10.0.1.20", fits: isIPv4},
	{Name: "minutes", Expected: "a number of minutes from 1 to 525600", Example: "90", fits: func(s string) bool { return isNumber(s, 1, 525600) }},
	{Name: "netbios", Expected: "the NetBIOS name of a domain, at most 15 characters without dots and blanks", Example: "CONTOSO", fits: isNetBIOS},
	{Name: "percent", Expected: "a percentage between 0 and 100 with at most six decimals", Example: "99.95", fits: isPercent},
	{Name: "port", Expected: "a port from 1 to 65535", Example: "443", fits: func(s string) bool { return isNumber(s, 1, 65535) }},
	{Name: "slug", Expected: "1 to 60 letters, digits, dots, hyphens and underscores, the first a letter or digit", Example: "contoso-mbam", fits: isSlug},
	{Name: "sqlname", Expected: "a SQL Server name of 1 to 128 characters without blanks at its ends", Example: "MBAM Recovery and Hardware", fits: isSQLName},
	{Name: "text", Expected: "text", Example: "two lines", fits: func(string) bool { return true }},
	{
		Name: "thumbprint", Expected: "a certificate thumbprint of 40 hexadecimal digits", Example: "1F3A5C7E9B0D2F4A6C8E0B1D3F5A7C9E1B3D5F70",
		fits: isThumbprint, clean: cleanThumbprint,
	},
	{Name: "unc", Expected: `a share as \\server\share without a final backslash`, Example: `\\FS1\mbam$`, fits: isUNC},
	{Name: "url", Expected: "an http or https address with a host and without user or blanks", Example: "https://mbam.contoso.com", fits: isURL},
	{Name: "version", Expected: "a version of two to four numbers", Example: "2.5.1135.0", fits: isVersion},
	{Name: "winpath", Expected: `an absolute local path without a final backslash`, Example: `D:\Backup`, fits: isWinPath},
}

func shapeNamed(name string) *Shape {
	for _, s := range shapes {
		if s.Name == name {
			return s
		}
	}
	return nil
}

var duration = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\A(?:[1-9][0-9]?h(?:[1-5]?[0-9]m)?|[1-9][0-9]{0,2}m)\z`)
})

func isDuration(s string) bool { return duration().MatchString(s) }

func isNumber(s string, low, high int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && low <= n && n <= high && strconv.Itoa(n) == s
}

var percent = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]{1,2}(?:\.[0-9]{1,6})?$`) })

// isPercent takes neither 0 nor 100: nothing is available never or always.
func isPercent(s string) bool { return percent().MatchString(s) && strings.Trim(s, "0.") != "" }

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// isLabel reports whether s is one label of RFC 1123 with at most limit characters.
func isLabel(s string, limit int) bool {
	if s == "" || len(s) > limit || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// isDNSLabel checks a computer name: Windows cuts it to 15 characters for NetBIOS and refuses one of digits alone
// (Microsoft, "Naming conventions in Active Directory").
func isDNSLabel(s string) bool { return isLabel(s, 15) && !allDigits(s) }

// isFQDN needs a last label that is not a number, as otherwise an IPv4 address would fit.
func isFQDN(s string) bool {
	if len(s) > 255 {
		return false
	}
	labels := strings.Split(s, ".")
	for _, l := range labels {
		if !isLabel(l, 63) {
			return false
		}
	}
	return len(labels) >= 2 && !allDigits(labels[len(labels)-1])
}

// isNetBIOS refuses what "Naming conventions in Active Directory" disallows, and dots, blanks and @, which it
// discourages and which make DOMAIN\name ambiguous.
func isNetBIOS(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= 15 && !strings.ContainsAny(s, "\\/:*?\"<>|,.;=+[]@ \u00A0") && !allDigits(s)
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isCIDR4(s string) bool {
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Addr().Is4()
}

// isPathRest checks the parts of a Windows path behind its root: none empty, none ending in a dot or a blank, which
// Windows silently drops.
func isPathRest(s string) bool {
	for part := range strings.SplitSeq(s, `\`) {
		if part == "" || strings.ContainsAny(part, `"<>|?*/:`) || strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return false
		}
	}
	return true
}

func isUNC(s string) bool {
	rest, ok := strings.CutPrefix(s, `\\`)
	return ok && strings.Contains(rest, `\`) && isPathRest(rest)
}

func isWinPath(s string) bool {
	if len(s) < 3 || !(s[0] >= 'A' && s[0] <= 'Z' || s[0] >= 'a' && s[0] <= 'z') || s[1:3] != `:\` {
		return false
	}
	return len(s) == 3 || isPathRest(s[3:])
}

func isThumbprint(s string) bool {
	return len(s) == 40 && strings.Trim(s, "0123456789ABCDEF") == ""
}

// cleanThumbprint removes blanks, colons and the invisible marks (U+200E above all) that the certificate console puts
// into what it copies, and writes the digits in upper case.
func cleanThumbprint(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == ':' || unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	return strings.ToUpper(s)
}

// isAccount refuses the characters that a sAMAccountName cannot have. The authorities of Windows' own accounts are the
// only domain parts with a blank.
func isAccount(s string) bool {
	domain, name, qualified := strings.Cut(s, `\`)
	if !qualified {
		domain, name = "", s
	}
	switch strings.ToUpper(domain) {
	case "NT AUTHORITY", "NT SERVICE":
	case "":
		if qualified {
			return false
		}
	default:
		if !isNetBIOS(domain) {
			return false
		}
	}
	return name != "" && !strings.ContainsAny(name, `\"/[]:;|=,+*?<>@`) && strings.TrimSpace(name) == name && !strings.HasSuffix(name, ".")
}

// isDN checks the grammar of RFC 4514 without multi-valued and hexadecimal (#) forms: attribute=value, joined by commas.
func isDN(s string) bool {
	for {
		attribute, rest, ok := strings.Cut(s, "=")
		if !ok || !isAttribute(attribute) {
			return false
		}
		n := dnValue(rest)
		if n <= 0 {
			return false
		}
		if n == len(rest) {
			return true
		}
		s = rest[n+1:]
	}
}

// oidForm matches an attribute written as an object identifier.
var oidForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`) })

func isAttribute(s string) bool {
	if oidForm().MatchString(s) {
		return true
	}
	if s == "" || s[0] == '-' || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	for i := range len(s) {
		if !alphanumeric(s[i]) && s[i] != '-' {
			return false
		}
	}
	return true
}

// dnValue returns the length of the attribute value that begins s, up to a comma that is not escaped; -1 when it is not
// well formed.
func dnValue(s string) int {
	isHex := func(i int) bool { return i < len(s) && strings.IndexByte("0123456789ABCDEFabcdef", s[i]) >= 0 }
	if s != "" && (s[0] == ' ' || s[0] == '#') {
		return -1
	}
	i, blank := 0, false
	for ; i < len(s) && s[i] != ','; i++ {
		blank = s[i] == ' '
		switch {
		case s[i] == '\\' && isHex(i+1) && isHex(i+2):
			i += 2
		case s[i] == '\\' && i+1 < len(s) && strings.IndexByte(` "#+,;<=>\`, s[i+1]) >= 0:
			i++
		case strings.IndexByte(`"+;<>\`, s[i]) >= 0:
			return -1
		}
	}
	if blank {
		return -1
	}
	return i
}

func isURL(s string) bool {
	if strings.ContainsFunc(s, unicode.IsSpace) {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.HasSuffix(u.Host, ":") {
		return false
	}
	return u.Port() == "" || isNumber(u.Port(), 1, 65535)
}

var versionForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+(\.[0-9]+){1,3}$`) })

func isVersion(s string) bool { return versionForm().MatchString(s) }

var instanceForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]{0,15}$`) })

// isInstance checks a name as @@SERVERNAME prints it: a default instance has no second part, and setup reserves
// MSSQLSERVER and DEFAULT (Microsoft, "Instance Configuration").
func isInstance(s string) bool {
	server, instance, named := strings.Cut(s, `\`)
	if !isDNSLabel(server) {
		return false
	}
	if !named {
		return true
	}
	return instanceForm().MatchString(instance) && !strings.EqualFold(instance, "MSSQLSERVER") && !strings.EqualFold(instance, "DEFAULT")
}

// isSQLName checks the limits of sysname: 128 UTF-16 units.
func isSQLName(s string) bool {
	return s != "" && len(utf16.Encode([]rune(s))) <= 128 && strings.TrimSpace(s) == s && !strings.ContainsFunc(s, unicode.IsControl)
}

func isSlug(s string) bool {
	if s == "" || len(s) > 60 || strings.ContainsAny(s[:1], "-._") {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._", r)) {
			return false
		}
	}
	return true
}
