package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/capture"
)

// serveProxy stands in front of a target: "relay" with net/http's reverse proxy as it is, "record" with one
// that records into a file.
func serveProxy(role, target string) error {
	to, err := url.Parse(target)
	if err != nil {
		return err
	}
	handler := relay(to)
	if role == "record" {
		file, err := os.CreateTemp("", "bench-*.jsonl")
		if err != nil {
			return err
		}
		os.Remove(file.Name()) // the file is there for as long as it is open
		handler, err = capture.NewProxy(capture.Options{
			Tap: capture.Tap{
				Name: "orders", Direction: traffic.Inbound, Sink: capture.NewWriter(file, 0), Tracker: capture.NewTracker(),
			},
			Target: to,
		})
		if err != nil {
			return err
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	server := &http.Server{Handler: handler, ConnContext: capture.NewConnections().Name}
	return server.Serve(l)
}

// relay has the settings of the recording proxy and records nothing.
func relay(to *url.URL) http.Handler {
	transport := &http.Transport{
		DisableCompression: true, MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second,
	}
	return &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, BufferPool: &bufferPool{}, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host
		},
	}
}

// bufferPool keeps the buffers that bodies pass through.
type bufferPool struct{ pool sync.Pool }

// Get is a buffer.
func (b *bufferPool) Get() []byte {
	if buf, ok := b.pool.Get().(*[32 << 10]byte); ok {
		return buf[:]
	}
	return make([]byte, 32<<10)
}

// Put takes it back.
func (b *bufferPool) Put(buf []byte) { b.pool.Put((*[32 << 10]byte)(buf)) }

// recording lets both proxies stand in front of the same target in turn, on a core of their own.
func recording(ctx context.Context, rounds int) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	address, stop, err := startCommand(pinned(ctx, 0, exe, "-role", "target"))
	if err != nil {
		return err
	}
	defer stop()
	rates, works, waits := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	for range rounds {
		for _, role := range []string{"relay", "record"} {
			cmd := pinned(ctx, 1, exe, "-role", role, "-target", "http://"+address)
			got, wait, err := throughProxy(ctx, cmd)
			if err != nil {
				return err
			}
			rates[role] = append(rates[role], got.rate)
			works[role] = append(works[role], got.work)
			waits[role] = append(waits[role], wait)
		}
	}
	t := newTable("recording proxy", "reverse proxy", "recording", "ratio or added", "target")
	row := func(name, format, target string, list map[string][]float64, compared float64) {
		t.row(name, format+"\t"+format+"\t%.2f\t%s", median(list["relay"]), median(list["record"]), compared, target)
	}
	row("requests/s, 64 connections", "%.0f", ">= 0.90", rates, median(rates["record"])/median(rates["relay"]))
	row("CPU us each", "%.1f", "<= 1.10", works, median(works["record"])/median(works["relay"]))
	row("p50 of one connection, ms", "%.3f", "< 0.20", waits, median(waits["record"])-median(waits["relay"]))
	return t.Flush()
}

// throughProxy is how many requests a proxy passes on in how much time, and the median time of one, in
// milliseconds, where there is only one at a time.
func throughProxy(ctx context.Context, cmd *exec.Cmd) (got figures, wait float64, err error) {
	address, stop, err := startCommand(cmd)
	if err != nil {
		return got, 0, err
	}
	defer stop()
	const single = 3000
	if wait, err = oneByOne(ctx, address, single); err != nil {
		return got, 0, err
	}
	before, began := usedBy(cmd.Process.Pid), time.Now()
	sent, err := flood(ctx, address, 64, 4*time.Second)
	if err != nil {
		return got, 0, err
	}
	got.rate = float64(sent) / time.Since(began).Seconds()
	got.work = float64((usedBy(cmd.Process.Pid) - before).Microseconds()) / float64(sent)
	return got, wait, nil
}

// message is the nth request of a mix: two thirds GET, one third POST with 300 bytes of JSON.
func message(n int) []byte {
	if n%3 != 0 {
		return fmt.Appendf(nil, "GET /orders/%d?limit=20 HTTP/1.1\r\nHost: orders.example\r\n"+
			"Accept: application/json\r\nUser-Agent: bench/1\r\n\r\n", n%1000)
	}
	body := answer300()
	return fmt.Appendf(nil, "POST /orders HTTP/1.1\r\nHost: orders.example\r\nAccept: application/json\r\n"+
		"User-Agent: bench/1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// caller sends requests over one connection.
type caller struct {
	conn net.Conn
	in   []byte
}

func call(address string) (*caller, error) {
	conn, err := net.Dial("tcp", address)
	return &caller{conn, make([]byte, 8<<10)}, err
}

// do sends a request and reads the answer, which ends with the body of the target's.
func (c *caller) do(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	for n := 0; ; {
		more, err := c.conn.Read(c.in[n:])
		if err != nil {
			return err
		}
		if n += more; strings.HasSuffix(string(c.in[max(0, n-3):n]), `x"}`) {
			return nil
		}
	}
}

// oneByOne is the median time of a request, in milliseconds.
func oneByOne(ctx context.Context, address string, n int) (float64, error) {
	c, err := call(address)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	var took []float64
	for i := range n {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		began := time.Now()
		if err := c.do(message(i)); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	return median(took), nil
}

// flood sends requests over so many connections for a time and counts them.
func flood(ctx context.Context, address string, connections int, d time.Duration) (sent int, err error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var mu sync.Mutex
	var all sync.WaitGroup
	for first := range connections {
		all.Go(func() {
			n, failed := floodOne(ctx, address, first)
			mu.Lock()
			defer mu.Unlock()
			sent += n
			if failed != nil {
				err = failed
			}
		})
	}
	all.Wait()
	return sent, err
}

func floodOne(ctx context.Context, address string, first int) (n int, err error) {
	c, err := call(address)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	requests := [][]byte{message(first), message(first + 1), message(first + 2)}
	for ; ctx.Err() == nil; n++ {
		if err := c.do(requests[n%len(requests)]); err != nil {
			return n, err
		}
	}
	return n, nil
}
