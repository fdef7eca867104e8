package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/correlate"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/noise"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/safety"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// Plan is a replay that is ready to begin: the traffic is read, selected and grouped, every rule is
// checked. It is to be closed.
type Plan struct {
	Traffic TrafficConfig
	Replay  ReplayConfig
	// Recording is the inbound traffic of the sources, and what is selected of it.
	*recording.Recording

	comparer   *compare.Comparer
	correlator *correlate.Correlator
	noise      *noise.File
	cutoffs    []*gates.Cutoff
	transforms *transform.Chain
	guard      *safety.Guard
}

// Sections are the parts of a run file that make a plan.
type Sections struct {
	Traffic, Replay *spec.Node
	// Resolve makes a path of the run file absolute.
	Resolve func(string) string
	Metrics *metric.Registry
	Seed    uint64
	// Transforms are those of the traffic section, see [Transforms]; nil changes nothing.
	Transforms *transform.Chain
	// Guard judges what is selected, as the transforms leave it; nil judges nothing.
	Guard *safety.Guard
	// WithoutNoise leaves the noise file of the run file out, so that noise can be learned anew.
	WithoutNoise bool
}

// Load reads the traffic and makes the plan. The endpoints of the traffic become subjects of the
// metrics, so that gates can name them. Without a replay section the plan is nil.
func Load(ctx context.Context, s Sections) (*Plan, spec.Diagnostics) {
	p := &Plan{Traffic: DefaultTraffic(), Replay: DefaultReplay(), transforms: s.Transforms, guard: s.Guard}
	ds := spec.Decode(s.Traffic, &p.Traffic)
	if s.Replay.Kind() == spec.Null {
		return nil, ds
	}
	ds.Add(spec.Decode(s.Replay, &p.Replay))
	p.readNoise(s, &ds)
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
	files, err := formats.Walk(ctx, paths)
	if err != nil {
		ds.Errorf(at, "", "traffic: %v", err)
		return
	}
	options, ok := p.options(s, ds)
	if !ok {
		return
	}
	if p.Recording, err = recording.New(options); err != nil {
		ds.Errorf(s.Traffic.Pos(), "", "traffic: %v", err)
		return
	}
	if err := p.Read(ctx, files); err != nil {
		ds.Errorf(at, "", "traffic: %v", err)
		return
	}
	if left := p.Counts.Left(); left != "" {
		ds.Warnf(at, "headgate inspect tells what a capture holds", "traffic: left out: %s", left)
	}
	if n := p.Counts.Duplicates; n > 0 {
		ds.Warnf(at, "name every capture once", "traffic: %d records came up again and are used once", n)
	}
	if hosts := p.Counts.AssumedHosts; len(hosts) > 1 {
		ds.Warnf(at, "say which are outbound under traffic.direction, with inbound_ports or hosts",
			"traffic: %d records to different hosts (%s) are taken for inbound: their captures do not tell the direction",
			p.Counts.Assumed, strings.Join(hosts, ", "))
	}
	if n := p.Counts.SharedIDs; n > 0 {
		ds.Warnf(at, "give the files of a folder different names, or the records different ids",
			"traffic: %d records have the id of another one: reports cannot tell them apart", n)
	}
	for _, bad := range p.Counts.Problems {
		ds.Errorf(at, "repair or remove the record, then run again", "traffic: %v", bad)
	}
	p.arrange(s, ds)
}

// options are what the run file says about the traffic.
func (p *Plan) options(s Sections, ds *spec.Diagnostics) (o recording.Options, ok bool) {
	filter, more := gates.ParseFilter(p.Traffic.Select.Where)
	ds.Add(more)
	o = recording.Options{
		Session: p.Traffic.Session, Select: p.Traffic.Select.Select, Correlator: p.correlator, Seed: s.Seed,
		Transforms: s.Transforms, Formats: p.Traffic.Direction.Options(),
	}
	if p.guard != nil {
		o.Judge = p.guard.Judge
	}
	if filter != nil {
		o.Where = func(r *traffic.Record) (bool, error) {
			keep, err := filter.Keep(r)
			if err != nil {
				err = &whereError{err}
			}
			return keep, err
		}
	}
	return o, more.Err() == nil
}

// whereError is a record for which the expression of traffic.select has no value.
type whereError struct{ error }

// arrange selects the inbound records and makes sessions of them.
func (p *Plan) arrange(s Sections, ds *spec.Diagnostics) {
	at := p.Replay.Traffic.at
	err := p.Arrange()
	var where *whereError
	var changed *recording.TransformError
	switch {
	case errors.As(err, &where):
		ds.Errorf(p.Traffic.Select.Where.Pos(), "", "traffic.select.where: %v", where.error)
		return
	case errors.As(err, &changed):
		ds.Errorf(s.Traffic.Key("transforms").Pos(), "", "traffic.transforms: %v", changed)
		return
	case errors.Is(err, recording.ErrSessions):
		ds.Errorf(s.Traffic.Key("session").Pos(), "", "%v", err)
		return
	case err != nil:
		ds.Errorf(at, "", "traffic: %v", err)
		return
	}
	p.survey(s.Replay.Key("compare").Pos(), ds)
	if p.Len() == 0 {
		ds.Errorf(at, "", "traffic: nothing to replay: %s", p.emptiness())
	}
	for _, e := range p.Endpoints() {
		s.Metrics.Subject("endpoint", e.Endpoint)
	}
}

// surveyed is how many recorded answers of each endpoint the rules are tried on.
const surveyed = 100

// survey refuses comparison rules that leave too little of the recorded answers to compare.
func (p *Plan) survey(at spec.Pos, ds *spec.Diagnostics) {
	if p.comparer == nil {
		return
	}
	answers := func(yield func(string, *traffic.Response) bool) {
		if err := p.Answers(surveyed, yield); err != nil {
			ds.Errorf(p.Replay.Traffic.at, "", "traffic: %v", err)
		}
	}
	ds.Add(p.noise.Survey(answers))
	survey := p.comparer.Survey(answers)
	for _, wide := range survey.Wide {
		ds.Errorf(at, "name the fields that are meant, or say what shape they have with match:",
			"compare: %s", p.noise.Explain(wide))
	}
	for _, name := range survey.Absent {
		ds.Warnf(at, "check its spelling", "compare: no recorded answer has the header %s", name)
	}
	for _, endpoint := range survey.Unknown {
		if p.noise.Has(endpoint) {
			continue // told with its place
		}
		hint := "headgate inspect lists the endpoints of a capture"
		if near := spec.Nearest(endpoint, p.endpoints()); near != "" {
			hint = "did you mean " + near + "?"
		}
		ds.Warnf(at, hint, "compare.endpoints: no recorded answer of %s is replayed", endpoint)
	}
}

// Close frees the traffic. It may be called again, and of no plan.
func (p *Plan) Close() error {
	if p == nil {
		return nil
	}
	return p.Recording.Close()
}

// endpoints are the names of what is replayed.
func (p *Plan) endpoints() (names []string) {
	for _, e := range p.Endpoints() {
		names = append(names, e.Endpoint)
	}
	return names
}

func (p *Plan) emptiness() string {
	if p.Inbound == 0 {
		return fmt.Sprintf("none of the %d records in %s is inbound",
			p.Counts.Records, strings.Join(p.Replay.Traffic.Sources, ", "))
	}
	return fmt.Sprintf("traffic.select leaves none of %d inbound records", p.Inbound)
}
