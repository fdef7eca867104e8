package mocks

import "encoding/json"

// fnv-1a, 64 bits, by http://www.isthe.com/chongo/tech/comp/fnv/.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// Hash mixes strings into a running FNV-1a hash, each ended by a byte that no UTF-8 text holds.
// Start with Hash(0).
func Hash(h uint64, parts ...string) uint64 {
	if h == 0 {
		h = fnvOffset
	}
	for _, s := range parts {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * fnvPrime
		}
		h = (h ^ 0xff) * fnvPrime
	}
	return h
}

func mix(h, v uint64) uint64 {
	h = (h ^ v) * fnvPrime
	h ^= h >> 32
	return h * fnvPrime
}

// hole marks the places of a JSON body that do not count towards its hash, as a tree that is walked
// along with the body. A nil hole marks nothing.
type hole struct {
	here     bool
	optional bool // the member may be missing, too
	names    map[string]*hole
	items    map[int]*hole
}

func (h *hole) name(s string) *hole {
	if h == nil {
		return nil
	}
	return h.names[s]
}

func (h *hole) item(i int) *hole {
	if h == nil {
		return nil
	}
	return h.items[i]
}

// hashJSON hashes a decoded value by its meaning: the order of members and the spelling of numbers
// do not matter.
func hashJSON(v any, h *hole) uint64 {
	if h != nil && h.here {
		return Hash(0, "hole")
	}
	switch v := v.(type) {
	case map[string]any:
		sum := Hash(0, "object")
		for k, child := range v {
			sub := h.name(k)
			if sub != nil && sub.optional {
				continue
			}
			sum += mix(Hash(0, k), hashJSON(child, sub)) // a sum, because members have no order
		}
		return sum
	case []any:
		list := Hash(0, "list")
		for i, child := range v {
			list = mix(list, hashJSON(child, h.item(i)))
		}
		return list
	}
	return hashScalar(v)
}

func hashScalar(v any) uint64 {
	switch v := v.(type) {
	case string:
		return Hash(0, "string", v)
	case json.Number:
		return Hash(0, "number", canonicalNumber(v))
	case bool:
		if v {
			return Hash(0, "true")
		}
		return Hash(0, "false")
	}
	return Hash(0, "null")
}

// features adds one hash for each leaf of a body with its place: what near misses are counted by.
func features(out []uint64, at uint64, v any) []uint64 {
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			out = features(out, Hash(at, k), child)
		}
		return out
	case []any:
		for i, child := range v {
			out = features(out, mix(at, uint64(i)), child)
		}
		return out
	case *placeholder:
		return out
	}
	return append(out, mix(at, hashScalar(v)))
}
