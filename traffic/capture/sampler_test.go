package capture

import (
	"fmt"
	"math"
	"net/http"
	"testing"
)

func TestSamplerShare(t *testing.T) {
	for _, share := range []float64{0, 0.01, 0.1, 0.2, 0.5, 1} {
		s, err := NewSampler(share)
		if err != nil {
			t.Fatal(err)
		}
		if s.Share() != share {
			t.Errorf("the share of %v is %v", share, s.Share())
		}
		const n = 100_000
		sources := map[string]func(i int) bool{
			"traces": func(i int) bool {
				return s.Take(http.Header{"Traceparent": {fmt.Sprintf("00-%032x-00f067aa0ba902b7-01", i+1)}}, "")
			},
			"connections": func(i int) bool { return s.Take(nil, fmt.Sprintf("10.0.0.1:%d", i)) },
			"nothing":     func(int) bool { return s.Take(nil, "") },
		}
		for name, take := range sources {
			taken := 0
			for i := range n {
				if take(i) {
					taken++
				}
			}
			if slack := 5 * math.Sqrt(n*share*(1-share)); math.Abs(float64(taken)-n*share) > slack {
				t.Errorf("of %s %d are taken at %v", name, taken, share)
			}
		}
	}
}

func TestSamplerTogether(t *testing.T) {
	s, err := NewSampler(0.5, "authorization")
	if err != nil {
		t.Fatal(err)
	}
	type came struct {
		header     http.Header
		connection string
	}
	same := map[string]func(id string) [2]came{
		"header named": func(id string) [2]came {
			return [2]came{
				{http.Header{"Authorization": {id}, "Traceparent": {traceA}}, "a"}, {http.Header{"Authorization": {id}}, "b"},
			}
		},
		"request id": func(id string) [2]came {
			return [2]came{{http.Header{"X-Request-Id": {id}}, "a"}, {http.Header{"X-Request-Id": {id}}, "b"}}
		},
		"connection": func(id string) [2]came {
			return [2]came{{http.Header{"Accept": {"x"}}, id}, {nil, id}}
		},
	}
	for name, pair := range same {
		t.Run(name, func(t *testing.T) {
			taken := 0
			for i := range 1000 {
				p := pair(fmt.Sprintf("id-%d", i))
				a, b := s.Take(p[0].header, p[0].connection), s.Take(p[1].header, p[1].connection)
				if a != b {
					t.Fatalf("%d: one is taken and the other is not", i)
				}
				if a {
					taken++
				}
			}
			if taken < 400 || taken > 600 {
				t.Errorf("%d of 1000 are taken", taken)
			}
		})
	}
}

func TestSamplerBadShare(t *testing.T) {
	for _, share := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1)} {
		if _, err := NewSampler(share); err == nil {
			t.Errorf("a share of %v is taken", share)
		}
	}
}

func TestZeroSampler(t *testing.T) {
	if (Sampler{}).Share() != 1 || !(Sampler{}).Take(nil, "") {
		t.Error("the zero value leaves something out")
	}
}

// Every header that keysOf reads is one that the sampler looks for.
func TestSamplerHeaders(t *testing.T) {
	for name, value := range map[string]string{
		"Traceparent": traceA, "X-B3-Traceid": "a", "B3": "a-b-1", "X-Amzn-Trace-Id": "Root=1-a", "Uber-Trace-Id": "a:b:0:1",
		"X-Datadog-Trace-Id": "7", "X-Cloud-Trace-Context": "a/1", "X-Request-Id": "a", "X-Correlation-Id": "a",
	} {
		h := http.Header{name: {value}}
		if keysOf(h) == (keys{}) || !traced(h) {
			t.Errorf("%s: keys %q, looked for %v", name, keysOf(h), traced(h))
		}
	}
}
