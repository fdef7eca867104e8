package embedded

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

const (
	mostLatencies = 10_000
	mostMisses    = 100
	mostMissBody  = 1 << 20 // bytes of a body kept in a miss report
)

// attempt is everything since the last rewind. A request belongs to the attempt it began in.
type attempt struct {
	hits      []atomic.Int64 // by place in the plan; their sum is the number of matched requests
	unmatched atomic.Int64

	stateMu sync.Mutex
	states  map[string]string // current state of each scenario that has moved

	sampleMu  sync.Mutex
	latencies []time.Duration // a ring once it is full
	next      int
	misses    []*mocks.MissReport
	byRequest map[string]*mocks.MissReport
}

func newAttempt(stubs int) *attempt {
	return &attempt{
		hits:      make([]atomic.Int64, stubs),
		states:    map[string]string{},
		byRequest: map[string]*mocks.MissReport{},
	}
}

func (a *attempt) took(d time.Duration) {
	a.sampleMu.Lock()
	defer a.sampleMu.Unlock()
	if len(a.latencies) < mostLatencies {
		a.latencies = append(a.latencies, d)
		return
	}
	a.latencies[a.next] = d
	a.next = (a.next + 1) % mostLatencies
}

// missed counts an unmatched request and returns its report. The nearest stubs are sought once for each
// distinct request.
func (a *attempt) missed(req *traffic.Request, at time.Time, seek func() []mocks.Near) *mocks.MissReport {
	a.unmatched.Add(1)
	key := fmt.Sprintf("%s %s\x00%d\x00%x", req.Method, req.URL, len(req.Body), mocks.Hash(0, string(req.Body)))
	a.sampleMu.Lock()
	if known := a.byRequest[key]; known != nil {
		known.Count++
		defer a.sampleMu.Unlock()
		report := *known
		return &report
	}
	a.sampleMu.Unlock()

	report := &mocks.MissReport{Request: req, Time: at, Count: 1, Nearest: seek()}
	if len(req.Body) <= mostMissBody {
		report.Candidate = mocks.Candidate(req, at)
	} else {
		cut := *req
		cut.Body = append([]byte(nil), req.Body[:mostMissBody]...)
		report.Request = &cut
	}
	return a.remember(key, report)
}

func (a *attempt) remember(key string, report *mocks.MissReport) *mocks.MissReport {
	a.sampleMu.Lock()
	defer a.sampleMu.Unlock()
	switch known := a.byRequest[key]; {
	case known != nil:
		known.Count++
	case len(a.misses) < mostMisses:
		kept := *report
		a.misses = append(a.misses, &kept)
		a.byRequest[key] = &kept
	}
	return report
}

func (a *attempt) journal(entries []*entry) mocks.Journal {
	j := mocks.Journal{Unmatched: a.unmatched.Load(), Hits: map[string]int64{}}
	for i, e := range entries {
		if n := a.hits[i].Load(); n > 0 {
			j.Hits[e.stub.ID] = n
			j.Matched += n
		}
	}
	j.Requests = j.Matched + j.Unmatched
	a.sampleMu.Lock()
	defer a.sampleMu.Unlock()
	j.Latencies = append(append(j.Latencies, a.latencies[a.next:]...), a.latencies[:a.next]...)
	for _, m := range a.misses {
		j.Misses = append(j.Misses, *m)
	}
	return j
}
