package gates

import (
	"testing"

	"github.com/headgate-dev/headgate/engine/spec"
)

func TestBlock(t *testing.T) {
	type config struct {
		Name  string `yaml:"name"`
		Gates Block  `yaml:"gates"`
	}
	tests := map[string]struct {
		src   string
		gates int
		ok    bool
	}{
		"gates":     {`{name: x, gates: {sent: ">= 1", error_rate: "<= 0.1"}}`, 2, true},
		"none":      {`{name: x}`, 0, true},
		"nothing":   {`{name: x, gates: }`, 0, true},
		"not a map": {`{name: x, gates: [sent]}`, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var c config
			ds := spec.Decode(node(t, tt.src), &c)
			if (ds.Err() == nil) != tt.ok {
				t.Fatalf("findings: %s", findings(ds))
			}
			programs, ds := Parse(c.Gates.Node, replayScope(t))
			if len(programs) != tt.gates || len(ds) > 0 {
				t.Errorf("%d gates: %s", len(programs), findings(ds))
			}
		})
	}
}

// Traps of YAML are found by the reader of the file or here, and never become another gate.
func TestYAMLTraps(t *testing.T) {
	for _, src := range []string{
		"sent: >= 5", "sent: > 5", "sent: !x 5", "g: {expr: sent > 5 # and error_rate < 1\n}", "g: {expr: !sent}",
		"sent: '>= 5", "sent: %5", "sent: .nan", "sent: .inf", "sent: ~", "sent: 5", "correlated: yes", "sent: - 5",
	} {
		doc, ds := spec.Parse("run.yaml", []byte(src), spec.Options{})
		_, found := Parse(doc.Root, replayScope(t))
		ds.Add(found)
		if ds.Err() == nil {
			t.Errorf("%q was accepted", src)
		}
		t.Logf("%q:\n%s", src, findings(ds))
	}
}
