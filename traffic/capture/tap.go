package capture

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Tap says what is recorded at one place, and where to. Everything that records has one.
type Tap struct {
	// Name is the service that answers: the service under test, or an upstream.
	Name      string
	Direction traffic.Direction
	Sink      Sink
	// Tracker is shared by all taps of one recording.
	Tracker *Tracker
	// MaxBody is the longest body that is kept, in bytes, decoded or not; 0 means DefaultMaxBody.
	MaxBody int64
	// Redact says which values are replaced before a record reaches the sink; in bodies a [Writer] does it beside
	// the traffic, before it writes.
	Redact Redaction
	// Sample decides which requests are recorded. Outbound ones follow the inbound one that caused them.
	Sample Sampler
	// Clock tells the time of records; nil means time.Now.
	Clock Clock
}

// DefaultMaxBody is the longest body that is kept: 10 MiB.
const DefaultMaxBody = 10 << 20

// check fills in what was not said.
func (t *Tap) check() error {
	switch {
	case t.Direction != traffic.Inbound && t.Direction != traffic.Outbound:
		return fmt.Errorf("recording %s: no direction %q", t.Name, t.Direction)
	case t.Sink == nil || t.Tracker == nil:
		return fmt.Errorf("recording %s: it needs a sink and a tracker", t.Name)
	}
	if t.MaxBody <= 0 {
		t.MaxBody = DefaultMaxBody
	}
	if t.Clock == nil {
		t.Clock = time.Now
	}
	return nil
}

// keep stores a body decoded and redacted. Where it is not whole, or what is to be redacted cannot be found
// in it, it stores none, marks the message and returns 1.
func (t *Tap) keep(body copied, h *http.Header, into *[]byte) (missing int64) {
	if body.none {
		return 0
	}
	if body.whole {
		var err error
		if *into, err = t.plain(body.body, *h); err == nil {
			measure(h, len(body.body), len(*into))
			return 0
		}
	}
	mark(h, TruncatedHeader, body.seen)
	return 1
}

// mark sets a header in a copy: somebody may still look at the header that passed.
func mark(h *http.Header, name string, value int64) {
	marked := maps.Clone(*h)
	marked.Set(name, strconv.FormatInt(value, 10))
	*h = marked
}

// errOpaque is why a body in which nothing can be looked for is not stored.
var errOpaque = errors.New("it cannot be decoded")

// plain is a body decoded and redacted.
func (t *Tap) plain(body []byte, h http.Header) ([]byte, error) {
	plain, clear, err := decode(body, h, t.MaxBody)
	switch {
	case err != nil:
		return nil, err
	case !clear && len(body) > 0 && t.Redact.bodies():
		return nil, errOpaque
	}
	return t.Redact.body(plain, h)
}

// measure keeps Content-Length right where redaction has changed the length of a body. That of a coded body
// stays as it was sent.
func measure(h *http.Header, was, is int) {
	if is != was && len((*h)["Content-Length"]) > 0 && len((*h)["Content-Encoding"]) == 0 {
		mark(h, "Content-Length", int64(is))
	}
}

// clean leaves what concerns the exchange and not the connection, with the values of redacted fields
// replaced.
func (t *Tap) clean(h http.Header) {
	dropConnection(h)
	delete(h, TruncatedHeader) // only a recorder says that
	t.Redact.header(h)
}
