//go:build unix && !linux

package store

import (
	"io/fs"
	"strconv"
	"syscall"
)

// inode tells a file from another one of the same name.
func inode(info fs.FileInfo) string {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(s.Ino, 10)
	}
	return ""
}
