package gates

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/headgate-dev/headgate/gates/metric"
)

// quantileSamples are the sample counts without which the two-sided 95 % bounds of a quantile do not
// exist, except p90, for which the next round count above its one-sided bound is taken.
var quantileSamples = map[float64]int64{0.5: 6, 0.9: 36, 0.95: 72, 0.99: 368}

func (p *Program) minSamples(t term) int64 {
	switch {
	case !t.sampled():
		return 1
	case p.MinSamples > 0:
		return int64(p.MinSamples)
	}
	return max(1, quantileSamples[t.quantile])
}

// Samples is how many samples the gate needs of a metric that it names; 0 for any other.
func (p *Program) Samples(ref metric.Ref) int {
	for _, t := range p.main.terms {
		if t.ref == ref {
			return int(p.minSamples(t))
		}
	}
	return 0
}

// evidence checks that there is something to judge and fills the environment; nil means that there is.
func (j *judgement) evidence() *verdict {
	var first *verdict
	for _, t := range j.main.terms {
		if !t.baseline {
			first = earlier(first, j.present(t, j.in.Snapshot, ""))
		}
	}
	if len(j.BaselineRefs) == 0 {
		return first
	}
	first = earlier(first, j.comparable())
	if j.in.Baseline == nil {
		return first
	}
	for _, t := range j.main.terms {
		if t.baseline {
			first = earlier(first, j.present(t, j.in.Baseline.Snapshot, "the baseline: "))
		}
	}
	if first == nil && j.relation != nil && j.relation.needsBaselineSize() {
		if zero := j.zeroBaseline(); zero != "" {
			return inconclusive(ZeroBaseline, "%s is 0: a percentage of it is 0, too; add a floor such as or +%s",
				zero, floorExample(j.relation.term))
		}
	}
	return first
}

func floorExample(t term) string {
	_, example := expected(t)
	example, _, _ = strings.Cut(example, " ")
	return example
}

func earlier(first, next *verdict) *verdict {
	if first != nil {
		return first
	}
	return next
}

func (j *judgement) present(t term, from *metric.Snapshot, where string) *verdict {
	p, ok := from.Get(t.ref)
	if !ok {
		if t.baseline {
			return inconclusive(NoBaseline, "the baseline has no %s", t.ref)
		}
		return inconclusive(NoData, "%s has no data%s", t.ref, j.whyNoData(t))
	}
	j.points[t.name()] = p
	if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
		return inconclusive(NotFinite, "%s%s is not a finite number", where, t.ref)
	}
	j.env[t.name()] = t.value(p.Value)
	if least := j.minSamples(t); p.N < least {
		return inconclusive(TooFewSamples, "%s%s has %d samples, %d are needed", where, t.ref, p.N, least)
	}
	return nil
}

func (j *judgement) whyNoData(t term) string {
	if t.desc.Exposure == "" {
		return ""
	}
	ref := t.ref
	ref.Name = t.desc.Exposure
	if p, ok := j.in.Snapshot.Get(ref); !ok || p.Value <= 0 {
		return fmt.Sprintf(": %s is 0", ref)
	}
	return ""
}

// comparable checks that the baseline is there and was taken under the same conditions. Other traffic
// makes every comparison worthless, another machine or setting only those of performance.
func (j *judgement) comparable() *verdict {
	if j.in.Baseline == nil {
		return inconclusive(NoBaseline, "there is no baseline: record one with `headgate baseline record`")
	}
	differing := j.in.Baseline.Comparable(j.in.Fingerprint)
	if len(differing) == 0 {
		return nil
	}
	performance := slices.ContainsFunc(j.main.terms, func(t term) bool { return t.baseline && t.performance() })
	if !performance && !slices.Contains(differing, trafficField) {
		return nil
	}
	details := make([]string, len(differing))
	for i, field := range differing {
		details[i] = fmt.Sprintf("%s (baseline %s, now %s)", field, orNone(j.in.Baseline.Fingerprint[field]),
			orNone(j.in.Fingerprint[field]))
	}
	return inconclusive(BaselineNotComparable, "the baseline differs in %s", strings.Join(details, ", "))
}

func orNone(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
