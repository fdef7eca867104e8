package traffic

import (
	"slices"
	"time"
)

// Attribute fills in Parent where an outbound record lacks it: with the inbound record that was being
// served at the time, of the same session where several were, else the latest that began before. It
// returns how many it filled in. Which of several overlapping requests is named matters only where
// fewer than all of them are replayed.
func Attribute(outbound, inbound []*Record) int {
	if len(inbound) == 0 {
		return 0
	}
	ordered := Sorted(inbound)
	filled := 0
	for _, out := range outbound {
		if out.Parent != "" {
			continue
		}
		if in := serving(ordered, out); in != nil {
			out.Parent = in.ID
			filled++
		}
	}
	return filled
}

// serving finds the inbound record that an outbound one was made for.
func serving(ordered []*Record, out *Record) *Record {
	end, _ := slices.BinarySearchFunc(ordered, out.Time, func(r *Record, t time.Time) int {
		if r.Time.After(t) {
			return 1
		}
		return -1
	})
	if end == 0 {
		return nil
	}
	best := ordered[end-1]
	for _, in := range slices.Backward(ordered[max(0, end-attributeWithin):end]) {
		if in.Time.Add(in.Duration).Before(out.Time) {
			continue
		}
		if out.Session != "" && in.Session == out.Session {
			return in
		}
		best = in
	}
	return best
}

// attributeWithin bounds how many requests before an outbound call are looked at.
const attributeWithin = 256
