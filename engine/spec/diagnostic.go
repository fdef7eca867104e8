package spec

import (
	"fmt"
	"slices"
	"strings"
)

// Severity of a [Diagnostic].
type Severity uint8

// The severities. Only errors keep a run file from being used.
const (
	Error Severity = iota
	Warning
)

// Diagnostic is one finding about a run file: what is wrong, where, and what to do about it.
type Diagnostic struct {
	Pos Pos
	// Len is how many characters the caret line underlines; 0 means one.
	Len      int
	Severity Severity
	// Message says what was found and what was expected, lower case, without a full stop.
	Message string
	// Hint says what to write instead; it may be empty.
	Hint string
	// Cause is the error that the message tells, where there is one.
	Cause error
}

// Diagnostics are the findings of one load, in file order once sorted.
type Diagnostics []Diagnostic

// Errorf adds an error at the node, whose cause is the last error among args. hint may be empty.
func (ds *Diagnostics) Errorf(at Pos, hint, format string, args ...any) {
	d := Diagnostic{Pos: at, Message: fmt.Sprintf(format, args...), Hint: hint}
	for _, arg := range args {
		if err, ok := arg.(error); ok {
			d.Cause = err
		}
	}
	*ds = append(*ds, d)
}

// Warnf adds a warning at the node. hint may be empty.
func (ds *Diagnostics) Warnf(at Pos, hint, format string, args ...any) {
	*ds = append(*ds, Diagnostic{Pos: at, Severity: Warning, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Add appends other findings.
func (ds *Diagnostics) Add(other Diagnostics) { *ds = append(*ds, other...) }

// Err returns the findings as an error if one of them is an error, else nil.
func (ds Diagnostics) Err() error {
	if slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error }) {
		return ds
	}
	return nil
}

// Error lists the findings, one per line, without snippets.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.Pos.String() + ": " + d.Message
	}
	return strings.Join(lines, "\n")
}

// Unwrap lists the causes of the errors.
func (ds Diagnostics) Unwrap() []error {
	var causes []error
	for _, d := range ds {
		if d.Severity == Error && d.Cause != nil {
			causes = append(causes, d.Cause)
		}
	}
	return causes
}

// maxFindings is how many findings one reading reports.
const maxFindings = 200

func (ds Diagnostics) full() bool { return len(ds) >= maxFindings }

// cap keeps the first findings and says that there are more.
func (ds Diagnostics) cap() Diagnostics {
	if !ds.full() {
		return ds
	}
	kept := ds[:maxFindings:maxFindings]
	last := kept[maxFindings-1].Pos
	kept.Errorf(last, "", "there are more than %d mistakes; the rest is not shown", maxFindings-1)
	return kept
}

// sort puts the findings into file order.
func (ds Diagnostics) sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int { return a.Pos.compare(b.Pos) })
}
