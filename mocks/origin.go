package mocks

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
)

// Origin is the part of a request pattern about where a request goes and who sends it.
type Origin struct {
	Host     *Pattern `json:"host,omitempty"`
	Port     int      `json:"port,omitempty"`
	Scheme   string   `json:"scheme,omitempty"`
	ClientIP *Pattern `json:"clientIp,omitempty"`
	// BasicAuth wants the Authorization header of these credentials.
	BasicAuth *BasicAuth `json:"basicAuthCredentials,omitempty"`
	// Custom is a matcher in Java; it never matches. It is only read by [Options] that are Lenient.
	Custom json.RawMessage `json:"customMatcher,omitempty"`
}

// BasicAuth is a name and a password (RFC 7617).
type BasicAuth struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

func (a *BasicAuth) token() string {
	return base64.StdEncoding.EncodeToString([]byte(a.Username + ":" + a.Password))
}

func (a *BasicAuth) accepts(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	return strings.EqualFold(scheme, "Basic") && token == a.token()
}

// originParts judges each part that is given: where it is, whether it is met, and what is expected and
// there.
func (o *Origin) originParts(r *Request, each func(ok bool, d Difference) bool) bool {
	value := func(where string, p *Pattern, got string) bool {
		return p == nil || each(p.MatchValues([]string{got}), Difference{where, p.String(), got})
	}
	auth := func() bool {
		got := r.Header["Authorization"]
		return each(slices.ContainsFunc(got, o.BasicAuth.accepts),
			Difference{"header.Authorization", "Basic " + o.BasicAuth.token(), shown(got)})
	}
	switch {
	case !value("host", o.Host, r.hostname()) || !value("clientIp", o.ClientIP, r.ClientIP):
	case o.Port != 0 && !each(o.Port == r.port(), numbers("port", o.Port, r.port())):
	case o.Scheme != "" && !each(o.Scheme == r.scheme(), Difference{"scheme", o.Scheme, r.scheme()}):
	case o.BasicAuth != nil && !auth():
	case o.Custom != nil && !each(false, Difference{"customMatcher", string(o.Custom), "cannot be judged here"}):
	default:
		return true
	}
	return false
}

func (o *Origin) originMatches(r *Request) bool {
	if o.anyOrigin() {
		return true
	}
	return o.originParts(r, func(ok bool, _ Difference) bool { return ok })
}

func (o *Origin) anyOrigin() bool {
	return o.Host == nil && o.Port == 0 && o.Scheme == "" && o.ClientIP == nil && o.BasicAuth == nil && o.Custom == nil
}

func (d *decoder) originFields(known map[string]take, o *Origin) {
	pattern := func(dst **Pattern) take {
		return func(path string, raw json.RawMessage) { *dst = d.pattern(path, raw) }
	}
	auth := func(path string, raw json.RawMessage) {
		o.BasicAuth = &BasicAuth{}
		f := d.fields(path, raw)
		d.required(path, f, "username", into(d, &o.BasicAuth.Username, "a string"))
		d.required(path, f, "password", into(d, &o.BasicAuth.Password, "a string"))
	}
	known["host"] = pattern(&o.Host)
	known["port"] = func(path string, raw json.RawMessage) {
		into(d, &o.Port, "a port")(path, raw)
		if o.Port < 1 || o.Port > 65535 {
			d.problem(path, "expected 1 to 65535, got %s", raw)
		}
	}
	known["scheme"] = func(path string, raw json.RawMessage) {
		into(d, &o.Scheme, "http or https")(path, raw)
		if o.Scheme = strings.ToLower(o.Scheme); o.Scheme != "http" && o.Scheme != "https" {
			d.problem(path, "expected http or https, got %s", raw)
		}
	}
	known["clientIp"] = pattern(&o.ClientIP)
	known["basicAuthCredentials"] = auth
	known["basicAuth"] = auth
	known["customMatcher"] = func(path string, raw json.RawMessage) {
		if !d.options.Lenient {
			d.problem(path, "needs an extension in Java, which is not supported; write it with the other patterns")
		}
		o.Custom = raw
	}
}
