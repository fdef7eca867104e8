package pcap

import "time"

// Bounds of what is kept of connections.
const (
	// idle is how long a connection may be silent before it counts as over.
	idle = 10 * time.Minute
	// linger is how long one that is over is known, so that what is sent again is no new one.
	linger = time.Minute
	// maxOpen and maxOver bound the number of connections, maxHeld the bytes that are kept for all.
	maxOpen = 32 << 10
	maxOver = 32 << 10
	maxHeld = 32 << 20
)

// flows are the connections of a capture.
type flows struct {
	reader *reader
	known  map[pair]*flow
	// open and over are the connections by their last packet.
	open, over queue
	held       int
	// last is when the last packet was captured, in nanoseconds; clock is the earlier one of the last two,
	// so that one wrong time ends nothing.
	last, clock int64
	number      int
}

// take goes on with a segment.
func (fs *flows) take(s *segment) {
	key := paired(s.src, s.dst)
	f := fs.known[key]
	from := 0
	if f != nil {
		if f.ends[0] != s.src {
			from = 1
		}
		if f.another(from, s) {
			fs.remove(f)
			f = nil
		}
	}
	if f == nil {
		if s.flags&flagSYN == 0 && len(s.payload) == 0 {
			return
		}
		f, from = fs.begin(key, s), 0
	}
	if f.conn == nil {
		return
	}
	if !f.take(from, s) {
		fs.remove(f)
		f, from = fs.begin(key, s), 0
		f.take(from, s)
	}
	fs.touch(f)
}

func (fs *flows) begin(key pair, s *segment) *flow {
	fs.number++
	f := &flow{reader: fs.reader, key: key, ends: [2]endpoint{s.src, s.dst}}
	f.conn = &conn{reader: fs.reader, ends: &f.ends, number: fs.number, midway: s.flags&flagSYN == 0}
	fs.known[key] = f
	fs.open.push(f)
	return f
}

// touch takes note of what a packet changed.
func (fs *flows) touch(f *flow) {
	f.seen = fs.last
	size := f.size()
	fs.held += size - f.held
	f.held = size
	fs.open.remove(f)
	if f.conn != nil {
		fs.open.push(f)
	} else {
		fs.over.push(f)
	}
}

// remove ends a connection and forgets it.
func (fs *flows) remove(f *flow) {
	if f.conn == nil {
		fs.over.remove(f)
	} else {
		fs.open.remove(f)
		f.close()
	}
	fs.held -= f.held
	delete(fs.known, f.key)
}

// tick ends what is silent for too long, and the most silent connections where too much is kept.
func (fs *flows) tick(at time.Time) {
	now := at.UnixNano()
	if fs.last == 0 {
		fs.last = now
	}
	fs.clock, fs.last = min(now, fs.last), now
	for f := fs.over.oldest; f != nil && (fs.over.n > maxOver || fs.clock-f.seen > int64(linger)); f = fs.over.oldest {
		fs.remove(f)
	}
	for f := fs.open.oldest; f != nil && fs.clock-f.seen > int64(idle); f = fs.open.oldest {
		fs.remove(f)
	}
	if f := fs.open.oldest; f != nil && f.seen-fs.clock > int64(idle) { // its last packet had a wrong time
		fs.open.remove(f)
		fs.open.push(f)
		f.seen = fs.clock
	}
	for f := fs.open.oldest; f != nil && (fs.open.n > maxOpen || fs.held > maxHeld); f = fs.open.oldest {
		if f.conn.pending() {
			fs.reader.leftOut(crowded)
		}
		fs.remove(f)
	}
}

// end ends all connections, the most silent ones first.
func (fs *flows) end() {
	for f := fs.open.oldest; f != nil; f = fs.open.oldest {
		fs.remove(f)
	}
}

// queue is a list of connections by their last packet.
type queue struct {
	newest, oldest *flow
	n              int
}

func (q *queue) push(f *flow) {
	f.older, f.newer = q.newest, nil
	if q.newest != nil {
		q.newest.newer = f
	} else {
		q.oldest = f
	}
	q.newest = f
	q.n++
}

func (q *queue) remove(f *flow) {
	if f.newer != nil {
		f.newer.older = f.older
	} else {
		q.newest = f.older
	}
	if f.older != nil {
		f.older.newer = f.newer
	} else {
		q.oldest = f.newer
	}
	f.newer, f.older = nil, nil
	q.n--
}
