package capture

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// keys are what an inbound request and the outbound ones that it causes have in common, by kind, the most
// telling kind first; "" is none.
type keys [8]string

// keysOf reads the headers that services pass on to those they call: W3C Trace Context, B3, AWS X-Ray,
// Jaeger, Datadog, Google Cloud Trace, and two that carry ids of requests.
func keysOf(h http.Header) keys {
	return keys{
		traceID(first(h, "Traceparent")),
		b3(h),
		xray(first(h, "X-Amzn-Trace-Id")),
		before(first(h, "Uber-Trace-Id"), ":"),
		first(h, "X-Datadog-Trace-Id"),
		before(first(h, "X-Cloud-Trace-Context"), "/"),
		first(h, "X-Request-Id"),
		first(h, "X-Correlation-Id"),
	}
}

// first is the first value of a header whose name is canonical.
func first(h http.Header, name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func before(text, separator string) string {
	text, _, _ = strings.Cut(text, separator)
	return text
}

// traceID is the second field of a W3C traceparent: version-traceid-parentid-flags.
func traceID(traceparent string) string {
	if traceparent == "" {
		return ""
	}
	parts := strings.Split(traceparent, "-")
	if len(parts) < 4 || len(parts[1]) != 32 || strings.Trim(parts[1], "0") == "" {
		return ""
	}
	return strings.ToLower(parts[1])
}

// b3 is the trace id of Zipkin's headers, in one (traceid-spanid-...) or several.
func b3(h http.Header) string {
	if id := first(h, "X-B3-Traceid"); id != "" {
		return id
	}
	id, _, more := strings.Cut(first(h, "B3"), "-")
	if !more { // only whether to sample
		return ""
	}
	return id
}

// xray is the Root of Root=1-...;Parent=...;Sampled=1.
func xray(text string) string {
	for field := range strings.SplitSeq(text, ";") {
		if root, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok {
			return root
		}
	}
	return ""
}

// flight is an inbound request that is being answered.
type flight struct {
	id    string
	keys  []key
	taken bool
}

// key is one of the keys of a request.
type key struct {
	kind  int
	value string
}

// maxKeys is how many keys a request in flight has at most, learned ones included.
const maxKeys = 64

// arrival is what the tracker is told of a request.
type arrival struct {
	at         time.Time
	direction  traffic.Direction
	header     http.Header
	connection string
	sample     Sampler
}

// origin is what the tracker says of a request: its id, that of the inbound request that caused it, where
// that is known, and whether it is to be recorded.
type origin struct {
	id, parent string
	taken      bool
}

// begin gives the exchange an id that grows with time. An inbound one counts as in flight until end is
// called.
//
// The cause of an outbound one is the only inbound request in flight with the same key, else the only one in
// flight at all. Keys of an outbound request that were not known until then belong to its cause from then
// on: services that begin a trace of their own send the same one with each call. An outbound request is
// recorded where its cause is; one that could have several causes where any of them is.
func (t *Tracker) begin(a arrival) origin {
	found := keysOf(a.header)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	from := origin{id: newID(a.at, t.seq)}
	if a.direction == traffic.Inbound {
		from.taken = a.sample.Take(a.header, a.connection)
		t.depart(from, found)
	} else {
		t.attribute(&from, found, a)
	}
	if !from.taken {
		t.health.Unsampled++
	}
	return from
}

// newID is the time in nanoseconds and a number, in digits that sort.
func newID(at time.Time, seq uint64) string {
	b := make([]byte, 0, 24)
	b = appendHex(b, uint64(at.UnixNano()), 16)
	b = append(b, '-')
	return string(appendHex(b, seq, 6))
}

func appendHex(b []byte, n uint64, width int) []byte {
	var digits [16]byte
	text := strconv.AppendUint(digits[:0], n, 16)
	for range width - len(text) {
		b = append(b, '0')
	}
	return append(b, text...)
}

// depart puts an inbound request in flight.
func (t *Tracker) depart(from origin, found keys) {
	f := &flight{id: from.id, taken: from.taken}
	t.flying[f.id] = f
	if f.taken {
		t.taken++
	}
	t.learn(f, found)
}

// learn makes keys known as those of a request in flight.
func (t *Tracker) learn(f *flight, found keys) {
	for kind, value := range found {
		k := key{kind, value}
		if value == "" || len(f.keys) == maxKeys || slices.Contains(t.known[k], f) {
			continue
		}
		f.keys = append(f.keys, k)
		t.known[k] = append(t.known[k], f)
	}
}

// attribute finds the cause of an outbound request, and whether to record it.
func (t *Tracker) attribute(from *origin, found keys, a arrival) {
	cause := t.cause(found)
	switch {
	case cause != nil:
		from.parent, from.taken = cause.id, cause.taken
	case len(t.flying) == 0:
		from.taken = a.sample.Take(a.header, a.connection)
		if from.taken {
			t.health.Unprompted++
		}
	case t.taken > 0:
		from.taken = true
		t.health.Ambiguous++
	}
}

// cause is nil where it is not known.
func (t *Tracker) cause(found keys) *flight {
	if f := t.keyed(found); f != nil || len(t.flying) != 1 {
		return f
	}
	for _, f := range t.flying {
		t.learn(f, found)
		return f
	}
	return nil
}

// keyed is the only request in flight with one of the keys, nil where there is none.
func (t *Tracker) keyed(found keys) *flight {
	for kind, value := range found {
		if value == "" {
			continue
		}
		if list := t.known[key{kind, value}]; len(list) == 1 {
			return list[0]
		}
	}
	return nil
}

// end takes an inbound exchange out of those in flight.
func (t *Tracker) end(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := t.flying[id]
	if f == nil {
		return
	}
	delete(t.flying, id)
	if f.taken {
		t.taken--
	}
	for _, k := range f.keys {
		if list := t.known[k]; len(list) > 1 {
			t.known[k] = slices.DeleteFunc(list, func(other *flight) bool { return other == f })
			continue
		}
		delete(t.known, k)
	}
}
