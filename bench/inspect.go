package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// inspected is how many records the capture holds that is inspected.
const inspected = 1_000_000

// inspecting measures the program over a capture: indexing it, saying what it holds with the index and without,
// and choosing a part of it.
func inspecting(ctx context.Context, rounds int) (err error) {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	captured := filepath.Join(dir, "captured")
	if err := os.Mkdir(captured, 0o755); err != nil {
		return err
	}
	file := filepath.Join(captured, "traffic.jsonl")
	if err := writeCapture(file, inspected, answer300()); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	t := newTable(fmt.Sprintf("%d records, %.0f MB", inspected, float64(info.Size())/1e6), "took", "peak memory", "target")
	out := filepath.Join(dir, "small.jsonl")
	for _, row := range []struct {
		name, target string
		rounds       int
		args         []string
	}{
		{"inspect without an index", "", 1, []string{"inspect", captured}},
		{"traffic index", "", 1, []string{"traffic", "index", captured}},
		{"inspect with the index", "< 1 s", rounds, []string{"inspect", captured}},
		{"traffic select with the index", "", rounds, []string{
			"traffic", "select", captured, "-o", out, "--force", "--budget", strconv.Itoa(inspected / 50),
		}},
	} {
		took, peak, err := repeated(ctx, row.rounds, program, row.args)
		if err != nil {
			return err
		}
		t.row(row.name, "%s\t%.0f MB\t%s", took.Round(10*time.Millisecond), peak, row.target)
	}
	return t.Flush()
}

// repeated runs the program some times and returns the median of the times it took.
func repeated(
	ctx context.Context, rounds int, program string, args []string,
) (took time.Duration, peak float64, err error) {
	var times []float64
	for range rounds {
		cmd := exec.CommandContext(ctx, program, args...)
		began := time.Now()
		mb, out, err := watched(cmd)
		if err != nil {
			return 0, 0, fmt.Errorf("%v: %w:\n%s", args, err, out)
		}
		times = append(times, time.Since(began).Seconds())
		peak = max(peak, mb)
	}
	return time.Duration(median(times) * float64(time.Second)), peak, nil
}
