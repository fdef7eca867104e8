package vegeta

import (
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	target := func(body string) string {
		return `{"method":"POST","url":"http://h/a","body":"` + body + `","header":{"A":["é"]}}` + "\n"
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{target("aGk="), target("")},
		Quiet:  "#",
		Large:  func(filler string) string { return target(filler[:len(filler)/4*4]) + target("") },
		Wrong:  map[string]string{"other": "hello\n", "outside": "GET http://h/\n@/etc/passwd\n"},
	})
}

func TestTextSuite(t *testing.T) {
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{"GET http://h/a\nA: é\n", "\n", "POST http://h/b\n", "B: 2\n", "C: 3\n"},
		Quiet:  "\n#", Unended: true,
		Large: func(filler string) string { return "GET http://h/" + filler + "\n\nGET http://h/b\n" },
		Wrong: map[string]string{"header": "GET http://h/\nhello\n"},
	})
}
