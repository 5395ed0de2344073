package sqlverify

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
)

// grammarText holds the statements about availability groups, mirroring and their endpoints that our files may contain,
// in the notation of the Transact-SQL reference: UPPER CASE is a keyword, <x> a rule, lower case a terminal, [ ] optional,
// { } a group, | a choice, [ ,...n ] repeats what stands before it, separated by commas. "2016+" in front of a clause is
// ours: SQL Server 2016 brought it. Where the reference leaves something loose (commas between endpoint options) or lists
// what mbamplan never writes (distributed and contained groups, certificates, REMOVE IP), this text is the narrower one.
// Sources: CREATE/ALTER/DROP AVAILABILITY GROUP, CREATE/ALTER/DROP ENDPOINT, ALTER DATABASE SET options, SET HADR, ALTER DATABASE
// Database Mirroring, GRANT/DENY/REVOKE Endpoint Permissions, ALTER AUTHORIZATION.
const grammarText = `
<create_group> ::=
    CREATE AVAILABILITY GROUP name
    [ WITH ( <with_option> [ ,...n ] ) ]
    FOR [ DATABASE name [ ,...n ] ]
    REPLICA ON <add_replica> [ ,...n ]
    [ LISTENER string ( <add_listener_option> ) ]

<with_option> ::=
    <set_option>
  | 2016+ BASIC
  | 2017+ CLUSTER_TYPE = { WSFC | EXTERNAL | NONE }

<set_option> ::=
    AUTOMATED_BACKUP_PREFERENCE = { PRIMARY | SECONDARY_ONLY | SECONDARY | NONE }
  | FAILURE_CONDITION_LEVEL = integer
  | HEALTH_CHECK_TIMEOUT = integer
  | 2016+ DB_FAILOVER = { ON | OFF }
  | 2016+ DTC_SUPPORT = { PER_DB | NONE }
  | 2017+ REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT = integer

<add_replica> ::=
    string WITH ( <replica_option> [ ,...n ] )

<replica_option> ::=
    ENDPOINT_URL = string
  | AVAILABILITY_MODE = { SYNCHRONOUS_COMMIT | ASYNCHRONOUS_COMMIT }
  | FAILOVER_MODE = { AUTOMATIC | MANUAL }
  | 2016+ SEEDING_MODE = { AUTOMATIC | MANUAL }
  | BACKUP_PRIORITY = integer
  | SESSION_TIMEOUT = integer
  | SECONDARY_ROLE ( <secondary_option> [ ,...n ] )
  | PRIMARY_ROLE ( <primary_option> [ ,...n ] )

<secondary_option> ::=
    ALLOW_CONNECTIONS = { NO | READ_ONLY | ALL }
  | READ_ONLY_ROUTING_URL = string

<primary_option> ::=
    ALLOW_CONNECTIONS = { READ_WRITE | ALL }
  | READ_ONLY_ROUTING_LIST = { NONE | ( <routing_target> [ ,...n ] ) }
  | 2019+ READ_WRITE_ROUTING_URL = string

<routing_target> ::=
    string
  | 2016+ ( string [ ,...n ] )

<alter_group> ::=
    ALTER AVAILABILITY GROUP name <alter_group_action>

<alter_group_action> ::=
    SET ( <set_option> )
  | ADD DATABASE name
  | REMOVE DATABASE name
  | ADD REPLICA ON <add_replica>
  | MODIFY REPLICA ON string WITH ( <replica_option> )
  | REMOVE REPLICA ON string
  | JOIN [ 2017+ WITH ( CLUSTER_TYPE = { WSFC | EXTERNAL | NONE } ) ]
  | 2016+ GRANT CREATE ANY DATABASE
  | 2016+ DENY CREATE ANY DATABASE
  | FAILOVER
  | FORCE_FAILOVER_ALLOW_DATA_LOSS
  | ADD LISTENER string ( <add_listener_option> )
  | MODIFY LISTENER string ( <modify_listener_option> )
  | RESTART LISTENER string
  | REMOVE LISTENER string
  | OFFLINE

<drop_group> ::=
    DROP AVAILABILITY GROUP name

<add_listener_option> ::=
    WITH DHCP [ ON ( string , string ) ] [ , PORT = integer ]
  | WITH IP ( <listener_address> [ ,...n ] ) [ , PORT = integer ]

<listener_address> ::=
    ( string [ , string ] )

<modify_listener_option> ::=
    ADD IP <listener_address>
  | PORT = integer

<alter_database> ::=
    ALTER DATABASE name SET <database_option>

<database_option> ::=
    RECOVERY { FULL | BULK_LOGGED | SIMPLE } [ WITH NO_WAIT ]
  | COMPATIBILITY_LEVEL = integer
  | { AUTO_CLOSE | AUTO_SHRINK | TRUSTWORTHY | DB_CHAINING } { ON | OFF }

<set_hadr> ::=
    ALTER DATABASE name SET HADR { AVAILABILITY GROUP = name | OFF | SUSPEND | RESUME }

<set_mirroring> ::=
    ALTER DATABASE name SET { PARTNER <partner_option> | WITNESS { = string | OFF } }

<partner_option> ::=
    = string
  | FAILOVER
  | FORCE_SERVICE_ALLOW_DATA_LOSS
  | OFF
  | RESUME
  | SUSPEND
  | SAFETY { FULL | OFF }
  | TIMEOUT integer

<create_endpoint> ::=
    CREATE ENDPOINT name [ AUTHORIZATION name ]
    [ STATE = <endpoint_state> ]
    AS TCP ( <tcp_option> [ ,...n ] )
    FOR DATABASE_MIRRORING ( <mirroring_option> [ ,...n ] )

<alter_endpoint> ::=
    ALTER ENDPOINT name <alter_endpoint_action>

<alter_endpoint_action> ::=
    STATE = <endpoint_state> [ AS TCP ( <tcp_option> [ ,...n ] ) ] [ FOR DATABASE_MIRRORING ( <mirroring_option> [ ,...n ] ) ]
  | AS TCP ( <tcp_option> [ ,...n ] ) [ FOR DATABASE_MIRRORING ( <mirroring_option> [ ,...n ] ) ]
  | FOR DATABASE_MIRRORING ( <mirroring_option> [ ,...n ] )

<drop_endpoint> ::=
    DROP ENDPOINT name

<endpoint_state> ::=
    STARTED | STOPPED | DISABLED

<tcp_option> ::=
    LISTENER_PORT = integer
  | LISTENER_IP = { ALL | ( ipv4 ) | ( string ) }

<mirroring_option> ::=
    AUTHENTICATION = WINDOWS [ NTLM | KERBEROS | NEGOTIATE ]
  | ENCRYPTION = { DISABLED | SUPPORTED <algorithm> | REQUIRED <algorithm> }
  | ROLE = { WITNESS | PARTNER | ALL }

<algorithm> ::=
    [ ALGORITHM { AES RC4 | RC4 AES | AES | RC4 } ]

<grant_endpoint> ::=
    GRANT <endpoint_permission> [ ,...n ] ON ENDPOINT :: name TO name [ ,...n ]

<deny_endpoint> ::=
    DENY <endpoint_permission> [ ,...n ] ON ENDPOINT :: name TO name [ ,...n ] [ CASCADE ]

<revoke_endpoint> ::=
    REVOKE <endpoint_permission> [ ,...n ] ON ENDPOINT :: name { TO | FROM } name [ ,...n ] [ CASCADE ]

<endpoint_permission> ::=
    CONNECT | CONTROL | ALTER | TAKE OWNERSHIP | VIEW DEFINITION

<authorization_endpoint> ::=
    ALTER AUTHORIZATION ON ENDPOINT :: name TO name

<guard> ::=
    <guard_term> [ { AND | OR } <guard> ]

<guard_term> ::=
    NOT <guard_term>
  | EXISTS ( SELECT { one | * } FROM <source> [ [ AS ] alias ] [ WHERE predicate ] )
  | <comparison>
  | ( <guard> )

<source> ::=
    sysname [ . sysname ] [ . sysname ] [ ( <operand> [ ,...n ] ) ]

<comparison> ::=
    <operand> comparator <operand>
  | <operand> IS [ NOT ] NULL
  | <operand> [ NOT ] IN ( <operand> [ ,...n ] )
  | <operand> [ NOT ] LIKE <operand>
  | <operand> [ NOT ] BETWEEN <operand> AND <operand>

<operand> ::=
    var | string | integer | - integer | clock ( )
`

// node is a part of the grammar. match tries it at token i and calls next with the index behind every way in which it can
// match, until next is satisfied.
type node interface {
	match(m *matcher, i int, next func(int) bool) bool
}

type (
	keyword  string // a word
	symbol   string // punctuation
	class    string // a terminal
	ruleRef  string // another rule
	sequence []node // one after the other
	choice   []node // the first that leads on
	optional struct{ n node }
	list     struct{ n node } // one or more, separated by commas
	since    struct {
		version int
		n       node
	}
)

// matcher runs a rule over tokens and remembers how far it came.
type matcher struct {
	rules    map[string]node
	tokens   []token
	version  int
	far      int
	expected []string
	gated    string // what stands at far, but needs a newer version
}

func (m *matcher) fail(i int, want string) bool {
	if i > m.far {
		m.far, m.expected, m.gated = i, nil, ""
	}
	if i == m.far {
		for _, e := range m.expected {
			if e == want {
				return false
			}
		}
		m.expected = append(m.expected, want)
	}
	return false
}

func (k keyword) match(m *matcher, i int, next func(int) bool) bool {
	if i < len(m.tokens) && m.tokens[i].is(string(k)) {
		return next(i + 1)
	}
	return m.fail(i, string(k))
}

func (s symbol) match(m *matcher, i int, next func(int) bool) bool {
	if i < len(m.tokens) && m.tokens[i].op(string(s)) {
		return next(i + 1)
	}
	return m.fail(i, string(s))
}

func (r ruleRef) match(m *matcher, i int, next func(int) bool) bool {
	return m.rules[string(r)].match(m, i, next)
}

func (s sequence) match(m *matcher, i int, next func(int) bool) bool {
	if len(s) == 0 {
		return next(i)
	}
	return s[0].match(m, i, func(j int) bool { return s[1:].match(m, j, next) })
}

func (c choice) match(m *matcher, i int, next func(int) bool) bool {
	for _, n := range c {
		if n.match(m, i, next) {
			return true
		}
	}
	return false
}

func (o optional) match(m *matcher, i int, next func(int) bool) bool {
	return o.n.match(m, i, next) || next(i)
}

func (l list) match(m *matcher, i int, next func(int) bool) bool {
	return l.n.match(m, i, func(j int) bool {
		if j < len(m.tokens) && m.tokens[j].op(",") && l.match(m, j+1, next) {
			return true
		}
		m.fail(j, ",")
		return next(j)
	})
}

func (s since) match(m *matcher, i int, next func(int) bool) bool {
	if m.version >= s.version {
		return s.n.match(m, i, next)
	}
	if first, ok := firstKeyword(s.n); ok && i < len(m.tokens) && m.tokens[i].is(first) && i >= m.far {
		m.fail(i, "a clause of this version")
		m.gated = fmt.Sprintf("%s needs SQL Server %d", first, s.version)
	}
	return false
}

func firstKeyword(n node) (string, bool) {
	switch n := n.(type) {
	case keyword:
		return string(n), true
	case sequence:
		if len(n) > 0 {
			return firstKeyword(n[0])
		}
	}
	return "", false
}

var classNames = map[string]string{
	"name": "a name in [brackets]", "string": "a string literal", "integer": "a whole number", "ipv4": "an IPv4 address",
	"one": "1", "sysname": "a system view", "var": "a variable", "alias": "an alias", "predicate": "a predicate without a subquery",
	"comparator": "a comparison", "clock": "GETDATE",
}

func (c class) match(m *matcher, i int, next func(int) bool) bool {
	end := i
	if i < len(m.tokens) {
		t := m.tokens[i]
		ok := false
		switch c {
		case "name":
			ok = t.kind == bracketed || t.kind == quoted || t.kind == scripting
		case "string":
			ok = t.kind == text
		case "integer":
			_, err := strconv.ParseUint(t.raw, 10, 32)
			ok = t.kind == number && err == nil
		case "one":
			ok = t.kind == number && t.raw == "1"
		case "sysname":
			ok = t.kind == bracketed || t.kind == word && !reserved[t.val]
		case "alias":
			ok = t.kind == bracketed || t.kind == word && !reserved[t.val]
		case "var":
			ok = t.kind == variable
		case "comparator":
			switch t.raw {
			case "=", "<>", "<", ">", "<=", ">=", "!=":
				ok = t.kind == operator
			}
		case "clock":
			ok = t.kind == word && clockFunctions[t.val]
		case "ipv4":
			end = m.ipv4(i)
			ok = end > i
			end--
		case "predicate":
			end = m.predicate(i)
			ok = end > i
			end--
		}
		if ok {
			return next(end + 1)
		}
	}
	return m.fail(i, classNames[string(c)])
}

// ipv4 returns the index behind tokens that spell an address without blanks (10.0.75.1 is cut into numbers), or i.
func (m *matcher) ipv4(i int) int {
	s, j := "", i
	for j < len(m.tokens) && (m.tokens[j].kind == number || m.tokens[j].op(".")) && (j == i || m.tokens[j].off == m.tokens[j-1].end) {
		s += m.tokens[j].raw
		j++
	}
	if a, err := netip.ParseAddr(s); err != nil || !a.Is4() {
		return i
	}
	return j
}

// predicate returns the index of the parenthesis that closes the one around i, or i when there is a subquery, a join or a
// variable-free nothing in between.
func (m *matcher) predicate(i int) int {
	depth := 0
	for j := i; j < len(m.tokens); j++ {
		t := m.tokens[j]
		switch {
		case t.op("("):
			depth++
		case t.op(")"):
			if depth == 0 {
				return j
			}
			depth--
		case t.kind == word && (t.val == "SELECT" || t.val == "FROM" || t.val == "JOIN" || t.val == "UNION" || t.val == "EXISTS" || t.val == "GROUP" || t.val == "ORDER" || t.val == "WHERE"):
			return i
		}
	}
	return i
}

// clockFunctions are the functions that tell the time.
var clockFunctions = map[string]bool{"GETDATE": true, "GETUTCDATE": true, "SYSDATETIME": true, "SYSUTCDATETIME": true}

// reserved are words that end an optional alias or cannot name a view.
var reserved = map[string]bool{"WHERE": true, "SELECT": true, "FROM": true, "AS": true, "JOIN": true, "INNER": true, "LEFT": true, "CROSS": true, "ON": true, "AND": true, "OR": true, "NOT": true, "WITH": true, "ORDER": true, "GROUP": true, "UNION": true, "EXISTS": true}

// grammar parses grammarText once.
var grammar = sync.OnceValue(func() map[string]node {
	rules, err := parseGrammar(grammarText)
	if err != nil {
		panic(err)
	}
	return rules
})

// parseGrammar reads rules of the form "<name> ::= body" and refuses references to rules and terminals that do not exist.
func parseGrammar(src string) (map[string]node, error) {
	fields := strings.Fields(src)
	rules := map[string]node{}
	p := &grammarParser{fields: fields}
	for p.i < len(p.fields) {
		name := p.fields[p.i]
		if p.i+1 >= len(p.fields) || p.fields[p.i+1] != "::=" || !strings.HasPrefix(name, "<") {
			return nil, fmt.Errorf("grammar: expected a rule at %q", name)
		}
		if rules[name] != nil {
			return nil, fmt.Errorf("grammar: rule %s stands twice", name)
		}
		p.i += 2
		n, err := p.choice("")
		if err != nil {
			return nil, fmt.Errorf("grammar: rule %s: %w", name, err)
		}
		rules[name] = n
	}
	for _, ref := range p.refs {
		if rules[ref] == nil {
			return nil, fmt.Errorf("grammar: rule %s is used but not there", ref)
		}
	}
	return rules, nil
}

type grammarParser struct {
	fields []string
	i      int
	refs   []string
}

// choice reads up to the closing mark, or for a rule's body up to the next rule.
func (p *grammarParser) choice(closing string) (node, error) {
	var alternatives choice
	var seq sequence
	for {
		atEnd := p.i >= len(p.fields)
		if closing == "" && (atEnd || p.i+1 < len(p.fields) && p.fields[p.i+1] == "::=") || !atEnd && p.fields[p.i] == closing {
			if closing != "" {
				p.i++
			}
			if len(seq) == 0 {
				return nil, fmt.Errorf("empty alternative")
			}
			return append(alternatives, seq), nil
		}
		if atEnd {
			return nil, fmt.Errorf("%s is missing", closing)
		}
		f := p.fields[p.i]
		p.i++
		switch {
		case f == "|":
			if len(seq) == 0 {
				return nil, fmt.Errorf("empty alternative")
			}
			alternatives = append(alternatives, seq)
			seq = nil
		case f == "[" && p.i+1 < len(p.fields) && p.fields[p.i] == ",...n" && p.fields[p.i+1] == "]":
			if len(seq) == 0 {
				return nil, fmt.Errorf("[ ,...n ] follows nothing")
			}
			p.i += 2
			seq[len(seq)-1] = list{seq[len(seq)-1]}
		case f == "[":
			n, err := p.choice("]")
			if err != nil {
				return nil, err
			}
			seq = append(seq, optional{n})
		case f == "{":
			n, err := p.choice("}")
			if err != nil {
				return nil, err
			}
			seq = append(seq, n)
		case strings.HasSuffix(f, "+") && len(f) == 5:
			v, err := strconv.Atoi(f[:4])
			if err != nil {
				return nil, fmt.Errorf("version %s: %w", f, err)
			}
			rest, err := p.sequence(closing)
			if err != nil {
				return nil, err
			}
			seq = append(seq, since{v, rest})
		default:
			n, err := p.terminal(f)
			if err != nil {
				return nil, err
			}
			seq = append(seq, n)
		}
	}
}

// sequence reads what a version mark covers: up to the next |, the closing mark or the next rule, none of which it takes.
func (p *grammarParser) sequence(closing string) (node, error) {
	sub := &grammarParser{}
	depth := 0
	for p.i < len(p.fields) {
		f := p.fields[p.i]
		if depth == 0 && (f == "|" || f == closing || p.i+1 < len(p.fields) && p.fields[p.i+1] == "::=") {
			break
		}
		if f == "[" || f == "{" {
			depth++
		}
		if f == "]" || f == "}" {
			depth--
		}
		sub.fields = append(sub.fields, f)
		p.i++
	}
	n, err := sub.choice("")
	p.refs = append(p.refs, sub.refs...)
	if c, ok := n.(choice); ok && len(c) == 1 {
		n = c[0]
	}
	return n, err
}

func (p *grammarParser) terminal(f string) (node, error) {
	switch {
	case strings.HasPrefix(f, "<") && strings.HasSuffix(f, ">"):
		p.refs = append(p.refs, f)
		return ruleRef(f), nil
	case f == strings.ToUpper(f) && f != strings.ToLower(f):
		return keyword(f), nil
	case classNames[f] != "":
		return class(f), nil
	case strings.Trim(f, "(),=.:*-") == "":
		return symbol(f), nil
	}
	return nil, fmt.Errorf("terminal %q is not known", f)
}

// mismatch says where and why tokens do not follow a rule. Index is that of the token that does not fit; it equals the
// number of tokens when something is missing at the end.
type mismatch struct {
	index    int
	expected []string
	gated    string
}

// follow matches all tokens against a rule and returns nil when they follow it.
func follow(rule string, tokens []token, version int) *mismatch {
	m := &matcher{rules: grammar(), tokens: tokens, version: version, far: -1}
	if m.rules["<"+rule+">"].match(m, 0, func(i int) bool { return i == len(tokens) || m.fail(i, "the end of the statement") }) {
		return nil
	}
	return &mismatch{m.far, m.expected, m.gated}
}
