package backends

import (
	"cmp"
	"slices"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// effects compares the calls that the application made to a mock with the recorded ones. Calls are
// told apart by key: a stub, or all steps of a scenario, as they answer the same request in turn.
type effects struct {
	exchanges []mocks.Exchange
	keys      map[string]string // stub ID to key
	endpoints map[string]string // key to endpoint
	methods   map[string]string // key to method
}

// tally is the outcome for one mock.
type tally struct {
	recorded, made, missing, extra, writes int64
	// byKey holds recorded and made calls of each key.
	byKey map[string]*calls
}

// calls are the recorded calls of the requests that were played and those that were made. Free ones were
// recorded without an inbound request that caused them, such as those at the start of the application:
// they may be made and need not be.
type calls struct{ recorded, made, free int64 }

func (c calls) missing() int64 { return max(0, c.recorded-c.made) }

func (c calls) extra() int64 { return max(0, c.made-c.recorded-c.free) }

func newEffects(exchanges []mocks.Exchange, stubs []*mocks.Stub) *effects {
	e := &effects{
		exchanges: exchanges, keys: map[string]string{}, endpoints: map[string]string{}, methods: map[string]string{},
	}
	for _, s := range stubs {
		e.keys[s.ID] = cmp.Or(s.Scenario, s.ID)
	}
	for _, x := range exchanges {
		key := e.keys[x.StubID]
		e.endpoints[key] = traffic.Endpoint(x.Record.Request.Method, x.Record.Request.URL)
		e.methods[key] = x.Record.Request.Method
	}
	return e
}

// count compares the journal with what the recording holds for the requests that were played. A mock
// without a recording has nothing to compare with: none of its calls is missing or extra.
func (e *effects) count(j mocks.Journal, played func(string) bool) tally {
	t := tally{byKey: map[string]*calls{}, made: j.Requests}
	if len(e.exchanges) == 0 {
		return t
	}
	at := func(key string) *calls {
		if t.byKey[key] == nil {
			t.byKey[key] = &calls{}
		}
		return t.byKey[key]
	}
	for _, x := range e.exchanges {
		switch {
		case x.Record.Parent == "":
			at(e.keys[x.StubID]).free++
		case played(x.Record.Parent):
			at(e.keys[x.StubID]).recorded++
			t.recorded++
		}
	}
	for id, n := range j.Hits {
		at(e.keys[id]).made += n
		if isWrite(e.methods[e.keys[id]]) {
			t.writes += n
		}
	}
	for _, c := range t.byKey {
		t.missing += c.missing()
		t.extra += c.extra()
	}
	t.extra += j.Unmatched // all of them; Misses is bounded
	for _, m := range j.Misses {
		if isWrite(m.Request.Method) {
			t.writes += m.Count
		}
	}
	return t
}

func isWrite(method string) bool {
	return !slices.Contains([]string{"", "GET", "HEAD", "OPTIONS"}, method)
}

// changed tells whether a recorded call to the endpoint of a miss is due and was not made: then the
// application makes the call, but differently.
func (e *effects) changed(m mocks.MissReport, t tally) bool {
	endpoint := traffic.Endpoint(m.Request.Method, m.Request.URL)
	for key, c := range t.byKey {
		if e.endpoints[key] == endpoint && c.missing() > 0 {
			return true
		}
	}
	return false
}

// nearest is the stub that a miss comes closest to; one of a call that is due goes before the others.
// There is at least one.
func (e *effects) nearest(m mocks.MissReport, t tally) mocks.Near {
	for _, n := range m.Nearest {
		if c := t.byKey[e.keys[n.Stub.ID]]; c != nil && c.missing() > 0 {
			return n
		}
	}
	return m.Nearest[0]
}

// byEndpoint lists the endpoints whose calls are not as recorded, the largest gap first.
func (e *effects) byEndpoint(t tally) map[string]*calls {
	sums := map[string]*calls{}
	for key, c := range t.byKey {
		if c.missing() == 0 && c.extra() == 0 {
			continue
		}
		endpoint := e.endpoints[key]
		if sums[endpoint] == nil {
			sums[endpoint] = &calls{}
		}
		sums[endpoint].recorded += c.recorded
		sums[endpoint].made += c.made
	}
	return sums
}
