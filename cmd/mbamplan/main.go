// Command mbamplan renders ready-to-run artifacts for a highly available MBAM farm from one topology file.
package main

import (
	"os"
	"runtime/debug"

	"github.com/mbamplan/mbamplan/pkg/cli"
)

func main() {
	// A render of one farm ends before its garbage is worth the collecting, which would begin at 4 MB.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(cli.Main(os.Args[1:], cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
