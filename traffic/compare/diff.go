package compare

import "slices"

// diff compares two values, counts their fields and reports what differs.
func (w *walk) diff(at *place, a, b *value) {
	switch {
	case a.ignored():
		if !w.sameInside(a, b) {
			a.marks.ignore.excuse(w.endpoint)
		}
	case a.kind != b.kind, a.kind == elementKind && a.text != b.text:
		w.out.Fields += max(1, a.leaves())
		w.differ(at, Type, a, b)
	case len(a.kids) == 0 && len(b.kids) == 0:
		w.diffLeaf(at, a, b)
	case a.kind == objectKind:
		w.diffMembers(at, a, b)
	case a.kind == arrayKind:
		w.diffArray(at, a, b)
	default:
		w.diffElement(at, a, b)
	}
}

// diffLeaf compares scalars, or two empty containers.
func (w *walk) diffLeaf(at *place, a, b *value) {
	equal, by := w.sameLeaf(a, b)
	w.field(equal)
	if by != nil {
		by.excuse(w.endpoint)
	}
	if !equal {
		w.differ(at, Value, a, b)
	}
}

// sameLeaf compares scalars; by is the rule that made them count as equal, if one was needed.
func (w *walk) sameLeaf(a, b *value) (equal bool, by *rule) {
	if a.container() || a.text == b.text || a.kind == numberKind && sameNumber(a.text, b.text) {
		return true, nil
	}
	if a.marks != nil {
		for _, r := range a.marks.accepting {
			if r.accepts(a, b) {
				return true, r
			}
		}
	}
	return w.sameKnown(a, b), nil
}

// sameKnown asks the session whether it has replaced the one value by the other.
func (w *walk) sameKnown(a, b *value) bool {
	switch {
	case w.known == nil, a.kind != stringKind && a.kind != numberKind:
		return false
	case w.member != nil:
		return w.member.SameMember(a.key, a.text, b.text)
	}
	return w.known.Same(a.text, b.text)
}

// same tells whether diff would find no difference, without counting anything.
func (w *walk) same(a, b *value) bool { return a.ignored() || w.sameInside(a, b) }

func (w *walk) sameInside(a, b *value) bool {
	switch {
	case a.kind != b.kind:
		return false
	case a.kind == objectKind:
		return w.sameMembers(a, b)
	case a.kind == arrayKind:
		return w.sameItems(a, b)
	case a.kind == elementKind:
		return a.text == b.text && w.same(&a.kids[0], &b.kids[0]) && w.same(&a.kids[1], &b.kids[1])
	}
	equal, _ := w.sameLeaf(a, b)
	return equal
}

func (w *walk) sameMembers(a, b *value) bool {
	equal := true
	var gone, fresh []*value
	merge(a.kids, b.kids, func(x, y *value) bool {
		switch {
		case y == nil && !x.ignored():
			gone = append(gone, x)
		case x == nil && !w.extraAllowed(a, y):
			fresh = append(fresh, y)
		case x != nil && y != nil:
			equal = w.same(x, y)
		}
		return equal
	})
	if !equal || len(gone) != len(fresh) {
		return false
	}
	for _, pair := range w.renamed(gone, fresh) {
		if pair[0] == nil || pair[1] == nil || !w.same(pair[0], pair[1]) {
			return false
		}
	}
	return true
}

func (w *walk) sameItems(a, b *value) bool {
	dropped := slices.ContainsFunc(a.kids, func(v value) bool { return v.ignored() })
	unordered := a.marks != nil && a.marks.unordered != nil
	if dropped || unordered {
		ea, eb := w.elements(a, b)
		return len(ea) == len(eb) && (unordered && w.permuted(ea, eb) || w.sameElements(ea, eb))
	}
	if len(a.kids) != len(b.kids) {
		return false
	}
	for i := range a.kids {
		if !w.same(&a.kids[i], &b.kids[i]) {
			return false
		}
	}
	return true
}

func (w *walk) sameElements(a, b []element) bool {
	for i := range a {
		if !w.same(a[i].v, b[i].v) {
			return false
		}
	}
	return true
}

// merge walks two lists of members that are sorted by key. A member without counterpart comes with nil.
// It stops when step is false.
func merge(a, b []value, step func(x, y *value) bool) {
	for len(a) > 0 || len(b) > 0 {
		var x, y *value
		if len(b) == 0 || len(a) > 0 && a[0].key <= b[0].key {
			x = &a[0]
		}
		if len(a) == 0 || len(b) > 0 && b[0].key <= a[0].key {
			y = &b[0]
		}
		if !step(x, y) {
			return
		}
		if x != nil {
			a = a[1:]
		}
		if y != nil {
			b = b[1:]
		}
	}
}

// diffMembers compares objects. The nth member of a name is compared with the nth of that name, so that
// repeated keys are differences.
func (w *walk) diffMembers(at *place, a, b *value) {
	var gone, fresh []*value
	merge(a.kids, b.kids, func(x, y *value) bool {
		switch {
		case y == nil:
			gone = append(gone, x)
		case x == nil:
			fresh = append(fresh, y)
		default:
			w.diffMember(at, x, y)
		}
		return true
	})
	for _, pair := range w.renamed(gone, fresh) {
		switch x, y := pair[0], pair[1]; {
		case y == nil:
			step := w.memberAt(at, x)
			w.missing(&step, x)
		case x == nil:
			step := w.memberAt(at, y)
			w.extra(&step, a, y)
		default:
			w.diffMember(at, x, y)
		}
	}
}

func (w *walk) diffMember(at *place, x, y *value) {
	step := w.memberAt(at, x)
	w.diff(&step, x, y)
}

// renamed pairs members whose names are values that the session has replaced, as in maps by identifier.
// Members without counterpart come with nil.
func (w *walk) renamed(gone, fresh []*value) [][2]*value {
	if len(gone)+len(fresh) == 0 {
		return nil
	}
	var pairs [][2]*value
	taken := make([]bool, len(fresh))
	for _, x := range gone {
		pair := [2]*value{x}
		for j, y := range fresh {
			if w.known != nil && !taken[j] && w.known.Same(x.key, y.key) {
				pair[1], taken[j] = y, true
				break
			}
		}
		pairs = append(pairs, pair)
	}
	for j, y := range fresh {
		if !taken[j] {
			pairs = append(pairs, [2]*value{nil, y})
		}
	}
	return pairs
}

func (w *walk) memberAt(at *place, v *value) place {
	step := at.member(v.key)
	if w.xml {
		step.style = attributePlace
	}
	return step
}

func (w *walk) missing(at *place, v *value) {
	if v.ignored() {
		v.marks.ignore.excuse(w.endpoint)
		return
	}
	w.out.Fields += max(1, v.leaves())
	w.differ(at, Missing, v, nil)
}

// extra reports a value that only the actual body has. object is the recorded object it would belong to,
// nil for an element of an array.
func (w *walk) extra(at *place, object, v *value) {
	switch r := w.ignoredInActual(v); {
	case r != nil:
		r.matched.Add(1)
		r.excuse(w.endpoint)
	case object != nil && w.extraAllowed(object, v):
	default:
		w.out.Fields += max(1, v.leaves())
		w.differ(at, Extra, nil, v)
	}
}

// extraAllowed tells whether an extra member is none. A key that is repeated is always one.
func (w *walk) extraAllowed(object, v *value) bool {
	if w.rules.allowExtra && object.member(v.key) == nil {
		return true
	}
	return w.ignoredInActual(v) != nil
}

// ignoredInActual is the rule that leaves out a value that was not recorded, nil if there is none.
func (w *walk) ignoredInActual(v *value) *rule {
	if w.actual == nil {
		return nil
	}
	if !w.actualMarked {
		mark(w.actual, w.rules.ignores(), func(*rule) {})
		w.actualMarked = true
	}
	if v.marks == nil {
		return nil
	}
	return v.marks.ignore
}

// diffElement compares two XML elements of the same name.
func (w *walk) diffElement(at *place, a, b *value) {
	if len(a.kids[0].kids)+len(a.kids[1].kids)+len(b.kids[0].kids)+len(b.kids[1].kids) == 0 {
		w.field(true)
		return
	}
	w.diffMembers(at, &a.kids[0], &b.kids[0])
	w.diffArray(at, &a.kids[1], &b.kids[1])
}
