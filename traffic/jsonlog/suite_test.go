package jsonlog

import (
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/readertest"
)

func TestSuite(t *testing.T) {
	const nginx = `{"time_iso8601":"2026-11-01T12:00:00+00:00","request":"GET /a?b=c HTTP/1.1","status":"200",` +
		`"request_time":"0.012","host":"h.test","body_bytes_sent":"17"}` + "\n"
	shadowtraf := func(body string) string {
		return `{"id":"u1","timestamp":"2026-11-01T12:00:00","method":"POST","path":"/orders","query":"a=b",` +
			`"headers":{"host":"h.test"},"body":"` + body + `","response_status":201,"response_latency_ms":12.5}` + "\n"
	}
	readertest.Suite(t, readertest.Reader{
		Open:   NewReader,
		Pieces: []string{shadowtraf("é"), nginx},
		Large:  func(filler string) string { return shadowtraf(filler) + nginx },
		Wrong: map[string]string{
			"other": "hello\n",
			"deep":  `{"method":"GET","path":` + strings.Repeat("[", 1<<20) + "\n",
			"time":  `{"time":1e300,"method":"GET","path":"/","status":200}` + "\n",
		},
	})
}
