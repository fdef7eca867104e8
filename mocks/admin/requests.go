package admin

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/traffic"
)

func (h *Handler) requestRoutes() map[string]action {
	return map[string]action{
		"GET /requests":                     h.listRequests,
		"DELETE /requests":                  h.clearRequests,
		"POST /requests/reset":              h.clearRequests,
		"POST /requests/count":              h.countRequests,
		"POST /requests/find":               h.findRequests,
		"POST /requests/remove":             h.removeRequests,
		"POST /requests/remove-by-metadata": h.removeRequestsByMetadata,
		"GET /requests/unmatched":           h.unmatchedRequests,
		"GET /requests/{id}":                h.oneRequest,
		"DELETE /requests/{id}":             h.deleteRequest,
	}
}

// values are the values of a header: one string, or a list where there are several.
type values map[string]mocks.Values

// loggedRequest is a request as WireMock writes it.
type loggedRequest struct {
	URL          string           `json:"url"`
	AbsoluteURL  string           `json:"absoluteUrl"`
	Method       string           `json:"method"`
	ClientIP     string           `json:"clientIp"`
	Headers      values           `json:"headers"`
	Cookies      values           `json:"cookies"`
	BrowserProxy bool             `json:"browserProxyRequest"`
	LoggedDate   int64            `json:"loggedDate"`
	BodyBase64   string           `json:"bodyAsBase64"`
	Body         string           `json:"body"`
	Protocol     string           `json:"protocol"`
	Scheme       string           `json:"scheme"`
	Host         string           `json:"host"`
	Port         int              `json:"port"`
	LoggedText   string           `json:"loggedDateString"`
	QueryParams  map[string]param `json:"queryParams"`
	FormParams   map[string]param `json:"formParams"`
}

type param struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

func logged(e *embedded.Event) loggedRequest {
	view := mocks.NewRequest(e.Request)
	host, port, err := net.SplitHostPort(e.Request.Host)
	if err != nil {
		host, port = e.Request.Host, "80"
	}
	number, _ := strconv.Atoi(port) // 0 where the client sent nonsense
	client, _, _ := net.SplitHostPort(e.Client)
	out := loggedRequest{
		URL: view.Target(), AbsoluteURL: "http://" + e.Request.Host + view.Target(), Method: e.Request.Method,
		ClientIP: client, Headers: values{}, Cookies: values{}, LoggedDate: e.Time.UnixMilli(),
		BodyBase64: base64.StdEncoding.EncodeToString(e.Request.Body), Body: string(e.Request.Body),
		Protocol: e.Proto, Scheme: "http", Host: host, Port: number,
		LoggedText:  e.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		QueryParams: named(view.Query()), FormParams: map[string]param{},
	}
	for name, list := range e.Request.Header {
		out.Headers[name] = list
	}
	out.Headers["Host"] = mocks.Values{e.Request.Host}
	for name, list := range view.Cookies() {
		out.Cookies[name] = list
	}
	if strings.HasPrefix(e.Request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(string(e.Request.Body)); err == nil {
			out.FormParams = named(form)
		}
	}
	return out
}

func named(m map[string][]string) map[string]param {
	out := make(map[string]param, len(m))
	for name, list := range m {
		out[name] = param{name, list}
	}
	return out
}

// serveEvent is a request with what became of it, as WireMock writes it.
type serveEvent struct {
	ID         string          `json:"id"`
	Request    loggedRequest   `json:"request"`
	Definition json.RawMessage `json:"responseDefinition"`
	Response   servedResponse  `json:"response"`
	WasMatched bool            `json:"wasMatched"`
	Timing     timing          `json:"timing"`
	Stub       *mapping        `json:"stubMapping,omitempty"`
	SubEvents  []any           `json:"subEvents"`
}

type servedResponse struct {
	Status     int    `json:"status"`
	Headers    values `json:"headers"`
	BodyBase64 string `json:"bodyAsBase64"`
	Body       string `json:"body"`
}

// timing is in milliseconds.
type timing struct {
	AddedDelay  int64 `json:"addedDelay"`
	ProcessTime int64 `json:"processTime"`
	SendTime    int64 `json:"responseSendTime"`
	ServeTime   int64 `json:"serveTime"`
	TotalTime   int64 `json:"totalTime"`
}

func served(e *embedded.Event) (serveEvent, error) {
	took, delay := e.Took.Milliseconds(), e.Delay.Milliseconds()
	out := serveEvent{
		ID: e.ID, Request: logged(e), Definition: json.RawMessage(`{"status":404}`),
		WasMatched: e.Stub != nil || e.Proxied, SubEvents: []any{},
		Timing: timing{delay, took, 0, took, took + delay},
		Response: servedResponse{
			Status: e.Status, Headers: values{}, Body: string(e.Body),
			BodyBase64: base64.StdEncoding.EncodeToString(e.Body),
		},
	}
	for name, list := range e.Header {
		out.Response.Headers[name] = list
	}
	if e.Stub == nil {
		return out, nil
	}
	out.Stub = &mapping{e.Stub, e.Stub.ID}
	text, err := json.Marshal(e.Stub.Response)
	out.Definition = text
	return out, err
}

func servedAll(events []*embedded.Event) ([]serveEvent, error) {
	out := make([]serveEvent, len(events))
	for i, e := range events {
		var err error
		if out[i], err = served(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// matched tells whether something answered.
func matched(e *embedded.Event) bool { return e.Stub != nil || e.Proxied }

type requestPage struct {
	Requests []serveEvent `json:"requests"`
	Meta     total        `json:"meta"`
	Disabled bool         `json:"requestJournalDisabled"`
	// Forgotten is how many older requests are not in the list any more.
	Forgotten int64 `json:"forgotten,omitempty"`
}

// listRequests answers newest first.
func (h *Handler) listRequests(r *http.Request) (any, error) {
	q := r.URL.Query()
	events, forgotten := h.server.Events()
	if text := q.Get("since"); text != "" {
		since, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, invalid("since: expected a date such as 2026-11-20T12:00:00Z, got %q", text)
		}
		events = slices.DeleteFunc(events, func(e *embedded.Event) bool { return !e.Time.After(since) })
	}
	if q.Get("unmatched") == "true" {
		events = slices.DeleteFunc(events, matched)
	}
	if id := q.Get("matchingStub"); id != "" {
		events = slices.DeleteFunc(events, func(e *embedded.Event) bool { return e.Stub == nil || e.Stub.ID != id })
	}
	slices.Reverse(events)
	from, to, err := window(q, len(events))
	if err != nil {
		return nil, err
	}
	list, err := servedAll(events[from:to])
	return requestPage{Requests: list, Meta: total{len(events)}, Forgotten: forgotten}, err
}

func (h *Handler) clearRequests(*http.Request) (any, error) {
	h.server.ClearEvents()
	return nothing{}, nil
}

func (h *Handler) oneRequest(r *http.Request) (any, error) {
	id := r.PathValue("id")
	events, _ := h.server.Events()
	i := slices.IndexFunc(events, func(e *embedded.Event) bool { return e.ID == id })
	if i < 0 {
		return nil, notFound("no request has the id %s", id)
	}
	return served(events[i])
}

// deleteRequest answers an unknown ID like a known one, as WireMock does.
func (h *Handler) deleteRequest(r *http.Request) (any, error) {
	id := r.PathValue("id")
	h.server.RemoveEvents(func(e *embedded.Event) bool { return e.ID == id })
	return nothing{}, nil
}

// pattern reads a request pattern.
func (h *Handler) pattern(data []byte) (*mocks.RequestPattern, error) {
	if len(strings.TrimSpace(string(data))) == 0 {
		data = []byte("{}")
	}
	mapping := slices.Concat([]byte(`{"request": `), data, []byte(`, "response": {}}`))
	stubs, err := h.options.Stubs.Parse("body", mapping)
	if err != nil {
		return nil, badJSON(err)
	}
	return stubs[0].Request, nil
}

// matching are the remembered requests that the pattern in the body matches, oldest first.
func (h *Handler) filter(r *http.Request) (func(*embedded.Event) bool, error) {
	data, err := readAll(r)
	if err != nil {
		return nil, err
	}
	p, err := h.pattern(data)
	if err != nil {
		return nil, err
	}
	return func(e *embedded.Event) bool { return p.Matches(e.View()) }, nil
}

func (h *Handler) matching(r *http.Request) ([]*embedded.Event, int64, error) {
	matches, err := h.filter(r)
	if err != nil {
		return nil, 0, err
	}
	events, forgotten := h.server.Events()
	return slices.DeleteFunc(events, func(e *embedded.Event) bool { return !matches(e) }), forgotten, nil
}

func (h *Handler) countRequests(r *http.Request) (any, error) {
	events, forgotten, err := h.matching(r)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"count": len(events), "requestJournalDisabled": false}
	if forgotten > 0 {
		out["forgotten"] = forgotten
	}
	return out, nil
}

func loggedAll(events []*embedded.Event) any {
	out := make([]loggedRequest, len(events))
	for i, e := range events {
		out[i] = logged(e)
	}
	return map[string]any{"requests": out, "requestJournalDisabled": false}
}

func (h *Handler) findRequests(r *http.Request) (any, error) {
	events, _, err := h.matching(r)
	if err != nil {
		return nil, err
	}
	return loggedAll(events), nil
}

func (h *Handler) unmatchedRequests(*http.Request) (any, error) {
	events, _ := h.server.Events()
	return loggedAll(slices.DeleteFunc(events, matched)), nil
}

func (h *Handler) removed(drop func(*embedded.Event) bool) (any, error) {
	list, err := servedAll(h.server.RemoveEvents(drop))
	return map[string]any{"serveEvents": list}, err
}

func (h *Handler) removeRequests(r *http.Request) (any, error) {
	matches, err := h.filter(r)
	if err != nil {
		return nil, err
	}
	return h.removed(matches)
}

func (h *Handler) removeRequestsByMetadata(r *http.Request) (any, error) {
	matches, err := h.metadataFilter(r)
	if err != nil {
		return nil, err
	}
	return h.removed(func(e *embedded.Event) bool { return matches(e.Stub) })
}

// given is a request that a client describes.
type given struct {
	URL         string                  `json:"url"`
	AbsoluteURL string                  `json:"absoluteUrl"`
	Method      string                  `json:"method"`
	Headers     map[string]mocks.Values `json:"headers"`
	Body        string                  `json:"body"`
	BodyBase64  []byte                  `json:"bodyAsBase64"`
}

func (g given) request() *traffic.Request {
	r := &traffic.Request{
		Method: cmp.Or(g.Method, http.MethodGet), URL: cmp.Or(g.URL, g.AbsoluteURL), Header: http.Header{},
		Body: []byte(g.Body),
	}
	if g.Body == "" {
		r.Body = g.BodyBase64
	}
	for name, list := range g.Headers {
		r.Header[http.CanonicalHeaderKey(name)] = list
	}
	r.Host = r.Header.Get("Host")
	return r
}
