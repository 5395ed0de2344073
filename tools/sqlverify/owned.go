package sqlverify

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// mirroringWords give an ALTER DATABASE away as one about availability groups or mirroring, even with a word missing.
var mirroringWords = []string{"HADR", "PARTNER", "WITNESS", "AVAILABILITY", "SUSPEND", "RESUME", "FAILOVER", "FORCE_SERVICE_ALLOW_DATA_LOSS", "SAFETY", "TIMEOUT"}

// ownedRule returns the grammar rule for statements that this package judges itself, or "". It looks at as little of the
// statement as it can, so that a mutilated one is still held against its rule.
func ownedRule(tokens []token) string {
	if len(tokens) < 2 {
		return ""
	}
	has := func(words ...string) bool {
		return slices.ContainsFunc(tokens[1:], func(t token) bool { return t.kind == word && slices.Contains(words, t.val) })
	}
	onScope := slices.ContainsFunc(tokens, func(t token) bool { return t.op("::") })
	for i, t := range tokens[1:] {
		if t.op("::") && !tokens[i].is("ENDPOINT") && tokens[i].kind == word && !tokens[i].is("ON") {
			onScope = false // another class: LOGIN::, DATABASE::
		}
	}
	first, second := tokens[0], tokens[1]
	switch {
	case first.is("CREATE") && second.is("AVAILABILITY"):
		return "create_group"
	case first.is("ALTER") && second.is("AVAILABILITY"):
		return "alter_group"
	case first.is("DROP") && second.is("AVAILABILITY"):
		return "drop_group"
	case first.is("CREATE") && second.is("ENDPOINT"):
		return "create_endpoint"
	case first.is("ALTER") && second.is("ENDPOINT"):
		return "alter_endpoint"
	case first.is("DROP") && second.is("ENDPOINT"):
		return "drop_endpoint"
	case first.is("ALTER") && second.is("DATABASE") && has("PARTNER", "WITNESS", "SAFETY", "TIMEOUT", "FORCE_SERVICE_ALLOW_DATA_LOSS", "FAILOVER"):
		return "set_mirroring"
	case first.is("ALTER") && second.is("DATABASE") && has(mirroringWords...):
		return "set_hadr"
	case first.is("ALTER") && second.is("DATABASE"):
		return "alter_database"
	case first.is("ALTER") && second.is("AUTHORIZATION") && (has("ENDPOINT") || onScope):
		return "authorization_endpoint"
	case first.is("GRANT") && (onScope || onEndpoint(tokens)):
		return "grant_endpoint"
	case first.is("DENY") && (onScope || onEndpoint(tokens)):
		return "deny_endpoint"
	case first.is("REVOKE") && (onScope || onEndpoint(tokens)):
		return "revoke_endpoint"
	}
	return ""
}

// onEndpoint tells GRANT CONNECT ON ENDPOINT::[x] from GRANT ALTER ANY ENDPOINT.
func onEndpoint(tokens []token) bool {
	for i := 1; i < len(tokens); i++ {
		if tokens[i].is("ENDPOINT") && (tokens[i-1].is("ON") || i+1 < len(tokens) && tokens[i+1].op("::")) {
			return true
		}
	}
	return false
}

// groupFirstVersion is the first SQL Server with availability groups.
const groupFirstVersion = 2012

// checkOwned holds one statement against its rule and the rules that no grammar expresses.
func (c *checker) checkOwned(rule string, tokens []token) {
	if c.version < groupFirstVersion && (strings.HasSuffix(rule, "_group") || rule == "set_hadr") {
		c.at(tokens[0], "SQV001", "availability groups need SQL Server %d", groupFirstVersion)
		return
	}
	if m := follow(rule, tokens, c.version); m != nil {
		code, place := "SQG001", tokens[min(m.index, len(tokens)-1)]
		found := "the statement ends here"
		if m.index < len(tokens) {
			found = place.raw
		}
		if m.gated != "" {
			c.at(place, "SQV001", "%s", m.gated)
			return
		}
		c.at(place, code, "%s %s: expected %s, found %s", tokens[0].val, tokens[1].val, strings.Join(m.expected, " or "), found)
		return
	}
	switch rule {
	case "create_group":
		c.createGroup(tokens)
	case "alter_group":
		c.alterGroup(tokens)
	case "create_endpoint", "alter_endpoint":
		c.endpoint(rule, tokens)
	case "set_mirroring":
		for i, t := range tokens {
			if t.kind == text {
				c.endpointURL(t)
			}
			if t.is("TIMEOUT") {
				c.between(tokens[i+1], "TIMEOUT", 5, 4294967295)
			}
		}
	}
}

// option is KEY = value… or KEY ( … ) in a list.
type option struct {
	key    token
	values []token // behind the equals sign, or inside the parentheses
}

// options cuts the list inside the parentheses that open at tokens[open], and returns the index behind them.
func options(tokens []token, open int) (list []option, after int) {
	depth := 0
	var current []token
	flush := func() {
		if len(current) > 0 {
			o := option{key: current[0]}
			if len(current) > 1 {
				o.values = current[2:]
				if current[1].op("(") {
					o.values = current[2 : len(current)-1]
				} else if !current[1].op("=") {
					o.values = current[1:]
				}
			}
			list = append(list, o)
		}
		current = nil
	}
	for i := open; i < len(tokens); i++ {
		t := tokens[i]
		switch {
		case t.op("("):
			depth++
			if depth == 1 {
				continue
			}
		case t.op(")"):
			depth--
			if depth == 0 {
				flush()
				return list, i + 1
			}
		case t.op(",") && depth == 1:
			flush()
			continue
		}
		current = append(current, t)
	}
	flush()
	return list, len(tokens)
}

// once reports options that stand twice, and returns them by name.
func (c *checker) once(list []option) map[string]option {
	byName := map[string]option{}
	for _, o := range list {
		if _, twice := byName[o.key.val]; twice {
			c.at(o.key, "SQS001", "option %s stands twice", o.key.val)
		}
		byName[o.key.val] = o
	}
	return byName
}

func (o option) word() string {
	if len(o.values) == 0 {
		return ""
	}
	return o.values[0].val
}

// replica is what the semantic rules need to know of one replica.
type replica struct {
	name    token
	options map[string]option
}

// replicas reads "string WITH ( … ) , …" from i and checks each for itself.
func (c *checker) replicas(tokens []token, i int, complete bool) ([]replica, int) {
	var list []replica
	for i+2 < len(tokens) && tokens[i].kind == text && tokens[i+1].is("WITH") {
		opts, after := options(tokens, i+2)
		r := replica{name: tokens[i], options: c.once(opts)}
		c.replica(r, complete)
		list = append(list, r)
		i = after
		if i < len(tokens) && tokens[i].op(",") {
			i++
		}
	}
	return list, i
}

// replica checks one replica. Ranges: CREATE AVAILABILITY GROUP; SESSION_TIMEOUT below 5 becomes 5.
func (c *checker) replica(r replica, complete bool) {
	c.serverName(r.name)
	if complete {
		for _, need := range []string{"ENDPOINT_URL", "AVAILABILITY_MODE", "FAILOVER_MODE"} {
			if _, ok := r.options[need]; !ok {
				c.at(r.name, "SQS002", "replica %s has no %s", r.name.val, need)
			}
		}
	}
	if o, ok := r.options["FAILOVER_MODE"]; ok && o.word() == "AUTOMATIC" && r.options["AVAILABILITY_MODE"].word() == "ASYNCHRONOUS_COMMIT" {
		c.at(o.key, "SQS003", "replica %s: automatic failover needs synchronous commit", r.name.val)
	}
	for _, key := range []string{"BACKUP_PRIORITY", "SESSION_TIMEOUT"} {
		if o, ok := r.options[key]; ok {
			limits := map[string][2]uint64{"BACKUP_PRIORITY": {0, 100}, "SESSION_TIMEOUT": {5, 2147483647}}[key]
			c.between(o.values[0], key, limits[0], limits[1])
		}
	}
	if o, ok := r.options["ENDPOINT_URL"]; ok {
		c.endpointURL(o.values[0])
	}
	for _, role := range []string{"SECONDARY_ROLE", "PRIMARY_ROLE"} {
		o, ok := r.options[role]
		if !ok {
			continue
		}
		wrapped := append([]token{{kind: operator, raw: "("}}, o.values...)
		inner, _ := options(append(wrapped, token{kind: operator, raw: ")"}), 0)
		c.once(inner)
		for _, in := range inner {
			if strings.HasSuffix(in.key.val, "_URL") {
				c.endpointURL(in.values[0])
			}
		}
	}
}

// serverName refuses what is no @@SERVERNAME: HOST or HOST\INSTANCE, the host without a domain.
func (c *checker) serverName(t token) {
	host, instance, named := strings.Cut(t.val, `\`)
	if host == "" || strings.ContainsAny(t.val, ".,:/ ") || named && (instance == "" || strings.Contains(instance, `\`)) {
		c.at(t, "SQS004", "%s is no server name: HOST or HOST\\INSTANCE, without domain and port", t.raw)
	}
}

// endpointURL wants TCP://host:port; the host is a name, an IPv4 address or an IPv6 address in brackets, never an instance.
func (c *checker) endpointURL(t token) {
	const scheme = "TCP://"
	rest := ""
	if len(t.val) > len(scheme) && strings.EqualFold(t.val[:len(scheme)], scheme) {
		rest = t.val[len(scheme):]
	}
	i := strings.LastIndexByte(rest, ':')
	if i <= 0 {
		c.at(t, "SQS005", "%s is not of the form TCP://host:port", t.raw)
		return
	}
	host, port := rest[:i], rest[i+1:]
	if n, err := strconv.ParseUint(port, 10, 32); err != nil || n < 1 || n > 65535 {
		c.at(t, "SQS006", "%s: the port must be 1 to 65535", t.raw)
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		if a, err := netip.ParseAddr(host[1 : len(host)-1]); err != nil || !a.Is6() {
			c.at(t, "SQS005", "%s: %s is no IPv6 address", t.raw, host)
		}
		return
	}
	for _, label := range strings.Split(host, ".") {
		if !hostLabel(label) {
			c.at(t, "SQS005", "%s: %q is no host name", t.raw, host)
			return
		}
	}
}

// hostLabel says whether s is one label of a DNS host name, an underscore allowed as Windows does.
func hostLabel(s string) bool {
	for i := 0; i < len(s); i++ {
		b := s[i] | 0x20
		if !(b >= 'a' && b <= 'z') && !isDigit(s[i]) && s[i] != '-' && s[i] != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-'
}

func (c *checker) between(t token, what string, lo, hi uint64) {
	if n, err := strconv.ParseUint(t.raw, 10, 64); err != nil || n < lo || n > hi {
		c.at(t, "SQS006", "%s must be %d to %d", what, lo, hi)
	}
}

// groupOptions checks the options of WITH and SET. Sources: CREATE AVAILABILITY GROUP, arguments.
func (c *checker) groupOptions(list []option) map[string]option {
	byName := c.once(list)
	if o, ok := byName["FAILURE_CONDITION_LEVEL"]; ok {
		c.between(o.values[0], o.key.val, 1, 5)
	}
	if o, ok := byName["HEALTH_CHECK_TIMEOUT"]; ok {
		c.between(o.values[0], o.key.val, 15000, 4294967295)
	}
	return byName
}

// limits of an availability group by version: all replicas, synchronous ones and automatic-failover ones, the primary
// counted in each. Sources: overview and prerequisites pages of each version; three automatic ones in 2016 are field.
func limits(version int) (all, synchronous, automatic int) {
	switch {
	case version < 2014:
		return 5, 3, 2
	case version < 2016:
		return 9, 3, 2
	case version < 2019:
		return 9, 3, 3
	}
	return 9, 5, 5
}

func (c *checker) createGroup(tokens []token) {
	i := 4
	byName := map[string]option{}
	if tokens[i].is("WITH") {
		var opts []option
		opts, i = options(tokens, i+1)
		byName = c.groupOptions(opts)
	}
	databases := 0
	for ; !tokens[i].is("REPLICA"); i++ {
		if tokens[i].kind == bracketed || tokens[i].kind == quoted || tokens[i].kind == scripting {
			databases++
		}
	}
	list, i := c.replicas(tokens, i+2, true)
	seen := map[string]bool{}
	synchronous, automatic := 0, 0
	for _, r := range list {
		key := strings.ToUpper(r.name.val)
		if seen[key] {
			c.at(r.name, "SQS007", "replica %s stands twice", r.name.val)
		}
		seen[key] = true
		if r.options["AVAILABILITY_MODE"].word() == "SYNCHRONOUS_COMMIT" {
			synchronous++
		}
		if r.options["FAILOVER_MODE"].word() == "AUTOMATIC" {
			automatic++
		}
	}
	all, maxSync, maxAuto := limits(c.version)
	if len(list) > all {
		c.at(tokens[0], "SQS008", "%d replicas; SQL Server %d takes %d", len(list), c.version, all)
	}
	if synchronous > maxSync {
		c.at(tokens[0], "SQS008", "%d synchronous replicas; SQL Server %d takes %d", synchronous, c.version, maxSync)
	}
	if automatic > maxAuto {
		c.at(tokens[0], "SQS008", "%d replicas with automatic failover; SQL Server %d takes %d", automatic, c.version, maxAuto)
	}
	if o, ok := byName["REQUIRED_SYNCHRONIZED_SECONDARIES_TO_COMMIT"]; ok {
		c.between(o.values[0], o.key.val, 0, uint64(max(len(list)-1, 0)))
	}
	if basic, ok := byName["BASIC"]; ok {
		c.basic(basic.key, byName, list, databases)
	}
	if i < len(tokens) && tokens[i].is("LISTENER") {
		c.listener(tokens[i:])
	}
}

// basic checks what a Basic availability group forbids (basic-availability-groups page; SMO's validator).
func (c *checker) basic(at token, group map[string]option, list []replica, databases int) {
	if len(list) != 2 {
		c.at(at, "SQS009", "a Basic availability group has two replicas, here are %d", len(list))
	}
	if databases > 1 {
		c.at(at, "SQS009", "a Basic availability group has one database, here are %d", databases)
	}
	if o, ok := group["AUTOMATED_BACKUP_PREFERENCE"]; ok && o.word() != "PRIMARY" {
		c.at(o.key, "SQS009", "a Basic availability group is backed up on the primary only")
	}
	for _, r := range list {
		if o, ok := r.options["BACKUP_PRIORITY"]; ok && o.values[0].raw != "50" {
			c.at(o.key, "SQS009", "a Basic availability group allows no BACKUP_PRIORITY but 50")
		}
		if o, ok := r.options["SECONDARY_ROLE"]; ok && slices.ContainsFunc(o.values, func(t token) bool { return t.is("READ_ONLY") || t.is("ALL") }) {
			c.at(o.key, "SQS009", "the secondary of a Basic availability group cannot be read")
		}
	}
}

func (c *checker) alterGroup(tokens []token) {
	verb := tokens[4]
	switch {
	case verb.is("SET"):
		opts, _ := options(tokens, 5)
		c.groupOptions(opts)
	case (verb.is("ADD") || verb.is("MODIFY") || verb.is("REMOVE")) && tokens[5].is("REPLICA"):
		if verb.is("REMOVE") {
			c.serverName(tokens[7])
			return
		}
		c.replicas(tokens, 7, verb.is("ADD"))
	case tokens[len(tokens)-1].op(")") && tokens[5].is("LISTENER"), verb.is("RESTART"), verb.is("REMOVE") && tokens[5].is("LISTENER"):
		c.listener(tokens[5:])
	}
}

// listener checks LISTENER N'name' [ ( … ) ]: the name is a DNS label of at most 63 characters, addresses belong to their
// masks, one of each subnet.
func (c *checker) listener(tokens []token) {
	name := tokens[1]
	if !hostLabel(name.val) {
		c.at(name, "SQS010", "%s is no DNS host name for a listener", name.raw)
	}
	subnets := map[netip.Prefix]bool{}
	for i, t := range tokens {
		if t.is("PORT") {
			c.between(tokens[i+2], "PORT", 1, 65535)
		}
		// An address opens a parenthesis; its mask is the literal behind the comma.
		if i < 3 || t.kind != text || !tokens[i-1].op("(") {
			continue
		}
		addr, err := netip.ParseAddr(t.val)
		hasMask := tokens[i+1].op(",")
		switch {
		case err != nil:
			c.at(t, "SQS011", "%s is no IP address", t.raw)
		case addr.Is6() && hasMask:
			c.at(t, "SQS011", "an IPv6 address takes no mask")
		case addr.Is4() && !hasMask:
			c.at(t, "SQS011", "IPv4 address %s lacks its subnet mask", t.raw)
		case addr.Is4():
			prefix, ok := subnet(addr, tokens[i+2].val)
			if !ok {
				c.at(tokens[i+2], "SQS011", "%s is no subnet mask", tokens[i+2].raw)
				continue
			}
			if subnets[prefix] {
				c.at(t, "SQS012", "a second address in subnet %s", prefix)
			}
			subnets[prefix] = true
		}
	}
}

func subnet(addr netip.Addr, mask string) (netip.Prefix, bool) {
	m, err := netip.ParseAddr(mask)
	if err != nil || !m.Is4() {
		return netip.Prefix{}, false
	}
	b := m.As4()
	bits := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	ones := 0
	for bits&(1<<31) != 0 {
		ones++
		bits <<= 1
	}
	if bits != 0 || ones == 0 {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(addr, ones).Masked(), true
}

// endpoint checks CREATE and ALTER ENDPOINT. The algorithm must be written out because its default changed from RC4 to AES
// with SQL Server 2016.
func (c *checker) endpoint(rule string, tokens []token) {
	for i, t := range tokens {
		if !t.op("(") || !(tokens[i-1].is("TCP") || tokens[i-1].is("DATABASE_MIRRORING")) {
			continue
		}
		list, _ := options(tokens, i)
		byName := c.once(list)
		if o, ok := byName["LISTENER_PORT"]; ok {
			c.between(o.values[0], "LISTENER_PORT", 1, 65535)
		}
		if tokens[i-1].is("TCP") {
			if _, ok := byName["LISTENER_PORT"]; !ok {
				c.at(tokens[i-1], "SQS002", "the endpoint has no LISTENER_PORT")
			}
			continue
		}
		if rule == "create_endpoint" {
			for _, need := range []string{"ROLE", "ENCRYPTION"} {
				if _, ok := byName[need]; !ok {
					c.at(tokens[i-1], "SQS002", "the endpoint has no %s", need)
				}
			}
		}
		if o, ok := byName["ENCRYPTION"]; ok {
			var words []string
			for _, v := range o.values {
				words = append(words, v.val)
			}
			if got := strings.Join(words, " "); got != "REQUIRED ALGORITHM AES" {
				c.at(o.key, "SQS013", "ENCRYPTION = %s; mbamplan writes REQUIRED ALGORITHM AES", got)
			}
		}
	}
}
