package gates

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/expr-lang/expr/vm"

	"github.com/headgate-dev/headgate/gates/metric"
)

// Bootstrap settings. A gate is decided where at least 95 % of the resamples agree: that is the same
// as saying that the limit lies outside the two-sided 90 % percentile interval (Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993, chapter 13).
const (
	resamples  = 1000
	confidence = 0.95
	oneSidedZ  = 1.6449 // the 95 % quantile of the normal distribution
)

// group is one distribution with its pairs: the same recorded requests in this run and the baseline.
type group struct {
	ref           metric.Ref // of the distribution
	now, then     []float64  // by pair
	nowBy, thenBy []int      // pairs in order of their values
	terms         []term     // what of it the gate judges
	counts        []int32
}

// pairs builds the groups that the gate compares with the baseline. A quantile without pairs cannot be
// compared: two plain percentiles of the same code differ by more than most limits.
func (j *judgement) pairs() ([]*group, *verdict) {
	var groups []*group
	for _, t := range j.main.terms {
		if !t.baseline || t.desc.Kind != metric.Distribution {
			continue
		}
		ref := t.ref
		ref.Name = t.desc.Name
		if slices.ContainsFunc(groups, func(g *group) bool { return g.ref == ref }) {
			continue
		}
		g, v := j.pair(ref)
		if v != nil {
			return nil, v
		}
		groups = append(groups, g)
	}
	return groups, nil
}

func (j *judgement) pair(ref metric.Ref) (*group, *verdict) {
	quantile := ref
	quantile.Name += "_max"
	now, then := j.in.Snapshot.Samples(quantile), j.in.Baseline.Snapshot.Samples(quantile)
	g := &group{ref: ref}
	g.join(now, then)
	smaller := min(len(now), len(then))
	switch {
	case smaller == 0:
		return nil, inconclusive(BaselineNotComparable, "%s has no samples by request on both sides", ref)
	case 2*len(g.now) < smaller:
		return nil, inconclusive(BaselineNotComparable,
			"only %d of %d requests behind %s are in the baseline, too", len(g.now), len(now), ref)
	}
	for _, t := range j.main.terms {
		of := t.ref
		of.Name = t.desc.Name
		if of != ref {
			continue
		}
		g.terms = append(g.terms, t)
		if least := j.minSamples(t); int64(len(g.now)) < least {
			return nil, inconclusive(TooFewSamples, "%s has %d requests on both sides, %d are needed", ref,
				len(g.now), least)
		}
	}
	g.nowBy, g.thenBy = order(g.now), order(g.then)
	g.counts = make([]int32, len(g.now))
	return g, nil
}

// join pairs samples by id; of requests that were observed several times, the first with the first.
func (g *group) join(now, then []metric.Sample) {
	i, k := 0, 0
	for i < len(now) && k < len(then) {
		switch c := cmp.Compare(now[i].ID, then[k].ID); {
		case c < 0:
			i++
		case c > 0:
			k++
		default:
			g.now, g.then = append(g.now, now[i].Value), append(g.then, then[k].Value)
			i++
			k++
		}
	}
}

func order(values []float64) []int {
	by := make([]int, len(values))
	for i := range by {
		by[i] = i
	}
	slices.SortFunc(by, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	return by
}

// draw takes a sample of the pairs, with replacement.
func (g *group) draw(random *rand.Rand) {
	clear(g.counts)
	n := len(g.counts)
	for range n {
		g.counts[random.IntN(n)]++
	}
}

// value reads the term out of the drawn pairs.
func (g *group) value(t term) float64 {
	values, by := g.now, g.nowBy
	if t.baseline {
		values, by = g.then, g.thenBy
	}
	if t.quantile == 0 {
		return g.mean(values)
	}
	return g.quantile(values, by, t.quantile)
}

// quantile is the smallest value with at least the share q of all values at or below it.
func (g *group) quantile(values []float64, by []int, q float64) float64 {
	rank := int32(max(1, math.Ceil(q*float64(len(values)))))
	seen := int32(0)
	for _, i := range by {
		seen += g.counts[i]
		if seen >= rank {
			return values[i]
		}
	}
	return values[by[len(by)-1]]
}

func (g *group) mean(values []float64) float64 {
	sum := 0.0
	for i, v := range values {
		sum += v * float64(g.counts[i])
	}
	return sum / float64(len(values))
}

// resample judges the expression again and again on pairs drawn at random.
func (j *judgement) resample(ctx context.Context, groups []*group) *verdict {
	measured := j.env
	defer func() { j.env = measured }()
	random := rand.New(rand.NewPCG(j.in.Seed, j.stream()))
	drawn := map[string]any{}
	for name, v := range measured {
		drawn[name] = v
	}
	j.env = drawn
	var (
		m      vm.VM
		held   int
		ratios []float64
	)
	for range resamples {
		for _, g := range groups {
			g.draw(random)
			for _, t := range g.terms {
				drawn[t.name()] = t.value(g.value(t))
			}
		}
		ok, v := j.evaluate(ctx, &m)
		if v != nil {
			return v
		}
		if ok {
			held++
		}
		ratios = j.ratio(ratios, groups[0])
	}
	j.interval(ratios)
	return j.agreement(held, len(groups[0].now))
}

// stream makes each gate of a run draw other pairs.
func (j *judgement) stream() uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s", j.Phase, j.Subject, j.Name)
	return h.Sum64()
}

// ratio appends the ratio of the first judged value of the group to its baseline.
func (j *judgement) ratio(ratios []float64, g *group) []float64 {
	for _, t := range g.terms {
		if !t.baseline {
			continue
		}
		then := g.value(t)
		t.baseline = false
		if then == 0 {
			return ratios
		}
		return append(ratios, g.value(t)/then)
	}
	return ratios
}

func (j *judgement) interval(ratios []float64) {
	if len(ratios) < resamples {
		return
	}
	slices.Sort(ratios)
	tail := int(math.Round((1 - confidence) * resamples))
	j.result.Interval = &[2]float64{ratios[tail-1], ratios[resamples-tail]}
}

func (j *judgement) agreement(held, pairs int) *verdict {
	share := float64(held) / resamples
	switch {
	case share >= confidence:
		return &verdict{outcome: Passed}
	case share <= 1-confidence:
		return &verdict{outcome: Failed, reason: Threshold}
	}
	return inconclusive(Undecided, "%d requests are too few to tell on which side of the limit it is%s", pairs,
		needed(share, pairs))
}

// needed estimates how many pairs would decide: the distance from the limit in standard errors grows
// with the square root of their number.
func needed(share float64, pairs int) string {
	z := math.Abs(math.Sqrt2 * math.Erfinv(2*share-1))
	if z < 0.1 {
		return ": it is too near for any number of them"
	}
	n := float64(pairs) * (oneSidedZ / z) * (oneSidedZ / z)
	magnitude := math.Pow(10, math.Floor(math.Log10(n))-1)
	return fmt.Sprintf(": about %.0f might be enough", math.Ceil(n/magnitude)*magnitude)
}
