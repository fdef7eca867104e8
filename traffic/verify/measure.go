package verify

import (
	"cmp"
	"context"
	"time"

	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

func replayRef(name string) metric.Ref { return metric.Ref{Scope: "replay", Name: name} }

func endpointRef(endpoint, name string) metric.Ref {
	return metric.Ref{Scope: "endpoint", Subject: endpoint, Name: name}
}

// measure brings the metrics of the whole and of the endpoint up to date with one result. The caller
// holds the lock.
func (t *Trial) measure(r *replay.Result, o *compare.Outcome) {
	ended := r.Bucket != replay.Aborted && r.Bucket != replay.Shed && r.Bucket != replay.Skipped
	t.meters.coverage.Hit(count(ended), 1)
	if r.Bucket == replay.Shed {
		t.meters.shed.Add(1)
	}
	if !ended {
		return
	}
	t.meters.sent.Add(1)
	t.meters.lateness.Observe("", r.Lateness.Seconds())
	if r.Response != nil && o.NotCompared == "" {
		t.meters.compared.Add(1)
	}
	t.window.Add(t.env.Clock().Sub(t.began), r.Latency, r.Response == nil || unexpected5xx(r))
	t.meters.answers.measure(r, o)
	t.meters.endpoint(r.Endpoint).measure(r, o)
}

func unexpected5xx(r *replay.Result) bool {
	if r.Response == nil || r.Response.Status < 500 {
		return false
	}
	return r.Record.Response == nil || r.Record.Response.Status < 500
}

func count(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// write stores the result. The caller holds the lock.
func (t *Trial) write(r *replay.Result, o *compare.Outcome) {
	t.results.buf = appendResult(t.results.buf, r, o)
	t.results.end()
	for i := range o.Differences {
		t.diffs.buf = appendDifference(t.diffs.buf, r, &o.Differences[i])
		t.diffs.end()
	}
}

// WriteError is a result that could not be stored; the replay cannot be accounted for.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return e.Err.Error() }

func (e *WriteError) Unwrap() error { return e.Err }

// flush hands the results so far to the files, and tells what could not be written.
func (t *Trial) flush() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.results.flush()
	t.diffs.flush()
	if err := cmp.Or(t.unwritten, t.results.err, t.diffs.err); err != nil {
		return &WriteError{err}
	}
	return nil
}

// beat is how often the cutoffs are judged, results are stored and progress is told.
const beat = 100 * time.Millisecond

// watch judges the cutoffs on the sliding window and tells the progress until stop is closed.
func (t *Trial) watch(started time.Time, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	var before [2]int64
	before[0], before[1] = t.env.Mocks()
	for {
		select {
		case <-stop:
			t.tell()
			return
		case <-ticker.C:
		}
		now := t.env.Clock()
		requests, misses := t.env.Mocks()
		t.window.AddMocks(now.Sub(t.began), int(requests-before[0]), int(misses-before[1]))
		before = [2]int64{requests, misses}
		t.tell()
		if err := t.flush(); err != nil {
			cancel(err)
		}
		if now.Sub(started) < t.plan.Replay.Cutoffs.Grace.Std() {
			continue
		}
		if tripped := t.tripped(now.Sub(t.began)); tripped != nil {
			cancel(tripped)
		}
	}
}

func (t *Trial) tripped(at time.Duration) error {
	if len(t.plan.cutoffs) == 0 {
		return nil
	}
	rates := t.window.Rates(at)
	n := int64(rates.N)
	points := map[string]metric.Point{
		"error_rate":     {Value: rates.ErrorRate, N: n},
		"latency_p50":    {Value: rates.LatencyP50.Seconds(), N: n},
		"latency_p95":    {Value: rates.LatencyP95.Seconds(), N: n},
		"latency_p99":    {Value: rates.LatencyP99.Seconds(), N: n},
		"mock_miss_rate": {Value: rates.MockMissRate, N: int64(rates.MockN)},
	}
	for _, c := range t.plan.cutoffs {
		if yes, value := c.Tripped(points); yes {
			return &Tripped{Rule: c.String(), Value: c.Unit.Format(value), After: at}
		}
	}
	return nil
}

func (t *Trial) tell() {
	if t.env.Progress == nil {
		return
	}
	counts := t.accounting.Counts()
	sent := 0
	for b, n := range counts {
		if b != replay.Aborted && b != replay.Skipped {
			sent += n
		}
	}
	_, misses := t.env.Mocks()
	t.env.Progress(Progress{
		Sent: sent, Planned: t.plan.Len(), Matched: counts[replay.Matched], Misses: misses,
		P95: t.window.Rates(t.env.Clock().Sub(t.began)).LatencyP95,
	})
}

// summarize sets the metrics that only the end of a part can tell.
func (t *Trial) summarize() {
	ended := t.accounting.Sum() - t.accounting.Count(replay.Aborted) - t.accounting.Count(replay.Skipped)
	if t.playing > 0 && ended > 0 {
		t.env.Metrics.Set(replayRef("throughput"), float64(ended)/t.playing.Seconds())
	}
	if requests, misses := t.env.Mocks(); requests > 0 {
		t.env.Metrics.Set(replayRef("mock_miss_rate"), float64(misses)/float64(requests))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.env.Metrics.Set(replayRef("correlated"), float64(t.carried))
}
