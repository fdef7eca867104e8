package correlate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/headgate-dev/headgate/traffic/correlate"
)

func TestSame(t *testing.T) {
	s, _ := play(newCorrelator(t, correlate.DefaultConfig()), []exchange{
		{
			request:  get("/a"),
			recorded: answer(`{"id":"ord_a1b2c3","n_id":4150,"token":"dG9rZW4x=="}`),
			actual:   answer(`{"id":"ord_x9y8z7","n_id":4160,"token":"dG9rZW4y=="}`),
		},
		{request: get("/a/ord_a1b2c3/4150?token=dG9rZW4x%3D%3D")},
	})
	tests := map[string]struct {
		name, recorded, actual string
		want                   bool
	}{
		"equal":                 {"", "x", "x", true},
		"bound":                 {"", "ord_a1b2c3", "ord_x9y8z7", true},
		"not the other way":     {"", "ord_x9y8z7", "ord_a1b2c3", false},
		"address":               {"", "/orders/ord_a1b2c3/items", "/orders/ord_x9y8z7/items", true},
		"address elsewhere":     {"", "/orders/ord_a1b2c3/items", "/carts/ord_x9y8z7/items", false},
		"sentence":              {"", "order ord_a1b2c3 was made", "order ord_x9y8z7 was made", true},
		"part of a token":       {"", "ord_a1b2c3d", "ord_x9y8z7d", false},
		"escaped":               {"", "/a?token=dG9rZW4x%3D%3D&b", "/a?token=dG9rZW4y%3D%3D&b", true},
		"number in an address":  {"", "/n/4150", "/n/4160", true},
		"number in a link":      {"", `<a href="/n/4150">4150</a>`, `<a href="/n/4160">4150</a>`, true},
		"number in a page":      {"", `<a href="/n/4150">4150</a>`, `<a href="/n/4160">4160</a>`, false},
		"number as an amount":   {"total", "4150", "4160", false},
		"number without a name": {"", "4150", "4160", false},
		"number as an id":       {"n_id", "4150", "4160", true},
		"unknown":               {"", "ord_q1q1q1", "ord_x9y8z7", false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := s.SameMember(tc.name, tc.recorded, tc.actual); got != tc.want {
				t.Errorf("SameMember = %t, want %t", got, tc.want)
			}
		})
	}
}

func TestBindingsAndUnbound(t *testing.T) {
	failed := answer(`{"error":"x"}`)
	failed.Status = 500
	s, _ := play(newCorrelator(t, correlate.DefaultConfig()), []exchange{
		{
			request:  get("/a"),
			recorded: answer(`{"id":"ord_a1b2c3","gone":{"id":"g1g2g3"},"other":[{"id":"o1o2o3"}]}`),
			actual:   answer(`{"id":"ord_x9y8z7","other":[{"id":"an error"}]}`),
		},
		{request: get("/a/ord_a1b2c3"), recorded: answer(`{"token":"t1t2t3t4"}`), actual: failed},
		{request: get("/a/ord_a1b2c3/g1g2g3?o=o1o2o3&token=t1t2t3t4"), recorded: answer(`{}`)},
	})
	bindings := []correlate.Binding{
		{Recorded: "ord_a1b2c3", Actual: "ord_x9y8z7", Where: "response 1 $.id", Uses: 2},
	}
	if d := cmp.Diff(bindings, s.Bindings(), cmpopts.IgnoreTypes(correlate.Site{})); d != "" {
		t.Errorf("bindings (-want +got):\n%s", d)
	}
	unbound := []correlate.Unbound{
		{Recorded: "g1g2g3", Where: "response 1 $.gone.id", UsedBy: 2, Reason: "the answer has nothing there"},
		{
			Recorded: "o1o2o3", Where: "response 1 $.other[0].id", UsedBy: 2,
			Reason: `got "an error", which is of another form`,
		},
		{
			Recorded: "t1t2t3t4", Where: "response 2 $.token", UsedBy: 2,
			Reason: "answered 500 where 200 was recorded",
		},
	}
	if d := cmp.Diff(unbound, s.Unbound(), cmpopts.IgnoreTypes(correlate.Site{})); d != "" {
		t.Errorf("unbound (-want +got):\n%s", d)
	}
}

func TestOffAndExcept(t *testing.T) {
	exchanges := func() []exchange {
		return []exchange{
			{
				request:  get("/a"),
				recorded: answer(`{"id":"ord_a1b2c3","meta":{"key":"k1k2k3k4"}}`),
				actual:   answer(`{"id":"ord_x9y8z7","meta":{"key":"z1z2z3z4"}}`),
			},
			{request: get("/a/ord_a1b2c3/k1k2k3k4")},
		}
	}
	tests := map[string]struct {
		config correlate.Config
		want   string
	}{
		"auto": {correlate.DefaultConfig(), "/a/ord_x9y8z7/z1z2z3z4"},
		"off":  {correlate.Config{Mode: correlate.Off}, "/a/ord_a1b2c3/k1k2k3k4"},
		"except": {
			correlate.Config{Mode: correlate.Auto, Except: []correlate.Place{{Path: "$.meta"}}},
			"/a/ord_x9y8z7/k1k2k3k4",
		},
		"filter": {
			correlate.Config{Except: []correlate.Place{{Path: "$[?@.key]"}, {Path: "$.id"}}}, "/a/ord_a1b2c3/k1k2k3k4",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, sent := play(newCorrelator(t, tc.config), exchanges())
			if sent[1] != tc.want {
				t.Errorf("sent %s, want %s", sent[1], tc.want)
			}
		})
	}
}

func TestMissingResponses(t *testing.T) {
	exchanges := []exchange{
		{request: get("/a"), recorded: answer(`{"id":"a1b2c3"}`)},
		{request: get("/a"), actual: answer(`{"id":"a1b2c3"}`)},
		{request: get("/a/a1b2c3")},
	}
	s, _ := play(newCorrelator(t, correlate.DefaultConfig()), exchanges)
	want := []correlate.Unbound{
		{Recorded: "a1b2c3", Where: "response 1 $.id", UsedBy: 2, Reason: "there was no answer"},
	}
	if d := cmp.Diff(want, s.Unbound(), cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(correlate.Site{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Bytes in hexadecimal may have hardly a digit; they are ids under any name.
func TestHexIsIssued(t *testing.T) {
	tests := map[string]struct{ recorded, actual, want string }{
		"one digit": {"ord_befcfbe2", "ord_0a1b2c3d", "/a/ord_0a1b2c3d"},
		"no digit":  {"ord_befcfbea", "ord_0a1b2c3d", "/a/ord_0a1b2c3d"},
		"now none":  {"ord_0a1b2c3d", "ord_befcfbea", "/a/ord_befcfbea"},
		"a word":    {"ord_facade2", "ord_decade3", "/a/ord_facade2"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, sent := play(newCorrelator(t, correlate.DefaultConfig()), []exchange{
				{
					request:  get("/a"),
					recorded: answer(`{"ref":"` + tc.recorded + `"}`), actual: answer(`{"ref":"` + tc.actual + `"}`),
				},
				{request: get("/a/" + tc.recorded)},
			})
			if sent[1] != tc.want {
				t.Errorf("sent %s, want %s", sent[1], tc.want)
			}
		})
	}
}
