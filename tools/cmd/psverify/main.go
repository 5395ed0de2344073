// Command psverify checks rendered PowerShell files: syntax and bytes, the binding of every call, and the contract of
// our scripts.
//
//	psverify [-os 2016,2019] [-release "2.5 SP1"] [-kind install] FILE...
//
// It prints file:line:column: message [code] for each finding and a summary. The kind of a script comes from the folder
// or file name (install, verify, preflight, rollback, drill, maintenance) unless -kind gives it. Exit codes: 0 nothing
// found, 1 findings, 2 wrong arguments or a file that cannot be read.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mbamplan/mbamplan/tools/binding"
	"github.com/mbamplan/mbamplan/tools/contract"
	"github.com/mbamplan/mbamplan/tools/psverify"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("psverify", flag.ContinueOnError)
	flags.SetOutput(errs)
	versions := flags.String("os", "", "Windows Server versions the scripts are for, from "+strings.Join(binding.WindowsVersions, ","))
	release := flags.String("release", "", "release of MBAM the scripts are for: "+strings.Join(binding.Releases, " or "))
	kind := flags.String("kind", "", "kind of all files, in place of the one in their path")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	fail := func(format string, args ...any) int {
		fmt.Fprintf(errs, "psverify: "+format+"\n", args...)
		return 2
	}
	target := binding.Target{Release: *release}
	if *versions != "" {
		for _, version := range strings.Split(*versions, ",") {
			if version = strings.TrimSpace(version); !slices.Contains(binding.WindowsVersions, version) {
				return fail("-os: %q is none of %s", version, strings.Join(binding.WindowsVersions, ", "))
			}
			target.Windows = append(target.Windows, version)
		}
	}
	if *release != "" && !slices.Contains(binding.Releases, *release) {
		return fail("-release: %q is none of %s", *release, strings.Join(binding.Releases, ", "))
	}
	if *kind != "" && !slices.Contains(contract.Kinds, contract.Kind(*kind)) {
		return fail("-kind: %q is no kind of script", *kind)
	}
	if flags.NArg() == 0 {
		return fail("no files given")
	}
	total, dirty := 0, 0
	for _, name := range flags.Args() {
		src, err := os.ReadFile(name)
		if err != nil {
			return fail("reading a script: %v", err)
		}
		k := contract.Kind(*kind)
		if k == "" {
			var ok bool
			if k, ok = contract.KindOf(name); !ok {
				return fail("%s: the path does not tell the kind of script; give -kind", name)
			}
		}
		findings, err := check(src, k, target)
		if err != nil {
			return fail("%s: %v", name, err)
		}
		for _, f := range findings {
			fmt.Fprintf(out, "%s:%s\n", name, f)
		}
		total += len(findings)
		if len(findings) > 0 {
			dirty++
		}
	}
	fmt.Fprintf(out, "%d files, %d findings in %d of them\n", flags.NArg(), total, dirty)
	if total > 0 {
		return 1
	}
	return 0
}

// check runs the three checkers. A file that does not parse is not looked at further: what follows would mislead.
func check(src []byte, kind contract.Kind, target binding.Target) ([]psverify.Finding, error) {
	f := psverify.Parse(src)
	if len(f.Findings) > 0 {
		return f.Findings, nil
	}
	bound, err := binding.Check(f, target)
	if err != nil {
		return nil, err
	}
	kept, err := contract.Check(f, kind)
	if err != nil {
		return nil, err
	}
	return psverify.Sort(append(bound, kept...)), nil
}
