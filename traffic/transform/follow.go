package transform

import (
	"bytes"
	"encoding/json"
)

// raw is a value as it is written, in quotes where it is a text.
func (d *document) raw(t *token) []byte {
	if t.with > 0 {
		return d.texts[t.with-1]
	}
	return d.src[t.from:t.to]
}

// plain is the text of a single value.
func (d *document) plain(t *token) []byte {
	raw := d.raw(t)
	switch t.sort {
	case bare:
		return raw
	case escaped:
		return unescaped(raw)
	}
	return raw[1 : len(raw)-1]
}

// name is the name of a member.
func (d *document) name(t *token) []byte {
	end, escapes := quoted(d.src, int(t.name))
	if escapes {
		return unescaped(d.src[t.name:end])
	}
	return d.src[t.name+1 : end-1]
}

// unescaped is a text without quotes and escapes.
func unescaped(raw []byte) []byte {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no JSON is no text that is looked for
	return []byte(s)
}

// singles is the number of values that hold no others.
func (d *document) singles() (n int) {
	for i := range d.tokens {
		if d.tokens[i].sort <= escaped {
			n++
		}
	}
	return n
}

// put puts JSON text in place of a single value.
func (d *document) put(t *token, with []byte) {
	if t.sort = bare; with[0] == '"' {
		t.sort = escaped
	}
	if t.with > 0 {
		d.texts[t.with-1] = with
		return
	}
	d.texts = append(d.texts, with)
	t.with = int32(len(d.texts)) //nolint:gosec // there are no more than tokens
}

// mapSingles changes single values of some shapes; what takes the place of a number stays one if it is one.
func (d *document) mapSingles(s *shapes, change func(value string) (string, bool)) {
	for i := range d.tokens {
		t := &d.tokens[i]
		if t.sort > escaped || !d.may(t, s) {
			continue
		}
		with, changed := change(string(d.plain(t)))
		switch {
		case !changed:
		case t.sort == bare && isNumber(with) && json.Valid([]byte(with)):
			d.put(t, []byte(with))
		default:
			d.put(t, quote(with))
		}
	}
}

// may tells whether a single value may have one of the shapes, without reading it.
func (d *document) may(t *token, s *shapes) bool {
	raw := d.raw(t)
	switch t.sort {
	case bare:
		return s.begin(raw[0], len(raw))
	case escaped:
		return s.within(raw[1], len(raw)-2)
	}
	return s.begin(raw[1], len(raw)-2) // no shape is empty
}

// changed is the text with what was put into it.
func (d *document) changed() []byte {
	size := len(d.src)
	for _, with := range d.texts {
		size += len(with)
	}
	out, last := make([]byte, 0, size), int32(0)
	for i, left := 0, len(d.texts); left > 0; i++ {
		if t := &d.tokens[i]; t.with > 0 {
			out = append(append(out, d.src[last:t.from]...), d.texts[t.with-1]...)
			last = t.to
			left--
		}
	}
	return append(out, d.src[last:]...)
}

// holds tells whether a text is part of the text or of what was put into it.
func (d *document) holds(part []byte) bool {
	for _, with := range d.texts {
		if bytes.Contains(with, part) {
			return true
		}
	}
	return bytes.Contains(d.src, part)
}

// follow visits the single values that paths select, and those inside of lists and objects that they select.
// ends are those of the paths.
func (d *document) follow(p *paths, visit func(t *token, ends positions)) {
	f := follower{document: d, paths: p, visit: visit}
	for i := int32(0); int(i) < len(d.tokens); i = d.tokens[i].next {
		f.value(i, p.start, positions{})
	}
}

type follower struct {
	*document

	paths *paths
	visit func(t *token, ends positions)
}

// value follows the paths that have come as far as at; selected are the ends of those that have selected
// it, or what it is in.
func (f *follower) value(i int32, at, selected positions) {
	selected = selected.or(at.and(f.paths.ends))
	t := &f.tokens[i]
	switch {
	case at.empty() && selected.empty():
	case t.sort <= escaped:
		if !selected.empty() {
			f.visit(t, selected)
		}
	default:
		for j, n := i+1, 0; j < t.next; j, n = f.tokens[j].next, n+1 {
			f.value(j, f.inner(f.paths, at, &f.tokens[j], n), selected)
		}
	}
}

// inner is how far the paths have come at a member, or at element n of a list.
func (d *document) inner(p *paths, at positions, t *token, n int) positions {
	switch {
	case at.empty():
		return at
	case t.name > 0:
		return p.member(at, d.name(t))
	}
	return p.item(at, n)
}

// quote writes a text as JSON.
func quote(s string) []byte {
	if isSimple(s) {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text can be encoded
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// isSimple tells whether a text is ASCII of which JSON escapes nothing.
func isSimple(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
