package pcap

import (
	"bytes"
	"slices"
	"time"
)

// stream is one direction of a connection: it puts segments in order.
type stream struct {
	started bool
	// first and next are sequence numbers: of the first byte, and of the next one expected.
	first, next uint32
	// end is the sequence number behind the last byte, once finished tells that it is known.
	end      uint32
	finished bool
	// late are pieces behind a hole, in order, and none of them overlapping another.
	late      []piece
	lateBytes int
	// passed counts acknowledgements of what is missing here, since there was something new.
	passed int
	// last is when the piece before next came.
	last time.Time
	// strayed tells that a segment was far from the others, at far.
	strayed bool
	far     uint32
}

// piece is a run of bytes, of which those at the end may be missing.
type piece struct {
	seq  uint32
	data []byte
	// size counts the bytes that are missing, too.
	size int
	at   time.Time
	// ack is the sequence number before which its sender had everything, where acks is set.
	ack  uint32
	acks bool
}

func (p piece) end() uint32 { return p.seq + uint32(p.size) }

// from is the piece without its first n bytes.
func (p piece) from(n int) piece {
	p.seq, p.size, p.data = p.seq+uint32(n), p.size-n, p.data[min(n, len(p.data)):]
	return p
}

// to is the first n bytes of the piece.
func (p piece) to(n int) piece {
	p.size, p.data = n, p.data[:min(n, len(p.data))]
	return p
}

// Bounds of what waits for missing segments.
const (
	maxLate   = 4 << 20  // bytes of one stream
	maxPassed = 16       // acknowledgements, which may be captured ahead of what they acknowledge
	maxAhead  = 64 << 20 // bytes
	pieceSize = 96       // about what a piece takes beside its bytes
)

// after is how far a sequence number is behind another one.
func after(a, b uint32) int { return int(int32(a - b)) }

// hold keeps a piece until what is before it comes. What came first stays; it is false where the new
// piece says something else.
func (s *stream) hold(p piece) (same bool) {
	same = true
	for i := s.place(p); i < len(s.late) && p.size > 0; i++ {
		q := s.late[i]
		if after(p.end(), q.seq) <= 0 {
			break
		}
		if before := after(q.seq, p.seq); before > 0 {
			s.insert(i, p.to(before))
			p = p.from(before)
			continue
		}
		skip := min(after(q.end(), p.seq), p.size)
		same = agree(q.from(after(p.seq, q.seq)).data, p.data) && same
		p = p.from(skip)
	}
	if p.size > 0 {
		s.insert(s.place(p), p)
	}
	return same
}

// place is where a piece stands among the late ones: the first of them that does not end before it.
func (s *stream) place(p piece) int {
	if n := len(s.late); n == 0 || after(p.seq, s.late[n-1].end()) >= 0 {
		return n
	}
	return slices.IndexFunc(s.late, func(q piece) bool { return after(q.end(), p.seq) > 0 })
}

func (s *stream) insert(i int, p piece) {
	p.data = bytes.Clone(p.data)
	s.late = slices.Insert(s.late, i, p)
	s.lateBytes += len(p.data) + pieceSize
}

// take removes the first late piece, without what has come by another way.
func (s *stream) take() piece {
	p := s.late[0]
	s.late[0] = piece{}
	s.late = s.late[1:]
	s.lateBytes -= len(p.data) + pieceSize
	return p.from(min(after(s.next, p.seq), p.size))
}

// agree tells whether two runs of bytes that begin at the same place are equal as far as both go.
func agree(a, b []byte) bool {
	n := min(len(a), len(b))
	return bytes.Equal(a[:n], b[:n])
}

// hole tells that bytes are missing before those that are there.
func (s *stream) hole() bool { return len(s.late) > 0 && after(s.late[0].seq, s.next) > 0 }

// begin has the stream begin with a sequence number, unless it has begun.
func (s *stream) begin(seq uint32) {
	if !s.started {
		s.started, s.first, s.next = true, seq, seq
	}
}

// lacks tells whether something before a sequence number is missing.
func (s *stream) lacks(ack uint32) bool {
	n := after(ack, s.next)
	if s.finished && s.next == s.end {
		n-- // the end counts as well
	}
	return s.started && n > 0 && n <= maxAhead
}

// full tells that no more late pieces can be kept.
func (s *stream) full() bool { return s.lateBytes > maxLate || len(s.late) > maxLate/1024 }
