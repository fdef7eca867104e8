package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/headgate-dev/headgate/traffic/capture"
	"github.com/headgate-dev/headgate/traffic/shadow"
)

// serveTwins serves the handlers of a role side by side in one process, so that they share its fortunes.
func serveTwins(role, target string) error {
	handlers, err := twins(role, target)
	if err != nil {
		return err
	}
	failed := make(chan error)
	var addresses []string
	for _, h := range handlers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		addresses = append(addresses, l.Addr().String())
		server := &http.Server{Handler: h, ConnContext: capture.NewConnections().Name}
		go func() { failed <- server.Serve(l) }()
	}
	fmt.Println(strings.Join(addresses, " "))
	return <-failed
}

func twins(role, target string) ([]http.Handler, error) {
	if role == "shadow" {
		return mirrors(target)
	}
	sample, err := capture.NewSampler(0.01)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return nil, err
	}
	recorder, err := capture.NewRecorder(capture.RecorderOptions{Service: "bench", Dir: dir, Sample: sample})
	os.RemoveAll(dir) // the files are there for as long as they are open
	if err != nil {
		return nil, err
	}
	plain := manyClients(small())
	return []http.Handler{plain, manyClients(capture.Middleware(recorder)(small())), plain}, nil
}

// small is a service that does next to nothing.
func small() http.Handler {
	body := answer300()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body)
	})
}

// manyClients makes every request one of another connection, as whole connections are sampled.
func manyClients(next http.Handler) http.Handler {
	names := make([]string, 10_000)
	for i := range names {
		names[i] = "10.0.0.1:" + strconv.Itoa(10_000+i)
	}
	var n atomic.Uint64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = names[n.Add(1)%uint64(len(names))]
		next.ServeHTTP(w, r)
	})
}

// mirrors are a reverse proxy, and one that mirrors everything back to the target.
func mirrors(target string) ([]http.Handler, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	proxy, err := shadow.New(shadow.Options{Primary: to, Candidate: to, Unsafe: true})
	return []http.Handler{relay(to), proxy}, err
}

// middleware measures what recording from within costs a service.
func middleware(ctx context.Context, rounds int) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := pinned(ctx, 1, exe, "-role", "middleware")
	addresses, stop, err := startCommand(cmd)
	if err != nil {
		return err
	}
	defer stop()
	at := strings.Fields(addresses)
	const windows = 8
	rates, works := make([][]float64, 3), make([][]float64, 3)
	for i := range rounds * windows {
		for k := range rates {
			k := (i + k) % len(rates) // each comes first as often
			got, err := window(ctx, at[k], cmd.Process.Pid)
			if err != nil {
				return err
			}
			rates[k], works[k] = append(rates[k], got.rate), append(works[k], got.work)
		}
	}
	t := newTable("middleware, 1 % sampled", "plain", "recording", "ratio", "plain again", "target")
	row := func(name, format, target string, list [][]float64) {
		plain, recording, again := median(list[0]), median(list[1]), median(list[2])
		t.row(name, format+"\t"+format+"\t%.3f\t%.3f\t%s", plain, recording, recording/plain, again/plain, target)
	}
	row("requests/s, 64 connections", "%.0f", "> 0.990", rates)
	row("CPU us each", "%.2f", "< 1.010", works)
	return t.Flush()
}

// window is what one handler does in a short time.
func window(ctx context.Context, address string, pid int) (got figures, err error) {
	before, began := workedBy(pid), time.Now()
	sent, err := flood(ctx, address, 64, 500*time.Millisecond)
	if err != nil {
		return got, err
	}
	got.rate = float64(sent) / time.Since(began).Seconds()
	got.work = (workedBy(pid) - before) / float64(sent)
	return got, nil
}

// workedBy is the processor time that the threads of a process have used, in microseconds: finer than
// usedBy, and without those that have ended.
func workedBy(pid int) (sum float64) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, path := range threads {
		src, _ := os.ReadFile(path)
		first, _, _ := strings.Cut(string(src), " ")
		ns, _ := strconv.ParseFloat(first, 64)
		sum += ns / 1e3
	}
	return sum
}

// shadowing measures how much longer a request takes that is mirrored, at 200 requests per second.
func shadowing(ctx context.Context, rounds int) error {
	target, stop, err := startRole(ctx, "-role", "target")
	if err != nil {
		return err
	}
	defer stop()
	addresses, stopProxies, err := startRole(ctx, "-role", "shadow", "-target", "http://"+target)
	if err != nil {
		return err
	}
	defer stopProxies()
	at := strings.Fields(addresses)
	waits := make([][]float64, 2)
	for range rounds {
		for k := range waits {
			wait, err := paced(ctx, at[k])
			if err != nil {
				return err
			}
			waits[k] = append(waits[k], wait)
		}
	}
	t := newTable("shadow, all requests mirrored", "reverse proxy", "shadow", "added", "target")
	relayed, mirrored := median(waits[0]), median(waits[1])
	t.row("p50 of one connection, ms", "%.3f\t%.3f\t%.3f\t%s", relayed, mirrored, mirrored-relayed, "< 0.20")
	return t.Flush()
}

// paced is the median time of a request, in milliseconds, at 200 requests per second.
func paced(ctx context.Context, address string) (float64, error) {
	c, err := call(address)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	var took []float64
	for i := range 600 {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		<-ticker.C
		began := time.Now()
		if err := c.do(message(i)); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	return median(took), nil
}
