package replay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"

	"github.com/headgate-dev/headgate/traffic"
)

// Sendable returns an error that wraps [ErrUnsendable] and says why, where a record cannot be
// replayed over plain HTTP.
func Sendable(r *traffic.Record) error {
	q := r.Request
	reason := ""
	switch {
	case q == nil || r.Protocol != traffic.HTTP && r.Protocol != "":
		reason = "it is not an HTTP request"
	case q.Method == http.MethodConnect:
		reason = "CONNECT opens a tunnel"
	case q.Header.Get("Upgrade") != "" && connectionHas(q.Header, "upgrade"):
		reason = fmt.Sprintf("it upgrades the connection to %q", q.Header.Get("Upgrade"))
	case strings.ContainsFunc(q.URL, func(c rune) bool { return c <= ' ' || c == 0x7f }):
		reason = fmt.Sprintf("its target %q has white space or a control character", q.URL)
	case !strings.HasPrefix(originForm(q.URL), "/") && q.URL != "*":
		reason = fmt.Sprintf("its target %q is neither a path nor an http(s) URL", q.URL)
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUnsendable, reason)
}

// originForm is the path and query of a recorded target, byte by byte.
func originForm(target string) string {
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

// outgoing makes the request for the target from the recorded one.
func (s *HTTPSender) outgoing(ctx context.Context, r *traffic.Request) (*http.Request, error) {
	header := sentHeader(r.Header)
	body, err := codedBody(header, r.Body)
	if err != nil {
		return nil, err
	}
	out := (&http.Request{
		Method: r.Method, URL: s.target(r.URL), Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	onceOnly(out, body)
	if s.options.KeepHost {
		out.Host = r.Host
	}
	return out, nil
}

// onceOnly sets the body such that net/http does not send the request twice on its own, which would
// make a server that drops connections look sound. It does so where it can read the body again and
// the method or an idempotency key, under its usual spelling, allows it.
func onceOnly(out *http.Request, body []byte) {
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values := out.Header[name]; values != nil {
			delete(out.Header, name)
			out.Header[strings.ToLower(name)] = values
		}
	}
	lacksBody := slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, out.Method)
	if len(body) == 0 && !lacksBody {
		out.Body = http.NoBody
		return
	}
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
}

// target is the URL whose request line reads exactly as recorded, below the base URL's path.
func (s *HTTPSender) target(recorded string) *url.URL {
	line := originForm(recorded)
	if line != "*" {
		line = strings.TrimSuffix(s.base.Path, "/") + line
	}
	u := &url.URL{Scheme: s.base.Scheme, Host: s.base.Host, Opaque: line}
	if strings.HasPrefix(line, "//") {
		// An opaque part with two slashes would be written as an absolute URL.
		path, query, asked := strings.Cut(line, "?")
		u.Opaque, u.RawPath, u.RawQuery, u.ForceQuery = "", path, query, asked
		u.Path, _ = url.PathUnescape(path)
	}
	return u
}

// notSent are the headers of one connection (RFC 9110, section 7.6.1) and those that net/http writes.
func notSent() []string {
	return []string{
		"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade", "Expect", "Content-Length", "Host",
	}
}

// sentHeader is the recorded header less what belongs to the recorded connection. Accept-Encoding is
// narrowed to codings that can be undone here; nothing is added that was not recorded.
func sentHeader(recorded http.Header) http.Header {
	h := make(http.Header, len(recorded)+1)
	for name, values := range recorded {
		h[textproto.CanonicalMIMEHeaderKey(name)] = slices.Clone(values)
	}
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range notSent() {
		h.Del(name)
	}
	if accept := decodable(h.Values("Accept-Encoding")); accept != "" {
		h.Set("Accept-Encoding", accept)
	} else {
		h.Del("Accept-Encoding")
	}
	if len(h["User-Agent"]) == 0 {
		h["User-Agent"] = []string{""} // keeps net/http from adding its own
	}
	return h
}

func connectionHas(h http.Header, option string) bool {
	for _, value := range h.Values("Connection") {
		for o := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(o), option) {
				return true
			}
		}
	}
	return false
}

// codedBody puts the recorded coding back on a body that was stored decoded: gzip is coded again,
// other codings that captures undo are dropped from the header. A body that is still coded, by its
// first bytes or because its coding is unknown, is sent as it is.
func codedBody(h http.Header, body []byte) ([]byte, error) {
	coding := strings.ToLower(strings.TrimSpace(h.Get("Content-Encoding")))
	switch {
	case coding == "" || bytes.HasPrefix(body, []byte(gzipMagic)) || bytes.HasPrefix(body, []byte(zstdMagic)):
		return body, nil
	case coding == "gzip" || coding == "x-gzip":
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			return nil, fmt.Errorf("coding the request body: %w", err)
		}
		if err := z.Close(); err != nil {
			return nil, fmt.Errorf("coding the request body: %w", err)
		}
		return b.Bytes(), nil
	case slices.Contains(codings(), coding):
		h.Del("Content-Encoding")
	}
	return body, nil
}
