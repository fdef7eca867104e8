package jsonlog

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// text returns the first of the keys that has a value which is not "-" or empty.
func (o object) text(keys ...string) string {
	for _, key := range keys {
		switch v := o[key].(type) {
		case string:
			if v != "" && v != "-" {
				return v
			}
		case json.Number:
			return v.String()
		}
	}
	return ""
}

// number returns the first of the keys that holds a number, as a number or as text.
func (o object) number(keys ...string) (float64, bool) {
	for _, key := range keys {
		if text := o.text(key); text != "" {
			if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(n) && !math.IsInf(n, 0) {
				return n, true
			}
		}
	}
	return 0, false
}

// object returns the object under the first of the keys that has one.
func (o object) object(keys ...string) object {
	for _, key := range keys {
		if inner, ok := o[key].(map[string]any); ok {
			lower := make(object, len(inner))
			for key, value := range inner {
				lower[strings.ToLower(key)] = value
			}
			return lower
		}
	}
	return object{}
}

// requestLine finds method and target. Caddy nests them in "request".
func (o object) requestLine() (method, target string) {
	inner := o.object("request")
	for _, of := range []object{o, inner} {
		method = of.text("method", "request_method", "requestmethod", "http_method", "verb")
		target = of.text("request_uri", "uri", "url", "requestpath", "path", "request_path", "target")
		if method != "" && target != "" {
			break
		}
	}
	if line := strings.Fields(o.text("request")); method == "" && len(line) >= 2 { // "GET /path HTTP/1.1"
		method, target = line[0], line[1]
	}
	if query := strings.TrimPrefix(o.text("query", "args", "query_string"), "?"); query != "" &&
		!strings.Contains(target, "?") {
		target += "?" + query
	}
	return method, target
}

func (o object) record() (*traffic.Record, error) {
	method, target := o.requestLine()
	if method == "" || target == "" {
		return nil, errors.New("no method and path: expected keys such as method and path, " +
			"or request_method and request_uri")
	}
	at, err := o.time()
	if err != nil {
		return nil, err
	}
	r := &traffic.Record{
		ID: o.text("id", "request_id"), Time: at, Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Session:  o.text("session", "session_id"),
		Duration: o.duration(), Request: o.request(method, target),
	}
	r.Response, err = o.response(method)
	return r, err
}

func (o object) request(method, target string) *traffic.Request {
	h := header(o.object("headers", "request_headers"))
	if len(h) == 0 {
		h = header(o.object("request").object("headers"))
	}
	for name, keys := range map[string][]string{
		"User-Agent":      {"http_user_agent", "user_agent", "useragent", "request_user-agent", "agent"},
		"Referer":         {"http_referer", "http_referrer", "referer", "referrer", "request_referer"},
		"X-Forwarded-For": {"http_x_forwarded_for", "remote_addr", "clienthost", "remote_ip", "client_ip"},
		"Content-Type":    {"content_type"},
	} {
		if value := o.text(keys...); value != "" && h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	r := &traffic.Request{Method: method, URL: target, Header: h}
	r.Host = o.text("host", "http_host", "requesthost", "server_name")
	if named := h.Get("Host"); named != "" {
		r.Host = named
	}
	h.Del("Host")
	body, there := o.body("body", "request_body")
	r.Body = body
	usual := method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
	if !there && usual {
		h.Set(traffic.TruncatedHeader, "0")
	}
	return r
}

// body reads a body: text, base64 under a key with that ending, or JSON in its place.
func (o object) body(keys ...string) (body []byte, there bool) {
	for _, key := range keys {
		if coded, ok := o[key+"_base64"].(string); ok {
			if raw, err := base64.StdEncoding.DecodeString(coded); err == nil {
				return raw, true
			}
		}
		switch v := o[key].(type) {
		case nil:
		case string:
			if v == "-" || v == "" {
				return nil, true
			}
			return []byte(v), true
		default:
			raw, err := json.Marshal(v)
			return raw, err == nil
		}
	}
	return nil, false
}

func (o object) response(method string) (*traffic.Response, error) {
	status, ok := o.number("response_status", "status", "downstreamstatus", "status_code", "originstatus")
	if !ok {
		return nil, nil
	}
	if status != math.Trunc(status) || status < 100 || status > 999 {
		return nil, fmt.Errorf("the status is %v: expected a number from 100 to 999", status)
	}
	r := &traffic.Response{Status: int(status), Header: header(o.object("response_headers", "resp_headers"))}
	body, there := o.body("response_body")
	r.Body = body
	size, sized := o.number("body_bytes_sent", "bytes_sent", "downstreamcontentsize", "size", "bytes")
	bodiless := method == http.MethodHead || r.Status == http.StatusNoContent ||
		r.Status == http.StatusNotModified || sized && size == 0
	if !there && !bodiless {
		r.Header.Set(traffic.TruncatedHeader, strconv.FormatFloat(max(0, size), 'f', 0, 64))
	}
	return r, nil
}

func header(o object) http.Header {
	h := make(http.Header, len(o))
	for name, value := range o {
		switch v := value.(type) {
		case string:
			h.Add(name, v)
		case []any:
			for _, item := range v {
				h.Add(name, fmt.Sprint(item))
			}
		}
	}
	return h
}

// duration reads milliseconds where the key says so, Traefik's nanoseconds, else seconds.
func (o object) duration() time.Duration {
	if ms, ok := o.number("response_latency_ms", "latency_ms", "duration_ms", "request_time_ms"); ok && ms > 0 {
		return time.Duration(ms * float64(time.Millisecond))
	}
	_, traefik := o["downstreamstatus"]
	if n, ok := o.number("duration"); ok && n > 0 && traefik {
		return time.Duration(n)
	}
	if s, ok := o.number("request_time", "duration", "upstream_response_time"); ok && s > 0 {
		return time.Duration(s * float64(time.Second))
	}
	return 0
}

// time reads a time of the usual forms: RFC 3339, ISO 8601 without a zone (UTC), the common log format,
// Unix seconds or milliseconds.
func (o object) time() (time.Time, error) {
	text := o.text("timestamp", "@timestamp", "time", "time_iso8601", "startutc", "ts", "msec", "time_local", "date")
	if text == "" {
		return time.Time{}, errors.New("no time: expected a key such as timestamp, time or time_iso8601")
	}
	const local = "2006-01-02T15:04:05.999999999"
	for _, layout := range []string{
		time.RFC3339Nano, local + "Z0700", local, "2006-01-02 15:04:05.999999999", "02/Jan/2006:15:04:05 -0700",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	const milliseconds = 1e11 // Unix seconds reach this in the year 5138
	switch {
	case err != nil || n <= 0 || n > 1e15:
		return time.Time{}, fmt.Errorf("the time is %.60q: expected RFC 3339, or Unix seconds", text)
	case n >= milliseconds:
		return time.UnixMicro(int64(n * 1e3)).UTC(), nil
	}
	return time.UnixMicro(int64(n * 1e6)).UTC(), nil
}
