package correlate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic/correlate"
)

func decode(t *testing.T, src string) (correlate.Config, spec.Diagnostics) {
	t.Helper()
	document, ds := spec.Parse("pipeline.yaml", []byte(src), spec.Options{})
	if err := ds.Err(); err != nil {
		t.Fatal(err)
	}
	block := struct {
		Correlate correlate.Config `yaml:"correlate"`
	}{correlate.DefaultConfig()}
	ds = spec.Decode(document.Root, &block)
	return block.Correlate, ds
}

func TestConfigDecodes(t *testing.T) {
	tests := map[string]struct {
		src  string
		want correlate.Config
	}{
		"auto":    {`correlate: auto`, correlate.Config{Mode: correlate.Auto}},
		"off":     {`correlate: off`, correlate.Config{Mode: correlate.Off}},
		"quoted":  {`correlate: "off"`, correlate.Config{Mode: correlate.Off}},
		"default": {`{}`, correlate.Config{Mode: correlate.Auto}},
		"mapping": {
			`correlate: {mode: auto, except: ["$.status", "$..x"]}`,
			correlate.Config{Mode: correlate.Auto, Except: []correlate.Place{{Path: "$.status"}, {Path: "$..x"}}},
		},
		"places": {
			`correlate: {carry: ["$.no", header.X-Place, {path: cookie.cart, endpoint: "POST /carts"}]}`,
			correlate.Config{Mode: correlate.Auto, Carry: []correlate.Place{
				{Path: "$.no"}, {Path: "header.X-Place"}, {Path: "cookie.cart", Endpoint: "POST /carts"},
			}},
		},
		"only except": {
			`correlate: {except: ["$.status"]}`, correlate.Config{
				Mode:   correlate.Auto,
				Except: []correlate.Place{{Path: "$.status"}},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, ds := decode(t, tc.src)
			if err := ds.Err(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"mode":        {`correlate: on`, `1:12: found "on", expected auto or off`},
		"inner mode":  {`correlate: {mode: some}`, `found "some", expected auto or off`},
		"list":        {`correlate: [auto]`, `found a list, expected auto or off`},
		"key":         {`correlate: {modes: auto}`, `unknown key "modes"`},
		"path":        {`correlate: {except: ["$."]}`, `1:22: `},
		"kind":        {`correlate: {carry: [query.a]}`, `1:21: found "query.a", expected a place in answers`},
		"place key":   {`correlate: {carry: [{at: $.a}]}`, `unknown key "at", expected path or endpoint`},
		"no path":     {`correlate: {carry: [{endpoint: GET /}]}`, `expected a place in answers`},
		"nested":      {`correlate: {carry: [[$.a]]}`, `found a list, expected a place in answers`},
		"except text": {`correlate: {except: "$.a"}`, `expected a list of places`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, ds := decode(t, tc.src)
			if err := ds.Err(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]struct {
		config correlate.Config
		want   string
	}{
		"mode":  {correlate.Config{Mode: "on"}, `correlate.mode "on"`},
		"paths": {correlate.Config{Except: []correlate.Place{{Path: "$.a"}, {Path: "$["}}}, "correlate.except: $["},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := correlate.New(tc.config); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}
