package har

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// entry is one element of log.entries, as far as it is read (HAR 1.2 and the extensions of browsers).
type entry struct {
	Started  string    `json:"startedDateTime"`
	Time     float64   `json:"time"`
	Timings  timings   `json:"timings"`
	Request  *request  `json:"request"`
	Response *response `json:"response"`
	// ResourceType is Chrome's; "websocket" is no HTTP exchange.
	ResourceType string `json:"_resourceType"`
	// Own is what [Writer] adds.
	Own own `json:"_headgate"`
}

// own is what a record has beyond the format.
type own struct {
	ID        string            `json:"id,omitempty"`
	Direction traffic.Direction `json:"direction,omitempty"`
	Service   string            `json:"service,omitempty"`
	Session   string            `json:"session,omitempty"`
	Parent    string            `json:"parent,omitempty"`
	// Connection is beside the format's field of that name, which browsers fill with a port.
	Connection string `json:"connection,omitempty"`
}

// take gives a record what it had when it was written.
func (o own) take(r *traffic.Record) {
	if o.ID != "" {
		r.ID = o.ID
	}
	if o.Direction == traffic.Outbound {
		r.Direction = o.Direction
	}
	r.Service, r.Session, r.Parent, r.Connection = o.Service, o.Session, o.Parent, o.Connection
}

// timings are milliseconds; -1 stands for what does not apply.
type timings struct {
	Send    *float64 `json:"send"`
	Wait    *float64 `json:"wait"`
	Receive *float64 `json:"receive"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type request struct {
	Method   string    `json:"method"`
	URL      string    `json:"url"`
	Headers  []field   `json:"headers"`
	PostData *postData `json:"postData"`
}

type postData struct {
	MIMEType string  `json:"mimeType"`
	Text     string  `json:"text"`
	Encoding string  `json:"encoding"`
	Params   []param `json:"params"`
}

type param struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	FileName    string `json:"fileName"`
	ContentType string `json:"contentType"`
}

type response struct {
	Status  json.Number `json:"status"`
	Headers []field     `json:"headers"`
	Content content     `json:"content"`
}

type content struct {
	Size     float64 `json:"size"`
	Text     *string `json:"text"`
	Encoding string  `json:"encoding"`
	// File is where Playwright puts a body beside the HAR; SHA1 is what it wrote before.
	File string `json:"_file"`
	SHA1 string `json:"_sha1"`
}

// Kinds of what is left out.
const (
	notHTTP    = "requests that are not over HTTP"
	websockets = "WebSocket connections"
	blocked    = "requests without an answer that were blocked or failed (status 0)"
)

// leftOut names the kind of an entry that is no HTTP exchange.
func (e *entry) leftOut() string {
	scheme, _, _ := strings.Cut(e.Request.URL, ":")
	switch scheme = strings.ToLower(scheme); {
	case scheme == "ws" || scheme == "wss" || e.ResourceType == "websocket" || e.status() == 101:
		return websockets
	case scheme != "http" && scheme != "https":
		return notHTTP
	case e.Response != nil && e.status() == 0:
		return blocked
	}
	return ""
}

func (e *entry) status() int {
	if e.Response == nil {
		return 0
	}
	n, err := strconv.Atoi(e.Response.Status.String())
	if err != nil {
		return -1
	}
	return n
}

// duration is from the first byte of the request to the last byte of the response.
func (e *entry) duration() time.Duration {
	var sum float64
	for _, part := range []*float64{e.Timings.Send, e.Timings.Wait, e.Timings.Receive} {
		if part == nil {
			sum = e.Time
			break
		}
		sum += max(0, *part)
	}
	return time.Duration(max(0, sum) * float64(time.Millisecond))
}

// headers leaves out the pseudo headers of HTTP/2. Browsers join the values of repeated headers with
// line feeds.
func headers(list []field) http.Header {
	h := make(http.Header, len(list))
	values := make([]string, 0, len(list))
	for _, f := range list {
		if f.Name == "" || strings.HasPrefix(f.Name, ":") {
			continue
		}
		name := textproto.CanonicalMIMEHeaderKey(f.Name)
		if h[name] == nil && strings.IndexByte(f.Value, '\n') < 0 {
			values = append(values, strings.TrimSpace(f.Value))
			h[name] = values[len(values)-1 : len(values) : len(values)]
			continue
		}
		for value := range strings.SplitSeq(f.Value, "\n") {
			h[name] = append(h[name], strings.TrimSpace(value))
		}
	}
	return h
}

// record turns the entry into a record without an id and a time.
func (r *reader) record(e *entry) (*traffic.Record, error) {
	if e.Request == nil || e.Request.URL == "" || e.Request.Method == "" {
		return nil, errors.New("an entry needs a request with method and url")
	}
	host, target, err := http1.SplitURL(e.Request.URL)
	if err != nil {
		return nil, err
	}
	h := headers(e.Request.Headers)
	if named := h.Get("Host"); named != "" {
		host = named
	}
	h.Del("Host")
	body, err := e.Request.PostData.body(h)
	if err != nil {
		return nil, fmt.Errorf("postData: %w", err)
	}
	record := &traffic.Record{
		Direction: traffic.Inbound, Protocol: traffic.HTTP, Duration: e.duration(),
		Request: &traffic.Request{Method: e.Request.Method, URL: target, Host: host, Header: h, Body: body},
	}
	if e.Response == nil {
		return record, nil
	}
	record.Response, err = r.response(e)
	return record, err
}

func (r *reader) response(e *entry) (*traffic.Response, error) {
	status := e.status()
	if status < 100 || status > 999 {
		return nil, fmt.Errorf("the status is %s: expected a number from 100 to 999", e.Response.Status)
	}
	out := &traffic.Response{Status: status, Header: headers(e.Response.Headers)}
	body, there, err := r.content(&e.Response.Content, out.Header)
	if err != nil {
		return nil, fmt.Errorf("content: %w", err)
	}
	bodiless := e.Request.Method == http.MethodHead || status == http.StatusNoContent ||
		status == http.StatusNotModified
	if !there && !bodiless && e.Response.Content.Size > 0 { // the tool did not keep it
		out.Header.Set(traffic.TruncatedHeader, strconv.FormatFloat(e.Response.Content.Size, 'f', 0, 64))
	}
	out.Body = body
	return out, nil
}

// content is the body, and whether the file has it. A text is decoded already; bytes may still be as
// they were sent.
func (r *reader) content(c *content, h http.Header) (body []byte, there bool, err error) {
	switch name := c.attached(); {
	case c.Text != nil && c.Encoding == "base64":
		body, err = base64.StdEncoding.DecodeString(*c.Text)
	case c.Text != nil:
		return text(*c.Text), true, nil
	case name != "":
		if body, err = r.attachment(name); errors.Is(err, fs.ErrNotExist) {
			h.Set(traffic.TruncatedHeader, "0")
			return nil, false, nil
		}
	default:
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if plain, err := http1.Decode(h, body); err == nil {
		body = plain
	}
	return body, true, nil
}

func (c *content) attached() string {
	if c.File != "" {
		return c.File
	}
	return c.SHA1
}

func text(s string) []byte {
	if s == "" {
		return nil
	}
	return []byte(s)
}
