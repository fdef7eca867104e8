package services

import (
	"regexp"
	"strings"
)

// place is where a line stands towards a stack trace.
type place uint8

const (
	outside place = iota // no part of a trace, or the first line of one
	within               // a further line of a trace: counted with its first
	raised               // what a Python traceback ends with: the error itself
)

// trace follows the lines of one stream, so that a stack trace counts as one error.
type trace struct {
	// open is true while the last error's own lines may still follow.
	open bool
	// python is true between the head of a traceback and the error at its end.
	python bool
	// golang is true within the goroutine listing behind a Go panic.
	golang bool
}

const pythonHead = "Traceback (most recent call last):"

var (
	goHead   = regexp.MustCompile(`^goroutine \d+ \[.*\]:$`)
	goFrame  = regexp.MustCompile(`^(\S+\(.*\)|created by \S+.*|exit status \d+|\[signal .*\])$`)
	javaMore = regexp.MustCompile(`^(at |Caused by: |Suppressed: |\.\.\. \d+ (more|common frames omitted))`)
)

// place tells how the line counts, and goes on to it.
func (t *trace) place(text string, isError bool) place {
	text = strings.TrimRight(text, " \r")
	indented := strings.HasPrefix(text, " ") || strings.HasPrefix(text, "\t")
	switch {
	case strings.HasSuffix(text, pythonHead):
		*t = trace{python: true}
		return within
	case t.python && (indented || text == ""):
		return within
	case t.python:
		*t = trace{open: true}
		return raised
	case goHead.MatchString(text):
		*t = trace{open: t.open, golang: true}
		return within
	case t.golang && (indented || goFrame.MatchString(text)):
		return within
	case t.open && (text == "" || indented || javaMore.MatchString(text)):
		return within
	}
	*t = trace{open: isError}
	return outside
}
