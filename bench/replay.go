package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// recorded makes n recorded requests of 64 sessions: two thirds GET, one third POST with 300 bytes of
// JSON, each answered as the target answers.
func recorded(n int) []*traffic.Record {
	body := answer300()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	list := make([]*traffic.Record, n)
	for i := range list {
		r := &traffic.Record{
			ID: fmt.Sprintf("r%07d", i), Time: start.Add(time.Duration(i) * time.Microsecond),
			Direction: traffic.Inbound, Service: "bench", Session: fmt.Sprintf("s%02d", i%64), Protocol: traffic.HTTP,
			Request: &traffic.Request{
				Method: http.MethodGet, URL: fmt.Sprintf("/orders/%d?limit=20", i%1000),
				Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"bench/1"}},
			},
			Response: &traffic.Response{
				Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: body,
			},
		}
		if i%3 == 0 {
			r.Request.Method, r.Request.URL, r.Request.Body = http.MethodPost, "/orders", order(i)
			r.Request.Header["Content-Type"] = []string{"application/json"}
		}
		list[i] = r
	}
	return list
}

// order is a request body of 300 bytes.
func order(i int) []byte {
	head := fmt.Sprintf(`{"customer":"c-%06d","lines":[{"article":"a%04d","count":%d}],"comment":"`, i, i%977, i%7+2)
	return []byte(head + strings.Repeat("y", 298-len(head)) + `"}`)
}

// sendOnly replays without comparing; every result is kept as a line.
func sendOnly(ctx context.Context, target string, n int) (float64, error) {
	sender, err := replay.NewHTTPSender(target, replay.HTTPOptions{Timeout: 10 * time.Second, Connections: 64})
	if err != nil {
		return 0, err
	}
	defer sender.Close()
	out, err := os.CreateTemp("", "bench-results-*.jsonl")
	if err != nil {
		return 0, err
	}
	defer os.Remove(out.Name())
	kept := &keeper{out: bufio.NewWriterSize(out, 1<<16)}
	set := traffic.NewSet(recorded(n))
	player := replay.Player{Sender: sender, Pacing: replay.Pacing{Concurrency: 64, Scale: replay.Max()}}
	began := time.Now()
	err = player.Play(ctx, set, replay.Hooks{Result: kept.keep})
	rate := float64(n) / time.Since(began).Seconds()
	if err == nil && kept.failed > 0 {
		err = fmt.Errorf("%d of %d requests had no answer", kept.failed, n)
	}
	return rate, err
}

// keeper stores one line for each result.
type keeper struct {
	mu     sync.Mutex
	out    *bufio.Writer
	failed int
}

func (k *keeper) keep(r *replay.Result) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r.Err != nil {
		k.failed++
		return
	}
	_ = json.NewEncoder(k.out).Encode(struct {
		ID      string
		Status  int
		Latency time.Duration
	}{r.Record.ID, r.Response.Status, r.Latency})
}

// compared replays with everything that a run does: correlation, comparison, metrics, results.
func compared(ctx context.Context, target string, n int) (float64, error) {
	plan, registry, err := plan(ctx, n)
	if err != nil {
		return 0, err
	}
	trial, err := plan.Begin(verify.Env{
		Target: target, Metrics: registry, Results: io.Discard, Diffs: io.Discard, Played: func(string) {},
		Mocks: func() (int64, int64) { return 0, 0 }, Clock: time.Now,
	})
	if err != nil {
		return 0, err
	}
	defer trial.Close()
	began := time.Now()
	err = trial.Rest(ctx)
	rate := float64(n) / time.Since(began).Seconds()
	if matched := trial.Accounting()[replay.Matched]; err == nil && matched != n {
		err = fmt.Errorf("%d of %d answers matched", matched, n)
	}
	return rate, err
}

// plan writes a capture and a run file and loads them as a run would.
func plan(ctx context.Context, n int) (*verify.Plan, *metric.Registry, error) {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir)
	f, err := os.Create(filepath.Join(dir, "in.jsonl"))
	if err != nil {
		return nil, nil, err
	}
	w := jsonl.NewWriter(f)
	for _, r := range recorded(n) {
		if err := w.Write(r); err != nil {
			return nil, nil, err
		}
	}
	if err := w.Flush(); err != nil {
		return nil, nil, err
	}
	doc, ds := spec.Parse("bench.yaml", []byte("traffic: in.jsonl\ntime_scale: max\nconcurrency: 64\n"), spec.Options{})
	registry, err := metric.New(verify.Metrics()...)
	if err != nil {
		return nil, nil, err
	}
	p, more := verify.Load(ctx, verify.Sections{
		Replay: doc.Root, Metrics: registry, Resolve: func(path string) string { return filepath.Join(dir, path) },
	})
	ds.Add(more)
	return p, registry, ds.Err()
}
