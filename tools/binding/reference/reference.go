// Package reference takes entries for the command table from the two reference files: windows-cmdlets.json, extracted
// from the dumps and pages of Microsoft's modules, and mbam-cmdlets.yaml, extracted from the help of MBAM 2.5 SP1.
package reference

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/binding"
	"gopkg.in/yaml.v3"
)

// Files are the two reference files, read.
type Files struct {
	windows windowsFile
	mbam    mbamFile
}

type windowsFile struct {
	Aliases              map[string]string
	AliasesWithoutTable  map[string]string
	AliasesTargetUnknown map[string]string
	Commands             map[string]struct {
		Module            string
		Type              string
		OS                []string
		ShouldProcess     bool
		DynamicParameters []binding.Dynamic
		Sets              []struct {
			Name       string
			Default    bool
			Since      string
			Until      string
			Parameters []struct {
				Name        string
				Type        string
				Mandatory   bool
				Position    *int
				Switch      bool
				Values      []string
				Aliases     []string
				Pipeline    string
				Since       string
				Until       string
				MandatoryOn []string
				Dynamic     string
			}
		}
	}
}

type mbamFile struct {
	Module  string `yaml:"module"`
	Cmdlets map[string]struct {
		Since  string    `yaml:"since"`
		Should bool      `yaml:"supports_should_process"`
		Sets   yaml.Node `yaml:"parameter_sets"`
	} `yaml:"cmdlets"`
}

type mbamParameter struct {
	Type      string   `yaml:"type"`
	Mandatory bool     `yaml:"mandatory"`
	Aliases   []string `yaml:"aliases"`
	Pipeline  string   `yaml:"pipeline"`
	Since     string   `yaml:"since"`
}

// ErrAbsent is returned by Read when the folder has no reference files.
var ErrAbsent = errors.New("no reference files")

// Read reads windows-cmdlets.json and mbam-cmdlets.yaml in a folder.
func Read(dir string) (*Files, error) {
	f := &Files{}
	name := filepath.Join(dir, "windows-cmdlets.json")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrAbsent, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the Windows commands: %w", err)
	}
	if err := json.Unmarshal(text, &f.windows); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	name = filepath.Join(dir, "mbam-cmdlets.yaml")
	if text, err = os.ReadFile(name); err != nil {
		return nil, fmt.Errorf("reading the MBAM commands: %w", err)
	}
	if err := yaml.Unmarshal(text, &f.mbam); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return f, nil
}

// Aliases are all aliases known, in lower case; the target of one may be the name of a module when no more is known.
func (f *Files) Aliases() map[string]string {
	out := map[string]string{}
	for _, from := range []map[string]string{f.windows.AliasesTargetUnknown, f.windows.AliasesWithoutTable, f.windows.Aliases} {
		for name, target := range from {
			out[strings.ToLower(name)] = target
		}
	}
	return out
}

// Command is the entry for one command, under its exact name.
func (f *Files) Command(name string) (string, binding.Command, error) {
	for exact := range f.mbam.Cmdlets {
		if strings.EqualFold(exact, name) {
			c, err := f.mbamCommand(exact)
			return exact, c, err
		}
	}
	for exact := range f.windows.Commands {
		if strings.EqualFold(exact, name) {
			return exact, f.windowsCommand(exact), nil
		}
	}
	return "", binding.Command{}, fmt.Errorf("%s is in neither reference file", name)
}

// Module lists the commands of one module.
func (f *Files) Module(name string) []string {
	var out []string
	for command, c := range f.windows.Commands {
		if strings.EqualFold(c.Module, name) {
			out = append(out, command)
		}
	}
	if strings.EqualFold(name, f.mbam.Module) {
		for command := range f.mbam.Cmdlets {
			out = append(out, command)
		}
	}
	slices.Sort(out)
	return out
}

func (f *Files) windowsCommand(name string) binding.Command {
	from := f.windows.Commands[name]
	c := binding.Command{
		Module: from.Module, Kind: from.Type, Windows: from.OS,
		ShouldProcess: from.ShouldProcess, Dynamic: from.DynamicParameters,
	}
	for _, s := range from.Sets {
		set := binding.Set{Name: s.Name, Default: s.Default, Since: s.Since, Until: s.Until, Parameters: []binding.Parameter{}}
		for _, p := range s.Parameters {
			set.Parameters = append(set.Parameters, binding.Parameter{
				Name: p.Name, Type: p.Type, Switch: p.Switch, Mandatory: p.Mandatory, Position: p.Position,
				Pipeline: p.Pipeline != "", Values: p.Values, Aliases: p.Aliases,
				Since: p.Since, Until: p.Until, MandatoryOn: p.MandatoryOn,
			})
		}
		c.Sets = append(c.Sets, set)
	}
	return c
}

func (f *Files) mbamCommand(name string) (binding.Command, error) {
	from := f.mbam.Cmdlets[name]
	c := binding.Command{Module: f.mbam.Module, Kind: "Cmdlet", Since: release(from.Since), ShouldProcess: from.Should}
	if c.Since == "" {
		c.Since = "2.5"
	}
	// The sets are read as nodes, which keep the order of the file.
	for i := 0; i+1 < len(from.Sets.Content); i += 2 {
		set := binding.Set{Name: from.Sets.Content[i].Value, Parameters: []binding.Parameter{}}
		var body struct {
			Params yaml.Node `yaml:"params"`
		}
		if err := from.Sets.Content[i+1].Decode(&body); err != nil {
			return c, fmt.Errorf("reading %s, set %s: %w", name, set.Name, err)
		}
		for j := 0; j+1 < len(body.Params.Content); j += 2 {
			p := binding.Parameter{Name: body.Params.Content[j].Value}
			if p.Name == "WhatIf" || p.Name == "Confirm" {
				continue
			}
			var m mbamParameter
			if err := body.Params.Content[j+1].Decode(&m); err != nil {
				return c, fmt.Errorf("reading %s -%s: %w", name, p.Name, err)
			}
			p.Mandatory, p.Aliases, p.Since = m.Mandatory, m.Aliases, release(m.Since)
			p.Pipeline = strings.HasPrefix(m.Pipeline, "True")
			if p.Switch = m.Type == "SwitchParameter"; !p.Switch {
				p.Type = m.Type
			}
			set.Parameters = append(set.Parameters, p)
		}
		c.Sets = append(c.Sets, set)
	}
	return c, nil
}

// release turns the words of the file into the two releases that we tell apart; "" is all.
func release(text string) string {
	switch {
	case strings.HasPrefix(text, "2.5-SP1"):
		return "2.5 SP1"
	case text == "2.0", text == "2.5":
		return "2.5"
	}
	return ""
}
