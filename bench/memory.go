package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Sizes of the captures whose replay is compared.
const (
	fewRequests  = 200_000
	manyRequests = 2_000_000
)

// memory runs the program over a capture and over one ten times as long, and compares what it needed at
// most.
func memory(ctx context.Context, _ int) (err error) {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	address, stop, err := startRole(ctx, "-role", "target")
	if err != nil {
		return err
	}
	defer stop()
	t := newTable("headgate run with full comparison", "capture", "took", "requests/s in all", "peak memory", "target")
	var peaks []float64
	for _, n := range []int{fewRequests, manyRequests} {
		m := measured{program: program, dir: filepath.Join(dir, strconv.Itoa(n)), target: address, requests: n}
		if err := m.run(ctx); err != nil {
			return err
		}
		peaks = append(peaks, m.peak)
		t.row(fmt.Sprintf("%d requests", n), "%.0f MB\t%s\t%.0f\t%.0f MB\t< 250 MB",
			m.capture, m.took.Round(100*time.Millisecond), float64(n)/m.took.Seconds(), m.peak)
	}
	t.row("ratio", "\t\t\t%.2f\t< 1.15", peaks[1]/peaks[0])
	return t.Flush()
}

// measured is one run of the program.
type measured struct {
	program, dir, target string
	requests             int
	took                 time.Duration
	// capture and peak are in megabytes.
	capture, peak float64
}

func (m *measured) run(ctx context.Context) error {
	if err := os.Mkdir(m.dir, 0o755); err != nil {
		return err
	}
	captured := filepath.Join(m.dir, "captured.jsonl")
	if err := writeCapture(captured, m.requests, answer300()); err != nil {
		return err
	}
	info, err := os.Stat(captured)
	if err != nil {
		return err
	}
	m.capture = float64(info.Size()) / 1e6
	file := filepath.Join(m.dir, "pipeline.yaml")
	text := "replay:\n  traffic: captured.jsonl\n  target: http://" + m.target + "\n  time_scale: max\n  concurrency: 64\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	if err := m.execute(ctx, file); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(m.dir, "out", "*-*", "results.jsonl"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("%d runs have left results, %w", len(found), err)
	}
	return errors.Join(checkResults(found[0], m.requests), os.RemoveAll(m.dir))
}

// execute runs the program and watches its memory. Its verdict does not matter: the run file has no gates.
func (m *measured) execute(ctx context.Context, file string) error {
	cmd := exec.CommandContext(ctx, m.program, "run", file, "--out", filepath.Join(m.dir, "out"))
	began := time.Now()
	peak, out, err := watched(cmd)
	m.took, m.peak = time.Since(began), peak
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return err
	}
	if !bytes.Contains(out, []byte(strconv.Itoa(m.requests))) || m.peak == 0 {
		return fmt.Errorf("headgate has not run as expected:\n%s", out)
	}
	return nil
}

// watched runs a command and returns how much memory it needed at most, in megabytes, and what it printed.
func watched(cmd *exec.Cmd) (peak float64, printed []byte, err error) {
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			return peak, out.Bytes(), err
		case <-time.After(5 * time.Millisecond):
			peak = max(peak, peakMemory(cmd.Process.Pid))
		}
	}
}

// peakMemory is how many megabytes a process has had in memory at most, 0 where that is not known. The
// operating system's own sum at the end of a child counts what its parent had when it was started.
func peakMemory(pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	var kilobytes float64
	if _, err := fmt.Sscan(string(rest), &kilobytes); err != nil {
		return 0
	}
	return kilobytes * 1024 / 1e6
}
