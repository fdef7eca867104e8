package gor

import (
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	request := func(target string) string {
		return record("1 a1 1000000000 5", "POST /"+target+" HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
	}
	rest := []string{
		record("2 a1 1003000000 1000000", ok), record("1 b2 1004000000", get), record("2 b2 1005000000 7",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n"),
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: append([]string{request("a")}, rest...),
		Large:  func(filler string) string { return record("1 a1 1000000000", filler) + request("a") + rest[0] },
		Wrong: map[string]string{
			"other":  "hello\n",
			"length": record("1 a1 5", "POST /a HTTP/1.1\r\nContent-Length: 1000000000000000000\r\n\r\nhi"),
			"time":   record("1 a1 99999999999999999999", get),
		},
	})
}
