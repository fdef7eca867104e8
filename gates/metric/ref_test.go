package metric

import "testing"

func TestRefString(t *testing.T) {
	tests := map[string]struct {
		ref  Ref
		want string
	}{
		"plain":    {Ref{"replay", "", "latency_p95"}, "replay.latency_p95"},
		"subject":  {Ref{"mocks", "payment-api", "match_rate"}, `mocks["payment-api"].match_rate`},
		"endpoint": {Ref{"endpoint", "GET /orders/{id}", "latency_p95"}, `endpoint("GET /orders/{id}").latency_p95`},
		"quoted":   {Ref{"apps", `a"]\`, "x"}, `apps["a\"]\\"].x`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.ref.String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			back, err := ParseRef(tt.want)
			if err != nil || back != tt.ref {
				t.Errorf("ParseRef = %#v, %v", back, err)
			}
		})
	}
}

func TestParseRefRefuses(t *testing.T) {
	for _, s := range []string{
		"", "x", "replay.", ".x", "replay.a.b", `replay["x"].y`, "mocks.x", `mocks["x"]`, `mocks["x].y`,
		`mocks("x").y`, `endpoint["x"].y`, `mocks["x"].y z`, `mocks['x'].y`, "a b.c",
	} {
		if r, err := ParseRef(s); err == nil && r.String() != s {
			t.Errorf("ParseRef(%q) = %#v; want an error", s, r)
		}
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add(`mocks["payment-api"].match_rate`)
	f.Add(`endpoint("GET /orders/{id}").latency_p95`)
	f.Add("replay.x")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseRef(s)
		if err != nil {
			return
		}
		again, err := ParseRef(r.String())
		if err != nil || again != r {
			t.Errorf("%q -> %#v -> %q -> %#v, %v", s, r, r.String(), again, err)
		}
	})
}
