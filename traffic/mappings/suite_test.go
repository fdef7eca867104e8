package mappings

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	large := func(filler string) string { return strings.Replace(full, `"id": 1.50`, `"id": "`+filler+`"`, 1) }
	list := func(first string) string {
		return `{"mappings": [` + first + "," + mapped("", "") + `], "meta": {"total": 2}}`
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{list(full)},
		Large:  func(filler string) string { return list(large(filler)) },
		Wrong: map[string]string{
			"no object": `{"mappings": [1]}`, "deep": `{"mappings": ` + strings.Repeat("[", 1<<20),
			"one, deep": `{"request": ` + strings.Repeat("[", 1<<20),
		},
	})
}

// TestSingleTruncated cuts a file of one mapping at every byte.
func TestSingleTruncated(t *testing.T) {
	for n := range len(full) {
		if records, told := outcomes(t, full[:n]); len(records) > 0 || n > 0 && len(told) != 1 {
			t.Fatalf("after %d bytes: %d records, told %q", n, len(records), told)
		}
	}
}
