package capture

import (
	"io"
	"sync"
)

// tee passes a body through and keeps a copy of at most max bytes. The transport may still read a request
// body while the copy is taken.
type tee struct {
	io.ReadCloser
	max int64
	// length is what the message announced; -1 where it did not.
	length int64
	// done, where set, is called once, before the reader gets the last bytes.
	done func()

	mu    sync.Mutex
	copy  []byte
	seen  int64
	ended bool
}

func newTee(body io.ReadCloser, length, limit int64) *tee {
	return &tee{ReadCloser: body, max: limit, length: length}
}

func (t *tee) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	t.take(b[:n], err == io.EOF)
	if t.done != nil && t.whole() {
		t.done()
		t.done = nil
	}
	return n, err
}

func (t *tee) take(b []byte, ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen += int64(len(b))
	if t.seen <= t.max {
		t.copy = append(t.copy, b...)
	} else {
		t.copy = nil
	}
	t.ended = t.ended || ended
}

// whole tells whether the body was read to its end.
func (t *tee) whole() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended || t.seen == t.length
}

// taken is the copy and the number of bytes that passed; ok is false where the copy is not the
// whole body.
func (t *tee) taken() (body []byte, seen int64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen > t.max || !t.ended && t.seen != t.length {
		return nil, t.seen, false
	}
	return t.copy, t.seen, true
}
