package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/process"
	"github.com/headgate-dev/headgate/traffic/capture"
)

// readyInterval is how often the service is asked whether it listens.
const readyInterval = 50 * time.Millisecond

// startApp starts the service and waits until it listens. It ends with the tape.
func (p *program) startApp(ctx context.Context, rec *tape) (services.Instance, error) {
	tail := services.NewTail(20)
	dir, err := os.Getwd()
	if err != nil {
		return nil, environment(err)
	}
	app, err := process.Driver{}.Start(ctx, services.Service{
		Name: rec.name, Command: rec.command, Dir: dir, Port: rec.appPort,
		Env: childEnvironment(os.Environ(), rec.forward, rec.bundle),
	}, services.Tee(p.show, tail.Add))
	if err != nil {
		return nil, environment(err)
	}
	rec.closing(app.Stop)
	probe := services.Probe{
		Service: rec.name, Instance: app, Logs: tail,
		Ready: services.Ready{Timeout: spec.Duration(rec.ready), Interval: spec.Duration(readyInterval)},
	}
	if _, err := probe.Wait(ctx); err != nil {
		return nil, notListening(rec, err)
	}
	return app, nil
}

// notListening says why a service is not ready.
func notListening(rec *tape, err error) error {
	fault := &engine.Fault{Verdict: engine.Environment, Err: err}
	if late := (*services.NotReadyError)(nil); errors.As(err, &late) && late.Exit == nil {
		fault.Hint = fmt.Sprintf("--app-port %d must be the port it listens on; --ready gives it more time", rec.appPort)
	}
	return fault
}

// show passes the output of the service on.
func (p *program) show(l services.Line) {
	out := p.out
	if l.Stream == "stderr" {
		out = p.err
	}
	fmt.Fprintln(out, l.Text)
}

// exit says how the service has ended by itself.
func (rec *tape) exit(e services.Exit) error {
	if e == (services.Exit{}) {
		return nil
	}
	return &engine.Fault{
		Verdict: engine.Environment, Err: fmt.Errorf("%s ended with %s", rec.name, e),
		Hint: "what was recorded until then is kept",
	}
}

// childEnvironment is this program's own environment with what has the calls of the service recorded.
func childEnvironment(own []string, proxy, bundle string) []string {
	added := slices.Concat(capture.Proxying(proxy), capture.Trusting(bundle))
	env := slices.DeleteFunc(slices.Clone(own), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return slices.ContainsFunc(added, func(a string) bool { return strings.HasPrefix(a, name+"=") })
	})
	return append(env, added...)
}
