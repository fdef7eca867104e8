package metric

import (
	"cmp"
	"container/heap"
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
	kept []ranked // a heap with the largest hash on top
	next int64
}

type ranked struct {
	Sample

	hash  uint64
	order int64
}

func (r *reservoir) add(s Sample) {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(s.ID))
	item := ranked{Sample: s, hash: spread(hash.Sum64()), order: r.next}
	r.next++
	if len(r.kept) < SampleLimit {
		heap.Push(r, item)
		return
	}
	if item.hash < r.kept[0].hash {
		r.kept[0] = item
		heap.Fix(r, 0)
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
	slices.SortFunc(kept, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.order, b.order))
	})
	out := make([]Sample, len(kept))
	for i, k := range kept {
		out[i] = k.Sample
	}
	return out
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (r *reservoir) Len() int { return len(r.kept) }

func (r *reservoir) Less(i, j int) bool { return r.kept[i].hash > r.kept[j].hash }

func (r *reservoir) Swap(i, j int) { r.kept[i], r.kept[j] = r.kept[j], r.kept[i] }

func (r *reservoir) Push(x any) { r.kept = append(r.kept, x.(ranked)) }

func (r *reservoir) Pop() any {
	last := r.kept[len(r.kept)-1]
	r.kept = r.kept[:len(r.kept)-1]
	return last
}
