package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// tuneMemory has the garbage collected less often than by default while there is little of it: a replay
// makes much, and scanning what is in use for each bit costs more than sending. What may be garbage is
// bounded, so that it is not most of the memory either. GOGC and GOMEMLIMIT win.
func tuneMemory() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		new(collection).tune()
	}
}

// collection looks at the memory in use after each time that garbage was collected.
type collection struct{ percent int }

// marker is garbage from the start: its finalizer runs with the next collection.
type marker struct{ of *collection }

func (c *collection) tune() {
	const most, least, garbage = 400, 100, 48 << 20
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	percent := most
	if sample[0].Value.Kind() == metrics.KindUint64 {
		live := max(1, sample[0].Value.Uint64())
		percent = int(min(most, max(least, garbage*100/live)))
	}
	if percent != c.percent {
		debug.SetGCPercent(percent)
		c.percent = percent
	}
	runtime.SetFinalizer(&marker{c}, func(m *marker) { m.of.tune() })
}
