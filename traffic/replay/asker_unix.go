//go:build unix

package replay

import (
	"errors"
	"net"
	"syscall"
)

// asker writes requests to a connection and waits for the answer to begin. It does both in one call into
// the network poller: writing first and reading then takes a read more, which finds nothing yet.
type asker struct {
	conn net.Conn
	// raw is nil where the connection cannot be looked into, as with TLS.
	raw  syscall.RawConn
	step func(fd uintptr) bool

	// The state of one call of ask: what is to be written, whether to look first, whether writing has
	// begun, and what went wrong.
	rest        []byte
	look, begun bool
	err         error
}

func newAsker(c net.Conn) *asker {
	a := &asker{conn: c}
	if tcp, ok := c.(*net.TCPConn); ok {
		a.raw, _ = tcp.SyscallConn() // the error is that of a closed connection
	}
	a.step = a.advance
	return a
}

// ask writes all of b. If it is to look first, it is errStale where the connection is not quiet.
func (a *asker) ask(b []byte, look bool) error {
	if a.raw == nil {
		_, err := a.conn.Write(b)
		return err
	}
	a.rest, a.look, a.begun, a.err = b, look, false, nil
	err := a.raw.Read(a.step)
	switch {
	case a.err != nil:
		return a.err
	case !a.begun:
		return err
	case len(a.rest) > 0:
		_, err := a.conn.Write(a.rest)
		return err
	}
	return nil // what has ended the wait will end the reading, too
}

// advance is called by the poller: at once, and again when there is something to read. It is true when
// there is nothing to wait for any more.
func (a *asker) advance(fd uintptr) bool {
	if a.begun {
		return true
	}
	a.begun = true
	if a.look && !silent(fd) {
		a.err = errStale
		return true
	}
	n, err := syscall.Write(int(fd), a.rest)
	a.rest = a.rest[max(n, 0):]
	if err != nil && !errors.Is(err, syscall.EAGAIN) && !errors.Is(err, syscall.EINTR) {
		a.err = err
	}
	return a.err != nil || len(a.rest) > 0
}

// quiet tells whether an idle connection is still open and has nothing to read: what a server sends
// unasked, its closing included, makes the connection useless. A TLS connection cannot be looked into.
func (a *asker) quiet() bool {
	if a.raw == nil {
		return true
	}
	quiet := false
	err := a.raw.Read(func(fd uintptr) bool {
		quiet = silent(fd)
		return true
	})
	return err == nil && quiet
}

// silent tells whether a socket is open and has nothing to read.
func silent(fd uintptr) bool {
	var b [1]byte
	_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return errors.Is(err, syscall.EAGAIN)
}
