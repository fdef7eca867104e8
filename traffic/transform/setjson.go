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
		w := rewriter{src: m.body(), paths: s.paths}
		var fired []int
		w.change = func(_ string, ends positions) (with string, _ bool) {
			ends.each(func(i int) {
				fired = append(fired, s.paths.numbers[i])
				with = s.value(i)
			})
			return with, true
		}
		w.absent = func(before positions) string { return s.members(before, &fired) }
		if text, err := w.run(); err == nil && w.last > 0 {
			m.setBody(text)
			for _, i := range fired {
				counts[i]++
			}
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
func (s *jsonStep) members(before positions, fired *[]int) string {
	var list []string
	before.each(func(i int) {
		if value := s.value(i + 1); value != "" {
			list = append(list, quote(s.paths.last[i])+":"+value)
			*fired = append(*fired, s.paths.numbers[i+1])
		}
	})
	return strings.Join(list, ",")
}
