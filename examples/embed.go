// Package examples holds topologies that people start from. Each is rendered and checked by the tests.
package examples

import "embed"

// FS holds the example topologies.
//
//go:embed *.yaml
var FS embed.FS

// Default is the example that commands use when they are given no file.
const Default = "contoso-alwayson.yaml"
