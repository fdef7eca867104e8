package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
)

// Member is a service that was started.
type Member struct {
	service services.Service
	phase   func() string
	clock   func() time.Time
	tail    *services.Tail
	scanner *services.Scanner
	done    chan struct{} // closed when the service has ended and all is written down

	logging sync.Mutex
	file    *os.File

	mu       sync.Mutex
	instance services.Instance
	started  time.Time
	ready    time.Time
	stats    services.Stats
	state    services.State
	use      []Use
	egress   *services.EgressReport
}

// Use is what a service used during one phase.
type Use struct {
	Phase   string
	CPU     time.Duration
	PeakMem int64
}

const (
	// sampleTime is how often the resource use is read.
	sampleTime = time.Second
	// tailLines is how many lines are kept for messages.
	tailLines = 200
	// inspectTime bounds the questions asked of an engine about a service.
	inspectTime = 5 * time.Second
)

func newMember(l Launch, r *engine.Run, file *os.File, known []string) *Member {
	return &Member{
		service: l.Service, phase: r.Phase, clock: r.Clock, file: file, done: make(chan struct{}),
		tail: services.NewTail(tailLines), scanner: services.NewScanner(l.Rules, known),
	}
}

// Name is the service's name in the run file.
func (m *Member) Name() string { return m.service.Name }

// Instance is what runs.
func (m *Member) Instance() services.Instance {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.instance
}

// Tail holds the last lines that the service wrote.
func (m *Member) Tail() *services.Tail { return m.tail }

// Scanner counts its error lines.
func (m *Member) Scanner() *services.Scanner { return m.scanner }

// begin watches the service until it has ended.
func (m *Member) begin(i services.Instance) {
	m.mu.Lock()
	m.instance, m.started = i, m.clock()
	m.mu.Unlock()
	go m.watch(i)
}

func (m *Member) watch(i services.Instance) {
	defer close(m.done)
	defer m.closeLog()
	tick := time.NewTicker(sampleTime)
	defer tick.Stop()
	for {
		select {
		case <-i.Exited():
			if !i.Exit().Stopped {
				m.sample(context.Background())
			}
			return
		case <-tick.C:
			ctx, cancel := context.WithTimeout(context.Background(), inspectTime)
			m.measure(ctx, i)
			cancel()
		}
	}
}

// join waits until all of the service is written down.
func (m *Member) join(ctx context.Context) error {
	select {
	case <-m.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s has not ended: %w", m.Name(), ctx.Err())
	}
}

// sample reads resource use and state now.
func (m *Member) sample(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, inspectTime)
	defer cancel()
	i := m.Instance()
	m.measure(ctx, i)
	in, ok := i.(services.Inspector)
	if !ok {
		return
	}
	if state, err := in.Inspect(ctx); err == nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.state = state
	}
}

// measure reads the resource use and adds what is new to the phase that runs. What cannot be measured
// leaves the numbers as they are.
func (m *Member) measure(ctx context.Context, i services.Instance) {
	stats, err := i.Stats(ctx)
	if err != nil {
		return
	}
	phase := m.phase()
	m.mu.Lock()
	defer m.mu.Unlock()
	at := slices.IndexFunc(m.use, func(u Use) bool { return u.Phase == phase })
	if at < 0 {
		at, m.use = len(m.use), append(m.use, Use{Phase: phase})
	}
	m.use[at].CPU += max(0, stats.CPU-m.stats.CPU)
	m.use[at].PeakMem = max(m.use[at].PeakMem, stats.Memory)
	if stats.PeakMem > m.stats.PeakMem {
		m.use[at].PeakMem = max(m.use[at].PeakMem, stats.PeakMem)
	}
	m.stats = stats
}

// Wait returns when the service is ready: a job has ended well, others answer as ready says.
func (m *Member) Wait(ctx context.Context, ready services.Ready) error {
	return m.WaitFor(ctx, m.Probe(ready))
}

// WaitFor is Wait with a probe of the caller's own, made from that of Probe.
func (m *Member) WaitFor(ctx context.Context, probe *services.Probe) error {
	if _, err := probe.Wait(ctx); err != nil {
		m.sample(context.WithoutCancel(ctx))
		return err
	}
	m.came()
	return m.isolated(ctx)
}

// came notes that the service is ready.
func (m *Member) came() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready.IsZero() {
		m.ready = m.clock()
	}
}

// Probe is what finds out whether the service is ready.
func (m *Member) Probe(ready services.Ready) *services.Probe {
	return &services.Probe{Service: m.Name(), Instance: m.Instance(), Ready: ready, Logs: m.tail, Job: m.Job()}
}

// Job tells whether the service was to run to its end.
func (m *Member) Job() bool { return m.service.Container != nil && m.service.Container.Job }

// Ready is when the service became ready, the zero time if it did not.
func (m *Member) Ready() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ready
}

// Startup is how long it took from the start until it was ready.
func (m *Member) Startup() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ready.IsZero() {
		return 0
	}
	return m.ready.Sub(m.started)
}

// Publish makes the addresses of the service known under its scope, such as apps: from this machine and,
// of a container, from within the others. A service without a port has none.
func (m *Member) Publish(r *engine.Run, scope string) {
	ref := func(what string) string { return scope + "." + m.Name() + "." + what }
	host, port, err := net.SplitHostPort(m.Instance().Addr())
	if err != nil {
		return
	}
	r.Publish(ref("url"), "http://"+net.JoinHostPort(host, port))
	r.Publish(ref("port"), port)
	if n, ok := m.Instance().(services.Named); ok {
		r.PublishInside(ref("url"), "http://"+n.Inside())
		r.PublishInside(ref("port"), strconv.Itoa(m.service.Port))
	}
}

// Died is the fault of a service that ended while it was needed.
func (m *Member) Died(whose engine.Verdict) error {
	exit := m.Instance().Exit()
	return &engine.Fault{
		Verdict: blame(exit, whose), Err: fmt.Errorf("%s died: %s", m.Name(), exit), Details: m.tail.Texts(20),
		Hint: lostHint(exit),
	}
}

// isolated reads the proof that a service with bounded egress is kept in. A proof that fails is an error:
// what follows would be worth nothing.
func (m *Member) isolated(ctx context.Context) error {
	report, err := m.readEgress(ctx)
	if err != nil {
		return fmt.Errorf("%s: proving its isolation: %w", m.Name(), err)
	}
	if report == nil {
		return nil
	}
	if len(report.Proof) == 0 {
		return &IsolationError{Service: m.Name(), What: "nothing could be checked from inside"}
	}
	for _, c := range report.Proof {
		if c.Want != c.Got {
			return &IsolationError{
				Service: m.Name(), What: fmt.Sprintf("%s is %s from inside, and should be %s", c.What, c.Got, c.Want),
			}
		}
	}
	return nil
}

// IsolationError says that a service is not isolated as its settings ask for.
type IsolationError struct{ Service, What string }

func (e *IsolationError) Error() string { return e.Service + ": isolation: " + e.What }

// readEgress asks for the newest report on the egress; nil where it is not bounded.
func (m *Member) readEgress(ctx context.Context) (*services.EgressReport, error) {
	if c := m.service.Container; c == nil || c.Egress == nil {
		return nil, nil
	}
	contained, ok := m.Instance().(services.Contained)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	report, err := contained.Egress(ctx)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.egress = &report
	return &report, nil
}

// keep keeps a line for messages. A build that went well is none of them.
func (m *Member) keep(l services.Line) {
	if l.Stream != "build" {
		m.tail.Add(l)
	}
}

// write stores one line. A log that cannot be written must not stop the service: what is lost is missing
// from the artifact, and the scanner has seen it all the same.
func (m *Member) write(l services.Line) {
	m.logging.Lock()
	defer m.logging.Unlock()
	_, _ = fmt.Fprintf(m.file, "%s %s %s\n", l.Time.UTC().Format(time.RFC3339Nano), l.Stream, l.Text)
}

func (m *Member) closeLog() {
	m.logging.Lock()
	defer m.logging.Unlock()
	m.file.Close()
}
