package replay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// sender answers after a while and remembers what it saw. In a synctest bubble the while is exact.
type sender struct {
	takes func(r *traffic.Request) time.Duration
	fails func(r *traffic.Request) error

	mu           sync.Mutex
	order        []string
	now, highest int
}

func (s *sender) Send(ctx context.Context, r *traffic.Request) (*traffic.Response, error) {
	s.mu.Lock()
	s.order = append(s.order, r.URL)
	s.now++
	s.highest = max(s.highest, s.now)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
	}()
	if s.takes != nil {
		select {
		case <-time.After(s.takes(r)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s.fails != nil {
		if err := s.fails(r); err != nil {
			return nil, err
		}
	}
	return &traffic.Response{Status: 200}, nil
}

// results collects what a player tells, by record.
type results struct {
	mu sync.Mutex
	m  map[string]*Result
	n  int
}

func (c *results) add(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[string]*Result)
	}
	c.m[r.Record.ID] = r
	c.n++
}

// buckets counts the ends; it fails where a record has none or more than one.
func (c *results) buckets(t *testing.T, set *traffic.Set) map[Bucket]int {
	t.Helper()
	if c.n != set.Len() || len(c.m) != set.Len() {
		t.Errorf("%d records, %d results, %d distinct", set.Len(), c.n, len(c.m))
	}
	counts := make(map[Bucket]int)
	for _, r := range c.m {
		counts[r.Bucket]++
		if (r.Response == nil) == (r.Err == nil) {
			t.Errorf("%s has response %v and error %v", r.Record.ID, r.Response, r.Err)
		}
	}
	return counts
}

func constant(d time.Duration) func(*traffic.Request) time.Duration {
	return func(*traffic.Request) time.Duration { return d }
}

func TestPlayOnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := setOf(t, "0 10 11", "5 6")
		var got results
		p := Player{
			Sender: &sender{takes: constant(200 * time.Millisecond)}, Pacing: Pacing{Scale: 10, Concurrency: 2},
		}
		start := time.Now()
		if err := p.Play(t.Context(), Of(set), Hooks{OnResult: got.add}.Follow); err != nil {
			t.Fatal(err)
		}
		type line struct{ Due, Sent, Lateness, Latency time.Duration }
		const ms = time.Millisecond
		want := map[string]line{
			"0.0": {0, 0, 0, 200 * ms},
			"0.1": {1000 * ms, 1000 * ms, 0, 200 * ms},
			"0.2": {1100 * ms, 1200 * ms, 100 * ms, 200 * ms}, // waits for the answer before it
			"1.0": {500 * ms, 500 * ms, 0, 200 * ms},
			"1.1": {600 * ms, 700 * ms, 100 * ms, 200 * ms},
		}
		lines := make(map[string]line)
		for id, r := range got.m {
			lines[id] = line{r.Due, r.Sent, r.Lateness, r.Latency}
			if !r.SentAt.Equal(start.Add(r.Sent)) || r.Queued != 0 {
				t.Errorf("%s: sent at %s, queued %s", id, r.SentAt, r.Queued)
			}
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("times (-want +got):\n%s", diff)
		}
	})
}

func TestPlayQueuedSessionShifts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := setOf(t, "0 9", "1 4")
		var got results
		p := Player{Sender: &sender{takes: constant(time.Second)}, Pacing: Pacing{Concurrency: 1}}
		start := time.Now()
		if err := p.Play(t.Context(), Of(set), Hooks{OnResult: got.add}.Follow); err != nil {
			t.Fatal(err)
		}
		predicted, err := p.Pacing.Duration(Of(set).Marks)
		if took := time.Since(start); took != predicted || err != nil {
			t.Errorf("took %s, predicted %s, %v", took, predicted, err)
		}
		for id, want := range map[string]time.Duration{"1.0": 10 * time.Second, "1.1": 13 * time.Second} {
			if r := got.m[id]; r.Sent != want || r.Due != want || r.Lateness != 0 || r.Queued != 9*time.Second {
				t.Errorf("%s: due %s, sent %s, late %s, queued %s", id, r.Due, r.Sent, r.Lateness, r.Queued)
			}
		}
	})
}

func TestPlayRateHoldsForLateSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The first answer takes so long that all later requests of the session are late at once.
		slowStart := func(r *traffic.Request) time.Duration {
			if r.URL == "/0/0" {
				return 10 * time.Second
			}
			return 0
		}
		set := setOf(t, "0 1 2 3 4")
		var got results
		p := Player{Sender: &sender{takes: slowStart}, Pacing: Pacing{Rate: 2}}
		if err := p.Play(t.Context(), Of(set), Hooks{OnResult: got.add}.Follow); err != nil {
			t.Fatal(err)
		}
		var sent []time.Duration
		for i := range 5 {
			sent = append(sent, got.m[fmt.Sprint("0.", i)].Sent)
		}
		want := []time.Duration{0, 10e9, 10.5e9, 11e9, 11.5e9}
		if diff := cmp.Diff(want, sent); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}

func TestPlayMax(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := slices.Repeat([]string{"0 100 200"}, 40)
		set := setOf(t, sessions...)
		s := &sender{takes: constant(time.Second)}
		var got results
		p := Player{Sender: s, Pacing: Pacing{Scale: Max(), Concurrency: 8}}
		start := time.Now()
		if err := p.Play(t.Context(), Of(set), Hooks{OnResult: got.add}.Follow); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 15*time.Second || s.highest != 8 {
			t.Errorf("took %s, %d at a time", took, s.highest)
		}
		for id, r := range got.m {
			if r.Lateness != 0 || r.Queued != 0 || r.Due != r.Sent {
				t.Errorf("%s: due %s, sent %s, late %s, queued %s", id, r.Due, r.Sent, r.Lateness, r.Queued)
			}
		}
	})
}

func TestPlayKeepsOrderAndHooksTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := setOf(t, "0 1 2", "0 1 2", "0 1 2")
		var mu sync.Mutex
		calls := make(map[string][]string)
		call := func(session, what string, i int) {
			mu.Lock()
			defer mu.Unlock()
			calls[session] = append(calls[session], fmt.Sprint(what, i))
		}
		hooks := Hooks{
			OnBefore: func(step *Step) *traffic.Request {
				r := step.Record.Request
				call(step.Session, "before", step.Index)
				return &traffic.Request{Method: r.Method, URL: r.URL + "?new", Header: http.Header{"A": {"b"}}}
			},
			OnResult: func(r *Result) { call(r.Session, "result", r.Index) },
		}
		s := &sender{takes: constant(5 * time.Second)}
		p := Player{Sender: s, Pacing: Pacing{Concurrency: 3}}
		if err := p.Play(t.Context(), Of(set), hooks.Follow); err != nil {
			t.Fatal(err)
		}
		turns := []string{"before0", "result0", "before1", "result1", "before2", "result2"}
		if diff := cmp.Diff(map[string][]string{"s0": turns, "s1": turns, "s2": turns}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		if !slices.Contains(s.order, "/1/2?new") || set.Sessions[1].Records[2].Request.URL != "/1/2" {
			t.Errorf("sent %v, recorded %+v", s.order, set.Sessions[1].Records[2].Request)
		}
	})
}

func TestPlayGoesOnAfterErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := setOf(t, "0 1 2 3", "0")
		set.Sessions[1].Records[0].Request.Method = "CONNECT"
		refused := errors.New("refused")
		fails := func(r *traffic.Request) error {
			switch r.URL {
			case "/0/0":
				return refused
			case "/0/2":
				return fmt.Errorf("x: %w", ErrTimeout)
			}
			return nil
		}
		var got results
		p := Player{Sender: &sender{fails: fails}, Pacing: Pacing{Concurrency: 2}}
		if err := p.Play(t.Context(), Of(set), Hooks{OnResult: got.add}.Follow); err != nil {
			t.Fatal(err)
		}
		want := map[Bucket]int{TransportError: 1, Answered: 2, TimedOut: 1, Skipped: 1}
		if diff := cmp.Diff(want, got.buckets(t, set)); diff != "" {
			t.Errorf("buckets (-want +got):\n%s", diff)
		}
		r := got.m["1.0"]
		if !errors.Is(r.Err, ErrUnsendable) || r.Request != nil || r.Endpoint != "CONNECT /{id}/{id}" {
			t.Errorf("skipped: %+v", r)
		}
	})
}

func TestPlayCancelled(t *testing.T) {
	tripped := errors.New("cutoff tripped")
	tests := map[string]struct {
		after time.Duration
		want  map[Bucket]int
	}{
		"before the start":   {0, map[Bucket]int{Aborted: 9}},
		"between requests":   {1500 * time.Millisecond, map[Bucket]int{Answered: 4, Aborted: 5}},
		"during requests":    {500 * time.Millisecond, map[Bucket]int{Aborted: 9}},
		"after the last one": {time.Hour, map[Bucket]int{Answered: 9}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				set := setOf(t, "0 4 8", "0 4 8", "0 4 8")
				set.Sessions[0].Records[1].Time = set.Sessions[0].Records[0].Time.Add(time.Second / 4)
				s := &sender{takes: constant(time.Second)}
				if test.after == 1500*time.Millisecond {
					s.takes = constant(600 * time.Millisecond) // the early second one is answered at 1.2 s
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if test.after == 0 {
					cancel(tripped)
				} else {
					time.AfterFunc(test.after, func() { cancel(tripped) })
				}
				var got results
				p := Player{Sender: s, Pacing: Pacing{Concurrency: 3}}
				err := p.Play(ctx, Of(set), Hooks{OnResult: got.add}.Follow)
				if stopped := test.want[Aborted] > 0; stopped != errors.Is(err, tripped) {
					t.Errorf("got error %v", err)
				}
				if diff := cmp.Diff(test.want, got.buckets(t, set)); diff != "" {
					t.Errorf("buckets (-want +got):\n%s", diff)
				}
				for id, r := range got.m {
					if r.Bucket == Aborted && r.Request == nil && !errors.Is(r.Err, ErrStopped) {
						t.Errorf("%s: %v", id, r.Err)
					}
				}
			})
		})
	}
}

// Whatever the moment of the stop, every record has exactly one result.
func TestPlayAccountsForAllWheneverStopped(t *testing.T) {
	for stop := time.Duration(0); stop < 30*time.Second; stop += 700 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			set := setOf(t, "0 1 2 9", "0 5", "1 2 3 4", "20", "21 22")
			ctx, cancel := context.WithTimeout(t.Context(), stop)
			defer cancel()
			var got results
			p := Player{Sender: &sender{takes: constant(900 * time.Millisecond)}, Pacing: Pacing{Concurrency: 2}}
			err := p.Play(ctx, Of(set), Hooks{OnResult: got.add}.Follow)
			counts := got.buckets(t, set)
			if counts[Answered]+counts[Aborted] != set.Len() {
				t.Errorf("stopped after %s: %v", stop, counts)
			}
			if counts[Aborted] > 0 && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("stopped after %s: %v", stop, err)
			}
		})
	}
}

// Over real connections: order inside the sessions, and a stop that leaves nothing out.
func TestPlayOverHTTP(t *testing.T) {
	tests := map[string]struct {
		stopAt int32
		want   func(map[Bucket]int) bool
	}{
		"to the end": {0, func(n map[Bucket]int) bool { return n[Answered] == 100 }},
		"stopped":    {30, func(n map[Bucket]int) bool { return n[Answered] >= 20 && n[Aborted] >= 60 }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stopped := errors.New("stopped")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			var mu sync.Mutex
			arrived := make(map[string][]string)
			var n atomic.Int32
			s, _ := target(t, HTTPOptions{Connections: 10}, func(_ http.ResponseWriter, r *http.Request) {
				if n.Add(1) == test.stopAt {
					cancel(stopped)
				}
				session, index, _ := strings.Cut(r.URL.Path[1:], "/")
				mu.Lock()
				arrived[session] = append(arrived[session], index)
				mu.Unlock()
			})
			set := setOf(t, slices.Repeat([]string{"0 1 2 3 4 5 6 7 8 9"}, 10)...)
			var got results
			p := Player{Sender: s, Pacing: Pacing{Scale: Max(), Concurrency: 10}}
			err := p.Play(ctx, Of(set), Hooks{OnResult: got.add}.Follow)
			if errors.Is(err, stopped) != (test.stopAt > 0) {
				t.Errorf("got error %v", err)
			}
			if counts := got.buckets(t, set); !test.want(counts) {
				t.Errorf("buckets %v", counts)
			}
			mu.Lock()
			defer mu.Unlock()
			for session, order := range arrived {
				if !slices.IsSorted(order) {
					t.Errorf("session %s arrived as %v", session, order)
				}
			}
		})
	}
}

func BenchmarkPlay(b *testing.B) {
	set := setOf(b, slices.Repeat([]string{strings.TrimSpace(strings.Repeat("0 ", 100))}, 100)...)
	p := Player{Sender: &sender{}, Pacing: Pacing{Scale: Max(), Concurrency: 10}}
	for b.Loop() {
		if err := p.Play(b.Context(), Of(set), Hooks{}.Follow); err != nil {
			b.Fatal(err)
		}
	}
}
