package inbound

import (
	"net/http"
	"slices"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
)

// secretHeaders are never shown in a report.
var secretHeaders = []string{"Authorization", "Cookie", "Proxy-Authorization", "X-Api-Key"}

func (p *Phase) tellDifferences(rep *engine.Report) {
	for _, g := range p.trial.Differences() {
		told := engine.DifferenceReport{
			Endpoint: g.Endpoint, Path: g.Path, Kind: string(g.Kind), Count: g.Count, Of: g.Of,
			Samples: []engine.DifferentValue{}, Suggestion: g.Suggestion(),
		}
		for _, s := range g.Samples {
			sample := engine.DifferentValue{Record: s.RecordID, Expected: s.Expected, Actual: s.Actual}
			if sent := p.trial.Request(s.RecordID); sent != nil {
				sample.Curl = Curl(sent)
			}
			told.Samples = append(told.Samples, sample)
		}
		rep.Differences = append(rep.Differences, told)
	}
}

// concealed is the request without the values of its secret headers.
func concealed(r *traffic.Request) *traffic.Request {
	out := *r
	out.Header = http.Header{}
	for name, values := range r.Header {
		if slices.ContainsFunc(secretHeaders, func(s string) bool { return http.CanonicalHeaderKey(name) == s }) {
			values = []string{"REDACTED"}
		}
		out.Header[name] = values
	}
	return &out
}

// tellEndpoints reads the endpoints out of the snapshot that the gates were judged on.
func (p *Phase) tellEndpoints(rep *engine.Report) {
	for _, e := range p.plan.Endpoints() {
		get := func(name string) *float64 {
			point, ok := rep.Snapshot.Get(metric.Ref{Scope: "endpoint", Subject: e.Endpoint, Name: name})
			if !ok {
				return nil
			}
			return &point.Value
		}
		told := engine.EndpointReport{
			Endpoint: e.Endpoint, StatusPassRate: get("status_pass_rate"), BodyMatchRate: get("body_match_rate"),
			ResponseMatchRate: get("response_match_rate"),
			Latency: engine.LatencyReport{
				P50: value(get("latency_p50")), P95: value(get("latency_p95")), P99: value(get("latency_p99")),
			},
		}
		told.Requests = int(value(get("requests")))
		rep.Endpoints = append(rep.Endpoints, told)
	}
}

func value(v *float64) float64 {
	if v == nil {
		return 0
	}
	return *v
}

// tellShortfalls notes what was not sent or not compared, and why.
func (p *Phase) tellShortfalls(r *engine.Run) {
	const most = 5
	list := p.trial.Shortfalls()
	for _, s := range list[:min(len(list), most)] {
		if s.Skipped {
			r.Note(engine.Replay, "skipped requests: %d, as a recorded request %s", s.Count, s.Why)
		} else {
			r.Note(engine.Replay, "answers not compared in full: %d, as %s", s.Count, s.Why)
		}
	}
}

// tellRules notes the rules that matched nothing and the values that could not be carried over: both
// are things a user believes to be in force.
func (p *Phase) tellRules(r *engine.Run) {
	if rest := p.trial.Unsent(); rest > 0 {
		return
	}
	for _, rule := range p.trial.Rules() {
		if rule.Matched == 0 {
			r.Note(engine.Replay, "compare rule %s matched nothing in any answer", rule.Key)
		}
	}
	for _, e := range p.trial.Excuses() {
		r.Note(engine.Replay, "compare rule %s excused %d differences: %s", e.Key, e.Total(), e)
	}
	p.tellCarriage(r)
	unbound, total := p.trial.Unbound()
	for i, u := range unbound {
		if i == 3 {
			r.Note(engine.Replay, "%d more recorded values were not issued again", total-i)
			break
		}
		r.Note(engine.Replay, "a recorded value that later requests carry was not issued again: %s: %s", u.Where, u.Reason)
	}
}
