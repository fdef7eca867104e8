package transform

// rewriter sets, adds and removes the values that paths select. What stays does so byte for byte.
type rewriter struct {
	*document

	paths *paths
	// change gives what takes the place of a value, by the ends of the paths that select it; with none of it
	// the value is removed.
	change func(ends positions) (with string)
	// absent gives the members that an object gets where paths to plain names have come to it and it has
	// no such members.
	absent func(before positions) string

	out  []byte
	last int32 // the text is taken over up to here
}

// run returns the text as it becomes, and whether it is another one.
func (w *rewriter) run() ([]byte, bool) {
	for i := int32(0); int(i) < len(w.tokens); i = w.tokens[i].next {
		w.value(i, w.paths.start) // no path selects all of the text
	}
	if w.out == nil {
		return w.src, false
	}
	return append(w.out, w.src[w.last:]...), true
}

// splice puts text in place of a part of the source, at or behind what was spliced before.
func (w *rewriter) splice(from, to int32, with string) {
	from = max(from, w.last)
	if w.out == nil {
		w.out = make([]byte, 0, len(w.src)+len(with)+64)
	}
	w.out = append(w.out, w.src[w.last:from]...)
	w.out = append(w.out, with...)
	w.last = max(to, w.last)
}

// value passes one value; removed tells that it is to go. What is inside of a selected value goes with it.
func (w *rewriter) value(i int32, at positions) (removed bool) {
	t := w.tokens[i]
	if hit := at.and(w.paths.ends); !hit.empty() {
		with := w.change(hit)
		if with != "" {
			w.splice(t.from, t.to, with)
		}
		return with == ""
	}
	if t.sort > escaped && !at.empty() {
		w.container(i, at)
	}
	return false
}

// container passes an object or a list.
func (w *rewriter) container(i int32, at positions) {
	t := w.tokens[i]
	staying, stays := t.from+1, false // where the last member that stays ends
	var missing positions
	if t.sort == object {
		missing = at.and(w.paths.lasts)
	}
	for j, n := i+1, 0; j < t.next; n++ {
		v, start := &w.tokens[j], w.begins(j)
		if v.name > 0 && !missing.empty() {
			missing = missing.without(w.paths.names[string(w.name(v))])
		}
		removed := w.value(j, w.inner(w.paths, at, v, n))
		j = v.next
		switch {
		case !removed:
			staying, stays = v.to, true
		case stays: // with the comma before it
			w.splice(staying, v.to, "")
		case j < t.next: // with the comma behind it
			w.splice(start, w.begins(j), "")
		default:
			w.splice(start, v.to, "")
		}
	}
	w.fill(missing, staying, stays)
}

// begins is where an element or the name of a member begins.
func (w *rewriter) begins(i int32) int32 {
	if t := &w.tokens[i]; t.name == 0 {
		return t.from
	}
	return w.tokens[i].name
}

// fill adds the members that an object lacks.
func (w *rewriter) fill(missing positions, staying int32, stays bool) {
	if missing.empty() {
		return
	}
	members := w.absent(missing)
	switch {
	case members == "":
		return
	case stays:
		members = "," + members
	}
	w.splice(staying, staying, members)
}
