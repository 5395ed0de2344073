// Command mbamplan renders ready-to-run artifacts for a highly available MBAM farm from one topology file.
package main

import (
	"os"

	"github.com/mbamplan/mbamplan/pkg/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
