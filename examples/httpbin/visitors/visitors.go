package main

import (
	"fmt"
	"net/http"
	"slices"
)

// visitor is one user of the service and one session.
type visitor struct {
	name string
	// forwarded is the address that the proxy in front of the service saw; empty for who comes
	// directly.
	forwarded string
	steps     []step
}

// visitors are all who walk: nine through the proxy of a deployed service, and three monitors that come
// directly. Addresses are of the block for documentation (RFC 5737).
func visitors() []visitor {
	tours := [][]step{
		echoes(), statuses(), cookies(), credentials(), documents(), codings(), identifiers(), caches(),
		chunks(), redirects(), headers(), odds(),
	}
	var all []visitor
	for i := range 9 {
		v := visitor{name: fmt.Sprintf("visitor-%d", i), forwarded: fmt.Sprintf("203.0.113.%d", 10+i)}
		for k := range 3 {
			v.steps = append(v.steps, tours[(i+4*k)%len(tours)]...)
		}
		all = append(all, v)
	}
	for i := range 3 {
		all = append(all, visitor{name: fmt.Sprintf("monitor-%d", i), steps: direct()})
	}
	for i := range all {
		all[i].steps = withMethods(all[i].steps)
	}
	return all
}

func withMethods(steps []step) []step {
	steps = slices.Clone(steps)
	for i := range steps {
		if steps[i].method == "" {
			steps[i].method = http.MethodGet
		}
	}
	return steps
}

func requests(all []visitor) int {
	n := 0
	for _, v := range all {
		n += len(v.steps)
	}
	return n
}
