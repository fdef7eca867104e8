package postman

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	item := func(body string) string {
		return `{"name": "create", "request": {"method": "POST", "url": {"raw": "{{host}}/a?b={{n}}"},
			"header": [{"key": "x-a", "value": "é"}], "body": {"mode": "raw", "raw": "` + body + `"}},
			"response": [{"code": 201, "header": [], "body": "hi", "responseTime": 12}]}`
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{document(item("a") + `, {"name": "f", "item": [` + item("b") + `]}`)},
		Large:  func(filler string) string { return document(item(filler) + "," + item("b")) },
		Wrong: map[string]string{
			"no items": `{` + info + `}`,
			"deep":     document(strings.Repeat(`{"name": "f", "item": [`, 1<<16)),
		},
	})
}
