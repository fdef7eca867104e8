package compare

import (
	"strconv"
	"unicode/utf8"
)

// maxDifferences bounds what one response may leave in memory; more tell nothing new.
const maxDifferences = 1000

// walk compares one pair of responses.
type walk struct {
	endpoint string

	rules   *ruleSet
	parsers *parsers
	known   Known
	member  KnownMember
	out     Outcome

	// actual is the actual body as a tree; its ignored values are marked when the first is asked for.
	actual       *value
	actualMarked bool
	// xml makes places XPaths.
	xml bool
}

// statusDiffers replaces what was found by the one difference that explains it.
func (w *walk) statusDiffers(expected, actual int) Outcome {
	w.out.Differences, w.out.Omitted, w.out.Matched = nil, 0, 0
	w.report(Difference{
		Path: "status", Group: "status", Kind: Status,
		Expected: strconv.Itoa(expected), Actual: strconv.Itoa(actual),
	})
	return w.out
}

func (w *walk) report(d Difference) {
	if len(w.out.Differences) == maxDifferences {
		w.out.Omitted++
		return
	}
	d.Expected, d.Actual = excerpts(d.Expected, d.Actual)
	w.out.Differences = append(w.out.Differences, d)
}

// differ reports a difference between two values; one of them may be nil.
func (w *walk) differ(at *place, kind Kind, expected, actual *value) {
	if len(w.out.Differences) == maxDifferences {
		w.out.Omitted++
		return
	}
	d := Difference{Path: at.String(), Group: at.group(), Kind: kind}
	if expected != nil {
		d.Expected = w.show(expected, actual)
	}
	if actual != nil {
		d.Actual = w.show(actual, expected)
	}
	w.report(d)
}

// show renders a value. Long strings that are compared with one another are kept whole, so that
// their excerpts can start at the difference; all else is cut.
func (w *walk) show(v, other *value) string {
	const limit = 4 * maxRunes
	if other != nil && v.kind == stringKind && other.kind == stringKind {
		return v.render(len(v.text))
	}
	text := v.render(limit)
	if len(text) > limit {
		text = text[:limit]
	}
	return text
}

// field counts a field.
func (w *walk) field(matched bool) {
	w.out.Fields++
	if matched {
		w.out.Matched++
	}
}

const maxRunes = 200

// excerpts cuts two texts to at most maxRunes runes each, so that the first difference shows.
func excerpts(a, b string) (string, string) {
	const lead = 60
	start := 0
	if len(a) > maxRunes || len(b) > maxRunes {
		start = max(0, commonPrefix(a, b)-lead)
		for start > 0 && start < len(a) && !utf8.RuneStart(a[start]) {
			start--
		}
	}
	return excerpt(a, start), excerpt(b, start)
}

func excerpt(s string, start int) string {
	if utf8.RuneCountInString(s) <= maxRunes {
		return s
	}
	const dots = "..."
	start = min(start, len(s))
	out, room := s[start:], maxRunes
	prefix := ""
	if start > 0 {
		prefix = dots
		room -= len(dots)
	}
	if utf8.RuneCountInString(out) <= room {
		return prefix + out
	}
	runes := 0
	for i := range out {
		if runes == room-len(dots) {
			return prefix + out[:i] + dots
		}
		runes++
	}
	return prefix + out
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
