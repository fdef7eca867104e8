//go:build unix

package process

import "syscall"

func supported() error { return nil }

// signalGroup signals every process of the group. One that has ended meanwhile is what was wanted.
func signalGroup(leader int, sig syscall.Signal) { _ = syscall.Kill(-leader, sig) }

func signalAll(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig)
	}
}
