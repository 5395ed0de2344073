package sqlverify

import "slices"

// evidence says what a query tells about the role that this server plays.
type evidence struct {
	role     bool // sys.dm_hadr_availability_replica_states, local row, its role
	group    bool // sys.availability_groups or …_cluster: the group exists
	joined   bool // sys.dm_hadr_availability_replica_cluster_states: this replica has joined
	mirrored bool // sys.database_mirroring
}

func (e evidence) or(o evidence) evidence {
	return evidence{e.role || o.role, e.group || o.group, e.joined || o.joined, e.mirrored || o.mirrored}
}

// evidenceOf reads the names in a piece of T-SQL. The role counts only together with is_local: on the primary the view
// lists every replica, so that a query without it is true on the wrong server.
func evidenceOf(tokens []token) evidence {
	has := func(names ...string) bool {
		return slices.ContainsFunc(tokens, func(t token) bool {
			return slices.ContainsFunc(names, t.named)
		})
	}
	return evidence{
		role:     has("dm_hadr_availability_replica_states") && has("role", "role_desc") && has("is_local") || has("fn_hadr_is_primary_replica"),
		group:    has("availability_groups", "availability_groups_cluster"),
		joined:   has("dm_hadr_availability_replica_cluster_states") && has("join_state"),
		mirrored: has("database_mirroring"),
	}
}

// bound is what a role-bound statement needs: enough tells whether evidence suffices, roles are the values of the role
// column with which it may run (0 resolving, 1 primary, 2 secondary), nil for any.
type bound struct {
	what   string
	needs  string
	enough func(evidence) bool
	roles  []string
}

// roleBound says what an owned statement needs, or nil. Sources: ALTER AVAILABILITY GROUP ("supported only on …" of each
// argument), ALTER DATABASE SET HADR, ALTER DATABASE Database Mirroring.
func roleBound(tokens []token) *bound {
	const view = "IF EXISTS over sys.dm_hadr_availability_replica_states (is_local, role)"
	role := func(e evidence) bool { return e.role }
	word := func(i int) string {
		if i < len(tokens) {
			return tokens[i].val
		}
		return ""
	}
	switch ownedRule(tokens) {
	case "create_group":
		return &bound{"CREATE AVAILABILITY GROUP", "sys.availability_groups_cluster", func(e evidence) bool { return e.group || e.role }, nil}
	case "drop_group":
		return &bound{"DROP AVAILABILITY GROUP", view, role, []string{"1"}}
	case "alter_group":
		switch verb := word(4); verb {
		case "JOIN":
			return &bound{verb, "sys.dm_hadr_availability_replica_cluster_states (join_state)", func(e evidence) bool { return e.joined || e.role }, []string{"0", "2"}}
		case "FAILOVER", "FORCE_FAILOVER_ALLOW_DATA_LOSS":
			return &bound{verb, view, role, []string{"0", "2"}}
		case "GRANT", "DENY":
			return nil
		default:
			return &bound{verb + " " + word(5), view, role, []string{"1"}}
		}
	case "set_hadr":
		b := &bound{"SET HADR", view, role, []string{"0", "2"}}
		if w := word(len(tokens) - 1); w == "SUSPEND" || w == "RESUME" {
			b.roles = nil
		}
		return b
	case "set_mirroring":
		return &bound{"SET " + word(4), "sys.database_mirroring", func(e evidence) bool { return e.mirrored }, nil}
	}
	return nil
}

// roleGuards checks that every role-bound statement of a batch, written or dynamic, runs only when a query in the same
// batch allowed it: in a condition around it, in a variable that such a condition tests, or in an earlier IF that returns.
func (c *checker) roleGuards(tokens []token, list []*statement, texts []dynamicText) {
	known := map[*statement]evidence{}
	tainted := map[string]evidence{}
	c.collect(tokens, list, evidence{}, tainted, known)
	conditional := map[*statement]bool{} // stands in an IF
	walk(list, nil, func(s *statement, enclosing []*statement) {
		conditional[s] = slices.ContainsFunc(enclosing, func(e *statement) bool { return e.kind == "if" })
		if !s.isPlain() {
			return
		}
		if b := roleBound(tokens[s.lo:s.hi]); b != nil {
			c.requireRole(tokens, tokens[s.lo], b, known[s], enclosing, s, tainted)
		}
	})
	for _, d := range texts {
		if d.from == nil {
			continue
		}
		sub := scan(d.sql)
		guarded := conditional[d.from] || len(d.executed) > 0 && !slices.ContainsFunc(d.executed, func(e *statement) bool { return !conditional[e] })
		for i, t := range sub.tokens[:max(len(sub.tokens)-1, 0)] {
			if next := sub.tokens[i+1]; !guarded && t.is("DROP") && (next.is("LOGIN") || next.is("ENDPOINT")) {
				c.at(d.origin, "SQC009", "in dynamic SQL: DROP %s stands in no IF", next.val)
			}
		}
		if !d.known {
			continue
		}
		for _, s := range parseBatch(sub.tokens, batch{0, len(sub.tokens)}, func(token, string, string, ...any) {}) {
			b := roleBound(sub.tokens[s.lo:s.hi])
			if b == nil || b.enough(known[d.from]) {
				continue
			}
			if len(d.executed) == 0 || slices.ContainsFunc(d.executed, func(e *statement) bool { return !b.enough(known[e]) }) {
				c.at(d.origin, "SQC021", "in dynamic SQL: %s is not guarded by a query on %s in this batch", b.what, b.needs)
			}
		}
	}
}

// collect records for every statement which evidence guards it.
func (c *checker) collect(tokens []token, list []*statement, around evidence, tainted map[string]evidence, known map[*statement]evidence) {
	for _, s := range list {
		known[s] = around
		for _, a := range assignments(tokens, s) {
			// A SELECT that assigns tells through its FROM as well.
			e := evidenceOf(a.value)
			if s.kind == "SELECT" {
				e = evidenceOf(tokens[s.lo:s.hi])
			}
			for _, t := range a.value {
				if t.kind == variable {
					e = e.or(tainted[t.val])
				}
			}
			tainted[a.name] = tainted[a.name].or(e)
		}
		inner := around
		if s.kind == "if" || s.kind == "while" {
			cond := tokens[s.cond[0]:s.cond[1]]
			inner = inner.or(evidenceOf(cond))
			for _, t := range cond {
				if t.kind == variable {
					inner = inner.or(tainted[t.val])
				}
			}
		}
		c.collect(tokens, s.body, inner, tainted, known)
		c.collect(tokens, s.other, inner, tainted, known)
		if s.kind == "if" && returns(s.body) {
			around = around.or(inner)
		}
	}
}

// returns says whether a branch ends with RETURN.
func returns(list []*statement) bool {
	if len(list) == 0 {
		return false
	}
	last := list[len(list)-1]
	return last.kind == "RETURN" || last.kind == "block" && returns(last.body)
}

func (c *checker) requireRole(tokens []token, at token, b *bound, have evidence, enclosing []*statement, s *statement, tainted map[string]evidence) {
	if !b.enough(have) {
		c.at(at, "SQC021", "%s is not guarded by a query on %s in this batch", b.what, b.needs)
		return
	}
	for i, e := range enclosing {
		if e.kind != "if" || b.roles == nil {
			continue
		}
		inner := s
		if i+1 < len(enclosing) {
			inner = enclosing[i+1]
		}
		if !slices.Contains(e.body, inner) {
			continue // the ELSE branch
		}
		cond := tokens[e.cond[0]:e.cond[1]]
		if slices.ContainsFunc(cond, func(t token) bool { return t.is("NOT") || t.is("OR") }) {
			continue
		}
		for j := 0; j+2 < len(cond); j++ {
			isRole := cond[j].named("role") || cond[j].val == "@role" && tainted["@role"].role
			if isRole && cond[j+1].op("=") && cond[j+2].kind == number && !slices.Contains(b.roles, cond[j+2].raw) {
				c.at(at, "SQC021", "%s runs with role %s; its condition in line %d asks for role %s", b.what, b.roles[len(b.roles)-1], cond[j].line, cond[j+2].raw)
			}
		}
	}
}
