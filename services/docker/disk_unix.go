//go:build unix

package docker

import "golang.org/x/sys/unix"

// freeDisk is how many bytes are free at a folder, for those who are not root.
func freeDisk(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil //nolint:unconvert // their types differ between systems
}
