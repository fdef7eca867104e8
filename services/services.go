// Package services holds the contracts for what can be run: a service, its driver, a running
// instance, and the probe that waits until it is ready.
package services

import (
	"context"
	"time"
)

// Service says what to run. Addresses of other services are already filled in.
type Service struct {
	// Name is the service's name in the run file: it prefixes log files and messages.
	Name string
	// Build is run to its end before Command, with the same Dir and Env; empty means nothing to build.
	Build []string
	// Command is the program and its arguments.
	Command []string
	// Dir is the working folder, absolute.
	Dir string
	// Env is added to the environment of the driver's choice, as KEY=value.
	Env []string
	// Port is the port the service listens on at 127.0.0.1. Drivers publish it through Instance.Addr.
	Port int
	// StopTimeout is how long SIGTERM may take before SIGKILL; 0 means DefaultStopTimeout.
	StopTimeout time.Duration
	// Container says how the service runs as a container; nil runs Command as a local process.
	Container *Container
}

// DefaultStopTimeout is how long a service may take to obey SIGTERM.
const DefaultStopTimeout = 5 * time.Second

// Driver starts services of one kind.
type Driver interface {
	// Start builds and starts the service and returns as soon as it runs; it does not wait for
	// readiness. Every line that the service (or its build) writes goes to logs, from one goroutine
	// at a time. On error nothing is left running. An *ExitError is returned where the build failed.
	// ctx bounds starting only: a running instance outlives it until Stop.
	Start(ctx context.Context, s Service, logs LogSink) (Instance, error)
}

// Line is one line of a service's output, without its newline.
type Line struct {
	Time   time.Time
	Stream string // "stdout", "stderr" or "build"
	Text   string
}

// LogSink takes a service's output line by line. It must not block for long: the service would wait.
type LogSink func(Line)

// Instance is a running service.
type Instance interface {
	// Addr is host:port, reachable from this process.
	Addr() string
	// Exited is closed when the service has ended by itself or was stopped.
	Exited() <-chan struct{}
	// Exit tells how it ended; before Exited is closed it is the zero Exit.
	Exit() Exit
	// Stats reads the resource use of the service and all its child processes since it started.
	Stats(ctx context.Context) (Stats, error)
	// Stop ends the service and every process it started: politely first, then by force after
	// StopTimeout or when ctx ends. It is safe to call twice and after the service has ended.
	Stop(ctx context.Context) error
}

// Exit tells how a service ended.
type Exit struct {
	// Code is the exit status; -1 where a signal ended it.
	Code int
	// Signal names the signal that ended it, or is empty.
	Signal string
	// Stopped is true where Stop ended it, so that it did not die by itself.
	Stopped bool
	// Reason is what the driver knows beyond that: "out of memory". Mostly it is empty.
	Reason string
	// Lost is true where the driver has lost sight of it, which is no fault of the service's: its container
	// was removed by somebody, or the container engine is gone.
	Lost bool
}

// Stats is the resource use of a service.
type Stats struct {
	CPU     time.Duration // user and system time of all its processes so far
	Memory  int64         // resident bytes now
	PeakMem int64         // the largest Memory seen by the driver so far, bytes
}
