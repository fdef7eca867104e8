package keploy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	document := func(body string) string {
		return "version: api.keploy.io/v1beta1\nkind: Http\nname: test-1\nspec:\n    req:\n        method: POST\n" +
			"        url: http://localhost:8080/a?b=c\n        header:\n            Host: h.test\n        body: " + body +
			"\n        timestamp: 2026-11-01T13:00:00.5+01:00\n    resp:\n        status_code: 201\n        body: é\n" +
			"        timestamp: 2026-11-01T13:00:00.75+01:00\n    created: 1793534400\n"
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{document("a") + "---\n", document("b")},
		Large:  func(filler string) string { return document(filler) + "---\n" + document("b") },
		Wrong: map[string]string{
			"other": "hello: 1\n", "deep": "kind: Http\nspec: " + strings.Repeat("[", 1<<16),
			"aliases": aliases(),
		},
	})
}

// aliases is a document in which a few lines stand for a million values.
func aliases() string {
	var file strings.Builder
	file.WriteString("kind: Http\nl0: &l0 x\n")
	for i := range 6 {
		fmt.Fprintf(&file, "l%d: &l%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*l%d, ", i), 10))
	}
	return file.String() + "spec: {req: {method: GET, url: *l6}}\n"
}
