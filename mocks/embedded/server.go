// Package embedded serves WireMock stub mappings over HTTP in this process.
package embedded

import (
	"cmp"
	"context"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/headgate-dev/headgate/mocks"
)

const (
	defaultPatience = 30 * time.Second
	closeTimeout    = time.Second
)

// Provider starts mock servers in this process. The zero Provider is ready to use.
type Provider struct {
	// Addr is the address to listen on, host:port; 127.0.0.1 and the plan's port if empty.
	Addr string
	// Seed starts the random delays.
	Seed uint64
	// Now tells the time; time.Now if nil.
	Now func() time.Time
	// Proxy allows stubs and recordings that pass requests on to other services. Without it they are
	// refused: the mock of a run never calls a live service.
	Proxy bool
	// Table answers misses with a table of the differences, as text, instead of JSON.
	Table bool
	// Log is how many requests are remembered: DefaultLog if 0, none if negative.
	Log int
	// Patience is how long a client may take to send a header, and a body; 30 s if 0.
	Patience time.Duration
	// Admin, where it is given, answers the requests under /__admin.
	Admin func(*Server) http.Handler
	// Logger is told what goes wrong behind an answer, such as webhooks; nobody is told if nil.
	Logger *slog.Logger
}

var _ mocks.Provider = Provider{}

// Start serves the plan. Two stubs with one ID are an error.
func (p Provider) Start(ctx context.Context, plan *mocks.Plan) (mocks.Server, error) {
	s, err := p.Open(ctx, plan)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Open is [Provider.Start] for those who want to change the stubs while they are served.
func (p Provider) Open(ctx context.Context, plan *mocks.Plan) (*Server, error) {
	stubs, err := newLibrary(plan.Stubs, p.Proxy)
	if err != nil {
		return nil, fmt.Errorf("starting mock %s: %w", plan.Name, err)
	}
	var listen net.ListenConfig
	addr := cmp.Or(p.Addr, net.JoinHostPort("127.0.0.1", strconv.Itoa(plan.Port)))
	l, err := listen.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("starting mock %s: %w", plan.Name, err)
	}
	s := &Server{
		stubs:    stubs,
		events:   requestLog{most: cmp.Or(p.Log, DefaultLog)},
		miss:     cmp.Or(plan.Miss.Status, mocks.DefaultMissStatus),
		table:    p.Table,
		url:      "http://" + l.Addr().String(),
		random:   &random{rand: rand.New(rand.NewPCG(p.Seed, 0))}, //nolint:gosec // delays, not secrets
		now:      p.Now,
		patience: cmp.Or(p.Patience, defaultPatience),
		logger:   p.Logger,
		done:     make(chan struct{}),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.hooks = newHooks(s.logger)
	if p.Admin != nil {
		s.admin = p.Admin(s)
	}
	s.attempt.Store(newAttempt())
	s.settings.Store(&Settings{})
	// Requests outlive ctx, which bounds starting only.
	s.serve(context.WithoutCancel(ctx), l)
	return s, nil
}

// Server is a running mock. All of its methods are safe for concurrent use.
type Server struct {
	stubs     *library
	events    requestLog
	miss      int
	table     bool
	url       string
	admin     http.Handler
	random    *random
	now       func() time.Time
	patience  time.Duration
	logger    *slog.Logger
	attempt   atomic.Pointer[attempt]
	settings  atomic.Pointer[Settings]
	recording atomic.Pointer[upstream]

	http   http.Server
	cancel context.CancelFunc
	active sync.RWMutex // read-locked by each handler, so that Close can wait for all
	hooks  *hooks
	done   chan struct{}
	once   sync.Once
}

var _ mocks.Server = (*Server)(nil)

func (s *Server) serve(ctx context.Context, l net.Listener) {
	base, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	s.http = http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.patience,
		ErrorLog:          stdlog.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return base },
	}
	go func() {
		defer close(s.done)
		_ = s.http.Serve(l) // ends with ErrServerClosed
	}()
}

// URL is the server's base address.
func (s *Server) URL() string { return s.url }

// Journal is a consistent copy of the counters.
func (s *Server) Journal() mocks.Journal { return s.attempt.Load().journal() }

// Counts is the Requests and Unmatched of the Journal.
func (s *Server) Counts() (requests, unmatched int64) { return s.attempt.Load().counts() }

// Rewind begins a new attempt; requests in flight still belong to the old one.
func (s *Server) Rewind(context.Context) error {
	s.attempt.Store(newAttempt())
	s.events.clear()
	return nil
}

// Close ends delays and webhooks at once, lets answers be finished for a second, and then ends them by
// force.
func (s *Server) Close() error {
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
		s.hooks.close()
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
