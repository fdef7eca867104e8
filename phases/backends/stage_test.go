package backends

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/recording"
	"github.com/headgate-dev/headgate/traffic/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// call is a recorded outbound call that an inbound record caused.
func call(id, parent, service, method, path, body string) *traffic.Record {
	return &traffic.Record{
		ID: id, Parent: parent, Direction: traffic.Outbound, Service: service, Protocol: traffic.HTTP,
		Time: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Duration: 5 * time.Millisecond,
		Request: &traffic.Request{
			Method: method, URL: path, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body),
		},
		Response: &traffic.Response{
			Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"ok":true}`),
		},
	}
}

// payments are two charges and a limit that the pay service was asked for.
func payments() []*traffic.Record {
	return []*traffic.Record{
		call("1", "in-1", "pay", "POST", "/charges", `{"amount":1}`),
		call("2", "in-2", "pay", "POST", "/charges", `{"amount":2}`),
		call("3", "in-2", "pay", "GET", "/limits/7", ""),
	}
}

// stage is a folder with a run file and captured traffic.
type stage struct {
	dir    string
	inputs Inputs
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{dir: t.TempDir(), inputs: Inputs{Embedded: embedded.Provider{}}}
	var inbound []*traffic.Record
	for _, id := range []string{"in-1", "in-2"} {
		r := call(id, "", "shop", "GET", "/x", "")
		r.Direction = traffic.Inbound
		inbound = append(inbound, r)
	}
	recorded, err := recording.New(recording.Options{Select: session.DefaultSelect()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { recorded.Close() })
	if err := errors.Join(recorded.Take(inbound), recorded.Arrange()); err != nil {
		t.Fatal(err)
	}
	s.inputs.Attribute = recorded.Attribute
	return s
}

func (s *stage) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *stage) capture(t *testing.T, name string, records ...*traffic.Record) {
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
	s.write(t, name, b.String())
}

// load makes the phase from the section of a run file.
func (s *stage) load(t *testing.T, section string) (*engine.Pipeline, *Phase, spec.Diagnostics) {
	t.Helper()
	s.write(t, "pipeline.yaml", "backends:\n"+section)
	p, ds := engine.Load(filepath.Join(s.dir, "pipeline.yaml"), nil, func(string) (string, bool) { return "", false })
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	registry, err := metric.New(Metrics()...)
	if err != nil {
		t.Fatal(err)
	}
	p.Metrics = registry
	phase, ds := New(t.Context(), p, s.inputs)
	return p, phase, ds
}

// app stands for the phases behind: it makes calls.
type app struct {
	run func(ctx context.Context, r *engine.Run) error
}

func (*app) Name() string { return engine.Replay }

func (a *app) Run(ctx context.Context, r *engine.Run) error {
	if a.run == nil {
		return nil
	}
	return a.run(ctx, r)
}

func (*app) Tell(_ *engine.Run, rep *engine.Report) {
	rep.Accounting = engine.Accounting{Planned: 1, Matched: 1}
}

// newRunID keeps the containers of tests that run at once apart.
func newRunID() string { return "test-" + uuid.NewString()[:8] }

func (s *stage) play(t *testing.T, section string, run func(context.Context, *engine.Run) error) *engine.Report {
	t.Helper()
	p, phase, ds := s.load(t, section)
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	e := &engine.Engine{Pipeline: p, Phases: []engine.Phase{phase, &app{run: run}}}
	rep, err := e.Run(t.Context(), engine.Options{ID: newRunID(), Dir: t.TempDir(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// ask makes a call to the mock pay and returns the status.
func ask(ctx context.Context, r *engine.Run, method, path, body string) (int, error) {
	base, ok := r.Lookup("mocks.pay.url")
	if !ok {
		return 0, fmt.Errorf("the mock is not published: %q", r.Published())
	}
	req, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func effect(rep *engine.Report, name string) float64 {
	p, ok := rep.Snapshot.Get(metric.Ref{Scope: "side_effects", Name: name})
	if !ok {
		return -1
	}
	return p.Value
}
