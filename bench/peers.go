package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

var wrkRate = regexp.MustCompile(`(?s)(\d+) requests in .*Requests/sec:\s+([0-9.]+)`)

// wrk sends the same mix of requests from a script.
func wrk(ctx context.Context, target string) (figures, error) {
	return wrkFigures(ctx, target, fmt.Sprintf(`local body = %q
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
`, answer300()))
}

// wrkScript is the rate at which wrk sends what a script says.
func wrkScript(ctx context.Context, target, script string) (float64, error) {
	got, err := wrkFigures(ctx, target, script)
	return got.rate, err
}

// wrkFigures sends what a script says over 64 connections.
func wrkFigures(ctx context.Context, target, script string) (got figures, err error) {
	path, err := exec.LookPath("wrk")
	if err != nil {
		return got, fmt.Errorf("wrk is not installed (Debian: apt-get install wrk)")
	}
	file, err := os.CreateTemp("", "bench-*.lua")
	if err != nil {
		return got, err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(script); err != nil {
		return got, err
	}
	if err := file.Close(); err != nil {
		return got, err
	}
	cmd := pinned(ctx, 0, path, "-t1", "-c64", "-d4s", "-s", file.Name(), target)
	out, err := cmd.Output()
	if err != nil {
		return got, err
	}
	m := wrkRate.FindSubmatch(out)
	if m == nil {
		return got, fmt.Errorf("wrk printed no rate: %s", bytes.TrimSpace(out))
	}
	return figuresOf(cmd.ProcessState, string(m[1]), string(m[2]))
}

// figuresOf a process that has ended, from what it printed.
func figuresOf(p *os.ProcessState, sent, rate string) (got figures, err error) {
	n, err := strconv.ParseFloat(sent, 64)
	if err != nil {
		return got, err
	}
	got.work = float64((p.UserTime() + p.SystemTime()).Microseconds()) / n
	got.rate, err = strconv.ParseFloat(rate, 64)
	return got, err
}

var vegetaRate = regexp.MustCompile(`Requests\s+\[total, rate, throughput\]\s+([0-9.]+), ([0-9.]+)`)

// vegeta sends GET requests as fast as it can.
func vegeta(ctx context.Context, target string) (got figures, err error) {
	path, err := exec.LookPath("vegeta")
	if err != nil {
		return got, fmt.Errorf("vegeta is not installed (go install github.com/tsenart/vegeta/v12@latest)")
	}
	attack := pinned(ctx, 0, path, "attack", "-rate=0", "-max-workers=64", "-duration=4s")
	attack.Stdin = strings.NewReader("GET " + target + "/orders/1?limit=20\n")
	results, err := attack.Output()
	if err != nil {
		return got, err
	}
	report := exec.CommandContext(ctx, path, "report")
	report.Stdin = bytes.NewReader(results)
	out, err := report.Output()
	if err != nil {
		return got, err
	}
	m := vegetaRate.FindSubmatch(out)
	if m == nil {
		return got, fmt.Errorf("vegeta printed no rate: %s", bytes.TrimSpace(out))
	}
	return figuresOf(attack.ProcessState, string(m[1]), string(m[2]))
}
