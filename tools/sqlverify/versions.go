package sqlverify

import "strings"

// objectSince says from which version a view, function or column of the system exists. A trailing * stands for every
// name that begins so. Sources: the reference page of each, "applies to".
var objectSince = []struct {
	name    string
	version int
}{
	{"dm_hadr_automatic_seeding", 2016},
	{"dm_hadr_physical_seeding_stats", 2016},
	{"dm_hadr_db_threads", 2019},
	{"dm_hadr_ag_threads", 2019},
	{"dm_hadr_cached_database_replica_states", 2022},
	{"dm_hadr_*", 2012},
	{"availability_groups*", 2012},
	{"availability_replicas", 2012},
	{"availability_databases_cluster", 2012},
	{"availability_group_listeners", 2012},
	{"availability_group_listener_ip_addresses", 2012},
	{"availability_read_only_routing_lists", 2012},
	{"fn_hadr_backup_is_preferred_replica", 2012},
	{"fn_hadr_is_primary_replica", 2014},
	{"fn_hadr_distributed_ag_*", 2022},
	{"dm_tcp_listener_states", 2012},
	{"dm_io_cluster_valid_path_names", 2014},
	{"dm_os_host_info", 2017},
	{"dm_db_log_info", 2016},
	{"dm_db_log_stats", 2016},
	{"database_scoped_configurations", 2016},
	{"secondary_lag_seconds", 2016},
	{"seeding_mode", 2016},
	{"seeding_mode_desc", 2016},
	{"basic_features", 2016},
	{"dtc_support", 2016},
	{"db_failover", 2016},
	{"is_distributed", 2016},
	{"cluster_type", 2017},
	{"cluster_type_desc", 2017},
	{"required_synchronized_secondaries_to_commit", 2017},
	{"read_write_routing_url", 2019},
	{"is_contained", 2022},
	{"group_database_id", 2012},
	{"is_current_owner", 2012},
}

// functionSince says from which version a built-in function exists; it counts only in front of a parenthesis.
var functionSince = map[string]int{
	"IIF": 2012, "CHOOSE": 2012, "CONCAT": 2012, "FORMAT": 2012, "PARSE": 2012, "TRY_PARSE": 2012, "TRY_CONVERT": 2012,
	"TRY_CAST": 2012, "EOMONTH": 2012, "DATEFROMPARTS": 2012, "DATETIMEFROMPARTS": 2012, "DATETIME2FROMPARTS": 2012,
	"TIMEFROMPARTS": 2012, "LAG": 2012, "LEAD": 2012, "FIRST_VALUE": 2012, "LAST_VALUE": 2012,
	"STRING_SPLIT": 2016, "STRING_ESCAPE": 2016, "ISJSON": 2016, "JSON_VALUE": 2016, "JSON_QUERY": 2016, "JSON_MODIFY": 2016,
	"OPENJSON": 2016, "COMPRESS": 2016, "DECOMPRESS": 2016, "DATEDIFF_BIG": 2016, "SESSION_CONTEXT": 2016,
	"STRING_AGG": 2017, "CONCAT_WS": 2017, "TRANSLATE": 2017, "TRIM": 2017, "APPROX_COUNT_DISTINCT": 2019,
	"GREATEST": 2022, "LEAST": 2022, "DATETRUNC": 2022, "DATE_BUCKET": 2022, "GENERATE_SERIES": 2022, "JSON_OBJECT": 2022, "JSON_ARRAY": 2022,
}

// versions reports what the version of the server does not know although its grammar may let it pass; skip holds the tokens of
// owned statements.
func (c *checker) versions(tokens []token, skip map[int]bool) {
	need := func(t token, what string, version int) {
		if c.version < version {
			c.at(t, "SQV002", "%s needs SQL Server %d", what, version)
		}
	}
	is := func(i int, upper string) bool { return i >= 0 && i < len(tokens) && tokens[i].is(upper) }
	for i, t := range tokens {
		if skip[i] {
			continue
		}
		if t.isName() {
			lower := strings.ToLower(t.val)
			for _, o := range objectSince {
				prefix, star := strings.CutSuffix(o.name, "*")
				if lower == o.name || star && strings.HasPrefix(lower, prefix) {
					need(t, lower, o.version)
					break
				}
			}
		}
		if t.kind != word {
			continue
		}
		if v := functionSince[t.val]; v > 0 && i+1 < len(tokens) && tokens[i+1].op("(") && !(i > 0 && tokens[i-1].op(".")) {
			need(t, t.val, v)
		}
		switch {
		case t.val == "THROW":
			need(t, "THROW", 2012)
		case t.val == "IF" && is(i+1, "EXISTS") && !(i+2 < len(tokens) && tokens[i+2].op("(")):
			need(t, "DROP … IF EXISTS", 2016)
		case t.val == "CREATE" && is(i+1, "OR") && is(i+2, "ALTER"):
			need(t, "CREATE OR ALTER", 2016)
		case (t.val == "CREATE" || t.val == "ALTER") && is(i+1, "SERVER") && is(i+2, "ROLE"):
			need(t, t.val+" SERVER ROLE", 2012)
		case t.val == "ALTER" && is(i+1, "ROLE") && i+3 < len(tokens) && (is(i+3, "ADD") || is(i+3, "DROP")):
			need(t, "ALTER ROLE … MEMBER", 2012)
		case t.val == "OFFSET" && i+2 < len(tokens) && (is(i+2, "ROWS") || is(i+2, "ROW")):
			need(t, "OFFSET … FETCH", 2012)
		case t.val == "AT" && is(i+1, "TIME") && is(i+2, "ZONE"):
			need(t, "AT TIME ZONE", 2016)
		}
	}
}
