package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/phases/backends"
	"github.com/headgate-dev/headgate/phases/inbound"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// trace is what happened when one recorded request was replayed; the last exchange is that request's.
type trace struct {
	exchanges []verify.Exchange
	calls     []backends.Call
}

func (t *trace) last() verify.Exchange { return t.exchanges[len(t.exchanges)-1] }

// matched tells whether the request was answered, and its calls were made, as recorded.
func (t *trace) matched() bool {
	for _, c := range t.calls {
		if c.Miss != nil || c.Made != c.Recorded && c.Recorded > 0 {
			return false
		}
	}
	return t.last().Matched()
}

func (t *trace) print(w io.Writer) {
	before := t.exchanges[:len(t.exchanges)-1]
	fmt.Fprintf(w, "session %s, request %d\n", t.last().Session, len(t.exchanges))
	for _, e := range before {
		fmt.Fprintf(w, "  before: %s %s -> %s\n", e.Record.Request.Method, e.Record.Request.URL, ending(e))
	}
	e := t.last()
	t.printRequest(w, e)
	t.printCalls(w)
	printResponse(w, "recorded", e.Record.Response)
	if e.Response == nil {
		fmt.Fprintf(w, "\ngot no answer: %v\n", e.Err)
	} else {
		printResponse(w, fmt.Sprintf("got, after %s", e.Latency.Round(10*time.Microsecond)), e.Response)
	}
	t.printDifferences(w, e)
}

func ending(e verify.Exchange) string {
	switch {
	case e.Response == nil:
		return fmt.Sprintf("no answer: %v", e.Err)
	case e.Matched():
		return fmt.Sprintf("%d as recorded", e.Response.Status)
	}
	return fmt.Sprintf("%d, %d differences", e.Response.Status, len(e.Outcome.Differences))
}

func (t *trace) printRequest(w io.Writer, e verify.Exchange) {
	if e.Request == nil {
		fmt.Fprintf(w, "\nrecorded %s %s was not sent: %v\n", e.Record.Request.Method, e.Record.Request.URL, e.Err)
		return
	}
	fmt.Fprintf(w, "\nsent %s %s\n", e.Request.Method, e.Request.URL)
	if e.Request.URL != e.Record.Request.URL {
		fmt.Fprintf(w, "  recorded as %s\n", e.Record.Request.URL)
	}
	printBody(w, e.Request.Body)
	if string(e.Request.Body) != string(e.Record.Request.Body) {
		fmt.Fprintln(w, "  recorded as")
		printBody(w, e.Record.Request.Body)
	}
	fmt.Fprintf(w, "  %s\n", inbound.Curl(e.Request))
}

func (t *trace) printCalls(w io.Writer) {
	if len(t.calls) > 0 {
		fmt.Fprintln(w, "\ncalls to mocks")
	}
	for _, c := range t.calls {
		switch {
		case c.Miss != nil:
			fmt.Fprintf(w, "  %s: %s was answered by no stub\n", c.Mock, c.Miss.Request)
			if c.Miss.Nearest != "" {
				fmt.Fprintf(w, "    nearest is %s; it differs in %s\n", c.Miss.Nearest, strings.Join(c.Miss.Differs, ", "))
			}
			if c.Miss.Suggestion != "" {
				fmt.Fprintf(w, "    if this is meant, add to the mock: %s\n", c.Miss.Suggestion)
			}
		case c.Made == 0:
			fmt.Fprintf(w, "  %s: %s was not called, recorded %d\n", c.Mock, c.Stub, c.Recorded)
		default:
			fmt.Fprintf(w, "  %s: %s answered %d, recorded %d\n", c.Mock, c.Stub, c.Made, c.Recorded)
		}
	}
}

func printResponse(w io.Writer, what string, r *traffic.Response) {
	if r == nil {
		fmt.Fprintf(w, "\n%s: no response\n", what)
		return
	}
	fmt.Fprintf(w, "\n%s: %d %s\n", what, r.Status, http.StatusText(r.Status))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(w, "  %s: %s\n", name, strings.Join(withoutCookies(name, r.Header[name]), ", "))
	}
	printBody(w, r.Body)
}

// withoutCookies leaves out what a response header gives away.
func withoutCookies(name string, values []string) []string {
	if strings.EqualFold(name, "Set-Cookie") {
		return []string{"REDACTED"}
	}
	return values
}

// printBody prints a body, of a long one the beginning.
func printBody(w io.Writer, body []byte) {
	const room = 4000
	switch {
	case len(body) == 0:
	case !utf8.Valid(body):
		fmt.Fprintf(w, "  (%d bytes that are no text)\n", len(body))
	case len(body) > room:
		fmt.Fprintf(w, "  %s ... (%d bytes)\n", strings.ToValidUTF8(string(body[:room]), ""), len(body))
	default:
		fmt.Fprintf(w, "  %s\n", strings.TrimRight(string(body), "\n"))
	}
}

func (t *trace) printDifferences(w io.Writer, e verify.Exchange) {
	if e.Matched() {
		fmt.Fprintln(w, "\nanswered as recorded")
		return
	}
	if len(e.Outcome.Differences) > 0 {
		fmt.Fprintln(w, "\ndifferences")
	}
	var lines []string
	for _, d := range e.Outcome.Differences {
		fmt.Fprintf(w, "  %s %s: recorded %s, got %s\n", d.Kind, d.Path,
			cmp.Or(d.Expected, "nothing"), cmp.Or(d.Actual, "nothing"))
		line := inbound.Suggestion(e.Endpoint, e.Record.ID, d)
		if line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		fmt.Fprintln(w, "if a difference is meant, add to the run file:")
	}
	for _, line := range lines {
		fmt.Fprintf(w, "  %s\n", line)
	}
}
