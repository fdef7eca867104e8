package capture

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// keys are what an inbound request and the outbound ones that it causes have in common, by kind, the most
// telling kind first; "" is none.
type keys [3]string

func keysOf(h http.Header) keys {
	return keys{traceID(h.Get("Traceparent")), h.Get("X-Request-Id"), h.Get("X-Correlation-Id")}
}

// traceID is the second field of a W3C traceparent: version-traceid-parentid-flags.
func traceID(traceparent string) string {
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts[1]) != 32 || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return strings.ToLower(parts[1])
}

// begin gives the exchange an id that grows with time. An inbound one counts as in flight until end is
// called; for an outbound one parent is the id of the inbound one that caused it, if that is known.
func (t *Tracker) begin(now time.Time, d traffic.Direction, h http.Header) (id, parent string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	id = fmt.Sprintf("%016x-%06x", now.UnixNano(), t.seq)
	if d == traffic.Inbound {
		t.flying[id] = keysOf(h)
		return id, ""
	}
	return id, t.parent(keysOf(h))
}

// end takes an inbound exchange out of those in flight.
func (t *Tracker) end(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.flying, id)
}

// parent looks for the only inbound request in flight that shares a key, else the only one at all.
func (t *Tracker) parent(k keys) string {
	for kind, key := range k {
		if key == "" {
			continue
		}
		if id, n := t.only(func(other keys) bool { return other[kind] == key }); n == 1 {
			return id
		}
	}
	id, n := t.only(func(keys) bool { return true })
	switch n {
	case 0:
		t.health.Unprompted++
		return ""
	case 1:
		return id
	}
	t.health.Ambiguous++
	return ""
}

// only finds one of the requests in flight for which match holds, and how many there are.
func (t *Tracker) only(match func(keys) bool) (id string, n int) {
	for other, k := range t.flying {
		if match(k) {
			id = other
			n++
		}
	}
	return id, n
}
