package capture

import (
	"bufio"
	"fmt"
	"io"
	"sync"

	"github.com/headgate-dev/headgate/traffic"
)

// The limits of a writer's queue.
const (
	// DefaultQueue is how many records may wait.
	DefaultQueue = 10_000
	// maxWaiting is how many bytes of bodies may wait.
	maxWaiting = 256 << 20
)

// Writer is a [Sink] that writes records as JSON Lines. Records wait in a bounded queue; where that
// is full, or writing has failed, they are dropped.
type Writer struct {
	out   *bufio.Writer
	queue chan *traffic.Record
	done  chan struct{}
	line  []byte // the buffer of the last line, used by the writing goroutine only

	mu      sync.Mutex
	waiting int64 // bytes of bodies in the queue
	closed  bool
	err     error
}

var _ Sink = (*Writer)(nil)

// NewWriter starts a writer to w with room for so many records; 0 means DefaultQueue. It must be closed; w
// stays the caller's.
func NewWriter(w io.Writer, queue int) *Writer {
	if queue <= 0 {
		queue = DefaultQueue
	}
	wr := &Writer{
		out:   bufio.NewWriterSize(w, 64<<10),
		queue: make(chan *traffic.Record, queue),
		done:  make(chan struct{}),
	}
	go wr.run()
	return wr
}

// Put queues the record. It never blocks; false means that the record was dropped.
func (w *Writer) Put(r *traffic.Record) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := sizeOf(r)
	if w.closed || w.err != nil || w.waiting > 0 && w.waiting+size > maxWaiting {
		return false
	}
	select {
	case w.queue <- r:
		w.waiting += size
		return true
	default:
		return false
	}
}

func sizeOf(r *traffic.Record) int64 {
	size := 0
	if r.Request != nil {
		size += len(r.Request.Body)
	}
	if r.Response != nil {
		size += len(r.Response.Body)
	}
	return int64(size)
}

// Close writes what waits and returns the first error of all writing. It is safe to call twice.
func (w *Writer) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	return w.Err()
}

// Err is why writing has failed, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// run writes until the queue is closed, and flushes whenever there is nothing left to write.
func (w *Writer) run() {
	defer close(w.done)
	for r := range w.queue {
		w.took(sizeOf(r))
		if w.Err() == nil {
			w.fail(w.write(r))
		}
		if len(w.queue) == 0 {
			w.fail(w.out.Flush())
		}
	}
	w.fail(w.out.Flush())
}

func (w *Writer) write(r *traffic.Record) (err error) {
	w.line, err = r.AppendJSON(w.line[:0])
	if err != nil {
		return err
	}
	w.line = append(w.line, '\n')
	_, err = w.out.Write(w.line)
	return err
}

func (w *Writer) took(size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting -= size
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
