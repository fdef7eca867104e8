package replay

import (
	"syscall"
	"time"
)

// nap sleeps for a moment, holding its thread. It may return early.
func nap(d time.Duration) {
	t := syscall.NsecToTimespec(d.Nanoseconds())
	_ = syscall.Nanosleep(&t, nil) // whoever calls looks at the clock again
}
