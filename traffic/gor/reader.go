// Package gor reads captures of GoReplay (.gor), of all versions.
//
// A record is a line "type id time [latency]", times in Unix nanoseconds, then the message as it was on
// the wire, then a separator line. Type 1 is a request, 2 the recorded response, 3 the response that a
// replay got. Requests and responses are paired by id and can be far apart, in either order.
package gor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// separator follows each record; the last one may lack it.
const separator = "\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"

// MaxRecord bounds one record, in bytes.
const MaxRecord = http1.MaxHead + http1.MaxBody

// window is how many messages may lie between a request and its response.
const window = 16384

// Kinds of what is left out.
const (
	orphans  = "responses without their request"
	replayed = "answers of an earlier replay"
)

// NewReader reads records from r. A request whose response is not among the 16,384 messages behind it is
// a record without a response. Responses without a request, and answers of an earlier replay, are
// [traffic.LeftOutError]s. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{
		name: name, blocks: blocks{in: r}, requests: queue[*traffic.Record]{}, responses: queue[*answer]{},
	}
}

type reader struct {
	name   string
	blocks blocks
	number int // of the record
	ended  error
	// out are the records that can be handed on.
	out []*traffic.Record
	// requests and responses wait for each other.
	requests  queue[*traffic.Record]
	responses queue[*answer]
	// left are the errors of what has waited in vain.
	left []error
}

// answer is a response, and when its first and last byte were seen.
type answer struct {
	raw         []byte
	number      int
	first, last time.Time
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for {
		switch {
		case len(r.left) > 0:
			err := r.left[0]
			r.left = r.left[1:]
			return nil, err
		case len(r.out) > 0:
			record := r.out[0]
			r.out = r.out[1:]
			return record, nil
		case r.ended != nil:
			return nil, r.ended
		}
		block, err := r.blocks.next()
		if err != nil {
			r.end(err)
			continue
		}
		r.number++
		if err := r.take(block); err != nil {
			return nil, err
		}
	}
}

// end hands on what still waits.
func (r *reader) end(err error) {
	r.ended = err
	if errors.Is(err, errLong) {
		r.ended = fmt.Errorf("%s: record %d: %w", r.name, r.number+1, err)
	}
	r.requests.drain(func(record *traffic.Record) { r.out = append(r.out, record) })
	r.responses.drain(func(a *answer) { r.orphan(a) })
}

func (r *reader) orphan(a *answer) {
	r.left = append(r.left, &traffic.LeftOutError{Source: r.name, Line: a.number, Kind: orphans})
}

// take takes one block; its error concerns this block only.
func (r *reader) take(block []byte) error {
	line, raw, ok := bytes.Cut(block, []byte("\n"))
	m, err := parseMeta(line)
	if err == nil && !ok {
		err = errors.New("nothing follows the first line: expected an HTTP message")
	}
	if err != nil {
		return r.malformed(err)
	}
	switch m.kind {
	case '1':
		return r.request(m, raw)
	case '2':
		return r.response(m, raw)
	}
	return &traffic.LeftOutError{Source: r.name, Line: r.number, Kind: replayed}
}

func (r *reader) request(m meta, raw []byte) error {
	request, err := http1.RequestBlock(raw)
	if err != nil {
		return r.malformed(fmt.Errorf("request: %w", err))
	}
	record := &traffic.Record{
		ID: m.id, Time: m.time.UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP, Request: request,
	}
	if a, ok := r.responses.take(m.id); ok {
		return r.pair(record, a)
	}
	if old, ok := r.requests.add(m.id, record); ok {
		r.out = append(r.out, old)
	}
	return nil
}

func (r *reader) response(m meta, raw []byte) error {
	a := &answer{raw: raw, number: r.number, first: m.time, last: m.time.Add(m.latency)}
	if record, ok := r.requests.take(m.id); ok {
		return r.pair(record, a)
	}
	a.raw = bytes.Clone(raw)
	if old, ok := r.responses.add(m.id, a); ok {
		r.orphan(old)
	}
	return nil
}

// pair hands an exchange on. A response that cannot be read leaves the request.
func (r *reader) pair(record *traffic.Record, a *answer) error {
	r.out = append(r.out, record)
	var err error
	if record.Response, err = http1.ResponseBlock(a.raw, record.Request.Method); err != nil {
		return &traffic.MalformedError{Source: r.name, Line: a.number, Reason: fmt.Errorf("response: %w", err)}
	}
	if a.first.After(record.Time) { // older versions gave the response the time of its request
		record.Duration = a.last.Sub(record.Time)
	}
	return nil
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.number, Reason: err}
}

// meta is the first line of a record.
type meta struct {
	kind    byte
	id      string
	time    time.Time
	latency time.Duration
}

func parseMeta(line []byte) (meta, error) {
	fields := bytes.Fields(line)
	if len(fields) < 3 || len(fields[0]) != 1 || fields[0][0] < '1' || fields[0][0] > '3' {
		return meta{}, fmt.Errorf(`the record begins with %.60q: expected "1 id time"`, line)
	}
	ns, err := strconv.ParseInt(string(fields[2]), 10, 64)
	if err != nil || ns <= 0 {
		return meta{}, fmt.Errorf("the time is %.40q: expected Unix nanoseconds", fields[2])
	}
	m := meta{kind: fields[0][0], id: string(fields[1]), time: time.Unix(0, ns)}
	if len(fields) > 3 {
		latency, err := strconv.ParseInt(string(fields[3]), 10, 64)
		if err != nil || latency < 0 {
			return meta{}, fmt.Errorf("the latency is %.40q: expected nanoseconds", fields[3])
		}
		m.latency = time.Duration(latency)
	}
	return m, nil
}

// Sniff tells whether a capture begins like one of GoReplay.
func Sniff(head []byte) bool {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	if _, err := parseMeta(bytes.TrimSpace(line)); err != nil {
		return false
	}
	first, _, _ := bytes.Cut(rest, []byte("\n"))
	return bytes.Contains(first, []byte("HTTP/1."))
}
