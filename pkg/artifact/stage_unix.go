//go:build !windows

package artifact

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// suspect tells, in words behind the folder's name, why another user can have filled a stage; "" when none can.
func suspect(info fs.FileInfo) string {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return fmt.Sprintf("belongs to user %d", sys.Uid)
	}
	if mode := info.Mode().Perm(); mode != 0o700 {
		return fmt.Sprintf("has mode %04o instead of 0700", mode)
	}
	return ""
}
