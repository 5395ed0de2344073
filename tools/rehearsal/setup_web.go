package rehearsal

import planned "github.com/mbamplan/mbamplan/pkg/farm"

// web makes IIS as its features leave it, and what MBAM's set-up needs.
func (n *Night) web(_ *planned.Farm) {}
