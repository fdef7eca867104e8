package replay

import (
	"math"
	"slices"
	"sync"
	"time"
)

// slotLength is the grain of a [Window].
const slotLength = 100 * time.Millisecond

// Window keeps what happened in the last stretch of a replay, for cutoffs. Time is an argument,
// measured from the start of the replay. It may be used from many goroutines.
type Window struct {
	mu    sync.Mutex
	slots []slot
	// newest is the number of the latest slot written.
	newest int64
}

// slot is 100 ms of results.
type slot struct {
	number int64
	// latencies are all of them, or of many the newest.
	latencies      []time.Duration
	count          int
	failed         int
	mocked, missed int
}

// Rates is what a window holds at one moment. A ratio of nothing is NaN.
type Rates struct {
	// N is the number of requests, MockN of mock requests.
	N, MockN int
	// ErrorRate is the share of failed requests, MockMissRate of unmatched mock requests.
	ErrorRate, MockMissRate float64
	// The latencies are nearest-rank quantiles; 0 where N is 0.
	LatencyP50, LatencyP95, LatencyP99 time.Duration
}

// NewWindow makes a window of the given length, rounded up to 100 ms.
func NewWindow(length time.Duration) *Window {
	n := max(1, (length+slotLength-1)/slotLength)
	w := &Window{slots: make([]slot, n)}
	for i := range w.slots {
		w.slots[i].number = -1
	}
	return w
}

// Add counts one request that ended at the given time.
func (w *Window) Add(at, latency time.Duration, failed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.slot(at)
	if s == nil {
		return
	}
	s.add(latency)
	if failed {
		s.failed++
	}
}

// AddMocks counts mock requests seen since the last call, and how many of them no stub matched.
func (w *Window) AddMocks(at time.Duration, requests, missed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.slot(at); s != nil {
		s.mocked += requests
		s.missed += missed
	}
}

// slot finds the slot of a moment and empties what an older round left in it. It is nil for a moment
// that the window has passed.
func (w *Window) slot(at time.Duration) *slot {
	number := int64(max(0, at) / slotLength)
	if number <= w.newest-int64(len(w.slots)) {
		return nil
	}
	w.newest = max(w.newest, number)
	s := &w.slots[number%int64(len(w.slots))]
	if s.number != number {
		*s = slot{number: number, latencies: s.latencies[:0]}
	}
	return s
}

// Rates sums up the window that ends at now.
func (w *Window) Rates(now time.Duration) Rates {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := int64(max(0, now) / slotLength)
	var sum slot
	for _, s := range w.slots {
		if s.number < 0 || s.number > last || s.number <= last-int64(len(w.slots)) {
			continue
		}
		sum.latencies = append(sum.latencies, s.latencies...)
		sum.count += s.count
		sum.failed += s.failed
		sum.mocked += s.mocked
		sum.missed += s.missed
	}
	return sum.rates()
}

// slotSamples bounds the latencies that a slot keeps: enough for the quantiles of a cutoff at any rate
// of requests.
const slotSamples = 512

func (s *slot) add(latency time.Duration) {
	if len(s.latencies) < slotSamples {
		s.latencies = append(s.latencies, latency)
	} else {
		s.latencies[s.count%slotSamples] = latency
	}
	s.count++
}

func (s *slot) rates() Rates {
	r := Rates{
		N: s.count, MockN: s.mocked, ErrorRate: ratio(s.failed, s.count), MockMissRate: ratio(s.missed, s.mocked),
	}
	if n := len(s.latencies); n > 0 {
		slices.Sort(s.latencies)
		quantile := func(q float64) time.Duration { return s.latencies[int(math.Ceil(q*float64(n)))-1] }
		r.LatencyP50, r.LatencyP95, r.LatencyP99 = quantile(0.5), quantile(0.95), quantile(0.99)
	}
	return r
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return float64(part) / float64(whole)
}
