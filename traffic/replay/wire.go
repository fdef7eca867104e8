package replay

import (
	"bufio"
	"bytes"
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
	out   []byte    // the request as it is written, reused
	since time.Time // when it became idle
	// reusable is true where the last answer has left the connection in order.
	reusable bool
}

// readSize holds most answers whole.
const readSize = 8 << 10

func newWire(conn net.Conn) *wire {
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, readSize)}
}

// interrupt ends what the connection is doing.
func (w *wire) interrupt() { _ = w.conn.SetDeadline(time.Unix(1, 0)) }

// exchange sends one request and reads its answer. A server may answer and close before it has read
// the whole request; such an answer counts.
func (w *wire) exchange(s *HTTPSender, r *traffic.Request) (*traffic.Response, error) {
	w.reusable = false
	var err error
	if w.out, err = s.appendRequest(w.out[:0], r); err != nil {
		return nil, err
	}
	written := w.write()
	answer, err := w.answer(r.Method)
	unwritten := written()
	if unwritten != nil && err != nil {
		return nil, fmt.Errorf("writing the request: %w", unwritten)
	}
	if err != nil {
		return nil, err
	}
	w.reusable = unwritten == nil && answer.persistent && w.in.Buffered() == 0
	body, err := decoded(answer.header, answer.body)
	if err != nil {
		return nil, fmt.Errorf("decoding the body of a %d response: %w", answer.status, err)
	}
	return &traffic.Response{Status: answer.status, Header: answer.header, Body: body}, nil
}

// aside is the size from which a request is written beside the reading of its answer: what is smaller
// fits into the buffers of the operating system, so that neither side can wait for the other for ever.
const aside = 64 << 10

// write sends the request. The function it returns gives the outcome; it is to be called when the answer
// is read, and ends a writing that goes on behind it.
func (w *wire) write() (written func() error) {
	if len(w.out) < aside {
		_, err := w.conn.Write(w.out)
		return func() error { return err }
	}
	done := make(chan error, 1)
	go func() {
		_, err := w.conn.Write(w.out)
		done <- err
	}()
	return func() error {
		select {
		case err := <-done:
			return err
		default:
			w.interrupt()
			return <-done
		}
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
