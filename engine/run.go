package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/gates/metric"
)

// Run is one execution of a pipeline. Its methods may be called from any goroutine.
type Run struct {
	// ID names the run; Dir is its folder of artifacts, absolute.
	ID, Dir string
	// Seed feeds everything random in the run and stands in the report.
	Seed uint64
	// Clock tells the time.
	Clock func() time.Time
	// Metrics are the numbers that gates judge. Recorded holds what the capture says of the same
	// metrics: it is the baseline where the run file pins none.
	Metrics, Recorded *metric.Registry

	// played holds the recorded inbound requests that were asked for, and whether they were answered.
	playing sync.RWMutex
	played  map[string]bool

	mu          sync.Mutex
	phase       string
	endpoints   map[string]string
	fingerprint map[string]string
	notes       []string
	artifacts   []string
	mocked      func() (requests, misses int64)
	collectors  []collector
	rewinders   []func(context.Context) error
	guards      []guard
	undoing     []undo
	emitting    sync.Mutex
	watch       func(Event)
}

type collector func(context.Context)

// NewRun makes the run's folder. m declares what the run can measure.
func NewRun(o Options, m *metric.Registry) (*Run, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, &Fault{
			Verdict: Environment, Err: fmt.Errorf("artifacts folder: %w", err),
			Hint: "choose a folder that can be written to with --out",
		}
	}
	recorded, err := metric.New(m.Descs("")...)
	if err != nil {
		return nil, err
	}
	return &Run{
		ID: o.ID, Dir: dir, Seed: o.Seed, Clock: o.Clock, Metrics: m, Recorded: recorded,
		endpoints: map[string]string{}, fingerprint: map[string]string{}, played: map[string]bool{},
		mocked: func() (int64, int64) { return 0, 0 },
		watch:  func(Event) {},
	}, nil
}

// Phase is the name of the phase that runs or, between two, of the one before.
func (r *Run) Phase() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase
}

func (r *Run) enter(phase string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phase = phase
}

// Publish makes a value known to later phases under the name by which run files refer to it, such as
// "mocks.payment-api.url".
func (r *Run) Publish(ref, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.endpoints[ref] = value
}

// Lookup finds a published value.
func (r *Run) Lookup(ref string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	v, ok := r.endpoints[ref]
	return v, ok
}

// PublishInside makes the value known that containers see under a name, where it differs from the one
// that is published: the address of the same thing on the run's network.
func (r *Run) PublishInside(ref, value string) { r.Publish(inside+ref, value) }

// LookupInside finds the value that a container is to be given: the one of PublishInside, or else the
// published one.
func (r *Run) LookupInside(ref string) (string, bool) {
	if v, ok := r.Lookup(inside + ref); ok {
		return v, true
	}
	return r.Lookup(ref)
}

// inside marks the names of PublishInside; no name in a run file can begin with it.
const inside = "inside "

// Published lists what can be looked up from outside of containers, sorted.
func (r *Run) Published() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	refs := make([]string, 0, len(r.endpoints))
	for ref, v := range r.endpoints {
		if !strings.HasPrefix(ref, inside) {
			refs = append(refs, ref+"="+v)
		}
	}
	slices.Sort(refs)
	return refs
}

// Fingerprint notes something the measured numbers depend on.
func (r *Run) Fingerprint(key, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fingerprint[key] = value
}

// Follow asks for recorded inbound requests: of them it is noted whether they are played.
func (r *Run) Follow(records ...string) {
	r.playing.Lock()
	defer r.playing.Unlock()
	for _, record := range records {
		if _, known := r.played[record]; !known {
			r.played[record] = false
		}
	}
}

// Played notes that a recorded inbound request was answered, so that its outbound calls are due. Those
// that nobody follows are passed over.
func (r *Run) Played(record string) {
	r.playing.RLock()
	played, followed := r.played[record]
	r.playing.RUnlock()
	if !followed || played {
		return
	}
	r.playing.Lock()
	defer r.playing.Unlock()
	r.played[record] = true
}

// WasPlayed tells whether a recorded inbound request that is followed was answered in this attempt.
func (r *Run) WasPlayed(record string) bool {
	r.playing.RLock()
	defer r.playing.RUnlock()
	return r.played[record]
}

// WatchMocks says where to read how many requests the mocks have had and how many no stub matched.
func (r *Run) WatchMocks(read func() (requests, misses int64)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mocked = read
}

// Mocked tells how many requests the mocks have had so far and how many no stub matched.
func (r *Run) Mocked() (requests, misses int64) {
	r.mu.Lock()
	read := r.mocked
	r.mu.Unlock()
	return read()
}

// Note tells the user something that decides nothing. The same text is told once.
func (r *Run) Note(phase, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.mu.Lock()
	known := slices.Contains(r.notes, text)
	if !known {
		r.notes = append(r.notes, text)
	}
	r.mu.Unlock()
	if !known {
		r.Emit(Event{Kind: Note, Phase: phase, Text: text})
	}
}

// Collect registers a function that brings the metrics of something that runs up to date. It is
// called before each snapshot, until the registration is undone.
func (r *Run) Collect(c func(context.Context)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collectors = append(r.collectors, c)
}

// OnRewind registers what has to be put back to its start before the application is tried again, such
// as the state of a mock. The registration is undone like that of Collect.
func (r *Run) OnRewind(rewind func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rewinders = append(r.rewinders, rewind)
}

// rewind starts the counts and states of what stays up anew, for another attempt.
func (r *Run) rewind(ctx context.Context) error {
	r.playing.Lock()
	for record := range r.played {
		r.played[record] = false
	}
	r.playing.Unlock()
	r.mu.Lock()
	rewinders := slices.Clone(r.rewinders)
	r.mu.Unlock()
	var errs []error
	for _, rewind := range rewinders {
		errs = append(errs, rewind(ctx))
	}
	return errors.Join(errs...)
}

// Snapshot brings all metrics up to date and freezes them.
func (r *Run) Snapshot(ctx context.Context) *metric.Snapshot {
	r.mu.Lock()
	collectors := slices.Clone(r.collectors)
	r.mu.Unlock()
	for _, c := range collectors {
		c(ctx)
	}
	return r.Metrics.Snapshot()
}

// Emit sends an event to those who watch, one at a time.
func (r *Run) Emit(e Event) {
	if e.Time.IsZero() {
		e.Time = r.Clock()
	}
	r.emitting.Lock()
	defer r.emitting.Unlock()
	r.watch(e)
}
