package embedded

import (
	"net"
	"net/http"

	"github.com/headgate-dev/headgate/mocks"
)

// garbage is what the faults send where an answer is expected: bytes that are no HTTP.
const garbage = "\x07}{ no answer ][ \x00\xff\xfe"

// breakConnection ends a connection the way a fault of WireMock's says.
func breakConnection(w http.ResponseWriter, fault mocks.Fault) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 resets the stream
	}
	defer conn.Close()
	switch fault {
	case mocks.MalformedResponseChunk:
		_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + garbage))
	case mocks.RandomDataThenClose:
		_, _ = conn.Write([]byte(garbage))
	case mocks.ConnectionResetByPeer:
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // closing then sends a reset
		}
	}
}
