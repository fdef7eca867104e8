package inbound

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorded makes n exchanges, each in a session of its own.
func recorded(n int) []*traffic.Record {
	list := make([]*traffic.Record, n)
	for i := range list {
		list[i] = &traffic.Record{
			ID: fmt.Sprintf("%03d", i), Session: fmt.Sprint("s", i), Direction: traffic.Inbound,
			Protocol: traffic.HTTP, Time: time.Date(2026, 11, 1, 8, 0, i, 0, time.UTC),
			Request: &traffic.Request{Method: http.MethodGet, URL: "/x", Header: http.Header{
				"Authorization": {"Bearer secret"}, "Accept": {"application/json"},
			}},
			Response: &traffic.Response{
				Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"a":1}`),
			},
		}
	}
	return list
}

func answer(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, body)
	})
}

// front stands for the phases before: it publishes the target and plays a canary.
type front struct {
	run func(ctx context.Context, r *engine.Run) error
}

func (*front) Name() string { return engine.Quality }

func (f *front) Run(ctx context.Context, r *engine.Run) error {
	if f.run == nil {
		return nil
	}
	return f.run(ctx, r)
}

// stage is a pipeline with the replay.
type stage struct {
	*engine.Engine
	phase *Phase
	front *front
}

// newStage reads the records from a run file with the given settings of the replay, one to a line.
func newStage(t *testing.T, settings string, records []*traffic.Record) *stage {
	t.Helper()
	dir := t.TempDir()
	var b bytes.Buffer
	w := jsonl.NewWriter(&b)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "captured.jsonl"), b.String())
	file := filepath.Join(dir, "pipeline.yaml")
	write(t, file, "replay:\n  traffic: captured.jsonl\n  time_scale: max\n  "+
		strings.ReplaceAll(settings, "\n", "\n  ")+"\n")
	p, ds := engine.Load(file, nil, func(string) (string, bool) { return "", false })
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	registry, err := metric.New(verify.Metrics()...)
	if err != nil {
		t.Fatal(err)
	}
	p.Metrics = registry
	plan, ds := verify.Load(t.Context(), verify.Sections{Replay: p.Replay, Metrics: registry, Resolve: p.Resolve})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	s := &stage{phase: New(plan), front: &front{}}
	s.Engine = &engine.Engine{Pipeline: p, Phases: []engine.Phase{s.front, s.phase}}
	return s
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) play(t *testing.T) *engine.Report {
	t.Helper()
	rep, err := s.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestReplayOfThePublishedApplication(t *testing.T) {
	url := serve(t, answer(`{"a":1}`))
	s := newStage(t, "target: svc", recorded(10))
	s.front.run = func(ctx context.Context, r *engine.Run) error {
		r.Publish("apps.svc.url", url)
		return s.phase.Canary(ctx, r, 3)
	}
	rep := s.play(t)
	want := engine.Accounting{Planned: 10, Matched: 10}
	if rep.Accounting != want || rep.Cause != "inconclusive: no gate was enforced" {
		t.Errorf("%+v: %s", rep.Accounting, rep.Cause)
	}
	if len(rep.Endpoints) != 1 || rep.Endpoints[0].Requests != 10 || *rep.Endpoints[0].StatusPassRate != 1 {
		t.Errorf("endpoints %+v", rep.Endpoints)
	}
	for _, key := range []string{"traffic", "concurrency", "time_scale"} {
		if rep.Fingerprint[key] == "" {
			t.Errorf("no fingerprint of %s", key)
		}
	}
	results, err := os.ReadFile(filepath.Join(rep.Dir, "results.jsonl"))
	if err != nil || strings.Count(string(results), "\n") != 10 {
		t.Errorf("results %s, %v", results, err)
	}
}

func TestDifferencesAreTold(t *testing.T) {
	s := newStage(t, "target: "+serve(t, answer(`{"a":2}`)), recorded(4))
	rep := s.play(t)
	if len(rep.Differences) != 1 {
		t.Fatalf("differences %+v", rep.Differences)
	}
	d := rep.Differences[0]
	if d.Sentence() != "GET /x $.a differs in 4 of 4 (recorded 1, got 2)" {
		t.Errorf("difference: %s", d.Sentence())
	}
	curl := d.Samples[0].Curl
	if strings.Contains(curl, "secret") || !strings.Contains(curl, "REDACTED") || !strings.Contains(curl, "$TARGET") ||
		!strings.Contains(curl, "application/json") {
		t.Errorf("curl: %s", curl)
	}
}

func TestNotes(t *testing.T) {
	records := recorded(3)
	records[0].Request.Header.Set(traffic.TruncatedHeader, "5")
	records[1].Response = nil
	s := newStage(t, "target: "+serve(t, answer(`{"a":1}`))+"\ncompare: {ignore: {json: [$.nowhere]}}", records)
	rep := s.play(t)
	for _, want := range []string{
		"skipped requests: 1, as a recorded request cannot be replayed: its body was cut off at capture",
		"answers not compared in full: 1, as the recording holds no response",
	} {
		if !slices.Contains(rep.Notes, want) {
			t.Errorf("no note %q in %q", want, rep.Notes)
		}
	}
	if !strings.Contains(strings.Join(rep.Notes, "\n"), "matched nothing in any answer") {
		t.Errorf("the idle rule is not told: %q", rep.Notes)
	}
	if rep.Accounting.Skipped != 1 || rep.Accounting.Sum() != 3 {
		t.Errorf("accounting %+v", rep.Accounting)
	}
}

func TestFaults(t *testing.T) {
	broken := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
	})
	cases := map[string]struct {
		settings string
		n        int
		verdict  engine.Verdict
		cause    string
	}{
		"target is not running": {"target: svc", 2, engine.Invalid, "invalid: target svc is not running"},
		"target is no address":  {"target: ftp://x", 2, engine.Invalid, "invalid: target URL is"},
		"cutoff": {
			"target: " + serve(t, broken) + "\nconcurrency: 1\nrate: 300/s\n" +
				"cutoffs: {grace: 0s, rules: {error_rate: '> 0.5'}}",
			2000, engine.Failed, "failed: cutoff error_rate > 0.5 tripped after",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			rep := newStage(t, c.settings, recorded(c.n)).play(t)
			if rep.Verdict != c.verdict || !strings.HasPrefix(rep.Cause, c.cause) || rep.Hint == "" && c.n > 2 {
				t.Errorf("%s: %s", rep.Verdict, rep.Cause)
			}
			if rep.Accounting.Planned != c.n || rep.Accounting.Sum() != c.n || rep.Accounting.Aborted == 0 {
				t.Errorf("accounting %+v", rep.Accounting)
			}
		})
	}
}

func TestRunThatEndsBeforeTheReplay(t *testing.T) {
	s := newStage(t, "target: svc", recorded(2))
	s.front.run = func(context.Context, *engine.Run) error {
		return &engine.Fault{Verdict: engine.SUT, Err: context.DeadlineExceeded}
	}
	if rep := s.play(t); rep.Accounting != (engine.Accounting{Planned: 2, Aborted: 2}) {
		t.Errorf("accounting %+v", rep.Accounting)
	}
}

func TestPlan(t *testing.T) {
	s := newStage(t, "target: svc", recorded(2))
	plan := s.phase.Plan()
	if len(plan) != 3 || !strings.HasPrefix(plan[0], "2 requests to svc at max, 10 sessions at a time") {
		t.Errorf("plan %q", plan)
	}
	if diff := cmp.Diff("     2  GET /x", plan[2]); diff != "" {
		t.Error(diff)
	}
	if got := New(nil).Skip(); got != "no replay" || s.phase.Skip() != "" {
		t.Errorf("skip %q", got)
	}
	rep := &engine.Report{}
	New(nil).Tell(nil, rep)
	if rep.Accounting.Planned != 0 {
		t.Errorf("accounting %+v", rep.Accounting)
	}
}
