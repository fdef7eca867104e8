package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/phases"
)

const benchGates = 1000

// gateLines are as many gates: comparators of three kinds, and expressions over endpoints.
func gateLines(n int) []string {
	forms := []string{
		`g%d: {expr: 'endpoint("GET /items/{id}/v%d").status_pass_rate >= 0.99'}`,
		`g%d: {expr: 'endpoint("GET /items/{id}/v%d").latency_p95 <= duration("200ms")'}`,
		`g%d: {expr: 'endpoint("GET /items/{id}/v%d").new_differences == 0 and replay.error_rate <= 0.01'}`,
		`g%d: {expr: 'endpoint("GET /items/{id}/v%d").latency_p50 < endpoint("GET /items/{id}/v0").latency_p99 * 20'}`,
	}
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(forms[i%len(forms)], i, i%endpoints)
	}
	return list
}

// endpoints is how many the gates and the traffic of these rows have.
const endpoints = 50

// judging times 1,000 compiled gates on one snapshot.
func judging(ctx context.Context, rounds int) error {
	registry, err := metric.New(phases.Metrics()...)
	if err != nil {
		return err
	}
	fillMetrics(registry)
	doc, _ := spec.Parse("gates.yaml", []byte(strings.Join(gateLines(benchGates), "\n")), spec.Options{})
	programs, ds := gates.Parse(doc.Root, gates.Scope{Phase: "quality_gates", MetricScope: "replay", Registry: registry})
	if ds.Err() != nil || len(programs) != benchGates {
		return fmt.Errorf("%d gates: %w", len(programs), ds.Err())
	}
	snapshot := registry.Snapshot()
	var took []float64
	for range 3 * rounds {
		began := time.Now()
		for _, p := range programs {
			if r := p.Judge(ctx, gates.Input{Snapshot: snapshot, Seed: 1}); r.Outcome != gates.Passed {
				return fmt.Errorf("gate %s: %s, %s", r.Name, r.Outcome, r.Why())
			}
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	t := newTable("gates judged", "ms", "target")
	t.row(strconv.Itoa(benchGates), "%.1f\t< 50", median(took))
	return t.Flush()
}

func fillMetrics(r *metric.Registry) {
	r.Hit(metric.Ref{Scope: "replay", Name: "error_rate"}, 0, 1000)
	for i := range endpoints {
		ref := func(name string) metric.Ref {
			return metric.Ref{Scope: "endpoint", Subject: fmt.Sprintf("GET /items/{id}/v%d", i), Name: name}
		}
		r.Subject("endpoint", ref("").Subject)
		r.Hit(ref("status_pass_rate"), 1000, 1000)
		r.Add(ref("requests"), 1000)
		r.Add(ref("judged"), 1000)
		for n := range 1000 {
			r.Observe(ref("latency"), strconv.Itoa(n), 0.001+float64(n%100)*0.0001)
		}
	}
}

// validating times `headgate validate` of a run file of 1,000 lines with little traffic.
func validating(ctx context.Context, rounds int) error {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "pipeline.yaml")
	if err := writeLongFile(file); err != nil {
		return err
	}
	var took []float64
	for range 3 * rounds {
		began := time.Now()
		if out, err := exec.CommandContext(ctx, program, "validate", file).CombinedOutput(); err != nil {
			return fmt.Errorf("validate: %w\n%s", err, out)
		}
		took = append(took, time.Since(began).Seconds()*1000)
	}
	t := newTable("headgate validate", "ms", "target")
	t.row("a run file of 1,000 lines", "%.0f\t< 100", median(took))
	return t.Flush()
}

// writeLongFile writes a run file of 1,000 lines, half of them gates and a third comparison rules, and its
// traffic: one request to each endpoint.
func writeLongFile(path string) error {
	lines := []string{"version: 1", "name: bench", "quality_gates:"}
	for _, gate := range gateLines(500) {
		lines = append(lines, "  "+gate)
	}
	lines = append(lines, "replay:", "  target: http://127.0.0.1:1", "  traffic: in.jsonl", "  compare:", "    match:")
	for i := range 330 {
		lines = append(lines, fmt.Sprintf(`      "$.items[*].field%d": {regex: "^[a-z]{3}-%d$"}`, i, i))
	}
	lines = append(lines, "    unordered:")
	for i := len(lines); i < 1000; i++ {
		lines = append(lines, fmt.Sprintf(`      "$.list%d": {by: sku}`, i))
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	var traffic strings.Builder
	for i := range endpoints {
		fmt.Fprintf(&traffic, `{"id":"r%d","time":"2026-01-01T00:00:00Z","direction":"inbound","session":"s",`+
			`"protocol":"http","request":{"method":"GET","url":"/items/1/v%d"},`+
			`"response":{"status":200,"headers":{"Content-Type":["application/json"]},"body":%q}}`+"\n", i, i, answer300())
	}
	return os.WriteFile(filepath.Join(filepath.Dir(path), "in.jsonl"), []byte(traffic.String()), 0o600)
}
