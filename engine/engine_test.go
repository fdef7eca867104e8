package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates"
)

const minimal = "replay: {target: 'http://127.0.0.1:1', traffic: x}\n"

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPassedRun(t *testing.T) {
	w := newWorld(t, minimal)
	w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
		w.undo(r, "mock")
		r.Publish("mocks.pay.url", "http://127.0.0.1:1")
		r.Note(engine.Backends, "told %s", "once")
		r.Note(engine.Sut, "told once")
		f, err := r.Artifact("logs/mock.log")
		if err != nil {
			return err
		}
		return f.Close()
	}
	w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
		if url, ok := r.Lookup("mocks.pay.url"); !ok || url != "http://127.0.0.1:1" {
			t.Errorf("published value: %q, %v", url, ok)
		}
		w.undo(r, "app")
		return nil
	}
	w.Hold = func(_ context.Context, r *engine.Run) {
		if len(w.undone) > 0 || !slices.Equal(r.Published(), []string{"mocks.pay.url=http://127.0.0.1:1"}) {
			t.Errorf("held with %q undone and %q published", w.undone, r.Published())
		}
		w.undone = append(w.undone, "held")
	}
	rep := w.play(t.Context())
	w.want(rep, engine.Passed, "passed: 10 of 10 answers as recorded, 1 gate holds")
	w.wantPhases(rep, "backends 1 passed ", "sut 1 passed ", "quality_gates 1 passed ", "replay 1 passed ")
	if diff := cmp.Diff([]string{"held", "app", "mock"}, w.undone); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"told once"}, rep.Notes); diff != "" {
		t.Error(diff)
	}
	want := []string{"logs/mock.log", "metrics.json", "pipeline.effective.yaml", "watched.txt"}
	if diff := cmp.Diff(want, rep.Artifacts); diff != "" {
		t.Error(diff)
	}
	for _, name := range want[:3] {
		if _, err := os.Stat(filepath.Join(rep.Dir, name)); err != nil {
			t.Error(err)
		}
	}
	if rep.Seed != 7 || rep.Pipeline != "shop" || rep.Reproduce != "again" || rep.Flaky || rep.Seconds <= 0 {
		t.Errorf("report %+v", rep)
	}
	if len(w.watcher.finished) != 1 || w.watcher.finished[0] != rep {
		t.Errorf("reported %d times", len(w.watcher.finished))
	}
	if got := w.watcher.texts(engine.Note); !slices.Equal(got, []string{"told once", rep.Cause}) {
		t.Errorf("notes %q", got)
	}
}

func TestStages(t *testing.T) {
	part := "inconclusive: only a part was run: backends was left out by --from sut"
	cases := map[string]struct {
		stages   engine.Stages
		idle     bool // backends has nothing to do
		cause    string
		attempts [4]int
	}{
		"from":           {engine.Stages{From: engine.Sut}, false, part, [4]int{0, 1, 1, 1}},
		"from, all else": {engine.Stages{From: engine.Sut}, true, "", [4]int{0, 1, 1, 1}},
		"until": {
			engine.Stages{Until: engine.Sut},
			false,
			"inconclusive: nothing was replayed: left out by --until sut",
			[4]int{1, 1, 0, 0},
		},
		"only": {
			engine.Stages{Only: engine.Replay},
			false,
			"inconclusive: only a part was run: backends was left out by --only replay",
			[4]int{0, 0, 0, 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			w.Stages = c.stages
			w.backends.gates = w.compile(engine.Backends, "mocks", `match_rate: "== 1"`)
			w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
				r.Metrics.Hit(w.backends.gates[0].Refs[0], 1, 1)
				return nil
			}
			if c.idle {
				w.backends.skip, w.backends.gates = "no backends", nil
			}
			rep := w.play(t.Context())
			got := [4]int{w.backends.attempts, w.sut.attempts, w.quality.attempts, w.inbound.attempts}
			if got != c.attempts {
				t.Errorf("attempts %v, want %v", got, c.attempts)
			}
			if c.cause == "" {
				w.want(rep, engine.Passed, "passed: 10 of 10 answers as recorded, 1 gate holds")
			} else {
				w.want(rep, engine.Inconclusive, c.cause)
			}
		})
	}
}

func TestSkippedReplayIsNoPass(t *testing.T) {
	w := newWorld(t, minimal)
	w.sut.gates = w.compile(engine.Sut, "apps", `ready: "true"`)
	w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
		r.Metrics.SetFlag(appRef("ready"), true)
		return nil
	}
	w.quality.skip, w.inbound.skip, w.quality.tell, w.quality.gates = "no replay", "no replay", nil, nil
	rep := w.play(t.Context())
	w.want(rep, engine.Inconclusive, "inconclusive: nothing was replayed: no replay")
	w.wantPhases(rep, "backends 1 passed ", "sut 1 passed ", "quality_gates 0 skipped no replay",
		"replay 0 skipped no replay")
}

func TestStandingGates(t *testing.T) {
	t.Run("a promise is broken later", func(t *testing.T) {
		w := newWorld(t, minimal)
		w.sut.gates = w.compile(engine.Sut, "apps", `mem: {expr: "mem <= 100", on_fail: {goto: stop}}`)
		w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
			r.Metrics.Set(appRef("mem"), 50)
			return nil
		}
		w.quality.run = func(_ context.Context, r *engine.Run, _ int) error {
			r.Metrics.Set(appRef("mem"), 500)
			return nil
		}
		rep := w.play(t.Context())
		if rep.Verdict != engine.Failed || rep.Gates[0].Outcome != gates.Failed || w.inbound.attempts != 0 {
			t.Errorf("verdict %s, gate %s, %d replays", rep.Verdict, rep.Gates[0].Outcome, w.inbound.attempts)
		}
	})
	t.Run("evidence stays", func(t *testing.T) {
		w := newWorld(t, minimal)
		w.backends.gates = w.compile(engine.Backends, "mocks", `match_rate: "== 1"`)
		ref := w.backends.gates[0].Refs[0]
		w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
			r.Metrics.Hit(ref, 3, 3)
			return nil
		}
		w.sut.run = func(_ context.Context, r *engine.Run, _ int) error {
			r.Metrics.Reset("mocks")
			return nil
		}
		rep := w.play(t.Context())
		w.want(rep, engine.Passed, "passed: 10 of 10 answers as recorded, 2 gates hold")
		if g := rep.Gates[0]; g.N != 3 || g.Value == nil || *g.Value != 1 {
			t.Errorf("gate %+v", g)
		}
	})
}

func TestNeverAPass(t *testing.T) {
	cases := map[string]struct {
		accounting engine.Accounting
		gates      string
		verdict    engine.Verdict
		cause      string
	}{
		"accounting is off": {
			engine.Accounting{Planned: 10, Matched: 9},
			`status: "== 1"`,
			engine.Internal, "accounting is off: 10 requests planned, 9 accounted for",
		},
		"nothing planned": {
			engine.Accounting{}, `status: "== 1"`, engine.Inconclusive, "inconclusive: no request was replayed",
		},
		"nothing enforced": {
			engine.Accounting{Planned: 1, Matched: 1},
			`status: {expr: "replay.status == 1", severity: warn}`,
			engine.Inconclusive, "inconclusive: no gate was enforced",
		},
		"no evidence": {
			engine.Accounting{Planned: 1, Matched: 1},
			`body: "== 1"`,
			engine.Inconclusive, "inconclusive: gate body has no verdict: ",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, minimal)
			w.quality.gates = w.compile(engine.Quality, "replay", c.gates)
			w.quality.tell = func(_ *engine.Run, rep *engine.Report) { rep.Accounting = c.accounting }
			rep := w.play(t.Context())
			if strings.HasSuffix(c.cause, ": ") && strings.HasPrefix(rep.Cause, c.cause) {
				c.cause = rep.Cause
			}
			w.want(rep, c.verdict, c.cause)
		})
	}
}

func TestEventsAreInOrder(t *testing.T) {
	w := newWorld(t, minimal)
	w.play(t.Context())
	var got []string
	for _, e := range w.watcher.events {
		got = append(got, fmt.Sprintf("%d %s", e.Kind, e.Phase))
	}
	want := []string{
		"0 ", "1 backends", "5 backends", "1 sut", "5 sut", "1 quality_gates", "5 quality_gates",
		"1 replay", "4 replay", "5 replay", "7 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
