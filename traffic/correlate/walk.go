package correlate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/theory/jsonpath/spec"
)

// walk visits two JSON values in parallel. What is missing now comes as nil.
func (l *lesson) walk(at spec.NormalizedPath, was, now any) {
	if l.excluded != nil && l.excluded[at.String()] {
		return
	}
	switch was := was.(type) {
	case map[string]any:
		object, _ := now.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(was)) {
			l.walk(append(at, spec.Name(name)), was[name], object[name])
		}
	case []any:
		list, _ := now.([]any)
		for k := range was {
			var other any
			if k < len(list) {
				other = list[k]
			}
			l.walk(append(at, spec.Index(k)), was[k], other)
		}
	case string:
		text, ok := now.(string)
		l.leaf(located(at, sighting{recorded: was, actual: text, lost: !ok}))
	case json.Number:
		number, ok := now.(json.Number)
		l.leaf(located(at, sighting{recorded: was.String(), actual: number.String(), lost: !ok}))
	}
}

// located completes the sighting of a leaf: its place, and what the name of its member says.
func located(at spec.NormalizedPath, s sighting) sighting {
	name := ""
	var b strings.Builder
	b.WriteByte('$')
	for _, step := range at {
		switch step := step.(type) {
		case spec.Name:
			name = string(step)
			b.WriteString("." + name)
		case spec.Index:
			s.listed = true
			b.WriteString("[" + strconv.Itoa(int(step)) + "]")
		}
	}
	s.where = b.String()
	return named(s, name)
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
	if l.linker != nil {
		l.linker.find(s.recorded)
		return
	}
	old := l.s.bindings[s.recorded]
	switch {
	case s.recorded == "" || !l.usedLater(s.recorded, old != nil) || !looksIssued(s.recorded, s.trusted):
	case old != nil && (!s.renewed || s.lost):
		// What a value stands for is settled where it is issued: another one later is a difference.
	case s.lost:
		l.miss(s, "the answer has nothing there")
	case s.recorded == s.actual:
		l.bind(s)
	case s.listed && l.recorded[s.actual]:
		l.miss(s, "the list is in another order")
	case !sameShape(s.recorded, s.actual):
		l.miss(s, fmt.Sprintf("got %s, which is of another form", excerpt(s.actual)))
	case !s.renewed && l.taken(s):
		l.miss(s, fmt.Sprintf("got %s, which stands for %s", excerpt(s.actual), excerpt(l.s.targets[s.actual])))
	default:
		l.bind(s)
	}
}

// usedLater tells whether a later request uses the value. Unless it was issued before, none up to this one
// may use it: then the client had it from elsewhere and the service only repeats it.
func (l *lesson) usedLater(v string, issued bool) bool {
	link, ok := l.link(v)
	first, last := link.First, link.Last
	if isWeak(v) {
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
	l.s.unbound[s.recorded] = Unbound{Recorded: s.recorded, Where: l.where(s), UsedBy: link.Last, Reason: reason}
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
		Binding: Binding{Recorded: s.recorded, Actual: s.actual, Where: l.where(s)},
		order:   session.bound, last: link.Last, weak: isWeak(s.recorded),
	}
	session.bound++
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

func (l *lesson) where(s sighting) string { return fmt.Sprintf("response %d %s", l.i+1, s.where) }

// excerpt keeps messages short.
func excerpt(s string) string {
	const limit = 60
	if len(s) <= limit {
		return strconv.Quote(s)
	}
	return strconv.Quote(s[:limit]) + "..."
}
