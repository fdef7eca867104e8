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

// undoTimeout bounds each step of the undoing.
const undoTimeout = 15 * time.Second

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

	mu          sync.Mutex
	endpoints   map[string]string
	fingerprint map[string]string
	notes       []string
	artifacts   []string
	played      map[string]bool
	mocked      func() (requests, misses int64)
	collectors  []collector
	rewinders   []func(context.Context) error
	guards      []guard
	undoing     []undo
	watch       func(Event)
}

type undo struct {
	name string
	do   func(context.Context) error
}

type collector func(context.Context)

// guard is something that must not end by itself while the run lasts.
type guard struct {
	ended <-chan struct{}
	why   func() error
}

// NewRun makes the run's folder. watch receives the events; it may be nil.
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

// Published lists what can be looked up, sorted.
func (r *Run) Published() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	refs := make([]string, 0, len(r.endpoints))
	for ref, v := range r.endpoints {
		refs = append(refs, ref+"="+v)
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

// Played notes that a recorded inbound request was answered, so that its outbound calls are due.
func (r *Run) Played(record string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.played[record] = true
}

// WasPlayed tells whether a recorded inbound request was answered in this attempt.
func (r *Run) WasPlayed(record string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
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

// Artifact makes a file in the run's folder and lists it in the report. name is a relative path with
// forward slashes; its folders are made. An artifact of an earlier attempt is overwritten.
func (r *Run) Artifact(name string) (*os.File, error) {
	path, err := r.ArtifactPath(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, &Fault{Verdict: Environment, Err: fmt.Errorf("artifact %s: %w", name, err)}
	}
	return f, nil
}

// ArtifactPath is Artifact for those who write the file themselves.
func (r *Run) ArtifactPath(name string) (string, error) {
	path := filepath.Join(r.Dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", &Fault{Verdict: Environment, Err: fmt.Errorf("artifact %s: %w", name, err)}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.artifacts, name) {
		r.artifacts = append(r.artifacts, name)
	}
	return path, nil
}

// Collect registers a function that brings the metrics of something that runs up to date. It is
// called before each snapshot, until the registration is undone.
func (r *Run) Collect(c func(context.Context)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collectors = append(r.collectors, c)
}

// Guard says that the run cannot go on once ended is closed; why is then asked for the fault. The
// registration is undone like that of Collect.
func (r *Run) Guard(ended <-chan struct{}, why func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.guards = append(r.guards, guard{ended, why})
}

// guarded is a context that ends when something guarded does, with the fault as its cause. stop must
// be called; it waits for the watching goroutines.
func (r *Run) guarded(ctx context.Context) (guarded context.Context, stop func()) {
	r.mu.Lock()
	guards := slices.Clone(r.guards)
	r.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	for _, g := range guards {
		watching.Go(func() {
			select {
			case <-g.ended:
				cancel(g.why())
			case <-ctx.Done():
			}
		})
	}
	return ctx, func() {
		cancel(nil)
		watching.Wait()
	}
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
	r.mu.Lock()
	clear(r.played)
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

// Cleanup registers the undoing of something that was just started. Undoing runs in reverse order,
// each step under its own short time limit, also after cancellation.
func (r *Run) Cleanup(name string, do func(context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.undoing = append(r.undoing, undo{name, do})
}

// Emit sends an event to those who watch.
func (r *Run) Emit(e Event) {
	if e.Time.IsZero() {
		e.Time = r.Clock()
	}
	r.watch(e)
}

// mark remembers how much there is to undo and to collect, for a later unwind.
func (r *Run) mark() mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return mark{len(r.undoing), len(r.collectors), len(r.rewinders), len(r.guards)}
}

type mark struct{ undoing, collectors, rewinders, guards int }

// unwind undoes all that was registered since the mark, newest first, and returns what went wrong.
func (r *Run) unwind(ctx context.Context, m mark) error {
	r.mu.Lock()
	steps := slices.Clone(r.undoing[m.undoing:])
	r.undoing = r.undoing[:m.undoing]
	r.collectors = r.collectors[:m.collectors]
	r.rewinders = r.rewinders[:m.rewinders]
	r.guards = r.guards[:m.guards]
	r.mu.Unlock()
	var errs []error
	for _, u := range slices.Backward(steps) {
		stepCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		if err := u.do(stepCtx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.name, err))
		}
		cancel()
	}
	return errors.Join(errs...)
}

// Artifacts lists the run's files so far, sorted.
func (r *Run) Artifacts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.artifacts)
	slices.SortFunc(list, strings.Compare)
	return list
}
