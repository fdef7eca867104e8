package verify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// lines writes JSON lines through a buffer.
type lines struct {
	name string
	to   io.Writer
	buf  []byte
	err  error
}

// full is how much is written at a time.
const full = 64 << 10

// end ends the line that was appended to buf.
func (l *lines) end() {
	l.buf = append(l.buf, '\n')
	if len(l.buf) >= full {
		l.flush()
	}
}

// flush hands everything to the writer. After an error nothing more is written.
func (l *lines) flush() {
	if len(l.buf) > 0 && l.err == nil {
		if _, err := l.to.Write(l.buf); err != nil {
			l.err = fmt.Errorf("writing %s: %w", l.name, err)
		}
	}
	l.buf = l.buf[:0]
}

// appendResult writes a result as a line of results.jsonl, as encoding/json would.
func appendResult(b []byte, r *replay.Result, o *compare.Outcome) []byte {
	b = appendText(append(b, `{"id":`...), r.Record.ID)
	b = appendText(append(b, `,"session":`...), r.Session)
	b = appendInt(append(b, `,"index":`...), r.Index)
	b = appendText(append(b, `,"endpoint":`...), r.Endpoint)
	b = appendText(append(b, `,"bucket":`...), string(r.Bucket))
	if r.Record.Response != nil {
		b = appendInt(append(b, `,"recorded_status":`...), r.Record.Response.Status)
	}
	if r.Response != nil {
		b = appendInt(append(b, `,"status":`...), r.Response.Status)
	}
	b = appendMilliseconds(append(b, `,"due_ms":`...), r.Due)
	b = appendMilliseconds(append(b, `,"lateness_ms":`...), r.Lateness)
	b = appendMilliseconds(append(b, `,"latency_ms":`...), r.Latency)
	b = appendInt(append(b, `,"fields":`...), int(o.Fields))
	b = appendInt(append(b, `,"fields_matched":`...), int(o.Matched))
	b = appendInt(append(b, `,"differences":`...), len(o.Differences))
	if o.NotCompared != "" {
		b = appendText(append(b, `,"not_compared":`...), o.NotCompared)
	}
	if r.Err != nil {
		b = appendText(append(b, `,"error":`...), r.Err.Error())
	}
	return append(b, '}')
}

// appendDifference writes a difference as a line of diffs.jsonl.
func appendDifference(b []byte, r *replay.Result, d *compare.Difference) []byte {
	b = appendText(append(b, `{"id":`...), r.Record.ID)
	b = appendText(append(b, `,"endpoint":`...), r.Endpoint)
	b = appendText(append(b, `,"path":`...), d.Path)
	b = appendText(append(b, `,"kind":`...), string(d.Kind))
	b = appendText(append(b, `,"expected":`...), d.Expected)
	b = appendText(append(b, `,"actual":`...), d.Actual)
	return append(b, '}')
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

// appendMilliseconds writes milliseconds, to the microsecond.
func appendMilliseconds(b []byte, d time.Duration) []byte {
	micros := d.Microseconds()
	if micros < 0 {
		b, micros = append(b, '-'), -micros
	}
	b = strconv.AppendInt(b, micros/1000, 10)
	if micros%1000 > 0 {
		b = append(b, '.', digit(micros/100), digit(micros/10), digit(micros))
		b = bytes.TrimRight(b, "0")
	}
	return b
}

func digit(n int64) byte { return byte('0' + n%10) }

func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, _ := json.Marshal(s) // a string can always be written
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
