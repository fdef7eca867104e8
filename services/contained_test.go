package services_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// contained is a fake container.
type contained struct {
	*fake
	inspect func() services.State
	ports   map[int]string
}

func (c *contained) Inspect(context.Context) (services.State, error) { return c.inspect(), nil }

func (c *contained) Inside() string { return "orders:8080" }

func (c *contained) PortAddr(_ context.Context, port int) (string, error) {
	if addr, ok := c.ports[port]; ok {
		return addr, nil
	}
	return "", errors.New("it is not published")
}

func TestJob(t *testing.T) {
	cases := map[string]struct {
		exit *services.Exit // nil: it never ends
		want string
	}{
		"succeeds": {&services.Exit{}, ""},
		"fails": {
			&services.Exit{Code: 3},
			"migrate ended after 2s with exit status 3; it wrote last: no such table",
		},
		"is stopped": {
			&services.Exit{Stopped: true}, "migrate ended after 2s with exit status 0; it wrote last: no such table",
		},
		"is too large": {
			&services.Exit{Code: -1, Signal: "killed", Reason: "out of memory"},
			"migrate ended after 2s with signal: killed (out of memory); it wrote last: no such table",
		},
		"hangs": {nil, "migrate did not end within 5s; it wrote last: no such table"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, tail := newFake(""), services.NewTail(5)
				tail.Add(services.Line{Text: "no such table"})
				p := services.Probe{Service: "migrate", Instance: f, Logs: tail, Job: true}
				p.Ready.Timeout = spec.Duration(5 * time.Second)
				if c.exit != nil {
					time.AfterFunc(2*time.Second, func() { f.die(*c.exit) })
				}
				ready, err := p.Wait(t.Context())
				if c.want == "" {
					if err != nil || ready.After != 2*time.Second || p.Hold(t.Context(), time.Hour) != nil {
						t.Errorf("ready is %+v, %v", ready, err)
					}
					return
				}
				if e := notReady(t, err); e.Error() != c.want || !e.Job {
					t.Errorf("got %q, want %q", e, c.want)
				}
			})
		})
	}
}

func TestJobEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := services.Probe{Service: "migrate", Instance: newFake(""), Job: true}
	if _, err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func TestHealthIsReadiness(t *testing.T) {
	var asked atomic.Int64
	c := &contained{fake: newFake("127.0.0.1:1"), inspect: func() services.State {
		if asked.Add(1) < 4 {
			return services.State{Status: "running", Health: "starting"}
		}
		return services.State{Status: "running", Health: "healthy"}
	}}
	p := services.Probe{Service: "orders", Instance: c, Ready: quick(func(*services.Ready) {})}
	if ready, err := p.Wait(t.Context()); err != nil || ready.Attempts != 3 {
		t.Errorf("ready is %+v, %v", ready, err)
	}
}

func TestHealthIsTold(t *testing.T) {
	state := services.State{Status: "running", Health: "unhealthy", Probe: "no route\n to db", Restarts: 2}
	c := &contained{fake: newFake("127.0.0.1:1"), inspect: func() services.State { return state }}
	p := services.Probe{Service: "orders", Instance: c, Logs: services.NewTail(5)}
	p.Logs.Add(services.Line{Text: "starting"})
	p.Ready = quick(func(r *services.Ready) { r.Timeout = spec.Duration(50 * time.Millisecond) })
	_, err := p.Wait(t.Context())
	e := notReady(t, err)
	if e.LastProbe != "health check: unhealthy: no route to db" {
		t.Errorf("the last probe is %q", e.LastProbe)
	}
	want := []string{
		"container: running, health check: unhealthy, restarted 2 times", "last health check: no route to db", "starting",
	}
	if diff := cmp.Diff(want, e.Details()); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

// TestRelayedPort asks for a port that the engine's relay takes connections for, with nobody behind it.
func TestRelayedPort(t *testing.T) {
	var behind atomic.Bool
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var kept []net.Conn
	go func() {
		defer close(done)
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			if !behind.Load() {
				conn.Close()
				behind.Store(true)
				continue
			}
			kept = append(kept, conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, conn := range kept {
			conn.Close()
		}
	})
	c := &contained{fake: newFake("127.0.0.1:1"), ports: map[int]string{9000: l.Addr().String()}}
	c.inspect = func() services.State { return services.State{Status: "running"} }
	p := services.Probe{Service: "orders", Instance: c, Ready: quick(func(r *services.Ready) {
		r.TCP = services.TCPCheck{On: true, Port: 9000}
	})}
	if ready, err := p.Wait(t.Context()); err != nil || ready.Attempts != 2 {
		t.Errorf("ready is %+v, %v", ready, err)
	}
	p.Ready.TCP.Port = 9001
	if _, err := p.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "not published") {
		t.Errorf("error is %v", err)
	}
}

// TestDeadIsNotReady probes an instance that has ended and has nothing to check.
func TestDeadIsNotReady(t *testing.T) {
	f := newFake("")
	f.die(services.Exit{})
	p := services.Probe{Service: "orders", Instance: f}
	_, err := p.Wait(t.Context())
	if e := notReady(t, err); e.Exit == nil || *e.Exit != (services.Exit{}) {
		t.Errorf("the error is %v", e)
	}
}

func TestStateString(t *testing.T) {
	for want, s := range map[string]services.State{
		"running":                               {Status: "running"},
		"running, health check: starting":       {Status: "running", Health: "starting"},
		"exited with status 137, out of memory": {Status: "exited", ExitCode: 137, OOMKilled: true},
		"created, no such file":                 {Status: "created", Error: "no such file"},
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestRelay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { // answers all that was said, once the other side has ended
		defer close(done)
		for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
			said := readAll(conn)
			slices.Reverse(said)
			_, _ = conn.Write(said)
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	r, err := services.NewRelay("127.0.0.1:0", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		conn, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write([]byte("abc")); err != nil {
			t.Error(err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Error(err)
		}
		if got := string(readAll(conn)); got != "cba" {
			t.Errorf("the answer is %q", got)
		}
		conn.Close()
	}
	hanging, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(readAll(hanging)) != 0 {
		t.Error("a connection has outlived its relay")
	}
	if _, err := net.Dial("tcp", r.Addr()); err == nil {
		t.Error("a closed relay still listens")
	}
}

func readAll(conn net.Conn) []byte {
	var all []byte
	buf := make([]byte, 512)
	for {
		n, err := conn.Read(buf)
		all = append(all, buf[:n]...)
		if err != nil {
			return all
		}
	}
}

func TestRelayToNobody(t *testing.T) {
	r, err := services.NewRelay("127.0.0.1:0", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	conn, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got := readAll(conn); len(got) != 0 {
		t.Errorf("nobody answered %q", got)
	}
}

func TestHint(t *testing.T) {
	cases := map[string]struct {
		err  services.NotReadyError
		want string
	}{
		"to the background": {services.NotReadyError{
			Exit: &services.Exit{}, State: &services.State{Status: "exited"},
		}, "foreground"},
		"job":     {services.NotReadyError{Job: true, Exit: &services.Exit{}, State: &services.State{}}, ""},
		"crash":   {services.NotReadyError{Exit: &services.Exit{Code: 1}, State: &services.State{}}, ""},
		"process": {services.NotReadyError{Exit: &services.Exit{}}, ""},
		"late":    {services.NotReadyError{State: &services.State{Status: "running"}}, ""},
		"memory": {services.NotReadyError{
			Exit: &services.Exit{Code: 137, Signal: "killed"}, State: &services.State{OOMKilled: true},
		}, "resources: {memory: ...}"},
		"architecture": {services.NotReadyError{
			Exit: &services.Exit{Code: 1}, State: &services.State{},
			Log: []string{"exec /app: exec format error"},
		}, "another machine"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := c.err.Hint(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
