package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/verify"
)

func TestShortfalls(t *testing.T) {
	cutOff := func(r *traffic.Record) { r.Request.Header.Set(traffic.TruncatedHeader, "99") }
	silent := func(r *traffic.Record) { r.Response = nil }
	s := begin(t, simple, answer(200, "{}"), with(exchange("1", "/x", 200, "{}"), cutOff),
		with(exchange("2", "/x", 200, "{}"), silent), with(exchange("3", "/x", 200, "{}"), silent),
		exchange("4", "/x", 200, "{}"))
	s.rest(t.Context(), t)
	want := []verify.Shortfall{
		{Skipped: true, Why: "cannot be replayed: its body was cut off at capture", Count: 1},
		{Why: "the recording holds no response", Count: 2},
	}
	if diff := cmp.Diff(want, s.Shortfalls()); diff != "" {
		t.Error(diff)
	}
	if got := s.values("compared", "planned"); got["compared"] != 1 || got["planned"] != 4 {
		t.Errorf("metrics %v", got)
	}
}

func TestDifferences(t *testing.T) {
	s := begin(t, simple, answer(200, `{"items":[{"price":2},{"price":3}]}`),
		exchange("1", "/x", 200, `{"items":[{"price":1},{"price":3}]}`),
		exchange("2", "/x", 200, `{"items":[{"price":2},{"price":3}]}`))
	s.rest(t.Context(), t)
	want := []map[string]any{{
		"id": "1", "endpoint": "GET /x", "path": "$.items[0].price", "kind": "value", "expected": "1", "actual": "2",
	}}
	if diff := cmp.Diff(want, lines(t, &s.diffs)); diff != "" {
		t.Error(diff)
	}
	groups := s.Differences()
	if len(groups) != 1 || groups[0].Path != "$.items[].price" || groups[0].Count != 1 || groups[0].Of != 2 {
		t.Errorf("groups %+v", groups)
	}
	if sent := s.Request("1"); sent == nil || sent.URL != "/x" {
		t.Errorf("sent %v", sent)
	}
	if s.Request("2") != nil {
		t.Error("a request whose answer did not differ is kept")
	}
	endpoint := metric.Ref{Scope: "endpoint", Subject: "GET /x", Name: "response_match_rate"}
	if p, ok := s.metrics.Snapshot().Get(endpoint); !ok || p.Value != 0.5 {
		t.Errorf("metric of the endpoint: %v, %v", p, ok)
	}
}

// many makes n exchanges, each in a session of its own.
func many(n int) []*traffic.Record {
	list := make([]*traffic.Record, n)
	for i := range list {
		list[i] = exchange(fmt.Sprintf("%03d", i), "/x", 200, "{}")
		list[i].Session = list[i].ID
		list[i].Time = list[i].Time.Add(time.Duration(i) * time.Second)
	}
	return list
}

func TestCanaryAndRestSendEachRequestOnce(t *testing.T) {
	s := begin(t, simple, answer(200, "{}"), many(10)...)
	if err := s.Canary(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if s.Unsent() != 7 || s.values("requests")["requests"] != 3 {
		t.Errorf("%d unsent, %v", s.Unsent(), s.values("requests"))
	}
	s.rest(t.Context(), t)
	s.Abandon()
	if diff := cmp.Diff(map[replay.Bucket]int{replay.Matched: 10}, s.counts()); diff != "" {
		t.Error(diff)
	}
	got := s.values("planned", "coverage", "mock_miss_rate")
	if diff := cmp.Diff(values{"planned": 10, "coverage": 1, "mock_miss_rate": 0.25}, got); diff != "" {
		t.Error(diff)
	}
	last := s.told[len(s.told)-1]
	if last.Sent != 10 || last.Planned != 10 || last.Matched != 10 || last.Misses != 1 {
		t.Errorf("last progress %+v", last)
	}
}

func TestAbandonAccountsForTheRest(t *testing.T) {
	s := begin(t, simple, answer(200, "{}"), many(5)...)
	if err := s.Canary(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	s.Abandon()
	s.Abandon()
	want := map[replay.Bucket]int{replay.Matched: 2, replay.Aborted: 3}
	if diff := cmp.Diff(want, s.counts()); diff != "" {
		t.Error(diff)
	}
	if told := lines(t, &s.results); len(told) != 5 || told[4]["bucket"] != "aborted" {
		t.Errorf("results %v", told)
	}
	if s.Unsent() != 3 || s.values("coverage")["coverage"] != 0.4 {
		t.Errorf("%d unsent, %v", s.Unsent(), s.values("coverage"))
	}
}

func TestCancelledReplayAccountsForEverything(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	s := begin(t, simple, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel(stopped)
		<-r.Context().Done()
	}), many(5)...)
	if err := s.Rest(ctx); !errors.Is(err, stopped) {
		t.Errorf("error %v", err)
	}
	s.Abandon()
	if diff := cmp.Diff(map[replay.Bucket]int{replay.Aborted: 5}, s.counts()); diff != "" {
		t.Error(diff)
	}
}

func TestCutoffs(t *testing.T) {
	cases := map[string]struct {
		rule    string
		handler http.Handler
		want    string // prefix of the error
	}{
		"errors":  {`error_rate: "> 0.5"`, answer(500, "{}"), "cutoff error_rate > 0.5 tripped after "},
		"latency": {`latency_p50: "> 1us"`, answer(200, "{}"), "cutoff latency_p50 > 1us tripped after "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := "replay: {traffic: ., concurrency: 1, time_scale: max, rate: 300/s, " +
				"cutoffs: {window: 5s, grace: 0s, rules: {" + c.rule + "}}}\n"
			s := begin(t, file, c.handler, many(3000)...)
			err := s.Rest(t.Context())
			var tripped *verify.Tripped
			if !errors.As(err, &tripped) || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("error %v", err)
			}
			s.Abandon()
			counts := s.Accounting()
			sum := 0
			for _, n := range counts {
				sum += n
			}
			if sum != 3000 || counts[replay.Aborted] == 0 {
				t.Errorf("accounting %v", counts)
			}
		})
	}
}

// full takes nothing.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestResultsThatCannotBeWritten(t *testing.T) {
	plan, registry, ds := load(t, capture(t, many(2)...), simple)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	s := &stage{metrics: registry}
	env := s.env("http://127.0.0.1:1")
	env.Results = full{}
	err := start(t, plan, env).Rest(t.Context())
	var unwritten *verify.WriteError
	if !errors.As(err, &unwritten) || err.Error() != "writing results.jsonl: no space left on device" {
		t.Errorf("error %v", err)
	}
}

func TestTargetThatIsNoURL(t *testing.T) {
	plan, registry, ds := load(t, capture(t, many(1)...), simple)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	s := &stage{metrics: registry}
	if _, err := plan.Begin(s.env("ftp://x")); err == nil {
		t.Error("began")
	}
}

// shop issues ids that count up, so that a second life of it issues others than were recorded.
func shop(next int) http.Handler {
	mux := http.NewServeMux()
	orders := map[string]string{}
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		next++
		id := fmt.Sprintf("ord_%08d", next)
		orders[id] = string(body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Location", "/orders/"+id)
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"id": id})
	})
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		order, ok := orders[r.PathValue("id")]
		if !ok {
			http.Error(w, "no such order", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":%q,"order":%s}`, r.PathValue("id"), order)
	})
	return mux
}

func shopping() []*traffic.Record {
	post := with(exchange("1", "/orders", 201, `{"id":"ord_00000041"}`), func(r *traffic.Record) {
		r.Request.Method, r.Request.Body = http.MethodPost, []byte(`{"sku":"a"}`)
		r.Request.Header.Set("Content-Type", "application/json")
		r.Response.Header.Set("Location", "/orders/ord_00000041")
	})
	get := exchange("2", "/orders/ord_00000041", 200, `{"id":"ord_00000041","order":{"sku":"a"}}`)
	get.Time = post.Time.Add(time.Second)
	return []*traffic.Record{post, get}
}

func TestCorrelation(t *testing.T) {
	s := begin(t, simple, shop(900), shopping()...)
	s.rest(t.Context(), t)
	if diff := cmp.Diff(map[replay.Bucket]int{replay.Matched: 2}, s.counts()); diff != "" {
		t.Errorf("%s\n%s", diff, s.diffs.String())
	}
	unbound, total := s.Unbound()
	if n := s.values("correlated")["correlated"]; n == 0 || len(unbound) > 0 || total > 0 {
		t.Errorf("%v values carried over, unbound %v", n, unbound)
	}
	off := "traffic: {correlate: off}\n" + simple[strings.Index(simple, "replay:"):]
	s = begin(t, off, shop(900), shopping()...)
	s.rest(t.Context(), t)
	want := map[replay.Bucket]int{replay.Differed: 1, replay.StatusDiffered: 1}
	if diff := cmp.Diff(want, s.counts()); diff != "" {
		t.Error(diff)
	}
}

func TestValueThatIsNotIssuedAgain(t *testing.T) {
	s := begin(t, simple, answer(201, `{"code":"none"}`), shopping()...)
	s.rest(t.Context(), t)
	if unbound, total := s.Unbound(); len(unbound) == 0 || total != len(unbound) {
		t.Error("the recorded id is not told")
	}
}
