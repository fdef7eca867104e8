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

// Rules tells how often each comparison rule applied. Rules of learned noise are named by their place.
func (t *Trial) Rules() []compare.RuleUse {
	list := t.comparer.Rules()
	for i := range list {
		list[i].Key = t.plan.noise.Name(list[i].Key)
	}
	return list
}

// Excuses tells which differences were accepted by ignore rules.
func (t *Trial) Excuses() []compare.Excuse {
	list := t.comparer.Excuses()
	for i := range list {
		list[i].Key = t.plan.noise.Name(list[i].Key)
	}
	return list
}

// Carriage tells which values were carried from where to where so far, and which were left as recorded.
func (t *Trial) Carriage() *correlate.Report {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.carriage.Clone()
}

// Unbound lists recorded values that later requests carry but that the replayed answer did not issue, and
// tells how many there are. Of many not all are listed.
func (t *Trial) Unbound() (list []correlate.Unbound, total int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortStableFunc(t.unbound, func(a, b unissued) int { return cmp.Compare(a.session, b.session) })
	for _, u := range t.unbound {
		list = append(list, u.Unbound)
	}
	return list, t.unboundTotal
}
