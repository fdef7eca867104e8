package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
)

func greet(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hi") }

func image(command ...string) services.Settings {
	return services.Settings{Image: "x:1", Command: command}
}

// up fills the settings, starts the service and waits for it.
func (w *world) up(ctx context.Context, r *engine.Run, name string, s services.Settings) (*fleet.Member, error) {
	service, err := w.Fill(ctx, r, fleet.Wanted{Pipeline: w.pipeline, Name: name, Settings: &s})
	if err != nil {
		return nil, err
	}
	m, err := w.Start(ctx, r, fleet.Launch{Service: service})
	if err != nil {
		return nil, err
	}
	m.Publish(r, "apps")
	return m, m.Wait(ctx, ready())
}

func TestAddressesInside(t *testing.T) {
	w := newWorld(t)
	upstream := httptest.NewServer(http.HandlerFunc(greet))
	defer upstream.Close()
	var filled services.Service
	rep := w.play(t, func(ctx context.Context, r *engine.Run) error {
		r.Publish("mocks.pay.url", upstream.URL)
		r.Publish("real.far.url", "https://far.example:8443/v1")
		r.Publish("real.near.url", "http://near.example")
		if _, err := w.up(ctx, r, "db", image("serve")); err != nil {
			return err
		}
		s := image("serve", "${self.port}")
		s.Env = map[string]string{
			"PAY": "${mocks.pay.url}/v1", "DB": "${apps.db.url}", "DB_PORT": "${apps.db.port}", "SELF": "${apps.web.url}",
			"FAR": "${real.far.url}", "NEAR": "${real.near.url}", "PAY_PORT": "${mocks.pay.port}", "RUN": "${run.id}",
		}
		s.Isolation = services.IsolationSettings{Egress: "deny", Allow: spec.Strings{"near", "10.0.0.1:53"}}
		var err error
		if filled, err = w.Fill(ctx, r, fleet.Wanted{Pipeline: w.pipeline, Name: "web", Settings: &s}); err != nil {
			return err
		}
		body, err := fetch(ctx, "http://127.0.0.1:"+envOf(filled, "PAY_PORT"))
		if body != "hi" {
			t.Errorf("through the relay: %q, %v", body, err)
		}
		return nil
	})
	if rep.Verdict == engine.Environment || filled.Container == nil {
		t.Fatal(rep.Cause)
	}
	port := envOf(filled, "PAY_PORT")
	want := []string{
		"PORT=8080", "DB=http://db:8080", "DB_PORT=8080", "FAR=https://far.example:8443/v1", "NEAR=http://near.example",
		"PAY=http://pay.mock:" + port + "/v1", "PAY_PORT=" + port, "RUN=run-1", "SELF=http://web:8080",
	}
	if diff := cmp.Diff(want, filled.Env); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"pay.mock": "host-gateway"}, filled.Container.Hosts); diff != "" {
		t.Error(diff)
	}
	reach := strings.Join(filled.Container.Egress.Allow, " ")
	for _, part := range []string{"db:8080", "pay.mock:" + port, "near.example:80", "10.0.0.1:53"} {
		if !strings.Contains(reach, part) {
			t.Errorf("%s is not allowed: %s", part, reach)
		}
	}
	if strings.Contains(reach, "far.example") {
		t.Errorf("far.example is allowed: %s", reach)
	}
	if w.site.closed != 1 {
		t.Errorf("the site was closed %d times", w.site.closed)
	}
}

// Addresses that are written out are those of a cluster: a mock of this process answers at the port that
// is written.
func TestLiteralAddresses(t *testing.T) {
	w := newWorld(t)
	if err := w.pipeline.Metrics.Declare(metric.Desc{Scope: "mocks", Name: "requests", Kind: metric.Counter}); err != nil {
		t.Fatal(err)
	}
	w.pipeline.Metrics.Subject("mocks", "pay")
	upstream := httptest.NewServer(http.HandlerFunc(greet))
	defer upstream.Close()
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	w.play(t, func(ctx context.Context, r *engine.Run) error {
		r.Publish("mocks.pay.url", upstream.URL)
		s := image("serve")
		s.Env = map[string]string{"PAY": fmt.Sprintf("http://pay.mock:%d/v1", port), "OTHER": "http://repay.mock:1"}
		s.Isolation.Egress = "deny"
		filled, err := w.Fill(ctx, r, fleet.Wanted{Pipeline: w.pipeline, Name: "web", Settings: &s})
		if err != nil {
			return err
		}
		if body, err := fetch(ctx, fmt.Sprintf("http://127.0.0.1:%d", port)); body != "hi" {
			t.Errorf("through the relay: %q, %v", body, err)
		}
		if diff := cmp.Diff([]string{fmt.Sprintf("pay.mock:%d", port)}, filled.Container.Egress.Allow); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(map[string]string{"pay.mock": "host-gateway"}, filled.Container.Hosts); diff != "" {
			t.Error(diff)
		}
		return nil
	})
}

func envOf(s services.Service, name string) string {
	for _, kv := range s.Env {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

func fetch(ctx context.Context, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func TestObserved(t *testing.T) {
	w := newWorld(t)
	w.site.state.OOMKilled = true
	var told engine.ServiceReport
	rep := w.play(t, func(ctx context.Context, r *engine.Run) error {
		m, err := w.up(ctx, r, "web", image("serve"))
		if err != nil {
			return err
		}
		r.Collect(func(ctx context.Context) { m.Measure(ctx, r.Metrics, "apps") })
		r.Snapshot(context.WithoutCancel(ctx))
		told = m.Tell()
		return nil
	})
	value := func(name string) float64 {
		p, ok := rep.Snapshot.Get(metric.Ref{Scope: "apps", Subject: "web", Name: name})
		if !ok {
			t.Errorf("%s has no value", name)
		}
		return p.Value
	}
	if value("cpu_seconds") != 1 || value("mem_peak_bytes") != 20 || value("oom_kills") != 1 || value("log_lines") < 1 {
		t.Errorf("told %+v", told)
	}
	if _, ok := rep.Snapshot.Get(metric.Ref{Scope: "apps", Subject: "web", Name: "egress_violations"}); ok {
		t.Error("violations are counted without isolation")
	}
	want := []engine.ServicePhase{{Phase: engine.Sut, CPUSeconds: 1, MemPeakBytes: 20}}
	if diff := cmp.Diff(want, told.Phases); diff != "" {
		t.Error(diff)
	}
	if told.State != "running" || told.OOMKills != 1 || told.Image != "x:1" || told.ExitCode != nil {
		t.Errorf("told %+v", told)
	}
	log, err := os.ReadFile(filepath.Join(rep.Dir, "logs", "web.log"))
	if err != nil || !strings.Contains(string(log), " stdout serving\n") {
		t.Errorf("log %q, %v", log, err)
	}
}

// A service whose container somebody removed is not to blame; one that died is.
func TestDied(t *testing.T) {
	for lost, want := range map[bool]engine.Verdict{true: engine.Environment, false: engine.SUT} {
		w := newWorld(t)
		w.site.lost = lost
		rep := w.play(t, func(ctx context.Context, r *engine.Run) error {
			s := image("exit")
			m, err := w.Start(ctx, r, fleet.Launch{Service: s.Service("web", services.Fill{
				Expand: func(text string) string { return text }, Resolve: w.pipeline.Resolve,
			})})
			if err != nil {
				return err
			}
			<-m.Instance().Exited()
			return m.Died(engine.SUT)
		})
		if rep.Verdict != want || !strings.Contains(rep.Cause, "web died: exit status 3") {
			t.Errorf("lost %v: %s", lost, rep.Cause)
		}
	}
}

// An engine that hangs must not hold the run up.
func TestQuestionsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.play(t, func(ctx context.Context, r *engine.Run) error {
		if _, err := w.up(ctx, r, "web", image("serve")); err != nil {
			return err
		}
		w.site.unbounded.Store(false) // its phase has bounded the bring-up
		r.Snapshot(context.WithoutCancel(ctx))
		return nil
	})
	if w.site.unbounded.Load() {
		t.Error("a question was asked without a limit")
	}
}

// A gate on violations must not hold on the word of an isolation that leaks.
func TestIsolation(t *testing.T) {
	good := services.EgressCheck{What: "route to 0.0.0.0/0", Want: "unreachable", Got: "unreachable"}
	bad := services.EgressCheck{What: "route to 0.0.0.0/0", Want: "unreachable", Got: "reachable"}
	cases := map[string]struct {
		proof []services.EgressCheck
		want  string
	}{
		"proven":   {[]services.EgressCheck{good}, ""},
		"leaks":    {[]services.EgressCheck{good, bad}, "web: isolation: route to 0.0.0.0/0 is reachable from inside"},
		"no proof": {nil, "web: isolation: nothing could be checked"},
		"forbidden": {
			[]services.EgressCheck{{What: "db:5432", Want: "reachable", Got: "unreachable"}}, "db:5432 is unreachable",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.site.egress = services.EgressReport{
				Proof: c.proof, Total: 2, Attempts: []services.EgressAttempt{{Host: "evil.example", Port: 443, Count: 2}},
			}
			w.play(t, func(ctx context.Context, r *engine.Run) error {
				s := image("serve")
				s.Isolation.Egress = "deny"
				m, err := w.up(ctx, r, "web", s)
				m.Measure(ctx, r.Metrics, "apps")
				_, measured := r.Metrics.Snapshot().Get(metric.Ref{Scope: "apps", Subject: "web", Name: "egress_violations"})
				if got := text(err); !strings.Contains(got, c.want) || (c.want == "") != (got == "") || measured != (c.want == "") {
					t.Errorf("error %q, measured %v", got, measured)
				}
				told := m.Tell().Egress
				if told == nil || told.Violations != 2 || told.Attempts[0].Destination() != "evil.example:443" {
					t.Errorf("told %+v", told)
				}
				return nil
			})
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestJobs(t *testing.T) {
	for program, good := range map[string]bool{"done": true, "exit": false} {
		t.Run(program, func(t *testing.T) {
			w := newWorld(t)
			w.play(t, func(ctx context.Context, r *engine.Run) error {
				s := image(program)
				s.Job = true
				m, err := w.up(ctx, r, "migrate", s)
				if (err == nil) != good || m.Ready().IsZero() == good {
					t.Errorf("error %v", err)
				}
				if code := m.Tell().ExitCode; code == nil || (*code == 0) != good {
					t.Errorf("exit code %v", code)
				}
				return nil
			})
		})
	}
}

// What others start through the site and stop themselves is kept like everything else.
func TestWatched(t *testing.T) {
	w := newWorld(t)
	rep := w.play(t, func(ctx context.Context, r *engine.Run) error {
		s, err := w.Site(ctx, r)
		if err != nil {
			return err
		}
		var lines int
		i, err := s.Start(ctx, services.Service{
			Name: "db", Command: []string{"done"}, Container: &services.Container{Image: "db:1"},
		}, func(services.Line) { lines++ })
		if err != nil {
			return err
		}
		<-i.Exited()
		r.Snapshot(ctx)
		if m := w.Member("db"); m == nil || m.Tell().State != "running" || len(w.Members()) != 1 {
			t.Errorf("members %v", w.Members())
		}
		before := w.Member("db").Ready()
		w.Ready("db")
		w.Ready("somebody else")
		if came := w.Member("db").Ready(); !before.IsZero() || came.IsZero() {
			t.Errorf("ready at %v, before that %v", came, before)
		}
		return i.Stop(ctx)
	})
	if _, err := os.Stat(filepath.Join(rep.Dir, "logs", "db.log")); err != nil {
		t.Error(err)
	}
}

func TestFault(t *testing.T) {
	cases := map[string]struct {
		err     error
		verdict engine.Verdict
	}{
		"no engine":   {&services.EngineError{Err: errors.New("x"), Hint: "h"}, engine.Environment},
		"no image":    {&services.ImageError{Err: errors.New("x")}, engine.Environment},
		"build fails": {&services.ImageError{Err: errors.New("x"), Log: []string{"l"}}, engine.SUT},
		"port":        {&services.PortError{}, engine.Environment},
		"not ready":   {&services.NotReadyError{Log: []string{"l"}}, engine.SUT},
		"lost": {
			&services.NotReadyError{Exit: &services.Exit{Code: -1, Reason: "the engine is gone", Lost: true}},
			engine.Environment,
		},
		"exit":  {&services.ExitError{Log: []string{"l"}}, engine.SUT},
		"leak":  {&fleet.IsolationError{}, engine.Environment},
		"known": {&engine.Fault{Verdict: engine.Invalid, Err: errors.New("x"), Hint: "h"}, engine.Invalid},
		"other": {errors.New("x"), engine.SUT},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := &services.BringUpError{Name: "a", Err: c.err, Waiting: []services.Waiting{{Name: "b"}}}
			var f *engine.Fault
			if !errors.As(fleet.Fault(err, engine.SUT), &f) || f.Verdict != c.verdict {
				t.Fatalf("fault %+v", f)
			}
			if !strings.Contains(f.Error(), "b waited for it") {
				t.Errorf("it says %q", f.Error())
			}
		})
	}
	if err := fleet.Fault(context.Canceled, engine.SUT); !errors.Is(err, context.Canceled) {
		t.Errorf("an interruption became %v", err)
	}
}

func ready() services.Ready {
	r := services.DefaultReady()
	r.Interval, r.Timeout = spec.Duration(5*time.Millisecond), spec.Duration(5*time.Second)
	return r
}
