package mocks

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Check is how well a mock answers its own recording.
type Check struct {
	Requests, Matched, Unmatched int64
	// Rate is Matched of Requests; 0 where there was nothing to check.
	Rate float64
	// Latencies are those of the client, one for each request that was answered.
	Latencies []time.Duration
	// Failures are bounded to the first 100.
	Failures []CheckFailure
}

// CheckFailure is one recorded request that the mock does not answer as recorded.
type CheckFailure struct {
	Exchange Exchange
	Reason   string
}

const mostFailures = 100

// SelfCheck sends the recorded requests to a running mock, in their order and one at a time, and
// compares status and body with what was recorded, JSON by structure. It uses up scenarios and fills
// the journal: rewind the server afterwards. The only errors are those of ctx; a request that cannot be
// sent is a failure of the check.
func SelfCheck(ctx context.Context, baseURL string, exchanges []Exchange) (Check, error) {
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var c Check
	for _, x := range exchanges {
		begin := time.Now()
		got, err := send(ctx, client, baseURL, x.Record.Request)
		if ctx.Err() != nil {
			return c, fmt.Errorf("checking the mock against its recording: %w", ctx.Err())
		}
		reason := ""
		if err != nil {
			reason = err.Error()
		} else {
			c.Latencies = append(c.Latencies, time.Since(begin))
			reason = got.differs(x.Record)
		}
		c.count(x, reason)
	}
	return c, nil
}

func (c *Check) count(x Exchange, reason string) {
	c.Requests++
	if reason == "" {
		c.Matched++
	} else {
		c.Unmatched++
		if len(c.Failures) < mostFailures {
			c.Failures = append(c.Failures, CheckFailure{x, reason})
		}
	}
	c.Rate = float64(c.Matched) / float64(c.Requests)
}

type answer struct {
	status int
	miss   bool
	body   []byte
}

func send(ctx context.Context, client *http.Client, base string, rec *traffic.Request) (answer, error) {
	path, query := splitTarget(rec.URL)
	req, err := http.NewRequestWithContext(ctx, rec.Method, base, bytes.NewReader(rec.Body))
	if err != nil {
		return answer{}, fmt.Errorf("building the request: %w", err)
	}
	// Opaque is sent as it stands: the stub pins the spelling of the escapes.
	req.URL.Opaque, req.URL.RawQuery = path, query
	if strings.HasPrefix(path, "//") {
		req.URL.Opaque, req.URL.Path = "", path
	}
	for name, values := range rec.Header {
		name = http.CanonicalHeaderKey(name)
		if !slices.Contains(dropped(), name) && name != "Accept-Encoding" && headerName(name) {
			req.Header[name] = values
		}
	}
	if rec.Host != "" {
		req.Host = rec.Host
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, fmt.Errorf("sending the request: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	return answer{resp.StatusCode, resp.Header.Get(MissHeader) != "", body}, nil
}

// differs tells what is not as recorded, or nothing.
func (a answer) differs(rec *traffic.Record) string {
	want := rec.Response
	switch {
	case a.miss:
		return "no stub matches " + rec.Request.Method + " " + rec.Request.URL
	case a.status != want.Status:
		return fmt.Sprintf("status %d, recorded %d", a.status, want.Status)
	case rec.Request.Method == http.MethodHead || bytes.Equal(a.body, want.Body):
		return ""
	}
	expected, wantErr := decodeJSON(string(want.Body))
	actual, gotErr := decodeJSON(string(a.body))
	if wantErr != nil || gotErr != nil {
		return fmt.Sprintf("body %q, recorded %q", shorten(string(a.body)), shorten(string(want.Body)))
	}
	d := differ{rules: &equalToJSON{}, limit: mostDifferences}
	d.compare(nil, expected, actual)
	var lines []string
	for _, f := range d.found {
		lines = append(lines, fmt.Sprintf("%s is %s, recorded %s", f.Where, f.Actual, f.Expected))
	}
	return strings.Join(lines, "; ")
}
