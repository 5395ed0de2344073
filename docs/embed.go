// Package docs carries the list of sources into the program.
package docs

import _ "embed"

// Sources is the text of sources.yaml.
//
//go:embed sources.yaml
var Sources []byte
