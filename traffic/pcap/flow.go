package pcap

import (
	"bytes"
	"time"
)

// flow is a TCP connection. Between two ends there may be one after the other.
type flow struct {
	reader  *reader
	key     pair
	ends    [2]endpoint // of the first packet: source, destination
	streams [2]stream
	// conn is what goes over it, nil once it is over.
	conn *conn
	// seen is when the last packet came, in nanoseconds; held how many bytes are kept for it.
	seen         int64
	held         int
	newer, older *flow
}

// pair is both ends of a connection, the lesser one first.
type pair struct{ low, high endpoint }

func paired(a, b endpoint) pair {
	if c := bytes.Compare(a.addr[:], b.addr[:]); c < 0 || c == 0 && a.port < b.port {
		return pair{a, b}
	}
	return pair{b, a}
}

// take goes on with a segment that was sent by one of the ends; it is false where the segment belongs to
// another connection between them.
func (f *flow) take(from int, s *segment) bool {
	st, seq := &f.streams[from], s.seq
	if s.flags&flagSYN != 0 {
		seq++
	}
	st.begin(seq)
	if s.flags&flagACK != 0 {
		f.acknowledged(1-from, s.ack)
	}
	p := piece{seq, s.payload, len(s.payload) + s.missing, s.at, s.ack, s.flags&flagACK != 0}
	distance := after(seq, st.next)
	if distance > maxAhead || -distance > maxAhead {
		return !f.stray(st, &p)
	}
	if s.flags&flagFIN != 0 {
		st.finished, st.end = true, p.end()
	}
	if p.size > 0 {
		if p.acks && p.ack != 0 {
			f.streams[1-from].begin(p.ack)
		}
		f.piece(from, p)
	}
	f.end(s)
	return true
}

// stray takes note of a segment far from the others; a second one beside it means that a new connection
// has begun.
func (f *flow) stray(st *stream, p *piece) (another bool) {
	if p.size == 0 {
		return false
	}
	distance := after(p.seq, st.far)
	another = st.strayed && distance <= maxAhead && -distance <= maxAhead
	st.strayed, st.far = true, p.seq
	if !another {
		f.reader.leftOut(farOff)
	}
	return another
}

// piece puts bytes in their place.
func (f *flow) piece(from int, p piece) {
	st := &f.streams[from]
	distance := after(p.seq, st.next)
	if distance < 0 {
		if !f.conn.agrees(from, -distance, p.data) {
			f.reader.leftOut(contradicting)
		}
		if -distance >= p.size {
			if after(p.seq, st.first) < 0 {
				f.conn.early(from)
			}
			return
		}
		p = p.from(-distance)
	}
	st.strayed = false
	if distance <= 0 && len(st.late) == 0 && !f.waits(from, p) {
		f.deliver(from, p)
		return
	}
	if !st.hold(p) {
		f.reader.leftOut(contradicting)
	}
	f.drain()
}

// waits tells whether what one end has sent has to wait for what it had got before, and what is not here
// yet: an answer never comes before its request.
func (f *flow) waits(from int, p piece) bool { return p.acks && f.streams[1-from].lacks(p.ack) }

// waiting tells whether the first late piece has to wait, and for nothing of its own direction.
func (f *flow) waiting(from int) bool {
	st := &f.streams[from]
	return len(st.late) > 0 && !st.hole() && f.waits(from, st.late[0])
}

// deliver hands on the next bytes.
func (f *flow) deliver(from int, p piece) {
	st := &f.streams[from]
	if len(p.data) > 0 {
		f.conn.data(from, p.at, p.data)
	}
	if n := p.size - len(p.data); n > 0 {
		f.conn.gap(from, n)
	}
	st.next, st.last, st.passed = p.end(), p.at, 0
}

// drain hands on what waits no longer, in the order in which it came, and gives up what is missing where
// it will not come.
func (f *flow) drain() {
	for {
		from := f.ready()
		if from < 0 {
			if from = f.lost(); from < 0 {
				return
			}
			f.skip(from)
			continue
		}
		st := &f.streams[from]
		p := st.take()
		if p.at.Before(st.last) { // it had to wait for what came then
			p.at = st.last
		}
		f.deliver(from, p)
	}
}

// ready is the direction whose first late piece comes next, -1 where there is none.
func (f *flow) ready() int {
	ready := -1
	for i := range f.streams {
		st := &f.streams[i]
		if len(st.late) == 0 || st.hole() || f.waiting(i) {
			continue
		}
		if ready < 0 || st.late[0].at.Before(f.streams[ready].late[0].at) {
			ready = i
		}
	}
	return ready
}

// lost is the direction in which bytes are missing that will not come, -1 where there is none.
func (f *flow) lost() int {
	for i := range f.streams {
		st, other := &f.streams[i], &f.streams[1-i]
		missing := st.hole() || f.waiting(1-i)
		if missing && (st.passed >= maxPassed || st.full() || other.full()) {
			return i
		}
	}
	return -1
}

// skip gives up what is missing.
func (f *flow) skip(from int) {
	st := &f.streams[from]
	var to uint32
	switch {
	case st.hole():
		to = st.late[0].seq
	case st.finished && after(st.end, st.next) > 0:
		to = st.end
	default:
		to = f.streams[1-from].late[0].ack
	}
	f.conn.gap(from, after(to, st.next))
	st.next, st.last, st.passed = to, time.Time{}, 0
}

// acknowledged is told that the receiver of a stream has all bytes before ack.
func (f *flow) acknowledged(from int, ack uint32) {
	st := &f.streams[from]
	if st.lacks(ack) {
		st.passed++
		f.drain()
	}
}

// end ends what a segment ends: a direction, or the connection.
func (f *flow) end(s *segment) {
	done := 0
	for i := range f.streams {
		st := &f.streams[i]
		if st.finished && after(st.next, st.end) >= 0 {
			f.conn.ended(i)
			done++
		}
	}
	if done == 2 || s.flags&flagRST != 0 {
		f.close()
	}
}

// close ends the connection: what is missing will not come.
func (f *flow) close() {
	if f.conn == nil {
		return
	}
	for len(f.streams[0].late)+len(f.streams[1].late) > 0 {
		f.streams[0].passed, f.streams[1].passed = maxPassed, maxPassed
		f.drain()
	}
	f.conn.close()
	f.conn = nil
}

// size is how many bytes are kept.
func (f *flow) size() int {
	n := f.streams[0].lateBytes + f.streams[1].lateBytes
	if f.conn != nil {
		n += f.conn.size()
	}
	return n
}

// another tells whether a segment begins a new connection between the same ends.
func (f *flow) another(from int, s *segment) bool {
	st := &f.streams[from]
	switch {
	case s.flags&flagSYN != 0:
		return st.started && s.seq+1 != st.first || !st.started && f.conn == nil
	case f.conn != nil:
		return false
	}
	// Behind the end there is new data only where the end was not one.
	return len(s.payload) > 0 && s.flags&flagRST == 0 && (!st.started || after(s.seq, st.next) >= 0)
}
