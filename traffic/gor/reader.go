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
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// separator follows each record; the last one may lack it.
const separator = "\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n"

// MaxRecord bounds one record, in bytes.
const MaxRecord = http1.MaxHead + http1.MaxBody

// A request and its response may lie as far apart as this: so many messages of one kind that wait for
// their counterpart, and so many bytes of them.
const (
	window      = 16384
	windowBytes = 16 << 20
)

// Kinds of what is left out.
const (
	orphans  = "responses without their request"
	behind   = "bytes behind the end of a message, up to the separator"
	replayed = "answers of an earlier replay"
)

// NewReader reads records from r. What waits for its counterpart is kept in memory, at most 16,384 messages
// and 16 MiB of requests and of responses: a request whose response is farther away is a record without a
// response. Responses without a request, answers of an earlier replay, and what follows a message within its
// record are [traffic.LeftOutError]s. Ids that hold the client's address name the connection. name stands in
// errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, blocks: blocks{in: r}}
}

type reader struct {
	name   string
	blocks blocks
	number int // of the record
	ended  error
	// out are the records that can be handed on.
	out         []*traffic.Record
	connections connections
	// requests and responses wait for each other.
	requests  queue[*traffic.Record]
	responses queue[*answer]
	// left are the errors that are to be told next.
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
		if len(r.left) > 0 {
			err := r.left[0]
			r.left = slices.Delete(r.left, 0, 1)
			return nil, err
		}
		if record := r.ready(); record != nil {
			return record, nil
		}
		if err := r.advance(); err != nil {
			return nil, err
		}
	}
}

// ready takes the next record that can be handed on, nil where there is none.
func (r *reader) ready() *traffic.Record {
	if len(r.out) == 0 || !r.connections.decided() && r.ended == nil {
		return nil
	}
	record := r.out[0]
	r.out = slices.Delete(r.out, 0, 1)
	r.connections.label(record)
	return record
}

// advance takes the next block, or what waits where there is none any more.
func (r *reader) advance() error {
	if r.ended != nil {
		if r.drain() {
			return nil
		}
		return r.ended
	}
	block, err := r.blocks.next()
	if err == nil {
		r.number++
		return r.take(block)
	}
	if r.ended = err; !errors.Is(err, io.EOF) {
		r.ended = fmt.Errorf("%s: record %d: %w", r.name, r.number+1, err)
	}
	return nil
}

// drain hands on what waits the longest, and tells whether there was anything.
func (r *reader) drain() bool {
	if record, ok := r.requests.shift(); ok {
		r.hand(record)
		return true
	}
	a, ok := r.responses.shift()
	if ok {
		r.orphan(a)
	}
	return ok
}

func (r *reader) orphan(a *answer) { r.leaveOut(a.number, orphans) }

func (r *reader) leaveOut(number int, kind string) {
	r.left = append(r.left, &traffic.LeftOutError{Source: r.name, Line: number, Kind: kind})
}

// take takes one block; its error concerns this block only.
func (r *reader) take(block []byte) error {
	line, raw, ok := bytes.Cut(block, []byte("\n"))
	m, err := parseMeta(line)
	if err == nil && !ok {
		err = errors.New("nothing follows the first line: expected an HTTP message")
	}
	if err != nil {
		return r.malformed(r.number, err)
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
	request, rest, err := http1.RequestBlock(raw)
	if err == nil {
		err = r.whole(r.number, request.Header)
	}
	if err != nil {
		return r.malformed(r.number, fmt.Errorf("request: %w", piece(raw, err)))
	}
	if len(rest) > 0 {
		r.leaveOut(r.number, behind)
	}
	record := &traffic.Record{
		ID: string(m.id), Time: m.time.UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP, Request: request,
	}
	if !r.connections.decided() {
		r.connections.look(record.ID)
	}
	if a, ok := r.responses.take(m.id); ok {
		return r.pair(record, a)
	}
	r.requests.add(record.ID, record, max(len(raw), len(request.Body))+messageBytes)
	for r.requests.full() {
		old, _ := r.requests.shift()
		r.hand(old)
	}
	return nil
}

// messageBytes is about what a message needs in memory beside its bytes.
const messageBytes = 512

func (r *reader) response(m meta, raw []byte) error {
	a := answer{raw: raw, number: r.number, first: m.time, last: m.time.Add(m.latency)}
	if record, ok := r.requests.take(m.id); ok {
		return r.pair(record, &a)
	}
	waiting := a
	waiting.raw = bytes.Clone(raw)
	r.responses.add(string(m.id), &waiting, len(raw)+messageBytes)
	for r.responses.full() {
		old, _ := r.responses.shift()
		r.orphan(old)
	}
	return nil
}

// pair hands an exchange on. A response that cannot be read leaves the request.
func (r *reader) pair(record *traffic.Record, a *answer) error {
	response, rest, err := http1.ResponseBlock(a.raw, record.Request.Method)
	if err == nil {
		err = r.whole(a.number, response.Header)
	}
	if err != nil {
		r.hand(record)
		return r.malformed(a.number, fmt.Errorf("response: %w", piece(a.raw, err)))
	}
	if len(rest) > 0 {
		r.leaveOut(a.number, behind)
	}
	record.Response = response
	if a.first.After(record.Time) { // older versions gave the response the time of its request
		record.Duration = a.last.Sub(record.Time)
	}
	r.hand(record)
	return nil
}

// hand lets a record go.
func (r *reader) hand(record *traffic.Record) {
	r.out = append(r.out, record)
	r.connections.size += len(record.Request.Body)
	if a := record.Response; a != nil {
		r.connections.size += len(a.Body)
	}
}

// piece says of what is no HTTP where it may come from.
func piece(raw []byte, err error) error {
	line, _, _ := bytes.Cut(raw, []byte("\n"))
	if bytes.Contains(line, []byte("HTTP/1.")) {
		return err
	}
	return fmt.Errorf("it begins with %.40q, as where GoReplay has cut a chunked message apart: "+
		"expected an HTTP/1 message", bytes.TrimSpace(line))
}

func (r *reader) malformed(number int, err error) error {
	if r.open(number) {
		err = fmt.Errorf("last record is %w: %w", traffic.ErrTruncated, err)
	}
	return &traffic.MalformedError{Source: r.name, Line: number, Reason: err}
}

// open tells whether the file ends within a record, as far as its separator is concerned.
func (r *reader) open(number int) bool { return r.blocks.open && number == r.number }

// whole refuses a message that has a part of its body because the file ends there.
func (r *reader) whole(number int, h http.Header) error {
	if seen := h.Get(traffic.TruncatedHeader); seen != "" && r.open(number) {
		return fmt.Errorf("the file ends within its body, of which %s bytes are there", seen)
	}
	return nil
}

// meta is the first line of a record; id is a part of it.
type meta struct {
	kind    byte
	id      []byte
	time    time.Time
	latency time.Duration
}

func parseMeta(line []byte) (m meta, err error) {
	kind, rest := field(line)
	id, rest := field(rest)
	at, rest := field(rest)
	latency, _ := field(rest)
	if len(kind) != 1 || kind[0] < '1' || kind[0] > '3' || len(at) == 0 {
		return m, fmt.Errorf(`the record begins with %.60q: expected "1 id time"`, line)
	}
	ns, err := strconv.ParseInt(string(at), 10, 64)
	if err != nil || ns <= 0 {
		return m, fmt.Errorf("the time is %.40q: expected Unix nanoseconds", at)
	}
	m = meta{kind: kind[0], id: id, time: time.Unix(0, ns)}
	if len(latency) > 0 {
		ns, err := strconv.ParseInt(string(latency), 10, 64)
		if err != nil || ns < 0 {
			return m, fmt.Errorf("the latency is %.40q: expected nanoseconds", latency)
		}
		m.latency = time.Duration(ns)
	}
	return m, nil
}

// field cuts the next word off a line.
func field(line []byte) (word, rest []byte) {
	first := 0
	for first < len(line) && blank(line[first]) {
		first++
	}
	end := first
	for end < len(line) && !blank(line[end]) {
		end++
	}
	return line[first:end], line[end:]
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// Sniff tells whether a capture begins like one of GoReplay. Its first record can be a late part of a
// message, so that an id of GoReplay's form does as well as a message.
func Sniff(head []byte) bool {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	m, err := parseMeta(bytes.TrimSpace(line))
	if err != nil {
		return false
	}
	first, _, _ := bytes.Cut(rest, []byte("\n"))
	return isID(string(m.id)) || bytes.Contains(first, []byte("HTTP/1."))
}
