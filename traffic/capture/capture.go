// Package capture records traffic as it passes: reverse proxies in front of a service and in front of
// its upstreams, and the writer of what they record.
package capture

import (
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Sink takes finished records. Put must not block: the traffic would wait. It returns false where the
// record was dropped. It is called from many goroutines.
type Sink interface {
	Put(r *traffic.Record) bool
}

// Health tells how complete a recording is. All but Inbound and Outbound count what is missing from it.
type Health struct {
	// Inbound and Outbound count the records that were handed on.
	Inbound, Outbound int64
	// Dropped counts the records that the sink did not take.
	Dropped int64
	// Truncated counts the bodies that are missing from records: longer than the limit, or not sent to
	// their end. Such a message has the header X-Headgate-Truncated.
	Truncated int64
	// Upgraded counts the connections that became something else, such as a WebSocket, and were passed
	// through unrecorded.
	Upgraded int64
	// Failed counts the exchanges that did not come to their end: the upstream refused or broke off,
	// or the client went away. They are not recorded.
	Failed int64
	// LastFailure is why the newest of Failed failed.
	LastFailure string
	// Ambiguous counts the outbound records whose cause could be one of several inbound requests.
	Ambiguous int64
	// Unprompted counts the outbound records that were sent while no inbound request was being answered.
	Unprompted int64
}

// TruncatedHeader stands in a recorded message whose body is missing; its value is the number of
// bytes that were seen.
const TruncatedHeader = traffic.TruncatedHeader

// Tracker joins the proxies of one recording: it gives out record ids, knows the inbound requests that
// are being answered, and counts. It is safe for concurrent use.
type Tracker struct {
	mu     sync.Mutex
	seq    uint64
	flying map[string]keys
	health Health
}

// NewTracker returns a tracker without requests in flight.
func NewTracker() *Tracker { return &Tracker{flying: map[string]keys{}} }

// Health is a consistent copy of the counters.
func (t *Tracker) Health() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health
}

func (t *Tracker) count(change func(*Health)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.health)
}

func (t *Tracker) failed(err error) {
	t.count(func(h *Health) {
		h.Failed++
		h.LastFailure = err.Error()
	})
}

// handedOn counts a record that went to the sink, or did not.
func (t *Tracker) handedOn(d traffic.Direction, taken bool, missing int64) {
	t.count(func(h *Health) {
		switch {
		case !taken:
			h.Dropped++
			return
		case d == traffic.Inbound:
			h.Inbound++
		default:
			h.Outbound++
		}
		h.Truncated += missing
	})
}

// Clock tells the time.
type Clock func() time.Time
