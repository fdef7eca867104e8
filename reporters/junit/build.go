package junit

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

// builder makes the document of one report.
type builder struct {
	rep   *engine.Report
	names names
}

func build(rep *engine.Report) *document {
	b := &builder{rep: rep, names: names{}}
	doc := &document{Name: clean(rep.Pipeline), Time: seconds(rep.Seconds)}
	for _, p := range b.phases() {
		doc.add(b.phase(p))
	}
	if b.needsVerdict(doc) {
		doc.add(b.verdict())
	}
	return doc
}

// phases are those of the report, and any other that a gate or an endpoint belongs to.
func (b *builder) phases() []engine.PhaseReport {
	list := slices.Clone(b.rep.Phases)
	add := func(name string) {
		if !slices.ContainsFunc(list, func(p engine.PhaseReport) bool { return p.Name == name }) {
			list = append(list, engine.PhaseReport{Name: name, Outcome: gates.Skipped})
		}
	}
	for _, g := range b.rep.Gates {
		add(g.Phase)
	}
	if len(b.rep.Endpoints) > 0 {
		add(engine.Replay)
	}
	return list
}

func (b *builder) phase(p engine.PhaseReport) suite {
	s := b.suite(p.Name, p.Seconds)
	s.Properties = append(s.Properties,
		property{"outcome", string(p.Outcome)}, property{"attempts", strconv.Itoa(p.Attempts)})
	if p.Why != "" {
		s.Properties = append(s.Properties, property{"why", headline(p.Why)})
	}
	for _, g := range b.rep.Gates {
		if g.Phase == p.Name {
			s.add(b.gate(g))
		}
	}
	if p.Name == engine.Replay {
		for _, e := range b.rep.Endpoints {
			s.add(b.endpoint(e))
		}
	}
	return s
}

func (b *builder) suite(name string, took float64) suite {
	return suite{
		Name: clean(name), Time: seconds(took), Timestamp: b.rep.Started.UTC().Format(time.RFC3339),
		Properties: []property{
			{"run_id", clean(b.rep.RunID)},
			{"verdict", b.rep.Verdict.String()},
			{"flaky", strconv.FormatBool(b.rep.Flaky)},
		},
	}
}

// testcase is named so that consumers which show only classes tell gates of one name apart.
func (b *builder) testcase(name string, place ...string) testcase {
	class := clean(strings.Join(append([]string{b.rep.Pipeline}, place...), "."))
	return testcase{Class: class, Name: b.names.unique(class, clean(name)), Time: seconds(0)}
}

func (b *builder) gate(g gates.Result) testcase {
	place := []string{g.Phase}
	if g.Subject != "" {
		place = append(place, g.Subject)
	}
	t := b.testcase(g.Name, place...)
	// A gate that the user has not written has no line in the run file.
	if g.Pos.File == "" || g.Pos.File == b.rep.File {
		t.File, t.Line = clean(b.rep.File), g.Line
	}
	why := g.Why()
	switch {
	case g.Outcome == gates.Skipped:
		t.Skipped = &result{Message: headline(why)}
	case g.Severity == gates.Observe:
		t.Skipped = &result{Message: headline("observed only: " + string(g.Outcome) + ": " + why)}
	case g.Outcome == gates.Passed:
	case g.Severity == gates.Warn || g.Outcome == gates.Warned:
		t.Out = &output{clean("warning: " + g.Label() + ": " + why + "\n" + b.explain(g))}
	case g.Outcome == gates.Failed:
		t.Failure = fault(kind(g), g.Label()+": "+why, b.explain(g))
	default:
		t.Error = fault(string(g.Reason), g.Label()+": "+why, b.explain(g))
	}
	return t
}

// kind is the failed gate's family, which CI pages can group by.
func kind(g gates.Result) string {
	if g.Family == "" {
		return string(gates.Threshold)
	}
	return g.Family
}

// endpoint is a test case whose time is the endpoint's median latency.
func (b *builder) endpoint(e engine.EndpointReport) testcase {
	t := b.testcase(e.Endpoint, engine.Replay)
	t.Time = seconds(e.Latency.P50)
	text := b.answers(e)
	switch {
	case e.StatusPassRate == nil && e.ResponseMatchRate == nil:
		t.Skipped = &result{Message: "nothing was compared"}
	case !below(e.StatusPassRate) && !below(e.ResponseMatchRate):
	case b.rep.Verdict == engine.Passed:
		t.Out = &output{clean(text)}
	default:
		t.Failure = fault("endpoint", b.summary(e), text)
	}
	return t
}

// below tells whether not all answers hold; a rate that is no number does not.
func below(rate *float64) bool { return rate != nil && !(*rate >= 1) }

// needsVerdict tells whether the test cases alone do not say how the run ended.
func (b *builder) needsVerdict(doc *document) bool {
	switch b.rep.Verdict {
	case engine.Passed:
		return false
	case engine.Failed, engine.Inconclusive:
		return doc.Failures+doc.Errors == 0
	}
	return true
}

// verdict is a suite of its own, as a run can end before its first phase.
func (b *builder) verdict() suite {
	s := b.suite("verdict", 0)
	t := b.testcase("verdict")
	t.Error = fault(b.rep.Verdict.String(), b.rep.Cause, b.cause())
	s.add(t)
	return s
}
