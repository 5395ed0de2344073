package rehearsal

import (
	"fmt"
	"net"
	"slices"
	"strings"

	planned "github.com/mbamplan/mbamplan/pkg/farm"
	"github.com/mbamplan/mbamplan/tools/rehearsal/sqlserver"
)

// databases makes the instances of SQL Server and the failover cluster as set-up left them.
func (n *Night) databases(f *planned.Farm) {
	network := n.Farm.SQLNetwork()
	for _, h := range f.Hosts {
		if h.Subnet.IsValid() {
			network.Subnets[strings.ToUpper(h.Name)] = h.Subnet.Masked().Addr().String()
		}
	}
	if f.Cluster != nil {
		network.Cluster = cluster(f.Cluster)
	}
	for _, i := range f.Instances {
		in := &sqlserver.Instance{
			Name: strings.ToUpper(i.Name), Network: strings.ToUpper(i.Network), FQDN: i.FQDN, Named: strings.ToUpper(i.Named), Port: i.Port,
			Version: i.Version, ProductVersion: i.ProductVersion() + ".4153.1", Level: "RTM", Edition: i.Edition + " Edition (64-bit)", EngineEdition: i.EngineEdition(),
			Data: strings.TrimSuffix(i.DataFolder(), `\`), Log: strings.TrimSuffix(i.LogFolder(), `\`), Service: i.Service, Agent: true, AgentStart: 2,
			Programs: fmt.Sprintf(`C:\Program Files\Microsoft SQL Server\MSSQL%d.%s\MSSQL\Binn`, i.Version-2004, strings.TrimPrefix(i.EngineService(), "MSSQL$")),
		}
		if sp := i.ServicePack(); sp > 0 {
			in.Level = fmt.Sprintf("SP%d", sp)
		}
		if in.Service == "" {
			in.Service = `NT Service\` + i.EngineService()
		}
		if in.Data == "" {
			in.Data = strings.TrimSuffix(in.Programs, "Binn") + "DATA"
		}
		if in.Log == "" {
			in.Log = in.Data
		}
		if in.Port == 0 {
			in.Port = 51000 + i.Index // dynamic, as the service once chose it
		}
		for _, h := range i.Nodes {
			in.Nodes = append(in.Nodes, strings.ToUpper(h.Name))
		}
		for _, folder := range []string{in.Data, in.Log} {
			if drive := folder[:1]; i.Clustered() {
				if !slices.Contains(in.Drives, drive) {
					in.Drives = append(in.Drives, drive)
				}
				for _, m := range in.Nodes {
					n.Farm.ShareDrive(m, drive, in.Network)
				}
			}
			n.Farm.AddFolder(in.Nodes[0], folder)
		}
		network.Add(in, f.Domain.NetBIOS+`\admin`)
		for _, m := range in.Nodes {
			n.Farm.Machines[m].TieServices(in)
		}
	}
	for _, p := range f.Placements {
		if p.BackupShare != "" {
			n.Farm.AddShare(p.BackupShare)
		}
	}
	if f.Backup.Folder != "" && strings.HasPrefix(f.Backup.Folder, `\\`) {
		n.Farm.AddShare(f.Backup.Folder)
	} else if f.Backup.Folder != "" {
		for _, in := range network.Instances {
			n.Farm.AddFolder(in.Owner, f.Backup.Folder)
		}
	}
	n.existingDatabases(f)
}

// cluster is the failover cluster as it is planned: it exists before the first script.
func cluster(c *planned.Cluster) *sqlserver.Cluster {
	out := &sqlserver.Cluster{Name: c.Name, Witness: c.Witness}
	for _, h := range c.Nodes {
		out.Nodes = append(out.Nodes, sqlserver.Node{Name: strings.ToUpper(h.Name), Vote: !slices.Contains(c.NoVote, h)})
		if !h.Subnet.IsValid() {
			continue
		}
		mask := net.IP(net.CIDRMask(h.Subnet.Bits(), 32)).String()
		s := sqlserver.Subnet{Address: h.Subnet.Masked().Addr().String(), Mask: mask}
		if !slices.Contains(out.Networks, s) {
			out.Networks = append(out.Networks, s)
		}
	}
	return out
}
