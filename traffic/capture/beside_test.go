package capture

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// TestWriterDecodesBesideTheTraffic has a writer that is stuck: nothing that is done to bodies keeps the client
// waiting, and all of it is done in the end.
func TestWriterDecodesBesideTheTraffic(t *testing.T) {
	var out bytes.Buffer
	g := gate{entered: make(chan struct{}, 1), open: make(chan struct{})}
	w := NewWriter(io.MultiWriter(g, &out), 10)
	tracker := NewTracker()
	tap := Tap{
		Name: "a", Direction: traffic.Outbound, Sink: w, Tracker: tracker, MaxBody: 1000, Clock: time.Now,
		Redact: redaction(t, "json:pin"),
	}
	ask := func(text string) {
		x := tap.begin(request{method: "GET", url: "/", header: http.Header{}, steady: true})
		x.answered(200, http.Header{"Content-Encoding": {"gzip"}, "Content-Type": {"application/json"}})
		coded := gzipped([]byte(text))
		body := x.takeResponse(io.NopCloser(bytes.NewReader(coded)), int64(len(coded)))
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Error(err)
		}
		x.end()
	}
	ask(`{"pin":"1234"}`)
	<-g.entered
	ask(strings.Repeat(`{"pin":"1234"}`, 1000))
	if h := tracker.Health(); h.Outbound != 2 || h.Truncated != 0 {
		t.Errorf("health %+v while the writer is stuck", h)
	}
	close(g.open)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if lines := strings.Count(text, "\n"); lines != 2 || strings.Contains(text, "1234") ||
		!strings.Contains(text, `{\"pin\":\"REDACTED\"}`) || !strings.Contains(text, TruncatedHeader) {
		t.Errorf("it wrote %s", text)
	}
	if h := tracker.Health(); h.Truncated != 1 {
		t.Errorf("health %+v", h)
	}
}
