package rehearsal

import (
	"fmt"
	"os"
	"testing"
)

func TestX(t *testing.T) {
	b, err := os.ReadFile("../../examples/contoso-alwayson.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n, err := New("contoso-alwayson.yaml", b)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"install", "verify"} {
		err = n.Run(k, func(s Step) error {
			fmt.Println("==", s.Path, s.Machine, s.Result.ExitCode)
			for _, l := range s.Console {
				fmt.Println("  ", l)
			}
			return nil
		})
		fmt.Println(err)
	}
}
