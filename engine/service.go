package engine

import (
	"net"
	"strconv"
)

// ServicePhase is what a service used during one phase.
type ServicePhase struct {
	Phase        string  `json:"phase"`
	CPUSeconds   float64 `json:"cpu_seconds"`
	MemPeakBytes int64   `json:"mem_peak_bytes"`
}

// EgressReport tells how a service was kept from reaching what it is not allowed to.
type EgressReport struct {
	// Violations counts all attempts to reach something else.
	Violations int64 `json:"violations"`
	// Attempts are the distinct destinations of those attempts, the most frequent first, at most 100.
	Attempts []EgressAttempt `json:"attempts,omitempty"`
	// Routes are those that the service had, in the form of "ip route".
	Routes []string `json:"routes,omitempty"`
	// Proof is what was checked from inside.
	Proof []EgressCheck `json:"proof,omitempty"`
}

// EgressAttempt is a destination that a service tried to reach; Port is 0 where only the name was asked for.
type EgressAttempt struct {
	Host  string `json:"host"`
	Port  int    `json:"port,omitempty"`
	Count int64  `json:"count"`
}

// Destination is the attempt's host:port, or the name alone.
func (a EgressAttempt) Destination() string {
	if a.Port == 0 {
		return a.Host + " (the name only)"
	}
	return net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// EgressCheck is one thing that was checked from inside: Want and Got are reachable or unreachable.
type EgressCheck struct {
	What string `json:"what"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// BringUpReport tells how long a phase took to bring up what it starts.
type BringUpReport struct {
	Phase string `json:"phase"`
	// Seconds is from the start of the first to the readiness of the last.
	Seconds float64 `json:"seconds"`
	// Chain names the slowest way through what needs one another, ChainSeconds is how long it took: as
	// fast as the phase could have been. That phases follow one another is not counted, and building an
	// image counts as part of its service.
	Chain        []string     `json:"chain"`
	ChainSeconds float64      `json:"chain_seconds"`
	Steps        []StepReport `json:"steps"`
}

// StepReport tells of one thing that was brought up. All times count from the beginning of the bring-up.
type StepReport struct {
	Name  string   `json:"name"`
	Needs []string `json:"needs,omitempty"`
	// WaitedSeconds is when all that it needs was there, StartedSeconds when it ran, ReadySeconds when it
	// was ready; 0 where it did not come so far.
	WaitedSeconds  float64 `json:"waited_seconds"`
	StartedSeconds float64 `json:"started_seconds"`
	ReadySeconds   float64 `json:"ready_seconds"`
}
