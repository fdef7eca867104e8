package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// resultLine is the documented form of a line of results.jsonl.
type resultLine struct {
	ID         string        `json:"id"`
	Session    string        `json:"session"`
	Index      int           `json:"index"`
	Endpoint   string        `json:"endpoint"`
	Bucket     replay.Bucket `json:"bucket"`
	Recorded   int           `json:"recorded_status,omitempty"`
	Status     int           `json:"status,omitempty"`
	Due        float64       `json:"due_ms"`
	Lateness   float64       `json:"lateness_ms"`
	Latency    float64       `json:"latency_ms"`
	Fields     int64         `json:"fields"`
	Matched    int64         `json:"fields_matched"`
	Different  int           `json:"differences"`
	Uncompared string        `json:"not_compared,omitempty"`
	Error      string        `json:"error,omitempty"`
}

// differenceLine is the documented form of a line of diffs.jsonl.
type differenceLine struct {
	ID       string       `json:"id"`
	Endpoint string       `json:"endpoint"`
	Path     string       `json:"path"`
	Kind     compare.Kind `json:"kind"`
	Expected string       `json:"expected"`
	Actual   string       `json:"actual"`
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func FuzzLinesReadAsEncodingJSONWrites(f *testing.F) {
	f.Add("r-1", "GET /orders/{id}", "reset by peer", int64(1500), 200)
	f.Add("\"<&>\\\u2028\x00\xff", "é 😀\x7f", "a\nb", int64(-1), 0)
	f.Add("", "", "", int64(3_600_000_000_001), 599)
	f.Fuzz(func(t *testing.T, id, text, failure string, nanos int64, n int) {
		d := time.Duration(nanos)
		r := &replay.Result{Step: replay.Step{
			Record: &traffic.Record{ID: id}, Session: text, Index: n, Endpoint: text,
		}, Bucket: replay.Differed, Due: d, Lateness: d / 7, Latency: d * 3}
		o := compare.Outcome{Fields: int64(n), Matched: int64(n) / 2, NotCompared: failure}
		want := resultLine{
			ID: id, Session: text, Index: n, Endpoint: text, Bucket: replay.Differed, Due: milliseconds(d),
			Lateness: milliseconds(d / 7), Latency: milliseconds(d * 3), Fields: o.Fields, Matched: o.Matched,
			Uncompared: failure, Error: failure,
		}
		if failure != "" {
			r.Err = errors.New(failure)
		}
		if n > 0 {
			r.Response, r.Record.Response = &traffic.Response{Status: n}, &traffic.Response{Status: n}
			want.Status, want.Recorded = n, n
		}
		difference := compare.Difference{Path: text, Kind: compare.Value, Expected: id, Actual: failure}
		sameAsJSON(t, want, appendResult(nil, r, &o))
		sameAsJSON(t, differenceLine{id, text, text, compare.Value, id, failure}, appendDifference(nil, r, &difference))
	})
}

func sameAsJSON(t *testing.T, v any, got []byte) {
	t.Helper()
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

// limited fails once it has taken so many bytes.
type limited struct {
	bytes.Buffer

	left int
}

func (l *limited) Write(b []byte) (int, error) {
	if l.left -= len(b); l.left < 0 {
		return 0, errors.New("disk full")
	}
	return l.Buffer.Write(b)
}

func TestLinesAreKeptUntilFlushed(t *testing.T) {
	to := &limited{left: 3 * full}
	l := lines{name: "results.jsonl", to: to}
	long := strings.Repeat("x", full/2)
	for i := range 5 {
		l.buf = fmt.Appendf(l.buf, "%d%s", i, long)
		l.end()
	}
	if n := bytes.Count(to.Bytes(), []byte("\n")); n != 4 {
		t.Errorf("%d lines were written before the flush, want 4", n)
	}
	l.flush()
	if n := bytes.Count(to.Bytes(), []byte("\n")); n != 5 || l.err != nil {
		t.Errorf("%d lines were written, %v; want 5", n, l.err)
	}
	for range 2 {
		l.buf = append(l.buf, long...)
		l.buf = append(l.buf, long...)
		l.end()
	}
	if l.err == nil || l.err.Error() != "writing results.jsonl: disk full" {
		t.Errorf("got %v", l.err)
	}
}
