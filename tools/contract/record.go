package contract

import "strings"

// record checks that an install records a change ahead of making it: what stands in $Result alone is lost when the run is
// cut off, and rollback then leaves the change behind. Setting the list anew behind the change, to what came out, is fine.
func (c *checker) record() {
	if c.kind != Install {
		return
	}
	for _, a := range c.file.Assignments {
		if a.Operator == "+=" && !c.inFrame(a.Node) && strings.EqualFold(strings.TrimSpace(a.Target.Text()), "$Result.changed") {
			c.report(a.Node, "PSC030", "a change is recorded by Save-Change, ahead of making it")
		}
	}
}
