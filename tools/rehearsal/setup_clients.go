package rehearsal

import planned "github.com/mbamplan/mbamplan/pkg/farm"

// clients makes a managed client and the Group Policy templates.
func (n *Night) clients(_ *planned.Farm) {}
