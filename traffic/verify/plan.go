package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/session"
)

// Plan is a replay that is ready to begin: the traffic is read, selected and grouped, every rule is
// checked.
type Plan struct {
	Traffic TrafficConfig
	Replay  ReplayConfig
	Set     *traffic.Set
	// Inbound is all inbound traffic of the sources, selected or not.
	Inbound []*traffic.Record
	// Counts is what the sources held, Sessions how the sessions were found.
	Counts     formats.Counts
	Sessions   string
	comparer   *compare.Comparer
	correlator *correlate.Correlator
	cutoffs    []*gates.Cutoff
}

// Sections are the parts of a run file that make a plan.
type Sections struct {
	Traffic, Replay *spec.Node
	// Resolve makes a path of the run file absolute.
	Resolve func(string) string
	Metrics *metric.Registry
	Seed    uint64
}

// Load reads the traffic and makes the plan. The endpoints of the traffic become subjects of the
// metrics, so that gates can name them. Without a replay section the plan is nil.
func Load(ctx context.Context, s Sections) (*Plan, spec.Diagnostics) {
	p := &Plan{Traffic: DefaultTraffic(), Replay: DefaultReplay(), Set: &traffic.Set{}}
	ds := spec.Decode(s.Traffic, &p.Traffic)
	if s.Replay.Kind() == spec.Null {
		return nil, ds
	}
	ds.Add(spec.Decode(s.Replay, &p.Replay))
	if p.Traffic.Transforms.Kind() != spec.Null {
		ds.Errorf(p.Traffic.Transforms.Pos(), "leave transforms out", "transforms are not supported yet")
	}
	var err error
	if p.comparer, err = compare.New(p.Replay.Compare); err != nil {
		ds.Errorf(s.Replay.Key("compare").Pos(), "", "compare: %v", err)
	}
	if p.correlator, err = correlate.New(p.Traffic.Correlate); err != nil {
		ds.Errorf(s.Traffic.Key("correlate").Pos(), "", "correlate: %v", err)
	}
	p.parseCutoffs(s.Metrics, &ds)
	if len(p.Replay.Traffic.Sources) > 0 {
		p.read(ctx, s, &ds)
	}
	return p, ds
}

// parseCutoffs compiles the rules. One on a metric that the sliding window does not hold would never trip.
func (p *Plan) parseCutoffs(m *metric.Registry, ds *spec.Diagnostics) {
	cutoffs, more := gates.ParseCutoffs(p.Replay.Cutoffs.Rules, m)
	ds.Add(more)
	for _, c := range cutoffs {
		if !slices.Contains(windowed(), c.Metric) {
			ds.Errorf(c.Pos, "cutoffs can judge "+strings.Join(windowed(), ", "),
				"%s is not watched while the replay goes on", c.Name)
		}
	}
	p.cutoffs = cutoffs
}

// windowed are the metrics that cutoffs can judge.
func windowed() []string {
	return []string{"error_rate", "latency_p50", "latency_p95", "latency_p99", "mock_miss_rate"}
}

// read loads the traffic. Traffic that cannot be read whole is refused: a replay of the readable half
// would look like a pass.
func (p *Plan) read(ctx context.Context, s Sections, ds *spec.Diagnostics) {
	at := p.Replay.Traffic.at
	paths := make([]string, len(p.Replay.Traffic.Sources))
	for i, source := range p.Replay.Traffic.Sources {
		paths[i] = s.Resolve(source)
	}
	files, err := formats.Walk(paths)
	if err != nil {
		ds.Errorf(at, "", "traffic: %v", err)
		return
	}
	var inbound []*traffic.Record
	p.Counts, err = formats.Each(ctx, files, func(r *traffic.Record) error {
		if r.Direction == traffic.Inbound {
			inbound = append(inbound, r)
		}
		return nil
	})
	if err != nil {
		ds.Errorf(at, "", "traffic: %v", err)
		return
	}
	for _, bad := range p.Counts.Problems {
		ds.Errorf(at, "repair or remove the record, then run again", "traffic: %v", bad)
	}
	p.group(inbound, s, ds)
}

// group selects the inbound records and makes sessions of them.
func (p *Plan) group(inbound []*traffic.Record, s Sections, ds *spec.Diagnostics) {
	at := p.Replay.Traffic.at
	p.Inbound = inbound
	if err := errors.Join(p.Traffic.Session.Validate(), p.Traffic.Select.Validate()); err != nil {
		ds.Errorf(s.Traffic.Pos(), "", "traffic: %v", err)
		return
	}
	how, err := session.Assign(inbound, p.Traffic.Session)
	if err != nil {
		ds.Errorf(s.Traffic.Key("session").Pos(), "", "sessions: %v", err)
		return
	}
	p.Sessions = how
	wanted, err := p.wanted(inbound, ds)
	if err != nil {
		ds.Errorf(p.Traffic.Select.Where.Pos(), "", "traffic.select.where: %v", err)
		return
	}
	p.Set = p.Traffic.Select.Apply(wanted, s.Seed)
	p.survey(s.Replay.Key("compare").Pos(), ds)
	if p.Set.Len() == 0 {
		ds.Errorf(at, "", "traffic: nothing to replay: %s", p.emptiness(len(inbound)))
	}
	for endpoint := range p.Set.Endpoints() {
		s.Metrics.Subject("endpoint", endpoint)
	}
}

// survey refuses comparison rules that leave too little of the recorded answers to compare.
func (p *Plan) survey(at spec.Pos, ds *spec.Diagnostics) {
	if p.comparer == nil {
		return
	}
	survey := p.comparer.Survey(func(yield func(string, *traffic.Response) bool) {
		for _, session := range p.Set.Sessions {
			for _, r := range session.Records {
				if r.Response != nil && !yield(traffic.Endpoint(r.Request.Method, r.Request.URL), r.Response) {
					return
				}
			}
		}
	})
	for _, wide := range survey.Wide {
		ds.Errorf(at, "name the fields that are meant, or say what shape they have with match:", "compare: %s", wide)
	}
	for _, name := range survey.Absent {
		ds.Warnf(at, "check its spelling", "compare: no recorded answer has the header %s", name)
	}
	for _, endpoint := range survey.Unknown {
		hint := "headgate inspect lists the endpoints of a capture"
		if near := spec.Nearest(endpoint, slices.Collect(maps.Keys(p.Set.Endpoints()))); near != "" {
			hint = "did you mean " + near + "?"
		}
		ds.Warnf(at, hint, "compare.endpoints: no recorded answer of %s is replayed", endpoint)
	}
}

// wanted are the records for which the expression of traffic.select holds.
func (p *Plan) wanted(inbound []*traffic.Record, ds *spec.Diagnostics) ([]*traffic.Record, error) {
	filter, more := gates.ParseFilter(p.Traffic.Select.Where)
	ds.Add(more)
	if filter == nil {
		return inbound, nil
	}
	var list []*traffic.Record
	for _, r := range inbound {
		keep, err := filter.Keep(r)
		if err != nil {
			return nil, err
		}
		if keep {
			list = append(list, r)
		}
	}
	return list, nil
}

func (p *Plan) emptiness(inbound int) string {
	if inbound == 0 {
		return fmt.Sprintf("none of the %d records in %s is inbound",
			p.Counts.Records, strings.Join(p.Replay.Traffic.Sources, ", "))
	}
	return fmt.Sprintf("traffic.select leaves none of %d inbound records", inbound)
}

// EndpointCount is an endpoint and how many requests are planned for it.
type EndpointCount struct {
	Endpoint string
	Requests int
}

// Endpoints lists the endpoints of the traffic, the most frequent first.
func (p *Plan) Endpoints() []EndpointCount {
	var list []EndpointCount
	for endpoint, n := range p.Set.Endpoints() {
		list = append(list, EndpointCount{endpoint, n})
	}
	slices.SortFunc(list, func(a, b EndpointCount) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Endpoint, b.Endpoint))
	})
	return list
}
