package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// requests is how many each contender sends in one round.
const requests = 200_000

func main() {
	role := flag.String("role", "", "used by bench itself: target, send or compare")
	target := flag.String("target", "", "used by bench itself: base URL of the target")
	profile := flag.String("profile", "", "file for a CPU profile of this process")
	rounds := flag.Int("rounds", 3, "interleaved rounds; the table shows medians")
	flag.Parse()
	debug.SetGCPercent(400) // as cmd/headgate does
	err := profiled(*profile, func() error { return play(*role, *target, *rounds) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// profiled runs f and writes a CPU profile of it where a file is named.
func profiled(path string, f func() error) error {
	if path == "" {
		return f()
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return f()
}

func play(role, target string, rounds int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	switch role {
	case "target":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Println(l.Addr())
		return serveTarget(l)
	case "send":
		rate, err := sendOnly(ctx, target, requests)
		fmt.Println(rate)
		return err
	case "compare":
		rate, err := compared(ctx, target, requests)
		fmt.Println(rate)
		return err
	}
	return contest(ctx, rounds)
}

// contender is one row of the table: how to get its requests per second.
type contender struct {
	name string
	run  func(ctx context.Context, target string) (float64, error)
}

// contest lets the contenders send in turn, sender and target each on a core of its own.
func contest(ctx context.Context, rounds int) error {
	address, stop, err := startTarget(ctx)
	if err != nil {
		return err
	}
	defer stop()
	list := []contender{
		{"wrk", wrk},
		{"vegeta", vegeta},
		{"headgate, comparison off", self("send")},
		{"headgate, full comparison", self("compare")},
	}
	rates := map[string][]float64{}
	missing := map[string]error{}
	for range rounds {
		for _, c := range list {
			rate, err := c.run(ctx, "http://"+address)
			if err != nil {
				missing[c.name] = err
				continue
			}
			rates[c.name] = append(rates[c.name], rate)
		}
	}
	printTable(list, rates, missing)
	for _, rate := range []int{200, 2000} {
		if err := pace(ctx, "http://"+address, rate); err != nil {
			return err
		}
	}
	return nil
}

func printTable(list []contender, rates map[string][]float64, missing map[string]error) {
	reference := median(rates["wrk"])
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "replay of %d requests, 64 connections\trequests/s\tx wrk\t\n", requests)
	for _, c := range list {
		if err := missing[c.name]; err != nil {
			fmt.Fprintf(w, "%s\tleft out: %v\t\t\n", c.name, err)
			continue
		}
		ratio := "-"
		if reference > 0 {
			ratio = fmt.Sprintf("%.2f", median(rates[c.name])/reference)
		}
		fmt.Fprintf(w, "%s\t%.0f\t%s\t\n", c.name, median(rates[c.name]), ratio)
	}
	_ = w.Flush()
}

func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// pinned is a command on one core, where taskset is there to pin it.
func pinned(ctx context.Context, core int, name string, args ...string) *exec.Cmd {
	if path, err := exec.LookPath("taskset"); err == nil {
		args = append([]string{"-c", strconv.Itoa(core), name}, args...)
		name = path
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	return cmd
}

func startTarget(ctx context.Context) (address string, stop func(), err error) {
	cmd := pinned(ctx, 1, "/proc/self/exe", "-role", "target")
	cmd.Args[len(cmd.Args)-3], err = os.Executable()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	var line [64]byte
	n, err := out.Read(line[:])
	return strings.TrimSpace(string(line[:n])), func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}, err
}

// self runs one of bench's own contenders in a process of its own.
func self(role string) func(context.Context, string) (float64, error) {
	return func(ctx context.Context, target string) (float64, error) {
		exe, err := os.Executable()
		if err != nil {
			return 0, err
		}
		out, err := pinned(ctx, 0, exe, "-role", role, "-target", target).Output()
		if err != nil {
			return 0, err
		}
		return strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	}
}

var wrkRate = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// wrk sends the same mix of requests from a script.
func wrk(ctx context.Context, target string) (float64, error) {
	path, err := exec.LookPath("wrk")
	if err != nil {
		return 0, fmt.Errorf("wrk is not installed (Debian: apt-get install wrk)")
	}
	script, err := os.CreateTemp("", "bench-*.lua")
	if err != nil {
		return 0, err
	}
	defer os.Remove(script.Name())
	fmt.Fprintf(script, `local body = %q
local reading = {["Accept"]="application/json", ["User-Agent"]="bench/1"}
local writing = {["Content-Type"]="application/json", ["Accept"]="application/json", ["User-Agent"]="bench/1"}
local i = 0
request = function()
  i = i + 1
  if i %% 3 == 0 then
    return wrk.format("POST", "/orders", writing, body)
  end
  return wrk.format("GET", "/orders/" .. (i %% 1000) .. "?limit=20", reading)
end
`, answer300())
	out, err := pinned(ctx, 0, path, "-t1", "-c64", "-d4s", "-s", script.Name(), target).Output()
	if err != nil {
		return 0, err
	}
	m := wrkRate.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("wrk printed no rate: %s", bytes.TrimSpace(out))
	}
	return strconv.ParseFloat(string(m[1]), 64)
}

var vegetaRate = regexp.MustCompile(`Requests\s+\[total, rate, throughput\]\s+[0-9.]+, ([0-9.]+)`)

// vegeta sends GET requests as fast as it can.
func vegeta(ctx context.Context, target string) (float64, error) {
	path, err := exec.LookPath("vegeta")
	if err != nil {
		return 0, fmt.Errorf("vegeta is not installed (go install github.com/tsenart/vegeta/v12@latest)")
	}
	attack := pinned(ctx, 0, path, "attack", "-rate=0", "-max-workers=64", "-duration=4s")
	attack.Stdin = strings.NewReader("GET " + target + "/orders/1?limit=20\n")
	results, err := attack.Output()
	if err != nil {
		return 0, err
	}
	report := exec.CommandContext(ctx, path, "report")
	report.Stdin = bytes.NewReader(results)
	out, err := report.Output()
	if err != nil {
		return 0, err
	}
	m := vegetaRate.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("vegeta printed no rate: %s", bytes.TrimSpace(out))
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
