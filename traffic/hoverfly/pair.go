package hoverfly

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// pair is one request pattern and its response.
type pair struct {
	Request  request  `json:"request"`
	Response response `json:"response"`
}

type request struct {
	Method      []matcher            `json:"method"`
	Scheme      []matcher            `json:"scheme"`
	Destination []matcher            `json:"destination"`
	Path        []matcher            `json:"path"`
	Query       map[string][]matcher `json:"query"`
	RawQuery    []matcher            `json:"deprecatedQuery"`
	Body        []matcher            `json:"body"`
	Headers     map[string][]matcher `json:"headers"`
	State       map[string]string    `json:"requiresState"`
}

// matcher says what a part of the request is like.
type matcher struct {
	Kind  string          `json:"matcher"`
	Value json.RawMessage `json:"value"`
}

type response struct {
	Status    int                 `json:"status"`
	Body      string              `json:"body"`
	BodyFile  string              `json:"bodyFile"`
	Encoded   bool                `json:"encodedBody"`
	Headers   map[string][]string `json:"headers"`
	Templated bool                `json:"templated"`
	Delay     float64             `json:"fixedDelay"` // milliseconds
	Action    string              `json:"postServeAction"`
}

// leftOut names the kind of a pair that is no single exchange.
func (p *pair) leftOut() string {
	for name := range p.Request.State {
		if !strings.HasPrefix(name, "sequence:") {
			return stateful
		}
	}
	switch {
	case p.Response.Templated:
		return templated
	case p.Response.BodyFile != "" && p.Response.Body == "", p.Response.Action != "":
		return elsewhere
	case len(p.Request.Method) == 0 || len(p.Request.Path) == 0:
		return anyCall
	}
	for _, m := range p.Request.matchers() {
		if kind := strings.ToLower(m.Kind); !slices.Contains([]string{"", "exact", "json", "array"}, kind) {
			return "simulation pairs with the matcher " + kind
		}
	}
	return ""
}

// matchers are all that there are.
func (r *request) matchers() []matcher {
	all := slices.Concat(r.Method, r.Scheme, r.Destination, r.Path, r.RawQuery, r.Body)
	for _, parts := range []map[string][]matcher{r.Query, r.Headers} {
		for _, list := range parts {
			all = append(all, list...)
		}
	}
	return all
}

// texts are the values of a matcher: one, or those of an array.
func (m matcher) texts() ([]string, error) {
	var one string
	if err := json.Unmarshal(m.Value, &one); err == nil {
		return []string{one}, nil
	}
	var list []string
	if strings.EqualFold(m.Kind, "array") {
		err := json.Unmarshal(m.Value, &list)
		return list, err
	}
	if strings.EqualFold(m.Kind, "json") {
		return []string{string(m.Value)}, nil
	}
	return nil, fmt.Errorf("the matcher %s has the value %.60s: expected a text", m.Kind, m.Value)
}

// one is the single value of a part, empty where the part has no matcher.
func one(list []matcher) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	texts, err := list[0].texts()
	if err != nil || len(texts) == 0 {
		return "", err
	}
	return texts[0], nil
}

func (p *pair) record() (*traffic.Record, error) {
	request, err := p.Request.request()
	if err != nil {
		return nil, err
	}
	r := &traffic.Record{
		Direction: traffic.Outbound, Service: request.Host, Protocol: traffic.HTTP, Request: request,
		Duration: time.Duration(max(0, min(p.Response.Delay, 1e9)) * float64(time.Millisecond)),
	}
	r.Response, err = p.Response.response()
	return r, err
}

func (r *request) request() (*traffic.Request, error) {
	out := &traffic.Request{Header: http.Header{}}
	var path, query, body string
	for _, part := range []struct {
		matchers []matcher
		into     *string
	}{{r.Method, &out.Method}, {r.Destination, &out.Host}, {r.Path, &path}, {r.RawQuery, &query}, {r.Body, &body}} {
		var err error
		if *part.into, err = one(part.matchers); err != nil {
			return nil, err
		}
	}
	parameters, err := r.query()
	if err != nil {
		return nil, err
	}
	if query == "" {
		query = parameters
	}
	if out.URL = escaped(path); query != "" {
		out.URL += "?" + query
	}
	if body != "" {
		out.Body = []byte(body)
	}
	for name, list := range r.Headers {
		for _, m := range list {
			values, err := m.texts()
			if err != nil {
				return nil, err
			}
			name = textproto.CanonicalMIMEHeaderKey(name)
			out.Header[name] = append(out.Header[name], values...)
		}
	}
	out.Header.Del("Host")
	return out, nil
}

// query writes the parameters in the order of their names. Hoverfly joins the values of one name with
// semicolons.
func (r *request) query() (string, error) {
	values := url.Values{}
	for name, list := range r.Query {
		text, err := one(list)
		if err != nil {
			return "", err
		}
		values[name] = strings.Split(text, ";")
		if len(list) > 0 && strings.EqualFold(list[0].Kind, "array") {
			if values[name], err = list[0].texts(); err != nil {
				return "", err
			}
		}
	}
	return values.Encode(), nil
}

// escaped is the path as it stands in a request line.
func escaped(path string) string {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if strings.Contains(path, "%") && !strings.ContainsAny(path, " ?#") {
		return path
	}
	return (&url.URL{Path: path}).EscapedPath()
}

func (r *response) response() (*traffic.Response, error) {
	if r.Status < 100 || r.Status > 999 {
		return nil, fmt.Errorf("the status is %d: expected a number from 100 to 999", r.Status)
	}
	out := &traffic.Response{Status: r.Status, Header: http.Header{}}
	for name, values := range r.Headers {
		name = textproto.CanonicalMIMEHeaderKey(name)
		out.Header[name] = append(out.Header[name], values...)
	}
	if r.Body == "" {
		return out, nil
	}
	out.Body = []byte(r.Body)
	if r.Encoded {
		raw, err := base64.StdEncoding.DecodeString(r.Body)
		if err != nil {
			return nil, fmt.Errorf("the encoded body: %w", err)
		}
		out.Body = raw
	}
	if plain, err := http1.Decode(out.Header, out.Body); err == nil {
		out.Body = plain
	}
	return out, nil
}
