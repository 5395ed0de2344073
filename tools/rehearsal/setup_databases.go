package rehearsal

import planned "github.com/mbamplan/mbamplan/pkg/farm"

// databases makes the instances of SQL Server and the failover cluster as set-up left them.
func (n *Night) databases(_ *planned.Farm) {}
