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

// Request is what was sent for a recorded request whose answer differed, or nil.
func (t *Trial) Request(id string) *traffic.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests[id]
}

// Rules tells how often each comparison rule applied.
func (t *Trial) Rules() []compare.RuleUse { return t.plan.comparer.Rules() }

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
