package k6

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

func TestWrite(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	var script bytes.Buffer
	w := NewWriter(&script)
	for _, r := range []*traffic.Record{
		{
			Time: at,
			Request: &traffic.Request{
				Method: "POST", URL: "/orders/17?a=<", Host: "h", Body: []byte("`${x}`\u2028\"</script>"),
				Header: http.Header{"X": {"1", "2"}, "Content-Length": {"9"}},
			},
			Response: &traffic.Response{Status: 201},
		},
		{
			Time:    at.Add(1500 * time.Millisecond),
			Request: &traffic.Request{Method: "PUT", URL: "http://h?b", Body: []byte("\xff")},
		},
		{Time: at.Add(-time.Second), Request: &traffic.Request{Method: "GET", URL: ""}},
	} {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := head +
		`  {"at":0,"name":"POST /orders/{id}","method":"POST","path":"/orders/17?a=<","headers":{"Host":"h","X":"1, 2"},` +
		`"body":"` + "`${x}`" + `\u2028\"</script>","expect":201},` + "\n" +
		`  {"at":1.5,"name":"PUT /","method":"PUT","path":"/?b","headers":{},"body64":"/w=="},` + "\n" +
		`  {"at":0,"name":"GET /","method":"GET","path":"/","headers":{}},` + "\n" + tail
	if diff := cmp.Diff(want, script.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteError(t *testing.T) {
	w := NewWriter(broken{})
	r := &traffic.Record{Request: &traffic.Request{Method: "GET", URL: "/" + strings.Repeat("x", 10_000)}}
	if err := errors.Join(w.Write(r), w.Close()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
