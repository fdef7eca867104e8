package sut

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// app is an application of the run file, and the instance that stands for it while a run lasts.
type app struct {
	App
	pipeline *engine.Pipeline
	driver   services.Driver
	known    []string
	hold     time.Duration

	mu       sync.Mutex
	instance services.Instance
	scanner  *services.Scanner
	tail     *services.Tail
	started  time.Time
	ready    time.Time
	startup  time.Duration
	stats    services.Stats
	asked    int64
	failed   int64
}

// start builds and starts the application, waits until it is ready, warms it up and watches it.
func (a *app) start(ctx context.Context, r *engine.Run) error {
	service, err := a.service(r)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	logs, err := a.openLogs(r)
	if err != nil {
		return err
	}
	a.begin()
	instance, err := a.driver.Start(ctx, service, a.concealed(services.Tee(logs, a.tail.Add, a.scanner.Feed)))
	if err != nil {
		return err
	}
	r.Cleanup("app "+a.Name, instance.Stop)
	a.set(instance, r.Clock())
	r.Collect(func(ctx context.Context) { a.collect(ctx, r) })
	r.Publish("apps."+a.Name+".url", "http://"+instance.Addr())
	r.Publish("apps."+a.Name+".port", strconv.Itoa(service.Port))
	return a.settle(ctx, r, instance)
}

// settle brings a started application to where its gates can be judged.
func (a *app) settle(ctx context.Context, r *engine.Run, instance services.Instance) error {
	probe := services.Probe{Service: a.Name, Instance: instance, Ready: a.Ready, Logs: a.tail}
	if _, err := probe.Wait(ctx); err != nil {
		return err
	}
	a.isReady(r.Clock())
	if err := a.warmUp(ctx, instance); err != nil {
		return err
	}
	held, left := r.Clock().Sub(a.ready), time.Duration(0)
	if a.hold > held {
		left = a.hold - held
	}
	err := probe.Hold(ctx, left)
	a.count(1, err)
	if err != nil {
		return err
	}
	r.Guard(instance.Exited(), func() error { return a.died(instance) })
	return nil
}

// died is the fault of an application that ended while it was needed.
func (a *app) died(instance services.Instance) error {
	return &engine.Fault{
		Verdict: engine.SUT, Err: fmt.Errorf("%s died: %s", a.Name, instance.Exit()), Details: a.tail.Texts(20),
	}
}

// service fills the addresses of what is up already into the application's settings.
func (a *app) service(r *engine.Run) (services.Service, error) {
	port := a.Port
	if port == 0 {
		free, err := services.FreePort()
		if err != nil {
			return services.Service{}, &engine.Fault{Verdict: engine.Environment, Err: err}
		}
		port = free
	}
	lookup := func(ref string) (string, bool) {
		switch ref {
		case "self.port":
			return strconv.Itoa(port), true
		case "run.id":
			return r.ID, true
		case "run.dir":
			return r.Dir, true
		}
		return r.Lookup(ref)
	}
	return a.filled(port, lookup)
}

// filled expands the settings. A reference that nothing has published belongs to a phase that is left
// out of this run.
func (a *app) filled(port int, lookup func(string) (string, bool)) (services.Service, error) {
	s := services.Service{Name: a.Name, Dir: a.pipeline.Resolve(a.Dir), Port: port}
	var errs []error
	expand := func(text string) string {
		out, err := spec.ExpandRuntime(text, lookup)
		errs = append(errs, err)
		return out
	}
	for _, word := range a.Build.Command {
		s.Build = append(s.Build, expand(word))
	}
	for _, word := range a.Command {
		s.Command = append(s.Command, expand(word))
	}
	s.Env = append(s.Env, "PORT="+strconv.Itoa(port)) // the run file's own PORT comes later and wins
	for _, name := range slices.Sorted(maps.Keys(a.Env)) {
		s.Env = append(s.Env, name+"="+expand(a.Env[name]))
	}
	if err := errors.Join(errs...); err != nil {
		return s, &engine.Fault{
			Verdict: engine.Invalid, Err: fmt.Errorf("%s: %w", a.Name, err),
			Hint: "run the phase that starts what the reference names as well",
		}
	}
	return s, nil
}

// concealed takes the run file's secrets out of what the application writes.
func (a *app) concealed(sink services.LogSink) services.LogSink {
	return func(l services.Line) {
		l.Text = a.pipeline.Document.Conceal(l.Text)
		sink(l)
	}
}

// openLogs makes the application's log file.
func (a *app) openLogs(r *engine.Run) (services.LogSink, error) {
	f, err := r.Artifact("logs/" + a.Name + ".log")
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	r.Cleanup("log of "+a.Name, func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		return f.Close()
	})
	return func(l services.Line) {
		mu.Lock()
		defer mu.Unlock()
		writeLine(f, l)
	}, nil
}

// writeLine stores one line. A log that cannot be written must not stop the application: what is lost
// is missing from the artifact, and the scanner has seen it all the same.
func writeLine(f *os.File, l services.Line) {
	_, _ = fmt.Fprintf(f, "%s %s %s\n", l.Time.UTC().Format(time.RFC3339Nano), l.Stream, l.Text)
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

func (a *app) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instance, a.started, a.ready = nil, time.Time{}, time.Time{}
	a.scanner, a.tail = services.NewScanner(a.Logs, a.known), services.NewTail(200)
	a.stats, a.asked, a.failed, a.startup = services.Stats{}, 0, 0, 0
}

// set keeps the instance. now is when it was started: a build before that is not the application's time.
func (a *app) set(i services.Instance, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.instance, a.started = i, now
}

func (a *app) isReady(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ready, a.startup = now, now.Sub(a.started)
}
