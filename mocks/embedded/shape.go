package embedded

import (
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/headgate-dev/headgate/mocks"
)

// shape is what a group of stubs pins besides method and path. A stub of a shape is found by one key;
// Matches decides afterwards, so that a key may be coarser than the stub.
type shape struct {
	name    string
	raw     bool // the query as text
	exact   bool // all query parameters but those in ignored
	ignored []string
	params  []string // query parameters with one value each
	headers []string // headers with one value each
	body    *mocks.BodyShape
	memo    *memo // nil where it saves nothing
	buckets map[uint64]*bucket
}

// shapeOf is the shape of a pattern with a literal path, and its key.
func shapeOf(p *mocks.RequestPattern) (*shape, uint64) {
	s := &shape{}
	key := s.pinQuery(p)
	for _, name := range slices.Sorted(maps.Keys(p.Headers)) {
		if text, ok := p.Headers[name].Exact(); ok {
			s.headers = append(s.headers, http.CanonicalHeaderKey(name))
			key = mocks.Hash(key, text)
		}
	}
	if b, bodyKey, ok := p.BodyPin(); ok {
		s.body = &b
		key ^= bodyKey
	}
	s.name = fmt.Sprintf("%t %t %q %q %q", s.raw, s.exact, s.ignored, s.params, s.headers)
	if s.body != nil {
		s.name += " " + s.body.Name
	}
	return s, key
}

const emptyKey = 1

func (s *shape) pinQuery(p *mocks.RequestPattern) uint64 {
	if _, query, pins, _ := p.Literal(); pins {
		s.raw = true
		return mocks.Hash(emptyKey, query)
	}
	if ignored, ok := p.ExactQuery(); ok {
		if sum, ok := exactQuery(p, ignored); ok {
			s.exact, s.ignored = true, ignored
			return sum
		}
	}
	key := uint64(emptyKey)
	for _, name := range slices.Sorted(maps.Keys(p.QueryParameters)) {
		if text, ok := p.QueryParameters[name].Exact(); ok {
			s.params = append(s.params, name)
			key = mocks.Hash(key, text)
		}
	}
	return key
}

// exactQuery sums the hashes of the pairs, because their order does not matter.
func exactQuery(p *mocks.RequestPattern, ignored []string) (sum uint64, ok bool) {
	sum = emptyKey
	for name, want := range p.QueryParameters {
		texts, ok := want.ExactValues()
		if !ok || slices.Contains(ignored, name) {
			return 0, false
		}
		for _, text := range texts {
			sum += mocks.Hash(0, name, text)
		}
	}
	return sum, true
}

// find adds the buckets that may answer the request. Where a pinned name has several values, each of
// them could be meant, and all buckets are tried.
func (s *shape) find(found []*bucket, r *mocks.Request) []*bucket {
	key, some, clear := s.queryKey(r)
	for _, name := range s.headers {
		values := r.HeaderValues(name)
		some, clear = some && len(values) > 0, clear && len(values) < 2
		if some {
			key = mocks.Hash(key, values[0])
		}
	}
	switch {
	case !some:
		return found
	case !clear:
		return slices.AppendSeq(found, maps.Values(s.buckets))
	}
	if s.body != nil {
		bodyKey, ok := s.bodyKey(&r.Body)
		if !ok {
			return found
		}
		key ^= bodyKey
		if s.buckets[key] != nil && s.memo != nil && len(r.Body.Text) <= mostMemoText {
			s.memo.remember(r.Body.Text, bodyKey)
		}
	}
	if b := s.buckets[key]; b != nil {
		found = append(found, b)
	}
	return found
}

// queryKey is the request's part of the key; some is false where a pinned name is missing, clear where
// one has several values.
func (s *shape) queryKey(r *mocks.Request) (key uint64, some, clear bool) {
	key, some, clear = emptyKey, true, true
	switch {
	case s.raw:
		return mocks.Hash(key, r.RawQuery), true, true
	case s.exact:
		for name, values := range r.Query() {
			if slices.Contains(s.ignored, name) {
				continue
			}
			for _, text := range values {
				key += mocks.Hash(0, name, text)
			}
		}
		return key, true, true
	}
	for _, name := range s.params {
		values := r.Query()[name]
		some, clear = some && len(values) > 0, clear && len(values) < 2
		if some {
			key = mocks.Hash(key, values[0])
		}
	}
	return key, some, clear
}
