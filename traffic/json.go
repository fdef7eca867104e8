package traffic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// recordJSON is the published form of a [Record]. Pointers and omitempty keep what the source did not
// have out of the line.
type recordJSON struct {
	ID         string        `json:"id"`
	Time       string        `json:"time"`
	Direction  Direction     `json:"direction"`
	Service    string        `json:"service,omitempty"`
	Session    string        `json:"session,omitempty"`
	Parent     string        `json:"parent,omitempty"`
	Protocol   Protocol      `json:"protocol,omitempty"`
	DurationMS float64       `json:"duration_ms,omitempty"`
	Request    *requestJSON  `json:"request"`
	Response   *responseJSON `json:"response,omitempty"`
}

type requestJSON struct {
	Method  string              `json:"method"`
	URL     string              `json:"url"`
	Host    string              `json:"host,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"`
	bodyJSON
}

type responseJSON struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers,omitempty"`
	bodyJSON
}

// bodyJSON holds a body as text where it is valid UTF-8, else in base64.
type bodyJSON struct {
	Text   *string `json:"body,omitempty"`
	Base64 []byte  `json:"body_base64,omitempty"`
}

// MarshalJSON writes the record in its published form, one line without a newline. An empty body is
// left out, a body that is not valid UTF-8 is written as body_base64. Bytes that are not UTF-8 are
// percent-encoded in the URL and taken as ISO 8859-1 in header values.
func (r *Record) MarshalJSON() ([]byte, error) {
	b, err := r.AppendJSON(nil)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendJSON appends what MarshalJSON writes to b.
func (r *Record) AppendJSON(b []byte) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.form()); err != nil {
		return b, fmt.Errorf("encoding record %q: %w", r.ID, err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}

// form is the record as it is written.
func (r *Record) form() *recordJSON {
	j := &recordJSON{
		ID: r.ID, Time: r.Time.Format(time.RFC3339Nano), Direction: r.Direction, Service: r.Service,
		Session: r.Session, Parent: r.Parent, Protocol: r.Protocol,
		DurationMS: float64(r.Duration) / float64(time.Millisecond),
	}
	if r.Request != nil {
		j.Request = &requestJSON{
			Method: r.Request.Method, URL: percentEncodeInvalid(r.Request.URL), Host: r.Request.Host,
			Headers: textHeader(r.Request.Header), bodyJSON: formBody(r.Request.Body),
		}
	}
	if r.Response != nil {
		j.Response = &responseJSON{
			Status: r.Response.Status, Headers: textHeader(r.Response.Header), bodyJSON: formBody(r.Response.Body),
		}
	}
	return j
}

func formBody(body []byte) bodyJSON {
	switch {
	case len(body) == 0:
		return bodyJSON{}
	case utf8.Valid(body):
		text := string(body)
		return bodyJSON{Text: &text}
	default:
		return bodyJSON{Base64: body}
	}
}

func percentEncodeInvalid(target string) string {
	if utf8.ValidString(target) {
		return target
	}
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c < utf8.RuneSelf {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// textHeader is h itself unless a value is not UTF-8.
func textHeader(h http.Header) http.Header {
	isText := func(values []string) bool {
		return !slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) })
	}
	copied := false
	for name, values := range h {
		if isText(values) {
			continue
		}
		if !copied {
			h, copied = h.Clone(), true
		}
		for i, v := range values {
			if !utf8.ValidString(v) {
				h[name][i] = latin1(v)
			}
		}
	}
	return h
}

func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
