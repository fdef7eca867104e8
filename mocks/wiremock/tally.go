package wiremock

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/mocks"
)

const (
	mostLatencies = 10_000
	mostMisses    = 100
	mostMissBody  = 1 << 20 // bytes of a body kept in a miss report
)

// tally counts what one mock has served since its last rewind.
type tally struct {
	mu        sync.Mutex
	unmatched int64
	hits      map[string]int64
	matched   int64
	latencies []time.Duration // a ring once it is full
	next      int
	misses    []*miss
	byRequest map[string]*miss
}

// miss is a distinct request that no stub matched. raw is how WireMock logged it, until its nearest stubs
// are known.
type miss struct {
	report mocks.MissReport
	raw    json.RawMessage
}

// add counts one event; stub is nil for a miss.
func (t *tally) add(e *event, stub *mocks.Stub) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if stub == nil {
		return t.addMiss(e)
	}
	if t.hits == nil {
		t.hits = map[string]int64{}
	}
	t.hits[stub.ID]++
	t.matched++
	took := e.Timing.took()
	if len(t.latencies) < mostLatencies {
		t.latencies = append(t.latencies, took)
		return nil
	}
	t.latencies[t.next] = took
	t.next = (t.next + 1) % mostLatencies
	return nil
}

func (t *tally) addMiss(e *event) error {
	request, at, err := readRequest(e.Request)
	if err != nil {
		return err
	}
	t.unmatched++
	key := fmt.Sprintf("%s %s\x00%d\x00%x", request.Method, request.URL, len(request.Body),
		mocks.Hash(0, string(request.Body)))
	if known := t.byRequest[key]; known != nil {
		known.report.Count++
		return nil
	}
	if len(t.misses) == mostMisses {
		return nil
	}
	m := &miss{mocks.MissReport{Request: request, Time: at, Count: 1}, e.Request}
	if len(request.Body) <= mostMissBody {
		m.report.Candidate = mocks.Candidate(request, at)
	} else {
		request.Body = slices.Clone(request.Body[:mostMissBody])
	}
	if t.byRequest == nil {
		t.byRequest = map[string]*miss{}
	}
	t.misses, t.byRequest[key] = append(t.misses, m), m
	return nil
}

func (t *tally) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unmatched, t.matched, t.hits, t.latencies, t.next = 0, 0, nil, nil, 0
	t.misses, t.byRequest = nil, nil
}

func (t *tally) counts() (requests, unmatched int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.matched + t.unmatched, t.unmatched
}

// unsought are the misses whose nearest stubs are not known yet.
func (t *tally) unsought() []*miss {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []*miss
	for _, m := range t.misses {
		if m.raw != nil {
			list = append(list, m)
		}
	}
	return list
}

// sought keeps what was found for a miss.
func (t *tally) sought(m *miss, found []mocks.Near) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m.report.Nearest, m.raw = found, nil
}

func (t *tally) journal() mocks.Journal {
	t.mu.Lock()
	defer t.mu.Unlock()
	j := mocks.Journal{Matched: t.matched, Unmatched: t.unmatched, Hits: map[string]int64{}}
	j.Requests = j.Matched + j.Unmatched
	maps.Copy(j.Hits, t.hits)
	j.Latencies = append(append(j.Latencies, t.latencies[t.next:]...), t.latencies[:t.next]...)
	for _, m := range t.misses {
		j.Misses = append(j.Misses, m.report)
	}
	return j
}

// took is how long it was until the answer was begun.
func (t timing) took() time.Duration {
	return time.Duration(t.AddedDelay+t.ProcessTime) * time.Millisecond
}
