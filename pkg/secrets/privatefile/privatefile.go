// Package privatefile creates files that only their owner may read, from the first byte on.
//
// On Windows that is a protected access list (nothing inherited) for the current user, the Administrators and SYSTEM;
// elsewhere mode 0600.
package privatefile

import "os"

// Create creates the file at path for writing and fails with fs.ErrExist when something is there already, a symbolic
// link included.
func Create(path string) (*os.File, error) { return create(path) }

// Exposed tells who else than the owner (and, on Windows, the Administrators and SYSTEM) may open the file at path, in
// words for a message; "" when nobody.
func Exposed(path string) (string, error) { return exposed(path) }
