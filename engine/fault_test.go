package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

func TestFaults(t *testing.T) {
	boom := errors.New("boom")
	cases := map[string]struct {
		err     error
		verdict engine.Verdict
		cause   string
	}{
		"failed":      {&engine.Fault{Verdict: engine.Failed, Err: boom}, engine.Failed, "failed: boom"},
		"environment": {&engine.Fault{Verdict: engine.Environment, Err: boom}, engine.Environment, "environment: boom"},
		"invalid":     {&engine.Fault{Verdict: engine.Invalid, Err: boom}, engine.Invalid, "invalid: boom"},
		"wrapped": {
			fmt.Errorf("in a phase: %w", &engine.Fault{Verdict: engine.SUT, Err: boom}), engine.SUT, "sut: boom",
		},
		"none": {boom, engine.Internal, "internal: boom"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
				w.undo(r, "app")
				return c.err
			}
			rep := w.play(t.Context())
			w.want(rep, c.verdict, c.cause)
			if !slices.Equal(w.undone, []string{"app"}) || len(w.watcher.finished) != 1 || w.inbound.attempts != 0 {
				t.Errorf("undone %q, reported %d times", w.undone, len(w.watcher.finished))
			}
			if got := rep.Phases[3]; got.Outcome != gates.Skipped || got.Why != "not reached" {
				t.Errorf("replay: %+v", got)
			}
			if !slices.Contains(rep.Artifacts, "metrics.json") {
				t.Errorf("artifacts %q", rep.Artifacts)
			}
		})
	}
}

func TestPanics(t *testing.T) {
	cases := map[string]func(w *world){
		"phase": func(w *world) {
			w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
				w.undo(r, "app")
				panic("at the disco")
			}
		},
		"collector": func(w *world) {
			w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
				w.undo(r, "app")
				r.Collect(func(context.Context) { panic("at the disco") })
				return nil
			}
		},
		"telling": func(w *world) {
			w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
				w.undo(r, "app")
				return nil
			}
			w.sut.tell = func(*engine.Run, *engine.Report) { panic("at the disco") }
		},
	}
	for name, set := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			set(w)
			rep := w.play(t.Context())
			w.want(rep, engine.Internal, "internal: panic: at the disco")
			if !slices.Equal(w.undone, []string{"app"}) || len(w.watcher.finished) != 1 {
				t.Errorf("undone %q, reported %d times", w.undone, len(w.watcher.finished))
			}
			if !slices.ContainsFunc(rep.Details, func(l string) bool { return strings.Contains(l, "fault_test.go") }) {
				t.Errorf("the stack does not lead to the panic: %q", rep.Details)
			}
		})
	}
}

func TestSignals(t *testing.T) {
	cases := map[string]struct {
		signal  os.Signal
		verdict engine.Verdict
	}{
		"SIGINT":  {syscall.SIGINT, engine.Interrupted},
		"SIGTERM": {syscall.SIGTERM, engine.Terminated},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			ctx, cancel := context.WithCancelCause(t.Context())
			w.sut.run = func(ctx context.Context, r *engine.Run, _ int) error {
				w.undo(r, "app")
				cancel(&engine.SignalError{Signal: c.signal})
				<-ctx.Done()
				return &engine.Fault{Verdict: engine.SUT, Err: ctx.Err()}
			}
			rep := w.play(ctx)
			w.want(rep, c.verdict, c.verdict.String()+": stopped by "+name)
			if !slices.Equal(w.undone, []string{"app"}) || len(w.watcher.finished) != 1 {
				t.Errorf("undone %q, reported %d times", w.undone, len(w.watcher.finished))
			}
		})
	}
}

func TestUndoing(t *testing.T) {
	w := newWorld(t, minimal)
	ctx, cancel := context.WithCancel(t.Context())
	w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
		w.undo(r, "first")
		r.Cleanup("broken", func(context.Context) error { return errors.New("still busy") })
		r.Cleanup("panics", func(context.Context) error { panic("no") })
		r.Cleanup("bounded", func(ctx context.Context) error {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok || ctx.Err() != nil || left <= 0 || left > time.Minute {
				t.Errorf("deadline %v in %v, %v", ok, left, ctx.Err())
			}
			w.undone = append(w.undone, "bounded")
			return nil
		})
		cancel()
		return &engine.Fault{Verdict: engine.Environment, Err: errors.New("gone")}
	}
	rep, err := w.tryPlay(ctx)
	if err == nil || err.Error() != "panics: panic: no\nbroken: still busy" {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(w.undone, []string{"bounded", "first"}) || len(w.watcher.finished) != 1 {
		t.Errorf("undone %q", w.undone)
	}
	if len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0], "still busy") {
		t.Errorf("notes %q", rep.Notes)
	}
}

func TestTimeLimit(t *testing.T) {
	w := newWorld(t, minimal)
	w.backends.timeout = time.Millisecond
	w.backends.run = func(ctx context.Context, _ *engine.Run, _ int) error {
		<-ctx.Done()
		return ctx.Err()
	}
	w.want(w.play(t.Context()), engine.Environment, "environment: not done within 1ms")
}

func TestGuard(t *testing.T) {
	died := &engine.Fault{Verdict: engine.SUT, Err: errors.New("svc died"), Details: []string{"panic: nil map"}}
	cases := map[string]func(ctx context.Context, ended chan struct{}) error{
		"interrupts a phase": func(ctx context.Context, ended chan struct{}) error {
			close(ended)
			<-ctx.Done()
			return ctx.Err()
		},
		"after the last request": func(_ context.Context, ended chan struct{}) error {
			close(ended)
			return nil
		},
	}
	for name, phase := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			ended := make(chan struct{})
			w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
				r.Guard(ended, func() error { return died })
				return nil
			}
			w.inbound.run = func(ctx context.Context, r *engine.Run, _ int) error {
				r.Metrics.Hit(replayRef("status"), 10, 10)
				return phase(ctx, ended)
			}
			rep := w.play(t.Context())
			w.want(rep, engine.SUT, "sut: svc died")
			if !slices.Equal(rep.Details, died.Details) || rep.Gates[0].Outcome != gates.Passed {
				t.Errorf("details %q, gate %s", rep.Details, rep.Gates[0].Outcome)
			}
		})
	}
}

func TestReporterThatFails(t *testing.T) {
	w := newWorld(t, minimal)
	w.watcher.err = errors.New("no space left")
	second := &watcher{}
	w.Reporters = append(w.Reporters, second)
	rep, err := w.tryPlay(t.Context())
	if !errors.Is(err, w.watcher.err) || rep.Verdict != engine.Environment || len(second.finished) != 2 {
		t.Errorf("error %v, verdict %s, second reporter %d times", err, rep.Verdict, len(second.finished))
	}
}

func TestFolderThatCannotBeMade(t *testing.T) {
	w := newWorld(t, minimal)
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	rep, err := w.Run(t.Context(), engine.Options{Dir: filepath.Join(file, "run"), Clock: time.Now})
	var fault *engine.Fault
	if rep != nil || !errors.As(err, &fault) || fault.Verdict != engine.Environment || fault.Hint == "" {
		t.Errorf("report %v, error %v", rep, err)
	}
}
