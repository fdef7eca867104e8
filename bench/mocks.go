package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

// stubAnswer is what every stub, and the bare map, answers.
const stubAnswer = `{"id":"ord_261120abcdefghij","status":"paid"}`

// serveStubs answers n distinct GET requests: with the embedded mock as a run starts it, or with nothing
// but a map behind net/http.
func serveStubs(ctx context.Context, role string, n int) error {
	if role == "map" {
		return serveMap(n)
	}
	list := make([]map[string]any, n)
	for i := range list {
		list[i] = map[string]any{
			"request":  map[string]any{"method": "GET", "url": stubTarget(i)},
			"response": map[string]any{"status": 200, "body": stubAnswer, "headers": contentType()},
		}
	}
	if role == "mock-json" {
		list = jsonStubs(n)
	}
	src, err := json.Marshal(map[string]any{"mappings": list})
	if err != nil {
		return err
	}
	stubs, err := mocks.ParseStubs("bench.json", src)
	if err != nil {
		return err
	}
	server, err := embedded.Provider{}.Start(ctx, &mocks.Plan{Name: "bench", Stubs: stubs})
	if err != nil {
		return err
	}
	fmt.Println(strings.TrimPrefix(server.URL(), "http://"))
	<-ctx.Done()
	return server.Close()
}

func contentType() map[string]any { return map[string]any{"Content-Type": "application/json"} }

func stubTarget(i int) string { return fmt.Sprintf("/orders/%d?limit=20", i) }

// jsonStubs match POST requests by 300 bytes of JSON.
func jsonStubs(n int) []map[string]any {
	list := make([]map[string]any, n)
	for i := range list {
		list[i] = map[string]any{
			"request": map[string]any{
				"method": "POST", "url": "/orders",
				"bodyPatterns": []any{map[string]any{"equalToJson": string(order(i))}},
			},
			"response": map[string]any{"status": 201, "jsonBody": map[string]any{"id": i}},
		}
	}
	return list
}

func serveMap(n int) error {
	answers := make(map[string]string, n)
	for i := range n {
		answers["GET "+stubTarget(i)] = stubAnswer
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.Method+" "+r.RequestURI]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
}

// hits lets both serve in turn at each number of stubs, server and wrk each on a core of its own.
func hits(ctx context.Context, rounds int) error {
	sizes := []int{10, 1000, 10_000, 100_000}
	rates, works := map[string][]float64{}, map[string][]float64{}
	for range rounds {
		for _, n := range sizes {
			for _, role := range []string{"map", "mock"} {
				got, err := hitRate(ctx, role, n)
				if err != nil {
					fmt.Printf("hits of the embedded mock: left out: %v\n", err)
					return nil
				}
				key := role + strconv.Itoa(n)
				rates[key], works[key] = append(rates[key], got.rate), append(works[key], got.work)
			}
		}
	}
	t := newTable("hits, 64 connections, one core", "map, requests/s", "mock, requests/s", "x map",
		"map, CPU us", "mock, CPU us", "target")
	for _, n := range sizes {
		bare, mock := "map"+strconv.Itoa(n), "mock"+strconv.Itoa(n)
		t.row(fmt.Sprintf("%d stubs", n), "%.0f\t%.0f\t%.2f\t%.1f\t%.1f\t>= 0.80", median(rates[bare]),
			median(rates[mock]), median(rates[mock])/median(rates[bare]), median(works[bare]), median(works[mock]))
	}
	t.row("mock at 100000 against 10", "\t\t%.2f\t\t%.2f\t>= 0.90", median(rates["mock100000"])/median(rates["mock10"]),
		median(works["mock10"])/median(works["mock100000"]))
	return t.Flush()
}

// hitRate is how a warm server answers requests for all its stubs in a scattered order.
func hitRate(ctx context.Context, role string, n int) (got figures, err error) {
	exe, err := os.Executable()
	if err != nil {
		return got, err
	}
	cmd := pinned(ctx, 1, exe, "-role", role, "-stubs", strconv.Itoa(n))
	address, stop, err := startCommand(cmd)
	if err != nil {
		return got, err
	}
	defer stop()
	script := fmt.Sprintf(`local reading = {["Accept"]="application/json"}
local i = 0
request = function()
  i = (i + 7919) %% %d
  return wrk.format("GET", "/orders/" .. i .. "?limit=20", reading)
end
`, n)
	if _, err := wrkScript(ctx, "http://"+address, script); err != nil { // most stubs are hit before it counts
		return got, err
	}
	before, began := usedBy(cmd.Process.Pid), time.Now()
	got.rate, err = wrkScript(ctx, "http://"+address, script)
	answered := got.rate * time.Since(began).Seconds()
	got.work = float64((usedBy(cmd.Process.Pid) - before).Microseconds()) / answered
	return got, err
}

// usedBy is what a process has used so far, as Linux tells it; 0 elsewhere.
func usedBy(pid int) time.Duration {
	src, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(src), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond // ticks of 1/100 s
}

// misses times requests that no stub of 10,000 matches, each another one, one after another.
func misses(ctx context.Context, rounds int) error {
	address, stop, err := startRole(ctx, "-role", "mock-json", "-stubs", "10000")
	if err != nil {
		return err
	}
	defer stop()
	var took []float64
	const each = 200
	for i := range rounds * each {
		began := time.Now()
		status, err := post(ctx, "http://"+address+"/orders", string(order(1_000_000+i)))
		if err != nil || status != mocks.DefaultMissStatus {
			return fmt.Errorf("a miss was answered with %d: %w", status, err)
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	t := newTable("a miss with its report, 10,000 JSON stubs", "ms", "target")
	t.row("p50", "%.2f\t< 2", median(took))
	return t.Flush()
}

func post(ctx context.Context, url, body string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// starts times `headgate mock` from its start to its first answer, with 10,000 stubs in one file and in a
// file each.
func starts(ctx context.Context, rounds int) error {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	if err := writeStubs(dir, jsonStubs(10_000)); err != nil {
		return err
	}
	t := newTable("headgate mock, 10,000 JSON stubs, start to first answer", "seconds", "target")
	for _, from := range []string{"one.json", "mappings"} {
		var took []float64
		for range rounds {
			s, err := startMock(ctx, program, filepath.Join(dir, from))
			if err != nil {
				return err
			}
			took = append(took, s)
		}
		t.row(from, "%.2f\t< 0.50", median(took))
	}
	return t.Flush()
}

func writeStubs(dir string, list []map[string]any) error {
	whole, err := json.Marshal(map[string]any{"mappings": list})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "one.json"), whole, 0o600); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "mappings"), 0o700); err != nil {
		return err
	}
	for i, stub := range list {
		src, err := json.Marshal(stub)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "mappings", strconv.Itoa(i)+".json"), src, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// startMock returns the seconds until the mock answers.
func startMock(ctx context.Context, program, stubs string) (float64, error) {
	cmd := exec.CommandContext(ctx, program, "mock", "--port", "0", "--stubs", stubs)
	cmd.Stderr = os.Stderr
	began := time.Now()
	address, stop, err := startCommand(cmd)
	if err != nil {
		return 0, err
	}
	defer stop()
	_, base, _ := strings.Cut(address, "http://")
	base, _, _ = strings.Cut(base, "\n")
	status, err := post(ctx, "http://"+base+"/orders", string(order(9_999)))
	if err == nil && status != http.StatusCreated {
		err = errors.New("the stub was not answered")
	}
	return time.Since(began).Seconds(), err
}
