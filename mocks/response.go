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

	file []byte // what BodyFileName holds
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

// Payload is the body as it is sent.
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

// laterResponse are the fields of WireMock's response definition that are still to come.
func laterResponse() []string {
	return []string{
		"fault", "proxyBaseUrl", "proxyUrlPrefixToRemove", "additionalProxyRequestHeaders",
		"removeProxyRequestHeaders", "transformers", "transformerParameters", "fromConfiguredStub",
	}
}

func (d *decoder) response(path string, raw json.RawMessage, r *Response) {
	var bodies []string
	body := func(t take) take {
		return func(path string, raw json.RawMessage) {
			bodies = append(bodies, path)
			t(path, raw)
		}
	}
	d.object(path, raw, map[string]take{
		"status":        into(d, &r.Status, "a status code"),
		"statusMessage": into(d, &r.StatusMessage, "a string"),
		"headers":       into(d, &r.Headers, "an object of strings or lists of strings"),
		"body":          body(into(d, &r.Body, "a string")),
		"jsonBody":      body(into(d, &r.JSONBody, "JSON")),
		"base64Body":    body(into(d, &r.Base64Body, "base64 text")),
		"bodyFileName": body(func(path string, raw json.RawMessage) {
			into(d, &r.BodyFileName, "a file name")(path, raw)
			r.file = d.file(path, r.BodyFileName)
		}),
		"fixedDelayMilliseconds": into(d, &r.FixedDelay, "a whole number of milliseconds"),
		"delayDistribution": func(path string, raw json.RawMessage) {
			r.DelayDistribution = d.delay(path, raw)
		},
		"chunkedDribbleDelay": func(path string, raw json.RawMessage) {
			r.Dribble = d.dribble(path, raw)
		},
	}, laterResponse())
	if len(bodies) > 1 {
		d.problem(path, "%s and %s stand together; give one body", bodies[0], bodies[1])
	}
	if r.Status != 0 && (r.Status < 200 || r.Status > 999) {
		d.problem(path+".status", "expected 200 to 999, got %d", r.Status)
	}
	if r.FixedDelay < 0 || r.FixedDelay > maxDelay {
		d.problem(path+".fixedDelayMilliseconds", "expected 0 to one day, got %d", r.FixedDelay)
	}
}
