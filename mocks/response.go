package mocks

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Response is what a stub answers. At most one of the body fields is set.
type Response struct {
	Status        int               `json:"status,omitempty"` // 0 means 200
	StatusMessage string            `json:"statusMessage,omitempty"`
	Headers       map[string]Values `json:"headers,omitempty"`
	Body          string            `json:"body,omitempty"`
	JSONBody      json.RawMessage   `json:"jsonBody,omitempty"`
	Base64Body    []byte            `json:"base64Body,omitempty"`
	BodyFileName  string            `json:"bodyFileName,omitempty"`

	FixedDelay        int64    `json:"fixedDelayMilliseconds,omitempty"` // milliseconds
	DelayDistribution *Delay   `json:"delayDistribution,omitempty"`
	Dribble           *Dribble `json:"chunkedDribbleDelay,omitempty"`

	// Fault breaks the answer on purpose; empty for none.
	Fault Fault `json:"fault,omitempty"`
	Proxy
	// Transformers holds "response-template" where the answer is a template; see [Response.Templated].
	Transformers          []string       `json:"transformers,omitempty"`
	TransformerParameters map[string]any `json:"transformerParameters,omitempty"`

	files     fileReader // where BodyFileName is read
	file      []byte     // what it held when the stub was loaded
	templates templates
}

// Values are the values of a response header: one string or a list in JSON.
type Values []string

// UnmarshalJSON takes a string or a list of strings.
func (v *Values) UnmarshalJSON(raw []byte) error {
	var one string
	if err := json.Unmarshal(raw, &one); err == nil {
		*v = Values{one}
		return nil
	}
	var list []string
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("reading a header: %w", err)
	}
	*v = list
	return nil
}

// MarshalJSON writes a single value as a string.
func (v Values) MarshalJSON() ([]byte, error) {
	if len(v) == 1 {
		return marshal(v[0]), nil
	}
	return marshal([]string(v)), nil
}

// Code is the status with the default filled in.
func (r *Response) Code() int {
	if r.Status == 0 {
		return 200
	}
	return r.Status
}

// Payload is the body as it is sent, templates as they stand.
func (r *Response) Payload() []byte {
	switch {
	case r.Body != "":
		return []byte(r.Body)
	case len(r.JSONBody) > 0:
		var b bytes.Buffer
		if err := json.Compact(&b, r.JSONBody); err != nil {
			return r.JSONBody
		}
		return b.Bytes()
	case len(r.Base64Body) > 0:
		return r.Base64Body
	}
	return r.file
}

func (d *decoder) response(path string, raw json.RawMessage, r *Response) {
	var bodies []string
	body := func(t take) take {
		return func(path string, raw json.RawMessage) {
			bodies = append(bodies, path)
			t(path, raw)
		}
	}
	known := map[string]take{
		"status":        into(d, &r.Status, "a status code"),
		"statusMessage": into(d, &r.StatusMessage, "a string"),
		"headers":       into(d, &r.Headers, "an object of strings or lists of strings"),
		"body":          body(into(d, &r.Body, "a string")),
		"jsonBody":      body(into(d, &r.JSONBody, "JSON")),
		"base64Body":    body(into(d, &r.Base64Body, "base64 text")),
		"bodyFileName":  body(into(d, &r.BodyFileName, "a file name")),

		"fixedDelayMilliseconds": into(d, &r.FixedDelay, "a whole number of milliseconds"),
		"delayDistribution": func(path string, raw json.RawMessage) {
			r.DelayDistribution = d.delay(path, raw)
		},
		"chunkedDribbleDelay": func(path string, raw json.RawMessage) {
			r.Dribble = d.dribble(path, raw)
		},
		"fault":                 func(path string, raw json.RawMessage) { r.Fault = d.fault(path, raw) },
		"transformers":          into(d, &r.Transformers, "a list of names"),
		"transformerParameters": into(d, &r.TransformerParameters, "an object"),
	}
	d.proxyFields(known, &r.Proxy)
	d.object(path, raw, known, []string{"fromConfiguredStub"})
	if len(bodies) > 1 {
		d.problem(path, "%s and %s stand together; give one body", bodies[0], bodies[1])
	}
	d.checkResponse(path, r)
}

func (d *decoder) checkResponse(path string, r *Response) {
	if r.Status != 0 && (r.Status < 200 || r.Status > 999) {
		d.problem(path+".status", "expected 200 to 999, got %d", r.Status)
	}
	if r.FixedDelay < 0 || r.FixedDelay > maxDelay {
		d.problem(path+".fixedDelayMilliseconds", "expected 0 to one day, got %d", r.FixedDelay)
	}
	d.transformers(path+".transformers", r)
	d.templates(path, r)
	if r.BodyFileName != "" {
		d.file(path+".bodyFileName", r)
	}
}
