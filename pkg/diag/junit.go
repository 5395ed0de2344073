package diag

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Out     *junitOut     `xml:"system-out,omitempty"`
	}
	junitFailure struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitOut struct {
		Text string `xml:",chardata"`
	}
)

// writeJUnit writes a suite for each file and a case for each finding in it: an error fails, a warning or note is a case
// that passes and says so in its output. A file without findings is one case that passes.
func writeJUnit(w io.Writer, r Report) error {
	out := junitSuites{Name: tool + " check"}
	for _, file := range r.files() {
		s := junitSuite{Name: Visible(file)}
		for i := range r.List {
			d := &r.List[i]
			if d.File != file {
				continue
			}
			c, err := r.junitCase(d)
			if err != nil {
				return err
			}
			if c.Failure != nil {
				s.Failures++
			}
			s.Cases = append(s.Cases, c)
		}
		if len(s.Cases) == 0 {
			s.Cases = []junitCase{{Class: s.Name, Name: "no findings"}}
		}
		s.Tests = len(s.Cases)
		out.Tests += s.Tests
		out.Failures += s.Failures
		out.Suites = append(out.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r Report) junitCase(d *Diagnostic) (junitCase, error) {
	var text strings.Builder
	if err := WriteText(&text, List{*d}, r.Lines, false); err != nil {
		return junitCase{}, err
	}
	name := Visible(d.Message)
	if at := d.Pos.String(); at != "" {
		name = fmt.Sprintf("%s %s", at, name)
	}
	c := junitCase{Class: Visible(d.File), Name: Visible(d.Code) + " " + name}
	if d.Severity == Error {
		c.Failure = &junitFailure{Type: d.Code, Message: Visible(d.Message), Text: text.String()}
	} else {
		c.Out = &junitOut{text.String()}
	}
	return c, nil
}
