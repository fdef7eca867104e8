// Package embedded serves WireMock stub mappings over HTTP in this process.
package embedded

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headgate-dev/headgate/mocks"
)

const (
	headerTimeout = 10 * time.Second
	closeTimeout  = time.Second
)

// Provider starts mock servers in this process. The zero Provider is ready to use.
type Provider struct {
	// Addr is the address to listen on, host:port; 127.0.0.1:0 if empty.
	Addr string
	// Seed starts the random delays.
	Seed uint64
	// Now tells the time; time.Now if nil.
	Now func() time.Time
}

var _ mocks.Provider = Provider{}

// Start serves the plan. Two stubs with one ID are an error.
func (p Provider) Start(ctx context.Context, plan *mocks.Plan) (mocks.Server, error) {
	x, err := newIndex(plan.Stubs)
	if err != nil {
		return nil, fmt.Errorf("starting mock %s: %w", plan.Name, err)
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", cmp.Or(p.Addr, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("starting mock %s: %w", plan.Name, err)
	}
	s := &server{
		index:  x,
		status: cmp.Or(plan.Miss.Status, mocks.DefaultMissStatus),
		url:    "http://" + l.Addr().String(),
		random: &random{rand: rand.New(rand.NewPCG(p.Seed, 0))}, //nolint:gosec // delays, not secrets
		now:    p.Now,
		done:   make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.attempt.Store(newAttempt(len(x.entries)))
	// Requests outlive ctx, which bounds starting only.
	s.serve(context.WithoutCancel(ctx), l)
	return s, nil
}

// server is a running mock.
type server struct {
	index   *index
	status  int
	url     string
	random  *random
	now     func() time.Time
	attempt atomic.Pointer[attempt]

	http   http.Server
	cancel context.CancelFunc
	active sync.RWMutex // read-locked by each handler, so that Close can wait for all
	done   chan struct{}
	once   sync.Once
}

func (s *server) serve(ctx context.Context, l net.Listener) {
	base, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	s.http = http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ends with ErrServerClosed
	}()
}

// URL is the server's base address.
func (s *server) URL() string { return s.url }

// Journal is a consistent copy of the counters.
func (s *server) Journal() mocks.Journal { return s.attempt.Load().journal(s.index.entries) }

// Rewind begins a new attempt; requests in flight still belong to the old one.
func (s *server) Rewind(context.Context) error {
	s.attempt.Store(newAttempt(len(s.index.entries)))
	return nil
}

// Close ends delays at once, lets answers be finished for a second, and then ends them by force.
func (s *server) Close() error {
	s.once.Do(func() {
		s.cancel()
		ctx, stop := context.WithTimeout(context.Background(), closeTimeout)
		defer stop()
		if err := s.http.Shutdown(ctx); err != nil {
			_ = s.http.Close() // the listener is closed already, and clients may not be told
		}
		<-s.done
		s.active.Lock()
		defer s.active.Unlock()
	})
	return nil
}

// random makes a generator safe for concurrent use.
type random struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func (r *random) Float64() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rand.Float64()
}

func (r *random) NormFloat64() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rand.NormFloat64()
}
