package gates

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/gates/metric"
)

func TestBaselineRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sub", "baseline.json")
	b := &Baseline{
		Pipeline: "orders", RunID: "r1", Created: time.Date(2026, 11, 20, 1, 2, 3, 0, time.UTC),
		Fingerprint: machine(),
		Snapshot:    numbers{sent: 5, pass: 4, passOf: 5, latency: flat(3, 0.1)}.fill(newRegistry(t)),
	}
	for range 2 {
		if err := b.Save(path); err != nil {
			t.Fatal(err)
		}
	}
	back, err := LoadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(b.Snapshot.All(), back.Snapshot.All()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(b.Snapshot.Samples(replay("latency")), back.Snapshot.Samples(replay("latency"))); diff != "" {
		t.Error(diff)
	}
	if back.RunID != "r1" || back.Schema != BaselineSchema || !back.Created.Equal(b.Created) {
		t.Errorf("got %+v", back)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

func TestBaselineSaveRefused(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := &Baseline{Snapshot: newRegistry(t).Snapshot()}
	if err := b.Save(filepath.Join(blocked, "baseline.json")); err == nil {
		t.Error("saved below a file")
	}
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.Save(folder); err == nil {
		t.Error("replaced a folder")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left in the folder: %v", entries)
	}
}

func TestLoadBaselineRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct{ src, want string }{
		"empty":      {"", "unexpected end"},
		"schema":     {`{"schema":99}`, "schema 99"},
		"no metrics": {`{"schema":1}`, "no metrics"},
		"metrics":    {`{"schema":1,"metrics":{"metrics":[{"metric":"replay.sent"}]}}`, "not declared"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
			if err := os.WriteFile(path, []byte(tt.src), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadBaseline(path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
	if _, err := LoadBaseline(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestComparable(t *testing.T) {
	tests := map[string]struct {
		then, now map[string]string
		want      []string
	}{
		"same":      {machine(), machine(), nil},
		"both none": {nil, nil, nil},
		"differs":   {machine(), map[string]string{"traffic": "t2", "cpu": "y"}, []string{"cpu", "traffic"}},
		"one side":  {machine(), map[string]string{"traffic": "t1", "os": "z"}, []string{"cpu", "os"}},
		"unknown":   {machine(), nil, []string{"cpu", "traffic"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := (&Baseline{Fingerprint: tt.then}).Comparable(tt.now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOtherConditions(t *testing.T) {
	n := numbers{sent: 100, pass: 100, passOf: 100, memory: 5, latency: flat(100, 0.1)}
	tests := map[string]struct {
		gate, field string
		outcome     Outcome
	}{
		"machine and latency":  {`latency_p95: "<= +10%"`, "cpu", Inconclusive},
		"machine and memory":   {`mem: "<= +10%"`, "cpu", Inconclusive},
		"machine and status":   {`status_pass_rate: ">= -1%"`, "cpu", Passed},
		"traffic and status":   {`status_pass_rate: ">= -1%"`, "traffic", Inconclusive},
		"traffic, no baseline": {`status_pass_rate: ">= 0.9"`, "traffic", Passed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := one(t, replayScope(t), tt.gate)
			now := machine()
			now[tt.field] = "other"
			got := p.Judge(t.Context(), Input{
				Snapshot: n.fill(newRegistry(t)), Fingerprint: now,
				Baseline: &Baseline{Fingerprint: machine(), Snapshot: n.fill(newRegistry(t))},
			})
			if got.Outcome != tt.outcome {
				t.Errorf("%s %s (%s)", got.Outcome, got.Reason, got.Detail)
			}
			if tt.outcome == Inconclusive &&
				(got.Reason != BaselineNotComparable || !strings.Contains(got.Detail, tt.field+" (baseline ")) {
				t.Errorf("%s (%s)", got.Reason, got.Detail)
			}
		})
	}
}

func TestCutoffs(t *testing.T) {
	cutoffs, ds := ParseCutoffs(node(t, `{error_rate: "> 0.05", latency_p95: "> 2s"}`), newRegistry(t))
	if len(ds) > 0 || len(cutoffs) != 2 {
		t.Fatalf("%d cutoffs: %s", len(cutoffs), findings(ds))
	}
	rate, latency := cutoffs[0], cutoffs[1]
	if got := rate.String(); got != "error_rate > 0.05" {
		t.Errorf("String = %q", got)
	}
	tests := map[string]struct {
		cutoff *Cutoff
		window map[string]metric.Point
		want   bool
	}{
		"above":       {rate, map[string]metric.Point{"error_rate": {Value: 0.06, N: 50}}, true},
		"at":          {rate, map[string]metric.Point{"error_rate": {Value: 0.05, N: 50}}, false},
		"few samples": {rate, map[string]metric.Point{"error_rate": {Value: 1, N: 19}}, false},
		"absent":      {rate, nil, false},
		"nan":         {rate, map[string]metric.Point{"error_rate": {Value: math.NaN(), N: 50}}, false},
		"slow":        {latency, map[string]metric.Point{"latency_p95": {Value: 2.5, N: 20}}, true},
		"fast":        {latency, map[string]metric.Point{"latency_p95": {Value: 1.5, N: 20}}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, value := tt.cutoff.Tripped(tt.window)
			if got != tt.want || got && value != tt.window[tt.cutoff.Metric].Value {
				t.Errorf("got %v, %v", got, value)
			}
		})
	}
}

func TestCutoffsRefuse(t *testing.T) {
	for src, want := range map[string]string{
		`{error_rate: "> 5%"}`:              "can be a ratio",
		`{latency_p95: "> +10%"}`:           "no baseline",
		`{latency_p95_delta: "> 10%"}`:      "no baseline",
		`{latency_p95: "within 10%"}`:       "no baseline",
		`{error_rte: "> 0.05"}`:             "no metric error_rte",
		`{error_rate: "<= 0.05"}`:           "stops the replay while error_rate is good",
		`{error_rate: "> 1"}`:               "can never stop the replay",
		`{throughput: "< 0/s"}`:             "can never stop the replay",
		`{correlated: "true"}`:              "no value in a window",
		`{error_rate: }`:                    "has no condition",
		`{'mocks.catalog.requests': "> 0"}`: "judges the replay, not mocks",
		`["error_rate"]`:                    "rules are a mapping",
	} {
		cutoffs, ds := ParseCutoffs(node(t, src), newRegistry(t))
		if len(cutoffs) > 0 || !strings.Contains(findings(ds), want) {
			t.Errorf("%s: %s, want %q", src, findings(ds), want)
		}
	}
}
