package traffic

import (
	"errors"
	"fmt"
)

// Reader streams records from one source.
type Reader interface {
	// Read returns the next record, or io.EOF after the last one. A *MalformedError and a *LeftOutError
	// concern one record only: the reader stays usable and the next call goes on behind it. Any other
	// error is final. The record belongs to the caller.
	Read() (*Record, error)
}

// ErrTruncated is wrapped where a capture ends in the middle of a record or of its compressed data.
// What was read before it is whole.
var ErrTruncated = errors.New("truncated")

// MalformedError is a record that is there but cannot be used.
type MalformedError struct {
	// Source is the file, Line its 1-based line (0 where lines mean nothing).
	Source string
	Line   int
	// Reason says what was found and what was expected.
	Reason error
}

func (e *MalformedError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %v", e.Source, e.Reason)
	}
	return fmt.Sprintf("%s:%d: %v", e.Source, e.Line, e.Reason)
}

func (e *MalformedError) Unwrap() error { return e.Reason }
