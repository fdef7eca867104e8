package services_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an instance that ends when die is called.
type fake struct {
	addr   string
	exited chan struct{}
	exit   services.Exit
	exec   func(context.Context, []string) error
}

func newFake(addr string) *fake { return &fake{addr: addr, exited: make(chan struct{})} }

func (f *fake) die(e services.Exit) {
	f.exit = e
	close(f.exited)
}

func (f *fake) Addr() string                                     { return f.addr }
func (f *fake) Exited() <-chan struct{}                          { return f.exited }
func (f *fake) Exit() services.Exit                              { return f.exit }
func (f *fake) Stats(context.Context) (services.Stats, error)    { return services.Stats{}, nil }
func (f *fake) Stop(context.Context) error                       { return nil }
func (f *fake) Exec(ctx context.Context, c []string) (err error) { return f.exec(ctx, c) }

func quick(change func(*services.Ready)) services.Ready {
	r := services.DefaultReady()
	r.Interval = spec.Duration(time.Millisecond)
	r.Timeout = spec.Duration(10 * time.Second)
	change(&r)
	return r
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestWait(t *testing.T) {
	var asked atomic.Int64
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := asked.Add(1); {
		case r.URL.Path == "/redirect":
			http.Redirect(w, r, "/nowhere", http.StatusFound)
		case r.URL.Path == "/teapot":
			w.WriteHeader(http.StatusTeapot)
		case n < 3 || n == 4: // ready, but once more not
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			_, _ = io.WriteString(w, `{"status":"up"}`)
		}
	})
	cases := map[string]struct {
		ready    services.Ready
		addr     string
		attempts int
	}{
		"default is tcp":   {quick(func(*services.Ready) {}), addr, 1},
		"nothing to check": {quick(func(*services.Ready) {}), "", 1},
		"tcp":              {quick(func(r *services.Ready) { r.TCP.On = true }), addr, 1},
		"http":             {quick(func(r *services.Ready) { r.HTTP.Path = "/" }), addr, 3},
		"http in a row": {quick(func(r *services.Ready) {
			r.HTTP.Path, r.Consecutive = "/", 2
		}), addr, 6},
		"http redirect": {quick(func(r *services.Ready) { r.HTTP.Path = "/redirect" }), addr, 1},
		"http status": {quick(func(r *services.Ready) {
			r.HTTP = services.HTTPCheck{Path: "/teapot", Status: 418}
		}), addr, 1},
		"http body": {quick(func(r *services.Ready) {
			r.HTTP = services.HTTPCheck{Path: "/", Body: services.MustPattern(`"up"`)}
		}), addr, 3},
		"http absolute": {quick(func(r *services.Ready) { r.HTTP.Path = "http://" + addr + "/" }), "", 3},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			p := services.Probe{Service: "orders", Instance: newFake(c.addr), Ready: c.ready}
			got, err := p.Wait(t.Context())
			if err != nil || got.Attempts != c.attempts {
				t.Errorf("got %+v, %v; want %d attempts", got, err, c.attempts)
			}
		})
	}
}

func TestWaitForLogLine(t *testing.T) {
	for name, early := range map[string]bool{"before the probe": true, "during the probe": false} {
		t.Run(name, func(t *testing.T) {
			tail := services.NewTail(10)
			line := services.Line{Text: "INFO listening on :8080"}
			if early {
				tail.Add(line)
			} else {
				timer := time.AfterFunc(5*time.Millisecond, func() { tail.Add(line) })
				defer timer.Stop()
			}
			p := services.Probe{Service: "orders", Instance: newFake(""), Logs: tail}
			p.Ready = quick(func(r *services.Ready) { r.Log = services.MustPattern(`listening on :\d+`) })
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWaitForCommand(t *testing.T) {
	f := newFake("")
	var runs int
	f.exec = func(_ context.Context, command []string) error {
		if runs++; runs < 3 {
			return &services.ExitError{Service: "orders", Command: command, Exit: services.Exit{Code: 1}}
		}
		return nil
	}
	p := services.Probe{Service: "orders", Instance: f}
	p.Ready = quick(func(r *services.Ready) { r.Command = spec.Strings{"./check", "-q"} })
	if got, err := p.Wait(t.Context()); err != nil || got.Attempts != 3 {
		t.Errorf("got %+v, %v; want 3 attempts", got, err)
	}
	p.Instance = services.External("127.0.0.1:1")
	if _, err := p.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "command") {
		t.Errorf("error is %v, want one about the command", err)
	}
}

func TestWaitNeedsLogs(t *testing.T) {
	p := services.Probe{Service: "orders", Instance: newFake("")}
	p.Ready.Log = services.MustPattern("up")
	if _, err := p.Wait(t.Context()); err == nil {
		t.Error("no error for a log check without a log")
	}
}

func notReady(t *testing.T, err error) *services.NotReadyError {
	t.Helper()
	var e *services.NotReadyError
	if !errors.As(err, &e) {
		t.Fatalf("error is %v (%T), want a NotReadyError", err, err)
	}
	if strings.ContainsAny(e.Error(), "\r\n") {
		t.Errorf("the message has more than one line: %q", e.Error())
	}
	return e
}

func TestWaitTellsWhyNot(t *testing.T) {
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	hang := make(chan struct{})
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hang" {
			<-hang
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "still\nmigrating")
	})
	t.Cleanup(func() { close(hang) })
	cases := map[string]struct {
		change func(*services.Ready)
		addr   string
		want   string
	}{
		"refused": {func(r *services.Ready) { r.TCP.On, r.TCP.Port = true, port }, addr, "connection refused"},
		"status": {
			func(r *services.Ready) { r.HTTP.Path = "/healthz" }, addr, "http /healthz: status 503: still migrating",
		},
		"hanging": {func(r *services.Ready) { r.HTTP.Path = "/hang" }, addr, "http /hang: no answer in time"},
		"body": {func(r *services.Ready) {
			r.HTTP = services.HTTPCheck{Path: "/healthz", Status: 503, Body: services.MustPattern("done")}
		}, addr, `the body does not match "done": still migrating`},
		"no line": {
			func(r *services.Ready) { r.Log = services.MustPattern("up") }, "", `no line has matched "up" yet`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			tail := services.NewTail(30)
			for range 25 {
				tail.Add(services.Line{Text: "starting"})
			}
			p := services.Probe{Service: "orders", Instance: newFake(c.addr), Logs: tail}
			p.Ready = quick(func(r *services.Ready) {
				r.Timeout = spec.Duration(50 * time.Millisecond)
				c.change(r)
			})
			_, err := p.Wait(t.Context())
			e := notReady(t, err)
			if !strings.Contains(e.LastProbe, c.want) || !strings.Contains(e.Error(), c.want) {
				t.Errorf("last probe %q, message %q, want %q", e.LastProbe, e, c.want)
			}
			if e.Exit != nil || len(e.Log) != 20 || e.After < 50*time.Millisecond {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestWaitNoticesDeathAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake("")
		tail := services.NewTail(10)
		tail.Add(services.Line{Text: "panic: no database"})
		timer := time.AfterFunc(150*time.Millisecond, func() { f.die(services.Exit{Code: 2}) })
		defer timer.Stop()
		p := services.Probe{Service: "orders", Instance: f, Logs: tail, Ready: services.DefaultReady()}
		p.Ready.Log = services.MustPattern("ready")
		_, err := p.Wait(t.Context())
		e := notReady(t, err)
		if e.After != 150*time.Millisecond {
			t.Errorf("noticed after %s, want 150ms", e.After)
		}
		if e.Exit == nil || *e.Exit != (services.Exit{Code: 2}) {
			t.Errorf("exit is %+v", e.Exit)
		}
		want := "orders ended after 150ms with exit status 2, before it was ready; " +
			"it wrote last: panic: no database"
		if e.Error() != want {
			t.Errorf("message (-want +got):\n%s", cmp.Diff(want, e.Error()))
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := services.Probe{Service: "orders", Instance: newFake("")}
	p.Ready = quick(func(r *services.Ready) { r.Command = spec.Strings{"x"} })
	p.Instance.(*fake).exec = func(context.Context, []string) error {
		cancel()
		return errors.New("not yet")
	}
	if _, err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func TestHold(t *testing.T) {
	type events struct {
		failsAt time.Duration // 0: never
		diesAt  time.Duration
	}
	cases := map[string]struct {
		events
		want string
	}{
		"stays": {events{}, ""},
		"fails": {
			events{failsAt: 700 * time.Millisecond},
			"orders was ready and stopped being so after 800ms: status 500",
		},
		"dies": {
			events{diesAt: 1300 * time.Millisecond},
			"orders was ready and ended after 1.3s with signal: killed",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake("")
				began := time.Now()
				f.exec = func(context.Context, []string) error {
					if c.failsAt > 0 && time.Since(began) >= c.failsAt {
						return errors.New("status 500")
					}
					return nil
				}
				if c.diesAt > 0 {
					timer := time.AfterFunc(c.diesAt, func() { f.die(services.Exit{Code: -1, Signal: "killed"}) })
					defer timer.Stop()
				}
				p := services.Probe{Service: "orders", Instance: f, Ready: services.DefaultReady()}
				p.Ready.Command = spec.Strings{"check"}
				err := p.Hold(t.Context(), 3*time.Second)
				if c.want == "" {
					if err != nil || time.Since(began) != 3*time.Second {
						t.Errorf("held for %s: %v", time.Since(began), err)
					}
					return
				}
				if e := notReady(t, err); e.Error() != c.want || !e.Held {
					t.Errorf("got %q, want %q", e, c.want)
				}
			})
		})
	}
}

func TestExternal(t *testing.T) {
	addr := serve(t, func(http.ResponseWriter, *http.Request) {})
	p := services.Probe{Service: "catalog", Instance: services.External(addr), Ready: services.DefaultReady()}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := p.Instance.Stats(t.Context()); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("error is %v, want %v", err, errors.ErrUnsupported)
	}
	if err := p.Instance.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
