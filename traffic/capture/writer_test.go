package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

func sample(id string) *traffic.Record {
	return &traffic.Record{
		ID: id, Time: time.Unix(0, 0).UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{Method: "GET", URL: "/"},
	}
}

func TestWriterWritesInOrder(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, 0)
	for i := range 100 {
		if !w.Put(sample(strconv.Itoa(i))) {
			t.Fatalf("record %d was dropped", i)
		}
	}
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.Written(); n != 100 {
		t.Errorf("%d were written, want 100", n)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 100 {
		t.Fatalf("%d lines, want 100", len(lines))
	}
	for i, line := range lines {
		var r traffic.Record
		if err := r.UnmarshalJSON([]byte(line)); err != nil || r.ID != strconv.Itoa(i) {
			t.Errorf("line %d is %s (%v)", i, line, err)
		}
	}
	if w.Put(sample("late")) {
		t.Error("a closed writer took a record")
	}
}

// gate lets writes through once it is opened.
type gate struct {
	entered, open chan struct{}
}

func (g gate) Write(b []byte) (int, error) {
	select {
	case g.entered <- struct{}{}:
	default:
	}
	<-g.open
	return len(b), nil
}

func TestWriterDropsWhenFull(t *testing.T) {
	g := gate{entered: make(chan struct{}, 1), open: make(chan struct{})}
	w := NewWriter(g, 2)
	if !w.Put(sample("first")) {
		t.Fatal("the first record was dropped")
	}
	<-g.entered
	got := []bool{w.Put(sample("a")), w.Put(sample("b")), w.Put(sample("c"))}
	if want := "[true true false]"; fmt.Sprint(got) != want {
		t.Errorf("taken %v, want %s", got, want)
	}
	close(g.open)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

func TestWriterDropsWhenTooMuchWaits(t *testing.T) {
	g := gate{entered: make(chan struct{}, 1), open: make(chan struct{})}
	w := NewWriter(g, 100)
	w.Put(sample("first"))
	<-g.entered
	w.mu.Lock()
	w.waiting = maxWaiting
	w.mu.Unlock()
	big := sample("big")
	big.Request.Body = []byte("x")
	if w.Put(big) {
		t.Error("a record was taken beyond the limit of bytes")
	}
	close(g.open)
	if err := w.Close(); err != nil {
		t.Error(err)
	}
}

type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterTellsThatWritingFailed(t *testing.T) {
	w := NewWriter(full{}, 10)
	w.Put(sample("lost"))
	if err := w.Close(); !errors.Is(err, errFull) || !strings.Contains(err.Error(), "writing the capture") {
		t.Errorf("error is %v", err)
	}
	if w.Lost() != 1 || w.Written() != 0 {
		t.Errorf("%d are lost, %d written", w.Lost(), w.Written())
	}
}

func TestSizeOfRecords(t *testing.T) {
	value := strings.Repeat("v", 1000)
	cases := map[string]*traffic.Record{
		"headers": {Request: &traffic.Request{Header: http.Header{"A": {value}}}},
		"target":  {Request: &traffic.Request{URL: value}},
		"body":    {Request: &traffic.Request{}, Response: &traffic.Response{Body: []byte(value)}},
		"query":   {Request: &traffic.Request{Query: &traffic.Query{SQL: value}}},
		"params":  {Request: &traffic.Request{Query: &traffic.Query{Params: []traffic.Param{{}, {Value: &value}}}}},
		"rows": {
			Request:  &traffic.Request{},
			Response: &traffic.Response{Result: &traffic.Result{Rows: [][]*string{{nil, &value}}}},
		},
	}
	for name, r := range cases {
		t.Run(name, func(t *testing.T) {
			if size := sizeOf(r); size < 1000 || size > 1100 {
				t.Errorf("it takes %d bytes", size)
			}
		})
	}
}

func TestProxyCountsDrops(t *testing.T) {
	b := newBench(t, echo, nil)
	w := NewWriter(full{}, 10)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	front := newProxyServer(t, b, func(o *Options) { o.Sink = w })
	b.do(t, newRequest(t, "GET", front.URL+"/", nil))
	b.client.CloseIdleConnections()
	front.Close()
	if h := b.tracker.Health(); h.Dropped != 1 || h.Inbound != 0 {
		t.Errorf("health %+v", h)
	}
}
