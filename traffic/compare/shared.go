package compare

// Shared tells whether values, given as JSON text, all have one form under the matcher, so that it would
// accept each in place of another. It is false for what is no string or number.
func (m Matcher) Shared(values ...string) bool {
	form, err := newShape(m)
	if err != nil || len(values) == 0 {
		return false
	}
	first := ""
	for i, text := range values {
		v := scalar(text)
		if v == nil {
			return false
		}
		switch f := form(v); {
		case f == "", i > 0 && f != first:
			return false
		default:
			first = f
		}
	}
	return true
}
