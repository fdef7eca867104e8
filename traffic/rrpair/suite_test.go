package rrpair

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	first, second := internal("IN", "é", "b")+"\n", internal("OUT", "c", "d")+"\n"
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{first, second},
		Large:  func(filler string) string { return internal("IN", filler, "b") + second },
		Wrong: map[string]string{
			"other": `{"hello": 1}`, "deep": `{"http": ` + strings.Repeat("[", 1<<20), "array": `[1]`,
		},
	})
}

// TestMarkdownTruncated cuts a markdown file at every byte: each is told, or all is there.
func TestMarkdownTruncated(t *testing.T) {
	const request = "POST http://h.test/a?b=c HTTP/1.1\nA: 1\\, x, 2\n\n{}\n"
	file := markdown(request, "\n<a> b\n", "direction: IN\nduration: 155ms\n",
		internal("IN", `{}`, "<a> b"))
	for n := range len(file) - 1 {
		if records, told := outcomes(t, file[:n]); len(records) > 0 || n > 0 && len(told) != 1 {
			t.Fatalf("after %d bytes, %q: %d records, told %q", n, file[max(0, n-40):n], len(records), told)
		}
	}
}
