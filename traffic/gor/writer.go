package gor

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/traffic"
)

// Writer writes a capture of GoReplay: a request and, where there is one, its response for each record.
// Bodies are written decoded and with their length, so that the headers of codings are left out. Ids that
// are not of GoReplay's form are replaced by a hash.
type Writer struct {
	out *bufio.Writer
	buf bytes.Buffer
}

// NewWriter writes to w; the last records are only there after Close.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriter(w)} }

// Write appends one record. After an error the writer is of no more use.
func (w *Writer) Write(r *traffic.Record) error {
	id := identity(r.ID)
	w.buf.Reset()
	fmt.Fprintf(&w.buf, "1 %s %d 0\n", id, r.Time.UnixNano())
	fmt.Fprintf(&w.buf, "%s %s HTTP/1.1\r\n", r.Request.Method, oneLine(r.Request.URL))
	if r.Request.Host != "" {
		fmt.Fprintf(&w.buf, "Host: %s\r\n", oneLine(r.Request.Host))
	}
	_, declared := r.Request.Header["Content-Length"]
	w.message(r.Request.Header, r.Request.Body, declared || len(r.Request.Body) > 0)
	if a := r.Response; a != nil {
		fmt.Fprintf(&w.buf, "2 %s %d 0\n", id, r.Time.Add(r.Duration).UnixNano())
		fmt.Fprintf(&w.buf, "HTTP/1.1 %d %s\r\n", a.Status, http.StatusText(a.Status))
		bodiless := r.Request.Method == http.MethodHead || a.Status < 200 ||
			a.Status == http.StatusNoContent || a.Status == http.StatusNotModified
		w.message(a.Header, a.Body, !bodiless)
	}
	blocks := 1
	if r.Response != nil {
		blocks++
	}
	if bytes.Count(w.buf.Bytes(), []byte(separator)) != blocks {
		return fmt.Errorf("record %q holds the line that separates the records of GoReplay", r.ID)
	}
	if _, err := w.out.Write(w.buf.Bytes()); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	return nil
}

// message writes headers and body, and ends the block. Where sized is not set, the length stays as it was
// recorded.
func (w *Writer) message(h http.Header, body []byte, sized bool) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		switch name {
		case "Content-Encoding", "Transfer-Encoding", "Trailer":
			continue
		case "Content-Length":
			if sized {
				continue
			}
		}
		for _, value := range h[name] {
			fmt.Fprintf(&w.buf, "%s: %s\r\n", name, oneLine(value))
		}
	}
	if sized {
		w.buf.WriteString("Content-Length: " + strconv.Itoa(len(body)) + "\r\n")
	}
	w.buf.WriteString("\r\n")
	w.buf.Write(body)
	w.buf.WriteString(separator)
}

// Close writes what is still in memory; it does not close what is written to.
func (w *Writer) Close() error {
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("writing records: %w", err)
	}
	return nil
}

// identity is an id as GoReplay has them.
func identity(id string) string {
	if isID(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:20])
}

// isID tells whether an id is of GoReplay's form: 24 or 40 hex digits.
func isID(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && (len(raw) == 12 || len(raw) == 20)
}

// oneLine keeps a value from ending its line.
func oneLine(s string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(s) }
