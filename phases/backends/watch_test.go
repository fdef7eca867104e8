package backends

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/engine"
)

// TestWatch lists what the mocks are asked for after some calls that do not count.
func TestWatch(t *testing.T) {
	s := newStage(t)
	s.capture(t, "out.jsonl", payments()...)
	p, phase, ds := s.load(t, "  mocks: [{name: pay, stubs: out.jsonl}]\n")
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	var got []Call
	run := func(ctx context.Context, r *engine.Run) error {
		steps := func(list ...[3]string) {
			for _, c := range list {
				if _, err := ask(ctx, r, c[0], c[1], c[2]); err != nil {
					t.Error(err)
				}
			}
		}
		steps([3]string{"GET", "/limits/7", ""}, [3]string{"GET", "/nowhere", ""})
		since := phase.Watch("in-2")
		steps([3]string{"GET", "/limits/7", ""}, [3]string{"POST", "/charges", `{"amount":3}`})
		steps([3]string{"GET", "/nowhere", ""})
		got = since()
		return nil
	}
	e := &engine.Engine{Pipeline: p, Phases: []engine.Phase{phase, &app{run: run}}}
	if _, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now}); err != nil {
		t.Fatal(err)
	}
	want := []Call{
		{Mock: "pay", Stub: "GET /limits/7", Made: 1, Recorded: 1},
		{Mock: "pay", Stub: "POST /charges #2", Made: 0, Recorded: 1},
		{Mock: "pay", Made: 1, Miss: &engine.MockMiss{Request: "GET /nowhere", Count: 1}},
		{Mock: "pay", Made: 1, Miss: &engine.MockMiss{
			Request: "POST /charges", Count: 1, Changed: true, Suggestion: `match: {ignore: {json: ["$.amount"]}}`,
		}},
	}
	ignored := cmpopts.IgnoreFields(engine.MockMiss{}, "Nearest", "Differs")
	if diff := cmp.Diff(want, got, ignored); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
