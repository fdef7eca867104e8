package backends

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

const pay = `
  mocks:
    - name: pay
      stubs: captured.jsonl
      gates: {match_rate: "== 1", unmatched_requests: "== 0", self_check_rate: "== 1"}
`

func TestMockFromCapture(t *testing.T) {
	s := newStage(t)
	s.capture(t, "captured.jsonl", payments()...)
	rep := s.play(t, pay, nil)
	if rep.Verdict != engine.Passed {
		t.Fatal(rep.Cause)
	}
	got := rep.Mocks[0]
	want := engine.MockReport{Name: "pay", Engine: "embedded", Stubs: 3, UnusedStubs: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	p, ok := rep.Snapshot.Get(metric.Ref{Scope: "mocks", Subject: "pay", Name: "requests"})
	if !ok || p.Value != 3 {
		t.Errorf("the self-check made %v requests, %v", p.Value, ok)
	}
}

type request struct{ method, path, body string }

func TestSideEffects(t *testing.T) {
	all := []request{
		{"POST", "/charges", `{"amount":1}`}, {"POST", "/charges", `{"amount":2}`}, {"GET", "/limits/7", ""},
	}
	free := call("4", "", "pay", "GET", "/warm-up", "")
	cases := map[string]struct {
		played []string
		calls  []request
		// recorded, made, missing, extra, writes
		want [5]float64
	}{
		"as recorded":                      {[]string{"in-1", "in-2"}, all, [5]float64{3, 3, 0, 0, 2}},
		"one request played":               {[]string{"in-1"}, all[:1], [5]float64{1, 1, 0, 0, 1}},
		"missing":                          {[]string{"in-1", "in-2"}, all[:2], [5]float64{3, 2, 1, 0, 2}},
		"extra":                            {[]string{"in-1"}, append(all[:1:1], all[0]), [5]float64{1, 2, 0, 1, 2}},
		"of a request that was not played": {[]string{"in-1"}, all, [5]float64{1, 3, 0, 2, 2}},
		"changed": {
			[]string{"in-1"}, []request{{"POST", "/charges", `{"amount":9}`}}, [5]float64{1, 1, 1, 1, 1},
		},
		"not caused by a request": {
			[]string{"in-1"}, []request{all[0], {"GET", "/warm-up", ""}}, [5]float64{1, 2, 0, 0, 1},
		},
		"not caused by a request, twice": {
			[]string{"in-1"},
			[]request{all[0], {"GET", "/warm-up", ""}, {"GET", "/warm-up", ""}},
			[5]float64{1, 3, 0, 1, 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			// Calls before any inbound request are attributed to none.
			free.Time = payments()[0].Time.Add(-3600e9)
			s.capture(t, "captured.jsonl", append(payments(), free)...)
			rep := s.play(t, pay, func(ctx context.Context, r *engine.Run) error {
				for _, id := range c.played {
					r.Played(id)
				}
				for _, q := range c.calls {
					if _, err := ask(ctx, r, q.method, q.path, q.body); err != nil {
						return err
					}
				}
				return nil
			})
			var got [5]float64
			for i, name := range []string{"recorded_calls", "outbound_calls", "missing_calls", "extra_calls", "writes"} {
				got[i] = effect(rep, name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\n%s", diff, rep.Cause)
			}
		})
	}
}

func TestMisses(t *testing.T) {
	s := newStage(t)
	s.capture(t, "captured.jsonl", payments()...)
	rep := s.play(t, pay, func(ctx context.Context, r *engine.Run) error {
		r.Played("in-1")
		for _, q := range []request{{"POST", "/charges", `{"amount":9}`}, {"GET", "/nowhere", ""}} {
			status, err := ask(ctx, r, q.method, q.path, q.body)
			if err != nil {
				return err
			}
			if status != mocks.DefaultMissStatus {
				t.Errorf("%s %s is answered with %d", q.method, q.path, status)
			}
		}
		if requests, misses := r.Mocked(); requests != 2 || misses != 2 {
			t.Errorf("%d requests, %d misses", requests, misses)
		}
		return nil
	})
	told := rep.Mocks[0].Misses
	if len(told) != 2 || !told[0].Changed || told[1].Changed || told[0].Request != "POST /charges" {
		t.Fatalf("misses %+v", told)
	}
	if diff := cmp.Diff([]string{"$.amount (recorded 1, got 9)"}, told[0].Differs); diff != "" {
		t.Error(diff)
	}
	files, err := filepath.Glob(filepath.Join(rep.Dir, "mocks", "pay", "unmatched", "*.json"))
	if err != nil || len(files) != 2 {
		t.Fatalf("candidate stubs %q, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := mocks.ParseStubs("candidate", data); err != nil {
		t.Errorf("a candidate cannot be loaded: %v", err)
	}
	if rep.Verdict != engine.Failed || !strings.Contains(rep.Cause, "pay: POST /charges is not called as recorded") {
		t.Error(rep.Cause)
	}
}

func TestRewindBetweenAttempts(t *testing.T) {
	s := newStage(t)
	s.capture(t, "captured.jsonl", payments()...)
	p, phase, ds := s.load(t, strings.Replace(pay, `match_rate: "== 1"`,
		`match_rate: {expr: "match_rate == 1", on_fail: {goto: sut}}`, 1))
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	attempts := 0
	second := &app{run: func(ctx context.Context, r *engine.Run) error {
		attempts++
		if requests, _ := r.Mocked(); requests != 0 {
			t.Errorf("attempt %d begins with %d requests", attempts, requests)
		}
		r.Played("in-1")
		path := "/charges"
		if attempts == 1 {
			path = "/nowhere"
		}
		_, err := ask(ctx, r, http.MethodPost, path, `{"amount":1}`)
		return err
	}}
	e := &engine.Engine{Pipeline: p, Phases: []engine.Phase{phase, second}}
	rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if attempts != 2 || rep.Verdict != engine.Passed || !rep.Flaky || rep.Mocks[0].Requests != 1 {
		t.Errorf("%d attempts: %s; %+v", attempts, rep.Cause, rep.Mocks[0])
	}
}

func TestMappingsFolder(t *testing.T) {
	const mapping = `{"request": {"method": "GET", "url": "/hello"}, "response": {"status": 204}}`
	for _, name := range []string{"stubs/mappings/hello.json", "stubs/hello.json"} {
		s := newStage(t)
		s.write(t, name, mapping)
		rep := s.play(t, "  mocks: [{name: pay, stubs: stubs}]\n", func(ctx context.Context, r *engine.Run) error {
			status, err := ask(ctx, r, http.MethodGet, "/hello", "")
			if status != http.StatusNoContent {
				t.Errorf("%s: status %d", name, status)
			}
			return err
		})
		if rep.Mocks[0].Matched != 1 || rep.Mocks[0].UnusedStubs != 0 || effect(rep, "missing_calls") != -1 {
			t.Errorf("%s: %+v", name, rep.Mocks[0])
		}
	}
}

// A .json file may be a capture of another tool as well.
func TestCapturesThatEndInJSON(t *testing.T) {
	const simulation = `{"data": {"pairs": [{"request": {"method": [{"matcher": "exact", "value": "GET"}],
		"destination": [{"matcher": "exact", "value": "pay"}], "path": [{"matcher": "exact", "value": "/hello"}]},
		"response": {"status": 204}}]}, "meta": {"schemaVersion": "v5"}}`
	for _, stubs := range []string{"pay.json", "."} {
		s := newStage(t)
		s.write(t, "pay.json", simulation)
		s.write(t, "health.json", `{}`)
		rep := s.play(t, "  mocks: [{name: pay, stubs: "+stubs+"}]\n", func(ctx context.Context, r *engine.Run) error {
			status, err := ask(ctx, r, http.MethodGet, "/hello", "")
			if status != http.StatusNoContent {
				t.Errorf("%s: status %d", stubs, status)
			}
			return err
		})
		if len(rep.Mocks) != 1 || rep.Mocks[0].Matched != 1 {
			t.Errorf("%s: %s: %+v", stubs, rep.Cause, rep.Mocks)
		}
	}
}

// A mock without a recording, beside one that has one, has nothing that could be extra.
func TestMappingsBesideARecording(t *testing.T) {
	s := newStage(t)
	s.write(t, "stubs/hello.json", `{"request": {"method": "GET", "url": "/hello"}, "response": {"status": 204}}`)
	s.capture(t, "out.jsonl", call("1", "in-1", "paid", "GET", "/limits/7", ""))
	mocks := "  mocks: [{name: pay, stubs: stubs}, {name: paid, stubs: out.jsonl}]\n"
	rep := s.play(t, mocks, func(ctx context.Context, r *engine.Run) error {
		r.Played("in-1")
		_, err := ask(ctx, r, http.MethodGet, "/hello", "")
		return err
	})
	if effect(rep, "extra_calls") != 0 || effect(rep, "missing_calls") != 1 || len(rep.Mocks[0].Calls) != 0 {
		t.Errorf("extra %v, missing %v: %+v", effect(rep, "extra_calls"), effect(rep, "missing_calls"), rep.Mocks[0])
	}
}

// A call that the application makes behind its answer is not missing.
func TestCallBehindTheAnswer(t *testing.T) {
	s := newStage(t)
	s.capture(t, "out.jsonl", call("1", "in-1", "pay", "GET", "/limits/7", ""))
	made, ran := make(chan error, 1), false
	rep := s.play(t, "  mocks: [{name: pay, stubs: out.jsonl}]\n", func(ctx context.Context, r *engine.Run) error {
		r.Played("in-1")
		ran = true
		go func() {
			time.Sleep(patience / 5) // behind the end of the phase, within the patience
			_, err := ask(context.WithoutCancel(ctx), r, http.MethodGet, "/limits/7", "")
			made <- err
		}()
		return nil
	})
	if !ran {
		t.Fatal(rep.Cause)
	}
	if err := <-made; err != nil {
		t.Fatal(err)
	}
	if missing := effect(rep, "missing_calls"); missing != 0 {
		t.Errorf("%v calls are missing", missing)
	}
}

func TestSettingsThatMappingsDoNotHeed(t *testing.T) {
	s := newStage(t)
	s.write(t, "hello.json", `{"request": {"method": "GET", "url": "/hello"}, "response": {"status": 204}}`)
	_, _, ds := s.load(t, "  mocks: [{name: pay, stubs: hello.json, latency: 5ms, match: {headers: [A]}}]\n")
	if ds.Err() != nil || len(ds) != 2 || !strings.Contains(ds[0].Message, "applies to captured traffic") {
		t.Errorf("findings %v", ds)
	}
}

// forgetful is a mock that answers nothing as recorded.
type forgetful struct{ mocks.Provider }

func (f forgetful) Start(ctx context.Context, p *mocks.Plan) (mocks.Server, error) {
	without := *p
	without.Stubs = nil
	return f.Provider.Start(ctx, &without)
}

func TestSelfCheckFailuresAreNoted(t *testing.T) {
	s := newStage(t)
	s.inputs.Embedded = forgetful{s.inputs.Embedded}
	records := payments()
	for _, path := range []string{"/limits/8", "/limits/9"} {
		records = append(records, call(path, "in-2", "pay", "GET", path, ""))
	}
	s.capture(t, "captured.jsonl", records...)
	rep := s.play(t, pay, nil)
	want := []string{
		"mock pay self-check: POST /charges: no stub matches POST /charges",
		"mock pay self-check: GET /limits/7: no stub matches GET /limits/7",
		"mock pay self-check: 2 more calls fail it",
	}
	if diff := cmp.Diff(want, rep.Notes); diff != "" {
		t.Error(diff)
	}
	if rep.Verdict != engine.Failed || rep.Phases[1].Attempts != 0 {
		t.Errorf("%s, the next phase ran %d times", rep.Cause, rep.Phases[1].Attempts)
	}
}

func TestPortInUse(t *testing.T) {
	s := newStage(t)
	s.capture(t, "captured.jsonl", payments()...)
	port := taken(t)
	rep := s.play(t, "  mocks: [{name: pay, stubs: captured.jsonl, port: "+port+"}]\n", nil)
	if rep.Verdict != engine.Environment || !strings.Contains(rep.Cause, "port "+port+" is already in use") {
		t.Errorf("%s: %s", rep.Verdict, rep.Cause)
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]struct{ section, want string }{
		"another service":   {"  mocks: [{name: nope, stubs: captured.jsonl}]\n", "is an outbound one of service nope"},
		"malformed capture": {"  mocks: [{name: pay, stubs: bad.jsonl}]\n", "bad.jsonl"},
		"no such capture":   {"  mocks: [{name: pay, stubs: none}]\n", "none"},
		"nothing to answer": {"  mocks: [{name: pay}]\n", "mock pay has nothing to answer with"},
		"database mock":     {"  mocks: [{name: pay, type: db, traffic: x}]\n", "type db are not supported yet"},
		"wiremock's port": {
			"  mocks: [{name: pay, engine: wiremock, stubs: captured.jsonl, port: 80}]\n", "chooses the port of a WireMock",
		},
		"wiremock's images": {
			"  wiremock: {shared: true}\n  mocks: [{name: pay, engine: wiremock, stubs: captured.jsonl, image: 'a:1'}," +
				" {name: other, engine: wiremock, stubs: one.json}]\n", "another image",
		},
		"wiremock's hosts": {
			"  wiremock: {shared: true}\n  mocks: [{name: pay, engine: wiremock, stubs: captured.jsonl," +
				" match: {headers: [host]}}]\n", "told apart by the Host header",
		},
		"wiremock, live service": {"  mocks: [{name: pay, engine: wiremock, stubs: live.json}]\n", "never does"},
		"traffic":                {"  mocks: [{name: pay, traffic: captured.jsonl}]\n", "traffic is for mocks of type db"},
		"silent miss":            {"  mocks: [{name: pay, stubs: captured.jsonl, on_miss: {status: 200}}]\n", "400"},
		"unknown key":            {"  mocks: [{name: pay, stubs: captured.jsonl, prot: 1}]\n", "prot"},
		"unknown metric": {
			"  mocks: [{name: pay, stubs: captured.jsonl, gates: {mach_rate: '== 1'}}]\n", "mach_rate",
		},
		"unsupported mapping": {"  mocks: [{name: pay, stubs: bad.json}]\n", "nonsense"},
		"two of a name": {
			"  mocks: [{name: pay, stubs: captured.jsonl}, {name: pay, stubs: captured.jsonl}]\n",
			"a second mock is named pay",
		},
		"service without URL": {"  real: [{name: cat}]\n", "real service cat needs the URL"},
		"service, bad traffic": {
			"  real: [{name: cat, url: 'http://127.0.0.1:1', traffic: captured.jsonl}]\n", "service cat",
		},
		"two services of a name": {
			"  real: [{name: cat, url: 'http://127.0.0.1:1'}, {name: cat, url: 'http://127.0.0.1:1'}]\n",
			"a second real service is named cat",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.capture(t, "captured.jsonl", payments()...)
			s.write(t, "bad.jsonl", "{\"id\": 1,\n")
			s.write(t, "one.json", `{"request": {}, "response": {}}`)
			s.write(t, "live.json", `{"request": {}, "response": {"proxyBaseUrl": "http://live.test"}}`)
			s.write(t, "bad.json", `{"request": {"method": "GET", "nonsense": 1}, "response": {"status": 200}}`)
			_, _, ds := s.load(t, c.section)
			if ds.Err() == nil || !strings.Contains(ds.Error(), c.want) {
				t.Errorf("findings %v", ds)
			}
		})
	}
}

func TestShortForm(t *testing.T) {
	s := newStage(t)
	s.capture(t, "captured.jsonl", payments()...)
	s.inputs.Short = []Mock{ShortMock("pay", "captured.jsonl", 0)}
	rep := s.play(t, "  mocks: []\n", nil)
	if len(rep.Mocks) != 1 || rep.Mocks[0].Stubs != 3 {
		t.Errorf("mocks %+v", rep.Mocks)
	}
}

func TestCallThatWasCutOffAtCapture(t *testing.T) {
	s := newStage(t)
	records := payments()
	records[0].Response.Header.Set(traffic.TruncatedHeader, "99")
	s.capture(t, "captured.jsonl", records...)
	_, phase, ds := s.load(t, pay)
	if ds.Err() != nil || len(ds) != 1 || !strings.Contains(ds[0].Message, "a body was cut off at capture") {
		t.Errorf("findings %v", ds)
	}
	want := []string{"mock pay: 2 stubs from 2 recorded calls, served by the embedded engine"}
	if diff := cmp.Diff(want, phase.Plan()); diff != "" {
		t.Error(diff)
	}
}
