package gates

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

const (
	baselineName = "baseline"
	deltaSuffix  = "_delta"
)

// term is one metric that a gate names.
type term struct {
	ref      metric.Ref // with the declared name
	desc     metric.Desc
	quantile float64
	baseline bool
}

// name is how the term is spelled in full, and its key in the environment.
func (t term) name() string {
	if t.baseline {
		return baselineName + "." + t.ref.String()
	}
	return t.ref.String()
}

func (t term) plain() bool {
	return strings.Contains(t.ref.Name, "seconds") || strings.Contains(t.ref.Name, "bytes")
}

// isDuration tells whether expressions see the metric as a duration. A metric whose name says its unit,
// such as ready_seconds, is a number of it.
func (t term) isDuration() bool { return t.desc.Unit == metric.Seconds && !t.plain() }

func (t term) exprType() types.Type {
	switch {
	case t.desc.Kind == metric.Flag:
		return types.Bool
	case t.isDuration():
		return types.TypeOf(time.Duration(0))
	}
	return types.Float64
}

// value turns a measured value into what expressions see.
func (t term) value(v float64) any {
	switch {
	case t.desc.Kind == metric.Flag:
		return v != 0
	case t.isDuration():
		return time.Duration(math.Round(v * float64(time.Second)))
	}
	return v
}

// performance tells whether the metric depends on the machine as much as on the code.
func (t term) performance() bool {
	return t.desc.Kind == metric.Distribution || t.desc.Family == "latency" || t.desc.Family == "resource"
}

// sampled tells whether the metric's N counts samples, so that it can be too small.
func (t term) sampled() bool {
	return t.desc.Exposure != "" || t.desc.Kind == metric.Rate || t.desc.Kind == metric.Distribution
}

// find looks a metric up; false where it is not declared.
func (s Scope) find(scope, subject, name string) (term, bool) {
	desc, quantile, ok := s.Registry.Lookup(scope, name)
	if !ok {
		return term{}, false
	}
	ref, _ := s.Registry.Canonical(metric.Ref{Scope: scope, Subject: subject, Name: name})
	return term{ref: ref, desc: desc, quantile: quantile}, true
}

// own looks up a name without a prefix.
func (s Scope) own(name string) (term, bool) {
	for _, p := range s.places() {
		if metric.HasSubjects(p.Scope) != (p.Subject != "") {
			continue
		}
		if t, ok := s.find(p.Scope, p.Subject, name); ok {
			return t, true
		}
	}
	return term{}, false
}

func (s Scope) places() []Place {
	return append([]Place{{s.MetricScope, s.Subject}}, s.More...)
}

// unknownOwn explains a name without a prefix that is not declared.
func (s Scope) unknownOwn(name string) (message, hint string) {
	var known []string
	for _, p := range s.places() {
		known = append(known, s.metrics(p.Scope)...)
	}
	return s.unknownMetric(s.MetricScope, name, known)
}

func (s Scope) isScope(name string) bool {
	return metric.HasSubjects(name) || len(s.Registry.Descs(name)) > 0
}

// metrics lists the names of a scope.
func (s Scope) metrics(scope string) []string {
	var names []string
	for _, d := range s.Registry.Descs(scope) {
		names = append(names, d.Names()...)
		for _, alias := range d.Aliases {
			d.Name = alias
			names = append(names, d.Names()...)
		}
	}
	return names
}

func (s Scope) scopes() []string {
	var names []string
	for _, d := range s.Registry.Descs("") {
		if !slices.Contains(names, d.Scope) {
			names = append(names, d.Scope)
		}
	}
	return names
}

// unknownMetric explains a metric that is not declared.
func (s Scope) unknownMetric(scope, name string, known []string) (message, hint string) {
	message = "there is no metric " + name + " in " + scope
	if near := spec.Nearest(name, known); near != "" {
		return message, "did you mean " + near + "?"
	}
	for _, other := range s.scopes() {
		if _, _, ok := s.Registry.Lookup(other, strings.TrimSuffix(name, deltaSuffix)); ok {
			return message, "it exists as " + spelling(other, name)
		}
	}
	return message, "known are " + list(known)
}

func spelling(scope, name string) string {
	if metric.HasSubjects(scope) {
		return metric.Ref{Scope: scope, Subject: "NAME", Name: name}.String()
	}
	return metric.Ref{Scope: scope, Name: name}.String()
}

// list writes up to 12 names.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}
