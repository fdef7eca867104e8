package rrpair

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// pair is the JSON form.
type pair struct {
	Time      string            `json:"ts"`
	Protocol  string            `json:"l7protocol"`
	Duration  float64           `json:"duration"` // milliseconds
	Tags      map[string]string `json:"tags"`
	UUID      string            `json:"uuid"` // 16 bytes in base64
	Direction string            `json:"direction"`
	Service   string            `json:"service"`
	Session   string            `json:"session"`
	HTTP      *exchange         `json:"http"`
}

type exchange struct {
	Request  *request  `json:"req"`
	Response *response `json:"res"`
}

type request struct {
	URL     string              `json:"url"` // path
	URI     string              `json:"uri"` // path with query
	Method  string              `json:"method"`
	Host    string              `json:"host"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"bodyBase64"`

	body []byte // where it is known already
}

type response struct {
	Status  int                 `json:"statusCode"`
	Headers map[string][]string `json:"headers"`
	Body    string              `json:"bodyBase64"`

	body []byte
}

func (p *pair) record() (*traffic.Record, error) {
	if p.HTTP == nil || p.HTTP.Request == nil {
		return nil, errors.New("no request: expected it as http.req")
	}
	at, err := time.Parse(time.RFC3339Nano, p.Time)
	if err != nil {
		return nil, fmt.Errorf("ts is %.60q: expected RFC 3339", p.Time)
	}
	r := &traffic.Record{
		ID: id(p.UUID), Time: at.UTC(), Session: p.Session, Protocol: traffic.HTTP,
		Duration: time.Duration(max(0, min(p.Duration, 1e12)) * float64(time.Millisecond)),
	}
	if r.Request, err = p.HTTP.Request.request(); err != nil {
		return nil, err
	}
	switch strings.ToUpper(p.Direction) {
	case "IN":
		r.Direction, r.Service = traffic.Inbound, p.Service
		if r.Service == "" {
			r.Service = p.Tags["service"]
		}
	case "OUT":
		r.Direction, r.Service = traffic.Outbound, r.Request.Host
	default:
		return nil, fmt.Errorf("direction is %.40q: expected IN or OUT", p.Direction)
	}
	if p.HTTP.Response != nil {
		r.Response, err = p.HTTP.Response.response()
	}
	return r, err
}

// id writes a uuid as it is usually written.
func id(coded string) string {
	raw, err := base64.StdEncoding.DecodeString(coded)
	if err != nil || len(raw) != 16 {
		return coded
	}
	text := hex.EncodeToString(raw)
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

func (r *request) request() (*traffic.Request, error) {
	target := r.URI
	if target == "" {
		target = r.URL
	}
	if r.Method == "" || target == "" {
		return nil, errors.New("the request needs a method and a uri")
	}
	out := &traffic.Request{Method: r.Method, URL: target, Host: r.Host, Header: header(r.Headers)}
	if !strings.HasPrefix(target, "/") {
		var err error
		if out.Host, out.URL, err = http1.SplitURL(target); err != nil {
			return nil, err
		}
	}
	if named := out.Header.Get("Host"); named != "" {
		out.Host = named
	}
	out.Header.Del("Host")
	var err error
	if out.Body, err = decoded(r.Body, r.body, out.Header); err != nil {
		return nil, fmt.Errorf("body of the request: %w", err)
	}
	return out, nil
}

func (r *response) response() (*traffic.Response, error) {
	if r.Status < 100 || r.Status > 999 {
		return nil, fmt.Errorf("statusCode is %d: expected a number from 100 to 999", r.Status)
	}
	out := &traffic.Response{Status: r.Status, Header: header(r.Headers)}
	var err error
	if out.Body, err = decoded(r.Body, r.body, out.Header); err != nil {
		return nil, fmt.Errorf("body of the response: %w", err)
	}
	return out, nil
}

// decoded is a body: plain where that is known, else from base64, with its coding undone where it has
// that still.
func decoded(coded string, plain []byte, h http.Header) ([]byte, error) {
	switch {
	case len(plain) > 0:
		return plain, nil
	case plain != nil || coded == "":
		return nil, nil
	}
	body, err := base64.StdEncoding.DecodeString(coded)
	if err != nil {
		return nil, err
	}
	if plain, err := http1.Decode(h, body); err == nil {
		body = plain
	}
	return body, nil
}

// header leaves out the pseudo headers of HTTP/2.
func header(all map[string][]string) http.Header {
	h := make(http.Header, len(all))
	for name, values := range all {
		if name != "" && !strings.HasPrefix(name, ":") {
			name = textproto.CanonicalMIMEHeaderKey(name)
			h[name] = append(h[name], slices.Clone(values)...)
		}
	}
	return h
}
