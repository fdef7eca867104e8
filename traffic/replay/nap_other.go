//go:build !linux

package replay

import "time"

// nap leaves the rest to a timer here.
func nap(time.Duration) {}
