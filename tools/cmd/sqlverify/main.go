// Command sqlverify judges rendered .sql files.
//
// Usage: sqlverify -version YEAR [-own] FILE...
//
//	sqlverify -rules
//
// It prints one finding a line to standard output and ends with 0 (clean), 1 (findings) or 2 (usage, unreadable file, or
// mscheck missing). With -own Microsoft's parser is left out; -rules lists the codes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/mbamplan/mbamplan/tools/mscheck"
	"github.com/mbamplan/mbamplan/tools/sqlverify"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sqlverify", flag.ContinueOnError)
	flags.SetOutput(stderr)
	version := flags.Int("version", 0, "SQL Server's `year`: 2008 (also 2008 R2), 2012, 2014, 2016, 2017, 2019, 2022")
	own := flags.Bool("own", false, "leave Microsoft's parser out")
	rules := flags.Bool("rules", false, "list the codes and end")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *rules {
		for _, r := range sqlverify.Rules {
			fmt.Fprintf(stdout, "%s  %s\n", r.Code, r.Text)
		}
		return 0
	}
	if flags.NArg() == 0 || !sqlverify.Known(*version) {
		fmt.Fprintln(stderr, "usage: sqlverify -version YEAR [-own] FILE...")
		flags.PrintDefaults()
		return 2
	}
	var files []sqlverify.Source
	for _, name := range flags.Args() {
		data, err := os.ReadFile(name)
		if err != nil {
			fmt.Fprintf(stderr, "sqlverify: %v\n", err)
			return 2
		}
		files = append(files, sqlverify.Source{Name: name, Data: data, Options: sqlverify.Options{Version: *version}})
	}
	var findings []sqlverify.Finding
	if *own {
		for _, f := range files {
			findings = append(findings, sqlverify.Check(f.Name, f.Data, f.Options)...)
		}
	} else {
		tool, err := mscheck.Find(".")
		if err == nil {
			findings, err = sqlverify.CheckFiles(context.Background(), tool, files)
		}
		if err != nil {
			fmt.Fprintf(stderr, "sqlverify: %v\n", err)
			return 2
		}
	}
	for _, f := range findings {
		fmt.Fprintln(stdout, f)
	}
	if len(findings) > 0 {
		return 1
	}
	return 0
}
