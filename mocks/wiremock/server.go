package wiremock

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

// server is one mock in a WireMock.
type server struct {
	name    string
	url     string
	machine *machine
	load    *load
	tally   tally
	finder  func() *embedded.Finder // made when the first miss is told
	// seeking holds off a second search for the nearest stubs of the same misses.
	seeking sync.Mutex
	// shared tells that other mocks are served by the same WireMock.
	shared bool
	once   sync.Once
	last   func() error // ends what only this mock needs
	ended  error
}

var (
	_ mocks.Server  = (*server)(nil)
	_ mocks.Counter = (*server)(nil)
	_ mocks.Mortal  = (*server)(nil)
	_ mocks.Insider = (*server)(nil)
)

func newServer(m *machine, plan *mocks.Plan, l *load) *server {
	return &server{
		name: plan.Name, machine: m, load: l,
		finder: sync.OnceValue(func() *embedded.Finder { return embedded.NewFinder(plan.Stubs) }),
	}
}

// URL is the mock's base address for this machine.
func (s *server) URL() string { return s.url }

// Inside is the mock's base address on the network of the run.
func (s *server) Inside() string {
	return "http://" + net.JoinHostPort(Alias(s.name), strconv.Itoa(Port))
}

// ByHost tells whether the mock knows its requests by their Host header, which has to be that of its URL then.
func (s *server) ByHost() bool { return s.shared }

// Counts is the Requests and Unmatched of the Journal.
func (s *server) Counts() (requests, unmatched int64) {
	s.machine.refresh()
	return s.tally.counts()
}

// Journal reads WireMock's journal to its end and tells what it held since the last rewind. Latencies are
// whole milliseconds. Where the journal cannot be read it tells what was read last, and the server has
// failed.
func (s *server) Journal() mocks.Journal {
	s.machine.refresh()
	s.seek()
	return s.tally.journal()
}

// seekWithin bounds the search for the nearest stubs of all misses: WireMock compares each with every stub.
const seekWithin = 10 * time.Second

// seek asks for the nearest stubs of new misses. Without an answer a report has none.
func (s *server) seek() {
	s.seeking.Lock()
	defer s.seeking.Unlock()
	misses := s.tally.unsought()
	if len(misses) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), seekWithin)
	defer cancel()
	for _, m := range misses {
		found, err := s.near(ctx, m)
		if err != nil {
			return
		}
		s.tally.sought(m, found)
	}
}

// Rewind puts the scenarios back to their start and counts from nothing. What WireMock has logged before
// belongs to the attempt that ends here.
func (s *server) Rewind(ctx context.Context) error {
	if err := s.resetScenarios(ctx); err != nil {
		return fmt.Errorf("rewinding mock %s: %w", s.name, err)
	}
	s.machine.refresh()
	s.tally.reset()
	return nil
}

func (s *server) resetScenarios(ctx context.Context) error {
	if !s.shared {
		return within(ctx, s.machine.wire.ResetAllScenarios)
	}
	for _, name := range s.load.scenarios {
		if err := s.machine.admin.setState(ctx, name, mocks.Started); err != nil {
			return err
		}
	}
	return nil
}

// Failed is closed when WireMock has died or its counts cannot be relied on any more.
func (s *server) Failed() <-chan struct{} { return s.machine.failed }

// Failure is why, an [*Error]; nil before Failed is closed.
func (s *server) Failure() error {
	select {
	case <-s.machine.failed:
		return s.machine.err
	default:
		return nil
	}
}

// Close stops serving.
func (s *server) Close() error {
	s.once.Do(func() { s.ended = s.last() })
	return s.ended
}
