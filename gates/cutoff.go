package gates

import (
	"math"
	"strings"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

// CutoffMinSamples is how many samples a window must have before a cutoff is judged on it.
const CutoffMinSamples = 20

// Cutoff is a rule that stops the replay early: unlike a gate it says what must not be.
type Cutoff struct {
	// Name is the rule's key as written, Metric the declared name of the metric in the replay scope.
	Name, Metric string
	// Source is the rule as written.
	Source     string
	Unit       metric.Unit
	Limit      float64 // in the base unit
	MinSamples int64
	Pos        spec.Pos

	op string
}

// String writes the rule as it stands in the run file: error_rate > 0.05.
func (c *Cutoff) String() string { return c.Name + " " + c.Source }

// ParseCutoffs reads a mapping from metrics of the replay to the comparisons that trip them.
func ParseCutoffs(n *spec.Node, r *metric.Registry) ([]*Cutoff, spec.Diagnostics) {
	var (
		out []*Cutoff
		ds  spec.Diagnostics
	)
	if n.Kind() != spec.Map && n.Kind() != spec.Null {
		ds.Errorf(n.Pos(), `write for example {error_rate: "> 0.05"}`, "rules are a mapping, not %s", n.Kind())
		return nil, ds
	}
	scope := Scope{MetricScope: "replay", Registry: r}
	for _, e := range n.Entries() {
		b := &builder{entry: e, value: e.Value, scope: scope}
		if c := b.cutoff(); c != nil {
			out = append(out, c)
		}
		ds.Add(b.ds)
	}
	return out, ds
}

func (b *builder) cutoff() *Cutoff {
	if !b.usable() {
		return nil
	}
	t, delta, ok := b.metric()
	if !ok {
		return nil
	}
	c, p := parseComparator(b.value.Text())
	if p == nil {
		p = c.applyCutoff(t, delta)
	}
	if p != nil {
		b.report(*p)
		return nil
	}
	return &Cutoff{
		Name: b.entry.Key, Metric: t.ref.Name, Source: strings.TrimSpace(b.value.Text()), Unit: t.desc.Unit,
		Limit: c.limit.value, MinSamples: CutoffMinSamples, Pos: b.entry.Pos, op: c.op,
	}
}

func (c *comparator) applyCutoff(t term, delta bool) *problem {
	at := word{c.op, c.at}
	if delta || c.limit.relative() || c.floor != nil || c.ceiling != nil || c.op == within {
		return at.problem(`write for example "> 0.05"`, "a cutoff has one fixed limit and no baseline")
	}
	if t.ref.Scope != "replay" {
		return at.problem("name a metric of the replay", "a cutoff judges the replay, not %s", t.ref.Scope)
	}
	if p := c.apply(t, false); p != nil {
		return p
	}
	if t.desc.Kind == metric.Flag {
		return at.problem("name a metric with a number", "%s has no value in a window", t.ref.Name)
	}
	if low, high := span(t.desc); always(negated(c.op), c.limit.value, low, high) {
		return at.problem("lower the limit, or leave the rule out", "this can never stop the replay: %s is never %s",
			t.ref.Name, outside(c.limit.value, low, high))
	}
	inverted := t.desc.Direction == metric.LowerIsBetter && strings.HasPrefix(c.op, "<") ||
		t.desc.Direction == metric.HigherIsBetter && strings.HasPrefix(c.op, ">")
	if inverted {
		return at.problem("write what must not be, such as "+turned(c.op)+" "+c.limit.text,
			"this stops the replay while %s is good", t.ref.Name)
	}
	return nil
}

// Tripped judges the rule on the metrics of one window by their declared names, and returns the value.
// A metric that is absent, not finite or has too few samples never trips.
func (c *Cutoff) Tripped(window map[string]metric.Point) (bool, float64) {
	p, ok := window[c.Metric]
	if !ok || p.N < c.MinSamples || math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		return false, 0
	}
	return holds(c.op, p.Value, c.Limit), p.Value
}

func holds(op string, v, limit float64) bool {
	switch op {
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "==":
		return v == limit
	}
	return v != limit
}
