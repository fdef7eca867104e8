package silentgreen_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// exchange is a request, the calls that it causes and the answer it gets: as recorded, or as the
// service behaves now.
type exchange struct {
	method, url, body string
	header            http.Header
	status            int
	answer            string
	answerHeader      http.Header
	calls             []exchange
	// relays makes the answer that of the last call.
	relays bool
	// acts answers in a way of its own.
	acts http.HandlerFunc
	// silent means that the recording holds no answer.
	silent bool
}

func get(url string) exchange { return request(http.MethodGet, url, "") }

func post(url, body string) exchange { return request(http.MethodPost, url, body) }

func request(method, url, body string) exchange {
	x := exchange{method: method, url: url, body: body, status: http.StatusOK}
	x.header, x.answerHeader = http.Header{}, http.Header{"Date": {"Mon, 02 Nov 2026 10:00:00 GMT"}}
	if body != "" {
		x.header.Set("Content-Type", "application/json")
	}
	return x
}

// json is answered with the body.
func (x exchange) json(body string) exchange { return x.typed("application/json", body) }

func (x exchange) typed(media, body string) exchange {
	x.answer = body
	return x.with("Content-Type", media)
}

// code is answered with the status.
func (x exchange) code(status int) exchange {
	x.status = status
	return x
}

// with adds a header to the answer.
func (x exchange) with(name, value string) exchange {
	x.answerHeader = x.answerHeader.Clone()
	x.answerHeader.Set(name, value)
	return x
}

// sending adds a header to the request.
func (x exchange) sending(name, value string) exchange {
	x.header = x.header.Clone()
	x.header.Set(name, value)
	return x
}

// calling makes the request cause calls to the dependency.
func (x exchange) calling(calls ...exchange) exchange {
	x.calls = calls
	return x
}

func (x exchange) relaying(calls ...exchange) exchange {
	x.calls, x.relays = calls, true
	return x
}

func (x exchange) acting(handler http.HandlerFunc) exchange {
	x.acts = handler
	return x
}

func (x exchange) unanswered() exchange {
	x.silent = true
	return x
}

// capture is the JSONL capture of what was recorded; host is the dependency's.
func capture(t *testing.T, recorded []exchange, host string) string {
	t.Helper()
	var out bytes.Buffer
	w := jsonl.NewWriter(&out)
	at := time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)
	for i, x := range recorded {
		id := fmt.Sprintf("r%d", i+1)
		at = at.Add(10 * time.Millisecond)
		records := []*traffic.Record{x.record(id, at)}
		for j, call := range x.calls {
			r := call.record(fmt.Sprintf("%s.%d", id, j+1), at.Add(time.Duration(j+1)*time.Millisecond))
			r.Direction, r.Service, r.Parent, r.Request.Host = traffic.Outbound, "dep", id, host
			records = append(records, r)
		}
		for _, r := range records {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func (x exchange) record(id string, at time.Time) *traffic.Record {
	r := &traffic.Record{
		ID: id, Time: at, Direction: traffic.Inbound, Service: "svc", Session: "one",
		Protocol: traffic.HTTP, Duration: 5 * time.Millisecond,
		Request:  &traffic.Request{Method: x.method, URL: x.url, Host: "svc.internal", Header: x.header},
		Response: &traffic.Response{Status: x.status, Header: x.answerHeader, Body: []byte(x.answer)},
	}
	if x.body != "" {
		r.Request.Body = []byte(x.body)
	}
	if x.silent {
		r.Response = nil
	}
	return r
}
