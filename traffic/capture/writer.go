package capture

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// The limits of a writer's queue.
const (
	// DefaultQueue is how many records may wait.
	DefaultQueue = 10_000
	// maxWaiting is how many bytes of records may wait.
	maxWaiting = 256 << 20
	// batch is how many records are written at once where as many wait, and how many make the writer begin.
	batch = 256
	// pause is how long a record waits for others to be written with it: waking the writer for each would
	// slow down the traffic.
	pause = 50 * time.Millisecond
)

// Writer is a [Sink] that writes records as JSON Lines. Records wait in a bounded queue; where that
// is full, or writing has failed, they are dropped. What was put is in the file some 50 ms later.
type Writer struct {
	out  *bufio.Writer
	max  int
	line []byte // the buffer of the last line, used by the writing goroutine only

	// some tells that records wait, many that there are enough of them to write at once.
	some, many, closing, done chan struct{}

	mu      sync.Mutex
	queue   []entry
	waiting int64 // bytes that the records in the queue take, or so
	taken   int64 // how many records were put
	written int64
	closed  bool
	err     error
}

var _ Sink = (*Writer)(nil)

// entry is a record in the queue, with about how many bytes it takes.
type entry struct {
	*traffic.Record

	size int64
	// finish, where set, is what is still to be done to the record.
	finish func()
}

// finisher is a sink that finishes records itself.
type finisher interface {
	// put is Put.
	put(e entry) bool
}

var _ finisher = (*Writer)(nil)

// NewWriter starts a writer to w with room for so many records; 0 means DefaultQueue. It must be closed; w
// stays the caller's.
func NewWriter(w io.Writer, queue int) *Writer {
	if queue <= 0 {
		queue = DefaultQueue
	}
	wr := &Writer{
		out: bufio.NewWriterSize(w, 64<<10), max: queue, some: make(chan struct{}, 1), many: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{}),
	}
	go wr.run()
	return wr
}

// Put queues the record. It never blocks; false means that the record was dropped.
func (w *Writer) Put(r *traffic.Record) bool {
	return w.put(entry{r, sizeOf(r), nil})
}

func (w *Writer) put(e entry) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.err != nil || len(w.queue) >= w.max || w.waiting > 0 && w.waiting+e.size > maxWaiting {
		return false
	}
	w.queue = append(w.queue, e)
	w.waiting += e.size
	w.taken++
	switch len(w.queue) {
	case 1:
		signal(w.some)
	case batch:
		signal(w.many)
	}
	return true
}

// signal never blocks: one signal that waits is enough.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// sizeOf is about how many bytes a record takes.
func sizeOf(r *traffic.Record) (size int64) {
	if q := r.Request; q != nil {
		size += int64(len(q.URL)+len(q.Body)) + sizeOfHeader(q.Header)
		if q.Query != nil {
			size += int64(len(q.Query.SQL))
			for _, p := range q.Query.Params {
				size += sizeOfText(p.Value)
			}
		}
	}
	if a := r.Response; a != nil {
		size += int64(len(a.Body)) + sizeOfHeader(a.Header)
		if a.Result != nil {
			for _, row := range a.Result.Rows {
				for _, value := range row {
					size += sizeOfText(value)
				}
			}
		}
	}
	return size
}

func sizeOfHeader(h http.Header) (size int64) {
	for name, values := range h {
		size += int64(len(name))
		for _, value := range values {
			size += int64(len(value))
		}
	}
	return size
}

// sizeOfText is that of a value of a database, nil for NULL, with what points at it.
func sizeOfText(value *string) int64 {
	const pointer = 24
	if value == nil {
		return pointer
	}
	return pointer + int64(len(*value))
}

// Close writes what waits and returns the first error of all writing. It is safe to call twice.
func (w *Writer) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.closing)
	}
	w.mu.Unlock()
	<-w.done
	return w.Err()
}

// Written is how many records were written so far.
func (w *Writer) Written() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written
}

// Lost is how many of the records that were put are not in the file, or may not be, as writing has failed; it
// is known once the writer is closed.
func (w *Writer) Lost() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.taken - w.written
}

// Err is why writing has failed, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// run writes until the writer is closed, and flushes whenever there is nothing left to write.
func (w *Writer) run() {
	defer close(w.done)
	for open := true; open; {
		select {
		case <-w.some:
			open = w.gather()
		case <-w.closing:
			open = false
		}
		w.drain()
	}
}

// gather waits for more records; false means that the writer is closed.
func (w *Writer) gather() (open bool) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-w.many:
	case <-timer.C:
	case <-w.closing:
		return false
	}
	return true
}

// drain writes all that waits.
func (w *Writer) drain() {
	var n int64
	for list := w.take(nil); len(list) > 0; list = w.take(list) {
		for i := range list {
			w.write(list[i])
			list[i] = entry{} // what was decoded may be long
		}
		n += int64(len(list))
	}
	if w.Err() == nil {
		w.fail(w.out.Flush())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.written += n
	}
}

// take moves records from the queue into list, whose own are done with.
func (w *Writer) take(list []entry) []entry {
	clear(list)
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(batch, len(w.queue))
	list = append(list[:0], w.queue[:n]...)
	w.queue = slices.Delete(w.queue, 0, n)
	for _, r := range list {
		w.waiting -= r.size
	}
	return list
}

// write writes one record, unless that has failed before.
func (w *Writer) write(r entry) {
	if w.Err() != nil {
		return
	}
	if r.finish != nil {
		r.finish()
	}
	var err error
	if w.line, err = r.AppendJSON(w.line[:0]); err == nil {
		w.line = append(w.line, '\n')
		_, err = w.out.Write(w.line)
	}
	w.fail(err)
}

func (w *Writer) fail(err error) {
	if err == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = fmt.Errorf("writing the capture: %w", err)
	}
}
