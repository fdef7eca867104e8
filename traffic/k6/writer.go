// Package k6 writes captured requests as a script for the load generator k6.
package k6

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// Writer writes a script. It sends the requests to BASE_URL (an environment variable of k6) in the order
// and with the pauses of the capture, and checks the statuses that were recorded.
type Writer struct {
	out   *bufio.Writer
	begin time.Time
	n     int
}

const head = `// k6 run --env BASE_URL=http://127.0.0.1:8080 --env SPEED=1 this-file.js
import http from 'k6/http';
import encoding from 'k6/encoding';
import { check, sleep } from 'k6';

const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';
const speed = Number(__ENV.SPEED || 1);

export const options = { vus: 1, iterations: 1, thresholds: { checks: ['rate==1'] } };

// at: seconds since the first request; expect: the recorded status.
const requests = [
`

const tail = `];

export default function () {
  const begin = Date.now();
  for (const r of requests) {
    const wait = r.at / speed - (Date.now() - begin) / 1000;
    if (wait > 0) sleep(wait);
    const body = r.body64 ? encoding.b64decode(r.body64) : r.body;
    const res = http.request(r.method, base + r.path, body, {
      headers: r.headers, redirects: 0, tags: { name: r.name }, jar: null,
    });
    if (r.expect) check(res, { [r.name + ' answers as recorded']: (x) => x.status === r.expect });
  }
}
`

// NewWriter begins a script in w.
func NewWriter(w io.Writer) *Writer {
	out := bufio.NewWriter(w)
	io.WriteString(out, head)
	return &Writer{out: out}
}

// request is one line of the script.
type request struct {
	At      float64           `json:"at"`
	Name    string            `json:"name"`
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body,omitempty"`
	Body64  string            `json:"body64,omitempty"`
	Expect  int               `json:"expect,omitempty"`
}

// Write appends one request. After an error the writer is of no more use.
func (w *Writer) Write(r *traffic.Record) error {
	if w.n == 0 {
		w.begin = r.Time
	}
	w.n++
	line := request{
		At: max(0, r.Time.Sub(w.begin).Seconds()), Name: traffic.Endpoint(r.Request.Method, r.Request.URL),
		Method: r.Request.Method, Path: path(r.Request.URL), Headers: headers(r.Request),
	}
	if utf8.Valid(r.Request.Body) {
		line.Body = string(r.Request.Body)
	} else {
		line.Body64 = base64.StdEncoding.EncodeToString(r.Request.Body)
	}
	if r.Response != nil {
		line.Expect = r.Response.Status
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(line); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	if _, err := fmt.Fprintf(w.out, "  %s,\n", bytes.TrimSpace(text.Bytes())); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	return nil
}

// Close ends the script; it does not close what is written to.
func (w *Writer) Close() error {
	io.WriteString(w.out, tail)
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("ending the script: %w", err)
	}
	return nil
}

// path is the target below the base.
func path(target string) string {
	if _, rest, ok := strings.Cut(target, "://"); ok && !strings.HasPrefix(target, "/") {
		target = "/"
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			target = rest[i:]
		}
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return target
}

// headers leaves out those that k6 sets itself or that say how the body was coded.
func headers(r *traffic.Request) map[string]string {
	out := make(map[string]string, len(r.Header)+1)
	for name, values := range r.Header {
		if !slices.Contains([]string{
			"Connection", "Keep-Alive", "Content-Length", "Transfer-Encoding", "Te", "Trailer", "Upgrade",
			"Content-Encoding", "Expect", traffic.TruncatedHeader,
		}, http.CanonicalHeaderKey(name)) {
			out[name] = strings.Join(values, ", ")
		}
	}
	if r.Host != "" {
		out["Host"] = r.Host
	}
	return out
}
