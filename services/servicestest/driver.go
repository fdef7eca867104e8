// Package servicestest holds the conformance suite for drivers of services, the programs it runs, and a
// driver in memory for the tests of those who use services.
package servicestest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/services"
)

// Driver runs services as goroutines of the test. The first word of a command names its program.
type Driver struct {
	// Programs are what can be run, by name.
	Programs map[string]Program
	// OnStart, where set, is asked before anything is started; its error is Start's.
	OnStart func(services.Service) error
	// Stats, where set, is what every instance answers; else all is zero.
	Stats func(services.Service) (services.Stats, error)
}

var _ services.Driver = (*Driver)(nil)

// Start runs the build and starts the program.
func (d *Driver) Start(
	ctx context.Context, s services.Service, logs services.LogSink,
) (services.Instance, error) {
	if d.OnStart != nil {
		if err := d.OnStart(s); err != nil {
			return nil, err
		}
	}
	if err := services.CheckPort(s); err != nil {
		return nil, err
	}
	if len(s.Build) > 0 {
		if err := d.build(ctx, s, logs); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", s.Name, err)
	}
	return d.launch(s, s.Command, logs, [2]string{"stdout", "stderr"})
}

func (d *Driver) build(ctx context.Context, s services.Service, logs services.LogSink) error {
	tail := services.NewTail(20)
	i, err := d.launch(s, s.Build, services.Tee(logs, tail.Add), [2]string{"build", "build"})
	if err != nil {
		return err
	}
	select {
	case <-i.Exited():
	case <-ctx.Done():
		return fmt.Errorf("building %s: %w", s.Name, firstError(ctx.Err(), i.Stop(ctx)))
	}
	if exit := i.Exit(); exit != (services.Exit{}) {
		return &services.ExitError{Service: s.Name, Command: s.Build, Exit: exit, Log: tail.Texts(20)}
	}
	return nil
}

func firstError(errs ...error) error {
	return errs[max(slices.IndexFunc(errs, func(err error) bool { return err != nil }), 0)]
}

func (d *Driver) launch(
	s services.Service, command []string, logs services.LogSink, streams [2]string,
) (*instance, error) {
	if len(command) == 0 || d.Programs[command[0]] == nil {
		return nil, fmt.Errorf("starting %s: no program %q", s.Name, strings.Join(command, " "))
	}
	ctx, cancel := context.WithCancel(context.Background())
	i := &instance{
		driver: d, service: s, cancel: cancel,
		exited: make(chan struct{}), killed: make(chan struct{}),
	}
	var mu sync.Mutex
	out := &lineWriter{mu: &mu, sink: logs, stream: streams[0]}
	errs := &lineWriter{mu: &mu, sink: logs, stream: streams[1]}
	p := Process{Getenv: getenv(s.Env), Stdout: out, Stderr: errs, Killed: i.killed}
	go func() {
		code := d.Programs[command[0]](ctx, p)
		out.flush()
		errs.flush()
		i.end(code)
	}()
	return i, nil
}

func getenv(env []string) func(string) string {
	return func(name string) string {
		for _, kv := range slices.Backward(env) {
			if value, ok := strings.CutPrefix(kv, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// instance is a program that runs as a goroutine.
type instance struct {
	driver  *Driver
	service services.Service
	cancel  context.CancelFunc
	exited  chan struct{}
	killed  chan struct{}
	kill    sync.Once

	mu       sync.Mutex
	exit     services.Exit
	stopping bool
}

func (i *instance) end(code int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.exit.Code = code
	i.exit.Stopped = i.stopping
	select {
	case <-i.killed:
		i.exit = services.Exit{Code: -1, Signal: "killed", Stopped: i.stopping}
	default:
	}
	i.cancel()
	close(i.exited)
}

func (i *instance) Addr() string {
	if i.service.Port == 0 {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(i.service.Port))
}

func (i *instance) Exited() <-chan struct{} { return i.exited }

func (i *instance) Exit() services.Exit {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.exit
}

func (i *instance) Stats(context.Context) (services.Stats, error) {
	if i.driver.Stats == nil {
		return services.Stats{}, nil
	}
	return i.driver.Stats(i.service)
}

func (i *instance) Stop(ctx context.Context) error {
	i.mu.Lock()
	i.stopping = true
	i.mu.Unlock()
	i.cancel()
	grace := i.service.StopTimeout
	if grace <= 0 {
		grace = services.DefaultStopTimeout
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-i.exited:
		return nil
	case <-timer.C:
	case <-ctx.Done():
	}
	i.kill.Do(func() { close(i.killed) })
	<-i.exited
	return nil
}

// lineWriter cuts what a program writes into lines.
type lineWriter struct {
	mu     *sync.Mutex
	sink   services.LogSink
	stream string
	rest   []byte
}

var _ io.Writer = (*lineWriter)(nil)

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, b...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(b), nil
		}
		w.emit(line)
		w.rest = rest
	}
}

func (w *lineWriter) emit(line []byte) {
	if w.sink == nil {
		return
	}
	text := string(bytes.TrimSuffix(line, []byte("\r")))
	w.sink(services.Line{Time: time.Now(), Stream: w.stream, Text: text})
}

func (w *lineWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.emit(w.rest)
	}
	w.rest = nil
}
