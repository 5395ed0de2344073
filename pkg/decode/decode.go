// Package decode fills Go structs from YAML documents by struct tags and remembers where each value came from.
package decode

import (
	"github.com/mbamplan/mbamplan/pkg/diag"
	"github.com/mbamplan/mbamplan/pkg/yamlsrc"
)

// Into fills out, a pointer to a struct.
func Into(doc *yamlsrc.Document, out any) (*Origins, diag.List) { panic("decode: Into") }

// Origin says where a value came from.
type Origin struct {
	Pos diag.Pos
	// Default is the reason why this default was taken, "" for a value of the file.
	Default string
}

// Origins holds the origin of each value.
type Origins struct{}

// At returns the position of the value at path.
func (o *Origins) At(path string) diag.Pos { panic("decode: At") }

// Key returns the position of the key of path.
func (o *Origins) Key(path string) diag.Pos { panic("decode: Key") }

// Set records a default computed by the caller.
func (o *Origins) Set(path, reason string) { panic("decode: Set") }

// Lookup returns the origin of path.
func (o *Origins) Lookup(path string) (Origin, bool) { panic("decode: Lookup") }

// Walk calls f for every leaf of v.
func Walk(v any, o *Origins, f func(path, value string, origin Origin)) { panic("decode: Walk") }

// Field describes one key.
type Field struct {
	Path, Key, Type, Doc string
	Enum                 []string
	Default, Why         string
	Required             bool
	Shape                []string
	Example              string
}

// Fields returns the field table of v.
func Fields(v any) []Field { panic("decode: Fields") }
