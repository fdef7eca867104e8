package replay

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
)

func decode(t *testing.T, text string) (Config, error) {
	t.Helper()
	doc, ds := spec.Parse("p.yaml", []byte(text), spec.Options{})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	return c, spec.Decode(doc.Root, &c).Err()
}

func TestConfigDecodes(t *testing.T) {
	const text = "{concurrency: 3, time_scale: 10x, max_gap: 1s, rate: 30/m, timeout: 200ms, keep_host: true}"
	c, err := decode(t, text)
	if err != nil {
		t.Fatal(err)
	}
	wantPacing := Pacing{Concurrency: 3, Scale: 10, MaxGap: time.Second, Rate: 0.5}
	if diff := cmp.Diff(wantPacing, c.Pacing()); diff != "" {
		t.Errorf("pacing (-want +got):\n%s", diff)
	}
	wantHTTP := HTTPOptions{Timeout: 200 * time.Millisecond, Connections: 3, KeepHost: true}
	if diff := cmp.Diff(wantHTTP, c.HTTPOptions()); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

func TestConfigRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no scale":    {"time_scale: fast", "time scale is"},
		"a list":      {"time_scale: [1]", "expected a time scale, found a list"},
		"no sessions": {"concurrency: 0", "p.yaml:1:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := decode(t, test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
