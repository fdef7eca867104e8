package embedded

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

const (
	// DefaultLog is how many requests a server remembers unless told otherwise.
	DefaultLog = 1000

	mostLogBytes = 256 << 20 // of bodies in the log
	mostLogBody  = 16 << 20  // of one body in the log
)

// Event is one request that was served, and how. It is not changed afterwards.
type Event struct {
	ID      string
	Time    time.Time
	Client  string // address of the peer, host:port
	Proto   string // HTTP/1.1
	Request *traffic.Request
	// Stub is what answered; nil where nothing matched.
	Stub *mocks.Stub
	// The answer; a Status of 0 is a connection that was broken on purpose.
	Status int
	Header http.Header
	Body   []byte
	// Proxied tells that another service gave the answer.
	Proxied bool
	// Delay was added before the answer; Took is all of the time up to it.
	Delay, Took time.Duration
}

// requestLog remembers the newest requests, bounded in number and in bytes.
type requestLog struct {
	mu      sync.Mutex
	most    int
	events  []*Event // oldest first
	bytes   int
	dropped int64
}

func (e *Event) size() int { return len(e.Request.Body) + len(e.Body) }

// add gives the event its ID when it is read, so that logging costs little.
func (l *requestLog) add(e *Event) {
	if l.most <= 0 {
		return
	}
	if len(e.Request.Body) > mostLogBody {
		e.Request = shortened(e.Request, mostLogBody)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
	l.bytes += e.size()
	for len(l.events) > l.most || l.bytes > mostLogBytes {
		l.bytes -= l.events[0].size()
		l.events[0] = nil
		l.events = l.events[1:]
		l.dropped++
	}
}

// all are copies of the events, oldest first, and how many older ones are forgotten.
func (l *requestLog) all() (events []*Event, dropped int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		if e.ID == "" {
			e.ID = uuid.NewString()
		}
	}
	return slices.Clone(l.events), l.dropped
}

// remove forgets the events that drop tells and returns them, oldest first.
func (l *requestLog) remove(drop func(*Event) bool) []*Event {
	all, _ := l.all()
	gone := map[*Event]bool{}
	var list []*Event
	for _, e := range all {
		if drop(e) {
			gone[e] = true
			list = append(list, e)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = slices.DeleteFunc(slices.Clone(l.events), func(e *Event) bool { return gone[e] })
	l.bytes = 0
	for _, e := range l.events {
		l.bytes += e.size()
	}
	return list
}

func (l *requestLog) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.bytes, l.dropped = nil, 0, 0
}
