package artifact

import "io/fs"

// suspect finds nothing on Windows: the stage inherits the access list of the output folder, whoever made it.
func suspect(fs.FileInfo) string { return "" }
