package transform

import "strings"

// jsonStep sets and removes values of JSON bodies. Its parts are those of set, then of remove.
type jsonStep struct {
	paths  *paths
	values []string // JSON, by the number of the path; what has none is removed
	in     Side
}

func (s *jsonStep) apply(x *exchange, counts []int) error {
	for m := range x.messages(s.in) {
		if !m.isJSON() {
			continue
		}
		m.body() // what is put into the document is in the text now
		d, err := m.document()
		if err != nil {
			continue
		}
		w := rewriter{document: d, paths: s.paths}
		w.change = func(ends positions) (with string) {
			ends.each(func(i int) {
				counts[s.paths.numbers[i]]++
				with = s.value(i)
			})
			return with
		}
		w.absent = func(before positions) string { return s.members(before, counts) }
		if text, changed := w.run(); changed {
			m.setBody(text)
		}
	}
	return nil
}

// value is what is set by the path that has come to its end.
func (s *jsonStep) value(end int) string {
	if i := s.paths.numbers[end]; i < len(s.values) {
		return s.values[i]
	}
	return ""
}

// members are those that are set where an object lacks them.
func (s *jsonStep) members(before positions, counts []int) string {
	var list []string
	before.each(func(i int) {
		if value := s.value(i + 1); value != "" {
			list = append(list, string(quote(s.paths.last[i]))+":"+value)
			counts[s.paths.numbers[i+1]]++
		}
	})
	return strings.Join(list, ",")
}
