//go:build unix

package replay

import (
	"net"
	"syscall"
)

// quiet tells whether an idle connection is still open and has nothing to read: what a server sends
// unasked, its closing included, makes the connection useless. A TLS connection cannot be looked into.
func quiet(c net.Conn) bool {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return true
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	var seen error
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, seen = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	return err == nil && (seen == syscall.EAGAIN || seen == syscall.EWOULDBLOCK)
}
