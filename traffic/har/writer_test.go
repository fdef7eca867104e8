package har

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// TestRoundTrip writes records and reads them back.
func TestRoundTrip(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 123456789, time.UTC)
	records := []*traffic.Record{
		{
			ID: "a", Time: at, Direction: traffic.Inbound, Service: "orders", Session: "s", Protocol: traffic.HTTP,
			Connection: "c-1",
			Duration:   12500 * time.Microsecond,
			Request: &traffic.Request{
				Method: "POST", URL: "/a%20b?c=d&c=e", Host: "h.test:8080", Body: []byte(`{"n": "<&\u2028"}`),
				Header: http.Header{"Content-Type": {"application/json"}, "X": {"1", "2, 3"}},
			},
			Response: &traffic.Response{
				Status: 201, Header: http.Header{"Content-Encoding": {"gzip"}}, Body: []byte("\xff\xfe"),
			},
		},
		{
			ID: "b", Time: at.Add(time.Second), Direction: traffic.Outbound, Service: "pay", Parent: "a", Protocol: traffic.HTTP,
			Request:  &traffic.Request{Method: "PUT", URL: "/", Host: "pay.test", Header: http.Header{}, Body: []byte("\xff")},
			Response: &traffic.Response{Status: 200, Header: http.Header{traffic.TruncatedHeader: {"17"}}},
		},
		{
			ID: "c", Time: at.Add(2 * time.Second), Direction: traffic.Inbound, Protocol: traffic.HTTP,
			Request: &traffic.Request{Method: "GET", URL: "/c", Host: "h", Header: http.Header{}},
		},
	}
	var file bytes.Buffer
	w := NewWriter(&file, "1.0")
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !Sniff(file.Bytes()) {
		t.Errorf("not sniffed: %.80s", file.String())
	}
	got, told := outcomes("x", file.String())
	if diff := cmp.Diff(records, got); diff != "" || len(told) > 0 {
		t.Errorf("told %q\n%s", told, diff)
	}
}

func TestAbsolute(t *testing.T) {
	cases := map[string]struct{ url, host, service, want string }{
		"host":     {"/a", "h", "s", "http://h/a"},
		"TLS":      {"/a", "h:443", "", "https://h:443/a"},
		"service":  {"/a", "", "s", "http://s/a"},
		"nothing":  {"a", "", "", "http://localhost/a"},
		"absolute": {"https://o/a", "h", "", "https://o/a"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := &traffic.Record{Service: c.service, Request: &traffic.Request{URL: c.url, Host: c.host}}
			if got := absolute(r); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestWriteError(t *testing.T) {
	w := NewWriter(broken{}, "1.0")
	r := &traffic.Record{Request: &traffic.Request{Method: "GET", URL: "/" + strings.Repeat("x", 10_000)}}
	if err := errors.Join(w.Write(r), w.Close()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
