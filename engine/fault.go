package engine

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"syscall"
)

// Fault is an error that decides the verdict: a phase returns one when it cannot go on. It is made
// for the user and is printed in one place, by the command line.
type Fault struct {
	// Verdict is the class of the fault; Passed is not a fault.
	Verdict Verdict
	// Err says what happened, without the name of the phase.
	Err error
	// Hint says what to do about it; it may be empty.
	Hint string
	// Details are further lines worth seeing, such as the last lines of a log.
	Details []string
}

func (f *Fault) Error() string { return f.Err.Error() }

func (f *Fault) Unwrap() error { return f.Err }

// SignalError is the cause of a context that a signal has cancelled.
type SignalError struct{ Signal os.Signal }

func (e *SignalError) Error() string {
	if e.Signal == syscall.SIGTERM {
		return "stopped by SIGTERM"
	}
	return "stopped by SIGINT"
}

// AsFault finds the fault in an error. An error without one is an internal error: phases classify
// whatever they expect.
func AsFault(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	var s *SignalError
	if errors.As(err, &s) {
		return &Fault{Verdict: signalVerdict(s.Signal), Err: s}
	}
	return &Fault{Verdict: Internal, Err: err}
}

// protect turns a panic into an internal fault, so that what was started is undone all the same. A value that
// has come from another goroutine brings its own stack.
func protect(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &Fault{Verdict: Internal, Err: fmt.Errorf("panic: %v", v), Details: stack(v)}
		}
	}()
	return do()
}

func stack(panicked any) []string {
	text := string(debug.Stack())
	if s, ok := panicked.(interface{ Stack() string }); ok {
		text = s.Stack()
	}
	return strings.Split(strings.TrimSpace(text), "\n")
}

func signalVerdict(s os.Signal) Verdict {
	if s == syscall.SIGTERM {
		return Terminated
	}
	return Interrupted
}
