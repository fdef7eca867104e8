package sut

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/servicestest"
)

func TestStartedApplication(t *testing.T) {
	var asked atomic.Int64
	var started services.Service
	driver := programs(web(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/warm" {
			asked.Add(1)
		}
	}))
	driver.OnStart = func(s services.Service) error { started = s; return nil }
	driver.Stats = func(services.Service) (services.Stats, error) {
		return services.Stats{CPU: 2 * time.Second, Memory: 10, PeakMem: 20}, nil
	}
	s := &stage{driver: driver, before: func(_ context.Context, r *engine.Run) error {
		r.Publish("mocks.pay.url", "http://127.0.0.1:9")
		return nil
	}}
	var url, port string
	s.after = func(_ context.Context, r *engine.Run) error {
		url, _ = r.Lookup("apps.svc.url")
		port, _ = r.Lookup("apps.svc.port")
		return nil
	}
	rep := s.play(t, `
    - name: svc
      dir: sub
      build: {command: [build, "${run.dir}/bin"]}
      command: [web, "--port=${self.port}", "${run.id}"]
      env: {PAY: "${mocks.pay.url}/v1", A: b}
      ready: {http: /healthz, interval: 5ms, consecutive: 2}
      warm_up: {requests: 7, path: /warm}
      gates: {error_rate: "== 0", new_log_errors: "== 0", mem_peak_bytes: "<= 20B"}
`)
	if rep.Verdict != engine.Passed {
		t.Fatalf("%s, %q", rep.Cause, rep.Details)
	}
	want := []string{"PORT=" + port, "A=b", "PAY=http://127.0.0.1:9/v1"}
	if diff := cmp.Diff(want, started.Env); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"web", "--port=" + port, "run-1"}, started.Command); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"build", filepath.Join(rep.Dir, "bin")}, started.Build); diff != "" {
		t.Error(diff)
	}
	if url != "http://127.0.0.1:"+port || filepath.Base(started.Dir) != "sub" || !filepath.IsAbs(started.Dir) {
		t.Errorf("url %q, folder %q", url, started.Dir)
	}
	if asked.Load() != 7 || value(t, rep, "probes") != 8 || value(t, rep, "cpu_seconds") != 2 {
		t.Errorf("%d warm-up requests, %v probes", asked.Load(), value(t, rep, "probes"))
	}
	service := rep.Services[0]
	if service.Name != "svc" || service.MemPeakBytes != 20 || service.LogLines != 1 || service.StartupSeconds <= 0 {
		t.Errorf("service %+v", service)
	}
	log, err := os.ReadFile(filepath.Join(rep.Dir, "logs", "svc.log"))
	if err != nil || !strings.Contains(string(log), " build building\n") ||
		!strings.Contains(string(log), " stdout listening\n") {
		t.Errorf("log %q, %v", log, err)
	}
}

func TestPortOfTheRunFileWins(t *testing.T) {
	var env []string
	driver := programs(web(fine))
	driver.OnStart = func(s services.Service) error { env = s.Env; return errors.New("enough") }
	(&stage{driver: driver}).play(t, "    - {name: svc, port: 65000, command: [web], env: {PORT: \"1\"}}\n")
	if diff := cmp.Diff([]string{"PORT=65000", "PORT=1"}, env); diff != "" {
		t.Error(diff)
	}
}

func TestHold(t *testing.T) {
	s := &stage{driver: programs(web(fine))}
	rep := s.play(t, `
    - {name: svc, command: [web], ready: {interval: 5ms}, gates: {ready_seconds: ">= 0.1"}}
`)
	if rep.Verdict != engine.Passed || value(t, rep, "ready_seconds") < 0.1 {
		t.Errorf("%s; ready for %v s", rep.Cause, value(t, rep, "ready_seconds"))
	}
}

func TestFailedWarmUpIsCounted(t *testing.T) {
	s := &stage{driver: programs(web(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/warm" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))}
	rep := s.play(t, `
    - {name: svc, command: [web], warm_up: {requests: 3, path: /warm}, gates: {error_rate: "== 0"}}
`)
	if rep.Verdict != engine.Failed || value(t, rep, "error_rate") != 0.75 {
		t.Errorf("%s; error rate %v", rep.Cause, value(t, rep, "error_rate"))
	}
}

func TestNewLogErrors(t *testing.T) {
	talking := func(ctx context.Context, p servicestest.Process) int {
		fmt.Fprintln(p.Stderr, "ERROR cannot reach cache 17")
		fmt.Fprintln(p.Stderr, "ERROR known trouble 4")
		fmt.Fprintln(p.Stderr, "ERROR expected warning")
		return web(fine)(ctx, p)
	}
	scanned := &stage{driver: programs(talking)}
	app := `
    - {name: svc, command: [web], ready: {log: listening, interval: 5ms}, logs: {allow: [expected warning]}}
`
	first := scanned.play(t, app)
	if len(first.Services[0].NewErrors) != 2 || value(t, first, "log_errors") != 2 {
		t.Fatalf("new errors %+v", first.Services[0].NewErrors)
	}
	scanned.known = []string{first.Services[0].NewErrors[1].Text}
	got := scanned.play(t, app).Services[0].NewErrors
	if len(got) != 1 || got[0].First != "ERROR cannot reach cache 17" || got[0].Count != 1 {
		t.Errorf("new errors %+v", got)
	}
}

func TestDeath(t *testing.T) {
	cases := map[string]func(ctx context.Context, url string) error{
		"interrupts the next phase": func(ctx context.Context, url string) error {
			_ = visit(ctx, url+"/die")
			<-ctx.Done()
			return ctx.Err()
		},
		"ends it all the same": func(ctx context.Context, url string) error {
			_ = visit(ctx, url+"/die")
			<-ctx.Done() // the death is noticed; the phase does not mind
			return nil
		},
	}
	for name, after := range cases {
		t.Run(name, func(t *testing.T) {
			s := &stage{driver: programs(web(fine)), after: func(ctx context.Context, r *engine.Run) error {
				url, _ := r.Lookup("apps.svc.url")
				return after(ctx, url)
			}}
			rep := s.play(t, "    - {name: svc, command: [web], ready: {interval: 5ms}}\n")
			if rep.Verdict != engine.SUT || rep.Cause != "sut: svc died: exit status 2" {
				t.Errorf("%s: %s", rep.Verdict, rep.Cause)
			}
			if !slices.Contains(rep.Details, "panic: assignment to entry in nil map") {
				t.Errorf("details %q", rep.Details)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cases := map[string]struct {
		app     string
		before  func(context.Context, *engine.Run) error
		verdict engine.Verdict
		cause   string
		detail  string
	}{
		"dies at once": {
			app: "{name: svc, command: [exit]}", verdict: engine.SUT,
			cause: "svc ended after", detail: "panic: out of luck",
		},
		"never ready": {
			app:     "{name: svc, command: [web], ready: {http: {path: /x, status: 201}, interval: 5ms, timeout: 50ms}}",
			verdict: engine.SUT, cause: "svc was not ready within", detail: "listening",
		},
		"build fails": {
			app:     "{name: svc, build: {command: [build]}, command: [web], env: {BUILD_FAILS: y}}",
			verdict: engine.SUT, cause: `svc: "build" ended with exit status 2`, detail: "building",
		},
		"no such program": {
			app: "{name: svc, command: [nope]}", verdict: engine.SUT, cause: `no program "nope"`,
		},
		"port in use": {
			app:     fmt.Sprintf("{name: svc, command: [web], port: %d}", taken.Addr().(*net.TCPAddr).Port),
			verdict: engine.Environment, cause: "is already in use",
		},
		"nothing published": {
			app: "{name: svc, command: [web], env: {PAY: '${mocks.pay.url}'}}", verdict: engine.Invalid,
			cause: "svc: resolving ${mocks.pay.url}",
		},
		"log cannot be written": {
			app: "{name: svc, command: [web]}", verdict: engine.Environment, cause: "artifact logs/svc.log",
			before: func(_ context.Context, r *engine.Run) error {
				return os.WriteFile(filepath.Join(r.Dir, "logs"), nil, 0o600)
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := &stage{driver: programs(web(fine)), before: c.before}
			rep := s.play(t, "    - "+c.app+"\n")
			if rep.Verdict != c.verdict || !strings.Contains(rep.Cause, c.cause) {
				t.Errorf("%s: %s", rep.Verdict, rep.Cause)
			}
			if c.detail != "" && !slices.Contains(rep.Details, c.detail) {
				t.Errorf("details %q", rep.Details)
			}
			if c.verdict != engine.SUT && rep.Hint == "" && name != "log cannot be written" {
				t.Error("no hint")
			}
		})
	}
}

func TestOrderOfStartAndStop(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, text)
	}
	noted := func(ctx context.Context, p servicestest.Process) int {
		note("start " + p.Getenv("NAME"))
		defer note("stop")
		return web(fine)(ctx, p)
	}
	s := &stage{driver: programs(noted)}
	rep := s.play(t, `
    - {name: a, command: [web], ready: {interval: 5ms}, env: {NAME: a}}
    - {name: b, command: [web], ready: {interval: 5ms}, env: {NAME: b, A: "${apps.a.url}"}}
`)
	if diff := cmp.Diff([]string{"start a", "start b", "stop", "stop"}, order); diff != "" {
		t.Errorf("%s\n%s", diff, rep.Cause)
	}
}

func TestRetryStartsAnew(t *testing.T) {
	starts := 0
	driver := programs(web(fine))
	driver.OnStart = func(services.Service) error { starts++; return nil }
	driver.Stats = func(services.Service) (services.Stats, error) {
		return services.Stats{PeakMem: int64(1000 / starts / starts)}, nil
	}
	rep := (&stage{driver: driver}).play(t, `
    - {name: svc, command: [web], ready: {interval: 5ms}, gates: {mem_peak_bytes: "<= 500B"}}
`)
	if starts != 2 || rep.Verdict != engine.Passed || !rep.Flaky || rep.Services[0].MemPeakBytes != 250 {
		t.Errorf("%d starts, flaky %v: %s", starts, rep.Flaky, rep.Cause)
	}
	if g := rep.Gates[0]; g.OnFail != gates.SUT || g.Outcome != gates.Passed {
		t.Errorf("gate %+v", g)
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]struct{ apps, want string }{
		"image build":   {"{name: svc, build: {dockerfile: D}}", "an image build needs the folder"},
		"no host name":  {"{name: my svc, image: 'x:1'}", `"my svc" cannot be the name of a container`},
		"no context":    {"{name: svc, build: {context: ./nowhere}}", "there is no "},
		"no source":     {"{name: svc, image: 'x:1', files: ['./nowhere:/etc/x']}", "there is no "},
		"a file":        {"{name: svc, image: 'x:1', files: [nowhere]}", "names no file"},
		"a volume":      {"{name: svc, image: 'x:1', volumes: ['a:b']}", "expected a folder and its place inside"},
		"resources":     {"{name: svc, command: [x], resources: {cpus: 1}}", "resources needs a container"},
		"isolation":     {"{name: svc, command: [x], isolation: {egress: deny}}", "isolation needs a container"},
		"little memory": {"{name: svc, image: 'x:1', resources: {memory: 1MiB}}", "bounds memory to 1MiB"},
		"memory":        {"{name: svc, image: 'x:1', resources: {memory: 512}}", "has no unit"},
		"ready job":     {"{name: svc, image: 'x:1', job: true, ready: {http: /}}", "a job is ready when it ends"},
		"allow alone":   {"{name: svc, image: 'x:1', isolation: {allow: ['a:1']}}", "allow says nothing"},
		"allows nobody": {"{name: svc, image: 'x:1', isolation: {egress: deny, allow: [svcs]}}", "neither a service"},
		"needs nobody":  {"{name: svc, command: [x], needs: [svcs]}", "svc needs svcs, which is no service"},
		"one another": {
			"{name: svc, command: [x, '${apps.b.url}']}\n    - {name: b, command: [x], needs: [svc]}",
			"they need one another: svc needs b needs svc",
		},
		"no command":     {"{name: svc}", "app svc has no command"},
		"warm-up":        {"{name: svc, command: [x], warm_up: {requests: 1}}", "warm_up does not know what to ask for"},
		"unknown key":    {"{name: svc, command: [x], prot: 1}", "prot"},
		"unknown metric": {"{name: svc, command: [x], gates: {eror_rate: '== 0'}}", "eror_rate"},
		"no name":        {"{command: [x]}", "name"},
		"two of a name":  {"{name: svc, command: [x]}\n    - {name: svc, command: [x]}", "a second app is named svc"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ds := findings(t, "    - "+c.apps+"\n")
			if ds.Err() == nil || !strings.Contains(ds.Error(), c.want) {
				t.Errorf("findings %v", ds)
			}
		})
	}
}

func TestPlan(t *testing.T) {
	p := load(t, "    - {name: svc, command: [web, -v], ready: {timeout: 4s}, gates: {ready_seconds: '>= 3'}}\n")
	phase, ds := New(p, &fleet.Fleet{})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	if diff := cmp.Diff([]string{`app svc: ["web" "-v"], ready within 4s`}, phase.Plan()); diff != "" {
		t.Error(diff)
	}
	if phase.Timeout() != 10*time.Minute+7*time.Second || phase.Skip() != "" || len(phase.Gates()) != 1 {
		t.Errorf("time limit %s, skip %q", phase.Timeout(), phase.Skip())
	}
}

// Resource use that cannot be measured is no data: a gate on it must not hold.
func TestUnmeasuredResourcesAreNoData(t *testing.T) {
	s := stage{driver: &servicestest.Driver{
		Programs: map[string]servicestest.Program{"web": web(fine)},
		Stats: func(services.Service) (services.Stats, error) {
			return services.Stats{}, errors.New("not to be had here")
		},
	}}
	rep := s.play(t, "    - {name: svc, command: [web], gates: {mem_peak_bytes: '<= 64MiB'}}\n")
	if rep.Verdict != engine.Inconclusive || rep.Gates[0].Reason != gates.NoData {
		t.Errorf("%s, gate %+v", rep.Cause, rep.Gates[0])
	}
	if rep.Services[0].ReadySeconds <= 0 {
		t.Errorf("ready for %v s", rep.Services[0].ReadySeconds)
	}
}

// A panic while an app is brought up ends the run in order: what was started is undone, the report is written.
func TestPanicWhileStarting(t *testing.T) {
	p := load(t, "    - {name: svc, image: 'x:1'}\n")
	phase, ds := New(p, &fleet.Fleet{Open: func(context.Context, string) (services.Site, error) { panic("a bug") }})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	undone := false
	e := &engine.Engine{Pipeline: p, Phases: []engine.Phase{
		&other{name: engine.Backends, run: func(_ context.Context, r *engine.Run) error {
			r.Cleanup("mock", func(context.Context) error {
				undone = true
				return nil
			})
			return nil
		}},
		phase,
	}}
	rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil || rep.Cause != "internal: panic: a bug" || !undone {
		t.Errorf("%v: %s, undone %v", err, rep.Cause, undone)
	}
	if !strings.Contains(strings.Join(rep.Details, "\n"), "sut_test.go") {
		t.Errorf("the stack does not lead to the panic: %q", rep.Details)
	}
}

// once starts a service only once.
type once struct {
	services.Driver
	started bool
}

func (o *once) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	if o.started {
		return nil, errors.New("no more")
	}
	o.started = true
	return o.Driver.Start(ctx, s, logs)
}

// The report on an app that could not be started again says nothing of the attempt before.
func TestTellsOfTheLastAttempt(t *testing.T) {
	p := load(t, "    - {name: svc, command: [web], ready: {interval: 5ms}, gates: {startup_seconds: '< 0'}}\n")
	phase, ds := New(p, &fleet.Fleet{Processes: &once{Driver: programs(web(fine))}})
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	e := &engine.Engine{Pipeline: p, Phases: []engine.Phase{phase}}
	rep, err := e.Run(t.Context(), engine.Options{ID: "run-1", Dir: t.TempDir(), Clock: time.Now})
	if err != nil || rep.Cause != "sut: no more" {
		t.Fatalf("%v: %s", err, rep.Cause)
	}
	if diff := cmp.Diff([]engine.ServiceReport{{Name: "svc"}}, rep.Services); diff != "" {
		t.Error(diff)
	}
}
