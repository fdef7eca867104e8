package backends

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/mocks"
)

// collect brings the metrics of the mocks up to date: those of the self-check until the application
// makes calls, and from then on those of its calls.
func (p *Phase) collect(r *engine.Run) {
	p.await(r)
	r.Metrics.Reset("mocks", "side_effects")
	ref := func(name string) metric.Ref { return metric.Ref{Scope: "side_effects", Name: name} }
	var sum tally
	for _, m := range p.mocks {
		j := m.journal()
		m.measure(r.Metrics, j)
		t := m.effects.count(j, r.WasPlayed)
		sum.recorded += t.recorded
		sum.made += t.made
		sum.missing += t.missing
		sum.extra += t.extra
		sum.writes += t.writes
	}
	r.Metrics.Add(ref("recorded_calls"), float64(sum.recorded))
	r.Metrics.Set(ref("outbound_calls"), float64(sum.made))
	r.Metrics.Set(ref("missing_calls"), float64(sum.missing))
	r.Metrics.Set(ref("extra_calls"), float64(sum.extra))
	r.Metrics.Set(ref("writes"), float64(sum.writes))
	p.measureAll(r)
}

// patience is how long calls are waited for that the application makes behind its answers.
const patience = 500 * time.Millisecond

// await returns when every recorded call of the requests that were played is made, or after a while.
func (p *Phase) await(r *engine.Run) {
	for deadline := time.Now().Add(patience); p.due(r) && time.Now().Before(deadline); {
		time.Sleep(patience / 25)
	}
}

// due tells whether a recorded call of a request that was played is not made yet.
func (p *Phase) due(r *engine.Run) bool {
	return slices.ContainsFunc(p.mocks, func(m *mock) bool {
		return m.effects.count(m.journal(), r.WasPlayed).missing > 0
	})
}

// measureAll sets the match rate over all mocks, from the application's calls only.
func (p *Phase) measureAll(r *engine.Run) {
	requests, misses := p.served()
	if requests > 0 {
		r.Metrics.Set(metric.Ref{Scope: "side_effects", Name: "mock_match_rate"},
			float64(requests-misses)/float64(requests))
	}
}

func (m *mock) measure(reg *metric.Registry, j mocks.Journal) {
	ref := func(name string) metric.Ref { return metric.Ref{Scope: "mocks", Subject: m.Name, Name: name} }
	if m.check.Requests > 0 {
		reg.Hit(ref("self_check_rate"), m.check.Matched, m.check.Requests)
	}
	for _, l := range m.check.Latencies {
		reg.Observe(ref("latency"), "", l.Seconds())
	}
	requests, matched := j.Requests, j.Matched
	if requests == 0 {
		requests, matched = m.check.Requests, m.check.Matched
	}
	if requests == 0 {
		return
	}
	reg.Add(ref("requests"), float64(requests))
	reg.Hit(ref("match_rate"), matched, requests)
	reg.Add(ref("unmatched_requests"), float64(requests-matched))
	reg.Add(ref("unused_stubs"), float64(m.unused(j)))
}

func (m *mock) unused(j mocks.Journal) int {
	n := 0
	for _, s := range m.stubs {
		if j.Hits[s.ID] == 0 {
			n++
		}
	}
	return n
}

// Tell adds the mocks to the report.
func (p *Phase) Tell(r *engine.Run, rep *engine.Report) {
	for _, m := range p.mocks {
		j := m.journal()
		t := m.effects.count(j, r.WasPlayed)
		told := engine.MockReport{
			Name: m.Name, Engine: m.Engine, Stubs: len(m.stubs), Requests: j.Requests, Matched: j.Matched,
			Unmatched: j.Unmatched, UnusedStubs: m.unused(j), MissingCalls: t.missing, ExtraCalls: t.extra,
		}
		for _, miss := range j.Misses {
			told.Misses = append(told.Misses, m.tellMiss(miss, t))
		}
		told.Calls = m.tellCalls(t)
		rep.Mocks = append(rep.Mocks, told)
	}
	for _, d := range p.databases {
		d.tell(rep)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.steps) > 0 {
		rep.BringUp = append(rep.BringUp, fleet.TellBringUp(engine.Backends, p.steps))
	}
}

func (m *mock) tellMiss(miss mocks.MissReport, t tally) engine.MockMiss {
	told := engine.MockMiss{
		Request: miss.Request.Method + " " + miss.Request.URL, Count: miss.Count, Changed: m.effects.changed(miss, t),
	}
	if len(miss.Nearest) == 0 {
		return told
	}
	nearest := m.effects.nearest(miss, t)
	told.Nearest = nearest.Stub.Name
	if len(m.exchanges) > 0 {
		told.Suggestion = nearest.Suggestion()
	}
	for _, d := range nearest.Differences {
		told.Differs = append(told.Differs, d.Where+" (recorded "+d.Expected+", got "+d.Actual+")")
	}
	return told
}

func (m *mock) tellCalls(t tally) []engine.CallReport {
	sums := m.effects.byEndpoint(t)
	var list []engine.CallReport
	for _, endpoint := range slices.Sorted(maps.Keys(sums)) {
		c := sums[endpoint]
		list = append(list, engine.CallReport{Endpoint: endpoint, Recorded: c.recorded, Made: c.made})
	}
	slices.SortStableFunc(list, func(a, b engine.CallReport) int {
		return cmp.Compare(gap(b), gap(a))
	})
	return list
}

func gap(c engine.CallReport) int64 { return max(c.Recorded-c.Made, c.Made-c.Recorded) }
