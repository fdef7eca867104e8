// Package har reads HTTP Archives (HAR 1.2) as browsers and proxies write them, one entry at a time.
package har

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/http1"
)

// NewReader reads the entries of an archive as inbound records, with ids "file#number". Blocked
// requests, WebSockets and what is not HTTP are [traffic.LeftOutError]s. An entry without a time gets
// that of the one before it; an archive without any begins at the Unix epoch. Bodies that a tool has put
// into files beside the archive are read from the folder of name, and from nowhere else.
func NewReader(name string, r io.Reader) traffic.Reader {
	in := bufio.NewReaderSize(r, 64<<10)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	return &reader{name: name, in: json.NewDecoder(in), last: time.Unix(0, 0).UTC()}
}

type reader struct {
	name    string
	in      *json.Decoder
	entries bool // the decoder stands within log.entries
	number  int
	last    time.Time
	ended   error
}

// Read implements [traffic.Reader].
func (r *reader) Read() (*traffic.Record, error) {
	if r.ended == nil && !r.entries {
		r.ended = r.find()
	}
	if r.ended == nil && !r.in.More() {
		r.ended = r.finish()
	}
	if r.ended != nil {
		return nil, r.ended
	}
	r.number++
	var e entry
	var unfit *json.UnmarshalTypeError
	err := r.in.Decode(&e)
	switch {
	case errors.As(err, &unfit):
		return nil, r.malformed(err)
	case err != nil:
		r.ended = r.broken(err)
		return nil, r.ended
	}
	return r.read(&e)
}

func (r *reader) read(e *entry) (*traffic.Record, error) {
	if e.Request != nil && e.Request.URL != "" {
		if kind := e.leftOut(); kind != "" {
			return nil, &traffic.LeftOutError{Source: r.name, Line: r.number, Kind: kind}
		}
	}
	record, err := r.record(e)
	if err != nil {
		return nil, r.malformed(err)
	}
	if e.Started != "" {
		if r.last, err = started(e.Started); err != nil {
			return nil, r.malformed(err)
		}
	}
	record.Time = r.last
	record.ID = fmt.Sprintf("%s#%d", filepath.Base(r.name), r.number)
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

// find goes to the first entry.
func (r *reader) find() error {
	for _, key := range []string{"log", "entries"} {
		if err := r.enter(key); err != nil {
			return err
		}
	}
	if err := r.expect(json.Delim('[')); err != nil {
		return err
	}
	r.entries = true
	return nil
}

// enter goes into an object up to the value of a key.
func (r *reader) enter(key string) error {
	if err := r.expect(json.Delim('{')); err != nil {
		return err
	}
	for r.in.More() {
		name, err := r.in.Token()
		if err != nil {
			return r.broken(err)
		}
		if name == key {
			return nil
		}
		var passed json.RawMessage
		if err := r.in.Decode(&passed); err != nil {
			return r.broken(err)
		}
	}
	if _, err := r.in.Token(); err != nil {
		return r.broken(err)
	}
	return fmt.Errorf("%s: no HTTP archive: it has no %q", r.name, key)
}

func (r *reader) expect(want json.Delim) error {
	token, err := r.in.Token()
	if err != nil {
		return r.broken(err)
	}
	if token != want {
		return fmt.Errorf("%s: no HTTP archive: found %v at byte %d, expected %q", r.name, token, r.in.InputOffset(), want)
	}
	return nil
}

// finish reads what stands behind the entries, which must be whole as well.
func (r *reader) finish() error {
	for open := 3; ; { // the archive, its log, the entries
		token, err := r.in.Token()
		switch {
		case errors.Is(err, io.EOF) && open == 0:
			return io.EOF
		case err != nil:
			return r.broken(err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
	}
}

// broken is the error of a file that is no JSON any more; it is final.
func (r *reader) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: after entry %d: %w at byte %d", r.name, r.number, traffic.ErrTruncated, r.in.InputOffset())
	}
	return fmt.Errorf("%s: after entry %d, at byte %d: %w", r.name, r.number, r.in.InputOffset(), err)
}

func (r *reader) malformed(err error) error {
	return &traffic.MalformedError{Source: r.name, Line: r.number, Reason: fmt.Errorf("entry: %w", err)}
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
