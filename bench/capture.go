package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// writeCapture writes n recorded requests, each answered with the same bytes, or with none.
func writeCapture(path string, n int, answer []byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := jsonl.NewWriter(f)
	for i := range n {
		r := recorded(i)
		if answer != nil {
			r.Response = &traffic.Response{
				Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: answer,
			}
		}
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Flush()
}

// recorded makes the ith recorded request, of 64 sessions: two thirds GET, one third POST with 300
// bytes of JSON.
func recorded(i int) *traffic.Record {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	r := &traffic.Record{
		ID: fmt.Sprintf("r%07d", i), Time: start.Add(time.Duration(i) * time.Microsecond),
		Direction: traffic.Inbound, Service: "bench", Session: fmt.Sprintf("s%02d", i%64), Protocol: traffic.HTTP,
		Request: &traffic.Request{
			Method: http.MethodGet, URL: fmt.Sprintf("/orders/%d?limit=20", i%1000),
			Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"bench/1"}},
		},
	}
	if i%3 == 0 {
		r.Request.Method, r.Request.URL, r.Request.Body = http.MethodPost, "/orders", order(i)
		r.Request.Header["Content-Type"] = []string{"application/json"}
	}
	return r
}

// order is a request body of 300 bytes.
func order(i int) []byte {
	head := fmt.Sprintf(`{"customer":"c-%06d","lines":[{"article":"a%04d","count":%d}],"comment":"`, i, i%977, i%7+2)
	return []byte(head + strings.Repeat("y", 298-len(head)) + `"}`)
}
