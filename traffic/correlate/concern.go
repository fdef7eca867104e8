package correlate

import "bytes"

// concerns tells whether a recorded JSON body holds a value that a request after i uses, or an
// address, whose parts might be used. Few bodies do; only those are worth decoding.
func (s *Session) concerns(i int, body []byte) bool {
	scan := scanner{src: body}
	for scan.next() {
		literal := scan.src[scan.start:scan.end]
		if literal[0] != '"' {
			if s.usedAfter(i, literal) {
				return true
			}
			continue
		}
		text := literal[1 : len(literal)-1]
		escaped := bytes.IndexByte(text, '\\') >= 0
		if escaped || bytes.HasPrefix(text, []byte("/")) || bytes.Contains(text, []byte("://")) || s.usedAfter(i, text) {
			return true
		}
	}
	return false
}

func (s *Session) usedAfter(i int, token []byte) bool {
	u, ok := s.uses[string(token)]
	return ok && max(u.last, u.lastID) > i
}
