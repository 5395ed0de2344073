// Command mbamplan renders ready-to-run artifacts for a highly available MBAM farm from one topology file.
package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/mbamplan/mbamplan/pkg/cli"
)

func main() {
	if os.Getenv("GOGC") == "" {
		// Collections begin at 32 MB instead of 4: by then a render of one farm is over. Behind the first one Go's own pace holds.
		debug.SetGCPercent(800)
		runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, 100)
	}
	os.Exit(cli.Main(os.Args[1:], cli.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
