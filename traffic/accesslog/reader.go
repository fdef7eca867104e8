// Package accesslog reads the access logs of web servers and proxies: the common and combined formats of
// Apache and nginx with their usual additions, Traefik's, and HAProxy's HTTP log.
package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/lines"
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
// address becomes X-Forwarded-For. A last line without its line break is not used unless it ends with a quote, as
// a number may lack digits. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	const quotes = 6 // around the request, the referer and the user agent
	return &reader{name: name, base: filepath.Base(name), in: lines.New(r, MaxLine), parse: combined, quotes: quotes}
}

// NewHAProxyReader is like [NewReader], for the HTTP log of HAProxy.
func NewHAProxyReader(name string, r io.Reader) traffic.Reader {
	const quotes = 2 // around the request
	return &reader{name: name, base: filepath.Base(name), in: lines.New(r, MaxLine), parse: haproxy, quotes: quotes}
}

// parser reads what a line tells.
type parser func(line string, c *clock) (entry, error)

type reader struct {
	name, base string
	in         *lines.Reader
	clock      clock
	parse      parser
	ended      error
	// quotes is how many a whole line has that ends with one, before the line that was read last.
	quotes int
	before string
}

// entry is what a line tells.
type entry struct {
	time           time.Time
	duration       time.Duration
	request        string // "GET /path HTTP/1.1"
	address, host  string
	agent, referer string
	status         int
	bytes          int64
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	for r.ended == nil {
		line, err := r.in.Next()
		switch {
		case errors.Is(err, lines.ErrLong):
			return nil, r.malformed(err)
		case errors.Is(err, io.EOF):
			r.ended = io.EOF
		case err != nil:
			r.ended = fmt.Errorf("%s: %w", r.name, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return r.record(string(line))
		}
	}
	return nil, r.ended
}

// begins tells whether the first line of a file is one that can be parsed.
func begins(head []byte, parse parser) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		var c clock
		_, err := parse(string(line), &c)
		return err == nil
	}
	return false
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.in.Number(), Reason: err}
}

func (r *reader) leftOut(kind string) error {
	return &traffic.LeftOutError{Source: r.name, Line: r.in.Number(), Kind: kind}
}

// exchange is a record with all that it refers to, but for its headers.
type exchange struct {
	record   traffic.Record
	request  traffic.Request
	response traffic.Response
	values   [5]string // of the headers
}

func (r *reader) record(line string) (*traffic.Record, error) {
	if r.cut(line) {
		return nil, r.malformed(lines.ErrCut)
	}
	e, err := r.parse(line, &r.clock)
	if err != nil {
		return nil, r.malformed(err)
	}
	r.before = line
	if none(e.request) || e.request == "<BADREQ>" {
		return nil, r.leftOut(noRequest)
	}
	method, target, ok := requestLine(e.request)
	if !ok {
		return nil, r.leftOut(noHTTP)
	}
	if e.status < 100 || e.status > 999 {
		return nil, r.malformed(fmt.Errorf("the status is %d: expected a number from 100 to 999", e.status))
	}
	x := &exchange{}
	x.record = traffic.Record{
		ID: r.base + ":" + strconv.Itoa(r.in.Number()), Time: e.time, Direction: traffic.Inbound,
		Protocol: traffic.HTTP, Duration: e.duration, Request: &x.request, Response: &x.response,
	}
	x.request = traffic.Request{Method: method, URL: target, Header: x.header(&e, method)}
	if !none(e.host) {
		x.request.Host = e.host
	}
	x.response = traffic.Response{Status: e.status, Header: http.Header{}}
	bodiless := method == http.MethodHead || e.status == http.StatusNoContent ||
		e.status == http.StatusNotModified || e.bytes == 0
	if !bodiless {
		x.values[4] = strconv.FormatInt(max(0, e.bytes), 10)
		x.response.Header[traffic.TruncatedHeader] = x.values[4:5:5]
	}
	return &x.record, nil
}

// cut tells whether a part of the last line may be missing: it has no line break, and does not end as a line of
// this file does, with a quote behind the last of its fields.
func (r *reader) cut(line string) bool {
	if r.in.Whole() {
		return false
	}
	quotes := r.quotes
	if r.before != "" {
		quotes = strings.Count(r.before, `"`)
	}
	return !strings.HasSuffix(line, `"`) || strings.Count(line, `"`) < quotes
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

// header is what a line tells of the request's header, and whether a body is missing.
func (x *exchange) header(e *entry, method string) http.Header {
	body := ""
	if method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch {
		body = "0"
	}
	x.values = [5]string{e.agent, e.referer, e.address, body}
	names := [4]string{"User-Agent", "Referer", "X-Forwarded-For", traffic.TruncatedHeader}
	h := make(http.Header, len(names))
	for i, name := range names {
		if !none(x.values[i]) {
			h[name] = x.values[i : i+1 : i+1]
		}
	}
	return h
}

// none tells whether a field stands for nothing.
func none(field string) bool { return field == "" || field == "-" }

// clock parses times of one layout; neighbouring lines mostly have the same.
type clock struct {
	text string
	time time.Time
}

func (c *clock) parse(layout, text string) (time.Time, error) {
	if text != "" && c.text == text {
		return c.time, nil
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("the time is %.40q: expected one such as %s", text, layout)
	}
	c.text, c.time = strings.Clone(text), t.UTC()
	return c.time, nil
}
