package wiremock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/services"
)

// Shared starts one WireMock for several mocks: with the first of them, until the last one is closed. It tells
// them apart by the Host header, so each has an address of its own, and a client that sends another Host
// gets misses.
type Shared struct {
	Provider
	// Mocks are the names of all mocks that may be started.
	Mocks []string

	mu      sync.Mutex
	machine *machine
}

var _ mocks.Provider = (*Shared)(nil)

// sharedName is the service that stands for all mocks.
const sharedName = "wiremock"

// Start serves one more mock. Two mocks of one name are an error.
func (p *Shared) Start(ctx context.Context, plan *mocks.Plan) (mocks.Server, error) {
	s, err := p.start(ctx, plan)
	if err != nil { // not a nil *server in an interface
		return nil, err
	}
	return s, nil
}

func (p *Shared) start(ctx context.Context, plan *mocks.Plan) (*server, error) {
	if _, err := newLoad(plan, "."); err != nil { // before anything is started
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.join(ctx)
	if err != nil {
		return nil, err
	}
	relay, err := services.NewRelay("127.0.0.1:0", m.instance.Addr())
	if err != nil {
		return nil, errors.Join(err, p.end(m))
	}
	l, err := newLoad(plan, hostPattern(plan.Name, relay.Addr()))
	if err == nil {
		s := newServer(m, plan, l)
		s.shared, s.url = true, "http://"+relay.Addr()
		s.last = func() error { return errors.Join(relay.Close(), p.leave(m, s)) }
		if err = m.serve(ctx, s); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, relay.Close(), p.end(m))
}

// join gives the WireMock that runs already, or starts it.
func (p *Shared) join(ctx context.Context) (*machine, error) {
	if p.machine != nil {
		return p.machine, nil
	}
	aliases := make([]string, len(p.Mocks))
	for i, name := range p.Mocks {
		aliases[i] = Alias(name)
	}
	m, err := p.open(ctx, sharedName, aliases)
	if err != nil {
		return nil, err
	}
	p.machine = m
	// What comes under a name of no mock is a miss as well.
	stray, err := missMapping(identity("stray"), mocks.Miss{}, "")
	if err == nil {
		err = m.admin.load(ctx, []json.RawMessage{stray})
	}
	if err != nil {
		return nil, errors.Join(err, p.end(m))
	}
	return m, nil
}

// leave takes one mock away, and WireMock with the last.
func (p *Shared) leave(m *machine, s *server) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := m.leave(s)
	return errors.Join(err, p.end(m))
}

// end stops the WireMock unless a mock still needs it.
func (p *Shared) end(m *machine) error {
	if m.needed() {
		return nil
	}
	p.machine = nil
	return m.stop()
}

// hostPattern matches the Host headers of one mock: that of the network of the run, and that of this machine.
func hostPattern(mock, addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return fmt.Sprintf(`(?i)%s(:%d)?|(127\.0\.0\.1|localhost|\[::1\]):%s`, quoted(Alias(mock)), Port, port)
}
