package correlate

import "strings"

// validator looks at what conditional requests have as it is. Of weak entity tags the tag itself counts.
func (l *lesson) validator(s sighting) {
	s.recorded, s.actual = strings.TrimPrefix(s.recorded, "W/"), strings.TrimPrefix(s.actual, "W/")
	s.declared = true
	l.see(s)
	if l.linker == nil && (s.lost || s.actual == "") {
		return // told already
	}
	s.recorded, s.actual = ofResource(l.target, s.recorded), ofResource(l.target, s.actual)
	s.again = true
	l.see(s)
}

// tags rewrites entity tags (RFC 9110, 8.8.3), or the date that If-Range may hold.
func (w rewriter) tags(value string) (string, bool) {
	if !strings.Contains(value, `"`) {
		return w.validator(value)
	}
	parts := strings.SplitAfter(value, `"`) // what is behind a quote, up to the next one
	changed := false
	for i := 1; i < len(parts); i += 2 {
		if tag, ok := w.validator(`"` + parts[i]); ok {
			parts[i], changed = strings.TrimPrefix(tag, `"`), true
		}
	}
	return strings.Join(parts, ""), changed
}

// validator rewrites the one that the same resource had, else one that is the same.
func (w rewriter) validator(tag string) (string, bool) {
	if v, ok := w.find(ofResource(w.target, tag), asTag|whole); ok {
		return strings.TrimPrefix(v, ofResource(w.target, "")), true
	}
	return w.find(tag, asTag|whole)
}

// ofResource tells the validator of one resource from the same one of another: they are often small numbers.
func ofResource(target, tag string) string { return target + " " + tag }
