package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/headgate-dev/headgate/engine"
)

func TestVerdictsAsJSON(t *testing.T) {
	codes := map[int]bool{}
	for _, v := range engine.Verdicts() {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var back engine.Verdict
		if err := json.Unmarshal(data, &back); err != nil || back != v {
			t.Errorf("%s became %s, %v", data, back, err)
		}
		if codes[v.ExitCode()] || v.Help() == "" {
			t.Errorf("%s: exit code %d, help %q", v, v.ExitCode(), v.Help())
		}
		codes[v.ExitCode()] = true
	}
	var v engine.Verdict
	for _, bad := range []string{`"splendid"`, `1`} {
		if json.Unmarshal([]byte(bad), &v) == nil {
			t.Errorf("%s is no verdict", bad)
		}
	}
}

func TestArtifactsOfAnEarlierAttemptAreOverwritten(t *testing.T) {
	w := newWorld(t, minimal)
	w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
		for _, text := range []string{"first and long", "second"} {
			f, err := r.Artifact("deep/er/file.txt")
			if err != nil {
				return err
			}
			_, err = f.WriteString(text)
			if err := errors.Join(err, f.Close()); err != nil {
				return err
			}
		}
		return nil
	}
	rep := w.play(t.Context())
	got, err := os.ReadFile(filepath.Join(rep.Dir, "deep", "er", "file.txt"))
	if err != nil || string(got) != "second" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestArtifactThatCannotBeWritten(t *testing.T) {
	w := newWorld(t, minimal)
	w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
		write(t, filepath.Join(r.Dir, "logs"), "a file where a folder is needed")
		_, err := r.Artifact("logs/app.log")
		return err
	}
	if rep := w.play(t.Context()); rep.Verdict != engine.Environment {
		t.Errorf("%s: %s", rep.Verdict, rep.Cause)
	}
}

// TestRunFromManyGoroutines is for the race detector: events must reach a reporter one at a time.
func TestRunFromManyGoroutines(t *testing.T) {
	w := newWorld(t, minimal)
	w.backends.run = func(_ context.Context, r *engine.Run, _ int) error {
		r.WatchMocks(func() (int64, int64) { return 5, 1 })
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				r.Emit(engine.Event{Kind: engine.Progressed})
				r.Note(engine.Backends, "a note")
				r.Follow("rec")
				r.Played("rec")
				r.Played("other")
				if !r.WasPlayed("rec") || r.WasPlayed("other") {
					t.Error("what is followed is played, and nothing else")
				}
				r.Publish("a", "b")
				r.Fingerprint("c", "d")
				if requests, misses := r.Mocked(); requests != 5 || misses != 1 {
					t.Errorf("%d requests, %d misses", requests, misses)
				}
			})
		}
		all.Wait()
		return nil
	}
	rep := w.play(t.Context())
	if n := len(w.watcher.texts(engine.Progressed)); n != 8 || rep.Fingerprint["c"] != "d" || len(rep.Notes) != 1 {
		t.Errorf("%d events, fingerprint %v, notes %q", n, rep.Fingerprint, rep.Notes)
	}
}
