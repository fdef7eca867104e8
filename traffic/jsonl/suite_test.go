package jsonl

import (
	"io"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	const begin = `{"id":"a","time":"2026-11-01T12:00:00Z","direction":"inbound","protocol":"http","duration_ms":1.5,` +
		`"request":{"method":"POST","url":"/a","host":"h","headers":{"A":["1","é"]},"body":"`
	const end = `"},"response":{"status":200,"headers":{},"body_base64":"AAE="}}` + "\n"
	const query = `{"id":"b","time":"2026-11-01T12:00:01Z","direction":"outbound","protocol":"postgres",` +
		`"request":{"sql":"select $1","params":[{"type":"int4","value":"1"}]},` +
		`"response":{"columns":[{"name":"x","type":"int4"}],"rows":[["1"]],"tag":"SELECT 1"}}` + "\n"
	readertest.Suite(t, readertest.Reader{
		Open:   func(name string, r io.Reader) traffic.Reader { return NewReader(name, r) },
		Pieces: []string{begin + "hi" + end, query},
		Large:  func(filler string) string { return begin + filler + end + query },
		Wrong: map[string]string{
			"negative duration": `{"id":"a","time":"2026-11-01T12:00:00Z","direction":"inbound","duration_ms":-1e300,` +
				`"request":{"method":"GET","url":"/"}}` + "\n",
			"year 99999": `{"id":"a","time":"99999-11-01T12:00:00Z","direction":"inbound","request":{"method":"GET","url":"/"}}`,
			"deep":       `{"id":` + strings.Repeat("[", 1<<20) + "\n",
			"other":      "hello\n",
		},
	})
}
