package correlate

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// rewriter walks the values of a request. find is called for each whole value and for each token in it
// until it knows one.
type rewriter struct {
	find func(token string, how standing) (replacement string, ok bool)
	// at is where the value stands that find is called for.
	at *spot
	// target is that of the recorded request.
	target string
}

// standing is what is known of a text of a request by where it stands.
type standing uint8

const (
	// asID is where identifiers stand: in path segments and under names such as order_id.
	asID standing = 1 << iota
	// whole is all of a segment, of a query, form, header or cookie value, of a text in JSON.
	whole
	// coarse is a whole value, or a piece of one between blanks, quotes, commas and the like.
	coarse
	// asTag is a validator of a conditional request: an entity tag in its quotes, or a date.
	asTag
)

// request returns r with the values that find knows replaced. It copies on write.
func (w rewriter) request(r *traffic.Request) *traffic.Request {
	out := *r
	changed := false
	w.target = r.URL
	if target, ok := w.address(r.URL); ok {
		out.URL, changed = target, true
	}
	if header, ok := w.header(r.Header); ok {
		out.Header, changed = header, true
	}
	if body, ok := w.body(r.Header.Get("Content-Type"), r.Body); ok {
		out.Body, changed = body, true
	}
	if !changed {
		return r
	}
	return &out
}

// address rewrites a request target, segment by segment and query value by query value. What is not
// replaced keeps its encoding.
func (w rewriter) address(raw string) (string, bool) {
	rest, fragment, hasFragment := strings.Cut(raw, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	origin := ""
	if i := strings.Index(path, "://"); i >= 0 {
		i += len("://")
		if j := strings.IndexByte(path[i:], '/'); j >= 0 {
			origin, path = path[:i+j], path[i+j:]
		} else {
			origin, path = path, ""
		}
	}
	path, changed := w.path(path)
	if hasQuery {
		pairs, ok := w.pairs(inQuery, query)
		path, changed = path+"?"+pairs, changed || ok
	}
	if hasFragment {
		path += "#" + fragment
	}
	return origin + path, changed
}

func (w rewriter) path(path string) (string, bool) {
	*w.at = spot{inPath, ""}
	return eachPart(path, '/', func(segment string) (string, bool) {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "" {
			return "", false
		}
		text, ok := w.text(plain, asID)
		if !ok {
			return "", false
		}
		return url.PathEscape(text), true
	})
}

// pairs rewrites the values of a query or of a URL-encoded form.
func (w rewriter) pairs(kind, raw string) (string, bool) {
	return eachPart(raw, '&', func(pair string) (string, bool) {
		name, escaped, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(escaped)
		if err != nil || plain == "" {
			return "", false
		}
		*w.at = spot{kind, name}
		text, ok := w.text(plain, idName(name))
		if !ok {
			return "", false
		}
		return name + "=" + url.QueryEscape(text), true
	})
}

// eachPart puts what change returns in the place of the parts that it knows.
func eachPart(s string, separator byte, change func(part string) (string, bool)) (string, bool) {
	var out strings.Builder
	copied, start := 0, 0
	for start <= len(s) {
		end := len(s)
		if i := strings.IndexByte(s[start:], separator); i >= 0 {
			end = start + i
		}
		if text, ok := change(s[start:end]); ok {
			out.WriteString(s[copied:start])
			out.WriteString(text)
			copied = end
		}
		start = end + 1
	}
	if copied == 0 {
		return s, false
	}
	out.WriteString(s[copied:])
	return out.String(), true
}

// header rewrites what may carry tokens: all but what describes the message or the client.
func (w rewriter) header(h http.Header) (http.Header, bool) {
	var out http.Header
	for name, values := range h {
		if describesMessage(name) {
			continue
		}
		for i, v := range values {
			text, ok := w.headerValue(name, v)
			if !ok {
				continue
			}
			if out == nil {
				out = h.Clone()
			}
			out[name][i] = text
		}
	}
	return out, out != nil
}

func (w rewriter) headerValue(name, value string) (string, bool) {
	*w.at = spot{inHeader, name}
	switch name {
	case "Cookie":
		*w.at = spot{inCookie, ""}
	case "If-Modified-Since", "If-Unmodified-Since":
		return w.validator(value)
	case "If-Match", "If-None-Match", "If-Range":
		return w.tags(value)
	}
	return w.text(value, idName(name))
}

func describesMessage(name string) bool {
	switch name = http.CanonicalHeaderKey(name); name {
	case "Host", "Content-Type", "Content-Length", "Content-Encoding", "User-Agent", "Connection", "Date",
		"Transfer-Encoding", "Cache-Control", "Te", "Trailer", "Upgrade", "Expect", "Age", "Expires", "Server",
		"Vary", "Via":
		return true
	}
	return strings.HasPrefix(name, "Accept")
}

const formType = "application/x-www-form-urlencoded"

// mediaType is the type of a Content-Type header without its parameters.
func mediaType(contentType string) string {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// body rewrites JSON leaves in place, form fields, and the tokens of other text.
func (w rewriter) body(contentType string, body []byte) ([]byte, bool) {
	switch media := mediaType(contentType); {
	case len(body) == 0:
		return nil, false
	case media == formType:
		text, ok := w.pairs(inForm, string(body))
		return []byte(text), ok
	case media == "multipart/form-data":
		return w.multipart(contentType, body)
	case json.Valid(body):
		return w.json(body)
	case !utf8.Valid(body) || strings.HasPrefix(media, "multipart/"):
		return nil, false
	}
	*w.at = spot{inText, ""}
	text, ok := w.text(string(body), 0)
	return []byte(text), ok
}

// json rewrites the strings and numbers of a valid JSON text and leaves all else as it is, byte for byte.
func (w rewriter) json(body []byte) ([]byte, bool) {
	scan := scanner{src: string(body)}
	var out []byte
	copied := 0
	for scan.next() {
		replacement, ok := w.leaf(scan)
		if !ok {
			continue
		}
		out = append(out, body[copied:scan.start]...)
		out = append(out, replacement...)
		copied = scan.end
	}
	if copied == 0 {
		return nil, false
	}
	return append(out, body[copied:]...), true
}

func (w rewriter) leaf(scan scanner) ([]byte, bool) {
	how := idName(scan.key)
	*w.at = spot{inJSON, scan.key}
	literal := scan.src[scan.start:scan.end]
	if literal[0] != '"' {
		text, ok := w.find(literal, how|whole|coarse)
		// A number can only become a number: anything else would be another type.
		return []byte(text), ok && json.Valid([]byte(text))
	}
	text, ok := w.text(unquote(literal), how)
	if !ok {
		return nil, false
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return nil, false
	}
	return bytes.TrimSpace(b.Bytes()), true
}

func unquote(literal string) string {
	if strings.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var s string
	if err := json.Unmarshal([]byte(literal), &s); err != nil {
		return ""
	}
	return s
}
