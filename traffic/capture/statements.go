package capture

import (
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Statements ties to the inbound requests what a wire proxy of another protocol records, such as statements of
// a database: it gives them their ids and is where their records go. Its Tap is an outbound one; neither
// MaxBody nor Redact are looked at.
type Statements struct{ Tap }

var _ Sink = (*Statements)(nil)

// NewStatements checks the tap.
func NewStatements(t Tap) (*Statements, error) {
	t.Direction = traffic.Outbound
	if err := t.check(); err != nil {
		return nil, err
	}
	return &Statements{t}, nil
}

// unwanted begins the ids of what was not sampled.
const unwanted = "-"

// Begin gives a statement its id, and names the inbound request that caused it, where that is known: the only
// one in flight.
func (s *Statements) Begin(at time.Time) (id, parent string) {
	from := s.Tracker.begin(arrival{at: at, direction: traffic.Outbound, sample: s.Sample})
	if !from.taken {
		return unwanted + from.id, ""
	}
	return from.id, from.parent
}

// Put hands a record on, unless it was not sampled.
func (s *Statements) Put(r *traffic.Record) bool {
	if strings.HasPrefix(r.ID, unwanted) {
		return true
	}
	taken := s.Sink.Put(r)
	s.Tracker.handedOn(r, taken)
	return taken
}

// Lost adds to the health what a wire proxy has counted: connections that failed, why the newest of them did,
// and what else was left out, by kind.
func (t *Tracker) Lost(failed int64, last string, leftOut map[string]int64) {
	t.count(func(h *Health) {
		h.Failed += failed
		if last != "" {
			h.LastFailure = last
		}
		for kind, n := range leftOut {
			if h.LeftOut == nil {
				h.LeftOut = map[string]int64{}
			}
			h.LeftOut[kind] += n
		}
	})
}
