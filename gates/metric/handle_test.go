package metric

import (
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHandle(t *testing.T) {
	r := registry(t)
	requests := r.Handle(Ref{"mocks", "pay", "requests"})
	rate := r.Handle(Ref{"mocks", "pay", "match_rate"})
	latency := r.Handle(replay("latency"))
	if got := r.Snapshot().All(); len(got) > 0 || len(r.Subjects("mocks")) > 0 {
		t.Errorf("finding metrics recorded %v and the subjects %v", got, r.Subjects("mocks"))
	}
	for range 2 {
		requests.Add(1)
		rate.Hit(1, 4)
		latency.Observe("a", 0.5)
		s := r.Snapshot()
		got := map[string]Point{}
		for _, ref := range []Ref{
			{"mocks", "pay", "requests"}, {"mocks", "pay", "match_rate"}, replay("latency_max"),
		} {
			got[ref.Name], _ = s.Get(ref)
		}
		want := map[string]Point{"requests": {1, 1}, "match_rate": {0.25, 1}, "latency_max": {0.5, 1}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after the handles were used: %s", diff)
		}
		r.Reset()
	}
	if diff := cmp.Diff([]string{"pay"}, r.Subjects("mocks")); diff != "" {
		t.Error(diff)
	}
}

func TestHandlesWhileForgotten(t *testing.T) {
	r := registry(t)
	h := r.Handle(replay("sent"))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				h.Add(1)
				r.Add(replay("sent"), 1)
				r.Snapshot()
			}
		})
	}
	group.Go(func() { r.Reset("replay") })
	group.Wait()
	r.Reset()
	h.Add(3)
	if p, ok := r.Snapshot().Get(replay("sent")); !ok || p.Value != 3 {
		t.Errorf("sent is %v, %t; want 3 after values were forgotten", p, ok)
	}
}

func BenchmarkRecord(b *testing.B) {
	r, err := New(declared()...)
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]string, 100_000)
	for i := range ids {
		ids[i] = "r" + strconv.Itoa(i)
	}
	latency := r.Handle(Ref{"endpoint", "GET /orders/{id}", "latency"})
	rate := r.Handle(replay("status_pass_rate"))
	b.Run("handle/hit", func(b *testing.B) {
		for b.Loop() {
			rate.Hit(1, 1)
		}
	})
	b.Run("reference/hit", func(b *testing.B) {
		for b.Loop() {
			r.Hit(replay("status_pass_rate"), 1, 1)
		}
	})
	b.Run("handle/observe", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			latency.Observe(ids[i%len(ids)], 0.0001*float64(i%977))
		}
	})
	b.Run("handle/observe new", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if i%len(ids) == 0 {
				r.Reset()
			}
			latency.Observe(ids[i%len(ids)], 0.0001*float64(i%977))
		}
	})
}
