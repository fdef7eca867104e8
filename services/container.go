package services

import (
	"context"
	"fmt"
	"time"
)

// Container says how a [Service] runs as a container; a service without one is a local process.
// Service.Command replaces the image's command where it is not empty, Service.Env is added to the
// image's environment, and Service.Port is the port inside the container.
type Container struct {
	// Image names the image to run, or the tag for what Build makes; empty with Build set.
	Image string
	// Build makes the image first; nil runs Image as it is.
	Build *ImageBuild
	// Entrypoint replaces the image's entry point where it is not empty.
	Entrypoint []string
	// User is the user, and perhaps the group, to run as; empty means the image's.
	User string
	// CPUs bounds the processors, such as 1.5; 0 means no bound.
	CPUs float64
	// Memory bounds the memory in bytes, swap included; 0 means no bound.
	Memory int64
	// Files are copied in before the start.
	Files []File
	// Volumes are mounted.
	Volumes []Volume
	// Ports are further ports inside that are reachable from this process, besides Service.Port.
	Ports []int
	// Aliases are the service's names on the run's network, besides Service.Name.
	Aliases []string
	// Hosts maps further host names to addresses, as /etc/hosts would.
	Hosts map[string]string
	// Health replaces the image's own health check; nil keeps it.
	Health *Health
	// Job tells that the service is to run to its end: exit status 0 is ready, any other a failure.
	Job bool
	// Egress bounds what the service can reach; nil leaves it open.
	Egress *Egress
}

// ImageBuild says how an image is built. An image without a name of its own (Container.Image) is removed
// with the run, and so are the steps that only it has; one with a name stays, and makes the next build
// quick.
type ImageBuild struct {
	// Context is the folder that is sent to the engine, absolute.
	Context string
	// Dockerfile is its path within Context; empty means Dockerfile.
	Dockerfile string
	// Target is the stage to build; empty means the last.
	Target string
	// Args are the build's arguments.
	Args map[string]string
}

// File is a file or folder that is copied into a container.
type File struct {
	// Source is a path of this machine, absolute; empty where Content is given.
	Source string
	// Content is what the file holds.
	Content []byte
	// Target is the path inside.
	Target string
	// Mode is the file's permissions; 0 means 0644, or those of Source.
	Mode int64
}

// Volume is a folder that is mounted into a container.
type Volume struct {
	// Source is a folder of this machine, absolute, or the name of a volume that lives as long as the
	// run; empty means a volume without a name.
	Source string
	// Target is the path inside.
	Target   string
	ReadOnly bool
	// InMemory keeps what is written in memory; Source is empty then.
	InMemory bool
}

// Health is a health check that the container engine runs within the container.
type Health struct {
	// Test is the command: ["CMD", "curl", ...] or ["CMD-SHELL", "curl ... || exit 1"].
	Test []string
	// Interval, Timeout and StartPeriod are the engine's defaults where they are 0.
	Interval, Timeout, StartPeriod time.Duration
	// Retries is how many failures in a row make the container unhealthy; 0 means the engine's default.
	Retries int
}

// Egress bounds what a container can reach: nothing outside the run's network but Allow.
type Egress struct {
	// Allow are the destinations that may be reached, as host:port, those of the run itself among them.
	Allow []string
}

// Site is where the containers of one run live: a private network, and a driver that starts services
// on it. It is used from many goroutines.
type Site interface {
	Driver
	// Host is how a service of this process is reached from the containers of the site.
	Host() HostAccess
	// Close removes everything that carries the run's label: containers, the network, volumes, built
	// images. It is safe to call twice.
	Close(ctx context.Context) error
}

// HostAccess tells how containers reach what listens in this process.
type HostAccess struct {
	// Listen is the address of this machine that a server has to listen at, such as 172.18.0.1.
	Listen string
	// Alias is the address that containers are given for it in Container.Hosts: an IP address, or
	// "host-gateway" where the engine has to fill it in.
	Alias string
}

// Named is an [Instance] that the other services of its site reach by name.
type Named interface {
	// Inside is name:port on the site's network; port is Service.Port.
	Inside() string
	// PortAddr is host:port, reachable from this process, for another port of the container.
	PortAddr(ctx context.Context, port int) (string, error)
}

// Inspector is an [Instance] that knows more about its state than that it runs.
type Inspector interface {
	// Inspect reads the state from the engine.
	Inspect(ctx context.Context) (State, error)
}

// State is the state of a container.
type State struct {
	// Status is "created", "running", "paused", "restarting", "exited" or "dead".
	Status string
	// Health is "starting", "healthy", "unhealthy", or empty where there is no health check; Probe is
	// what the last check wrote.
	Health, Probe string
	ExitCode      int
	// OOMKilled tells that the kernel ended a process of it for want of memory.
	OOMKilled bool
	Restarts  int
	// Error is what the engine says about a container that could not be started.
	Error string
}

// String tells all of it but Probe in one line: "exited with status 137, out of memory".
func (s State) String() string {
	text := s.Status
	if s.Status == "exited" || s.Status == "dead" {
		text += fmt.Sprintf(" with status %d", s.ExitCode)
	}
	if s.OOMKilled {
		text += ", out of memory"
	}
	if s.Health != "" {
		text += ", health check: " + s.Health
	}
	if s.Restarts > 0 {
		text += fmt.Sprintf(", restarted %d times", s.Restarts)
	}
	if s.Error != "" {
		text += ", " + s.Error
	}
	return text
}

// Contained is an [Instance] whose egress is bounded and watched.
type Contained interface {
	// Egress tells what the service tried to reach and was kept from, and the proof that it was kept.
	Egress(ctx context.Context) (EgressReport, error)
}

// EgressReport tells how a service was isolated.
type EgressReport struct {
	// Routes are the routes that the service has, in the form of "ip route".
	Routes []string
	// Proof holds one line for each thing that was checked from inside.
	Proof []EgressCheck
	// Attempts are the distinct destinations that were tried and denied, the most frequent first,
	// bounded to 100; Total counts every attempt.
	Attempts []EgressAttempt
	Total    int64
}

// EgressCheck is one thing that was checked from inside a container.
type EgressCheck struct {
	// What was checked: "route to 0.0.0.0/0", "payment-api.mock:8080".
	What string
	// Want and Got are "reachable" or "unreachable".
	Want, Got string
}

// EgressAttempt is a destination outside that a service tried to reach.
type EgressAttempt struct {
	// Host is the name that was asked for, or the address where no name was; Port is 0 where only the
	// name was asked for, and for what has no ports, such as a ping.
	Host  string
	Port  int
	Count int64
}

// EngineError says that no container engine could be used.
type EngineError struct {
	Err error
	// Hint says what to do about it.
	Hint string
}

func (e *EngineError) Error() string { return fmt.Sprintf("container engine: %v", e.Err) }

func (e *EngineError) Unwrap() error { return e.Err }

// ImageError says that an image could not be had: it was neither here nor to be pulled, is for another
// architecture, or could not be built.
type ImageError struct {
	Service, Image string
	Err            error
	// Hint says what to do about it; it may be empty.
	Hint string
	// Log holds the last lines of a build, oldest first.
	Log []string
}

func (e *ImageError) Error() string {
	return fmt.Sprintf("%s: image %s: %v", e.Service, e.Image, e.Err)
}

func (e *ImageError) Unwrap() error { return e.Err }
