// Package http1 reads HTTP/1.x messages as they were seen on the wire (RFC 9112) out of captured bytes.
package http1

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/coding"
)

// MaxHead bounds the head of a message, MaxBody its decoded body, in bytes.
const (
	MaxHead = 1 << 20
	MaxBody = 64 << 20
)

// ErrIncomplete tells that the message goes on behind the bytes that are there.
var ErrIncomplete = errors.New("the message is not complete")

// ErrCoding is wrapped where a body is whole and is not coded as its header says. The message is
// returned all the same, without its body, and what follows it.
var ErrCoding = errors.New("decoding the body")

// Request reads one request from the start of raw and returns what follows it. Its body is decoded.
// final tells that no more bytes will come: a body that is cut off is then left out and the request
// carries [traffic.TruncatedHeader]; without final it is [ErrIncomplete], as is a head that has no end
// yet. Any other error means that raw does not begin with a request.
func Request(raw []byte, final bool) (r *traffic.Request, rest []byte, err error) {
	line, header, body, err := head(raw)
	if err != nil {
		return nil, raw, err
	}
	r = &traffic.Request{Header: header}
	if r.Method, r.URL, err = requestLine(line); err != nil {
		return nil, raw, err
	}
	r.Host = header.Get("Host")
	header.Del("Host")
	m := message{header: header, final: final}
	r.Body, rest, err = m.body(body, framed(header))
	return r, rest, err
}

// Response reads one response to a request of the given method, as [Request] does; interim responses
// (1xx) are passed over. A body without a length goes on to the end of raw and needs final.
func Response(raw []byte, method string, final bool) (r *traffic.Response, rest []byte, err error) {
	for rest = raw; ; {
		line, header, body, err := head(rest)
		if err != nil {
			return nil, raw, err
		}
		r = &traffic.Response{Header: header}
		if r.Status, err = statusLine(line); err != nil {
			return nil, raw, err
		}
		if r.Status < 200 && r.Status != http.StatusSwitchingProtocols {
			rest = body
			continue
		}
		m := message{header: header, final: final}
		r.Body, rest, err = m.body(body, responseFraming(r.Status, method, header))
		return r, rest, err
	}
}

// head splits raw into the first line, the header and what follows the empty line.
func head(raw []byte) (line string, h http.Header, body []byte, err error) {
	first, rest, ok := cutLine(raw)
	for ok && len(first) == 0 { // empty lines before a message are to be passed over
		first, rest, ok = cutLine(rest)
	}
	if !ok {
		return "", nil, nil, unfinished(raw)
	}
	h = make(http.Header, 8)
	last := ""
	for {
		var field []byte
		if field, rest, ok = cutLine(rest); !ok {
			return "", nil, nil, unfinished(raw)
		}
		if len(field) == 0 {
			return string(first), h, rest, nil
		}
		if last, err = addField(h, last, string(field)); err != nil {
			return "", nil, nil, err
		}
	}
}

func unfinished(raw []byte) error {
	if len(raw) > MaxHead {
		return fmt.Errorf("its head is longer than %d bytes", MaxHead)
	}
	return ErrIncomplete
}

// addField adds a header line, or what continues the one before it (obsolete line folding).
func addField(h http.Header, last, field string) (string, error) {
	if (field[0] == ' ' || field[0] == '\t') && last != "" {
		values := h[last]
		values[len(values)-1] += " " + strings.TrimSpace(field)
		return last, nil
	}
	name, value, ok := strings.Cut(field, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return "", fmt.Errorf("malformed header line %.60q", field)
	}
	name = textproto.CanonicalMIMEHeaderKey(name)
	h[name] = append(h[name], strings.TrimSpace(value))
	return name, nil
}

// cutLine cuts at the end of a line, which is CRLF or a bare LF.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return nil, b, false
	}
	return bytes.TrimSuffix(b[:i], []byte("\r")), b[i+1:], true
}

func requestLine(line string) (method, target string, err error) {
	method, rest, _ := strings.Cut(line, " ")
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 || !strings.HasPrefix(rest[i+1:], "HTTP/1.") || !token(method) || i == 0 {
		return "", "", fmt.Errorf("no HTTP/1 request: it begins with %.60q", line)
	}
	return method, rest[:i], nil
}

func statusLine(line string) (int, error) {
	version, rest, _ := strings.Cut(line, " ")
	code, _, _ := strings.Cut(strings.TrimLeft(rest, " "), " ")
	status, err := strconv.Atoi(code)
	if !strings.HasPrefix(version, "HTTP/1.") || err != nil || len(code) != 3 || status < 100 {
		return 0, fmt.Errorf("no HTTP/1 response: it begins with %.60q", line)
	}
	return status, nil
}

// token tells whether s is a token of RFC 9110, section 5.6.2.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// Decode undoes the content codings of a body that stands in the capture as it was sent. One that
// cannot be undone is an error that names the coding; an unknown coding is left.
func Decode(h http.Header, body []byte) ([]byte, error) {
	plain, _, err := coding.Undo(h.Values("Content-Encoding"), body, MaxBody)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCoding, err)
	}
	return plain, nil
}
