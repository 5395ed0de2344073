package quote

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// LDAPFilter escapes s as the value of an LDAP filter (RFC 4515, section 3). The result is plain text, still to be quoted
// for the language it stands in. Outer blanks are escaped too, because filter parsers differ on them.
func LDAPFilter(s string) (string, error) {
	const context = "an LDAP filter"
	if s == "" {
		return "", whole(context, "it is empty")
	}
	if !utf8.ValidString(s) {
		return "", whole(context, "it is not UTF-8")
	}
	inner := strings.Trim(s, " ")
	first := strings.Index(s, inner)
	var b strings.Builder
	for i, r := range s {
		outer := r == ' ' && (i < first || i >= first+len(inner))
		if outer || strings.ContainsRune(`\*()`, r) || hidden(r) != "" {
			hexBytes(&b, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String(), nil
}

// DNValue escapes s as an attribute value of a distinguished name (RFC 4514, section 2.4). The equals sign is escaped
// too, as Active Directory does. The result is plain text.
func DNValue(s string) (string, error) {
	const context = "a distinguished name"
	if s == "" {
		return "", whole(context, "it is empty")
	}
	if !utf8.ValidString(s) {
		return "", whole(context, "it is not UTF-8")
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case strings.ContainsRune(`"+,;<>\=`, r),
			i == 0 && (r == '#' || r == ' '),
			i == len(s)-1 && r == ' ':
			b.WriteByte('\\')
			b.WriteRune(r)
		case hidden(r) != "":
			hexBytes(&b, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), nil
}

// hexBytes writes the UTF-8 bytes of r as \xx pairs.
func hexBytes(b *strings.Builder, r rune) {
	for _, c := range []byte(string(r)) {
		fmt.Fprintf(b, `\%02x`, c)
	}
}

// ConnValue returns s as a value of a SqlClient connection string: as it is, or in double quotes with " doubled when it
// has a semicolon, starts or ends with a quote, or has outer blanks. The result is plain text.
func ConnValue(s string) (string, error) {
	if s == "" {
		return "", whole("a connection string value", "it is empty, and would reset the keyword")
	}
	first, _ := utf8.DecodeRuneInString(s)
	last, _ := utf8.DecodeLastRuneInString(s)
	if strings.Contains(s, ";") || unicode.IsSpace(first) || unicode.IsSpace(last) || strings.ContainsRune(`"'`, first) || strings.ContainsRune(`"'`, last) {
		return ConnCatalog(s)
	}
	if err := check("a connection string value", s, ""); err != nil {
		return "", err
	}
	return s, nil
}

// ConnCatalog returns s in double quotes always, as MBAM's documents and registry values write Initial Catalog. The
// result is plain text.
func ConnCatalog(s string) (string, error) {
	const context = "a connection string value"
	if s == "" {
		return "", whole(context, "it is empty, and would reset the keyword")
	}
	if err := check(context, s, ""); err != nil {
		return "", err
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`, nil
}
