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

	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
	"github.com/mbamplan/mbamplan/tools/binding"
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
	Module  string
	Cmdlets map[string]mbamCmdlet
}

type mbamCmdlet struct {
	Since  string
	Should bool
	Sets   *yamlsrc.Node
}

// get returns the value of a key of a mapping, nil when it is not there.
func get(n *yamlsrc.Node, key string) *yamlsrc.Node {
	if n != nil {
		for _, p := range n.Pairs {
			if p.Key.Value == key {
				return p.Value
			}
		}
	}
	return nil
}

// text returns the scalar of a key, "" when it is not there.
func text(n *yamlsrc.Node, key string) string {
	if v := get(n, key); v != nil {
		return v.Value
	}
	return ""
}

// readMBAM reads the cmdlets; their parameter sets stay nodes, which keep the order of the file.
func readMBAM(name string, data []byte) (mbamFile, error) {
	doc, found := yamlsrc.Parse(name, data)
	if found.Errors() > 0 || doc.Root == nil {
		return mbamFile{}, fmt.Errorf("reading %s: %+v", name, found)
	}
	f := mbamFile{Module: text(doc.Root, "module"), Cmdlets: map[string]mbamCmdlet{}}
	if list := get(doc.Root, "cmdlets"); list != nil {
		for _, p := range list.Pairs {
			f.Cmdlets[p.Key.Value] = mbamCmdlet{
				Since: text(p.Value, "since"), Should: text(p.Value, "supports_should_process") == "true", Sets: get(p.Value, "parameter_sets"),
			}
		}
	}
	return f, nil
}

// ErrAbsent is returned by Read when the folder has no reference files.
var ErrAbsent = errors.New("no reference files")

// Read reads windows-cmdlets.json and mbam-cmdlets.yaml in a folder.
func Read(dir string) (*Files, error) {
	f := &Files{}
	name := filepath.Join(dir, "windows-cmdlets.json")
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w in %s", ErrAbsent, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the Windows commands: %w", err)
	}
	if err := json.Unmarshal(data, &f.windows); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	name = filepath.Join(dir, "mbam-cmdlets.yaml")
	if data, err = os.ReadFile(name); err != nil {
		return nil, fmt.Errorf("reading the MBAM commands: %w", err)
	}
	f.mbam, err = readMBAM(name, data)
	return f, err
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
	if from.Sets == nil {
		return c, nil
	}
	for _, entry := range from.Sets.Pairs {
		set := binding.Set{Name: entry.Key.Value, Parameters: []binding.Parameter{}}
		if params := get(entry.Value, "params"); params != nil {
			for _, param := range params.Pairs {
				p := binding.Parameter{Name: param.Key.Value}
				if p.Name == "WhatIf" || p.Name == "Confirm" {
					continue
				}
				p.Mandatory, p.Since = text(param.Value, "mandatory") == "true", release(text(param.Value, "since"))
				if aliases := get(param.Value, "aliases"); aliases != nil {
					for _, a := range aliases.Items {
						p.Aliases = append(p.Aliases, a.Value)
					}
				}
				p.Pipeline = strings.HasPrefix(text(param.Value, "pipeline"), "True")
				if p.Switch = text(param.Value, "type") == "SwitchParameter"; !p.Switch {
					p.Type = text(param.Value, "type")
				}
				set.Parameters = append(set.Parameters, p)
			}
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
