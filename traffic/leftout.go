package traffic

import "fmt"

// LeftOutError is something in a capture that is whole and yet no exchange that could be used, such as
// a response whose request was never seen. Like a [MalformedError] it concerns one record only: the
// reader goes on behind it. What is left out is counted by kind and told, and does not make the capture
// unusable.
type LeftOutError struct {
	// Source is the file, Line its 1-based line (0 where lines mean nothing).
	Source string
	Line   int
	// Kind sorts it, in a few words that read well behind a number: "responses without their request".
	Kind string
}

func (e *LeftOutError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: left out: %s", e.Source, e.Kind)
	}
	return fmt.Sprintf("%s:%d: left out: %s", e.Source, e.Line, e.Kind)
}
