package backends

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// Call is what a mock was asked for in a while: a stub that answered, a recorded call that was not
// made, or a request that no stub answers.
type Call struct {
	Mock string
	// Stub names the stub that answered, or that would have.
	Stub string
	// Made counts the calls, Recorded those that the recording holds.
	Made, Recorded int64
	// Miss is set for a request that no stub answers.
	Miss *engine.MockMiss
}

// Watch returns a function that lists the calls since now, with those that the recording holds for an
// inbound request.
func (p *Phase) Watch(record string) func() []Call {
	before := make([]mocks.Journal, len(p.mocks))
	for i, m := range p.mocks {
		before[i] = m.journal()
	}
	return func() []Call {
		var list []Call
		for i, m := range p.mocks {
			list = append(list, m.since(before[i], record)...)
		}
		return list
	}
}

// since compares the journal with an earlier one.
func (m *mock) since(before mocks.Journal, record string) []Call {
	now := m.journal()
	recorded := map[string]int64{} // by key, as the steps of a scenario answer for one another
	for _, x := range m.exchanges {
		if x.Record.Parent == record {
			recorded[m.effects.keys[x.StubID]]++
		}
	}
	byKey := map[string]*Call{}
	for _, s := range m.stubs {
		key := m.effects.keys[s.ID]
		made := now.Hits[s.ID] - before.Hits[s.ID]
		if byKey[key] == nil && (made > 0 || recorded[key] > 0) {
			byKey[key] = &Call{Mock: m.Name, Stub: cmp.Or(s.Name, s.ID), Recorded: recorded[key]}
		}
		if c := byKey[key]; c != nil {
			c.Made += made
		}
	}
	var list []Call
	for _, c := range byKey {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Call) int { return strings.Compare(a.Stub, b.Stub) })
	return append(list, m.missedSince(before, now, record)...)
}

func (m *mock) missedSince(before, now mocks.Journal, record string) []Call {
	known := map[string]int64{}
	for _, miss := range before.Misses {
		known[missKey(miss.Request)] += miss.Count
	}
	hits := map[string]int64{}
	for id, n := range now.Hits {
		hits[id] = n - before.Hits[id]
	}
	t := m.effects.count(mocks.Journal{Hits: hits}, func(id string) bool { return id == record })
	var list []Call
	for _, miss := range now.Misses {
		if miss.Count -= known[missKey(miss.Request)]; miss.Count > 0 {
			told := m.tellMiss(miss, t)
			list = append(list, Call{Mock: m.Name, Made: miss.Count, Miss: &told})
		}
	}
	return list
}

func missKey(r *traffic.Request) string { return r.Method + " " + r.URL + "\x00" + string(r.Body) }
