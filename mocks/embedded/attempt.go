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
	unmatched atomic.Int64

	hitMu sync.Mutex
	hits  []*counter // several for one stub at times; their sum is the number of matched requests

	proxied *counter // nil until there is one

	stateMu sync.Mutex
	states  map[string]string // current state of each scenario that has moved

	sampleMu  sync.Mutex
	latencies []time.Duration // a ring once it is full
	next      int
	misses    []*mocks.MissReport
	byRequest map[string]*mocks.MissReport
}

func newAttempt() *attempt {
	return &attempt{
		states:    map[string]string{},
		byRequest: map[string]*mocks.MissReport{},
	}
}

// hit counts an answer of the stub. The usual case takes no lock.
func (a *attempt) hit(e *entry) {
	if c := e.hits.Load(); c != nil && c.attempt == a {
		c.n.Add(1)
		return
	}
	c := &e.first
	if !e.claimed.CompareAndSwap(false, true) {
		c = &counter{}
	}
	c.attempt, c.id = a, e.stub.ID
	c.n.Add(1)
	a.count(c)
	e.hits.Store(c)
}

func (a *attempt) count(c *counter) {
	a.hitMu.Lock()
	defer a.hitMu.Unlock()
	a.hits = append(a.hits, c)
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
		report.Request = shortened(req, mostMissBody)
	}
	return a.remember(key, report)
}

// shortened is a copy of a request with at most n bytes of its body.
func shortened(req *traffic.Request, n int) *traffic.Request {
	cut := *req
	cut.Body = append([]byte(nil), req.Body[:n]...)
	return &cut
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

func (a *attempt) counts() (requests, unmatched int64) {
	unmatched = a.unmatched.Load()
	requests = unmatched
	a.hitMu.Lock()
	defer a.hitMu.Unlock()
	for _, c := range a.hits {
		requests += c.n.Load()
	}
	return requests, unmatched
}

func (a *attempt) journal() mocks.Journal {
	j := mocks.Journal{Unmatched: a.unmatched.Load(), Hits: map[string]int64{}}
	a.hitMu.Lock()
	for _, c := range a.hits {
		n := c.n.Load()
		j.Hits[c.id] += n
		j.Matched += n
	}
	a.hitMu.Unlock()
	j.Requests = j.Matched + j.Unmatched
	a.sampleMu.Lock()
	defer a.sampleMu.Unlock()
	j.Latencies = append(append(j.Latencies, a.latencies[a.next:]...), a.latencies[:a.next]...)
	for _, m := range a.misses {
		j.Misses = append(j.Misses, *m)
	}
	return j
}

// proxyID is what answers of a recorded service are counted under.
const proxyID = "(proxied)"

// hitProxy counts an answer that came from another service instead of a stub.
func (a *attempt) hitProxy() {
	a.hitMu.Lock()
	defer a.hitMu.Unlock()
	if a.proxied == nil {
		a.proxied = &counter{attempt: a, id: proxyID}
		a.hits = append(a.hits, a.proxied)
	}
	a.proxied.n.Add(1)
}
