// Package vegeta reads lists of targets for the load generator vegeta, in both of its forms.
package vegeta

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
	"github.com/headgate-dev/headgate/traffic/lines"
)

// maxLine is the longest line that is read, in bytes: a body in base64 and what stands beside it.
const maxLine = 2 * http1.MaxBody

// NewReader reads targets as inbound records without a response, with ids "file#number": one JSON object
// for each line, or the http form (a request line, headers, @file for the body). Targets have no time:
// all records stand at the Unix epoch, in the order of the file. Bodies in files are read from the folder
// of name, and from nowhere else. name stands in errors.
func NewReader(name string, r io.Reader) traffic.Reader {
	return &reader{name: name, lines: lines.New(r, maxLine)}
}

type reader struct {
	name   string
	lines  *lines.Reader
	number int
	// line is a request line that was read with the target before it, at is its number.
	line []byte
	at   int
	// ended is returned by every Read after the end.
	ended error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	line, err := r.begin()
	at := r.at
	switch {
	case errors.Is(err, lines.ErrLong):
		return nil, r.malformed(at, err)
	case err != nil:
		return nil, err
	}
	r.number++
	var target *target
	if line[0] == '{' {
		target, err = r.object(line)
	} else {
		target, err = r.text(line)
	}
	if r.ended != nil && !errors.Is(r.ended, io.EOF) { // within the target
		return nil, r.ended
	}
	var record *traffic.Record
	if err == nil {
		record, err = target.record()
	}
	if err != nil {
		return nil, r.malformed(at, err)
	}
	record.ID = fmt.Sprintf("%s#%d", filepath.Base(r.name), r.number)
	return record, nil
}

func (r *reader) malformed(at int, reason error) error {
	return &traffic.MalformedError{Source: r.name, Line: at, Reason: reason}
}

// begin finds the line with which the next target begins.
func (r *reader) begin() ([]byte, error) {
	if line := r.line; line != nil {
		r.line = nil
		return line, nil
	}
	for {
		line, err := r.next()
		if err != nil || len(line) > 0 {
			r.at = r.lines.Number()
			return line, err
		}
	}
}

// next returns the next line, empty where it is a comment. Its error is final but for [lines.ErrLong].
func (r *reader) next() ([]byte, error) {
	if r.ended != nil {
		return nil, r.ended
	}
	line, err := r.lines.Next()
	switch {
	case errors.Is(err, io.EOF):
		r.ended = io.EOF
		return nil, io.EOF
	case errors.Is(err, lines.ErrLong):
		return nil, err
	case err != nil:
		r.ended = fmt.Errorf("%s: %w", r.name, err)
		return nil, r.ended
	}
	line = bytes.TrimSpace(line)
	if len(line) > 0 && line[0] == '#' {
		return nil, nil
	}
	return line, nil
}

// target is one request, in the JSON form.
type target struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Body   []byte      `json:"body"`
	Header http.Header `json:"header"`
}

func (r *reader) object(line []byte) (*target, error) {
	t := &target{}
	err := json.Unmarshal(line, t)
	if err != nil && !r.lines.Whole() && !json.Valid(line) {
		err = fmt.Errorf("last line is %w: %w", traffic.ErrTruncated, err)
	}
	return t, err
}

// text reads a target of the http form, up to an empty line or the next request line.
func (r *reader) text(first []byte) (*target, error) {
	method, url, ok := strings.Cut(string(first), " ")
	if !ok || !isMethod(method) {
		return nil, fmt.Errorf("found %.60q: expected a target such as GET http://host/path", first)
	}
	t := &target{Method: method, URL: strings.TrimSpace(url), Header: http.Header{}}
	var wrong error
	for {
		line, err := r.next()
		if errors.Is(err, io.EOF) || err == nil && len(line) == 0 {
			return t, wrong
		}
		if err != nil {
			return nil, err
		}
		if requestLine(line) {
			r.line, r.at = bytes.Clone(line), r.lines.Number()
			return t, wrong
		}
		wrong = errors.Join(wrong, r.add(t, string(line)))
	}
}

// add adds a header line or the file of the body.
func (r *reader) add(t *target, line string) (err error) {
	if file, ok := strings.CutPrefix(line, "@"); ok {
		t.Body, err = r.attachment(file)
		return err
	}
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" {
		return fmt.Errorf("found %.60q: expected a header such as Accept: */*", line)
	}
	name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
	t.Header[name] = append(t.Header[name], strings.TrimSpace(value))
	return nil
}

// attachment reads a body from a file beside the targets.
func (r *reader) attachment(name string) ([]byte, error) {
	file, err := os.OpenInRoot(filepath.Dir(r.name), filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("the body is not in the folder of the targets: %w", err)
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, http1.MaxBody+1))
	if err == nil && len(body) > http1.MaxBody {
		err = fmt.Errorf("the body in %s is larger than %d bytes", name, http1.MaxBody)
	}
	return body, err
}

func (t *target) record() (*traffic.Record, error) {
	if !isMethod(t.Method) {
		return nil, fmt.Errorf("the method is %.40q: expected one such as GET", t.Method)
	}
	host, path, err := http1.SplitURL(t.URL)
	if err != nil {
		return nil, err
	}
	h := make(http.Header, len(t.Header))
	for name, values := range t.Header {
		name = textproto.CanonicalMIMEHeaderKey(name)
		h[name] = append(h[name], values...)
	}
	if named := h.Get("Host"); named != "" {
		host = named
	}
	h.Del("Host")
	if len(t.Body) == 0 {
		t.Body = nil
	}
	return &traffic.Record{
		Time: time.Unix(0, 0).UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{Method: t.Method, URL: path, Host: host, Header: h, Body: t.Body},
	}, nil
}

// isMethod tells whether s is written like an HTTP method: in upper case, and with hyphens.
func isMethod(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == ""
}

func requestLine(line []byte) bool {
	method, url, _ := bytes.Cut(line, []byte(" "))
	return isMethod(string(method)) && bytes.Contains(url, []byte("://"))
}

// Sniff tells whether a file begins with a target.
func Sniff(head []byte) bool {
	for line := range bytes.Lines(head) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if requestLine(line) {
			return len(bytes.Fields(line)) == 2
		}
		return isObject(line)
	}
	return false
}

// isObject tells whether a line is a target in JSON: it has nothing but what targets have, and an
// absolute URL.
func isObject(line []byte) bool {
	var t target
	in := json.NewDecoder(bytes.NewReader(line))
	in.DisallowUnknownFields()
	if err := in.Decode(&t); err != nil {
		return false
	}
	_, _, err := http1.SplitURL(t.URL)
	return err == nil && isMethod(t.Method)
}
