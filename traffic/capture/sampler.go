package capture

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
)

// Sampler decides which exchanges are recorded. The zero value takes all of them. It is safe for concurrent
// use.
type Sampler struct {
	// skip is the share that is left out, of spread.
	skip uint64
	by   []string
}

// spread is the range of draws.
const spread = 1 << 53

// NewSampler takes the given share of all exchanges, from 0 to 1. What belongs together is taken together or not
// at all: exchanges are told apart by the first of the named headers that a request has, such as
// Authorization or a header with the id of a client, so that whole sessions are taken; without one of them
// by the trace id that a tracing header, X-Request-Id or X-Correlation-Id has, then by the connection. Behind a
// load balancer, whose few connections are those of many clients, a header should be named. The decision is
// the same in every process with the same share, so that the services of a trace agree.
func NewSampler(share float64, by ...string) (Sampler, error) {
	if !(share >= 0 && share <= 1) {
		return Sampler{}, fmt.Errorf("a share of %v of the traffic: expected 0 to 1", share)
	}
	s := Sampler{skip: uint64((1 - share) * spread)}
	for _, name := range by {
		s.by = append(s.by, http.CanonicalHeaderKey(name))
	}
	return s, nil
}

// Share is the share of exchanges that are taken, to twelve digits: what a share of 0.2 is kept as is a little less.
func (s Sampler) Share() float64 {
	return math.Round(float64(spread-s.skip)/spread*1e12) / 1e12
}

// Take decides for a request with these headers that came on a connection of that name; where neither tells
// requests apart the decision is random.
func (s Sampler) Take(h http.Header, connection string) bool {
	switch s.skip {
	case 0:
		return true
	case spread:
		return false
	}
	key := s.key(h, connection)
	if key == "" {
		return rand.Uint64N(spread) >= s.skip
	}
	return draw(key) >= s.skip
}

// key is what the exchanges that belong together have in common.
func (s Sampler) key(h http.Header, connection string) string {
	for _, name := range s.by {
		if values := h[name]; len(values) > 0 && values[0] != "" {
			return values[0]
		}
	}
	if traced(h) {
		for _, key := range keysOf(h) {
			if key != "" {
				return key
			}
		}
	}
	return connection
}

// traced tells whether one of the headers that keysOf reads is there. Looking at all names once takes half the
// time of looking for each, which is most of what a request costs that is not sampled.
func traced(h http.Header) bool {
	for name := range h {
		switch name {
		case "Traceparent", "X-B3-Traceid", "B3", "X-Amzn-Trace-Id", "Uber-Trace-Id", "X-Datadog-Trace-Id",
			"X-Cloud-Trace-Context", "X-Request-Id", "X-Correlation-Id":
			return true
		}
	}
	return false
}

// draw is a number below spread that is determined by the key: its bytes in words of eight, each mixed in as
// splitmix64 does.
func draw(key string) uint64 {
	sum := mix(uint64(len(key)))
	for len(key) >= 8 {
		sum = mix(sum ^ (uint64(key[0]) | uint64(key[1])<<8 | uint64(key[2])<<16 | uint64(key[3])<<24 |
			uint64(key[4])<<32 | uint64(key[5])<<40 | uint64(key[6])<<48 | uint64(key[7])<<56))
		key = key[8:]
	}
	var rest uint64
	for i := range len(key) {
		rest |= uint64(key[i]) << (8 * i)
	}
	return mix(sum^rest) % spread
}

func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}
