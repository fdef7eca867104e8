package correlate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/theory/jsonpath/spec"
)

// values are two JSON values at the same place. What is missing now comes as nil.
type values struct {
	was, now any
	// declared values, or those around them, are carried whatever they look like.
	declared bool
}

// walk visits two JSON values in parallel.
func (l *lesson) walk(at spec.NormalizedPath, v values) {
	if l.excluded != nil && l.excluded[at.String()] {
		return
	}
	v.declared = v.declared || l.carried != nil && l.carried[at.String()]
	switch was := v.was.(type) {
	case map[string]any:
		object, _ := v.now.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(was)) {
			l.walk(append(at, spec.Name(name)), values{was[name], object[name], v.declared})
		}
	case []any:
		list, _ := v.now.([]any)
		for k := range was {
			var other any
			if k < len(list) {
				other = list[k]
			}
			l.walk(append(at, spec.Index(k)), values{was[k], other, v.declared})
		}
	case string:
		text, ok := v.now.(string)
		l.located(at, sighting{recorded: was, actual: text, lost: !ok, declared: v.declared})
	case json.Number:
		number, ok := v.now.(json.Number)
		l.located(at, sighting{recorded: was.String(), actual: number.String(), lost: !ok, declared: v.declared})
	}
}

// located looks at a leaf: its place, and what the name of its member says.
func (l *lesson) located(at spec.NormalizedPath, s sighting) {
	if l.linker == nil {
		s.where, s.place = pathText(at)
	}
	name := ""
	for _, step := range at {
		switch step := step.(type) {
		case spec.Name:
			name = string(step)
		case spec.Index:
			s.listed = true
		}
	}
	l.leaf(named(s, name))
}

// pathText is a path as JSONPath, and the same for all elements of its arrays.
func pathText(at spec.NormalizedPath) (where, place string) {
	w, p := []byte{'$'}, []byte{'$'}
	for _, step := range at {
		switch step := step.(type) {
		case spec.Name:
			w, p = appendName(w, string(step)), appendName(p, string(step))
		case spec.Index:
			w = append(strconv.AppendInt(append(w, '['), int64(step), 10), ']')
			p = append(p, "[*]"...)
		}
	}
	return string(w), string(p)
}

// appendName appends a step, in brackets where the name is not made of letters, digits and _.
func appendName(b []byte, name string) []byte {
	other := func(r rune) bool { return r < utf8.RuneSelf && (r == '-' || !isTokenRune(r)) }
	if name != "" && (name[0] < '0' || name[0] > '9') && !strings.ContainsFunc(name, other) {
		return append(append(b, '.'), name...)
	}
	quoted := strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(name)
	return append(append(append(b, "['"...), quoted...), "']"...)
}

// leaf looks at an address in its parts, at all else as a whole. Cursors are often addresses too, so that
// a renewed one is looked at both ways.
func (l *lesson) leaf(s sighting) {
	if isAddress(s.recorded) && (s.lost || isAddress(s.actual)) {
		l.address(s)
		if !s.renewed && l.linker == nil {
			return
		}
	}
	l.see(s)
}

// see binds the recorded value of a sighting to the actual one if it was issued here and is used later.
func (l *lesson) see(s sighting) {
	if l.except.places[s.place] {
		return
	}
	if l.linker != nil {
		l.linker.find(s.recorded)
		return
	}
	if s.declared = s.declared || l.carry.places[s.place]; s.declared {
		s.renewed = true
	}
	old := l.s.bindings[s.recorded]
	if s.recorded == "" || !l.usedLater(s, old != nil) || !s.declared && !looksIssued(s.recorded, s.trusted) {
		return
	}
	if old != nil && (!s.renewed || s.lost) {
		// What a value stands for is settled where it is issued: another one later is a difference.
		l.disagree(s, old)
	} else if reason := l.doubt(s); reason != "" {
		l.miss(s, reason)
	} else {
		l.bind(s)
	}
}

// doubt says why the actual value does not take the place of the recorded one; it is empty if it does.
func (l *lesson) doubt(s sighting) string {
	switch {
	case s.lost || s.actual == "":
		return "the answer has nothing there"
	case s.recorded == s.actual || s.declared:
		return ""
	case s.listed && l.recorded[s.actual]:
		return "the list is in another order"
	case !sameShape(s.recorded, s.actual):
		return fmt.Sprintf("got %s, which is of another form", excerpt(s.actual))
	case !s.renewed && l.taken(s):
		return fmt.Sprintf("got %s, which stands for %s", excerpt(s.actual), excerpt(l.s.targets[s.actual]))
	}
	return ""
}

// disagree notes that one answer has the value at two places and they have become two values.
func (l *lesson) disagree(s sighting, old *binding) {
	if old.at == l.i && !s.lost && s.actual != old.Actual {
		l.s.counts.ambiguous.add(Site{l.endpoint, s.place}, 1)
	}
}

// usedLater tells whether a later request uses the value. Unless it was issued before, none up to this one
// may use it: then the client had it from elsewhere and the service only repeats it.
func (l *lesson) usedLater(s sighting, issued bool) bool {
	link, ok := l.link(s.recorded)
	first, last := link.First, link.Last
	if isWeak(s.recorded) && !s.declared {
		first, last = link.FirstID, link.LastID
	}
	return ok && last > l.i && (issued || first > l.i)
}

func (l *lesson) link(v string) (Link, bool) {
	i, ok := slices.BinarySearchFunc(l.known, v, func(k Link, v string) int { return strings.Compare(k.Value, v) })
	if !ok {
		return Link{}, false
	}
	return l.known[i], true
}

// taken tells whether the actual value stands for another recorded one: a service that gives the same
// identifier twice is to be found out, not followed.
func (l *lesson) taken(s sighting) bool {
	other, ok := l.s.targets[s.actual]
	return ok && other != s.recorded
}

func (l *lesson) miss(s sighting, reason string) {
	if l.reason != "" {
		reason = l.reason
	}
	link, _ := l.link(s.recorded)
	if _, known := l.s.unbound[s.recorded]; known || len(l.s.unbound) == maxUnbound {
		return
	}
	if l.s.unbound == nil {
		l.s.unbound = make(map[string]Unbound)
	}
	l.s.unbound[s.recorded] = Unbound{
		Recorded: s.recorded, Where: l.where(s), UsedBy: link.Last, Reason: reason, Site: Site{l.endpoint, s.place},
	}
}

// maxUnbound bounds what a session remembers of values that were not issued again.
const maxUnbound = 1000

func (l *lesson) bind(s sighting) {
	session := l.s
	if session.bindings == nil {
		session.bindings, session.targets = make(map[string]*binding), make(map[string]string)
	}
	link, _ := l.link(s.recorded)
	b := &binding{
		Binding: Binding{
			Recorded: s.recorded, Actual: s.actual, Where: l.where(s), Site: Site{l.endpoint, s.place},
		},
		order: session.bound, last: link.Last, at: l.i, needs: needs(s),
	}
	session.bound++
	if !s.again {
		session.counts.issued.add(b.Site, 1)
	}
	if old := session.bindings[s.recorded]; old != nil {
		b.order, b.Uses = old.order, old.Uses
		if session.targets[old.Actual] == s.recorded {
			delete(session.targets, old.Actual)
		}
		if !old.settled() {
			session.active--
		}
	}
	if !b.settled() {
		session.active++
	}
	session.bindings[s.recorded] = b
	session.targets[s.actual] = s.recorded
	delete(session.unbound, s.recorded)
	session.forget(l.i)
}

// needs is where a value must stand to be replaced: one that could be something else is replaced only where
// its like is expected.
func needs(s sighting) standing {
	switch weak := isWeak(s.recorded); {
	case s.declared && (weak || !looksIssued(s.recorded, true)):
		return whole
	case weak:
		return asID
	}
	return 0
}

func (l *lesson) where(s sighting) string { return fmt.Sprintf("response %d %s", l.i+1, s.where) }

// excerpt keeps messages short.
func excerpt(s string) string {
	const limit = 60
	if len(s) <= limit {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:limit]) + "..."
}
