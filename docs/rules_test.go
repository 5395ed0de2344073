package docs_test

import "github.com/mbamplan/mbamplan/pkg/check"

func ruleSources() []string {
	var out []string
	for _, r := range check.Rules() {
		out = append(out, r.Sources...)
	}
	return out
}
