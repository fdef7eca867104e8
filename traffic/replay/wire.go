package replay

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// wire is one connection to the target. It is used by one request at a time.
type wire struct {
	conn  net.Conn
	in    *bufio.Reader
	asker *asker
	out   []byte    // the request as it is written, reused
	since time.Time // when it became idle
	// rested is true where it was idle for longer than brief.
	rested bool
	// text and fields are the header that is being read, reused.
	text   []byte
	fields []field

	// reusable is true where the last answer has left the connection in order.
	reusable bool

	// deadline is that of the connection; done belongs to the context that interrupts it, until
	// unwatch is called.
	deadline time.Time
	done     <-chan struct{}
	unwatch  func() bool
}

// readSize holds most answers whole.
const readSize = 8 << 10

func newWire(conn net.Conn) *wire {
	return &wire{
		conn: conn, in: bufio.NewReaderSize(conn, readSize), asker: newAsker(conn), unwatch: func() bool { return true },
	}
}

func (w *wire) close() error {
	w.unwatch()
	return w.conn.Close()
}

// bound sees to it that the next exchange ends with ctx and, within a hundredth, after the timeout. It is
// false if the connection has been interrupted already. Setting a deadline and watching a context cost as
// much as a small request, so both are kept from one exchange to the next.
func (w *wire) bound(ctx context.Context, now time.Time, timeout time.Duration) bool {
	if done := ctx.Done(); w.done != done {
		if !w.unwatch() {
			return false
		}
		w.done, w.unwatch = done, context.AfterFunc(ctx, w.interrupt)
	}
	due := now.Add(timeout)
	if timeout <= 0 || !w.deadline.Before(due) {
		return true
	}
	w.deadline = due.Add(timeout / 100)
	// The interruption may have come before the new deadline, and would be undone by it.
	return w.conn.SetDeadline(w.deadline) == nil && ctx.Err() == nil
}

// interrupt ends what the connection is doing.
func (w *wire) interrupt() { _ = w.conn.SetDeadline(time.Unix(1, 0)) }

// exchange sends one request and reads its answer. A server may answer and close before it has read
// the whole request; such an answer counts. The error is errStale where nothing was sent.
func (w *wire) exchange(s *HTTPSender, r *traffic.Request) (*traffic.Response, error) {
	w.reusable = false
	var err error
	if w.out, err = s.appendRequest(w.out[:0], r); err != nil {
		return nil, err
	}
	pending, unwritten := w.write()
	if errors.Is(unwritten, errStale) {
		return nil, unwritten
	}
	answer, err := w.answer(r.Method)
	if pending != nil {
		unwritten = w.settle(pending)
	}
	switch {
	case err != nil && unwritten != nil && !errors.Is(unwritten, errCutShort):
		return nil, fmt.Errorf("writing the request: %w", unwritten)
	case err != nil:
		return nil, err
	}
	w.reusable = unwritten == nil && answer.persistent && w.in.Buffered() == 0
	body, err := decoded(answer.header, answer.body)
	if err != nil {
		return nil, fmt.Errorf("decoding the body of a %d response: %w", answer.status, err)
	}
	return &traffic.Response{Status: answer.status, Header: answer.header, Body: body}, nil
}

// errStale is a connection on which the server has said something unasked, such as that it is closed.
// Nothing was sent on it.
var errStale = errors.New("stale connection")

// aside is the size from which a request is written beside the reading of its answer: what is smaller
// fits into the buffers of the operating system, so that neither side can wait for the other for ever.
const aside = 64 << 10

// write sends the request. The outcome of a large one, whose writing goes on, is to be had from pending.
func (w *wire) write() (pending chan error, err error) {
	if len(w.out) < aside {
		return nil, w.asker.ask(w.out, w.rested)
	}
	if w.rested && !w.asker.quiet() {
		return nil, errStale
	}
	pending = make(chan error, 1)
	go func() {
		_, err := w.conn.Write(w.out)
		pending <- err
	}()
	return pending, nil
}

// errCutShort is a writing that was ended because the answer was there.
var errCutShort = errors.New("cut short by the answer")

// settle ends a writing that goes on behind the answer. The connection is of no use after that.
func (w *wire) settle(pending chan error) error {
	select {
	case err := <-pending:
		return err
	default:
		w.interrupt()
		return errors.Join(errCutShort, <-pending)
	}
}

// line reads one line without its line end. It is valid until the next read.
func (w *wire) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = w.longLine(line)
	}
	if errors.Is(err, io.EOF) && len(line) > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

// longLine reads on where a line is longer than the buffer.
func (w *wire) longLine(start []byte) ([]byte, error) {
	long := bytes.Clone(start)
	for len(long) <= maxHead {
		more, err := w.in.ReadSlice('\n')
		long = append(long, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return long, err
		}
	}
	return nil, errHeadTooLarge
}
