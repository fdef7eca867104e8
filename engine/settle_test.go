package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
)

func TestSettle(t *testing.T) {
	died := errors.New("it died")
	why := func() error { return died }
	ended, lives := make(chan struct{}), make(chan struct{})
	close(ended)
	late := make(chan struct{})
	tests := map[string]struct {
		guards []<-chan struct{}
		want   error
		// before is done once Settle may be waiting.
		before func()
	}{
		"nothing is guarded": {},
		"all of it lives":    {guards: []<-chan struct{}{lives, lives}},
		"one has ended":      {guards: []<-chan struct{}{lives, ended}, want: died},
		"one ends late":      {guards: []<-chan struct{}{late, lives}, want: died, before: func() { close(late) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			registry, err := metric.New()
			if err != nil {
				t.Fatal(err)
			}
			r, err := engine.NewRun(engine.Options{ID: "x", Dir: t.TempDir(), Clock: time.Now}, registry)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range tt.guards {
				r.Guard(g, why)
			}
			limit := 20 * time.Millisecond
			if tt.before != nil {
				limit = time.Minute
				go tt.before()
			}
			if got := r.Settle(t.Context(), limit); !errors.Is(got, tt.want) {
				t.Errorf("Settle = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestLoadRefusesVariablesThatGoNowhere(t *testing.T) {
	const file = "version: 1\nvars: {TAG: a}\nname: x-${TAG}-${BRANCH:-main}\nreplay: {target: x, traffic: y}\n"
	tests := map[string]struct{ name, want string }{
		"declared": {"TAG", ""}, "with a default": {"BRANCH", ""},
		"mistyped": {"TGA", "a value is given for TGA, but the run file has no ${TGA}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/pipeline.yaml"
			write(t, path, file)
			_, ds := engine.Load(path, map[string]string{tt.name: "v"}, nil)
			if (ds.Err() != nil) != (tt.want != "") || !strings.Contains(ds.Error(), tt.want) {
				t.Errorf("got %v, want %q", ds, tt.want)
			}
			if tt.want != "" && ds[0].Hint != "did you mean TAG?" {
				t.Errorf("the hint is %q", ds[0].Hint)
			}
		})
	}
}
