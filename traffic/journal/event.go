package journal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// event is one request that was served.
type event struct {
	ID       string    `json:"id"`
	Request  *request  `json:"request"`
	Response *response `json:"response"`
	Matched  *bool     `json:"wasMatched"`
	Timing   struct {
		Total float64 `json:"totalTime"` // milliseconds
	} `json:"timing"`
}

type request struct {
	URL      string            `json:"url"`
	Absolute string            `json:"absoluteUrl"`
	Method   string            `json:"method"`
	Headers  map[string]values `json:"headers"`
	Logged   int64             `json:"loggedDate"` // milliseconds since 1970
	Base64   string            `json:"bodyAsBase64"`
	Body     string            `json:"body"`
}

type response struct {
	Status  int               `json:"status"`
	Headers map[string]values `json:"headers"`
	Base64  string            `json:"bodyAsBase64"`
	Body    string            `json:"body"`
	Fault   string            `json:"fault"`
}

// values are those of a header: one text, or a list.
type values []string

// UnmarshalJSON implements [json.Unmarshaler].
func (v *values) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*v = values{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(v))
}

func (e *event) record() (*traffic.Record, error) {
	if e.Request == nil || e.Request.Method == "" || e.Request.URL == "" {
		return nil, errors.New("expected a request with method and url")
	}
	if e.Request.Logged <= 0 {
		return nil, errors.New("no loggedDate: expected milliseconds since 1970")
	}
	r := &traffic.Record{
		ID: e.ID, Time: time.UnixMilli(e.Request.Logged).UTC(), Direction: traffic.Inbound,
		Protocol: traffic.HTTP, Duration: time.Duration(max(0, min(e.Timing.Total, 1e12)) * float64(time.Millisecond)),
	}
	var err error
	if r.Request, err = e.Request.request(); err != nil {
		return nil, err
	}
	if e.answered() {
		r.Response, err = e.Response.response()
	}
	return r, err
}

// answered tells whether a stub gave an answer; a fault is none.
func (e *event) answered() bool {
	return e.Response != nil && e.Response.Fault == "" && e.Response.Status != 0 &&
		(e.Matched == nil || *e.Matched)
}

func (r *request) request() (*traffic.Request, error) {
	out := &traffic.Request{Method: r.Method, URL: r.URL, Header: header(r.Headers)}
	if r.Absolute != "" {
		host, target, err := http1.SplitURL(r.Absolute)
		if err != nil {
			return nil, err
		}
		out.Host = host
		if !strings.HasPrefix(out.URL, "/") {
			out.URL = target
		}
	}
	if named := out.Header.Get("Host"); named != "" {
		out.Host = named
	}
	out.Header.Del("Host")
	var err error
	out.Body, err = body(r.Base64, r.Body, out.Header)
	return out, err
}

func (r *response) response() (*traffic.Response, error) {
	if r.Status < 100 || r.Status > 999 {
		return nil, fmt.Errorf("the status is %d: expected a number from 100 to 999", r.Status)
	}
	out := &traffic.Response{Status: r.Status, Header: header(r.Headers)}
	var err error
	out.Body, err = body(r.Base64, r.Body, out.Header)
	return out, err
}

// body is the bytes as they were sent, with their coding undone, else the text.
func body(coded, text string, h http.Header) ([]byte, error) {
	if coded == "" {
		if text == "" {
			return nil, nil
		}
		return []byte(text), nil
	}
	raw, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return nil, fmt.Errorf("bodyAsBase64: %w", err)
	}
	if plain, err := http1.Decode(h, raw); err == nil {
		raw = plain
	}
	return raw, nil
}

func header(all map[string]values) http.Header {
	h := make(http.Header, len(all))
	for name, list := range all {
		name = textproto.CanonicalMIMEHeaderKey(name)
		h[name] = append(h[name], list...)
	}
	return h
}
