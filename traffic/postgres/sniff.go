package postgres

import (
	"encoding/binary"
	"errors"
)

// The codes in a client's first message.
const (
	codeCancel = 1234<<16 | 5678
	codeSSL    = 1234<<16 | 5679
	codeGSS    = 1234<<16 | 5680
	// version3 is in the upper half of the code of a StartupMessage.
	version3 = 3
)

// Starts tells whether b begins as a client does on a new connection to a Postgres server: with a
// StartupMessage of version 3, an SSLRequest, a GSSENCRequest or a CancelRequest. It needs 8 bytes.
func Starts(b []byte) bool {
	if len(b) < 8 {
		return false
	}
	size, code := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	switch code {
	case codeSSL, codeGSS:
		return size == 8
	case codeCancel:
		return size >= 16 && size <= 272 // keys have up to 256 bytes since version 3.2
	}
	return code>>16 == version3 && size >= 9 && size <= 10_000
}

// Continues tells whether b, the bytes of one packet or read, may be what the client or the server sends
// within a connection: messages of the protocol from its first byte on, of which the last may go on
// behind its end.
func Continues(b []byte, client bool) bool {
	f := frames{client: client}
	messages := 0
	for len(b) > 0 {
		size, err := f.size(b)
		if err != nil {
			return messages > 0 && errors.Is(err, errPart) && known(b[0], client)
		}
		messages++
		if size >= len(b) {
			return ends(b, size)
		}
		if !ends(b, size) {
			return false
		}
		b = b[size:]
	}
	return false
}

func known(kind byte, client bool) bool {
	_, longest := lengths(kind, client)
	return longest > 0
}

// ends tells whether the content of a whole message goes with its kind.
func ends(b []byte, size int) bool {
	switch {
	case size > len(b):
		return true
	case b[0] == 'Z':
		return b[5] == 'I' || b[5] == 'T' || b[5] == 'E'
	case b[0] == 'Q' || b[0] == 'C':
		return b[size-1] == 0
	}
	return true
}
