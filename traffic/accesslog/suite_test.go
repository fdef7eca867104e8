package accesslog

import (
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	first := func(target string) string {
		return `1.2.3.4 - bob ` + at + ` "GET /` + target + ` HTTP/1.1" 200 17 "-" "agent é"` + "\n"
	}
	const second = `1.2.3.4 - - ` + at + ` "POST /a?b=c HTTP/2.0" 304 17 "http://r/" "agent"` + "\n"
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{first("a"), second},
		Quiet:  "\n#",
		Large:  func(filler string) string { return first(filler) + second },
		Wrong: map[string]string{
			"size":   `1.2.3.4 - bob ` + at + ` "GET / HTTP/1.1" 200 99999999999999999999` + "\n",
			"status": `1.2.3.4 - bob ` + at + ` "GET / HTTP/1.1" -200 1` + "\n",
			"other":  "hello\n",
		},
	})
}

func TestHAProxySuite(t *testing.T) {
	line := func(target string) string {
		return `Nov  1 12:00:00 lb haproxy[1]: 1.2.3.4:5 [01/Nov/2026:12:00:00.123] f~ b/s 1/2/3/4/10 200 17 - - ---- ` +
			`1/1/0/0/0 0/0 "GET /` + target + ` HTTP/1.1"` + "\n"
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewHAProxyReader,
		Pieces: []string{line("a"), line("b")},
		Quiet:  "\n#",
		Large:  func(filler string) string { return line(filler) + line("b") },
		Wrong:  map[string]string{"other": "hello\n"},
	})
}
