package hoverfly

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	pair := func(body string) string {
		return `{"request": {"method": ` + exact("POST") + `, "destination": ` + exact("h.test") +
			`, "path": ` + exact("/a") + `, "query": {"q": ` + exact("é") + `}}, ` +
			`"response": {"status": 201, "body": "` + body + `", "fixedDelay": 2}}`
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{simulation(pair("a"), smallest())},
		Large:  func(filler string) string { return simulation(pair(filler), smallest()) },
		Wrong: map[string]string{
			"no pairs": `{"data": {}}`, "deep": `{"data": {"pairs": ` + strings.Repeat("[", 1<<20),
		},
	})
}
