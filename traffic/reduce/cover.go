package reduce

import (
	"cmp"
	"slices"
)

// level is how closely records are told apart: by endpoint, with the status, with the shape.
type level int

const (
	byEndpoint level = iota
	byStatus
	byShape
	levels
)

// of is what a feature is an example of, as closely as a level tells.
func (l level) of(f feature) feature {
	switch l {
	case byEndpoint:
		return feature{endpoint: f.endpoint}
	case byStatus:
		return feature{endpoint: f.endpoint, status: f.status}
	}
	return f
}

// candidates is how many units are looked at for each feature: the smallest.
const candidates = 8

// cover chooses units until every feature is there, or the budget is used up: of two ways the one that covers
// more endpoints, then more statuses, then more shapes.
func (c *choosing) cover() {
	units := c.candidates()
	var best *trial
	for _, way := range [][]level{{byEndpoint, byStatus, byShape}, {byShape}} {
		t := c.try(units, way)
		if best == nil || slices.Compare(t.counts(), best.counts()) > 0 {
			best = t
		}
	}
	for _, taken := range best.taken {
		c.all[taken.unit].taken = taken.rows
		c.left -= taken.rows
	}
	c.report.Cut = best.cut
}

// candidates lists the units that are small and have a feature, each unit once.
func (c *choosing) candidates() []uint32 {
	best := make([][]uint32, len(c.list))
	smaller := func(a, b uint32) int {
		x, y := &c.all[a], &c.all[b]
		return cmp.Or(cmp.Compare(x.end-x.first, y.end-y.first), cmp.Compare(x.hash, y.hash), cmp.Compare(a, b))
	}
	for i := range c.rows {
		r := &c.rows[i]
		list := best[r.feature]
		if !c.all[r.unit].wanted || slices.Contains(list, r.unit) {
			continue
		}
		at, _ := slices.BinarySearchFunc(list, r.unit, smaller)
		if at == candidates {
			continue
		}
		list = slices.Insert(list, at, r.unit)
		best[r.feature] = list[:min(len(list), candidates)]
	}
	var units []uint32
	for _, list := range best {
		units = append(units, list...)
	}
	slices.Sort(units)
	return slices.Compact(units)
}

// trial is one way to cover the features.
type trial struct {
	*choosing

	covered [levels]map[feature]bool
	// taken are the units that are chosen, in their order and to look them up; left is what remains of the budget.
	taken []taken
	has   map[uint32]bool
	left  int
	cut   int
}

// taken is a unit and how many of its rows are chosen.
type taken struct {
	unit uint32
	rows int
}

func (c *choosing) try(units []uint32, way []level) *trial {
	t := &trial{choosing: c, has: map[uint32]bool{}, left: c.left}
	for l := range t.covered {
		t.covered[l] = map[feature]bool{}
	}
	for _, l := range way {
		t.cover(l, units)
	}
	return t
}

// counts says how much is covered, at each level.
func (t *trial) counts() []int {
	counts := make([]int, levels)
	for l, covered := range t.covered {
		counts[l] = len(covered)
	}
	return counts
}

// cover chooses of the units, again and again, the one that brings the most of what is missing at a level for its
// size; between equals counts what they bring at closer levels.
func (t *trial) cover(from level, units []uint32) {
	queue := newQueue(func(a, b uint32) int {
		return cmp.Or(cmp.Compare(t.all[a].hash, t.all[b].hash), cmp.Compare(a, b))
	})
	for _, u := range units {
		if gain := t.gain(from, u); gain > 0 {
			queue.push(u, gain)
		}
	}
	for queue.len() > 0 && t.left > 0 {
		u, gain := queue.pop()
		switch now := t.gain(from, u); {
		case now == 0:
		case now < gain: // others may be better by now
			queue.push(u, now)
		default:
			t.take(from, u)
		}
	}
}

// gain is what a unit brings for its size.
func (t *trial) gain(from level, u uint32) float64 {
	const weight = 1e4 // of one level over the next
	if t.has[u] {
		return 0
	}
	var new [levels]map[feature]bool
	for l := from; l < levels; l++ {
		new[l] = map[feature]bool{}
	}
	rows := t.rows[t.all[u].first:t.all[u].end]
	for i := range rows {
		for l := from; l < levels; l++ {
			if f := l.of(t.list[rows[i].feature]); !t.covered[l][f] {
				new[l][f] = true
			}
		}
	}
	if len(new[from]) == 0 {
		return 0
	}
	sum := 0.0
	for l := from; l < levels; l++ {
		sum = sum*weight + float64(len(new[l]))
	}
	return sum / float64(len(rows))
}

// take chooses a unit, if the budget has room for it. Of one that is longer than the whole budget its beginning is
// taken, up to the last request that brings something new.
func (t *trial) take(from level, u uint32) {
	n := t.size(u)
	if t.Budget > 0 && n > t.Budget {
		n = t.beginning(from, u)
		if n > 0 {
			t.cut++
		}
	}
	if n == 0 || n > t.left {
		return
	}
	t.left -= n
	t.has[u] = true
	t.taken = append(t.taken, taken{u, n})
	first := t.all[u].first
	for _, r := range t.rows[first : first+n] {
		for l := range t.covered {
			t.covered[l][level(l).of(t.list[r.feature])] = true
		}
	}
}

// beginning is how many rows of a unit there is room for, without those at the end that bring nothing new.
func (t *trial) beginning(from level, u uint32) (n int) {
	seen := map[feature]bool{}
	first := t.all[u].first
	for i, r := range t.rows[first : first+min(t.left, t.size(u))] {
		if f := from.of(t.list[r.feature]); !t.covered[from][f] && !seen[f] {
			seen[f] = true
			n = i + 1
		}
	}
	return n
}

func (c *choosing) size(u uint32) int { return c.all[u].end - c.all[u].first }

// fill chooses further units in the order of their hashes, which knows nothing of what they hold.
func (c *choosing) fill() {
	order := make([]uint32, 0, len(c.all))
	for i := range c.all {
		if u := &c.all[i]; u.wanted && u.taken == 0 {
			order = append(order, uint32(i))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(c.all[a].hash, c.all[b].hash), cmp.Compare(a, b))
	})
	for _, u := range order {
		if n := c.size(u); n <= c.left {
			c.all[u].taken = n
			c.left -= n
		}
	}
}
