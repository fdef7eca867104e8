// Package capture records traffic as it passes: proxies in front of a service and behind it, and the
// writer of what they record.
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

// TruncatedHeader stands in a recorded message whose body is missing; its value is the number of
// bytes that were seen.
const TruncatedHeader = traffic.TruncatedHeader

// Tracker joins the taps of one recording: it gives out record ids, knows the inbound requests that
// are being answered, and counts. It is safe for concurrent use.
type Tracker struct {
	copies budget

	mu     sync.Mutex
	seq    uint64
	flying map[string]*flight
	known  map[key][]*flight // those in flight, by each of their keys
	taken  int               // how many of those in flight are recorded
	health Health
}

// NewTracker returns a tracker without requests in flight.
func NewTracker() *Tracker { return &Tracker{flying: map[string]*flight{}, known: map[key][]*flight{}} }

// Health is a consistent copy of the counters.
func (t *Tracker) Health() Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.health.clone()
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
func (t *Tracker) handedOn(r *traffic.Record, taken bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := &t.health
	switch {
	case !taken:
		h.Dropped++
		return
	case r.Direction == traffic.Inbound:
		h.Inbound++
	default:
		h.Outbound++
	}
	if h.First.IsZero() || r.Time.Before(h.First) {
		h.First = r.Time
	}
	if r.Time.After(h.Last) {
		h.Last = r.Time
	}
}

// Unwritten adds to the health the records that a sink has taken and not written, see [Writer.Lost].
func (t *Tracker) Unwritten(n int64) {
	if n > 0 {
		t.Lost(0, "", map[string]int64{"records could not be written": n})
	}
}

// Clock tells the time.
type Clock func() time.Time
