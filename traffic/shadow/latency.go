package shadow

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Latency sums up durations.
type Latency struct {
	// N is how many there are; without any the others are 0.
	N                  int64
	P50, P95, P99, Max time.Duration
}

// latencies is a distribution of durations up to an hour, exact to three digits.
type latencies struct{ histogram *hdrhistogram.Histogram }

func newLatencies() *latencies {
	return &latencies{hdrhistogram.New(1, time.Hour.Nanoseconds(), 3)}
}

func (l *latencies) add(d time.Duration) {
	// The only error is a value out of range.
	_ = l.histogram.RecordValue(min(max(int64(d), 1), time.Hour.Nanoseconds()))
}

func (l *latencies) sum() Latency {
	at := func(percent float64) time.Duration {
		return time.Duration(l.histogram.ValueAtPercentile(percent))
	}
	if l.histogram.TotalCount() == 0 {
		return Latency{}
	}
	return Latency{
		N: l.histogram.TotalCount(), P50: at(50), P95: at(95), P99: at(99), Max: time.Duration(l.histogram.Max()),
	}
}
