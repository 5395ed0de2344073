package binding

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A Table holds the commands that our scripts may call.
type Table struct {
	Schema   int                `json:"schema"`
	Aliases  map[string]string  `json:"aliases"`  // in lower case → command
	Commands map[string]Command `json:"commands"` // by their exact name

	exact map[string]string // name in lower case → exact name
}

// A Command is one cmdlet or function of a module.
type Command struct {
	Module string `json:"module"`
	Kind   string `json:"kind"` // Cmdlet, Function or unknown

	// Windows lists the versions that have it: 2012, 2012R2, 2016, 2019, 2022, 2025. Empty for modules that come with a
	// product and not with Windows.
	Windows []string `json:"windows,omitempty"`

	// Since is the first release of MBAM that has it, for MBAM's commands: "2.5" or "2.5 SP1".
	Since string `json:"since,omitempty"`

	ShouldProcess bool      `json:"shouldProcess"` // takes -WhatIf and -Confirm
	Dynamic       []Dynamic `json:"dynamic,omitempty"`
	Sets          []Set     `json:"sets"`
}

// A Dynamic is a parameter that exists on paths of one provider only.
type Dynamic struct {
	Name     string `json:"name"`
	Type     string `json:"type,omitempty"`
	Provider string `json:"provider"` // Registry, Certificate, FileSystem, WebAdministration, …
}

// A Set is one parameter set.
type Set struct {
	Name       string      `json:"name"`
	Default    bool        `json:"default,omitempty"`
	Since      string      `json:"since,omitempty"`
	Until      string      `json:"until,omitempty"`
	Parameters []Parameter `json:"parameters"`
}

// A Parameter is one parameter of a set.
type Parameter struct {
	Name      string   `json:"name"`
	Type      string   `json:"type,omitempty"` // short name; none for a switch
	Switch    bool     `json:"switch,omitempty"`
	Mandatory bool     `json:"mandatory,omitempty"`
	Position  *int     `json:"position,omitempty"` // order among the positional ones of the set, from 0
	Pipeline  bool     `json:"pipeline,omitempty"` // may come from the pipeline
	Values    []string `json:"values,omitempty"`   // of an enumeration or a ValidateSet
	Aliases   []string `json:"aliases,omitempty"`

	// Since and Until are the first and the last version known to have it: of Windows, of MBAM for MBAM's commands, of
	// the module for SQL Server's.
	Since string `json:"since,omitempty"`
	Until string `json:"until,omitempty"`

	MandatoryOn []string `json:"mandatoryOn,omitempty"` // Windows versions on which it is mandatory, beside Mandatory
}

//go:embed commands.json
var embedded []byte

// Commands is the table of this package.
var Commands = sync.OnceValues(func() (*Table, error) { return Load(embedded) })

// Load reads a table in its own form.
func Load(text []byte) (*Table, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	t := &Table{}
	if err := decoder.Decode(t); err != nil {
		return nil, fmt.Errorf("reading the command table: %w", err)
	}
	if t.Schema != 1 {
		return nil, fmt.Errorf("reading the command table: schema %d is not 1", t.Schema)
	}
	t.exact = map[string]string{}
	for name := range t.Commands {
		t.exact[strings.ToLower(name)] = name
	}
	return t, nil
}

// Bytes writes the table: one line for each parameter, commands by name, so that adding one shows as its own lines.
func (t *Table) Bytes() ([]byte, error) {
	var b bytes.Buffer
	line := func(indent int, key string, value any, comma bool) error {
		text, err := marshal(value)
		if err != nil {
			return fmt.Errorf("writing %s of the command table: %w", key, err)
		}
		b.WriteString(strings.Repeat(" ", indent))
		if key != "" {
			fmt.Fprintf(&b, "%q: ", key)
		}
		b.Write(text)
		if comma {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		return nil
	}
	b.WriteString("{\n")
	if err := line(1, "schema", t.Schema, true); err != nil {
		return nil, err
	}
	b.WriteString(" \"aliases\": {\n")
	names := slices.Sorted(maps.Keys(t.Aliases))
	for i, name := range names {
		if err := line(2, name, t.Aliases[name], i+1 < len(names)); err != nil {
			return nil, err
		}
	}
	b.WriteString(" },\n \"commands\": {\n")
	names = slices.Sorted(maps.Keys(t.Commands))
	for i, name := range names {
		c := t.Commands[name]
		head := c
		head.Sets = nil
		text, err := marshal(head)
		if err != nil {
			return nil, fmt.Errorf("writing %s of the command table: %w", name, err)
		}
		fmt.Fprintf(&b, "  %q: %s[\n", name, strings.TrimSuffix(string(text), "null}"))
		for j, set := range c.Sets {
			head := set
			head.Parameters = nil
			text, err := marshal(head)
			if err != nil {
				return nil, fmt.Errorf("writing %s of the command table: %w", name, err)
			}
			fmt.Fprintf(&b, "   %s[", strings.TrimSuffix(string(text), "null}"))
			for k, p := range set.Parameters {
				if k == 0 {
					b.WriteByte('\n')
				}
				if err := line(4, "", p, k+1 < len(set.Parameters)); err != nil {
					return nil, err
				}
			}
			if len(set.Parameters) > 0 {
				b.WriteString("   ")
			}
			b.WriteString("]}")
			if j+1 < len(c.Sets) {
				b.WriteByte(',')
			}
			b.WriteByte('\n')
		}
		b.WriteString("  ]}")
		if i+1 < len(names) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(" }\n}\n")
	return b.Bytes(), nil
}

// marshal is json.Marshal without the escapes for HTML.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// Lookup finds a command without minding the case, and gives its exact name; nil when the table has none.
func (t *Table) Lookup(name string) (string, *Command) {
	exact := t.exact[strings.ToLower(name)]
	if exact == "" {
		return "", nil
	}
	c := t.Commands[exact]
	return exact, &c
}

// Alias is the command that an alias of a fresh shell stands for, or "".
func (t *Table) Alias(name string) string { return t.Aliases[strings.ToLower(name)] }
