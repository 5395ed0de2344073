package topology

import (
	"fmt"
	"strings"

	"github.com/mbamplan/mbamplan/pkg/decode"
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// CodeSchema is the finding about a schema version that this release does not read.
const CodeSchema = "MBP0300"

// Loaded is a topology with the place of every value.
type Loaded struct {
	Name    string // file name, for messages
	File    *File
	Origins *decode.Origins
	Lines   []string
}

// Load reads a topology. Loaded is never nil; its File is only fit for use when the findings hold no error.
func Load(name string, data []byte) (*Loaded, diag.List) {
	doc, found := yamlsrc.Parse(name, data)
	l := &Loaded{Name: name, File: &File{}, Origins: &decode.Origins{}, Lines: doc.Lines()}
	if doc.Root == nil {
		return l, found
	}
	if bad := schemaVersion(name, doc); bad != nil {
		return l, append(found, *bad)
	}
	origins, more := decode.Into(doc, l.File)
	l.Origins = origins
	found = append(found, more...)
	found.Sort()
	return l, found
}

// schemaVersion refuses another schema version before its unknown keys are reported one by one.
func schemaVersion(name string, doc *yamlsrc.Document) *diag.Diagnostic {
	for _, p := range doc.Root.Pairs {
		if p.Key.Value == "schema" && p.Value.Kind == yamlsrc.Scalar && strings.TrimSpace(p.Value.Value) != fmt.Sprint(SchemaVersion) {
			return &diag.Diagnostic{
				Code: CodeSchema, File: name, Pos: p.Value.Pos,
				Message: fmt.Sprintf("schema version %q is not read by this release; it reads version %d", p.Value.Value, SchemaVersion),
				Fix:     fmt.Sprintf("write schema: %d, or use the release that wrote this file", SchemaVersion),
			}
		}
	}
	return nil
}
