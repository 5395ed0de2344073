// Package explain says what each code of a finding means: why it matters, where that is written, a wrong and a right
// example, and the mend. The examples are run, so what is shown is what happens.
//
// Rules are explained where they are written, in package check; the codes of reading, resolving, waiving, of the step
// catalogue and of collected results here, one file a family. `mbamplan explain` and docs/rules.md print the same articles.
package explain

import (
	"slices"
	"strings"
	"sync"

	"github.com/mbamplan/mbamplan/pkg/check"
	"github.com/mbamplan/mbamplan/pkg/diag"
)

// Article explains one code.
type Article struct {
	diag.Rule
	// Sources are keys of docs/sources.yaml.
	Sources []string
	// Covers are rows of docs/coverage that the code catches.
	Covers  []string
	Example Example
	// Waivable says that a topology may waive the finding.
	Waivable bool
}

// Example turns a clean input into one with a finding.
type Example struct {
	// Base is a file in folder examples, "" the default one; Overlay takes a small folder of steps instead.
	Base    string
	Overlay bool
	// Right and Wrong are pairs of a text and what stands in its place: Right makes the right input from the base, Wrong
	// the wrong input from the right one. The first occurrence is replaced.
	Right, Wrong []string
	// Whole is the whole wrong input, in place of Wrong.
	Whole string
	// None says why there is no example.
	None string
}

// families holds the articles that are no rules, in the order of their codes.
func families() [][]Article {
	return [][]Article{yamlArticles(), valueArticles(), referenceArticles(), waiverArticles(), catalogueArticles(), collectedArticles()}
}

// Articles returns the article of every code in the order of the codes.
func Articles() []Article {
	var all []Article
	for _, f := range families() {
		all = append(all, f...)
	}
	for _, r := range check.Rules() {
		all = append(all, Article{
			Rule:    diag.Rule{Code: diag.Code{ID: r.Code, Title: r.Title}, Severity: r.Severity, Why: r.Why, Fix: r.Fix},
			Sources: r.Sources, Covers: r.Covers, Waivable: !r.Firm, Example: Example{Base: r.Example.Base, Wrong: r.Example.Edits},
		})
	}
	slices.SortStableFunc(all, func(a, b Article) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// Find returns the article of a code, in upper or lower case.
func Find(code string) (Article, bool) {
	for _, a := range Articles() {
		if strings.EqualFold(a.ID, code) {
			return a, true
		}
	}
	return Article{}, false
}

// Near returns the code that was most likely meant, "" when none is near.
func Near(code string) string {
	var codes []string
	for _, a := range Articles() {
		codes = append(codes, a.ID)
	}
	return diag.Suggest(code, codes)
}

// Rules returns what codes mean in the form that reports take.
func Rules() func(code string) (diag.Rule, bool) {
	rules := sync.OnceValue(func() map[string]diag.Rule { // a report as text asks for none
		rules := map[string]diag.Rule{}
		for _, a := range Articles() {
			rules[a.ID] = a.Rule
		}
		return rules
	})
	return func(code string) (diag.Rule, bool) {
		r, ok := rules()[code]
		return r, ok
	}
}

// article builds an article that is no rule; why and fix are prose, sources keys of docs/sources.yaml.
func article(codes []diag.Code, id string, severity diag.Severity, why, fix string, e Example, sources ...string) Article {
	i := slices.IndexFunc(codes, func(c diag.Code) bool { return c.ID == id })
	return Article{Rule: diag.Rule{Code: codes[i], Severity: severity, Why: why, Fix: fix}, Sources: sources, Example: e}
}

// covering adds rows of docs/coverage that the code catches.
func (a Article) covering(rows ...string) Article {
	a.Covers = append(a.Covers, rows...)
	return a
}

// wrong is an example of the default topology with these edits.
func wrong(edits ...string) Example { return Example{Wrong: edits} }
