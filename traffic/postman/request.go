package postman

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

type request struct {
	Method string `json:"method"`
	URL    target `json:"url"`
	Header fields `json:"header"`
	Body   *body  `json:"body"`
	Auth   *auth  `json:"auth"`
}

// UnmarshalJSON implements [json.Unmarshaler]: a request can be no more than its address.
func (r *request) UnmarshalJSON(b []byte) error {
	type whole request
	var address string
	if err := json.Unmarshal(b, &address); err == nil {
		*r = request{Method: http.MethodGet, URL: target{raw: address}}
		return nil
	}
	return json.Unmarshal(b, (*whole)(r))
}

// target is an address: a text, or an object with its parts.
type target struct {
	raw       string
	variables []variable // of the path, :id
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *target) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &t.raw); err == nil {
		return nil
	}
	var whole struct {
		Raw       string     `json:"raw"`
		Variables []variable `json:"variable"`
	}
	err := json.Unmarshal(b, &whole)
	t.raw, t.variables = whole.Raw, whole.Variables
	return err
}

type field struct {
	Key      string `json:"key"`
	Value    any    `json:"value"`
	Type     string `json:"type"`
	Disabled bool   `json:"disabled"`
}

// fields are headers: a list of them, or a text with one on each line.
type fields []field

// UnmarshalJSON implements [json.Unmarshaler].
func (f *fields) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return json.Unmarshal(b, (*[]field)(f))
	}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			*f = append(*f, field{Key: name, Value: strings.TrimSpace(value)})
		}
	}
	return nil
}

type response struct {
	Request *request `json:"originalRequest"`
	Status  int      `json:"code"`
	Header  fields   `json:"header"`
	Body    *string  `json:"body"`
	Took    any      `json:"responseTime"` // milliseconds
}

// errUnset stands for a variable without a value.
var errUnset = errors.New("a variable has no value")

var reference = regexp.MustCompile(`\{\{([^{}]*)\}\}`)

// maxText bounds what a text grows by when variables are filled in, in bytes.
const maxText = 4 << 20

// fill puts in the values of variables; a value may name others.
func (s scope) fill(text string) (string, error) {
	const rounds = 8
	grown := 0
	for range rounds {
		if !strings.Contains(text, "{{") {
			break
		}
		next := reference.ReplaceAllStringFunc(text, func(ref string) string {
			value, ok := s.values[strings.TrimSpace(ref[2:len(ref)-2])]
			if grown += len(value); ok && grown <= maxText {
				return value
			}
			return ref
		})
		if next == text || grown > maxText {
			break
		}
		text = next
	}
	if reference.MatchString(text) {
		return text, errUnset
	}
	return text, nil
}

func (e *example) record() (*traffic.Record, error) {
	r := &traffic.Record{Direction: traffic.Inbound, Protocol: traffic.HTTP, Session: e.scope.session}
	var err error
	if r.Request, err = e.request.request(e.scope); err != nil {
		return nil, err
	}
	if e.response == nil || e.response.Status == 0 {
		return r, nil
	}
	if e.response.Status < 100 || e.response.Status > 999 {
		return nil, fmt.Errorf("the code is %d: expected a number from 100 to 999", e.response.Status)
	}
	if ms, ok := e.response.Took.(float64); ok && ms > 0 && ms < 1e12 {
		r.Duration = time.Duration(ms * float64(time.Millisecond))
	}
	r.Response = &traffic.Response{Status: e.response.Status, Header: http.Header{}}
	for _, f := range e.response.Header {
		r.Response.Header.Add(f.Key, plain(f.Value))
	}
	if e.response.Body != nil && *e.response.Body != "" {
		r.Response.Body = []byte(*e.response.Body)
	}
	return r, nil
}

func (r *request) request(s scope) (*traffic.Request, error) {
	out := &traffic.Request{Method: r.Method, Header: http.Header{}}
	if out.Method == "" {
		out.Method = http.MethodGet
	}
	var err error
	if out.Host, out.URL, err = r.URL.split(s); err != nil {
		return nil, err
	}
	for _, f := range r.Header {
		if f.Disabled {
			continue
		}
		value, err := s.fill(plain(f.Value))
		if err != nil {
			return nil, err
		}
		name := textproto.CanonicalMIMEHeaderKey(f.Key)
		out.Header[name] = append(out.Header[name], value)
	}
	if named := out.Header.Get("Host"); named != "" {
		out.Host = named
	}
	out.Header.Del("Host")
	if r.Auth != nil {
		s.auth = r.Auth
	}
	if err := s.auth.apply(out, s); err != nil {
		return nil, err
	}
	return out, r.Body.apply(out, s)
}

// split fills in an address and splits it. One that begins with a variable without a value has no host.
func (t *target) split(s scope) (host, path string, err error) {
	raw := t.raw
	if base := reference.FindString(raw); base != "" && strings.HasPrefix(raw, base) {
		if _, err := s.fill(base); err != nil {
			raw = strings.TrimPrefix(raw, base)
			raw, _, _ = strings.Cut("/"+strings.TrimLeft(raw, "/"), "#")
			path, err = s.fill(raw)
			return "", t.fillPath(path, s), err
		}
	}
	if raw, err = s.fill(raw); err != nil {
		return "", "", err
	}
	if !strings.Contains(raw, "://") && raw != "" {
		raw = "http://" + raw // Postman's default
	}
	host, path, err = http1.SplitURL(raw)
	return host, t.fillPath(path, s), err
}

// fillPath puts in the variables of the path, :id.
func (t *target) fillPath(path string, s scope) string {
	path, query, ok := strings.Cut(path, "?")
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		for _, v := range t.variables {
			if value, err := s.fill(plain(v.Value)); segment == ":"+v.Key && err == nil && value != "" {
				segments[i] = url.PathEscape(value)
			}
		}
	}
	path = strings.Join(segments, "/")
	if ok {
		path += "?" + query
	}
	return path
}

// auth says how requests prove who sends them: a type, and its settings as a list (2.1) or object (2.0).
type auth struct {
	Type   string   `json:"type"`
	Bearer settings `json:"bearer"`
	Basic  settings `json:"basic"`
	Key    settings `json:"apikey"`
}

type settings map[string]string

// UnmarshalJSON implements [json.Unmarshaler].
func (s *settings) UnmarshalJSON(b []byte) error {
	*s = settings{}
	var list []field
	if err := json.Unmarshal(b, &list); err == nil {
		for _, f := range list {
			(*s)[f.Key] = plain(f.Value)
		}
		return nil
	}
	var object map[string]any
	err := json.Unmarshal(b, &object)
	for key, value := range object {
		(*s)[key] = plain(value)
	}
	return err
}

// apply sets what the authorization adds to a request that does not have it. Kinds that need an exchange
// with others first (OAuth and the like) add nothing.
func (a *auth) apply(out *traffic.Request, s scope) error {
	if a == nil || out.Header.Get("Authorization") != "" {
		return nil
	}
	switch a.Type {
	case "bearer":
		token, err := s.fill(a.Bearer["token"])
		out.Header.Set("Authorization", "Bearer "+token)
		return err
	case "basic":
		pair, err := s.fill(a.Basic["username"] + ":" + a.Basic["password"])
		out.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(pair)))
		return err
	case "apikey":
		key, err := s.fill(a.Key["key"])
		value, bad := s.fill(a.Key["value"])
		if a.Key["in"] != "query" {
			out.Header.Set(key, value)
			return errors.Join(err, bad)
		}
		mark := "?"
		if strings.Contains(out.URL, "?") {
			mark = "&"
		}
		out.URL += mark + url.QueryEscape(key) + "=" + url.QueryEscape(value)
		return errors.Join(err, bad)
	}
	return nil
}
