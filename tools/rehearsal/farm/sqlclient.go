package farm

import (
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

// keywords are the keywords of a connection string that our strings may hold, in the order in which SqlConnectionStringBuilder writes them, each
// with its synonyms (.NET, SqlConnection.ConnectionString).
var keywords = []struct {
	name     string
	synonyms []string
	flag     bool
}{
	{"Data Source", []string{"server", "address", "addr", "network address"}, false},
	{"Failover Partner", []string{"failoverpartner"}, false},
	{"Initial Catalog", []string{"database"}, false},
	{"Integrated Security", []string{"trusted_connection"}, true},
	{"Persist Security Info", []string{"persistsecurityinfo"}, true},
	{"Max Pool Size", nil, false},
	{"Encrypt", nil, true},
	{"TrustServerCertificate", nil, true},
	{"Connect Timeout", []string{"connection timeout", "timeout"}, false},
	{"Application Name", []string{"app"}, false},
	{"ApplicationIntent", nil, false},
	{"MultiSubnetFailover", []string{"multi subnet failover"}, true},
}

// connectionParts are the values of a connection string by their keyword in lower case; false for one that .NET refuses.
func connectionParts(text string) (map[string]string, bool) {
	out := map[string]string{}
	for rest := strings.TrimSpace(text); rest != ""; {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			return nil, false
		}
		after = strings.TrimLeft(after, " ")
		value := ""
		if after != "" && (after[0] == '"' || after[0] == '\'') {
			mark := after[:1]
			end := 1
			for {
				i := strings.Index(after[end:], mark)
				if i < 0 {
					return nil, false
				}
				end += i + 1
				if !strings.HasPrefix(after[end:], mark) {
					break
				}
				end++
			}
			value = strings.ReplaceAll(after[1:end-1], mark+mark, mark)
			rest = strings.TrimLeft(after[end:], " ")
			if rest != "" && rest[0] != ';' {
				return nil, false
			}
			rest = strings.TrimPrefix(rest, ";")
		} else {
			value, rest, _ = strings.Cut(after, ";")
			value = strings.TrimSpace(value)
		}
		rest = strings.TrimLeft(rest, " ;")
		key := strings.ToLower(strings.TrimSpace(name))
		found := false
		for _, k := range keywords {
			if key != strings.ToLower(k.name) && !slices.Contains(k.synonyms, key) {
				continue
			}
			found = true
			if k.flag {
				switch strings.ToLower(value) {
				case "sspi", "true", "yes":
					value = "True"
				case "false", "no":
					value = "False"
				default:
					return nil, false
				}
			}
			out[strings.ToLower(k.name)] = value
		}
		if !found {
			return nil, false
		}
	}
	return out, true
}

// builder is a SqlConnectionStringBuilder.
func builder(text string) any {
	parts, ok := connectionParts(text)
	if !ok {
		pwsh.Throw("System.ArgumentException", "Keyword not supported, or format of the initialization string does not conform to specification.")
	}
	return stringBuilder(parts)
}

type stringBuilder map[string]string

func (stringBuilder) TypeName() string       { return "System.Data.SqlClient.SqlConnectionStringBuilder" }
func (stringBuilder) Get(string) (any, bool) { return nil, false }
func (stringBuilder) Set(string, any) bool   { return false }

func (b stringBuilder) Element(index any) (any, bool) {
	v, ok := b[strings.ToLower(pwsh.Text(index))]
	if !ok {
		return "", true
	}
	return v, true
}

func (b stringBuilder) String() string {
	var out []string
	for _, k := range keywords {
		v, ok := b[strings.ToLower(k.name)]
		if !ok {
			continue
		}
		if strings.ContainsAny(v, "\"'=; \t") {
			v = `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
		}
		out = append(out, k.name+"="+v)
	}
	return strings.Join(out, ";")
}

func (b stringBuilder) Call(name string, args []any) (any, bool) {
	switch strings.ToLower(name) {
	case "tostring":
		return b.String(), true
	case "get_keys":
		var all []string
		for _, k := range keywords {
			all = append(all, k.name)
		}
		return pwsh.Strings(all), true
	case "shouldserialize":
		_, ok := b[strings.ToLower(str(args, 0))]
		return ok, true
	}
	return nil, false
}

// A sqlFault is why a connection or a query failed.
type sqlFault struct {
	number  int
	message string
}

func (f *sqlFault) throw() {
	pwsh.ThrowException(&pwsh.Exception{Type: "System.Data.SqlClient.SqlException", Message: f.message, Members: map[string]any{"number": int64(f.number)}})
}

// connection is a SqlConnection.
func (s *Session) connection(text string) *thing {
	var open *sqlOpened
	t := &thing{typ: "System.Data.SqlClient.SqlConnection"}
	t.set = func(name string, v any) bool {
		text = pwsh.Text(v)
		if _, ok := connectionParts(text); !ok {
			pwsh.Throw("System.ArgumentException", "Keyword not supported, or format of the initialization string does not conform to specification.")
		}
		return name == "connectionstring"
	}
	void := func([]any) any { return pwsh.Void }
	t.methods = map[string]func([]any) any{
		"open": func([]any) any {
			open = s.Machine.farm.openSQL(s.Machine, s.directory().NetBIOS+`\`+s.User, text)
			if open.fault != nil {
				open.fault.throw()
			}
			return pwsh.Void
		},
		"createcommand": func([]any) any { return s.sqlCommand(func() *sqlOpened { return open }) },
		"dispose":       void, "close": void,
	}
	return t
}

func (s *Session) sqlCommand(on func() *sqlOpened) *thing {
	text := ""
	params := map[string]string{}
	t := &thing{typ: "System.Data.SqlClient.SqlCommand"}
	t.props = map[string]any{"parameters": &thing{typ: "System.Data.SqlClient.SqlParameterCollection", methods: map[string]func([]any) any{
		"addwithvalue": func(args []any) any {
			params[str(args, 0)] = str(args, 1)
			return pwsh.Void
		},
	}}}
	t.set = func(name string, v any) bool {
		switch name {
		case "commandtext":
			text = pwsh.Text(v)
		case "commandtimeout":
		default:
			return false
		}
		return true
	}
	run := func() ([]string, [][]any) {
		open := on()
		if open == nil {
			pwsh.Throw("System.InvalidOperationException", "ExecuteReader requires an open and available Connection. The connection's current state is closed.")
		}
		columns, rows, fault := open.query(s, text, params)
		if fault != nil {
			fault.throw()
		}
		return columns, rows
	}
	t.methods = map[string]func([]any) any{
		"executescalar": func([]any) any {
			if _, rows := run(); len(rows) > 0 {
				return rows[0][0]
			}
			return nil
		},
		"executereader": func([]any) any {
			columns, rows := run()
			at := -1
			void := func([]any) any { return pwsh.Void }
			return &thing{typ: "System.Data.SqlClient.SqlDataReader", props: map[string]any{"fieldcount": int64(len(columns))}, methods: map[string]func([]any) any{
				"read": func([]any) any {
					at++
					return at < len(rows)
				},
				"getname":  func(a []any) any { return columns[number(a[0])] },
				"getvalue": func(a []any) any { return rows[at][number(a[0])] },
				"close":    void, "dispose": void,
			}}
		},
		"dispose": func([]any) any { return pwsh.Void },
	}
	return t
}
