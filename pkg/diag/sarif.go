package diag

import (
	"io"
	"net/url"
	"path/filepath"
	"strings"
)

// tool and home name this program in reports.
const (
	tool = "mbamplan"
	home = "https://github.com/mbamplan/mbamplan"
)

// The parts of SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format") that a report has.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   *sarifText   `json:"shortDescription,omitempty"`
		Full    *sarifText   `json:"fullDescription,omitempty"`
		Help    *sarifText   `json:"help,omitempty"`
		HelpURI string       `json:"helpUri,omitempty"`
		Default *sarifConfig `json:"defaultConfiguration,omitempty"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Related      []sarifLocation    `json:"relatedLocations,omitempty"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
		Context  *sarifRegion  `json:"contextRegion,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		EndColumn   int        `json:"endColumn,omitempty"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
)

func writeSARIF(w io.Writer, r Report) error {
	driver := sarifDriver{Name: tool, Version: r.Version, InformationURI: home, Rules: []sarifRule{}}
	if driver.Version == "" {
		driver.Version = "dev"
	}
	index := map[string]int{}
	results := []sarifResult{}
	for i := range r.List {
		d := &r.List[i]
		if _, ok := index[d.Code]; !ok {
			index[d.Code] = len(driver.Rules)
			driver.Rules = append(driver.Rules, r.sarifRule(d.Code))
		}
		result := sarifResult{
			RuleID: d.Code, RuleIndex: index[d.Code], Level: d.Severity.String(), Message: sarifText{Visible(d.Message)},
			Locations: []sarifLocation{r.location(d.File, d.Pos, "")},
		}
		if d.Fix != "" {
			result.Message.Text += "; fix: " + Visible(d.Fix)
		}
		for _, o := range d.Related {
			result.Related = append(result.Related, r.location(d.File, o.Pos, o.Message))
		}
		if d.Waived != nil {
			result.Level = d.Waived.Severity.String()
			result.Suppressions = []sarifSuppression{{
				Kind: "inSource", Status: "accepted", Justification: d.Waived.String(),
			}}
		}
		results = append(results, result)
	}
	return encode(w, sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: results}},
	})
}

func (r Report) sarifRule(code string) sarifRule {
	out := sarifRule{ID: code}
	if r.Rule == nil {
		return out
	}
	about, ok := r.Rule(code)
	if !ok {
		return out
	}
	out.Short, out.Default = &sarifText{about.Title}, &sarifConfig{about.Severity.String()}
	out.HelpURI = home + "/blob/main/docs/rules.md#" + strings.ToLower(code)
	if about.Why != "" {
		out.Full = &sarifText{about.Why}
	}
	if about.Fix != "" {
		out.Help = &sarifText{about.Fix}
	}
	return out
}

// location names a place. SARIF viewers want a line, so the whole file is line 1.
func (r Report) location(file string, pos Pos, message string) sarifLocation {
	out := sarifLocation{Physical: sarifPhysical{Artifact: sarifArtifact{r.uri(file)}, Region: sarifRegion{StartLine: max(pos.Line, 1)}}}
	if message != "" {
		out.Message = &sarifText{Visible(message)}
	}
	region := &out.Physical.Region
	if end := endColumn(pos); end > 0 {
		region.StartColumn, region.EndColumn = pos.Col, end
	}
	line := r.line(file, pos)
	if line == "" {
		return out
	}
	if region.StartColumn == 0 {
		region.Snippet = &sarifText{line}
		return out
	}
	if part := marked(line, pos); part != "" {
		region.Snippet = &sarifText{part}
	}
	out.Physical.Context = &sarifRegion{StartLine: region.StartLine, Snippet: &sarifText{line}}
	return out
}

// uri names a file by a relative reference, or by a file: URI when it is outside the root.
func (r Report) uri(file string) string {
	name := r.relative(file)
	u := url.URL{Path: name}
	if filepath.IsAbs(file) && name == filepath.ToSlash(file) {
		u.Scheme = "file"
		if !strings.HasPrefix(name, "/") {
			u.Path = "/" + name // file:///C:/…
		}
	}
	return u.String()
}

// relative names a file with forward slashes: an absolute path below the root relative to it, any other path as it was
// given.
func (r Report) relative(file string) string {
	if !filepath.IsAbs(file) {
		return filepath.ToSlash(filepath.Clean(file))
	}
	if r.Root != "" {
		rel, err := filepath.Rel(r.Root, file)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return filepath.ToSlash(rel)
		}
	}
	return filepath.ToSlash(file)
}
