package shadow

import (
	"context"
	"errors"
	"hash/maphash"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/coding"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// job is one request to mirror, with what the primary answered to it.
type job struct {
	at      time.Time
	key     string // of the client connection
	request *traffic.Request
	primary *traffic.Response
	latency time.Duration
	// held is how many bytes of memory the copies of bodies have taken.
	held int64
}

// reply is what somebody else answered to it: exactly one of response and err is set.
type reply struct {
	response *traffic.Response
	latency  time.Duration
	err      error
}

// mirror sends requests to the candidate and the secondary beside the clients.
type mirror struct {
	options              Options
	ledger               *ledger
	memory               *budget
	candidate, secondary *replay.HTTPSender
	// queues are one for all workers, or one for each where order is kept.
	queues []chan *job
	seed   maphash.Seed
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.RWMutex
	closed bool
}

func newMirror(o Options, l *ledger, memory *budget) (*mirror, error) {
	m := &mirror{options: o, ledger: l, memory: memory, seed: maphash.MakeSeed()}
	var err error
	if m.candidate, err = newSender(o.Candidate, o); err != nil {
		return nil, err
	}
	if m.secondary, err = newSender(o.Secondary, o); err != nil {
		return nil, err
	}
	m.queues = []chan *job{make(chan *job, waitingEach*o.InFlight)}
	if o.Unsafe {
		m.queues = make([]chan *job, o.InFlight)
		for i := range m.queues {
			m.queues[i] = make(chan *job, waitingEach)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	for i := range o.InFlight {
		m.done.Go(func() { m.work(ctx, m.queues[i%len(m.queues)]) })
	}
	return m, nil
}

// newSender makes what sends to a candidate or secondary; without one it is nil.
func newSender(target *url.URL, o Options) (*replay.HTTPSender, error) {
	if target == nil {
		return nil, nil
	}
	return replay.NewHTTPSender(target.String(), replay.HTTPOptions{
		Timeout: o.Timeout, Connections: o.InFlight, KeepHost: true,
	})
}

// offer puts a job into its queue. It never waits; else it says why there is no place.
func (m *mirror) offer(j *job) Reason {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return Ended
	}
	queue := m.queues[0]
	if n := uint64(len(m.queues)); n > 1 {
		queue = m.queues[maphash.String(m.seed, j.key)%n]
	}
	select {
	case queue <- j:
		return ""
	default:
		return QueueFull
	}
}

func (m *mirror) waiting() (n int) {
	for _, q := range m.queues {
		n += len(q)
	}
	return n
}

// close lets what waits be mirrored until ctx ends.
func (m *mirror) close(ctx context.Context) {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		for _, q := range m.queues {
			close(q)
		}
	}
	m.mu.Unlock()
	stop := context.AfterFunc(ctx, m.cancel)
	m.done.Wait()
	stop()
	m.cancel()
	_ = m.candidate.Close() // nothing is in use any more
	if m.secondary != nil {
		_ = m.secondary.Close()
	}
}

func (m *mirror) work(ctx context.Context, queue <-chan *job) {
	for j := range queue {
		m.do(ctx, j)
		m.memory.give(j.held)
	}
}

// do shows one request to the candidate and, at the same time, to the secondary.
func (m *mirror) do(ctx context.Context, j *job) {
	if ctx.Err() != nil {
		m.ledger.ended()
		return
	}
	request := m.request(j.request)
	second := make(chan *reply, 1)
	if m.secondary != nil {
		go func() { second <- m.ask(ctx, m.secondary, request) }()
	} else {
		second <- nil
	}
	candidate := m.ask(ctx, m.candidate, request)
	secondary := <-second
	if candidate.err != nil && errors.Is(candidate.err, context.Canceled) {
		m.ledger.ended()
		return
	}
	j.primary.Body = decoded(j.primary.Body, j.primary.Header["Content-Encoding"])
	m.ledger.judge(j, candidate, secondary)
}

// ask sends the request once. Candidate and secondary share it: it is not changed.
func (m *mirror) ask(ctx context.Context, to *replay.HTTPSender, r *traffic.Request) *reply {
	began := m.options.Clock()
	response, err := to.Send(ctx, r)
	return &reply{response: response, err: err, latency: m.options.Clock().Sub(began)}
}

// request is what is sent for a request of a client.
func (m *mirror) request(r *traffic.Request) *traffic.Request {
	sent := *r
	sent.Host = mirrorHost(r.Host, m.options.Suffix)
	sent.Header = r.Header.Clone()
	sent.Header.Set(Header, "1")
	sent.Body = decoded(r.Body, r.Header["Content-Encoding"]) // the sender codes it again
	return &sent
}

// maxDecoded bounds what becomes of a compressed body.
const maxDecoded = 16 << 20

// decoded undoes the codings of a body; one that is not coded as it says, or becomes too long, is left as it
// is.
func decoded(body []byte, contentEncoding []string) []byte {
	if len(contentEncoding) == 0 {
		return body
	}
	plain, _, err := coding.Undo(contentEncoding, body, maxDecoded)
	if err != nil {
		return body
	}
	return plain
}

// mirrorHost is the Host of a mirrored request.
func mirrorHost(host, suffix string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		return host[:i] + suffix + host[i:]
	}
	return host + suffix
}
