package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/traffic/replay"
	"github.com/headgate-dev/headgate/traffic/verify"
)

// way is one way of replaying.
type way struct {
	// target is what is wanted, as a ratio to wrk.
	name, target string
	// answer is what the capture says was answered; nil leaves nothing to compare with.
	answer []byte
	// rules are further lines of the replay section.
	rules string
}

// ways are the ways of replaying that are measured, by role.
func ways() map[string]way {
	return map[string]way{
		"send":    {name: "headgate, comparison off", target: ">= 0.80"},
		"compare": {name: "headgate, full comparison", target: ">= 0.50", answer: answer300()},
		"rules": {
			name: "headgate, every answer differs, excused by rules", answer: placed("115.39", "07:29:59"),
			rules: "compare:\n  match: {$.placed_at: datetime}\n  tolerate: {$.total: 0.05}\n",
		},
	}
}

// run replays n recorded requests in the way that a run does. It is an error if one of them was not
// accounted for as it should be, or its result is not on disk.
func (w way) run(ctx context.Context, target string, n int) (got figures, err error) {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	plan, registry, err := w.plan(ctx, dir, n)
	if err != nil {
		return got, err
	}
	took, worked, err := play(ctx, plan, registry, dir, target)
	if err != nil {
		return got, err
	}
	got.rate, got.work = float64(n)/took.Seconds(), float64(worked.Microseconds())/float64(n)
	return got, checkResults(filepath.Join(dir, "results.jsonl"), n)
}

// plan writes a capture and loads it as a run would.
func (w way) plan(ctx context.Context, dir string, n int) (*verify.Plan, *metric.Registry, error) {
	if err := writeCapture(filepath.Join(dir, "in.jsonl"), n, w.answer); err != nil {
		return nil, nil, err
	}
	section := "traffic: in.jsonl\ntime_scale: max\nconcurrency: 64\n" + w.rules
	doc, ds := spec.Parse("bench.yaml", []byte(section), spec.Options{})
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

// play replays the plan with results in dir, and tells how long it took and how long processors worked.
func play(
	ctx context.Context, plan *verify.Plan, registry *metric.Registry, dir, target string,
) (took, worked time.Duration, err error) {
	results, err := os.Create(filepath.Join(dir, "results.jsonl"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, results.Close()) }()
	diffs, err := os.Create(filepath.Join(dir, "diffs.jsonl"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, diffs.Close()) }()
	trial, err := plan.Begin(verify.Env{
		Target: target, Metrics: registry, Results: results, Diffs: diffs, Played: func(string) {},
		Mocks: func() (int64, int64) { return 0, 0 }, Clock: time.Now,
	})
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, trial.Close()) }()
	before, began := processorTime(), time.Now()
	err = trial.Rest(ctx)
	took, worked = time.Since(began), processorTime()-before
	if n := trial.Accounting()[replay.Matched]; err == nil && n != plan.Len() {
		err = fmt.Errorf("%d of %d answers matched", n, plan.Len())
	}
	return took, worked, err
}

// processorTime is how long processors have worked for this process so far.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// checkResults wants a line for each of n requests.
func checkResults(path string, n int) error {
	results, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if lines := bytes.Count(results, []byte("\n")); lines != n {
		return fmt.Errorf("%d results of %d requests are in results.jsonl", lines, n)
	}
	return nil
}
