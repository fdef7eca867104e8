package journal

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{file + "\n"},
		Large:  func(filler string) string { return strings.Replace(file, `"hi"`, `"`+filler+`"`, 1) },
		Wrong: map[string]string{
			"no requests": `{"meta":{}}`, "deep": `{"requests":` + strings.Repeat("[", 1<<20),
			"time": strings.Replace(file, "1793534401000", "1e300", 1),
		},
	})
}
