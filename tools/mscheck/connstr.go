package mscheck

import (
	"context"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
)

// frameworkKeywords lists every keyword that .NET Framework's System.Data.SqlClient accepts, the canonical name first in its
// line (source: SqlConnectionStringBuilder and SqlConnectionString of .NET Framework 4.8). Microsoft.Data.SqlClient
// knows more spellings; MBAM runs on the Framework.
var frameworkKeywords = [][]string{
	{"Application Name", "App"},
	{"ApplicationIntent"},
	{"Asynchronous Processing", "Async"},
	{"AttachDbFilename", "Extended Properties", "Initial File Name"},
	{"Authentication"},
	{"Column Encryption Setting"},
	{"Connect Timeout", "Connection Timeout", "Timeout"},
	{"Connection Reset"},
	{"ConnectRetryCount"},
	{"ConnectRetryInterval"},
	{"Context Connection"},
	{"Current Language", "Language"},
	{"Data Source", "Addr", "Address", "Network Address", "Server"},
	{"Enclave Attestation Url"},
	{"Encrypt"},
	{"Enlist"},
	{"Failover Partner"},
	{"Initial Catalog", "Database"},
	{"Integrated Security", "Trusted_Connection"},
	{"Load Balance Timeout", "Connection Lifetime"},
	{"Max Pool Size"},
	{"Min Pool Size"},
	{"MultipleActiveResultSets"},
	{"MultiSubnetFailover"},
	{"Network Library", "Net", "Network"},
	{"Packet Size"},
	{"Password", "Pwd"},
	{"Persist Security Info", "PersistSecurityInfo"},
	{"PoolBlockingPeriod"},
	{"Pooling"},
	{"Replication"},
	{"Transaction Binding"},
	{"TransparentNetworkIPResolution"},
	{"TrustServerCertificate"},
	{"Type System Version"},
	{"User ID", "Uid", "User"},
	{"User Instance"},
	{"Workstation ID", "Wsid"},
}

// canonicalKeyword returns the canonical name of a keyword, and false for one that the Framework does not know.
func canonicalKeyword(s string) (string, bool) {
	for _, line := range frameworkKeywords {
		for _, name := range line {
			if strings.EqualFold(name, s) {
				return line[0], true
			}
		}
	}
	return "", false
}

// Pair is one keyword and its value, unquoted.
type Pair struct {
	Keyword string
	Value   string
}

// ParseConnString splits a connection string into its pairs, in order. Values may be quoted with ' or ", the mark inside
// doubled; a doubled = belongs to the keyword.
func ParseConnString(s string) ([]Pair, error) {
	var pairs []Pair
	for i := 0; i < len(s); {
		if s[i] == ';' || s[i] == ' ' || s[i] == '\t' {
			i++
			continue
		}
		var key strings.Builder
		for {
			if i >= len(s) {
				return nil, fmt.Errorf("keyword %q has no value", strings.TrimSpace(key.String()))
			}
			if s[i] == '=' {
				if i+1 < len(s) && s[i+1] == '=' {
					key.WriteByte('=')
					i += 2
					continue
				}
				i++
				break
			}
			if s[i] == ';' {
				return nil, fmt.Errorf("keyword %q has no value", strings.TrimSpace(key.String()))
			}
			key.WriteByte(s[i])
			i++
		}
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		var value strings.Builder
		if i < len(s) && (s[i] == '\'' || s[i] == '"') {
			mark := s[i]
			i++
			closed := false
			for i < len(s) {
				if s[i] == mark {
					if i+1 < len(s) && s[i+1] == mark {
						i++
					} else {
						i++
						closed = true
						break
					}
				}
				value.WriteByte(s[i])
				i++
			}
			if !closed {
				return nil, fmt.Errorf("value of %q: quote %c is not closed", strings.TrimSpace(key.String()), mark)
			}
			for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
				i++
			}
			if i < len(s) && s[i] != ';' {
				return nil, fmt.Errorf("value of %q: text after the closing quote", strings.TrimSpace(key.String()))
			}
			pairs = append(pairs, Pair{strings.TrimSpace(key.String()), value.String()})
			continue
		}
		for i < len(s) && s[i] != ';' {
			value.WriteByte(s[i])
			i++
		}
		pairs = append(pairs, Pair{strings.TrimSpace(key.String()), strings.TrimSpace(value.String())})
	}
	return pairs, nil
}

// FrameworkProblems says what .NET Framework's System.Data.SqlClient, or a farm that runs on it, would object to. It needs
// no program. Rules: keyword list of the Framework's source; Failover Partner against MultiSubnetFailover and
// ApplicationIntent from SqlConnectionString; no password in a rendered file; the blank after "tcp:" of Microsoft's sample.
func FrameworkProblems(s string) []string {
	pairs, err := ParseConnString(s)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	values := map[string]string{}
	for _, p := range pairs {
		name, ok := canonicalKeyword(p.Keyword)
		if !ok {
			if near := nearKeyword(p.Keyword); near != "" {
				say("keyword %q is not known to .NET Framework's SqlClient: it is written %q", p.Keyword, near)
			} else {
				say("keyword %q is not known to .NET Framework's SqlClient", p.Keyword)
			}
			continue
		}
		if _, twice := values[name]; twice {
			say("%s stands twice", name)
		}
		values[name] = p.Value
	}
	if values["Data Source"] == "" {
		say("Data Source is missing")
	}
	source := values["Data Source"]
	if rest, ok := cutPrefixFold(source, "tcp:"); ok && strings.HasPrefix(rest, " ") {
		say("Data Source has a blank after tcp:")
	}
	if host := strings.ToLower(strings.SplitN(source, "\\", 2)[0]); host == "." || host == "(local)" || host == "localhost" {
		say("Data Source %q means the machine that reads it", source)
	}
	if values["Initial Catalog"] == "" {
		say("Initial Catalog is missing")
	}
	if _, ok := values["Password"]; ok {
		say("Password stands in the string")
	}
	if v, ok := values["Integrated Security"]; ok && !slices.Contains([]string{"true", "false", "yes", "no", "sspi"}, strings.ToLower(v)) {
		say("Integrated Security = %q is none of true, false, yes, no, sspi", v)
	}
	for _, k := range []string{"MultiSubnetFailover", "Encrypt", "TrustServerCertificate", "TransparentNetworkIPResolution", "MultipleActiveResultSets", "Pooling"} {
		if v, ok := values[k]; ok && !slices.Contains([]string{"true", "false", "yes", "no"}, strings.ToLower(v)) {
			say("%s = %q is neither true nor false", k, v)
		}
	}
	intent, hasIntent := values["ApplicationIntent"]
	if hasIntent && !strings.EqualFold(intent, "ReadOnly") && !strings.EqualFold(intent, "ReadWrite") {
		say("ApplicationIntent = %q is neither ReadOnly nor ReadWrite", intent)
	}
	if partner, ok := values["Failover Partner"]; ok {
		if partner == "" || len(partner) > 128 {
			say("Failover Partner must have 1 to 128 characters")
		}
		if strings.EqualFold(partner, source) {
			say("Failover Partner equals Data Source")
		}
		if v := strings.ToLower(values["MultiSubnetFailover"]); v == "true" || v == "yes" {
			say("Failover Partner and MultiSubnetFailover exclude each other")
		}
		if strings.EqualFold(intent, "ReadOnly") {
			say("Failover Partner and ApplicationIntent=ReadOnly exclude each other")
		}
	}
	return problems
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// nearKeyword finds the first keyword that differs only in blanks and underscores.
func nearKeyword(s string) string {
	squeeze := strings.NewReplacer(" ", "", "_", "")
	want := squeeze.Replace(strings.ToLower(s))
	for _, line := range frameworkKeywords {
		for _, name := range line {
			if squeeze.Replace(strings.ToLower(name)) == want {
				return name
			}
		}
	}
	return ""
}

// ConnProblem is one objection to one of the strings given to CheckConnStrings.
type ConnProblem struct {
	Index   int
	Input   string
	Message string
}

// CheckConnStrings asks SqlClient and our own rules of .NET Framework about each string. Problems come in the order of
// the input, SqlClient's first.
func (t *Tool) CheckConnStrings(ctx context.Context, list []string) ([]ConnProblem, error) {
	results, err := t.ConnStrings(ctx, list)
	if err != nil {
		return nil, err
	}
	var problems []ConnProblem
	for i, r := range results {
		if !r.OK {
			problems = append(problems, ConnProblem{i, list[i], "SqlClient: " + r.Error})
		}
		for _, p := range FrameworkProblems(list[i]) {
			problems = append(problems, ConnProblem{i, list[i], p})
		}
	}
	return problems, nil
}

var connStart = regexp.MustCompile(`(?i)['"](?:Data Source|Server|Addr|Address|Network Address|Failover Partner|Initial Catalog|Database)[ \t]*=`)

// Extracted is a connection string found in a text, with the line (from 1) on which it starts.
type Extracted struct {
	Line int
	Text string
}

// ExtractConnStrings finds connection strings that stand as a quoted literal in PowerShell, or as an XML attribute value:
// a quote, a server or database keyword and an equals sign, up to the closing quote. A doubled quote stands for itself; a
// back-tick escapes inside double quotes; XML entities are resolved.
func ExtractConnStrings(text string) []Extracted {
	var found []Extracted
	for at := 0; ; {
		loc := connStart.FindStringIndex(text[at:])
		if loc == nil {
			return found
		}
		start := at + loc[0]
		mark := text[start]
		var b strings.Builder
		i := start + 1
		for i < len(text) {
			c := text[i]
			if mark == '"' && c == '`' && i+1 < len(text) {
				b.WriteByte(text[i+1])
				i += 2
				continue
			}
			if c == mark {
				if i+1 < len(text) && text[i+1] == mark {
					b.WriteByte(c)
					i += 2
					continue
				}
				break
			}
			b.WriteByte(c)
			i++
		}
		s := b.String()
		if mark == '"' {
			s = html.UnescapeString(s)
		}
		if strings.Contains(s, ";") {
			found = append(found, Extracted{Line: 1 + strings.Count(text[:start], "\n"), Text: s})
		}
		at = min(i+1, len(text))
	}
}
