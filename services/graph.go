package services

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// Task is one step of a bring-up.
type Task struct {
	// Name is unique among the tasks of a bring-up.
	Name string
	// Needs names the tasks that must be done first; a name that is no task is done already.
	Needs []string
	// Run does the step and returns when others may depend on it. It calls started, if anything is
	// started, as soon as it runs.
	Run func(ctx context.Context, started func()) error
}

// Step tells how a task of a bring-up went. All times count from the beginning of the bring-up.
type Step struct {
	Name  string
	Needs []string
	// Waited is when all that it needs was done, Started when it was started, Ready when it was done;
	// the last two are 0 where it did not come so far.
	Waited, Started, Ready time.Duration
}

// CycleError says that steps need one another.
type CycleError struct {
	// Path begins and ends with the same name; each needs the next.
	Path []string
}

func (e *CycleError) Error() string {
	return "they need one another: " + strings.Join(e.Path, " needs ")
}

// CheckOrder returns a [CycleError] where the tasks can be brought up in no order.
func CheckOrder(tasks []Task) error {
	needs := map[string][]string{}
	for _, t := range tasks {
		needs[t.Name] = t.Needs
	}
	done := map[string]bool{}
	for _, t := range tasks {
		if path := cycle(t.Name, needs, done, nil); path != nil {
			return &CycleError{Path: path}
		}
	}
	return nil
}

// cycle walks along what name needs; path are the names that lead to it.
func cycle(name string, needs map[string][]string, done map[string]bool, path []string) []string {
	if i := slices.Index(path, name); i >= 0 {
		return append(slices.Clone(path[i:]), name)
	}
	if done[name] {
		return nil
	}
	for _, next := range needs[name] {
		if found := cycle(next, needs, done, append(path, name)); found != nil {
			return found
		}
	}
	done[name] = true
	return nil
}

// BringUpError says which step failed and who waited for it. Error is that of the step, and the first
// who waited.
type BringUpError struct {
	Name string
	Err  error
	// Waiting are those that needed it, directly or not, with the time since they could first have
	// gone on, had it been there.
	Waiting []Waiting
}

// Waiting is a step that waited in vain.
type Waiting struct {
	Name string
	For  time.Duration
}

func (e *BringUpError) Error() string {
	if len(e.Waiting) == 0 {
		return e.Err.Error()
	}
	return fmt.Sprintf("%v; %s", e.Err, e.waiting())
}

func (e *BringUpError) waiting() string {
	names := make([]string, len(e.Waiting))
	for i, w := range e.Waiting {
		names[i] = w.Name
	}
	return fmt.Sprintf("%s waited for it, for %s", strings.Join(names, ", "),
		e.Waiting[0].For.Round(time.Millisecond))
}

func (e *BringUpError) Unwrap() error { return e.Err }

// BringUp does the tasks, each as soon as what it needs is done, and tells how each went. The first that
// fails ends the others; its error is a [BringUpError]. All have ended when BringUp returns, or panics with
// a [Panic] where a task did. The tasks must pass [CheckOrder].
func BringUp(ctx context.Context, tasks []Task) ([]Step, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b := &bringUp{begun: time.Now(), cancel: cancel, done: map[string]chan struct{}{}}
	for _, t := range tasks {
		b.done[t.Name] = make(chan struct{})
		b.steps = append(b.steps, Step{Name: t.Name, Needs: t.Needs})
	}
	var running sync.WaitGroup
	for i, t := range tasks {
		running.Go(func() { b.do(ctx, t, &b.steps[i]) })
	}
	running.Wait()
	if b.panicked != nil {
		panic(*b.panicked)
	}
	if b.failed == nil {
		return b.steps, context.Cause(ctx)
	}
	b.failed.Waiting = b.waiting(tasks)
	return b.steps, b.failed
}

type bringUp struct {
	begun  time.Time
	cancel context.CancelCauseFunc
	done   map[string]chan struct{}

	mu       sync.Mutex
	steps    []Step
	failed   *BringUpError
	failedAt time.Duration
	panicked *Panic
}

func (b *bringUp) do(ctx context.Context, t Task, s *Step) {
	defer b.recover()
	for _, need := range t.Needs {
		done, ok := b.done[need]
		if !ok {
			continue
		}
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
	if ctx.Err() != nil {
		return
	}
	b.note(&s.Waited)
	err := t.Run(ctx, func() { b.note(&s.Started) })
	if err != nil {
		b.fail(t.Name, err)
		return
	}
	b.note(&s.Ready)
	close(b.done[t.Name])
}

// recover keeps a panic for the goroutine that waits, which can still undo what was started.
func (b *bringUp) recover() {
	v := recover()
	if v == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.panicked = &Panic{Value: v, Trace: string(debug.Stack())}
	b.cancel(nil)
}

// Panic is what a task panicked with, and where.
type Panic struct {
	Value any
	// Trace is in the form of [debug.Stack].
	Trace string
}

func (p Panic) String() string { return fmt.Sprint(p.Value) }

// Stack is the trace.
func (p Panic) Stack() string { return p.Trace }

func (b *bringUp) note(at *time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*at = time.Since(b.begun)
}

// fail keeps the first error; those that follow come of the cancelling.
func (b *bringUp) fail(name string, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failed == nil {
		b.failed, b.failedAt = &BringUpError{Name: name, Err: err}, time.Since(b.begun)
		b.cancel(err)
	}
}

// waiting lists those that the failed step has kept from starting, directly or through others.
func (b *bringUp) waiting(tasks []Task) []Waiting {
	behind := map[string]bool{b.failed.Name: true}
	var list []Waiting
	for grown := true; grown; {
		grown = false
		for _, t := range tasks {
			if behind[t.Name] || !slices.ContainsFunc(t.Needs, func(n string) bool { return behind[n] }) {
				continue
			}
			behind[t.Name], grown = true, true
			list = append(list, Waiting{Name: t.Name, For: max(0, b.failedAt-b.others(t))})
		}
	}
	return list
}

// others is when the last of what a task needs was done, but for what was never done.
func (b *bringUp) others(t Task) (last time.Duration) {
	for _, s := range b.steps {
		if slices.Contains(t.Needs, s.Name) {
			last = max(last, s.Ready)
		}
	}
	return last
}

// Chain is the way through the steps that took longest, each needing the one before it, and the time from
// step to step that was spent in them.
func Chain(steps []Step) (names []string, took time.Duration) {
	byName := map[string]Step{}
	for _, s := range steps {
		byName[s.Name] = s
	}
	best := map[string]time.Duration{}
	before := map[string]string{}
	var upTo func(s Step) time.Duration
	upTo = func(s Step) time.Duration {
		if d, known := best[s.Name]; known {
			return d
		}
		var longest time.Duration
		for _, need := range s.Needs {
			if n, ok := byName[need]; ok && upTo(n) >= longest {
				longest, before[s.Name] = upTo(n), need
			}
		}
		best[s.Name] = longest + max(0, s.Ready-s.Waited)
		return best[s.Name]
	}
	last := ""
	for _, s := range steps {
		if d := upTo(s); last == "" || d > took {
			last, took = s.Name, d
		}
	}
	for name := last; name != ""; name = before[name] {
		names = append(names, name)
	}
	slices.Reverse(names)
	return names, took
}
