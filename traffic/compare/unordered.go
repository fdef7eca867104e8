package compare

import (
	"hash/maphash"
	"slices"
)

// pairing finds the counterparts of elements whose order means nothing.
type pairing struct {
	a, b []element
	// to holds for each element of a the index in b of its counterpart, or -1.
	to []int
}

// diffUnordered pairs by key where the rule has one, then equal elements, then by likeness.
func (w *walk) diffUnordered(at *place, p pairing, r *rule) {
	p.to = make([]int, len(p.a))
	for i := range p.to {
		p.to[i] = -1
	}
	taken := make([]bool, len(p.b))
	if by := r.unordered.By; by != "" {
		w.pairByKey(p, taken, by)
	}
	w.pairEqual(p, taken)
	moved := w.moved(p)
	w.pairLike(p, taken, r.unordered.By)
	for i, j := range p.to {
		if j < 0 {
			w.missingItem(at, p.a[i])
		} else {
			w.diffItem(at, p.a[i], p.b[j])
		}
	}
	for j, done := range taken {
		if !done {
			w.extraItem(at, p.b[j])
		}
	}
	if moved {
		r.excuse(w.endpoint)
	}
}

// moved tells whether the counterparts stand in another order.
func (w *walk) moved(p pairing) bool {
	last := -1
	for i, j := range p.to {
		if j < 0 {
			continue
		}
		// Of equal elements any may be the counterpart.
		if j < last && (i >= len(p.b) || !w.same(p.a[i].v, p.b[i].v)) {
			return true
		}
		last = max(last, j)
	}
	return false
}

// permuted tells whether b holds the elements of a in any order.
func (w *walk) permuted(a, b []element) bool {
	p := pairing{a: a, b: b, to: make([]int, len(a))}
	for i := range p.to {
		p.to[i] = -1
	}
	w.pairEqual(p, make([]bool, len(b)))
	for _, j := range p.to {
		if j < 0 {
			return false
		}
	}
	return len(a) == len(b)
}

// pairEqual pairs elements that are equal: those that are alike in every byte through a hash, the others,
// equal by the rules only, by trying, unless there are too many.
func (w *walk) pairEqual(p pairing, taken []bool) {
	w.pairByHash(p, taken)
	open := 0
	for _, j := range p.to {
		if j < 0 {
			open++
		}
	}
	if open*(open+len(p.b)-len(p.a)) > maxCells {
		return
	}
	for i := range p.a {
		for j := 0; j < len(p.b) && p.to[i] < 0; j++ {
			if !taken[j] && w.same(p.a[i].v, p.b[j].v) {
				p.to[i], taken[j] = j, true
			}
		}
	}
}

func (w *walk) pairByHash(p pairing, taken []bool) {
	var h maphash.Hash
	sum := func(v *value) uint64 {
		h.Reset()
		v.hash(&h)
		return h.Sum64()
	}
	places := make(map[uint64][]int)
	for j, e := range p.b {
		if !taken[j] {
			key := sum(e.v)
			places[key] = append(places[key], j)
		}
	}
	for i, e := range p.a {
		key := sum(e.v)
		if list := places[key]; p.to[i] < 0 && len(list) > 0 && w.same(e.v, p.b[list[0]].v) {
			p.to[i], taken[list[0]] = list[0], true
			places[key] = list[1:]
		}
	}
}

// pairByKey pairs objects whose identifying member is the same, repeated ones in their order.
func (w *walk) pairByKey(p pairing, taken []bool, by string) {
	places := make(map[string][]int)
	for j, e := range p.b {
		if id := e.v.member(by); id != nil {
			key := id.render(maxKey)
			places[key] = append(places[key], j)
		}
	}
	for i, e := range p.a {
		id := e.v.member(by)
		if id == nil {
			continue
		}
		if list := places[id.render(maxKey)]; len(list) > 0 {
			p.to[i], taken[list[0]] = list[0], true
			places[id.render(maxKey)] = list[1:]
		}
	}
	if w.known != nil {
		w.pairByKnownKey(p, taken, by)
	}
}

// maxKey is far beyond the length of any identifier.
const maxKey = 1 << 16

// pairByKnownKey pairs elements whose identifiers were replaced in the session.
func (w *walk) pairByKnownKey(p pairing, taken []bool, by string) {
	for i, e := range p.a {
		id := e.v.member(by)
		if id == nil || p.to[i] >= 0 {
			continue
		}
		for j := range p.b {
			other := p.b[j].v.member(by)
			if other != nil && !taken[j] && id.kind == other.kind && w.sameKnown(id, other) {
				p.to[i], taken[j] = j, true
				break
			}
		}
	}
}

// pairLike pairs what is left with what it is most like. Elements that have the identifying member are
// left alone: another identifier is another element.
func (w *walk) pairLike(p pairing, taken []bool, by string) {
	free := func(v *value) bool { return by == "" || v.member(by) == nil }
	var open []int
	for j := range p.b {
		if !taken[j] && free(p.b[j].v) {
			open = append(open, j)
		}
	}
	bounded := len(p.a)*len(open) <= maxSimilarCells
	for i := range p.a {
		if p.to[i] >= 0 || len(open) == 0 || !free(p.a[i].v) {
			continue
		}
		at := 0
		if bounded {
			at = w.likest(p.a[i], p.b, open)
		}
		p.to[i], taken[open[at]] = open[at], true
		open = slices.Delete(open, at, at+1)
	}
}

// likest finds the place in open of the index whose element is most like e.
func (w *walk) likest(e element, b []element, open []int) int {
	best, at := 0, 0
	for k, j := range open {
		if score := w.likeness(e.v, b[j].v); score > best {
			best, at = score, k
		}
	}
	return at
}
