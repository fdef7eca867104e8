package embedded

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/headgate-dev/headgate/mocks"
)

// entry is a stub with all that finding and answering it needs, so that a hit touches little else. Only
// its counter and what it remembers change.
type entry struct {
	at       int // place among the stubs; what is added later stands higher
	priority int
	stub     *mocks.Stub
	known    atomic.Pointer[known] // see matches
	hits     atomic.Pointer[counter]
	first    counter // what hits points to at first, to be near
	claimed  atomic.Bool
	// fixed says that the pattern looks at nothing but method, target and body; plain that the answer is
	// written as it stands, at once, and nothing follows it; dynamic that it is made for each request.
	fixed, plain, dynamic bool
	scenario              bool
	reply                 reply

	shape    *shape
	key      uint64
	rest     *mocks.RequestPattern // see withoutBody
	webhooks []*mocks.Webhook
	features func() []uint64
}

// counter counts the hits of one stub in one attempt.
type counter struct {
	attempt *attempt
	id      string // of the stub
	n       atomic.Int64
}

// reply is what is written to a client.
type reply struct {
	code    int
	message string // the reason phrase, where it is not the usual one
	body    []byte
	fields  []field // what is set in the answer's header; made of header where it is nil
	header  http.Header
	dribble *mocks.Dribble
}

// newEntries prepares stubs. Answers with the same headers share them.
func newEntries(stubs []*mocks.Stub) []*entry {
	shared := newFields()
	list := make([]*entry, len(stubs))
	for i, s := range stubs {
		list[i] = newEntry(s)
		shared.share(&list[i].reply)
	}
	return list
}

func newEntry(s *mocks.Stub) *entry {
	e := &entry{stub: s, priority: s.Rank(), scenario: s.Scenario != "", reply: newReply(s.Response)}
	e.dynamic, e.webhooks = dynamic(s.Response), s.Webhooks()
	e.fixed = s.Request.FixedByTarget()
	e.plain = !e.dynamic && !e.proxied() && e.fault() == mocks.NoFault && len(e.webhooks) == 0 &&
		e.stub.Response.FixedDelay == 0 && e.stub.Response.DelayDistribution == nil
	if _, _, _, literal := s.Request.Literal(); literal {
		e.shape, e.key = shapeOf(s.Request)
		e.rest = withoutBody(s.Request, e.shape)
	}
	e.known.Store(foreknown(s.Request))
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
