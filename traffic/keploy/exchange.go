package keploy

import (
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// exchange is the spec of a document of kind Http.
type exchange struct {
	Metadata map[string]string `yaml:"metadata"`
	Request  request           `yaml:"req"`
	Response *response         `yaml:"resp"`
	Created  int64             `yaml:"created"`
	// Sent and Received are the times of a mock.
	Sent     string `yaml:"reqTimestampMock"`
	Received string `yaml:"resTimestampMock"`
}

type request struct {
	Method    string            `yaml:"method"`
	URL       string            `yaml:"url"`
	Header    map[string]string `yaml:"header"`
	Body      string            `yaml:"body"`
	Form      []field           `yaml:"form"`
	Timestamp string            `yaml:"timestamp"`
}

// field is a part of a multipart body.
type field struct {
	Key    string   `yaml:"key"`
	Values []string `yaml:"values"`
	Paths  []string `yaml:"paths"`
}

type response struct {
	Status    int               `yaml:"status_code"`
	Header    map[string]string `yaml:"header"`
	Body      body              `yaml:"body"`
	Timestamp string            `yaml:"timestamp"`
}

// body is that of an answer: a text, or the list of what a stream of events has sent.
type body struct {
	text   string
	events bool
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (b *body) UnmarshalYAML(n *yaml.Node) error {
	if b.events = n.Kind == yaml.SequenceNode; b.events {
		return nil
	}
	return n.Decode(&b.text)
}

// whole tells whether the document has what Keploy writes behind the answer: without it, the answer may
// be cut off.
func (e *exchange) whole() bool {
	return e.Created != 0 || e.Received != "" || e.Response != nil && e.Response.Timestamp != ""
}

// mock tells whether the exchange was one with a dependency.
func (e *exchange) mock() bool { return e.Sent != "" || e.Metadata["type"] != "" }

func (e *exchange) record() (*traffic.Record, error) {
	if e.Request.Method == "" || e.Request.URL == "" {
		return nil, errors.New("no method and url: expected them below spec.req")
	}
	if e.Response == nil {
		return nil, errors.New("no answer: expected it below spec.resp")
	}
	if e.Response.Status < 100 || e.Response.Status > 999 {
		return nil, fmt.Errorf("status_code is %d: expected a number from 100 to 999", e.Response.Status)
	}
	r := &traffic.Record{Direction: traffic.Inbound, Protocol: traffic.HTTP}
	begin, end := e.Request.Timestamp, e.Response.Timestamp
	if e.mock() {
		r.Direction = traffic.Outbound
		begin, end = e.Sent, e.Received
	}
	var err error
	if r.Time, r.Duration, err = e.span(begin, end); err != nil {
		return nil, err
	}
	if r.Request, err = e.Request.request(); err != nil {
		return nil, err
	}
	if e.mock() {
		r.Service = r.Request.Host
	}
	r.Response = e.Response.response()
	return r, nil
}

// response is the answer. The bytes of a stream of events are not kept: such a body is not there.
func (r *response) response() *traffic.Response {
	out := &traffic.Response{Status: r.Status, Header: header(r.Header), Body: bytesOf(r.Body.text)}
	if r.Body.events {
		out.Header.Set(traffic.TruncatedHeader, "0")
	}
	return out
}

// span is when the exchange began and how long it took. Without a time of its own it stands where it was
// stored.
func (e *exchange) span(begin, end string) (at time.Time, took time.Duration, err error) {
	if begin == "" {
		return time.Unix(e.Created, 0).UTC(), 0, nil
	}
	if at, err = time.Parse(time.RFC3339Nano, begin); err != nil {
		return at, 0, fmt.Errorf("the time is %.60q: expected RFC 3339", begin)
	}
	if last, err := time.Parse(time.RFC3339Nano, end); err == nil && last.After(at) {
		took = last.Sub(at)
	}
	return at.UTC(), took, nil
}

func (r *request) request() (*traffic.Request, error) {
	out := &traffic.Request{Method: r.Method, URL: r.URL, Header: header(r.Header), Body: bytesOf(r.Body)}
	if !strings.HasPrefix(r.URL, "/") {
		var err error
		if out.Host, out.URL, err = http1.SplitURL(r.URL); err != nil {
			return nil, err
		}
	}
	if named := out.Header.Get("Host"); named != "" {
		out.Host = named
	}
	out.Header.Del("Host")
	if len(r.Form) > 0 && r.Body == "" {
		r.form(out)
	}
	return out, nil
}

// form writes the fields of a form as Keploy keeps them. Files that were sent lie elsewhere: such a body
// is not there.
func (r *request) form(out *traffic.Request) {
	values := url.Values{}
	for _, f := range r.Form {
		values[f.Key] = append(values[f.Key], f.Values...)
	}
	if strings.HasPrefix(out.Header.Get("Content-Type"), "multipart/") {
		out.Header.Set(traffic.TruncatedHeader, "0")
		return
	}
	out.Body = []byte(values.Encode())
}

// header makes a header of one that has one text for each name.
func header(flat map[string]string) http.Header {
	h := make(http.Header, len(flat))
	for name, value := range flat {
		name = textproto.CanonicalMIMEHeaderKey(name)
		h[name] = append(h[name], value)
	}
	return h
}

func bytesOf(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}
