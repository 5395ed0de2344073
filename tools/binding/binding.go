package binding

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/psverify"
)

// A Target is what a script is for.
type Target struct {
	Windows []string // versions as in WindowsVersions; none means that versions are not checked
	Release string   // of MBAM, "2.5" or "2.5 SP1"; "" means that it is not checked
}

// WindowsVersions are the versions that can be checked, oldest first. The table starts with 2012; what is known of 2008 R2
// stands in oldModules.
var WindowsVersions = []string{"2008R2", "2012", "2012R2", "2016", "2019", "2022", "2025"}

// Releases are the releases of MBAM that the table knows, oldest first.
var Releases = []string{"2.5", "2.5 SP1"}

// oldModules are the modules of the table that Windows Server 2008 R2 has, with PowerShell 4.0: those of the engine, of
// the roles that existed as modules then, and of products. The CIM modules came with Windows 8. Inferred: no dump of a
// 2008 R2 was at hand, so parameters are checked against 2012's.
var oldModules = []string{
	"ActiveDirectory", "CimCmdlets", "FailoverClusters", "GroupPolicy", "Microsoft.MBAM", "NetworkLoadBalancingClusters",
	"ServerManager", "SqlServer", "SqlServer/SQLPS", "WebAdministration",
}

// oldNames are the commands that 2008 R2 has in place of commands of the table. Later they are aliases.
var oldNames = map[string]string{"Add-WindowsFeature": "Install-WindowsFeature", "Remove-WindowsFeature": "Uninstall-WindowsFeature"}

// on tells whether a Windows version has a command.
func (c *Command) on(name, version string) bool {
	if version != "2008R2" || c.Module == ownModule {
		return len(c.Windows) == 0 || slices.Contains(c.Windows, version)
	}
	for _, replacement := range oldNames {
		if name == replacement {
			return false
		}
	}
	return slices.Contains(oldModules, c.Module) || strings.HasPrefix(c.Module, "Microsoft.PowerShell.") || c.Module == "Microsoft.WSMan.Management"
}

// positionals is how many arguments may stand without a name, for commands whose order everybody knows. All other
// commands of the table may have one; functions of the script as many as they declare.
var positionals = map[string]int{"New-Object": 2, "Join-Path": 2}

// common are the parameters that every cmdlet and advanced function has, and whether they are switches.
var common = map[string]bool{
	"Debug": true, "Verbose": true, "ErrorAction": false, "ErrorVariable": false, "OutBuffer": false,
	"OutVariable": false, "PipelineVariable": false, "WarningAction": false, "WarningVariable": false,
}

// commonAliases are the short names of the common parameters.
var commonAliases = map[string]string{
	"db": "Debug", "vb": "Verbose", "ea": "ErrorAction", "ev": "ErrorVariable", "ob": "OutBuffer",
	"ov": "OutVariable", "pv": "PipelineVariable", "wa": "WarningAction", "wv": "WarningVariable",
}

var actions = []string{"SilentlyContinue", "Stop", "Continue", "Inquire", "Ignore"}

// Check binds every call of the script. It fails only when the embedded table cannot be read.
func Check(f *psverify.File, target Target) ([]psverify.Finding, error) {
	t, err := Commands()
	if err != nil {
		return nil, err
	}
	return t.Check(f, target), nil
}

// Check binds every call of the script against this table.
func (t *Table) Check(f *psverify.File, target Target) []psverify.Finding {
	k := &checker{table: t, file: f, target: target, own: map[string]*psverify.Function{}}
	for _, fn := range f.Functions {
		name := strings.ToLower(fn.Name)
		if k.own[name] == nil {
			k.own[name] = fn
		}
		if exact, c := t.Lookup(fn.Name); c != nil {
			k.report(fn.Node, "PSB016", "the function has the name of the command %s of module %s", exact, c.Module)
		} else if to := t.Alias(fn.Name); to != "" {
			k.report(fn.Node, "PSB016", "the alias %s of %s wins over this function", fn.Name, to)
		}
	}
	for _, c := range f.Commands {
		k.call(c)
	}
	return psverify.Sort(k.findings)
}

type checker struct {
	table    *Table
	file     *psverify.File
	target   Target
	own      map[string]*psverify.Function // by name in lower case
	findings []psverify.Finding
}

func (k *checker) report(n *psverify.Node, code, format string, args ...any) {
	k.findings = append(k.findings, psverify.At(n, code, format, args...))
}

func (k *checker) call(c *psverify.Command) {
	inNative := c.Function != nil && strings.EqualFold(c.Function.Name, nativeHelper)
	for _, e := range c.Elements {
		if e.Kind == psverify.StopParsing {
			k.report(e.Node, "PSB015", "--%% hands the rest of the line over unread")
		}
	}
	if c.Operator != "" {
		block := c.Target.Kind == psverify.Block && c.Operator == "&"
		switch {
		case block, inNative && c.Operator == "&":
		case c.Operator == ".":
			k.report(c.Node, "PSB015", "dot-sourcing: a script of ours is one file")
		default:
			k.report(c.Node, "PSB015", "the call operator stands in %s only", nativeHelper)
		}
		return
	}
	if isNumber.MatchString(c.Name) || c.Name == "" {
		return
	}
	name, entry := k.table.Lookup(c.Name)
	if own := k.own[strings.ToLower(c.Name)]; own != nil {
		name, entry = own.Name, ownCommand(own)
		if strings.EqualFold(name, nativeHelper) {
			k.native(c)
		}
	}
	switch {
	case entry == nil:
		k.unknown(c)
		return
	case name != c.Name:
		k.report(c.Node, "PSB001", "%s is written %s", c.Name, name)
	}
	if name == "Start-Process" {
		k.report(c.Node, "PSB014", "programs are started through %s, which reads the exit code", nativeHelper)
	}
	b := &call{checker: k, command: c, name: name, entry: entry}
	b.bind()
}

// unknown reports a name that is neither a command of the table nor a function of the script.
func (k *checker) unknown(c *psverify.Command) {
	switch to := k.table.Alias(c.Name); {
	case oldNames[c.Name] != "" && slices.Equal(k.target.Windows, []string{"2008R2"}):
		// A command there; its parameters are not in the table, those that we use are the same.
	case to != "":
		k.report(c.Node, "PSB002", "%s is an alias: %s", c.Name, to)
	case isProgram(c.Name):
		k.report(c.Node, "PSB014", "%s is a program: call it by its full path through %s", c.Name, nativeHelper)
	default:
		k.report(c.Node, "PSB001", "no command %s in the table and no function of that name here (cmd/maketable adds commands)", c.Name)
	}
}

// ownModule stands for the module in entries of functions of the script itself. Their kind is "script" for simple
// functions, which take no common parameters, and "Function" for advanced ones.
const ownModule = "this script"

// ownCommand is the entry for a function of the script: one set, parameters in order of their declaration.
func ownCommand(fn *psverify.Function) *Command {
	c := &Command{Module: ownModule, Kind: "script"}
	if fn.Advance {
		c.Kind = "Function"
	}
	set := Set{Name: "param", Default: true}
	position := 0
	if fn.Param != nil {
		c.ShouldProcess = fn.Param.SupportsShouldProcess
		for _, p := range fn.Param.Parameters {
			one := Parameter{Name: p.Name, Type: p.Type, Switch: p.Switch, Mandatory: p.Mandatory, Values: p.Values, Pipeline: p.Attribute}
			if !p.Switch {
				one.Position = new(position)
				position++
			}
			set.Parameters = append(set.Parameters, one)
		}
	}
	c.Sets = []Set{set}
	return c
}

// A given is an argument that a call gives by name, by hand or by a splatted hashtable.
type given struct {
	node  *psverify.Node
	name  string
	value psverify.Value
	has   bool // a value is there
	colon bool
	splat bool
	maybe bool // on some ways only
}

// call is the binding of one call.
type call struct {
	*checker
	command    *psverify.Command
	name       string
	entry      *Command
	named      []given
	positional []psverify.Value
	open       bool // something splatted is not known
}

func (b *call) bind() {
	if !b.collect() {
		return
	}
	set, finding := b.resolve("", "")
	if finding != nil {
		b.findings = append(b.findings, *finding)
		return
	}
	for _, version := range b.target.Windows {
		if !b.entry.on(b.name, version) {
			b.report(b.command.Node, "PSB003", "%s is not on Windows Server %s", b.name, version)
		} else if _, finding := b.resolve(version, ""); finding != nil {
			b.report(b.command.Node, "PSB003", "on Windows Server %s: %s", version, finding.Message)
		}
	}
	if since := b.entry.Since; since != "" && b.target.Release != "" {
		if !within(Releases, since, "", b.target.Release) {
			b.report(b.command.Node, "PSB003", "%s comes with MBAM %s, not with %s", b.name, since, b.target.Release)
		} else if _, finding := b.resolve("", b.target.Release); finding != nil {
			b.report(b.command.Node, "PSB003", "with MBAM %s: %s", b.target.Release, finding.Message)
		}
	}
	b.values(set)
}

// collect sorts the elements into named and positional ones and checks each name by itself. It returns false when a
// name is wrong, so that nothing more can be said.
func (b *call) collect() bool {
	good := true
	named, positional := b.command.Bind(func(name string) bool {
		exact := b.canonical(name)
		return b.isSwitch(exact)
	})
	b.positional = positional
	for _, a := range named {
		b.named = append(b.named, given{node: a.Node, name: a.Name, value: a.Value, has: a.Has, colon: a.Colon})
		if a.Space {
			b.report(a.Node, "PSB010", "no blank stands around the colon of -%s:value", a.Name)
			good = false
		}
	}
	for i, e := range b.command.Elements {
		if i > 0 && e.Kind == psverify.Argument && e.Value.Kind == psverify.Bool {
			if before := b.command.Elements[i-1]; before.Kind == psverify.Named && !before.Colon && b.isSwitch(b.canonical(before.Name)) {
				b.report(e.Node, "PSB010", "-%s is a switch: -%s:%s", before.Name, before.Name, e.Value.Text())
				good = false
			}
		}
		if e.Kind != psverify.Splat {
			continue
		}
		entries, reason := b.file.Entries(b.command, e)
		if reason != "" {
			b.report(e.Node, "PSB013", "%s", reason)
			b.open = true
		}
		for _, entry := range entries {
			if slices.ContainsFunc(b.named, func(g given) bool { return strings.EqualFold(g.name, entry.Key) }) {
				b.report(e.Node, "PSB012", "-%s is given by name and in @%s", entry.Key, e.Name)
				good = false
				continue
			}
			// Findings about a key of a hashtable stand at the key.
			b.named = append(b.named, given{node: entry.Node, name: entry.Key, value: entry.Value, has: true, splat: true, maybe: entry.Maybe})
		}
	}
	for i := range b.named {
		if !b.check(&b.named[i]) {
			good = false
		}
	}
	return good
}

// canonical is the exact name of a parameter for a name, an alias, or an abbreviation; "" when there is none.
func (b *call) canonical(name string) string {
	found := ""
	for _, set := range b.entry.Sets {
		for _, p := range set.Parameters {
			if strings.EqualFold(p.Name, name) {
				return p.Name
			}
			if slices.ContainsFunc(p.Aliases, func(a string) bool { return strings.EqualFold(a, name) }) {
				found = p.Name
			}
		}
	}
	if found != "" || name == "" {
		return found
	}
	all := []string{}
	for _, set := range b.entry.Sets {
		for _, p := range set.Parameters {
			all = append(all, p.Name)
		}
	}
	if b.entry.Kind != "script" {
		for n := range common {
			all = append(all, n)
		}
		if n := commonAliases[strings.ToLower(name)]; n != "" {
			return n
		}
	}
	if b.entry.ShouldProcess {
		all = append(all, "WhatIf", "Confirm")
	}
	slices.Sort(all)
	for _, n := range all {
		if strings.EqualFold(n, name) {
			return n
		}
	}
	for _, n := range all {
		if len(n) > len(name) && strings.EqualFold(n[:len(name)], name) {
			return n
		}
	}
	return ""
}

func (b *call) isSwitch(exact string) bool {
	for _, set := range b.entry.Sets {
		for _, p := range set.Parameters {
			if p.Name == exact {
				return p.Switch
			}
		}
	}
	return common[exact] || exact == "WhatIf" || exact == "Confirm"
}

// check looks at the name of one argument and at the form of its value.
func (b *call) check(g *given) bool {
	exact := b.canonical(g.name)
	lower := strings.ToLower(g.name)
	switch {
	case exact != "" && strings.EqualFold(exact, g.name):
		g.name = exact
	case lower == "whatif" || lower == "confirm":
		b.report(g.node, "PSB011", "%s has no -%s: put the call inside if ($PSCmdlet.ShouldProcess(...))", b.name, g.name)
		return false
	case lower == "informationaction" || lower == "informationvariable":
		b.report(g.node, "PSB003", "-%s needs PowerShell 5.0", g.name)
		return false
	case exact != "":
		b.report(g.node, "PSB005", "-%s is short for -%s of %s: write that", g.name, exact, b.name)
		return false
	default:
		if d := b.dynamic(g.name); d == nil {
			b.report(g.node, "PSB004", "%s has no parameter -%s", b.name, g.name)
			return false
		} else if !b.onProvider(d.Provider) {
			b.report(g.node, "PSB004", "%s has -%s on paths of the %s provider only", b.name, g.name, d.Provider)
			return false
		}
		return true
	}
	toggles := b.isSwitch(exact)
	switch v := g.value; {
	case toggles && g.has && v.Kind != psverify.Bool && v.Kind != psverify.Variable && v.Kind != psverify.Expression:
		b.report(g.node, "PSB010", "-%s is a switch and takes $true or $false, not %s", exact, v.Text())
		return false
	case !toggles && !g.has:
		b.report(g.node, "PSB010", "-%s of %s needs an argument", exact, b.name)
		return false
	}
	if strings.HasSuffix(exact, "Action") && !toggles && g.value.Kind == psverify.Literal {
		if _, ok := common[exact]; ok && !slices.ContainsFunc(actions, func(a string) bool { return strings.EqualFold(a, g.value.Literal) }) {
			b.report(g.node, "PSB008", "-%s does not take %s", exact, g.value.Literal)
			return false
		}
	}
	return true
}

func (b *call) dynamic(name string) *Dynamic {
	for i, d := range b.entry.Dynamic {
		if strings.EqualFold(d.Name, name) {
			return &b.entry.Dynamic[i]
		}
	}
	return nil
}

// providers are the beginnings of paths of a provider.
var providers = map[string][]string{
	"Registry": {"hklm:", "hkcu:", "hkcr:", "registry::"}, "Certificate": {"cert:"}, "WSMan": {"wsman:"},
	"WebAdministration": {"iis:"}, "Alias": {"alias:"}, "Function": {"function:"},
	"FileSystem": {`c:\`, `d:\`, `\\`, "$env:"}, "Environment": {"env:"}, "Variable": {"variable:"},
}

// onProvider tells whether the path of the call belongs to a provider: by its text, or by the text that its variable was
// given.
func (b *call) onProvider(provider string) bool {
	var texts []string
	add := func(v psverify.Value) {
		texts = append(texts, v.Text())
		if v.Kind == psverify.Variable {
			for _, a := range b.file.Assignments {
				if a.Variable == v.Literal && a.Whole {
					texts = append(texts, a.Value.Text())
				}
			}
		}
	}
	for _, g := range b.named {
		if g.name == "Path" || g.name == "LiteralPath" || g.name == "PSPath" {
			add(g.value)
		}
	}
	if len(b.positional) > 0 {
		add(b.positional[0])
	}
	for _, text := range texts {
		text = strings.TrimLeft(strings.ToLower(text), `'"(`)
		for _, start := range providers[provider] {
			if strings.Contains(text, start) {
				return true
			}
		}
	}
	return false
}

// within tells whether a version lies between two others of an ordered list; "" is open. A bound that is not on the list
// is the version of a module, of which nothing is known: then the answer is no.
func within(order []string, since, until, version string) bool {
	at := slices.Index(order, version)
	if from := slices.Index(order, since); since != "" && (from < 0 || at < from) {
		return false
	}
	if to := slices.Index(order, until); until != "" && (to < 0 || at > to) {
		return false
	}
	return true
}

// resolve finds a parameter set that the call fits, among those of one Windows version or release ("" is all).
func (b *call) resolve(windows, release string) (*Set, *psverify.Finding) {
	fail := func(n *psverify.Node, code, format string, args ...any) (*Set, *psverify.Finding) {
		f := psverify.At(n, code, format, args...)
		return nil, &f
	}
	there := func(since, until string) bool {
		switch {
		case b.entry.Since != "" && release != "":
			return within(Releases, since, until, release)
		case b.entry.Since == "" && windows != "":
			return within(WindowsVersions, since, until, windows)
		}
		return true
	}
	limit := 1
	if n, ok := positionals[b.name]; ok {
		limit = n
	}
	if b.entry.Module == ownModule {
		limit = len(b.entry.Sets[0].Parameters)
	}
	if len(b.positional) > limit {
		return fail(b.positional[limit].Node, "PSB009", "%s: %d arguments without a name, where %d may stand", b.name, len(b.positional), limit)
	}
	var (
		strange  *given   // a parameter that the best set lacks
		together bool     // some set has all names
		room     bool     // and places for the positional arguments
		missing  []string // ways to complete the call, the shortest only
		least    = 1 << 30
		found    *Set
		fewest   = 1 << 30
	)
	for i := range b.entry.Sets {
		set := &b.entry.Sets[i]
		if !there(set.Since, set.Until) {
			continue
		}
		has := map[string]*Parameter{}
		for j := range set.Parameters {
			if p := &set.Parameters[j]; there(p.Since, p.Until) {
				has[p.Name] = p
			}
		}
		lacks := 0
		for j := range b.named {
			g := &b.named[j]
			if has[g.name] == nil && !b.everywhere(g.name) {
				lacks++
				if lacks == 1 && fewest > 1 {
					strange = g
				}
			}
		}
		if lacks > 0 {
			fewest = min(fewest, lacks)
			continue
		}
		together = true
		bound := map[string]bool{}
		for _, g := range b.named {
			if !g.maybe {
				bound[g.name] = true
			}
		}
		places := positional(set, has, b.named)
		if len(b.positional) > len(places) {
			continue
		}
		room = true
		for _, name := range places[:len(b.positional)] {
			bound[name] = true
		}
		var absent []string
		for _, p := range set.Parameters {
			if has[p.Name] == nil || bound[p.Name] || b.command.Piped && p.Pipeline {
				continue
			}
			if p.Mandatory || windows != "" && slices.Contains(p.MandatoryOn, windows) {
				absent = append(absent, "-"+p.Name)
			}
		}
		if len(absent) == 0 || b.open {
			if found == nil || set.Default {
				found = set
			}
			continue
		}
		if len(absent) < least {
			least, missing = len(absent), nil
		}
		if way := strings.Join(absent, ", "); len(absent) == least && !slices.Contains(missing, way) {
			missing = append(missing, way)
		}
	}
	switch {
	case found != nil:
		return found, nil
	case !together && strange != nil:
		if len(b.named) == 1 || b.alone(strange.name, there) {
			return fail(strange.node, "PSB006", "-%s of %s is not available here", strange.name, b.name)
		}
		return fail(strange.node, "PSB006", "%s has no parameter set with %s together", b.name, b.names())
	case !together:
		return fail(b.command.Node, "PSB006", "%s has no parameter set here", b.name)
	case !room:
		return fail(b.positional[0].Node, "PSB009", "%s takes no argument without a name beside %s", b.name, b.names())
	}
	return fail(b.command.Node, "PSB007", "%s needs %s", b.name, strings.Join(missing, ", or "))
}

// alone tells whether no set that is there has the parameter at all.
func (b *call) alone(name string, there func(since, until string) bool) bool {
	for _, set := range b.entry.Sets {
		for _, p := range set.Parameters {
			if p.Name == name && there(set.Since, set.Until) && there(p.Since, p.Until) {
				return false
			}
		}
	}
	return true
}

// everywhere tells whether a parameter belongs to no set: common ones, -WhatIf, -Confirm, dynamic ones.
func (b *call) everywhere(name string) bool {
	if _, ok := common[name]; ok && b.entry.Kind != "script" {
		return true
	}
	if name == "WhatIf" || name == "Confirm" {
		return b.entry.ShouldProcess
	}
	return b.canonical(name) == "" && b.dynamic(name) != nil
}

func (b *call) names() string {
	var out []string
	for _, g := range b.named {
		if _, ok := common[g.name]; !ok {
			out = append(out, "-"+g.name)
		}
	}
	if len(out) == 0 {
		return "no named ones"
	}
	return strings.Join(out, ", ")
}

// positional lists the parameters of the set that positional arguments fill, in order.
func positional(set *Set, has map[string]*Parameter, named []given) []string {
	var places []*Parameter
	for _, p := range set.Parameters {
		p := has[p.Name]
		if p == nil || p.Position == nil || slices.ContainsFunc(named, func(g given) bool { return g.name == p.Name }) {
			continue
		}
		places = append(places, p)
	}
	slices.SortStableFunc(places, func(a, b *Parameter) int { return *a.Position - *b.Position })
	var out []string
	for _, p := range places {
		out = append(out, p.Name)
	}
	return out
}

var (
	isNumber = regexp.MustCompile(`^[+-]?(?:\d|\.\d)[0-9A-Fa-fxX.]*(?i:[kmgtp]b|l|d)?(?:\.\.\d+)?$`)
	integer  = regexp.MustCompile(`^(?i:nullable\[)?(?:system\.)?(?i:u?int(?:16|32|64)?|byte|long|double|single)\]?$`)
)

// values checks the literal values of the arguments.
func (b *call) values(set *Set) {
	has := map[string]*Parameter{}
	for i := range set.Parameters {
		has[set.Parameters[i].Name] = &set.Parameters[i]
	}
	for i, name := range positional(set, has, b.named) {
		if i < len(b.positional) {
			b.value(has[name], b.positional[i], b.positional[i].Node)
		}
	}
	for _, g := range b.named {
		if p := has[g.name]; p != nil && g.has {
			b.value(p, g.value, g.node)
		}
	}
}

func (b *call) value(p *Parameter, v psverify.Value, at *psverify.Node) {
	kind := strings.ToLower(p.Type)
	several := strings.HasSuffix(kind, "[]")
	switch v.Kind {
	case psverify.List:
		one := slices.Contains([]string{"string", "bool", "boolean", "datetime", "guid", "uri", "pscredential", "securestring"}, kind) || integer.MatchString(kind)
		if one && len(v.Items) > 1 {
			b.report(at, "PSB008", "-%s of %s takes one %s, not a list", p.Name, b.name, p.Type)
			return
		}
		for _, item := range v.Items {
			b.value(&Parameter{Name: p.Name, Type: strings.TrimSuffix(p.Type, "[]"), Values: p.Values}, item, at)
		}
	case psverify.Bool:
		if len(p.Values) > 0 || integer.MatchString(kind) {
			b.report(at, "PSB008", "-%s of %s takes %s, not %s", p.Name, b.name, p.takes(), v.Text())
		}
	case psverify.Literal:
		if isBool(kind) {
			b.report(at, "PSB010", "-%s of %s takes $true or $false, not %s", p.Name, b.name, v.Text())
		}
		if integer.MatchString(strings.TrimSuffix(kind, "[]")) && len(p.Values) == 0 && !isNumber.MatchString(strings.TrimSpace(v.Literal)) {
			b.report(at, "PSB008", "-%s of %s takes a number, not %s", p.Name, b.name, v.Text())
		}
		if len(p.Values) == 0 || isNumber.MatchString(v.Literal) && !v.Quoted && !several {
			return
		}
		for _, word := range strings.Split(v.Literal, ",") {
			word = strings.TrimSpace(word)
			if !slices.ContainsFunc(p.Values, func(legal string) bool { return strings.EqualFold(legal, word) }) {
				b.report(at, "PSB008", "-%s of %s takes %s, not %s", p.Name, b.name, p.takes(), word)
			}
		}
	}
}

func isBool(kind string) bool {
	return kind == "bool" || kind == "boolean" || kind == "nullable[bool]" || kind == "nullable[boolean]"
}

func (p *Parameter) takes() string {
	if len(p.Values) == 0 {
		return fmt.Sprintf("a value of type %s", p.Type)
	}
	return strings.Join(p.Values, ", ")
}
