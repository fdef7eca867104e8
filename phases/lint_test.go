package phases_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/phases"
)

const inboundLine = `{"id":"i1","time":"2026-11-01T08:00:00Z","direction":"inbound","protocol":"http",` +
	`"duration_ms":1,"request":{"method":"GET","url":"/a"},"response":{"status":200,"body":"{}"}}` + "\n"

const outboundLine = `{"id":"o1","time":"2026-11-01T08:00:00Z","direction":"outbound","service":"pay",` +
	`"parent":"i1","protocol":"http","duration_ms":1,"request":{"method":"GET","url":"/p"},` +
	`"response":{"status":200,"body":"{}"}}` + "\n"

const mapping = `{"request":{"method":"GET","url":"/p"},"response":{"status":200}}`

// replayUnless is the rest of a run file that has no replay section yet.
func replayUnless(file string) string {
	if strings.Contains(file, `"replay"`) {
		return "\n"
	}
	return "\nreplay: {target: 'http://127.0.0.1:9', traffic: in.jsonl}\n"
}

func TestLint(t *testing.T) {
	tests := map[string]struct {
		file string
		want string // of the message; empty for none
		only bool   // a warning only
	}{
		"replay metric at a mock": {
			file: `backends: {mocks: [{name: pay, stubs: out.jsonl, gates: {g: {expr: "replay.error_rate == 0"}}}]}`,
			want: "replay.error_rate has no data yet when the gates of backends are first judged",
		},
		"observed only": {
			file: `backends: {mocks: [{name: pay, stubs: out.jsonl, ` +
				`gates: {g: {expr: "replay.error_rate == 0", severity: observe}}}]}`,
			want: "has no data yet", only: true,
		},
		"replay metric at an app": {
			file: `sut: {apps: [{name: a, command: [x], gates: {g: {expr: 'endpoint("GET /a").error_rate == 0'}}}]}`,
			want: "has no data yet when the gates of sut are first judged",
		},
		"mock metric at an app": {
			file: "backends: {mocks: [{name: pay, stubs: out.jsonl}]}\n" +
				`sut: {apps: [{name: a, command: [x], gates: {g: {expr: 'mocks["pay"].match_rate == 1'}}}]}`,
		},
		"no mocks":        {file: `quality_gates: {mock_match_rate: "== 1"}`, want: "the run has no mocks"},
		"no mocks, other": {file: `quality_gates: {missing_calls: "== 0"}`, want: "the run has no mocks"},
		"miss rate":       {file: `quality_gates: {mock_miss_rate: "== 0"}`, want: "the run has no mocks"},
		"cutoff without mocks": {
			file: `"replay": {target: 'http://127.0.0.1:9', traffic: in.jsonl, cutoffs: {rules: {mock_miss_rate: "> 0.1"}}}`,
			want: "the cutoff mock_miss_rate never trips: the run has no mocks", only: true,
		},
		"no recorded calls": {
			file: "backends: {mocks: [{name: pay, stubs: map.json}]}\n" + `quality_gates: {missing_calls: "== 0"}`,
			want: "no mock is built from recorded calls",
		},
		"no self-check": {
			file: `backends: {mocks: [{name: pay, stubs: map.json, gates: {latency_p50: "<= 1s"}}]}`,
			want: "the stubs of pay are mappings",
		},
		"no traffic of a real service": {
			file: `backends: {real: [{name: r, url: "http://127.0.0.1:9", gates: {requests: ">= 1"}}]}`,
			want: "the service r has no traffic",
		},
		"waiver that has ended": {
			file: `quality_gates: {status_pass_rate: {expr: "== 1", waive: {until: 2026-11-19, reason: x}}}`,
			want: "gate status_pass_rate: its waiver ended on 2026-11-19", only: true,
		},
		"waiver that holds": {
			file: `quality_gates: {status_pass_rate: {expr: "== 1", waive: {until: 2026-11-20, reason: x}}}`,
		},
		"all is measured": {
			file: `backends: {mocks: [{name: pay, stubs: out.jsonl, gates: {self_check_rate: "== 1"}}]}` + "\n" +
				`quality_gates: {mock_match_rate: "== 1", missing_calls: "== 0"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "pipeline.yaml")
			for name, content := range map[string]string{
				"pipeline.yaml": "version: 1\n" + tt.file + replayUnless(tt.file),
				"in.jsonl":      inboundLine, "out.jsonl": outboundLine, "map.json": mapping,
			} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, ds := phases.Load(t.Context(), phases.Source{Path: path, Now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)})
			check(t, ds, tt.want, tt.only)
		})
	}
}

func check(t *testing.T, ds spec.Diagnostics, want string, only bool) {
	t.Helper()
	if want == "" {
		if len(ds) > 0 {
			t.Errorf("found %v", ds)
		}
		return
	}
	if len(ds) != 1 || !strings.Contains(ds[0].Message, want) || ds[0].Hint == "" || ds[0].Pos.Line == 0 {
		t.Fatalf("found %v, want one finding with %q", ds, want)
	}
	if got := ds[0].Severity == spec.Warning; got != only {
		t.Errorf("warning: %v, want %v", got, only)
	}
}
