package shadow

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// ledger accounts for every request and keeps what its answers have shown.
type ledger struct {
	comparer *compare.Comparer
	clock    func() time.Time
	began    time.Time

	// mu is held by the requests of clients: nothing is compared, written or sorted under it.
	mu   sync.Mutex
	r    Report // the counters; the lists in it are made by report
	seq  int64
	took map[who]*latencies
	// requests are those of the samples, by id.
	requests map[string]*traffic.Request

	diffs *diffs
	// alone holds what only the candidate answers differently, both what the secondary does as well, and
	// twin what only the secondary does.
	alone, both, twin compare.Aggregate
}

// who is somebody whose time is measured.
type who int

const (
	primary who = iota
	candidate
	secondary
	mirroring
)

func newLedger(o Options) *ledger {
	l := &ledger{
		comparer: o.Comparer, clock: o.Clock, began: o.Clock(), took: map[who]*latencies{},
		requests: map[string]*traffic.Request{}, diffs: newDiffs(o.Diffs),
		r: Report{Left: map[Reason]int64{}, Uncompared: map[string]int64{}, CandidateFailures: map[string]int64{}},
	}
	for _, w := range []who{primary, candidate, secondary, mirroring} {
		l.took[w] = newLatencies()
	}
	return l
}

// passed accounts for a request of a client.
func (l *ledger) passed(x *exchange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.r.Requests++
	if x.skip != "" {
		l.r.Left[x.skip]++
	}
	l.took[mirroring].add(x.cost)
}

func (l *ledger) primaryFailed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.r.LastPrimaryFailure = err.Error()
}

// ended accounts for a job that was not done.
func (l *ledger) ended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.r.Left[Ended]++
}

// judge accounts for a mirrored request and compares what was answered.
func (l *ledger) judge(j *job, c, s *reply) {
	endpoint := traffic.Endpoint(j.request.Method, j.request.URL)
	var outcome, noise compare.Outcome
	if c.err == nil {
		outcome = l.comparer.Compare(endpoint, j.primary, c.response, nil)
	}
	if s != nil && s.err == nil {
		noise = l.comparer.Compare(endpoint, j.primary, s.response, nil)
	}
	v := finding{endpoint: endpoint, request: j.request}
	v.split(&outcome, &noise)
	if v.id = l.account(j, c, s, &v); v.id != "" {
		l.keep(&v)
	}
}

// account brings the counters up to date and gives the request an id, unless there is nothing to compare.
func (l *ledger) account(j *job, c, s *reply, v *finding) (id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	l.r.Mirrored++
	l.took[primary].add(j.latency)
	if s != nil {
		l.answered(secondary, s)
	}
	if !l.answered(candidate, c) {
		return ""
	}
	l.count(v)
	return fmt.Sprintf("%016x-%06x", j.at.UnixNano(), l.seq)
}

// answered accounts for what the candidate or the secondary answered.
func (l *ledger) answered(w who, r *reply) bool {
	if r.err == nil {
		l.took[w].add(r.latency)
		return true
	}
	if w == candidate {
		l.r.CandidateFailures[failure(r.err)]++
		l.r.LastCandidateFailure = r.err.Error()
	} else {
		l.r.SecondaryFailed++
		l.r.LastSecondaryFailure = r.err.Error()
	}
	return false
}

// count decides what a request counts as.
func (l *ledger) count(v *finding) {
	switch {
	case len(v.alone.Differences) > 0:
		l.r.Differed++
	case len(v.both.Differences) > 0 && v.alone.NotCompared != unlike:
		l.r.Noisy++
	case v.alone.NotCompared != "":
		l.r.Uncompared[v.alone.NotCompared]++
		return
	default:
		l.r.Matched++
	}
	l.r.Compared++
}

// The bounds of what is kept of the requests of samples.
const (
	maxRequests    = 200
	maxRequestBody = 64 << 10
)

// keep files the differences.
func (l *ledger) keep(v *finding) {
	sampled := l.alone.Add(v.endpoint, v.alone, v.id)
	l.both.Add(v.endpoint, v.both, v.id)
	l.twin.Add(v.endpoint, v.twin, v.id)
	if sampled && len(v.request.Body) <= maxRequestBody {
		l.remember(v)
	}
	l.diffs.write(v)
}

func (l *ledger) remember(v *finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) < maxRequests {
		l.requests[v.id] = v.request
	}
}

// report is a copy of everything.
func (l *ledger) report() *Report {
	r := l.counters()
	r.Rules = l.comparer.Rules()
	r.Unlisted = l.diffs.left()
	r.fields(l.alone.Groups(), l.both.Groups(), l.twin.Groups())
	return r
}

func (l *ledger) counters() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.r
	r.Began, r.Took = l.began, l.clock().Sub(l.began)
	r.Primary, r.Candidate, r.Secondary = l.took[primary].sum(), l.took[candidate].sum(), l.took[secondary].sum()
	r.Added = l.took[mirroring].sum()
	r.Left, r.Uncompared = maps.Clone(r.Left), maps.Clone(r.Uncompared)
	r.CandidateFailures = maps.Clone(r.CandidateFailures)
	r.requests = maps.Clone(l.requests)
	return &r
}

// failure names the kind of a failure.
func failure(err error) string {
	var op *net.OpError
	switch {
	case replay.Classify(err) == replay.TimedOut:
		return "timed out"
	case errors.As(err, &op) && op.Op == "dial":
		return "no connection"
	}
	return "no whole answer"
}
