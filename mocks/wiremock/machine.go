package wiremock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	wire "github.com/wiremock/go-wiremock"

	"github.com/headgate-dev/headgate/services"
)

const (
	tailLines   = 200
	stopTimeout = time.Second
	closeWithin = 15 * time.Second
)

// machine is one running WireMock, for one mock or several.
type machine struct {
	name     string
	instance services.Instance
	tail     *services.Tail
	admin    *admin
	wire     *wire.Client

	mu      sync.Mutex
	servers []*server
	owner   map[string]*server // by ID of a mapping
	newest  string             // ID of the event that was read last
	seen    int                // events read
	lately  int                // events that the last read found

	cancel  context.CancelFunc
	done    chan struct{}
	failed  chan struct{}
	failing sync.Once
	err     error // written before failed is closed
	ending  sync.Once
	ended   error
}

func newMachine(name string, i services.Instance, tail *services.Tail) *machine {
	base := "http://" + i.Addr()
	m := &machine{
		name: name, instance: i, tail: tail, admin: newAdmin(base), wire: wire.NewClient(base),
		owner: map[string]*server{}, done: make(chan struct{}), failed: make(chan struct{}),
	}
	// Reading outlives the context of the start, until stop.
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	go m.watch(ctx)
	return m
}

// watch reads the journal now and then, so that it never overflows, and notices the end of WireMock.
func (m *machine) watch(ctx context.Context) {
	defer close(m.done)
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.instance.Exited():
			m.died(ctx)
			return
		case <-tick.C:
			m.idle(ctx)
		}
	}
}

// idle reads the journal if there is somebody to read it for. A call that fails is tried again by the next.
func (m *machine) idle(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.servers) > 0 {
		_ = m.read(ctx)
	}
}

// serve loads the stubs of a mock and counts its requests from now on.
func (m *machine) serve(ctx context.Context, s *server) error {
	for name, data := range s.load.files {
		if err := m.admin.put(ctx, name, data); err != nil {
			return err
		}
	}
	if err := m.enter(s); err != nil {
		return err
	}
	if err := m.admin.load(ctx, s.load.mappings); err != nil {
		return errors.Join(err, m.leave(s))
	}
	return nil
}

// enter makes the events of a mock its own.
func (m *machine) enter(s *server) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.ContainsFunc(m.servers, func(o *server) bool { return o.name == s.name }) {
		return errors.New("a mock of this name is served already")
	}
	m.servers = append(m.servers, s)
	m.owner[s.load.miss] = s
	for id := range s.load.stubs {
		m.owner[id] = s
	}
	return nil
}

// leave stops serving a mock beside others. What it is still asked for is counted for nobody.
func (m *machine) leave(s *server) error {
	m.mu.Lock()
	m.servers = slices.DeleteFunc(m.servers, func(o *server) bool { return o == s })
	left := len(m.servers)
	m.mu.Unlock()
	if left == 0 {
		return nil // WireMock ends as well
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	return m.admin.unload(ctx, s.name)
}

// needed tells whether a mock is served.
func (m *machine) needed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.servers) > 0
}

// died fails unless WireMock was stopped.
func (m *machine) died(ctx context.Context) {
	if exit := m.instance.Exit(); !exit.Stopped {
		m.fail(ctx, fmt.Errorf("WireMock ended: %s", exit))
	}
}

// fail says once why the mocks cannot be relied on any more; not so where they were closed.
func (m *machine) fail(ctx context.Context, err error) {
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	m.failing.Do(func() {
		m.err = &Error{Mock: m.name, Err: err, State: m.state(), Log: m.tail.Texts(20)}
		close(m.failed)
	})
}

// state asks the driver how the container is, where it knows.
func (m *machine) state() *services.State {
	i, ok := m.instance.(services.Inspector)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	state, err := i.Inspect(ctx)
	if err != nil {
		return nil
	}
	return &state
}

// stop ends the container. It is safe to call twice.
func (m *machine) stop() error {
	m.ending.Do(func() {
		m.cancel()
		<-m.done
		ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
		defer cancel()
		m.ended = m.instance.Stop(ctx)
		m.admin.client.CloseIdleConnections()
	})
	return m.ended
}

// Error says that a WireMock died, or that its counts cannot be relied on.
type Error struct {
	Mock string
	Err  error
	// State is how its container was then; nil where that is not known.
	State *services.State
	// Log holds the last 20 lines that it wrote, oldest first.
	Log []string
}

func (e *Error) Error() string {
	return fmt.Sprintf("mock %s: %v", e.Mock, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// within ends with ctx, which go-wiremock's calls do not know. The call itself ends with its connection,
// at the latest when the container does.
func within(ctx context.Context, call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
