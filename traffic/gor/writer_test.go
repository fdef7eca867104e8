package gor

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
	exchange := func(id string, at time.Time, request *traffic.Request, response *traffic.Response) *traffic.Record {
		r := &traffic.Record{
			ID: id, Time: at, Direction: traffic.Inbound, Protocol: traffic.HTTP, Request: request, Response: response,
		}
		if response != nil {
			r.Duration = 12500 * time.Microsecond
		}
		return r
	}
	records := []*traffic.Record{
		exchange(strings.Repeat("0a", 12), at, &traffic.Request{
			Method: "POST", URL: "/a b?c", Host: "h:81", Body: []byte("\x00\n\xff"),
			Header: http.Header{"Content-Length": {"3"}, "X": {"1", "2"}},
		}, &traffic.Response{Status: 201, Header: http.Header{"Content-Length": {"2"}}, Body: []byte("hi")}),
		exchange(strings.Repeat("0b", 12), at.Add(time.Second),
			&traffic.Request{Method: "HEAD", URL: "/", Header: http.Header{}},
			&traffic.Response{Status: 200, Header: http.Header{"Content-Length": {"99"}}}),
		exchange(strings.Repeat("0c", 20), at.Add(2*time.Second),
			&traffic.Request{Method: "GET", URL: "/", Host: "h", Header: http.Header{}}, nil),
		exchange(strings.Repeat("0d", 20), at.Add(3*time.Second),
			&traffic.Request{Method: "GET", URL: "/", Host: "h", Header: http.Header{}},
			&traffic.Response{Status: 200, Header: http.Header{
				"Content-Length": {"0"}, traffic.TruncatedHeader: {"17"},
			}}),
	}
	var file bytes.Buffer
	w := NewWriter(&file)
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
	var got []*traffic.Record
	for r := NewReader("x", &file); ; {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, record)
	}
	// One without a response comes at the end of the file.
	want := []*traffic.Record{records[0], records[1], records[3], records[2]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWritten(t *testing.T) {
	var file bytes.Buffer
	w := NewWriter(&file)
	err := w.Write(&traffic.Record{
		ID: "any", Time: time.Unix(1, 0), Request: &traffic.Request{
			Method: "PUT", URL: "/a\r\nX: y", Body: []byte("{}"),
			Header: http.Header{"Content-Encoding": {"gzip"}, "Transfer-Encoding": {"chunked"}, "A": {"b\nC: d"}},
		},
	})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	want := record("1 "+identity("any")+" 1000000000 0",
		"PUT /a  X: y HTTP/1.1\r\nA: b C: d\r\nContent-Length: 2\r\n\r\n{}")
	if diff := cmp.Diff(want, file.String()); diff != "" || len(identity("any")) != 40 {
		t.Error(diff)
	}
}

func TestSeparatorWithin(t *testing.T) {
	err := NewWriter(io.Discard).Write(&traffic.Record{
		ID: "a", Request: &traffic.Request{Method: "PUT", URL: "/", Body: []byte(separator)},
	})
	if err == nil || !strings.Contains(err.Error(), `record "a" holds the line that separates`) {
		t.Errorf("got %v", err)
	}
}
