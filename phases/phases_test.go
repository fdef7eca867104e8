package phases_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
)

const captured = `{"id":"1","time":"2026-11-01T08:00:00Z","direction":"inbound","service":"svc","protocol":"http",` +
	`"duration_ms":5,"request":{"method":"GET","url":"/x","headers":{}},` +
	`"response":{"status":200,"headers":{"Content-Type":["application/json"]},"body":"{\"a\":1}"}}
{"id":"2","time":"2026-11-01T08:00:00.001Z","direction":"outbound","service":"pay","parent":"1","protocol":"http",` +
	`"duration_ms":2,"request":{"method":"GET","url":"/limits","headers":{}},` +
	`"response":{"status":200,"headers":{},"body":"ok"}}
`

func load(t *testing.T, file string) (*engine.Engine, spec.Diagnostics) {
	t.Helper()
	return loadCapture(t, file, captured)
}

func loadCapture(t *testing.T, file, capture string) (*engine.Engine, spec.Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"pipeline.yaml": file, "captured.jsonl": capture} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return phases.Load(t.Context(), phases.Source{
		Path: filepath.Join(dir, "pipeline.yaml"), Env: func(string) (string, bool) { return "", false },
	})
}

func TestMetricsAreDeclaredOnceAndExplained(t *testing.T) {
	if _, err := metric.New(phases.Metrics()...); err != nil {
		t.Fatal(err)
	}
	for _, d := range phases.Metrics() {
		if !strings.HasSuffix(d.Help, ".") {
			t.Errorf("%s.%s: help %q", d.Scope, d.Name, d.Help)
		}
	}
}

func TestLoadNamesTheFourPhases(t *testing.T) {
	e, ds := load(t, "replay: {target: 'http://127.0.0.1:1', traffic: captured.jsonl}\n")
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	var names []string
	for _, p := range e.Phases {
		names = append(names, p.Name())
	}
	want := []string{engine.Backends, engine.Sut, engine.Quality, engine.Replay}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

const app = "sut: {apps: [{name: svc, command: [x], env: {%s}}]}\n"

func TestLoadFindsWhatDoesNotFitTogether(t *testing.T) {
	replayOf := func(target string) string { return "replay: {" + target + "traffic: captured.jsonl}\n" }
	short := func(name string) string { return "mocks: [{service: " + name + ", traffic: captured.jsonl}], " }
	const pinned = "baseline: {source: pinned, file: captured.jsonl}\n"
	with := func(env string) string { return strings.Replace(app, "%s", env, 1) }
	cases := map[string]struct {
		file, want string // want is empty where all is well
	}{
		"the only app is the target": {with("") + replayOf(""), ""},
		"named app":                  {with("") + replayOf("target: svc, "), ""},
		"no such app":                {with("") + replayOf("target: svk, "), `target "svk" is no app of this run`},
		"no target":                  {replayOf(""), "the replay has no target"},
		"reference to nothing":       {with("P: '${mocks.pya.url}'") + replayOf(""), "${mocks.pya.url} refers to nothing"},
		"reference to itself":        {with("P: '${apps.svc.port}/${self.port}/${run.dir}'") + replayOf(""), ""},
		"one name twice": {
			"backends: {real: [{name: svc, image: 'x:1'}]}\n" + with("") + replayOf(""), "svc is the name of one of the real",
		},
		"gates without a replay":        {with("") + "quality_gates: {coverage: '>= 1'}\n", "need a replay to judge"},
		"several mistakes":              {with("P: '${mocks.a.url}'") + replayOf("tarket: x, "), "tarket"},
		"short form of a mock":          {with("P: '${mocks.pay.url}'") + replayOf(short("pay")), ""},
		"short form of another service": {with("") + replayOf(short("nope")), "service nope"},
		"bad baseline":                  {pinned + with("") + replayOf(""), "baseline"},
		"traffic is missing":            {with("") + "replay: {traffic: none}\n", "none"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e, ds := load(t, c.file)
			switch {
			case c.want == "" && ds.Err() != nil:
				t.Error(ds)
			case c.want != "" && (e != nil || ds.Err() == nil || !strings.Contains(ds.Error(), c.want)):
				t.Errorf("findings %v", ds)
			}
		})
	}
}

func TestBaselineThatIsNotThereYet(t *testing.T) {
	file := "replay: {target: 'http://127.0.0.1:1', traffic: captured.jsonl}\n" +
		"baseline: {source: pinned, file: none.json}\n"
	e, ds := load(t, file)
	if ds.Err() != nil || len(ds) != 1 || !strings.Contains(ds[0].Message, "does not exist yet") || e.Baseline != nil {
		t.Errorf("findings %v", ds)
	}
}

func TestRequestThatWasCutOffAtCapture(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"a":1}`))
	}))
	defer server.Close()
	e, ds := loadCapture(t, "replay: {target: '"+server.URL+"', traffic: captured.jsonl, time_scale: max}\n",
		strings.Replace(captured, `"headers":{}`, `"headers":{"X-Headgate-Truncated":["9"]}`, 1)+
			strings.Replace(captured, `"id":"1"`, `"id":"3"`, 1))
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Verdict != engine.Recording || !strings.Contains(rep.Cause, "1 of 2 recorded requests cannot be replayed") {
		t.Errorf("%s: %s; %+v", rep.Verdict, rep.Cause, rep.Accounting)
	}
}

func TestRunAgainstAURL(t *testing.T) {
	cases := map[string]struct {
		body    string
		verdict engine.Verdict
		cause   string
	}{
		"as recorded": {`{"a":1}`, engine.Passed, "passed: 1 of 1 answers as recorded, 2 gates hold"},
		"another value": {
			`{"a":2}`, engine.Failed, "failed: GET /x $.a differs in 1 of 1 (recorded 1, got 2)",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			e, ds := load(t, "replay: {target: '"+server.URL+"', traffic: captured.jsonl, time_scale: max}\n")
			if ds.Err() != nil {
				t.Fatal(ds)
			}
			rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			if rep.Verdict != c.verdict || rep.Cause != c.cause {
				t.Errorf("%s: %s", rep.Verdict, rep.Cause)
			}
		})
	}
}
