package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

// flaky has the gate of the application fail in the first attempts.
func flaky(w *world, fails int) {
	w.sut.gates = w.compile(engine.Sut, "apps", `lean: {expr: "mem <= 100"}`)
	w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
		w.undo(r, "mock")
		r.OnRewind(func(context.Context) error {
			w.undone = append(w.undone, "rewound")
			return nil
		})
		return nil
	}
	w.sut.run = func(_ context.Context, r *engine.Run, attempt int) error {
		r.Follow("rec")
		if r.WasPlayed("rec") {
			w.t.Error("the last attempt's requests still count")
		}
		r.Played("rec")
		w.undo(r, fmt.Sprint("app ", attempt))
		r.Metrics.Set(appRef("mem"), float64(1000/attempt))
		if attempt > fails {
			r.Metrics.Set(appRef("mem"), 50)
		}
		return nil
	}
}

func TestRollback(t *testing.T) {
	cases := map[string]struct {
		file    string
		fails   int
		verdict engine.Verdict
		cause   string
		undone  []string
	}{
		"second try": {
			minimal, 1, engine.Passed,
			"passed: 10 of 10 answers as recorded, 2 gates hold, but only after a retry (flaky)",
			[]string{"app 1", "rewound", "app 2", "mock"},
		},
		"bounded": {
			minimal, 5, engine.Failed, "failed: gate svc.lean (mem <= 100): measured 500B, limit 100B",
			[]string{"app 1", "rewound", "app 2", "mock"},
		},
		"more retries": {
			minimal + "on_failure: {retries: 3}\n", 2, engine.Passed,
			"passed: 10 of 10 answers as recorded, 2 gates hold, but only after a retry (flaky)",
			[]string{"app 1", "rewound", "app 2", "rewound", "app 3", "mock"},
		},
		"none": {
			minimal + "on_failure: {rollback: none}\n", 1, engine.Failed,
			"failed: gate svc.lean (mem <= 100): measured 1000B, limit 100B",
			[]string{"app 1", "mock"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.file)
			flaky(w, c.fails)
			rep := w.play(t.Context())
			w.want(rep, c.verdict, c.cause)
			if rep.Flaky != (c.verdict == engine.Passed) {
				t.Errorf("flaky is %v", rep.Flaky)
			}
			if diff := cmp.Diff(c.undone, w.undone); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRollbackToBackendsStartsTheCountsAnew(t *testing.T) {
	w := newWorld(t, minimal)
	w.quality.gates = w.compile(engine.Quality, "replay",
		`status: {expr: "replay.status == 1", on_fail: {goto: backends}}`)
	w.inbound.run = func(_ context.Context, r *engine.Run, attempt int) error {
		r.Metrics.Hit(replayRef("status"), int64(8+attempt), 10)
		return nil
	}
	rep := w.play(t.Context())
	w.want(rep, engine.Passed, "passed: 10 of 10 answers as recorded, 1 gate holds, but only after a retry (flaky)")
	w.wantPhases(rep, "backends 2 passed ", "sut 2 passed ", "quality_gates 2 passed ", "replay 2 passed ")
	if got := w.watcher.texts(engine.RolledBack); !slices.Equal(got, []string{"status failed: back to backends"}) {
		t.Errorf("rolled back: %q", got)
	}
}

func TestRetryThatCannotStart(t *testing.T) {
	w := newWorld(t, minimal)
	w.quality.gates = w.compile(engine.Quality, "replay", `status: {expr: "replay.status == 1", on_fail: {goto: sut}}`)
	w.quality.run = func(_ context.Context, r *engine.Run, _ int) error {
		r.Metrics.Hit(replayRef("status"), 0, 10)
		return nil
	}
	w.sut.run = func(_ context.Context, _ *engine.Run, attempt int) error {
		if attempt == 2 {
			return &engine.Fault{Verdict: engine.SUT, Err: errors.New("svc died")}
		}
		return nil
	}
	rep := w.play(t.Context())
	w.want(rep, engine.SUT, "sut: svc died")
	w.wantPhases(rep, "backends 1 passed ", "sut 2 errored svc died", "quality_gates 1 skipped not reached again",
		"replay 0 skipped not reached")
	if got := rep.Gates[0]; got.Outcome != gates.Skipped {
		t.Errorf("the gate of a phase that was not reached again is %s", got.Outcome)
	}
}

// What an attempt has left must not be judged as if it were of the next one.
func TestRetryThatCannotBegin(t *testing.T) {
	broken := func(context.Context) error { return errors.New("it is stuck") }
	cases := map[string]struct {
		backends, sut func(r *engine.Run)
		note          string
	}{
		"not put back": {func(r *engine.Run) { r.OnRewind(broken) }, func(*engine.Run) {}, "it is stuck"},
		"not undone":   {func(*engine.Run) {}, func(r *engine.Run) { r.Cleanup("svc", broken) }, "svc: it is stuck"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			flaky(w, 1)
			run := w.sut.run
			w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
				c.backends(r)
				return nil
			}
			w.sut.run = func(ctx context.Context, r *engine.Run, attempt int) error {
				c.sut(r)
				return run(ctx, r, attempt)
			}
			rep := w.play(t.Context())
			w.want(rep, engine.Failed, "failed: gate svc.lean (mem <= 100): measured 1000B, limit 100B")
			if !slices.Contains(rep.Notes, "it cannot be tried again: "+c.note) || w.sut.attempts != 1 {
				t.Errorf("%d attempts, notes %q", w.sut.attempts, rep.Notes)
			}
		})
	}
}
