// Package process runs services as local processes, each in a process group of its own that is ended
// whole.
package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/services"
)

// Driver starts local processes. The zero Driver is ready for use. It needs Linux, macOS or
// another Unix.
//
// A service gets the variables of [Inherited] and its own, nothing else of this process's
// environment. Its standard input is empty.
type Driver struct{}

var _ services.Driver = Driver{}

// tailLines is how many lines of a failed build go into the error.
const tailLines = 20

// Start builds and starts the service. It refuses a port that is in use with a [services.PortError],
// and returns a [services.ExitError] where the build failed.
func (Driver) Start(
	ctx context.Context, s services.Service, logs services.LogSink,
) (services.Instance, error) {
	if len(s.Command) == 0 {
		return nil, fmt.Errorf("starting %s: no command is given", s.Name)
	}
	if err := services.CheckPort(s); err != nil {
		return nil, err
	}
	if logs == nil {
		logs = func(services.Line) {}
	}
	if err := Build(ctx, s, logs); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, failed("starting", s.Name, err)
	}
	o := launch{service: s, env: environment(s.Env), command: s.Command, sink: logs, measure: true}
	c, err := o.start("stdout", "stderr")
	if err != nil {
		return nil, failed("starting", s.Name, err)
	}
	return &instance{child: c, launch: o}, nil
}

// Build runs the service's Build command to its end, on this machine whatever the service itself runs in.
// A service without one has nothing to build. A status other than 0 is a [services.ExitError].
func Build(ctx context.Context, s services.Service, logs services.LogSink) error {
	if len(s.Build) == 0 {
		return nil
	}
	if logs == nil {
		logs = func(services.Line) {}
	}
	o := launch{service: s, env: environment(s.Env), command: s.Build, sink: logs}
	if err := o.run(ctx, "build"); err != nil {
		return failed("building", s.Name, err)
	}
	return nil
}

// failed says what was being done, unless the error tells it itself.
func failed(doing, name string, err error) error {
	if exit := (*services.ExitError)(nil); errors.As(err, &exit) {
		return err
	}
	return fmt.Errorf("%s %s: %w", doing, name, err)
}

// launch is what a child process is started from.
type launch struct {
	service services.Service
	command []string
	env     []string
	sink    services.LogSink
	measure bool
}

// run runs the command to its end, or ends it with ctx. Both outputs go to one stream.
func (o launch) run(ctx context.Context, stream string) error {
	tail := services.NewTail(tailLines)
	o.sink = services.Tee(o.sink, tail.Add)
	c, err := o.start(stream, stream)
	if err != nil {
		return err
	}
	select {
	case <-c.ended:
	case <-ctx.Done():
		if err := c.stop(context.WithoutCancel(ctx), o.grace()); err != nil {
			return errors.Join(ctx.Err(), err)
		}
		return ctx.Err()
	}
	if exit := c.exit(); exit != (services.Exit{}) {
		return &services.ExitError{
			Service: o.service.Name, Command: o.command, Exit: exit, Log: tail.Texts(tailLines),
		}
	}
	return nil
}

func (o launch) grace() time.Duration {
	if o.service.StopTimeout > 0 {
		return o.service.StopTimeout
	}
	return services.DefaultStopTimeout
}

// instance is a running service.
type instance struct {
	child  *child
	launch launch
}

var (
	_ services.Instance = (*instance)(nil)
	_ services.Execer   = (*instance)(nil)
)

// Addr is empty for a service without a port.
func (i *instance) Addr() string {
	if i.launch.service.Port == 0 {
		return ""
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(i.launch.service.Port))
}

func (i *instance) Exited() <-chan struct{} { return i.child.exited }

func (i *instance) Exit() services.Exit {
	select {
	case <-i.child.exited:
		return i.child.exit()
	default:
		return services.Exit{}
	}
}

func (i *instance) Stats(context.Context) (services.Stats, error) {
	stats, err := i.child.meter.read()
	if err != nil {
		return stats, fmt.Errorf("measuring %s: %w", i.launch.service.Name, err)
	}
	return stats, nil
}

func (i *instance) Stop(ctx context.Context) error {
	if err := i.child.stop(ctx, i.launch.grace()); err != nil {
		return fmt.Errorf("stopping %s: %w", i.launch.service.Name, err)
	}
	return nil
}

// execGrace bounds how long an aborted command may take to end: a probe waits for it while its service may
// be dead.
const execGrace = 200 * time.Millisecond

// Exec runs a command in the folder and environment of the service; its output is kept out of the
// service's log.
func (i *instance) Exec(ctx context.Context, command []string) error {
	o := i.launch
	o.command, o.measure = command, false
	o.service.StopTimeout = min(o.grace(), execGrace)
	o.sink = func(services.Line) {}
	if err := o.run(ctx, "exec"); err != nil {
		return failed("running a command beside", o.service.Name, err)
	}
	return nil
}

// markName is the variable that every process of a child carries, so that those which left the
// process group are found too.
const markName = "HEADGATE_INSTANCE"

func newMark() string { return fmt.Sprintf("%s=%d-%s", markName, os.Getpid(), rand.Text()) }
