package mappings

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// mapping is one stub in WireMock's form.
type mapping struct {
	ID       string          `json:"id"`
	UUID     string          `json:"uuid"`
	Request  request         `json:"request"`
	Response response        `json:"response"`
	State    string          `json:"requiredScenarioState"`
	Webhooks json.RawMessage `json:"serveEventListeners"`
	Actions  json.RawMessage `json:"postServeActions"`
}

type request struct {
	Method  string             `json:"method"`
	URL     string             `json:"url"`
	Path    string             `json:"urlPath"`
	Host    *matcher           `json:"host"`
	Query   map[string]matcher `json:"queryParameters"`
	Headers map[string]matcher `json:"headers"`
	Cookies map[string]matcher `json:"cookies"`
	Form    map[string]matcher `json:"formParameters"`
	Basic   *struct {
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"basicAuthCredentials"`
	Body      []matcher       `json:"bodyPatterns"`
	Multipart json.RawMessage `json:"multipartPatterns"`
	Custom    json.RawMessage `json:"customMatcher"`
}

// matcher is an object such as {"equalTo": "a"}.
type matcher map[string]json.RawMessage

// settings stand beside the matcher in its object.
var settings = []string{"caseInsensitive", "ignoreArrayOrder", "ignoreExtraElements", "enablePlaceholders"}

// kind is the name of the matcher, or "" where it has none.
func (m matcher) kind() string {
	var names []string
	for name := range m {
		if !slices.Contains(settings, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " and ")
}

func (m matcher) exact() bool {
	switch m.kind() {
	case "equalTo", "absent", "binaryEqualTo":
		return true
	case "equalToJson", "equalToXml":
		return !strings.Contains(string(m["equalToJson"])+string(m["equalToXml"]), "${")
	}
	return false
}

type response struct {
	Status       *int                       `json:"status"`
	Body         *string                    `json:"body"`
	JSON         json.RawMessage            `json:"jsonBody"`
	Base64       []byte                     `json:"base64Body"`
	File         string                     `json:"bodyFileName"`
	Headers      map[string]json.RawMessage `json:"headers"`
	Delay        float64                    `json:"fixedDelayMilliseconds"`
	Transformers []string                   `json:"transformers"`
	Fault        string                     `json:"fault"`
	Proxy        string                     `json:"proxyBaseUrl"`
}

// leftOut names the kind of a mapping that is no single exchange.
func (m *mapping) leftOut() string {
	q, a := &m.Request, &m.Response
	switch {
	case m.State != "" && m.State != "Started":
		return stateful
	case len(a.Transformers) > 0:
		return templated
	case a.Fault != "" || a.Proxy != "" || given(m.Webhooks) || given(m.Actions):
		return noAnswer
	case a.File != "":
		return elsewhere
	case q.Method == "" || q.Method == "ANY" || q.URL == "" && q.Path == "":
		return anyCall
	case given(q.Multipart):
		return "stub mappings with the matcher multipartPatterns"
	case given(q.Custom):
		return "stub mappings with the matcher customMatcher"
	case len(q.Body) > 1:
		return several
	}
	for _, matcher := range q.matchers() {
		if !matcher.exact() {
			return "stub mappings with the matcher " + matcher.kind()
		}
	}
	return ""
}

// given tells whether there is anything in a list or an object, which may be null.
func given(raw json.RawMessage) bool {
	switch string(bytes.Join(bytes.Fields(raw), nil)) {
	case "", "null", "[]", "{}":
		return false
	}
	return true
}

// matchers are all that there are.
func (q *request) matchers() []matcher {
	all := slices.Clone(q.Body)
	if q.Host != nil {
		all = append(all, *q.Host)
	}
	for _, part := range []map[string]matcher{q.Query, q.Headers, q.Cookies, q.Form} {
		for _, m := range part {
			all = append(all, m)
		}
	}
	return all
}

// text is what the matcher expects; ok is false where nothing is to be there.
func (m matcher) text() (text string, ok bool, err error) {
	for name, value := range m {
		switch name {
		case "equalTo", "equalToXml":
			err = json.Unmarshal(value, &text)
		case "equalToJson":
			if text = string(value); strings.HasPrefix(text, `"`) {
				err = json.Unmarshal(value, &text)
			}
		case "binaryEqualTo":
			var b []byte
			err = json.Unmarshal(value, &b)
			text = string(b)
		default:
			continue
		}
		if err != nil {
			err = fmt.Errorf("%s has the value %.60s: expected a text", name, value)
		}
		return text, true, err
	}
	return "", false, nil
}

func (m *mapping) record() (*traffic.Record, error) {
	request, err := m.Request.request()
	if err != nil {
		return nil, err
	}
	answer, err := m.Response.response()
	if err != nil {
		return nil, err
	}
	id := m.ID
	if id == "" {
		id = m.UUID
	}
	return &traffic.Record{
		ID: id, Direction: traffic.Outbound, Service: request.Host, Protocol: traffic.HTTP,
		Request: request, Response: answer,
		Duration: time.Duration(max(0, min(m.Response.Delay, 1e9)) * float64(time.Millisecond)),
	}, nil
}

func (q *request) request() (*traffic.Request, error) {
	out := &traffic.Request{Method: q.Method, URL: q.URL, Header: http.Header{}}
	if out.URL == "" {
		out.URL = q.Path
	}
	if !strings.HasPrefix(out.URL, "/") {
		return nil, fmt.Errorf("the url is %.200q: expected a path, such as /orders", out.URL)
	}
	query, err := fields(q.Query)
	if err != nil {
		return nil, err
	}
	if len(query) > 0 {
		separator := "?"
		if strings.Contains(out.URL, "?") {
			separator = "&"
		}
		out.URL += separator + query.Encode()
	}
	if err := q.head(out); err != nil {
		return nil, err
	}
	return out, q.body(out)
}

// fields are the expected values by name.
func fields(matchers map[string]matcher) (url.Values, error) {
	values := url.Values{}
	for name, m := range matchers {
		text, ok, err := m.text()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if ok {
			values.Set(name, text)
		}
	}
	return values, nil
}

// head sets the headers, in which cookies and credentials stand, and the host.
func (q *request) head(out *traffic.Request) error {
	headers, err := fields(q.Headers)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		out.Header[textproto.CanonicalMIMEHeaderKey(name)] = headers[name]
	}
	cookies, err := fields(q.Cookies)
	if err != nil {
		return err
	}
	var pairs []string
	for name := range cookies {
		pairs = append(pairs, name+"="+cookies.Get(name))
	}
	if slices.Sort(pairs); len(pairs) > 0 {
		out.Header.Set("Cookie", strings.Join(pairs, "; "))
	}
	if q.Basic != nil {
		pair := q.Basic.Username + ":" + q.Basic.Password
		out.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
	}
	out.Host = out.Header.Get("Host")
	out.Header.Del("Host")
	if q.Host != nil {
		out.Host, _, err = q.Host.text()
	}
	return err
}

// body sets the body: the one that is expected, or a form.
func (q *request) body(out *traffic.Request) error {
	for _, m := range q.Body {
		text, _, err := m.text()
		if err != nil {
			return fmt.Errorf("body: %w", err)
		}
		out.Body = []byte(text)
	}
	form, err := fields(q.Form)
	switch {
	case err != nil || len(form) == 0:
		return err
	case len(out.Body) > 0:
		return errors.New("it has both body patterns and form parameters")
	}
	out.Body = []byte(form.Encode())
	if out.Header.Get("Content-Type") == "" {
		out.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return nil
}

func (a *response) response() (*traffic.Response, error) {
	out := &traffic.Response{Status: http.StatusOK, Header: http.Header{}}
	if a.Status != nil {
		out.Status = *a.Status
	}
	if out.Status < 100 || out.Status > 999 {
		return nil, fmt.Errorf("the status is %d: expected a number from 100 to 999", out.Status)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		values, err := headerValues(a.Headers[name])
		if err != nil {
			return nil, fmt.Errorf("response header %s: %w", name, err)
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		out.Header[name] = append(out.Header[name], values...)
	}
	switch {
	case a.Body != nil:
		out.Body = []byte(*a.Body)
	case len(a.JSON) > 0 && string(a.JSON) != "null":
		var b bytes.Buffer
		if err := json.Compact(&b, a.JSON); err != nil {
			return nil, err
		}
		out.Body = b.Bytes()
	default:
		out.Body = a.Base64
	}
	if len(out.Body) == 0 {
		out.Body = nil
	}
	if plain, err := http1.Decode(out.Header, out.Body); err == nil {
		out.Body = plain
	}
	return out, nil
}

// headerValues reads a text, a number, or a list of texts.
func headerValues(raw json.RawMessage) ([]string, error) {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list, nil
	}
	switch text := string(raw); text[0] {
	case '"':
		var one string
		err := json.Unmarshal(raw, &one)
		return []string{one}, err
	case '{', '[', 'n':
		return nil, fmt.Errorf("found %.60s: expected a text or a list of texts", raw)
	default:
		return []string{text}, nil
	}
}
