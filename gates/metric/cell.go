package metric

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The range that distributions resolve; what lies outside counts at its edge.
const (
	lowest  = 1             // microsecond
	highest = 3_600_000_000 // microseconds: one hour
	digits  = 3
)

// cell is one metric of one subject.
type cell struct {
	ref  Ref
	kind Kind
	tally
}

// tally is what was recorded of a metric: nothing where updates is 0.
type tally struct {
	updates     int64
	value       float64
	hits, total int64
	dist        *dist
}

type dist struct {
	histogram *hdrhistogram.PackedHistogram
	sum, max  float64
	invalid   int64 // observations that were not finite
	samples   reservoir
}

func (t *tally) observe(id string, seconds float64) {
	if t.dist == nil {
		t.dist = &dist{histogram: hdrhistogram.NewPacked(lowest, highest, digits), max: math.Inf(-1)}
	}
	t.dist.observe(id, seconds)
}

func (d *dist) observe(id string, seconds float64) {
	if math.IsNaN(seconds) || math.IsInf(seconds, 0) {
		d.invalid++
		return
	}
	micros := min(max(math.Round(seconds*1e6), lowest), highest)
	// The only error is a value out of range, which the line above excludes.
	_ = d.histogram.RecordValue(int64(micros))
	d.sum += seconds
	d.max = max(d.max, seconds)
	if id != "" {
		d.samples.add(Sample{ID: id, Value: seconds})
	}
}

// summary is the frozen form of a distribution.
type summary struct {
	n       int64
	values  map[string]float64 // by suffix
	samples []Sample
}

// summarize reads the distribution out. One observation that was not finite spoils every value, so
// that a gate sees it instead of passing on the rest.
func (d *dist) summarize() *summary {
	s := &summary{n: d.histogram.TotalCount() + d.invalid, values: map[string]float64{}}
	s.samples = d.samples.sorted()
	for _, st := range stats {
		v := d.sum / float64(s.n)
		if st.quantile > 0 {
			v = min(float64(d.histogram.ValueAtPercentile(st.quantile*100))/1e6, d.max)
		}
		if d.invalid > 0 {
			v = math.NaN()
		}
		s.values[st.suffix] = v
	}
	return s
}
