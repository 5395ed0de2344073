package rehearsal

import (
	"slices"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
)

// clients makes the place of the managed computers in the directory.
func (n *Night) clients(f *planned.Farm) {
	d := n.Farm.Directory
	if f.Clients != nil && f.Clients.OU != "" && !slices.Contains(d.Units, f.Clients.OU) {
		d.Units = append(d.Units, f.Clients.OU)
	}
}
