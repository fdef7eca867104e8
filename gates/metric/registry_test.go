package metric

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func declared() []Desc {
	return []Desc{
		{Scope: "replay", Name: "sent", Kind: Counter, Unit: Count, Help: "requests sent", Family: "status"},
		{Scope: "replay", Name: "server_errors", Kind: Counter, Unit: Count, Exposure: "sent"},
		{Scope: "replay", Name: "status_pass_rate", Kind: Rate, Unit: Ratio, Direction: HigherIsBetter},
		{Scope: "replay", Name: "latency", Kind: Distribution, Unit: Seconds, Aliases: []string{"response_time"}},
		{Scope: "mocks", Name: "requests", Kind: Counter, Unit: Count},
		{Scope: "mocks", Name: "match_rate", Kind: Rate, Unit: Ratio, Exposure: "requests"},
		{Scope: "apps", Name: "mem_peak_bytes", Kind: Gauge, Unit: Bytes, Aliases: []string{"mem"}},
		{Scope: "apps", Name: "ready", Kind: Flag},
		{Scope: "endpoint", Name: "latency", Kind: Distribution, Unit: Seconds},
	}
}

func registry(t *testing.T) *Registry {
	t.Helper()
	r, err := New(declared()...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func replay(name string) Ref { return Ref{Scope: "replay", Name: name} }

func TestGet(t *testing.T) {
	app := Ref{Scope: "apps", Subject: "orders", Name: "mem_peak_bytes"}
	mock := Ref{Scope: "mocks", Subject: "pay", Name: "match_rate"}
	tests := map[string]struct {
		record func(*Registry)
		ref    Ref
		want   Point
		absent bool
	}{
		"nothing recorded": {func(*Registry) {}, replay("sent"), Point{}, true},
		"unknown name":     {func(*Registry) {}, replay("snt"), Point{}, true},
		"counter":          {func(r *Registry) { r.Add(replay("sent"), 7) }, replay("sent"), Point{7, 7}, false},
		"counter of zero":  {func(r *Registry) { r.Add(replay("sent"), 0) }, replay("sent"), Point{0, 1}, false},
		"zero without exposed": {
			func(r *Registry) { r.Add(replay("server_errors"), 0) }, replay("server_errors"), Point{}, true,
		},
		"untouched but exposed": {
			func(r *Registry) { r.Add(replay("sent"), 40) }, replay("server_errors"), Point{0, 40}, false,
		},
		"rate 0 of 0": {
			func(r *Registry) { r.Hit(replay("status_pass_rate"), 0, 0) }, replay("status_pass_rate"), Point{}, true,
		},
		"rate": {
			func(r *Registry) { r.Hit(replay("status_pass_rate"), 1, 2); r.Hit(replay("status_pass_rate"), 2, 2) },
			replay("status_pass_rate"),
			Point{0.75, 4},
			false,
		},
		"rate with exposure": {
			func(r *Registry) {
				r.Hit(mock, 90, 100)
				r.Add(Ref{Scope: "mocks", Subject: "pay", Name: "requests"}, 50)
			}, mock, Point{0.9, 50}, false,
		},
		"rate with exposure 0": {func(r *Registry) { r.Hit(mock, 1, 1) }, mock, Point{}, true},
		"gauge by alias": {
			func(r *Registry) { r.Set(app, 5); r.Set(app, 6) },
			Ref{Scope: "apps", Subject: "orders", Name: "mem"},
			Point{6, 2},
			false,
		},
		"flag": {
			func(r *Registry) { r.SetFlag(Ref{Scope: "apps", Subject: "o", Name: "ready"}, true) },
			Ref{Scope: "apps", Subject: "o", Name: "ready"},
			Point{1, 1},
			false,
		},
		"plain distribution has no value": {
			func(r *Registry) { r.Observe(replay("latency"), "", 0.5) }, replay("latency"), Point{}, true,
		},
		"maximum": {
			func(r *Registry) { r.Observe(replay("latency"), "", 0.5) }, replay("latency_max"), Point{0.5, 1}, false,
		},
		"quantile by alias": {
			func(r *Registry) { r.Observe(replay("latency"), "", 0.5) }, replay("response_time_p95"), Point{0.5, 1}, false,
		},
		"mean": {
			func(r *Registry) { r.Observe(replay("latency"), "", 1); r.Observe(replay("latency"), "", 2) },
			replay("latency_mean"),
			Point{1.5, 2},
			false,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := registry(t)
			tt.record(r)
			got, ok := r.Snapshot().Get(tt.ref)
			if ok == tt.absent || got != tt.want && !tt.absent {
				t.Errorf("Get(%s) = %v, %v; want %v, %v", tt.ref, got, ok, tt.want, !tt.absent)
			}
		})
	}
}

func TestQuantiles(t *testing.T) {
	r := registry(t)
	for i := range 1000 {
		r.Observe(replay("latency"), strconv.Itoa(i), float64(i+1)/1000)
	}
	s := r.Snapshot()
	for name, want := range map[string]float64{"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "max": 1} {
		got, ok := s.Get(replay("latency_" + name))
		if !ok || math.Abs(got.Value-want) > want*0.001 || got.N != 1000 {
			t.Errorf("%s = %v, %v; want %v", name, got, ok, want)
		}
	}
}

func TestNotFiniteSpoilsDistribution(t *testing.T) {
	r := registry(t)
	r.Observe(replay("latency"), "a", 0.1)
	r.Observe(replay("latency"), "b", math.Inf(1))
	got, ok := r.Snapshot().Get(replay("latency_p50"))
	if !ok || !math.IsNaN(got.Value) || got.N != 2 {
		t.Errorf("got %v, %v; want NaN of 2", got, ok)
	}
}

func TestRangeIsClamped(t *testing.T) {
	r := registry(t)
	for _, v := range []float64{-1, 0, 1e-9, 1e9} {
		r.Observe(replay("latency"), "", v)
	}
	got, _ := r.Snapshot().Get(replay("latency_p50"))
	if got.Value > 2e-6 || got.N != 4 {
		t.Errorf("p50 = %v; want at most 2 microseconds of 4", got)
	}
}

func TestDeclare(t *testing.T) {
	tests := map[string]struct {
		desc Desc
		want string
	}{
		"same again":         {declared()[0], ""},
		"otherwise":          {Desc{Scope: "replay", Name: "sent", Kind: Gauge}, "already declared otherwise"},
		"alias taken":        {Desc{Scope: "replay", Name: "x", Kind: Gauge, Aliases: []string{"sent"}}, "belongs to sent"},
		"quantile taken":     {Desc{Scope: "replay", Name: "latency_p95", Kind: Gauge}, "already belongs to latency"},
		"bad name":           {Desc{Scope: "replay", Name: "X-1", Kind: Gauge}, "is not a name"},
		"delta":              {Desc{Scope: "replay", Name: "x_delta", Kind: Gauge}, "kept for comparing"},
		"unit":               {Desc{Scope: "replay", Name: "x", Kind: Distribution, Unit: Bytes}, "in seconds"},
		"missing exposure":   {Desc{Scope: "replay", Name: "x", Kind: Gauge, Exposure: "y"}, "not a plain counter"},
		"exposure no number": {Desc{Scope: "replay", Name: "x", Exposure: "latency"}, "not a plain counter"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := registry(t)
			err := r.Declare(tt.desc)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v; want %q", err, tt.want)
			}
			if len(r.Descs("")) != len(declared()) {
				t.Errorf("a refused declaration changed the registry")
			}
		})
	}
}

func TestMisusePanics(t *testing.T) {
	tests := map[string]struct {
		do   func(*Registry)
		want string
	}{
		"undeclared":   {func(r *Registry) { r.Add(replay("typo"), 1) }, "replay.typo is not declared"},
		"wrong kind":   {func(r *Registry) { r.Set(replay("sent"), 1) }, "is a counter and was used as a gauge"},
		"no subject":   {func(r *Registry) { r.Add(Ref{Scope: "mocks", Name: "requests"}, 1) }, "do not go together"},
		"one too many": {func(r *Registry) { r.Add(Ref{"replay", "x", "sent"}, 1) }, "do not go together"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := registry(t)
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tt.want) {
					t.Errorf("panicked with %q; want %q", got, tt.want)
				}
			}()
			tt.do(r)
		})
	}
}

func TestLookup(t *testing.T) {
	tests := map[string]struct {
		name     string
		quantile float64
		ok       bool
	}{
		"quantile": {"latency_p95", 0.95, true},
		"maximum":  {"latency_max", 1, true},
		"mean":     {"response_time_mean", 0, true},
		"counter":  {"sent", 0, true},
		"plain":    {"latency", 0, false},
		"unknown":  {"latency_p42", 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := registry(t)
			_, q, ok := r.Lookup("replay", tt.name)
			_, sq, sok := r.Snapshot().Lookup("replay", tt.name)
			if q != tt.quantile || ok != tt.ok || sq != q || sok != ok {
				t.Errorf("Lookup(%s) = %v, %v; want %v, %v", tt.name, q, ok, tt.quantile, tt.ok)
			}
		})
	}
	got, ok := registry(t).Canonical(replay("response_time_p50"))
	if !ok || got.Name != "latency_p50" {
		t.Errorf("Canonical = %v, %v", got, ok)
	}
}

func TestDropAndReset(t *testing.T) {
	a, b := Ref{"mocks", "a", "requests"}, Ref{"mocks", "b", "requests"}
	fill := func() *Registry {
		r := registry(t)
		r.Add(a, 1)
		r.Add(b, 1)
		r.Add(replay("sent"), 1)
		return r
	}
	tests := map[string]struct {
		do   func(*Registry)
		left []Ref
	}{
		"drop":        {func(r *Registry) { r.Drop("mocks", "a") }, []Ref{b, replay("sent")}},
		"reset scope": {func(r *Registry) { r.Reset("mocks") }, []Ref{replay("sent")}},
		"reset all":   {func(r *Registry) { r.Reset() }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := fill()
			before := r.Snapshot()
			tt.do(r)
			var left []Ref
			for _, e := range r.Snapshot().All() {
				if e.Desc.Exposure == "" {
					left = append(left, e.Ref)
				}
			}
			if diff := cmp.Diff(tt.left, left); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"a", "b"}, r.Subjects("mocks")); diff != "" {
				t.Error(diff)
			}
			if _, ok := before.Get(a); !ok {
				t.Error("an older snapshot changed")
			}
		})
	}
}

func TestSamplesAreBoundedByID(t *testing.T) {
	var ids [2][]string
	for side := range ids {
		r := registry(t)
		for i := range SampleLimit + 5000 {
			n := i
			if side == 1 {
				n = SampleLimit + 4999 - i
			}
			r.Observe(replay("latency"), fmt.Sprintf("req-%d", n), 0.001)
		}
		s := r.Snapshot().Samples(replay("latency_p95"))
		if len(s) != SampleLimit {
			t.Fatalf("kept %d samples; want %d", len(s), SampleLimit)
		}
		for _, one := range s {
			ids[side] = append(ids[side], one.ID)
		}
	}
	if diff := cmp.Diff(ids[0], ids[1]); diff != "" {
		t.Error("two runs over the same traffic kept different requests")
	}
}

func TestConcurrentUse(t *testing.T) {
	r := registry(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				r.Add(replay("sent"), 1)
				r.Observe(replay("latency"), strconv.Itoa(i), 0.01)
				_ = r.Snapshot().All()
				r.Subject("mocks", strconv.Itoa(i%3))
			}
		})
	}
	wg.Wait()
	got, _ := r.Snapshot().Get(replay("sent"))
	if got.Value != 1600 {
		t.Errorf("sent = %v; want 1600", got.Value)
	}
}

func TestSnapshotJSON(t *testing.T) {
	r := registry(t)
	r.Subject("mocks", "idle")
	r.Add(replay("sent"), 3)
	r.Hit(replay("status_pass_rate"), 2, 3)
	r.Set(Ref{"apps", "orders", "mem_peak_bytes"}, math.NaN())
	r.SetFlag(Ref{"apps", "orders", "ready"}, false)
	r.Observe(replay("latency"), "b", 0.2)
	r.Observe(replay("latency"), "a", 0.1)
	r.Observe(Ref{"endpoint", `GET /a"b/{id}`, "latency"}, "a", 0.1)
	first, err := json.Marshal(r.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	var back Snapshot
	if err := json.Unmarshal(first, &back); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(first), string(second)); diff != "" {
		t.Error(diff)
	}
	equal := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if diff := cmp.Diff(r.Snapshot().All(), back.All(), equal); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(r.Snapshot().Samples(replay("latency")), back.Samples(replay("latency"))); diff != "" {
		t.Error(diff)
	}
}

func TestSnapshotJSONRefuses(t *testing.T) {
	for name, src := range map[string]string{
		"not declared": `{"declared":[],"metrics":[{"metric":"replay.sent","value":1}]}`,
		"bad kind":     `{"declared":[{"scope":"a","name":"b","kind":"c"}]}`,
		"bad ref":      `{"metrics":[{"metric":"sent"}]}`,
		"rate":         `{"declared":[{"scope":"a","name":"b","kind":"rate"}],"metrics":[{"metric":"a.b","value":1}]}`,
		"text":         `{"metrics":"x"}`,
		"samples": `{"declared":[{"scope":"a","name":"b","kind":"distribution","unit":"seconds"}],` +
			`"metrics":[{"metric":"a.b","samples":["x"]}]}`,
		"quantiles": `{"declared":[{"scope":"a","name":"b","kind":"distribution","unit":"seconds"}],` +
			`"metrics":[{"metric":"a.b","distribution":{"p50":1}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var s Snapshot
			if err := json.Unmarshal([]byte(src), &s); err == nil {
				t.Error("was accepted")
			}
		})
	}
}

func TestNilSnapshot(t *testing.T) {
	var s *Snapshot
	if _, ok := s.Get(replay("sent")); ok || s.All() != nil || s.Samples(replay("latency")) != nil {
		t.Error("a nil snapshot has values")
	}
}
