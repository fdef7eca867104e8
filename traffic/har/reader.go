// Package har reads HTTP Archives (HAR 1.2) as browsers and proxies write them, one entry at a time.
package har

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
	"github.com/headgate-dev/headgate/traffic/jsonarray"
)

// NewReader reads the entries of an archive as inbound records, with ids "file#number". Blocked
// requests, WebSockets and what is not HTTP are [traffic.LeftOutError]s. An entry without a time gets
// that of the one before it; an archive without any begins at the Unix epoch. Bodies that a tool has put
// into files beside the archive are read from the folder of name, and from nowhere else.
func NewReader(name string, r io.Reader) traffic.Reader {
	document := jsonarray.Document{
		Name: name, Kind: "HTTP archive", Element: "entry", Path: []string{"log", "entries"},
	}
	return &reader{name: name, entries: jsonarray.New(document, r), last: time.Unix(0, 0).UTC()}
}

type reader struct {
	name    string
	entries *jsonarray.Reader
	entry   jsonarray.Stream // over the one that is read
	last    time.Time
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	raw, err := r.entries.Raw()
	if err != nil {
		return nil, err
	}
	e, err := decode(&r.entry, raw)
	if err != nil {
		return nil, r.entries.Malformed(err)
	}
	if e.Request != nil && e.Request.URL != "" {
		if kind := e.leftOut(); kind != "" {
			return nil, r.entries.LeftOut(kind)
		}
	}
	record, err := r.record(e)
	if err != nil {
		return nil, r.entries.Malformed(err)
	}
	if e.Started != "" {
		if r.last, err = started(e.Started); err != nil {
			return nil, r.entries.Malformed(err)
		}
	}
	record.Time = r.last
	record.ID = fmt.Sprintf("%s#%d", filepath.Base(r.name), r.entries.Number())
	e.Own.take(record)
	return record, nil
}

// started reads ISO 8601 as it is found: with a zone, with one without a colon, and without any (UTC).
func started(text string) (time.Time, error) {
	const local = "2006-01-02T15:04:05.999999999"
	for _, layout := range []string{time.RFC3339Nano, local + "Z0700", local} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("startedDateTime is %q: expected a time such as 2026-11-01T12:00:00.000Z", text)
}

// attachment reads a body from a file beside the archive.
func (r *reader) attachment(name string) ([]byte, error) {
	file, err := os.OpenInRoot(filepath.Dir(r.name), filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("its file beside the archive: %w", err)
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, http1.MaxBody+1))
	if err == nil && len(body) > http1.MaxBody {
		err = fmt.Errorf("%s is larger than %d bytes", name, http1.MaxBody)
	}
	return body, err
}

// opening is how archives begin.
var opening = regexp.MustCompile(`^\{\s*"log"\s*:\s*\{`)

// Sniff tells whether a file begins like an HTTP archive.
func Sniff(head []byte) bool {
	return opening.Match(head) ||
		strings.HasPrefix(string(head), "{") && bytes.Contains(head, []byte(`"startedDateTime"`))
}
