package http1

import (
	"strings"
	"testing"
)

// inPieces has a framing go over a body in pieces of n bytes, and returns where the body ends.
func inPieces(f Framing, body string, n int) (end int, done bool, err error) {
	for there := 0; ; {
		there = min(there+n, len(body))
		taken, done, err := f.Advance([]byte(body[end:there]))
		end += taken
		if done || err != nil || there == len(body) {
			return end, done, err
		}
	}
}

func TestFraming(t *testing.T) {
	chunked := "5;x=y\r\n12345\r\n1\nz\n0\r\nTrailer: 1\r\n\r\nNEXT"
	cases := map[string]struct {
		framing Framing
		body    string
		end     int
		done    bool
	}{
		"none":             {Framing{}, "NEXT", 0, true},
		"length":           {Framing{left: 3}, "oneNEXT", 3, true},
		"length, cut off":  {Framing{left: 9}, "one", 3, false},
		"chunked":          {Framing{chunked: true}, chunked, len(chunked) - 4, true},
		"chunked, cut off": {Framing{chunked: true}, chunked[:10], 10, false},
		"to the end":       {Framing{toEnd: true}, "all of it", 9, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= len(c.body); n++ {
				if end, done, err := inPieces(c.framing, c.body, n); end != c.end || done != c.done || err != nil {
					t.Errorf("in pieces of %d bytes it ends at %d (%t, %v), want %d (%t)", n, end, done, err, c.end, c.done)
				}
			}
		})
	}
}

func FuzzFraming(f *testing.F) {
	f.Add("2\r\nhi\r\n0\r\n\r\nNEXT", 1)
	f.Add("ffffffffff\r\n", 3)
	f.Add("1\n"+strings.Repeat("x", 50), 7)
	f.Fuzz(func(t *testing.T, body string, n int) {
		if n = max(1, n); len(body) > maxSizeLine { // such a line is an error only where it comes in pieces
			return
		}
		end, done, err := inPieces(Framing{chunked: true}, body, n)
		whole, wholeDone, wholeErr := inPieces(Framing{chunked: true}, body, max(1, len(body)))
		if done != wholeDone || done && end != whole || (err == nil) != (wholeErr == nil) && !done {
			t.Errorf("in pieces: %d, %t, %v; whole: %d, %t, %v", end, done, err, whole, wholeDone, wholeErr)
		}
		if done {
			unchunk([]byte(body[:end]))
		}
	})
}
