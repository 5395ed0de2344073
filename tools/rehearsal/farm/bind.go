package farm

import (
	"slices"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/rehearsal/pwsh"
)

var table = sync.OnceValue(func() *binding.Table {
	t, err := binding.Commands()
	if err != nil {
		panic(err)
	}
	return t
})

// tabled is a command of the table of package binding: its parameters, aliases, sets and mandatory parameters bind as they do there, for
// the release of MBAM where it is one of MBAM's ("" for the others). Run then sees every parameter under its own name in lower case.
func tabled(name, release string, run func(*pwsh.Call) []any) *pwsh.Command {
	_, entry := table().Lookup(name)
	if entry == nil {
		return nil
	}
	c := &pwsh.Command{}
	type place struct {
		at   int
		name string
	}
	var places []place
	seen := map[string]bool{}
	for _, set := range entry.Sets {
		for _, p := range set.Parameters {
			if p.Switch && !seen[p.Name] {
				c.Switches = append(append(c.Switches, p.Name), p.Aliases...)
			}
			if p.Position != nil && !seen[p.Name] {
				places = append(places, place{*p.Position, p.Name})
			}
			seen[p.Name] = true
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.at - b.at })
	for _, p := range places {
		c.Positional = append(c.Positional, p.name)
	}
	c.Run = func(call *pwsh.Call) []any {
		bindSet(call, entry, release)
		return run(call)
	}
	return c
}

// bindSet gives the arguments their full names and refuses those that no parameter set takes together.
func bindSet(call *pwsh.Call, entry *binding.Command, release string) {
	const exception = "System.Management.Automation.ParameterBindingException"
	there := func(since string) bool {
		return entry.Since == "" || release == "" || since == "" || slices.Index(binding.Releases, since) <= slices.Index(binding.Releases, release)
	}
	args := map[string]any{}
	for given, v := range call.Args {
		var found []string
		for _, set := range entry.Sets {
			for _, p := range set.Parameters {
				name := strings.ToLower(p.Name)
				if !there(p.Since) || slices.Contains(found, name) {
					continue
				}
				if name == given || slices.ContainsFunc(p.Aliases, func(a string) bool { return strings.EqualFold(a, given) }) {
					found = []string{name}
					break
				}
				if strings.HasPrefix(name, given) {
					found = append(found, name)
				}
			}
			if len(found) == 1 && found[0] == given {
				break
			}
		}
		switch len(found) {
		case 0:
			pwsh.ThrowID(exception, "NamedParameterNotFound,"+call.Name, "A parameter cannot be found that matches parameter name '%s'.", given)
		case 1:
			args[found[0]] = v
		default:
			pwsh.ThrowID(exception, "AmbiguousParameter,"+call.Name, "Parameter cannot be processed because the parameter name '%s' is ambiguous.", given)
		}
	}
	var missing []string
	for _, set := range entry.Sets {
		has := map[string]binding.Parameter{}
		var absent []string
		for _, p := range set.Parameters {
			if !there(p.Since) {
				continue
			}
			name := strings.ToLower(p.Name)
			has[name] = p
			if _, ok := args[name]; p.Mandatory && !ok {
				absent = append(absent, p.Name)
			}
		}
		fits := true
		for name := range args {
			_, ok := has[name]
			fits = fits && ok
		}
		switch {
		case !fits:
		case len(absent) > 0:
			if missing == nil || len(absent) < len(missing) {
				missing = absent
			}
		default:
			for name, v := range args {
				args[name] = argument(call, has[name], v)
			}
			call.Args = args
			return
		}
	}
	if missing != nil {
		// The real command asks for them, which ends a script that runs without a person.
		pwsh.ThrowID(exception, "MissingMandatoryParameter,"+call.Name, "Cannot process command because of one or more missing mandatory parameters: %s.", strings.Join(missing, " "))
	}
	pwsh.ThrowID(exception, "AmbiguousParameterSet,"+call.Name, "Parameter set cannot be resolved using the specified named parameters.")
}

// argument turns a value into the type of its parameter, or refuses it.
func argument(call *pwsh.Call, p binding.Parameter, v any) any {
	refuse := func() {
		pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "CannotConvertArgumentNoMessage,"+call.Name,
			"Cannot bind parameter '%s'. Cannot convert the %q value of type %q to type %q.", p.Name, pwsh.Text(v), pwsh.TypeName(v), p.Type)
	}
	switch strings.ToLower(p.Type) {
	case "pscredential":
		if _, ok := v.(*credential); !ok {
			refuse()
		}
	case "x509certificate2":
		if !strings.HasSuffix(pwsh.TypeName(v), ".X509Certificate2") {
			refuse()
		}
	case "int32", "int":
		switch v.(type) {
		case int64, float64:
		default:
			for _, r := range pwsh.Text(v) {
				if r < '0' || r > '9' {
					refuse()
				}
			}
		}
	case "string":
		if pwsh.Text(v) == "" && p.Mandatory {
			pwsh.ThrowID("System.Management.Automation.ParameterBindingException", "ParameterArgumentValidationErrorEmptyStringNotAllowed,"+call.Name,
				"Cannot bind argument to parameter '%s' because it is an empty string.", p.Name)
		}
	}
	return v
}

// A credential is a PSCredential.
type credential struct{ user, password string }

func (c *credential) TypeName() string     { return "System.Management.Automation.PSCredential" }
func (c *credential) Set(string, any) bool { return false }
func (c *credential) Get(name string) (any, bool) {
	switch strings.ToLower(name) {
	case "username":
		return c.user, true
	case "password":
		return secure{c.password}, true
	}
	return nil, false
}

func (c *credential) Call(name string, _ []any) (any, bool) {
	if !strings.EqualFold(name, "GetNetworkCredential") {
		return nil, false
	}
	domain, user, ok := strings.Cut(c.user, `\`)
	if !ok {
		domain, user = "", c.user
	}
	return &thing{typ: "System.Net.NetworkCredential", props: map[string]any{"username": user, "domain": domain, "password": c.password}}, true
}

// secure is a SecureString: as text it shows its type.
type secure struct{ plain string }

func (secure) TypeName() string               { return "System.Security.SecureString" }
func (secure) Get(string) (any, bool)         { return nil, false }
func (secure) Set(string, any) bool           { return false }
func (secure) Call(string, []any) (any, bool) { return nil, false }

// credentialCommand is Get-Credential: the person at the machine types, or gives up.
func (s *Session) credentialCommand() *pwsh.Command {
	return tabled("Get-Credential", "", func(c *pwsh.Call) []any {
		if !c.Has("UserName") {
			pwsh.Unknown("Get-Credential without -UserName")
		}
		c.Moot("Message") // the person reads it
		ask := s.Ask
		if ask == nil {
			ask = s.knows
		}
		user, password, ok := ask(c.Text("UserName"))
		if !ok {
			return nil
		}
		s.Typed = append(s.Typed, password)
		return []any{&credential{user, password}}
	})
}

// knows is a person who knows every password.
func (s *Session) knows(user string) (string, string, bool) {
	if e := s.directory().Find(user); e != nil {
		return user, e.Password, true
	}
	return user, "", true
}
