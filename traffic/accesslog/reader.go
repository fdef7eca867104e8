// Package accesslog reads the access logs of web servers and proxies: the common and combined formats of
// Apache and nginx with their usual additions, Traefik's, and HAProxy's HTTP log.
package accesslog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// MaxLine is the longest line that is read, in bytes.
const MaxLine = 1 << 20

// Kinds of what is left out.
const (
	noRequest = "log lines without a request"
	noHTTP    = "log lines whose request is no HTTP"
)

// NewReader reads one record from each line; empty lines and comments (#) are passed over. Ids are
// "file:line". A log has no bodies: an answer with one is there without it, and so is a request that
// usually has one ([traffic.TruncatedHeader]), so that neither is taken for an empty body. The client's
// address becomes X-Forwarded-For. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, base: filepath.Base(name), in: bufio.NewReaderSize(r, 64<<10), parse: combined}
}

// NewHAProxyReader is like [NewReader], for the HTTP log of HAProxy.
func NewHAProxyReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, base: filepath.Base(name), in: bufio.NewReaderSize(r, 64<<10), parse: haproxy}
}

type reader struct {
	name, base string
	in         *bufio.Reader
	line       int
	long       []byte
	clock      clock
	parse      func(line []byte, c *clock) (entry, error)
	ended      error
}

// entry is what a line tells.
type entry struct {
	time           time.Time
	duration       time.Duration
	request        []byte // "GET /path HTTP/1.1"
	address, host  []byte
	agent, referer []byte
	status         int
	bytes          int64
	body           []byte
	hasBody        bool
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		line, err := r.next()
		if errors.Is(err, errLong) {
			return nil, r.malformed(err)
		}
		r.ended = err
		if err != nil && !errors.Is(err, io.EOF) {
			r.ended = fmt.Errorf("%s: reading line %d: %w", r.name, r.line, err)
			break
		}
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' {
			return r.record(line)
		}
	}
	return nil, r.ended
}

var errLong = fmt.Errorf("line is longer than %d bytes", MaxLine)

// next returns the next line, valid until the next call; the last one comes with io.EOF.
func (r *reader) next() ([]byte, error) {
	r.line++
	part, err := r.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return part, err
	}
	r.long = append(r.long[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = r.in.ReadSlice('\n')
		if len(r.long) <= MaxLine {
			r.long = append(r.long, part...)
		}
	}
	if len(r.long) > MaxLine {
		r.ended = err
		return nil, errLong
	}
	return r.long, err
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.line, Reason: err}
}

func (r *reader) leftOut(kind string) error {
	return &traffic.LeftOutError{Source: r.name, Line: r.line, Kind: kind}
}

func (r *reader) record(line []byte) (*traffic.Record, error) {
	e, err := r.parse(line, &r.clock)
	if err != nil {
		return nil, r.malformed(err)
	}
	if none(e.request) || bytes.Equal(e.request, []byte("<BADREQ>")) {
		return nil, r.leftOut(noRequest)
	}
	method, target, ok := requestLine(string(e.request))
	if !ok {
		return nil, r.leftOut(noHTTP)
	}
	if e.status < 100 || e.status > 999 {
		return nil, r.malformed(fmt.Errorf("the status is %d: expected a number from 100 to 999", e.status))
	}
	return &traffic.Record{
		ID: r.base + ":" + strconv.Itoa(r.line), Time: e.time, Direction: traffic.Inbound,
		Protocol: traffic.HTTP, Duration: e.duration,
		Request: e.toRequest(method, target), Response: e.toResponse(method),
	}, nil
}

// requestLine splits "GET /a b HTTP/1.1"; HTTP/0.9 requests have no version.
func requestLine(line string) (method, target string, ok bool) {
	first := 0
	for first < len(line) && (line[first]|0x20 >= 'a' && line[first]|0x20 <= 'z' || line[first] == '-') {
		first++
	}
	if first == 0 || first == len(line) || line[first] != ' ' {
		return "", "", false
	}
	target = line[first+1:]
	for i := len(target) - 1; i > 0; i-- {
		if target[i] == ' ' {
			if i+5 < len(target) && target[i+1:i+6] == "HTTP/" {
				target = target[:i]
			}
			break
		}
	}
	return line[:first], target, target != ""
}

func (e *entry) toRequest(method, target string) *traffic.Request {
	h := make(http.Header, 4)
	set := func(name string, value []byte) {
		if !none(value) {
			h[name] = []string{string(value)}
		}
	}
	set("User-Agent", e.agent)
	set("Referer", e.referer)
	set("X-Forwarded-For", e.address)
	r := &traffic.Request{Method: method, URL: target, Header: h}
	switch {
	case e.hasBody:
		r.Body = e.body
	case method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch:
		h[traffic.TruncatedHeader] = []string{"0"}
	}
	if !none(e.host) {
		r.Host = string(e.host)
	}
	return r
}

func (e *entry) toResponse(method string) *traffic.Response {
	r := &traffic.Response{Status: e.status, Header: http.Header{}}
	bodiless := method == http.MethodHead || e.status == http.StatusNoContent ||
		e.status == http.StatusNotModified || e.bytes == 0
	if !bodiless {
		r.Header[traffic.TruncatedHeader] = []string{strconv.FormatInt(max(0, e.bytes), 10)}
	}
	return r
}

// none tells whether a field stands for nothing.
func none(field []byte) bool { return len(field) == 0 || len(field) == 1 && field[0] == '-' }

// clock parses times of one layout; neighbouring lines mostly have the same.
type clock struct {
	text []byte
	time time.Time
}

func (c *clock) parse(layout string, text []byte) (time.Time, error) {
	if len(c.text) > 0 && bytes.Equal(c.text, text) {
		return c.time, nil
	}
	t, err := time.Parse(layout, string(text))
	if err != nil {
		return time.Time{}, fmt.Errorf("the time is %.40q: expected one such as %s", text, layout)
	}
	c.text, c.time = append(c.text[:0], text...), t.UTC()
	return c.time, nil
}
