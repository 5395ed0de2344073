// Package templates is the step catalogue: one folder a step, read by package catalog. See docs/writing-steps.md.
package templates

import "embed"

// FS holds the catalogue, frames and libraries.
//
//go:embed all:_frame all:_lib all:_documents all:directory all:database all:reports all:web all:balancer all:clients all:backup
var FS embed.FS
