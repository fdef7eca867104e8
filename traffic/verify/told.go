package verify

import (
	"cmp"
	"slices"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
)

// Differences lists what differed, grouped by endpoint and place, worst first.
func (t *Trial) Differences() []compare.Group {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.groups.Groups()
}

// Request is what was sent for the recorded request of a sample in Differences, or nil.
func (t *Trial) Request(id string) *traffic.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests[id]
}

// Shortfall is a reason why recorded requests were skipped, or why answers were not compared.
type Shortfall struct {
	Skipped bool
	Why     string
	// Count is how many it concerns.
	Count int
}

// Shortfalls lists what the trial could not send or not compare, the skipped requests first, then by
// how many it concerns.
func (t *Trial) Shortfalls() []Shortfall {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []Shortfall
	for s, n := range t.shortfalls {
		s.Count = n
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Shortfall) int {
		if a.Skipped != b.Skipped {
			return cmp.Compare(count(b.Skipped), count(a.Skipped))
		}
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Why, b.Why))
	})
	return list
}

// Rules tells how often each comparison rule applied.
func (t *Trial) Rules() []compare.RuleUse { return t.comparer.Rules() }

// Excuses tells which differences were accepted by ignore rules.
func (t *Trial) Excuses() []compare.Excuse { return t.comparer.Excuses() }

// Unbound lists the recorded values that later requests carry but that the replayed answer did not
// issue, in the order of sessions.
func (t *Trial) Unbound() []correlate.Unbound {
	keys := make([]string, 0, len(t.sessions))
	for key := range t.sessions {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, cmp.Compare[string])
	var list []correlate.Unbound
	for _, key := range keys {
		list = append(list, t.sessions[key].Unbound()...)
	}
	return list
}
