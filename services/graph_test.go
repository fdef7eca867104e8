package services_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/services"
)

func TestCheckOrder(t *testing.T) {
	cases := map[string]struct {
		needs map[string][]string
		want  string
	}{
		"none":   {map[string][]string{"a": nil, "b": {"a"}, "c": {"a", "b"}}, ""},
		"itself": {map[string][]string{"a": {"a"}}, "they need one another: a needs a"},
		"around": {
			map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"a"}}, "they need one another: a needs b needs c needs a",
		},
		"behind another": {
			map[string][]string{"a": {"b"}, "b": {"c"}, "c": {"b"}}, "they need one another: b needs c needs b",
		},
		"done already": {map[string][]string{"a": {"elsewhere"}}, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var tasks []services.Task
			for _, n := range []string{"a", "b", "c"} {
				if needs, ok := c.needs[n]; ok {
					tasks = append(tasks, services.Task{Name: n, Needs: needs})
				}
			}
			got := ""
			if err := services.CheckOrder(tasks); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func nothing(context.Context, func()) error { return nil }

// Two that need nothing of one another must run at the same time: each waits for the other.
func TestBringUpIsParallel(t *testing.T) {
	a, b := make(chan struct{}), make(chan struct{})
	meet := func(mine, other chan struct{}) func(context.Context, func()) error {
		return func(ctx context.Context, started func()) error {
			started()
			close(mine)
			select {
			case <-other:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	steps, err := services.BringUp(t.Context(), []services.Task{
		{Name: "last", Needs: []string{"a", "b", "elsewhere"}, Run: nothing},
		{Name: "a", Run: meet(a, b)},
		{Name: "b", Run: meet(b, a)},
	})
	if err != nil {
		t.Fatal(err)
	}
	last, first := steps[0], steps[1]
	if last.Waited < first.Ready || first.Started == 0 || last.Started != 0 || last.Ready < last.Waited {
		t.Errorf("steps %+v", steps)
	}
}

func TestBringUpFailure(t *testing.T) {
	cancelled, runs := false, make(chan struct{})
	boom := errors.New("boom")
	_, err := services.BringUp(t.Context(), []services.Task{
		{Name: "db", Run: func(context.Context, func()) error {
			<-runs
			return fmt.Errorf("db: %w", boom)
		}},
		{Name: "beside", Run: func(ctx context.Context, _ func()) error {
			close(runs)
			<-ctx.Done()
			cancelled = true
			return ctx.Err()
		}},
		{Name: "orders", Needs: []string{"db"}, Run: func(context.Context, func()) error { t.Error("was run"); return nil }},
		{Name: "web", Needs: []string{"orders"}, Run: nothing},
	})
	var failed *services.BringUpError
	if !errors.As(err, &failed) || !errors.Is(err, boom) || !cancelled {
		t.Fatalf("error %v, cancelled %v", err, cancelled)
	}
	want := []services.Waiting{{Name: "orders"}, {Name: "web"}}
	if diff := cmp.Diff(want, failed.Waiting, cmpopts.IgnoreFields(services.Waiting{}, "For")); diff != "" {
		t.Error(diff)
	}
}

// A task that needed something else as well has not waited for the failed one before that was there.
func TestBringUpTellsHowLongWasWaited(t *testing.T) {
	slow := make(chan struct{})
	_, err := services.BringUp(t.Context(), []services.Task{
		{Name: "slow", Run: func(context.Context, func()) error {
			time.Sleep(100 * time.Millisecond)
			close(slow)
			return nil
		}},
		{Name: "db", Run: func(context.Context, func()) error {
			<-slow
			return errors.New("boom")
		}},
		{Name: "both", Needs: []string{"db", "slow"}, Run: nothing},
		{Name: "one", Needs: []string{"db"}, Run: nothing},
	})
	var failed *services.BringUpError
	if !errors.As(err, &failed) || len(failed.Waiting) != 2 {
		t.Fatal(err)
	}
	both, one := failed.Waiting[0].For, failed.Waiting[1].For
	if one < 100*time.Millisecond || both > one-50*time.Millisecond {
		t.Errorf("waited %s and %s", both, one)
	}
}

// A panic must reach whoever can undo what the others have started, once they have ended.
func TestBringUpPanics(t *testing.T) {
	runs, ended := make(chan struct{}), false
	defer func() {
		v, ok := recover().(services.Panic)
		if !ok || fmt.Sprint(v) != "a bug" || !strings.Contains(v.Stack(), "graph_test.go") || !ended {
			t.Errorf("recovered %v, the others have ended: %v", v, ended)
		}
	}()
	_, err := services.BringUp(t.Context(), []services.Task{
		{Name: "bad", Run: func(context.Context, func()) error {
			<-runs
			panic("a bug")
		}},
		{Name: "beside", Run: func(ctx context.Context, _ func()) error {
			close(runs)
			<-ctx.Done()
			ended = true
			return ctx.Err()
		}},
	})
	t.Errorf("it returned %v", err)
}

func TestBringUpCancelled(t *testing.T) {
	stop := errors.New("stop")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := services.BringUp(ctx, []services.Task{
		{Name: "a", Run: func(context.Context, func()) error { cancel(stop); return nil }},
		{Name: "b", Needs: []string{"a"}, Run: nothing},
	})
	if !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}

func TestChain(t *testing.T) {
	ms := time.Millisecond
	names, took := services.Chain([]services.Step{
		{Name: "web", Needs: []string{"db", "cache"}, Waited: 80 * ms, Ready: 100 * ms},
		{Name: "db", Waited: 0, Ready: 80 * ms},
		{Name: "cache", Waited: 0, Ready: 30 * ms},
		{Name: "alone", Waited: 0, Ready: 90 * ms},
	})
	if diff := cmp.Diff([]string{"db", "web"}, names); diff != "" || took != 100*ms {
		t.Errorf("%s took %s", diff, took)
	}
}
