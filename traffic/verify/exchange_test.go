package verify_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// with changes a record.
func with(r *traffic.Record, change func(*traffic.Record)) *traffic.Record {
	change(r)
	return r
}

type values = map[string]float64

func TestOneExchange(t *testing.T) {
	answered := func(more values) values {
		all := values{
			"coverage": 1, "sent": 1, "compared": 1, "requests": 1, "error_rate": 0, "new_differences": 0,
			"server_errors": 0, "status_pass_rate": 1, "body_match_rate": 1, "response_match_rate": 1,
		}
		for name, v := range more {
			all[name] = v
			if v < 0 {
				delete(all, name)
			}
		}
		return all
	}
	lost := values{
		"compared": -1, "error_rate": 1, "new_differences": 1, "status_pass_rate": 0, "body_match_rate": 0,
		"response_match_rate": 0,
	}
	const body = `{"a":1,"b":2}`
	cases := map[string]struct {
		record  *traffic.Record
		handler http.Handler
		bucket  replay.Bucket
		want    values
		line    map[string]any
	}{
		"as recorded": {
			exchange("1", "/x", 200, body), answer(200, `{"b":2, "a":1}`), replay.Matched, answered(nil),
			map[string]any{"recorded_status": 200.0, "status": 200.0, "fields": 2.0, "fields_matched": 2.0},
		},
		"a field differs": {
			exchange("1", "/x", 200, body), answer(200, `{"a":1,"b":3}`), replay.Differed,
			answered(values{"body_match_rate": 0.5, "response_match_rate": 0, "new_differences": 1}),
			map[string]any{"differences": 1.0, "fields": 2.0, "fields_matched": 1.0},
		},
		"another status": {
			exchange("1", "/x", 200, body), answer(404, body), replay.StatusDiffered,
			answered(values{
				"status_pass_rate": 0, "body_match_rate": 0, "response_match_rate": 0, "new_differences": 1,
			}),
			map[string]any{"status": 404.0, "recorded_status": 200.0},
		},
		"a recorded error is right": {
			exchange("1", "/x", 404, body), answer(404, body), replay.Matched, answered(nil), nil,
		},
		"unexpected 5xx": {
			exchange("1", "/x", 200, body), answer(500, body), replay.StatusDiffered,
			answered(values{
				"status_pass_rate": 0, "body_match_rate": 0, "response_match_rate": 0, "new_differences": 1,
				"error_rate": 1, "server_errors": 1,
			}),
			nil,
		},
		"recorded 5xx": {
			exchange("1", "/x", 503, body), answer(503, body), replay.Matched, answered(nil), nil,
		},
		"no answer": {
			exchange("1", "/x", 200, body), cut(), replay.TransportError, answered(lost),
			map[string]any{"status": nil},
		},
		"too late": {
			exchange("1", "/x", 200, body), stall(), replay.TimedOut, answered(lost),
			map[string]any{"error": "GET /x: request timed out (300ms)"},
		},
		"nothing recorded": {
			with(exchange("1", "/x", 200, ""), func(r *traffic.Record) { r.Response = nil }),
			answer(200, body), replay.Matched,
			answered(values{
				"compared": -1, "status_pass_rate": -1, "body_match_rate": -1, "response_match_rate": -1,
			}),
			map[string]any{"not_compared": "the recording holds no response", "fields": 0.0},
		},
		"nothing recorded, 5xx": {
			with(exchange("1", "/x", 200, ""), func(r *traffic.Record) { r.Response = nil }),
			answer(500, body), replay.Matched,
			answered(values{
				"compared": -1, "status_pass_rate": -1, "body_match_rate": -1, "response_match_rate": -1,
				"error_rate": 1, "server_errors": 1,
			}),
			nil,
		},
		"response cut off at capture": {
			with(exchange("1", "/x", 200, ""), func(r *traffic.Record) {
				r.Response.Header.Set(traffic.TruncatedHeader, "99")
			}),
			answer(200, body), replay.Matched, answered(values{"compared": -1, "body_match_rate": -1}),
			map[string]any{"not_compared": "the recorded body was cut off at capture"},
		},
		"request cut off at capture": {
			with(exchange("1", "/x", 200, body), func(r *traffic.Record) {
				r.Request.Header.Set(traffic.TruncatedHeader, "99")
			}),
			answer(200, body), replay.Skipped,
			values{"coverage": 0},
			map[string]any{"error": "cannot be replayed: its body was cut off at capture"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := begin(t, simple, c.handler, c.record)
			s.rest(t.Context(), t)
			if diff := cmp.Diff(map[replay.Bucket]int{c.bucket: 1}, s.counts()); diff != "" {
				t.Error(diff)
			}
			names := []string{
				"coverage", "sent", "compared", "requests", "error_rate", "new_differences", "server_errors",
				"status_pass_rate", "body_match_rate", "response_match_rate",
			}
			got := s.values(names...)
			for _, zero := range []string{"compared", "new_differences", "server_errors"} {
				if got[zero] == 0 {
					delete(got, zero)
				}
				if c.want[zero] == 0 {
					delete(c.want, zero)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			told := lines(t, &s.results)
			if len(told) != 1 || told[0]["id"] != "1" || told[0]["endpoint"] != "GET /x" ||
				told[0]["bucket"] != string(c.bucket) {
				t.Fatalf("results: %v", told)
			}
			for key, want := range c.line {
				if told[0][key] != want {
					t.Errorf("%s is %v, want %v", key, told[0][key], want)
				}
			}
			wantPlayed := len(c.want) > 1 && c.bucket != replay.TransportError && c.bucket != replay.TimedOut
			if played := slices.Equal(s.played, []string{"1"}); played != wantPlayed {
				t.Errorf("played %q", s.played)
			}
		})
	}
}
