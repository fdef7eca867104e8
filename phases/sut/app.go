package sut

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/services"
)

// app is an application of the run file, and the service that stands for it while a run lasts.
type app struct {
	App
	pipeline *engine.Pipeline
	fleet    *fleet.Fleet
	hold     time.Duration

	mu     sync.Mutex
	member *fleet.Member
	asked  int64
	failed int64
}

// start builds and starts the application, waits until it is ready, warms it up and watches it.
func (a *app) start(ctx context.Context, r *engine.Run, started func()) error {
	a.set(nil)
	service, err := a.fleet.Fill(ctx, r, fleet.Wanted{Pipeline: a.pipeline, Name: a.Name, Settings: &a.Settings})
	if err != nil {
		return err
	}
	m, err := a.fleet.Start(ctx, r, fleet.Launch{Service: service, Rules: a.Logs})
	if err != nil {
		return err
	}
	started()
	a.set(m)
	r.Collect(func(ctx context.Context) { a.collect(ctx, r) })
	m.Publish(r, "apps")
	return a.settle(ctx, r, m)
}

// settle brings a started application to where its gates can be judged.
func (a *app) settle(ctx context.Context, r *engine.Run, m *fleet.Member) error {
	if err := m.Wait(ctx, a.Ready); err != nil || m.Job() {
		return err
	}
	if err := a.warmUp(ctx, m.Instance()); err != nil {
		return err
	}
	held, left := r.Clock().Sub(m.Ready()), time.Duration(0)
	if a.hold > held {
		left = a.hold - held
	}
	err := m.Probe(a.Ready).Hold(ctx, left)
	a.count(1, err)
	if err != nil {
		return err
	}
	r.Guard(m.Instance().Exited(), func() error { return m.Died(engine.SUT) })
	return nil
}

// warmUp sends the configured requests, one after another.
func (a *app) warmUp(ctx context.Context, instance services.Instance) error {
	path := a.WarmUp.Path
	if path == "" {
		path = a.Ready.HTTP.Path
	}
	if strings.HasPrefix(path, "/") {
		path = "http://" + instance.Addr() + path
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range a.WarmUp.Requests {
		err := get(ctx, client, path)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		a.count(1, err)
	}
	return nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%s answered %s", url, resp.Status)
	}
	return nil
}

// set begins with a new service, or without one.
func (a *app) set(m *fleet.Member) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.member, a.asked, a.failed = m, 0, 0
}
