package replay

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/coding"
)

// Sendable returns an error that wraps [ErrUnsendable] and says why, where a record cannot be
// replayed over plain HTTP.
func Sendable(r *traffic.Record) error {
	q := r.Request
	reason := ""
	switch {
	case q == nil || r.Protocol != traffic.HTTP && r.Protocol != "":
		reason = "it is not an HTTP request"
	case len(q.Header[traffic.TruncatedHeader]) > 0:
		reason = "its body was cut off at capture"
	case q.Method == http.MethodConnect:
		reason = "CONNECT opens a tunnel"
	case len(q.Header["Upgrade"]) > 0 && connectionHas(q.Header, "upgrade"):
		reason = fmt.Sprintf("it upgrades the connection to %q", q.Header.Get("Upgrade"))
	case strings.ContainsFunc(q.URL, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		reason = fmt.Sprintf("its target %q has white space or a control character", q.URL)
	case !strings.HasPrefix(originForm(q.URL), "/") && q.URL != "*":
		reason = fmt.Sprintf("its target %q is neither a path nor an http(s) URL", q.URL)
	case !isToken(q.Method):
		reason = fmt.Sprintf("its method %q is no name", q.Method)
	default:
		for name := range q.Header {
			if !isToken(name) {
				return fmt.Errorf("%w: it has a header %q, which is no name", ErrUnsendable, name)
			}
		}
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUnsendable, reason)
}

// isToken tells whether a method or header name is a token (RFC 9110, section 5.6.2). Anything else would
// read as another line of the request.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// originForm is the path and query of a recorded target, byte by byte.
func originForm(target string) string {
	if strings.HasPrefix(target, "/") {
		return target
	}
	lower := strings.ToLower(target)
	if !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
		return target
	}
	_, rest, _ := strings.Cut(target, "://")
	i := strings.IndexAny(rest, "/?")
	switch {
	case i < 0:
		return "/"
	case rest[i] == '?':
		return "/" + rest[i:]
	}
	return rest[i:]
}

// appendRequest writes the request for the target from the recorded one: the request line reads
// exactly as recorded, below the base URL's path; names come in their order of the alphabet.
func (s *HTTPSender) appendRequest(b []byte, r *traffic.Request) ([]byte, error) {
	body, coded, err := codedBody(r)
	if err != nil {
		return b, err
	}
	b = append(append(b, r.Method...), ' ')
	if line := originForm(r.URL); line == "*" {
		b = append(b, line...)
	} else {
		b = append(append(b, s.prefix...), line...)
	}
	b = append(b, " HTTP/1.1\r\n"...)
	host := s.base.Host
	if s.options.KeepHost && r.Host != "" {
		host = r.Host
	}
	b = appendHeader(b, "Host", host)
	if len(body) > 0 || expectsBody(r.Method) {
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), int64(len(body)), 10), "\r\n"...)
	}
	b = appendHeaders(b, r.Header, coded)
	return append(append(b, "\r\n"...), body...), nil
}

func basePath(u *url.URL) string { return strings.TrimSuffix(u.EscapedPath(), "/") }

// expectsBody are the methods whose requests name a length of 0 (RFC 9110, section 8.6).
func expectsBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// appendHeaders writes the recorded header less what belongs to the recorded connection.
// Accept-Encoding is narrowed to codings that can be undone here; nothing is added that was not recorded.
func appendHeaders(b []byte, recorded http.Header, coded string) []byte {
	var known [32]string
	names := known[:0]
	for name := range recorded {
		names = append(names, name)
	}
	slices.Sort(names)
	connection := recorded["Connection"]
	for _, name := range names {
		values := recorded[name]
		switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
		case hopByHop(canonical) || hasToken(connection, name):
		case canonical == "Accept-Encoding":
			if accept := decodable(values); accept != "" {
				b = appendHeader(b, canonical, accept)
			}
		case canonical == "Content-Encoding":
			if coded != "" {
				b = appendHeader(b, canonical, coded)
			}
		default:
			for _, v := range values {
				b = appendHeader(b, canonical, v)
			}
		}
	}
	return b
}

// appendHeader writes one line. Line ends in a value become spaces: they would begin another line.
func appendHeader(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	start := len(b)
	b = append(b, strings.TrimSpace(value)...)
	for i := start; i < len(b); i++ {
		if b[i] == '\r' || b[i] == '\n' {
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

// hopByHop are the headers of one connection (RFC 9110, section 7.6.1) and those that are written anew.
func hopByHop(canonical string) bool {
	switch canonical {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Content-Length", "Host":
		return true
	}
	return false
}

func connectionHas(h http.Header, option string) bool { return hasToken(h["Connection"], option) }

// codedBody puts the recorded coding back on a body that was stored decoded: gzip is coded again,
// other codings that captures undo are dropped from the header. A body that is still coded, by its
// first bytes or because its coding is unknown, is sent as it is. coded is what the header is to say.
func codedBody(r *traffic.Request) (body []byte, coded string, err error) {
	values := r.Header["Content-Encoding"]
	list, recorded := coding.List(values), strings.Join(values, ", ")
	unknown := func(name string) bool { return !slices.Contains(coding.Known(), name) }
	switch {
	case len(list) == 0 || len(r.Body) == 0 || slices.ContainsFunc(list, unknown):
		return r.Body, recorded, nil
	case bytes.HasPrefix(r.Body, []byte(gzipMagic)) || bytes.HasPrefix(r.Body, []byte(zstdMagic)):
		return r.Body, recorded, nil
	case len(list) == 1 && (list[0] == "gzip" || list[0] == "x-gzip"):
		body, err := gzipped(r.Body)
		return body, recorded, err
	}
	return r.Body, "", nil
}

func gzipped(plain []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(plain)
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("coding the request body: %w", err)
	}
	return b.Bytes(), nil
}
