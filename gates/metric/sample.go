package metric

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
)

// SampleLimit is how many samples of one distribution are kept for pairing. Which ones depends on
// their ids alone, so that two runs over the same traffic keep the same requests.
const SampleLimit = 20_000

// Sample is one observation of one recorded request, in seconds.
type Sample struct {
	ID    string
	Value float64
}

// MarshalText writes a sample as its value and its id: 0.0123 req-7.
func (s Sample) MarshalText() ([]byte, error) {
	return []byte(strconv.FormatFloat(s.Value, 'g', -1, 64) + " " + s.ID), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *Sample) UnmarshalText(text []byte) error {
	value, id, ok := strings.Cut(string(text), " ")
	v, err := strconv.ParseFloat(value, 64)
	if !ok || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is not a sample: expected seconds and an id", text)
	}
	s.ID, s.Value = id, v
	return nil
}

// number is a float whose non-finite values are null in JSON.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// reservoir keeps the samples whose ids have the smallest hashes (bottom-k sampling).
type reservoir struct {
	kept []ordered
	// ranks is a heap of what is kept, with the largest hash on top.
	ranks []rank
	next  int64
}

// ordered is a sample with its place in the order in which they came.
type ordered struct {
	Sample

	order int64
}

// rank is the hash of the sample that is kept at an index.
type rank struct {
	hash uint64
	at   int
}

func (r *reservoir) add(s Sample) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(s.ID))
	item := rank{hash: spread(hash.Sum64()), at: len(r.kept)}
	sample := ordered{s, r.next}
	r.next++
	switch {
	case len(r.kept) < SampleLimit:
		r.kept = append(r.kept, sample)
		r.ranks = append(r.ranks, item)
		r.up(len(r.ranks) - 1)
	case item.hash < r.ranks[0].hash:
		item.at = r.ranks[0].at
		r.kept[item.at] = sample
		r.ranks[0] = item
		r.down()
	}
}

// up moves a rank towards the top until the one above it is larger.
func (r *reservoir) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if r.ranks[parent].hash >= r.ranks[i].hash {
			return
		}
		r.ranks[parent], r.ranks[i] = r.ranks[i], r.ranks[parent]
		i = parent
	}
}

// down moves the top rank down until those below it are smaller.
func (r *reservoir) down() {
	for i := 0; ; {
		kid := 2*i + 1
		if kid+1 < len(r.ranks) && r.ranks[kid+1].hash > r.ranks[kid].hash {
			kid++
		}
		if kid >= len(r.ranks) || r.ranks[kid].hash <= r.ranks[i].hash {
			return
		}
		r.ranks[i], r.ranks[kid] = r.ranks[kid], r.ranks[i]
		i = kid
	}
}

// spread is the finalizer of MurmurHash3: FNV alone leaves ids that differ in the last character near
// one another.
func spread(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// sorted returns the samples by id; those of one id stay in the order in which they came.
func (r *reservoir) sorted() []Sample {
	if len(r.kept) == 0 {
		return nil
	}
	kept := slices.Clone(r.kept)
	slices.SortFunc(kept, func(a, b ordered) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.order, b.order))
	})
	out := make([]Sample, len(kept))
	for i, k := range kept {
		out[i] = k.Sample
	}
	return out
}
