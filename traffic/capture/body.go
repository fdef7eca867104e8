package capture

import (
	"io"
	"sync"
	"sync/atomic"
)

// budget bounds the copies of bodies that are under way at one time, in bytes.
type budget struct{ used atomic.Int64 }

// maxCopies is how many bytes of bodies may be copied at one time, by all exchanges of a recording.
const maxCopies = 256 << 20

// claim takes n bytes, unless that is more than what is left.
func (b *budget) claim(n int64) bool {
	if b.used.Add(n) <= maxCopies {
		return true
	}
	b.used.Add(-n)
	return false
}

func (b *budget) release(n int64) { b.used.Add(-n) }

// tee passes a body through and keeps a copy of at most max bytes. The transport may still read a request
// body while the copy is taken.
type tee struct {
	io.ReadCloser
	max int64
	// length is what the message announced; -1 where it did not.
	length int64
	budget *budget
	// done, where set, is called once, before the reader gets the last bytes.
	done func()

	mu      sync.Mutex
	copy    []byte
	claimed int64
	seen    int64
	lost    bool // the copy was given up
	ended   bool
}

func (t *tee) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	whole := t.pass(b[:n], err == io.EOF)
	if t.done != nil && whole {
		t.done()
		t.done = nil
	}
	return n, err
}

// pass copies what passes and tells whether that was all.
func (t *tee) pass(b []byte, ended bool) (whole bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen += int64(len(b))
	switch {
	case t.lost:
	case t.seen > t.max || !t.grow(len(b)):
		t.giveUp()
	default:
		t.copy = append(t.copy, b...)
	}
	t.ended = t.ended || ended
	return t.ended || t.seen == t.length
}

// minCopy is the room that the copy of a body begins with.
const minCopy = 512

// grow makes room for n more bytes, within the budget.
func (t *tee) grow(n int) bool {
	need := len(t.copy) + n
	if need <= cap(t.copy) {
		return true
	}
	room := max(need, 2*cap(t.copy), minCopy)
	if t.length > 0 && t.length <= t.max {
		room = max(need, int(t.length))
	}
	if !t.budget.claim(int64(room) - t.claimed) {
		return false
	}
	t.claimed = int64(room)
	t.copy = append(make([]byte, 0, room), t.copy...)
	return true
}

func (t *tee) giveUp() {
	t.budget.release(t.claimed)
	t.copy, t.claimed, t.lost = nil, 0, true
}

// whole tells whether the body was read to its end.
func (t *tee) whole() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended || t.seen == t.length
}

// copied is a body that has passed.
type copied struct {
	body  []byte
	seen  int64
	none  bool // there was no body to copy
	whole bool // else body is missing
}

// take is the copy, which is then the caller's; nothing more is kept.
func (t *tee) take() copied {
	if t == nil {
		return copied{none: true}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	c := copied{body: t.copy, seen: t.seen, whole: !t.lost && (t.ended || t.seen == t.length)}
	t.giveUp()
	if !c.whole {
		c.body = nil
	}
	return c
}
