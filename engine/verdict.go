package engine

import (
	"encoding/json"
	"fmt"
)

// Verdict is the class of a run's outcome. Each class has one exit code, so that CI can tell "the
// change broke it" from "the environment could not be had" without reading a log.
type Verdict uint8

// The verdicts. Their exit codes are part of the command line's promise.
const (
	// Passed: every enforcing gate passed, on evidence. Exit code 0.
	Passed Verdict = iota
	// Failed: a gate failed or a cutoff tripped; the change broke it. Exit code 1.
	Failed
	// Inconclusive: no data, too few samples, no comparable baseline, nothing enforced. Exit code 2.
	Inconclusive
	// Invalid: run file, flags, unreadable traffic; nothing was started. Exit code 3.
	Invalid
	// Environment: a mock, database, engine, image or folder could not be had. Exit code 4.
	Environment
	// SUT: the application under test did not become ready or died. Exit code 5.
	SUT
	// Recording: the recording does not cover what happened. Exit code 6.
	Recording
	// Internal: Headgate contradicts itself, such as accounting that does not add up. Exit code 70.
	Internal
	// Interrupted by SIGINT. Exit code 130.
	Interrupted
	// Terminated by SIGTERM. Exit code 143.
	Terminated
)

type verdictFacts struct {
	name string
	code int
	help string
}

func (v Verdict) facts() verdictFacts {
	return [...]verdictFacts{
		Passed:       {"passed", 0, "every enforcing gate passed, on evidence"},
		Failed:       {"failed", 1, "a gate failed or a cutoff tripped: the change broke it"},
		Inconclusive: {"inconclusive", 2, "no data, too few samples, no comparable baseline, nothing enforced"},
		Invalid:      {"invalid", 3, "run file, flags or traffic cannot be used: nothing was started"},
		Environment:  {"environment", 4, "a mock, a dependency, a port or a folder could not be had"},
		SUT:          {"sut", 5, "the application under test did not become ready or died"},
		Recording:    {"recording", 6, "the recording does not cover what happened: mock misses explain the failures"},
		Internal:     {"internal", 70, "Headgate contradicts itself: please report it"},
		Interrupted:  {"interrupted", 130, "SIGINT: stopped, artifacts and verdict written"},
		Terminated:   {"terminated", 143, "SIGTERM: stopped, artifacts and verdict written"},
	}[v]
}

func (v Verdict) String() string { return v.facts().name }

// ExitCode is the process exit code of the verdict.
func (v Verdict) ExitCode() int { return v.facts().code }

// Help says in one line when the verdict is given.
func (v Verdict) Help() string { return v.facts().help }

// Verdicts lists all verdicts in the order of their exit codes.
func Verdicts() []Verdict {
	return []Verdict{
		Passed, Failed, Inconclusive, Invalid, Environment, SUT, Recording,
		Internal, Interrupted, Terminated,
	}
}

// MarshalJSON writes the verdict's name.
func (v Verdict) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }

// UnmarshalJSON reads the verdict's name.
func (v *Verdict) UnmarshalJSON(b []byte) error {
	var name string
	if err := json.Unmarshal(b, &name); err != nil {
		return err
	}
	for _, known := range Verdicts() {
		if known.String() == name {
			*v = known
			return nil
		}
	}
	return fmt.Errorf("unknown verdict %q", name)
}
