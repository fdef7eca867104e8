// Package tshark reads HTTP exchanges out of the columns that tshark -T fields writes.
package tshark

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
	"github.com/headgate-dev/headgate/traffic/lines"
)

// Options say what the rows cannot tell.
type Options struct {
	// InboundPorts are the server ports of the service under test (column tcp.dstport): requests to them
	// are inbound, all others outbound, to the service that the Host header names. Without any, all are
	// inbound.
	InboundPorts []int
}

// maxLine is the longest row that is read, in bytes: a body in hex and what stands beside it.
const maxLine = 2*http1.MaxBody + http1.MaxHead

// window is how many requests may begin before a response to one of them is given up.
const window = 16384

// Kinds of what is left out.
const (
	noMessage = "rows without an HTTP message"
	several   = "packets with several HTTP messages, whose fields tshark joins"
	interim   = "interim responses (1xx)"
	orphans   = "responses without their request"
)

// NewReader reads rows whose first one names the columns (tshark -T fields -E header=y, separated by
// tabs), as records in the order of the requests with ids "file#frame". Responses find their request by
// http.request_in, else by tcp.stream and order. Needed are frame.time_epoch, http.request.method and
// http.request.uri or http.request.full_uri; bodies come from http.file_data, headers from
// http.request.line and http.response.line or from columns of their own. Where a body is not among the
// columns, the message carries [traffic.TruncatedHeader]. name stands in errors.
func NewReader(name string, r io.Reader, o Options) traffic.Reader {
	return &reader{
		name: name, base: filepath.Base(name), options: o, lines: lines.New(r, maxLine),
		pending: map[string][]*exchange{},
	}
}

type reader struct {
	name, base string
	options    Options
	lines      *lines.Reader
	columns    columns
	begun      []*exchange            // in the order of the requests
	pending    map[string][]*exchange // those without a response yet, by their key
	ended      error
}

// exchange is a record that waits for its response, or for those before it.
type exchange struct {
	record *traffic.Record
	key    string
	done   bool
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	if r.columns == nil && r.ended == nil {
		r.ended = r.head()
	}
	for {
		if r.ready() {
			return r.hand(), nil
		}
		if r.ended != nil {
			return nil, r.ended
		}
		line, err := r.lines.Next()
		switch {
		case errors.Is(err, lines.ErrLong):
			return nil, r.malformed(err)
		case errors.Is(err, io.EOF):
			r.ended = err
			continue
		case err != nil:
			r.ended = fmt.Errorf("%s: %w", r.name, err)
			continue
		}
		if err := r.take(line); err != nil {
			return nil, err
		}
	}
}

// ready tells whether the first exchange has its response, or waits for none any more.
func (r *reader) ready() bool {
	return len(r.begun) > 0 && (r.begun[0].done || r.ended != nil || len(r.begun) > window)
}

// hand takes out the first exchange.
func (r *reader) hand() *traffic.Record {
	first := r.begun[0]
	r.begun = r.begun[1:]
	if !first.done {
		r.waiting(first.key)
	}
	return first.record
}

// waiting takes out the first exchange of a key that has no response yet.
func (r *reader) waiting(key string) *exchange {
	list := r.pending[key]
	switch len(list) {
	case 0:
		return nil
	case 1:
		delete(r.pending, key)
	default:
		r.pending[key] = list[1:]
	}
	return list[0]
}

// head reads the names of the columns.
func (r *reader) head() error {
	line, err := r.lines.Next()
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return fmt.Errorf("%s: %w", r.name, err)
	case !r.lines.Whole():
		return fmt.Errorf("%s: %w", r.name, lines.ErrCut)
	}
	c, err := parseColumns(string(line))
	if err == nil && len(r.options.InboundPorts) > 0 && !c.has(serverPort) {
		err = fmt.Errorf("there is no column %s, which tells inbound from outbound requests by port", serverPort)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	r.columns = c
	return nil
}

// take takes one row; its error concerns this row only.
func (r *reader) take(line []byte) error {
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	if !r.lines.Whole() {
		return r.malformed(lines.ErrCut)
	}
	values, err := r.columns.split(string(line))
	if err != nil {
		return r.malformed(err)
	}
	method, status := values.get(requestMethod), values.get(responseCode)
	switch {
	case method == "" && status == "":
		return r.leftOut(noMessage)
	case strings.Contains(method+status, ",") || method != "" && status != "":
		return r.leftOut(several)
	case method != "":
		return r.request(values)
	}
	return r.response(values)
}

func (r *reader) request(v values) error {
	record, err := v.record()
	if err != nil {
		return r.malformed(err)
	}
	frame := v.get(frameNumber)
	if frame == "" {
		frame = strconv.Itoa(r.lines.Number())
	}
	record.ID = r.base + "#" + frame
	if ports := r.options.InboundPorts; len(ports) > 0 && !slices.Contains(ports, v.number(serverPort)) {
		record.Direction = traffic.Outbound
		record.Service = record.Request.Host
	}
	e := &exchange{record: record, key: v.key(frame)}
	r.begun = append(r.begun, e)
	r.pending[e.key] = append(r.pending[e.key], e)
	return nil
}

func (r *reader) response(v values) error {
	status := v.number(responseCode)
	if status < 100 || status > 999 {
		return r.malformed(fmt.Errorf("the status is %q: expected a number from 100 to 999", v.get(responseCode)))
	}
	const switching = 101
	if status < 200 && status != switching {
		return r.leftOut(interim)
	}
	e := r.waiting(v.key(v.get(requestIn)))
	if e == nil {
		return r.leftOut(orphans)
	}
	e.done = true
	at, err := v.time()
	if err != nil {
		return r.malformed(err)
	}
	e.record.Response = v.response(status, e.record.Request.Method)
	e.record.Duration = v.duration(at.Sub(e.record.Time))
	return nil
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.lines.Number(), Reason: err}
}

func (r *reader) leftOut(kind string) error {
	return &traffic.LeftOutError{Source: r.name, Line: r.lines.Number(), Kind: kind}
}

// Sniff tells whether a file begins with the names of tshark's columns for HTTP, or with rows that lack
// them, which are then refused with what to do.
func Sniff(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return isHead(string(line)) || headless(string(line))
}
