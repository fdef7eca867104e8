package wiremock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// mostEntries bounds WireMock's journal, and poll is how often it is read: what is gone before it was read is
// noticed, and ends the run.
const (
	mostEntries = 5000
	poll        = 50 * time.Millisecond
)

// settle is how long a WireMock that does not answer is given before it is asked again: its end is noticed
// later than that of its connections.
const settle = 500 * time.Millisecond

// refresh reads the journal to its end. A failure that lasts means that the counts cannot be relied on any
// more; failed is closed then.
func (m *machine) refresh() {
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	for try := 1; ; try++ {
		err := m.read(ctx)
		if err == nil {
			return
		}
		select {
		case <-m.instance.Exited():
			m.died(ctx)
			return
		case <-time.After(settle):
		}
		if try == 3 || ctx.Err() != nil {
			m.fail(ctx, err)
			return
		}
	}
}

var errLost = errors.New("WireMock's journal has lost requests before they were counted")

// read counts the events since the last read, oldest first. The journal is in the order of its events, so
// that all is known once the event that was read last turns up.
func (m *machine) read(ctx context.Context) error {
	for limit := 2*m.lately + 1; ; {
		p, err := m.admin.events(ctx, limit)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(p.Requests, func(e event) bool { return e.ID == m.newest })
		whole := len(p.Requests) >= p.Meta.Total
		switch {
		case at >= 0:
			return m.count(ctx, p, p.Requests[:at])
		case whole && (m.newest != "" || p.Meta.Total > mostEntries/2):
			m.fail(ctx, errLost)
			return m.count(ctx, p, p.Requests)
		case whole:
			return m.count(ctx, p, p.Requests)
		}
		limit = max(4*limit, p.Meta.Total-m.seen+1)
	}
}

func (m *machine) count(ctx context.Context, p *page, events []event) error {
	m.lately = len(events)
	for i := len(events) - 1; i >= 0; i-- {
		e := &events[i]
		s := m.owner[e.StubMapping.ID]
		if s == nil && len(m.servers) > 0 {
			s = m.servers[0] // under a name of no mock: a miss that must not be lost
		}
		if s != nil {
			if err := s.tally.add(e, s.load.stubs[e.StubMapping.ID]); err != nil {
				return err
			}
		}
		m.newest = e.ID
		m.seen++
	}
	// A journal that was full once may hold less later: WireMock's threads remove too much at times.
	if m.seen < mostEntries && p.Meta.Total != m.seen {
		m.fail(ctx, fmt.Errorf("%w: it holds %d, %d were counted; has somebody cleared it?",
			errLost, p.Meta.Total, m.seen))
	}
	return nil
}
