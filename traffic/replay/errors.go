package replay

import (
	"context"
	"errors"
	"net"
	"os"
)

// Errors of a [Sender].
var (
	// ErrTimeout is wrapped where the answer was not complete within the request's timeout.
	ErrTimeout = errors.New("request timed out")
	// ErrUnsendable is wrapped where a recorded request cannot be sent at all.
	ErrUnsendable = errors.New("cannot be replayed")
	// ErrTooLarge is wrapped where a response body is larger than MaxBody.
	ErrTooLarge = errors.New("response body is larger than 64 MiB")
)

// Classify tells the bucket of a Sender's error: Skipped, TimedOut, Aborted, else TransportError.
// No error is Answered. A deadline counts as the request's own; where the whole replay was stopped,
// the caller knows better.
func Classify(err error) Bucket {
	var timeout net.Error
	switch {
	case err == nil:
		return Answered
	case errors.Is(err, ErrUnsendable):
		return Skipped
	case errors.Is(err, ErrTimeout), errors.Is(err, os.ErrDeadlineExceeded),
		errors.Is(err, context.DeadlineExceeded):
		return TimedOut
	case errors.Is(err, context.Canceled):
		return Aborted
	case errors.As(err, &timeout) && timeout.Timeout():
		return TimedOut
	}
	return TransportError
}
