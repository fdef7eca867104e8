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
	r, f, rest, err := RequestHead(raw)
	if err != nil {
		return nil, raw, err
	}
	r.Body, rest, err = body(r.Header, rest, f, final)
	return r, rest, err
}

// RequestHead reads the head of a request from the start of raw; its body begins with rest and is framed
// by f.
func RequestHead(raw []byte) (r *traffic.Request, f Framing, rest []byte, err error) {
	line, header, rest, err := head(raw)
	if err != nil {
		return nil, f, raw, err
	}
	r = &traffic.Request{Header: header}
	if r.Method, r.URL, err = requestLine(line); err != nil {
		return nil, f, raw, err
	}
	r.Host = header.Get("Host")
	header.Del("Host")
	f, err = framed(header)
	return r, f, rest, err
}

// Response reads one response to a request of the given method, as [Request] does; interim responses
// (1xx) are passed over. A body without a length goes on to the end of raw and needs final.
func Response(raw []byte, method string, final bool) (r *traffic.Response, rest []byte, err error) {
	r, f, rest, err := ResponseHead(raw, method)
	if err != nil {
		return nil, raw, err
	}
	r.Body, rest, err = body(r.Header, rest, f, final)
	return r, rest, err
}

// ResponseHead reads the head of a response from the start of raw, as [RequestHead] does.
func ResponseHead(raw []byte, method string) (r *traffic.Response, f Framing, rest []byte, err error) {
	for rest = raw; ; {
		line, header, body, err := head(rest)
		if err != nil {
			return nil, f, raw, err
		}
		r = &traffic.Response{Header: header}
		if r.Status, err = statusLine(line); err != nil {
			return nil, f, raw, err
		}
		rest = body
		switch passed := len(raw) - len(rest); {
		case r.Status >= 200 || r.Status == http.StatusSwitchingProtocols:
		case passed > MaxHead:
			return nil, f, raw, fmt.Errorf("there are interim responses of more than %d bytes", MaxHead)
		default:
			continue
		}
		f, err = responseFraming(r.Status, method, header)
		return r, f, rest, err
	}
}

// head splits raw into the first line, the header and what follows the empty line.
func head(raw []byte) (line string, h http.Header, body []byte, err error) {
	for len(raw) > 0 && (raw[0] == '\n' || raw[0] == '\r' && len(raw) > 1 && raw[1] == '\n') {
		_, raw, _ = cutLine(raw) // empty lines before a message are to be passed over
	}
	size, lines, whole := headSize(raw)
	if line, h, err = fields(string(raw[:size]), lines); err != nil {
		return "", nil, nil, err
	}
	if !whole {
		return "", nil, nil, unfinished(raw)
	}
	return line, h, raw[size:], nil
}

// headSize measures the lines up to the empty one, with it; whole tells whether that is there.
func headSize(raw []byte) (size, lines int, whole bool) {
	for {
		line, rest, ok := cutLine(raw[size:])
		if !ok {
			return size, lines, false
		}
		size = len(raw) - len(rest)
		if len(line) == 0 {
			return size, lines, true
		}
		lines++
	}
}

// fields takes a head of so many lines apart. It is one text of which names and values are parts.
func fields(text string, lines int) (first string, h http.Header, err error) {
	first, text = cutText(text)
	h = make(http.Header, max(0, lines-1))
	values := make([]string, 0, lines)
	last := ""
	for text != "" {
		var field string
		if field, text = cutText(text); field == "" {
			break
		}
		if field[0] == ' ' || field[0] == '\t' { // obsolete line folding
			if known := h[last]; known != nil {
				known[len(known)-1] += " " + trim(field)
				continue
			}
		}
		name, value, ok := strings.Cut(field, ":")
		if !ok || name == "" || strings.IndexByte(name, ' ') >= 0 || strings.IndexByte(name, '\t') >= 0 {
			return "", nil, fmt.Errorf("malformed header line %.60q", field)
		}
		last = textproto.CanonicalMIMEHeaderKey(name)
		if known := h[last]; known != nil {
			h[last] = append(known, trim(value))
			continue
		}
		values = append(values, trim(value))
		h[last] = values[len(values)-1 : len(values) : len(values)]
	}
	return first, h, nil
}

// trim takes the white space around a value away.
func trim(value string) string {
	for value != "" && blank(value[0]) {
		value = value[1:]
	}
	for value != "" && blank(value[len(value)-1]) {
		value = value[:len(value)-1]
	}
	return value
}

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' }

func unfinished(raw []byte) error {
	if len(raw) > MaxHead {
		return fmt.Errorf("its head is longer than %d bytes", MaxHead)
	}
	return ErrIncomplete
}

// cutText is like cutLine, for a text that ends with a line break.
func cutText(text string) (line, rest string) {
	line, rest, _ = strings.Cut(text, "\n")
	return strings.TrimSuffix(line, "\r"), rest
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
