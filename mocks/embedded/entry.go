package embedded

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/headgate-dev/headgate/mocks"
)

// entry is a stub with all that finding and answering it needs. Only its counter changes.
type entry struct {
	stub     *mocks.Stub
	at       int // place among the stubs; what is added later stands higher
	priority int
	shape    *shape
	key      uint64
	rest     *mocks.RequestPattern  // see withoutBody
	known    atomic.Pointer[string] // see matches
	reply    reply
	dynamic  bool // the answer is made for each request
	webhooks []*mocks.Webhook
	features func() []uint64
	hits     atomic.Pointer[counter] // of the attempt that hit last
}

// counter counts the hits of one stub in one attempt.
type counter struct {
	attempt *attempt
	n       atomic.Int64
}

// reply is what is written to a client.
type reply struct {
	code    int
	message string // the reason phrase, where it is not the usual one
	header  http.Header
	body    []byte
	dribble *mocks.Dribble
}

func newEntry(s *mocks.Stub) *entry {
	e := &entry{stub: s, priority: s.Rank(), reply: newReply(s.Response)}
	e.dynamic, e.webhooks = dynamic(s.Response), s.Webhooks()
	if _, _, _, literal := s.Request.Literal(); literal {
		e.shape, e.key = shapeOf(s.Request)
		e.rest = withoutBody(s.Request, e.shape)
	}
	e.features = sync.OnceValue(s.Request.Features)
	return e
}

func newReply(r *mocks.Response) reply {
	out := reply{
		code: r.Code(), message: r.StatusMessage, header: headerOf(r.Headers), body: r.Payload(), dribble: r.Dribble,
	}
	if out.message == http.StatusText(out.code) {
		out.message = ""
	}
	return out
}
