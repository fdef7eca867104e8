package fleet

import (
	"cmp"
	"context"
	"errors"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
)

// Fault classifies what kept a service from coming up; whose is the verdict where the service itself is
// to blame. An interruption stays what it is.
func Fault(err error, whose engine.Verdict) error {
	f := &engine.Fault{Verdict: whose, Err: err}
	var (
		known    *engine.Fault
		noEngine *services.EngineError
		image    *services.ImageError
		port     *services.PortError
		late     *services.NotReadyError
		exit     *services.ExitError
		proof    *IsolationError
	)
	switch {
	case errors.As(err, &known):
		f.Verdict, f.Hint, f.Details = known.Verdict, known.Hint, known.Details
	case errors.As(err, &noEngine):
		f.Verdict, f.Hint = engine.Environment, noEngine.Hint
	case errors.As(err, &image):
		f.Details = image.Log
		if len(image.Log) == 0 { // it was not built, it could not be had
			f.Verdict, f.Hint = engine.Environment, cmp.Or(image.Hint, "see what is here with: docker image ls")
		}
	case errors.As(err, &port):
		f.Verdict, f.Hint = engine.Environment, "leave port: out to get a free one, or end what listens there"
	case errors.As(err, &proof):
		f.Verdict = engine.Environment
	case errors.As(err, &late):
		f.Details, f.Hint = late.Details(), late.Hint()
		if late.Exit != nil {
			f.Verdict, f.Hint = blame(*late.Exit, whose), cmp.Or(lostHint(*late.Exit), f.Hint)
		}
	case errors.As(err, &exit):
		f.Details = exit.Log
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case interrupted(err):
		return err
	}
	return f
}

// blame is the verdict on the end of a service: what was only lost sight of is not to blame.
func blame(exit services.Exit, whose engine.Verdict) engine.Verdict {
	if exit.Lost {
		return engine.Environment
	}
	return whose
}

func lostHint(exit services.Exit) string {
	if exit.Lost {
		return "see whether docker info works; headgate clean removes what is left of this run"
	}
	return ""
}

func interrupted(err error) bool {
	var signal *engine.SignalError
	return errors.As(err, &signal)
}
