package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

func replayRef(name string) metric.Ref { return metric.Ref{Scope: "replay", Name: name} }

func endpointRef(endpoint, name string) metric.Ref {
	return metric.Ref{Scope: "endpoint", Subject: endpoint, Name: name}
}

// measure brings the metrics of the whole and of the endpoint up to date with one result.
func (t *Trial) measure(r *replay.Result, o compare.Outcome) {
	m := t.env.Metrics
	ended := r.Bucket != replay.Aborted && r.Bucket != replay.Shed && r.Bucket != replay.Skipped
	m.Hit(replayRef("coverage"), count(ended), 1)
	if r.Bucket == replay.Shed {
		m.Add(replayRef("shed"), 1)
	}
	if !ended {
		return
	}
	m.Add(replayRef("sent"), 1)
	m.Observe(replayRef("lateness"), "", r.Lateness.Seconds())
	if r.Response != nil && o.NotCompared == "" {
		m.Add(replayRef("compared"), 1)
	}
	failed := r.Response == nil || unexpected5xx(r)
	t.window.Add(t.env.Clock().Sub(t.began), r.Latency, failed)
	for _, ref := range []func(string) metric.Ref{
		replayRef,
		func(name string) metric.Ref { return endpointRef(r.Endpoint, name) },
	} {
		measureAnswer(m, ref, r, o)
	}
}

// measureAnswer measures one ended request. One without an answer fails in every respect: a service
// that does not answer has matched nothing.
func measureAnswer(m *metric.Registry, ref func(string) metric.Ref, r *replay.Result, o compare.Outcome) {
	m.Add(ref("requests"), 1)
	m.Hit(ref("error_rate"), count(r.Response == nil || unexpected5xx(r)), 1)
	if unexpected5xx(r) {
		m.Add(ref("server_errors"), 1)
	}
	if r.Bucket != replay.Matched {
		m.Add(ref("new_differences"), 1)
	}
	if r.Response != nil {
		m.Observe(ref("latency"), r.Record.ID, r.Latency.Seconds())
	}
	if r.Record.Response == nil {
		return
	}
	m.Add(ref("judged"), 1)
	m.Hit(ref("response_match_rate"), count(r.Bucket == replay.Matched), 1)
	m.Hit(ref("status_pass_rate"), count(r.Response != nil && o.StatusMatched), 1)
	switch {
	case r.Response == nil:
		m.Hit(ref("body_match_rate"), 0, 1)
	case o.Fields > 0:
		m.Hit(ref("body_match_rate"), o.Matched, o.Fields)
	}
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

// line is one line of results.jsonl.
type line struct {
	ID         string        `json:"id"`
	Session    string        `json:"session"`
	Index      int           `json:"index"`
	Endpoint   string        `json:"endpoint"`
	Bucket     replay.Bucket `json:"bucket"`
	Recorded   int           `json:"recorded_status,omitempty"`
	Status     int           `json:"status,omitempty"`
	Due        float64       `json:"due_ms"`
	Lateness   float64       `json:"lateness_ms"`
	Latency    float64       `json:"latency_ms"`
	Fields     int64         `json:"fields"`
	Matched    int64         `json:"fields_matched"`
	Different  int           `json:"differences"`
	Uncompared string        `json:"not_compared,omitempty"`
	Error      string        `json:"error,omitempty"`
}

// diffLine is one line of diffs.jsonl.
type diffLine struct {
	ID       string `json:"id"`
	Endpoint string `json:"endpoint"`
	Path     string `json:"path"`
	Kind     string `json:"kind"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

// write stores the result. The caller holds the lock.
func (t *Trial) write(r *replay.Result, o compare.Outcome) {
	l := line{
		ID: r.Record.ID, Session: r.Session, Index: r.Index, Endpoint: r.Endpoint, Bucket: r.Bucket,
		Due: milliseconds(r.Due), Lateness: milliseconds(r.Lateness), Latency: milliseconds(r.Latency),
		Fields: o.Fields, Matched: o.Matched, Different: len(o.Differences), Uncompared: o.NotCompared,
	}
	if r.Record.Response != nil {
		l.Recorded = r.Record.Response.Status
	}
	if r.Response != nil {
		l.Status = r.Response.Status
	}
	if r.Err != nil {
		l.Error = r.Err.Error()
	}
	t.encode(t.results, "results.jsonl", l)
	for _, d := range o.Differences {
		t.encode(t.diffs, "diffs.jsonl", diffLine{
			ID: r.Record.ID, Endpoint: r.Endpoint, Path: d.Path, Kind: string(d.Kind),
			Expected: d.Expected, Actual: d.Actual,
		})
	}
}

func (t *Trial) encode(to *json.Encoder, name string, v any) {
	if err := to.Encode(v); err != nil && t.unwritten == nil {
		t.unwritten = fmt.Errorf("writing %s: %w", name, err)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// WriteError is a result that could not be stored; the replay cannot be accounted for.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return e.Err.Error() }

func (e *WriteError) Unwrap() error { return e.Err }

func (t *Trial) failedWriting() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unwritten == nil {
		return nil
	}
	return &WriteError{t.unwritten}
}

// beat is how often the cutoffs are judged and progress is told.
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
		if err := t.failedWriting(); err != nil {
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
		Sent: sent, Planned: t.plan.Set.Len(), Matched: counts[replay.Matched], Misses: misses,
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
	uses := 0
	for _, s := range t.sessions {
		for _, b := range s.Bindings() {
			uses += b.Uses
		}
	}
	t.env.Metrics.Set(replayRef("correlated"), float64(uses))
}
