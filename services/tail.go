package services

import (
	"regexp"
	"sync"
)

// Tee is a sink that hands every line to each of the sinks, in order.
func Tee(sinks ...LogSink) LogSink {
	return func(l Line) {
		for _, sink := range sinks {
			sink(l)
		}
	}
}

// Tail keeps the last lines of a service's output and lets a probe wait for a line. It is safe for
// concurrent use.
type Tail struct {
	mu      sync.Mutex
	ring    []Line
	next    int
	full    bool
	watches map[*watch]struct{}
}

// NewTail returns a tail of the last n lines; n is at least 1.
func NewTail(n int) *Tail {
	return &Tail{ring: make([]Line, max(n, 1)), watches: map[*watch]struct{}{}}
}

// Add is a [LogSink].
func (t *Tail) Add(l Line) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring[t.next] = l
	t.next = (t.next + 1) % len(t.ring)
	t.full = t.full || t.next == 0
	for w := range t.watches {
		w.see(l)
	}
}

// Last returns the newest n lines that are still kept, oldest first.
func (t *Tail) Last(n int) []Line {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last(n)
}

func (t *Tail) last(n int) []Line {
	size := t.next
	if t.full {
		size = len(t.ring)
	}
	n = max(min(n, size), 0)
	lines := make([]Line, 0, n)
	for i := t.next - n; i < t.next; i++ {
		lines = append(lines, t.ring[(i+len(t.ring))%len(t.ring)])
	}
	return lines
}

// Texts is like Last, the text of the lines only.
func (t *Tail) Texts(n int) []string {
	if t == nil {
		return nil
	}
	lines := t.Last(n)
	texts := make([]string, len(lines))
	for i, l := range lines {
		texts[i] = l.Text
	}
	return texts
}

// watch waits for a line that matches. seen is closed by the first one, be it old or new.
type watch struct {
	re   *regexp.Regexp
	seen chan struct{}
	done bool
}

func (w *watch) see(l Line) {
	if !w.done && w.re.MatchString(l.Text) {
		w.done = true
		close(w.seen)
	}
}

// watch begins with the lines that are still kept, so that a line written before the probe started
// counts.
func (t *Tail) watch(re *regexp.Regexp) *watch {
	w := &watch{re: re, seen: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.last(len(t.ring)) {
		w.see(l)
	}
	t.watches[w] = struct{}{}
	return w
}

func (t *Tail) unwatch(w *watch) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.watches, w)
}
