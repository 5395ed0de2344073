// Command maketable adds commands to the command table of package binding.
//
//	go run ./binding/cmd/maketable -shared DIR [-table FILE] Name...
//
// DIR holds windows-cmdlets.json and mbam-cmdlets.yaml. Every entry that the table has already is taken anew; a name with
// a colon at its end, as NetworkLoadBalancingClusters:, stands for all commands of a module. Exit codes: 0 written or
// nothing to do, 1 failed, 2 wrong arguments.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/binding/reference"
)

func main() {
	shared := flag.String("shared", "", "folder with windows-cmdlets.json and mbam-cmdlets.yaml")
	table := flag.String("table", filepath.Join("binding", "commands.json"), "table to write")
	flag.Parse()
	if *shared == "" {
		fmt.Fprintln(os.Stderr, "maketable: -shared is missing")
		os.Exit(2)
	}
	if err := run(*shared, *table, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "maketable:", err)
		os.Exit(1)
	}
}

func run(shared, name string, add []string) error {
	files, err := reference.Read(shared)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("reading the old table: %w", err)
	}
	t := &binding.Table{Schema: 1}
	if len(before) > 0 {
		if t, err = binding.Load(before); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	names := add
	for known := range t.Commands {
		names = append(names, known)
	}
	t.Aliases, t.Commands = files.Aliases(), map[string]binding.Command{}
	for _, one := range names {
		several := []string{one}
		if module, ok := strings.CutSuffix(one, ":"); ok {
			if several = files.Module(module); len(several) == 0 {
				return fmt.Errorf("the reference files have no module %s", module)
			}
		}
		for _, command := range several {
			exact, c, err := files.Command(command)
			if err != nil {
				return err
			}
			t.Commands[exact] = c
		}
	}
	after, err := t.Bytes()
	if err != nil {
		return err
	}
	if bytes.Equal(before, after) {
		fmt.Printf("%s: unchanged, %d commands\n", name, len(t.Commands))
		return nil
	}
	if err := os.WriteFile(name, after, 0o644); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	fmt.Printf("%s: %d commands\n", name, len(t.Commands))
	return nil
}
