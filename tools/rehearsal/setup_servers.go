package rehearsal

import planned "github.com/mbamplan/mbamplan/pkg/farm"

// servers makes what the servers have ahead of the night: products, services, features, certificates, disks.
func (n *Night) servers(_ *planned.Farm) {}
