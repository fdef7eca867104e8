package spec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
)

type base struct {
	Name string `yaml:"name" jsonschema:"required"`
	Kind string `yaml:"kind" jsonschema:"enum=http,enum=db"`
}

type inner struct {
	Path string `yaml:"path" jsonschema:"required,example=/healthz"`
}

type latency struct{ Word string }

func (l *latency) UnmarshalSpec(n *spec.Node) (ds spec.Diagnostics) {
	if n.Text() == "" {
		ds.Errorf(n.Pos(), "", "no latency")
		return ds
	}
	l.Word = n.Text()
	return nil
}

type settings struct {
	base        `yaml:",inline"`
	Port        int               `yaml:"port" jsonschema:"minimum=1,maximum=65535"`
	Small       uint8             `yaml:"small"`
	Share       float64           `yaml:"share" jsonschema:"exclusiveMinimum=0"`
	On          bool              `yaml:"on"`
	Timeout     spec.Duration     `yaml:"timeout" jsonschema:"minimum=1"`
	Memory      spec.Bytes        `yaml:"memory"`
	Rate        spec.Rate         `yaml:"rate"`
	Sample      spec.Ratio        `yaml:"sample"`
	Since       time.Time         `yaml:"since"`
	Seed        spec.Strings      `yaml:"seed"`
	Env         map[string]string `yaml:"env"`
	Probe       *inner            `yaml:"probe"`
	Probes      []inner           `yaml:"probes" jsonschema:"minItems=1"`
	Modes       []string          `yaml:"modes" jsonschema:"enum=a,enum=b"`
	Latency     latency           `yaml:"latency"`
	Raw         *spec.Node        `yaml:"raw"`
	Any         map[string]any    `yaml:"any"`
	Ignored     string            `yaml:"-"`
	NotInTheRun string
}

func TestDecode(t *testing.T) {
	doc := parse(t, `
name: 1.10
kind: db
port: ${PORT}
small: 255
share: 0.5
on: true
timeout: 1m30s
memory: 512MiB
rate: 30/m
sample: 10%
since: 2026-11-01T00:00:00Z
seed: one.sql
env: {A: 1, B: true, C: 007}
probe: {path: /a}
probes: [{path: /b}, {path: /c}]
modes: [a, b, a]
latency: recorded
raw: {x: [1]}
any: {a: [1, x, true, 1.5, null], b: "1"}
`, spec.Options{Vars: map[string]string{"PORT": "8080"}})
	var got settings
	if ds := spec.Decode(doc.Root, &got); len(ds) > 0 {
		t.Fatal(ds)
	}
	if got.Raw.Key("x").Items()[0].Text() != "1" {
		t.Error("the raw node is not there")
	}
	got.Raw = nil
	want := settings{
		base: base{"1.10", "db"}, Port: 8080, Small: 255, Share: 0.5, On: true,
		Timeout: spec.Duration(90 * time.Second), Memory: 512 << 20, Rate: 0.5, Sample: 0.1,
		Since: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Seed: spec.Strings{"one.sql"},
		Env: map[string]string{"A": "1", "B": "true", "C": "007"}, Probe: &inner{"/a"},
		Probes: []inner{{"/b"}, {"/c"}}, Modes: []string{"a", "b", "a"}, Latency: latency{"recorded"},
		Any: map[string]any{"a": []any{int64(1), "x", true, 1.5, nil}, "b": "1"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(settings{})); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"near key": {"prot: 1", "2:1: unknown key \"prot\" | did you mean port?"},
		"far key": {
			"qqqqqq: 1",
			"2:1: unknown key \"qqqqqq\"" +
				" | known keys: name, kind, port, small, share, on, timeout, memory, rate, " +
				"sample, since, seed, env, probe, probes, modes, latency, raw, any",
		},
		"enum":           {"kind: htp", "2:7: kind is one of http, db, found \"htp\" | did you mean http?"},
		"enum in a list": {"modes: [a, c]", "2:12: modes is one of a, b, found \"c\""},
		"text for number": {
			"port: many",
			"2:7: expected a whole number, found the text \"many\" | write for example 10",
		},
		"quoted number": {
			`port: "80"`,
			"2:7: expected a whole number, found the text \"80\" | leave the quotes out: 80",
		},
		"fraction": {
			"port: 1.5",
			"2:7: expected a whole number, found the number 1.5 | write for example 10",
		},
		"leading zero": {
			"port: 08080",
			"2:7: the number 08080 starts with 0 | leave the zeros at its start out",
		},
		"too small": {"port: 0", "2:7: port must be at least 1, found 0"},
		"too large": {"port: 70000", "2:7: port must be at most 65535, found 70000"},
		"overflow":  {"small: 256", "2:8: the number 256 is out of range"},
		"huge":      {"port: 99999999999999999999", "2:7: the number 99999999999999999999 is out of range"},
		"NaN": {
			"share: .nan",
			"2:8: expected a number, found the text \".nan\" | write for example 0.98",
		},
		"exclusive": {"share: 0", "2:8: share must be greater than 0, found 0"},
		"bool":      {"on: yes", "2:5: expected true or false, found the text \"yes\" | write true"},
		"no unit":   {"timeout: 5", "2:10: the duration \"5\" has no unit, write 5s or 5ms"},
		"bad unit": {
			"timeout: 5 parsecs",
			"2:10: \"5 parsecs\" is not a duration, write for example 200ms, 5s, 1m30s or 2h",
		},
		"short":     {"timeout: 5ms", "2:10: timeout must be at least 1s, found 5ms"},
		"size":      {"memory: 5", "2:9: the size \"5\" has no unit, write 5MiB or 5B"},
		"size unit": {"memory: 5mb", "2:9: \"5mb\" is not a size, write for example 512KB, 64MiB or 2GiB"},
		"rate":      {"rate: 5/day", "2:7: \"5/day\" is not a rate, write for example 500/s or 30/m"},
		"ratio": {
			"sample: 110%",
			"2:9: the share \"110%\" is not between 0% and 100%; 0.1 and 10% are the same",
		},
		"time": {
			"since: 2026-11-01",
			"2:8: \"2026-11-01\" is not a time | write date, time and zone, such as 2026-11-01T00:00:00Z",
		},
		"list for text": {"kind: [a]", "2:7: expected a text, found a list"},
		"ternary as map": {
			"kind:\n  a ? 1 : 2",
			"3:3: expected a text, found a mapping | quote the expression: \"a ? 1: ...\"",
		},
		"text for struct": {
			"probe: /healthz",
			"2:8: expected a mapping with keys such as path, found the text \"/healthz\"",
		},
		"text for list": {"probes: x", "2:9: expected a list, found the text \"x\" | write for example [a, b]"},
		"text for map": {
			"env: x",
			"2:6: expected a mapping, found the text \"x\" | write for example {key: value}",
		},
		"map for texts": {
			"seed: {a: b}",
			"2:7: expected a text or a list of texts, found a mapping" +
				" | write for example \"a\" or [\"a\", \"b\"]",
		},
		"missing":        {"probe: {}", "2:8: the key path is missing | write for example path: /healthz"},
		"missing, empty": {"probe: {path: }", "2:9: the key path is missing | write for example path: /healthz"},
		"no value":       {"kind:", "2:1: kind has no value | give it a value, or leave the key out"},
		"unmarshaler":    {"latency:", "2:9: no latency"},
		"few items":      {"probes: []", "2:9: probes has 0 of at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, "name: x\n"+tc.src+"\n", spec.Options{})
			var got settings
			if diff := cmp.Diff([]string{tc.want}, lines(spec.Decode(doc.Root, &got))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeReportsAllAndFillsTheRest(t *testing.T) {
	doc := parse(t, "kind: htp\nport: 80\nprobes:\n  - path: /a\n  - pth: /b\n", spec.Options{})
	var got settings
	want := []string{
		`1:1: the key name is missing | add name: ...`,
		`1:7: kind is one of http, db, found "htp" | did you mean http?`,
		`5:5: unknown key "pth" | did you mean path?`,
	}
	ds := spec.Decode(doc.Root, &got)
	seen := map[string]bool{}
	for _, line := range lines(ds) {
		seen[line] = true
	}
	for _, line := range want {
		if !seen[line] {
			t.Errorf("not reported: %s", line)
		}
	}
	if len(ds) != len(want) || got.Port != 80 || got.Probes[0].Path != "/a" {
		t.Errorf("%d findings, port %d, probes %v", len(ds), got.Port, got.Probes)
	}
}

func TestDecodeKeepsDefaults(t *testing.T) {
	got := settings{Port: 1, Env: map[string]string{"A": "1"}, Probe: &inner{"/default"}, Probes: []inner{{"/a"}}}
	doc := parse(t, "name: x\nenv:\nprobe:\nprobes:\n", spec.Options{})
	if ds := spec.Decode(doc.Root, &got); len(ds) > 0 {
		t.Fatal(ds)
	}
	if got.Port != 1 || got.Env["A"] != "1" || got.Probe.Path != "/default" || len(got.Probes) != 1 {
		t.Errorf("defaults are gone: %+v", got)
	}
}

func TestDecodeInlineMap(t *testing.T) {
	var got struct {
		Canary inner             `yaml:"canary"`
		Gates  map[string]string `yaml:",inline"`
	}
	doc := parse(t, "canary: {path: /a}\nmatch_rate: \">= 1\"\nother: x\n", spec.Options{})
	if ds := spec.Decode(doc.Root, &got); len(ds) > 0 {
		t.Fatal(ds)
	}
	want := map[string]string{"match_rate": ">= 1", "other": "x"}
	if diff := cmp.Diff(want, got.Gates); diff != "" || got.Canary.Path != "/a" {
		t.Errorf("gates (-want +got):\n%s", diff)
	}
}

// What was reported while reading is not reported again while decoding.
func TestDecodeIsQuietAboutReported(t *testing.T) {
	doc, ds := spec.Parse("run.yaml", []byte("name: x\nport: ${NOPE}\ntimeout: ${NOPE}\n"), spec.Options{})
	if len(ds) != 2 {
		t.Fatal(ds)
	}
	var got settings
	if ds := spec.Decode(doc.Root, &got); len(ds) > 0 {
		t.Error(ds)
	}
}

func TestDecodeHidesSecrets(t *testing.T) {
	o := spec.Options{Env: environment(map[string]string{"API_KEY": "s3cr3t"})}
	for _, key := range []string{"port", "timeout", "kind", "on", "since", "share", "probe", "memory"} {
		var got settings
		doc := parse(t, "name: x\n"+key+": ${env.API_KEY}\n", o)
		ds := spec.Decode(doc.Root, &got)
		if len(ds) == 0 || strings.Contains(strings.Join(lines(ds), " "), "s3cr3t") {
			t.Errorf("%s: %v", key, lines(ds))
		}
	}
}

func TestDecodePanicsOnWrongTargets(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a value that is no pointer is taken")
		}
	}()
	spec.Decode(nil, settings{})
}

func largeRunFile() []byte {
	var b strings.Builder
	b.WriteString("items:\n")
	for i := range 200 {
		fmt.Fprintf(&b, "  - name: item-%d\n    port: 80\n    timeout: 5s\n    env:\n      URL: ${TAG}-${env.X:-y}\n", i)
	}
	return []byte(b.String())
}

func BenchmarkParseAndDecode(b *testing.B) {
	src := largeRunFile()
	b.SetBytes(int64(len(src)))
	for b.Loop() {
		var got struct {
			Items []settings `yaml:"items"`
		}
		doc, ds := spec.Parse("run.yaml", src, spec.Options{Vars: map[string]string{"TAG": "x"}})
		ds.Add(spec.Decode(doc.Root, &got))
		if ds.Err() != nil || len(got.Items) != 200 {
			b.Fatal(ds)
		}
	}
}
