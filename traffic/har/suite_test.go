package har

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	entry := func(text string) string {
		return `{"startedDateTime":"2026-11-01T12:00:00Z","time":9,"request":{"method":"POST","url":"https://h.test/a?b",` +
			`"headers":[{"name":"accept","value":"é"}],"postData":{"mimeType":"text/plain","text":"` + text + `"}},` +
			`"response":{"status":201,"headers":[],"content":{"size":2,"text":"aGk=","encoding":"base64"}}}`
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{archive(entry("a"), entry("b")) + "\n"},
		Large:  func(filler string) string { return archive(entry(filler), entry("b")) },
		Wrong: map[string]string{
			"deep":        `{"log":{"entries":` + strings.Repeat("[", 1<<20),
			"deep before": `{"log":{"x":` + strings.Repeat("[", 1<<20),
			"no entries":  `{"log":{}}`,
			"number":      archive(`{"time":1e999}`),
		},
	})
}
