package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Execer is an Instance that can run a command beside the service: in its folder and environment, or
// within its container. Command probes need it.
type Execer interface {
	// Exec runs the command to its end. A status other than 0 is an [ExitError].
	Exec(ctx context.Context, command []string) error
}

// check looks at a service once; its error says what it saw.
type check func(ctx context.Context) error

// checks are the checks of one probe.
type checks struct {
	list  []check
	close func()
}

// run runs the checks in order, up to the first that does not hold.
func (c checks) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	for _, check := range c.list {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// checks builds what r asks for; close must be called.
func (p *Probe) checks(ctx context.Context, r Ready) (checks, error) {
	addr := p.Instance.Addr()
	c := checks{close: func() {}}
	usual := !r.configured() && p.Check == nil
	health := p.healthCheck(ctx)
	switch {
	case usual && health != nil:
		c.list = append(c.list, health)
	case r.TCP.On || usual && addr != "":
		check, err := p.tcpCheck(ctx, r.TCP.Port)
		if err != nil {
			return c, err
		}
		c.list = append(c.list, check)
	}
	if !r.Log.IsZero() {
		if p.Logs == nil {
			return c, fmt.Errorf("waiting for %s to be ready: a log check needs the service's output", p.Service)
		}
		w := p.Logs.watch(r.Log.re)
		c.close = func() { p.Logs.unwatch(w) }
		c.list = append(c.list, w.check)
	}
	if r.HTTP.Path != "" {
		c.list = append(c.list, httpCheck(addr, r.HTTP))
	}
	if p.Check != nil {
		c.list = append(c.list, p.Check)
	}
	if len(r.Command) == 0 {
		return c, nil
	}
	e, ok := p.Instance.(Execer)
	if !ok {
		c.close()
		return c, fmt.Errorf("waiting for %s to be ready: a command cannot be run beside this kind of service; "+
			"use an http, tcp or log check", p.Service)
	}
	c.list = append(c.list, func(ctx context.Context) error { return e.Exec(ctx, r.Command) })
	return c, nil
}

func (w *watch) check(context.Context) error {
	select {
	case <-w.seen:
		return nil
	default:
		return fmt.Errorf("no line has matched %q yet", w.re)
	}
}

// healthCheck is the check that the container engine runs; nil where there is none.
func (p *Probe) healthCheck(ctx context.Context) check {
	inspector, ok := p.Instance.(Inspector)
	if !ok {
		return nil
	}
	if state, err := inspector.Inspect(ctx); err != nil || state.Health == "" {
		return nil
	}
	return func(ctx context.Context) error {
		state, err := inspector.Inspect(ctx)
		if err != nil {
			return err
		}
		if state.Health != "healthy" {
			return errors.New(strings.TrimSuffix("health check: "+state.Health+": "+oneLine(state.Probe), ": "))
		}
		return nil
	}
}

// tcpCheck opens a connection to the service, or to another of its ports.
func (p *Probe) tcpCheck(ctx context.Context, port int) (check, error) {
	addr := p.Instance.Addr()
	named, contained := p.Instance.(Named)
	host, _, err := net.SplitHostPort(addr)
	switch {
	case port == 0:
	case contained:
		if addr, err = named.PortAddr(ctx, port); err != nil {
			return nil, fmt.Errorf("waiting for %s to be ready: %w", p.Service, err)
		}
	case err == nil:
		addr = net.JoinHostPort(host, strconv.Itoa(port))
	default:
		addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err != nil {
			return fmt.Errorf("tcp %s: %w", addr, plain(err))
		}
		defer conn.Close()
		if contained {
			return relayed(conn)
		}
		return nil
	}, nil
}

// relayTime is how long the engine's relay may take to find out that nobody listens behind it.
const relayTime = 200 * time.Millisecond

// relayed tells whether somebody took the connection within the container: the engine takes it in any
// case, and drops it where nobody does.
func relayed(conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(relayTime)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return fmt.Errorf("tcp %s: nobody listens inside of the container", conn.RemoteAddr())
}

// httpCheck uses a connection of its own for each attempt, so that a connection to a service that was
// restarted cannot lie.
func httpCheck(addr string, want HTTPCheck) check {
	target := want.Path
	if !isURL(target) {
		target = "http://" + addr + target
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return fmt.Errorf("http %s: %w", want.Path, plain(err))
		}
		res, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("http %s: %w", want.Path, plain(err))
		}
		defer res.Body.Close()
		return want.judge(res)
	}
}

// maxProbeBody bounds how much of a health answer is read.
const maxProbeBody = 64 << 10

func (c HTTPCheck) judge(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxProbeBody))
	if err != nil {
		return fmt.Errorf("http %s: reading the body: %w", c.Path, plain(err))
	}
	good := res.StatusCode == c.Status
	if c.Status == 0 {
		good = res.StatusCode >= 200 && res.StatusCode < 400
	}
	if !good {
		return fmt.Errorf("http %s: status %d: %s", c.Path, res.StatusCode, oneLine(string(body)))
	}
	if !c.Body.IsZero() && !c.Body.Match(string(body)) {
		return fmt.Errorf("http %s: the body does not match %q: %s", c.Path, c.Body, oneLine(string(body)))
	}
	return nil
}

// plain reduces a network error to what a person needs: "connection refused", not the whole chain.
func plain(err error) error {
	var asked *url.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return errors.New("connection refused")
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	case errors.As(err, &asked):
		return asked.Err
	}
	return err
}
