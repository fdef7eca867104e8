package store

import (
	"io/fs"
	"strconv"
	"syscall"
)

// inode tells a file from another one of the same name, and from what it was before it was written to: the time
// of its last change is not for programs to set, as that of its content is.
func inode(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(s.Ino, 10) + "-" + strconv.FormatInt(s.Ctim.Nano(), 10)
	}
	return ""
}
