package transform

// shapes has by the first byte of the values that are looked for a bit for each of their lengths, the last for
// 63 and more. Most values are passed over by it alone.
type shapes [256]uint64

// add adds values of a length that begin with one of the bytes.
func (s *shapes) add(first string, length int) {
	for i := range len(first) {
		s[first[i]] |= 1 << min(length, 63)
	}
}

// has tells whether a value may be one that is looked for.
func (s *shapes) has(value string) bool {
	return value != "" && s.begin(value[0], len(value))
}

// begin tells whether a value of a length that begins with a byte may be one.
func (s *shapes) begin(first byte, length int) bool { return s[first]&(1<<min(length, 63)) != 0 }

// within tells whether a text with escapes may be one: it is shorter without them.
func (s *shapes) within(first byte, length int) bool {
	return first == '\\' || s[first]&(1<<(min(length, 63)+1)-1) != 0
}
