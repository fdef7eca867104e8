package verify

import (
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// meters are the metrics of a trial, found once.
type meters struct {
	registry *metric.Registry

	coverage, shed, sent, lateness, compared metric.Handle

	answers   *tallies
	endpoints map[string]*tallies
}

func newMeters(m *metric.Registry) *meters {
	handle := func(name string) metric.Handle { return m.Handle(replayRef(name)) }
	return &meters{
		registry: m,
		coverage: handle("coverage"), shed: handle("shed"), sent: handle("sent"), lateness: handle("lateness"),
		compared: handle("compared"), answers: newTallies(m, replayRef), endpoints: map[string]*tallies{},
	}
}

// endpoint finds the metrics of one endpoint.
func (m *meters) endpoint(endpoint string) *tallies {
	if a := m.endpoints[endpoint]; a != nil {
		return a
	}
	a := newTallies(m.registry, func(name string) metric.Ref { return endpointRef(endpoint, name) })
	m.endpoints[endpoint] = a
	return a
}

// tallies are what is measured both of the whole and of each endpoint.
type tallies struct {
	requests, errorRate, serverErrors, differences, latency metric.Handle

	judged, responses, statuses, bodies metric.Handle
}

func newTallies(m *metric.Registry, ref func(name string) metric.Ref) *tallies {
	handle := func(name string) metric.Handle { return m.Handle(ref(name)) }
	return &tallies{
		requests: handle("requests"), errorRate: handle("error_rate"), serverErrors: handle("server_errors"),
		differences: handle("new_differences"), latency: handle("latency"), judged: handle("judged"),
		responses: handle("response_match_rate"), statuses: handle("status_pass_rate"),
		bodies: handle("body_match_rate"),
	}
}

// measure measures one ended request. One without an answer fails in every respect: a service that does
// not answer has matched nothing.
func (a *tallies) measure(r *replay.Result, o *compare.Outcome) {
	a.requests.Add(1)
	a.errorRate.Hit(count(r.Response == nil || unexpected5xx(r)), 1)
	if unexpected5xx(r) {
		a.serverErrors.Add(1)
	}
	if r.Bucket != replay.Matched {
		a.differences.Add(1)
	}
	if r.Response != nil {
		a.latency.Observe(r.Record.ID, r.Latency.Seconds())
	}
	if r.Record.Response == nil {
		return
	}
	a.judged.Add(1)
	a.responses.Hit(count(r.Bucket == replay.Matched), 1)
	a.statuses.Hit(count(r.Response != nil && o.StatusMatched), 1)
	switch {
	case r.Response == nil:
		a.bodies.Hit(0, 1)
	case o.Fields > 0:
		a.bodies.Hit(o.Matched, o.Fields)
	}
}
