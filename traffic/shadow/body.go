package shadow

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// budget is a number of bytes that can be taken and given back.
type budget struct{ free atomic.Int64 }

func (b *budget) take(n int64) bool {
	if b.free.Add(-n) >= 0 {
		return true
	}
	b.free.Add(n)
	return false
}

func (b *budget) give(n int64) { b.free.Add(n) }

// body passes a body through and keeps a copy of it, as long as it is not longer than max and the memory
// has room. The transport may still read a request body while the copy is taken.
type body struct {
	io.ReadCloser
	max    int64
	memory *budget
	// length is what the message announced; -1 where it did not.
	length int64
	clock  func() time.Time

	mu    sync.Mutex
	copy  []byte
	seen  int64
	ended bool
	// at is when the last byte came.
	at time.Time
	// over says why there is no copy.
	over Reason
	// cost is how long copying took.
	cost time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	began := b.clock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.keep(p[:n])
	b.ended = b.ended || err == io.EOF
	b.at = b.clock()
	b.cost += b.at.Sub(began)
	return n, err
}

func (b *body) keep(p []byte) {
	b.seen += int64(len(p))
	switch {
	case len(p) == 0 || b.over != "":
	case b.seen > b.max:
		b.drop(TooLarge)
	case !b.grow(len(p)):
		b.drop(NoMemory)
	default:
		b.copy = append(b.copy, p...)
	}
}

// minCopy is the room that the copy of a body begins with.
const minCopy = 512

// grow makes room for n more bytes, as long as the memory has it.
func (b *body) grow(n int) bool {
	need := len(b.copy) + n
	if need <= cap(b.copy) {
		return true
	}
	room := max(need, 2*cap(b.copy), minCopy)
	if b.length > 0 {
		room = max(need, int(min(b.length, b.max)))
	}
	if !b.memory.take(int64(room - cap(b.copy))) {
		return false
	}
	b.copy = append(make([]byte, 0, room), b.copy...)
	return true
}

// drop gives the copy up.
func (b *body) drop(why Reason) {
	b.memory.give(int64(cap(b.copy)))
	b.copy, b.over = nil, why
}

// taken is the copy of the whole body, whose room is the caller's to give back to the memory; else why there is
// none. A body that is read on after that is not copied any more.
func (b *body) taken() (copied []byte, why Reason) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over == "" && !b.whole() {
		b.drop(Broken)
	}
	copied, why = b.copy, b.over
	b.copy, b.over = nil, Broken
	return copied, why
}

func (b *body) whole() bool { return b.ended || b.seen == b.length }

// last is when the last byte came and what copying has cost.
func (b *body) last() (at time.Time, cost time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at, b.cost
}
