// Package sqlserver is a simulated SQL Server: instances with logins, endpoints, grants, databases with recovery model and log chain,
// availability groups and mirroring sessions between them, jobs, and the views that show it all. It answers what package tsql asks for. Each rule
// names its source. It knows nothing of MBAM and of our scripts.
package sqlserver
