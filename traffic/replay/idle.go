package replay

import (
	"cmp"
	"slices"
	"time"
)

// stretches notes when there are requests, to the exactness of one width: the first and the last in
// each. That is all it takes to find the pauses longer than the width.
type stretches struct {
	width time.Duration
	list  []stretch
	// merged is the length of the list after the last merge.
	merged int
}

type stretch struct{ first, last time.Duration }

// add notes a request; the order does not matter.
func (s *stretches) add(at time.Duration) {
	if n := len(s.list); n > 0 && s.list[n-1].first/s.width == at/s.width {
		s.list[n-1].extend(stretch{at, at})
		return
	}
	const slack = 4096
	if len(s.list) >= 2*s.merged+slack {
		s.merge()
	}
	s.list = append(s.list, stretch{at, at})
}

func (s *stretch) extend(by stretch) {
	s.first, s.last = min(s.first, by.first), max(s.last, by.last)
}

// merge leaves one stretch for each width, in their order. Neighbours without a pause become one.
func (s *stretches) merge() {
	slices.SortFunc(s.list, func(a, b stretch) int { return cmp.Compare(a.first, b.first) })
	kept := s.list[:min(1, len(s.list))]
	for _, next := range s.list[len(kept):] {
		if last := &kept[len(kept)-1]; next.first-last.last <= s.width {
			last.extend(next)
		} else {
			kept = append(kept, next)
		}
	}
	s.list, s.merged = kept, len(kept)
}

// pauses are what is to be cut out, so that none is longer than the width.
func (s *stretches) pauses() cuts {
	s.merge()
	var list cuts
	var before, total time.Duration
	for _, busy := range s.list {
		if gap := busy.first - before; gap > s.width {
			total += gap - s.width
			list = append(list, cut{from: busy.first, total: total})
		}
		before = busy.last
	}
	return list
}

// cuts are the pauses that are shortened, in their order.
type cuts []cut

// cut says how much is left out, all in all, from a moment on.
type cut struct{ from, total time.Duration }

// apply moves a moment by what is left out before it.
func (c cuts) apply(at time.Duration) time.Duration {
	i, _ := slices.BinarySearchFunc(c, at, func(c cut, at time.Duration) int {
		if c.from <= at {
			return -1
		}
		return 1
	})
	if i == 0 {
		return at
	}
	return at - c[i-1].total
}
