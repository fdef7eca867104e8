package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/transform"
	"github.com/headgate-dev/headgate/traffic/verify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exchange is a recorded GET of a path that was answered with a status and a JSON body.
func exchange(id, path string, status int, body string) *traffic.Record {
	return &traffic.Record{
		ID: id, Direction: traffic.Inbound, Protocol: traffic.HTTP, Session: "s",
		Time: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Duration: time.Millisecond,
		Request: &traffic.Request{Method: http.MethodGet, URL: path, Host: "shop", Header: http.Header{}},
		Response: &traffic.Response{
			Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body),
		},
	}
}

// capture writes the records into a folder and returns it.
func capture(t *testing.T, records ...*traffic.Record) string {
	t.Helper()
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
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "captured.jsonl"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// load makes a plan from a run file whose sources are under dir.
func load(t *testing.T, dir, file string) (*verify.Plan, *metric.Registry, spec.Diagnostics) {
	t.Helper()
	doc, ds := spec.Parse("pipeline.yaml", []byte(file), spec.Options{})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	registry, err := metric.New(verify.Metrics()...)
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(path string) string { return filepath.Join(dir, path) }
	transforms, more := verify.Transforms(doc.Root.Key("traffic"), transform.Options{Resolve: resolve, Now: time.Now()})
	plan, ds := verify.Load(t.Context(), verify.Sections{
		Transforms: transforms,
		Traffic:    doc.Root.Key("traffic"), Replay: doc.Root.Key("replay"), Metrics: registry,
		Resolve: resolve,
	})
	ds.Add(more)
	return plan, registry, ds
}

// stage is a trial with everything that it writes and tells.
type stage struct {
	*verify.Trial
	metrics        *metric.Registry
	results, diffs bytes.Buffer
	played         []string
	told           []verify.Progress
}

const simple = "traffic: {session: {header: X-User}}\n" +
	"replay: {traffic: ., concurrency: 1, timeout: 300ms, time_scale: max}\n"

// begin starts a trial of the records against the handler.
func begin(t *testing.T, file string, h http.Handler, records ...*traffic.Record) *stage {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	plan, registry, ds := load(t, capture(t, records...), file)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	s := &stage{metrics: registry}
	s.Trial = start(t, plan, s.env(server.URL))
	return s
}

func start(t *testing.T, plan *verify.Plan, env verify.Env) *verify.Trial {
	t.Helper()
	trial, err := plan.Begin(env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { trial.Close() })
	return trial
}

func (s *stage) env(target string) verify.Env {
	return verify.Env{
		Target: target, Metrics: s.metrics, Results: &s.results, Diffs: &s.diffs,
		Played:   func(id string) { s.played = append(s.played, id) },
		Mocks:    func() (int64, int64) { return 4, 1 },
		Progress: func(p verify.Progress) { s.told = append(s.told, p) },
		Clock:    time.Now, Seed: 1,
	}
}

// counts are the buckets that are not empty.
func (s *stage) counts() map[replay.Bucket]int {
	counts := s.Accounting()
	for b, n := range counts {
		if n == 0 {
			delete(counts, b)
		}
	}
	return counts
}

// values reads metrics of the replay; those without a value are left out.
func (s *stage) values(names ...string) map[string]float64 {
	snapshot := s.metrics.Snapshot()
	got := map[string]float64{}
	for _, name := range names {
		if p, ok := snapshot.Get(metric.Ref{Scope: "replay", Name: name}); ok {
			got[name] = p.Value
		}
	}
	return got
}

// lines decodes JSON lines.
func lines(t *testing.T, r io.Reader) []map[string]any {
	t.Helper()
	var list []map[string]any
	for d := json.NewDecoder(r); ; {
		var line map[string]any
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, line)
	}
}

// answer answers everything alike.
func answer(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// cut ends the connection without an answer.
func cut() http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
}

// stall waits until the client has given up.
func stall() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

func (s *stage) rest(ctx context.Context, t *testing.T) {
	t.Helper()
	if err := s.Rest(ctx); err != nil {
		t.Fatal(err)
	}
}
