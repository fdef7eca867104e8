package har

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/traffic"
)

// Writer writes an HTTP Archive (HAR 1.2), entry by entry. What the format has no place for (id,
// direction, service, session, parent, connection) stands in the custom field _headgate of each entry, which the
// reader takes back. Bodies are written decoded. A record without a host is given the name of its
// service, or localhost.
type Writer struct {
	out     *bufio.Writer
	entries int
}

// NewWriter begins an archive that a version of Headgate writes to w.
func NewWriter(w io.Writer, version string) *Writer {
	out := bufio.NewWriter(w)
	creator, _ := json.Marshal(map[string]string{"name": "headgate", "version": version}) // texts can always be written
	fmt.Fprintf(out, `{"log":{"version":"1.2","creator":%s,"entries":[`, creator)
	return &Writer{out: out}
}

// Write appends one record. After an error the writer is of no more use.
func (w *Writer) Write(r *traffic.Record) error {
	text, err := json.Marshal(written(r))
	if err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	mark := ",\n"
	if w.entries == 0 {
		mark = "\n"
	}
	w.entries++
	if _, err := w.out.WriteString(mark); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	if _, err := w.out.Write(text); err != nil {
		return fmt.Errorf("writing record %q: %w", r.ID, err)
	}
	return nil
}

// Close ends the archive; it does not close what is written to.
func (w *Writer) Close() error {
	if _, err := w.out.WriteString("\n]}}\n"); err != nil {
		return fmt.Errorf("ending the archive: %w", err)
	}
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("ending the archive: %w", err)
	}
	return nil
}

type object = map[string]any

func written(r *traffic.Record) object {
	ms := float64(r.Duration) / float64(time.Millisecond)
	e := object{
		"startedDateTime": r.Time.Format(time.RFC3339Nano), "time": ms, "cache": object{},
		"timings": object{"send": 0, "wait": ms, "receive": 0}, "request": writtenRequest(r),
		"_headgate": own{
			ID: r.ID, Direction: r.Direction, Service: r.Service, Session: r.Session, Parent: r.Parent,
			Connection: r.Connection,
		},
	}
	if r.Response != nil {
		e["response"] = writtenResponse(r.Response)
	}
	return e
}

func writtenRequest(r *traffic.Record) object {
	address := absolute(r)
	query := []field{}
	if u, err := url.Parse(address); err == nil {
		values := u.Query()
		for _, name := range slices.Sorted(maps.Keys(values)) {
			for _, value := range values[name] {
				query = append(query, field{name, value})
			}
		}
	}
	list := fieldsOf(r.Request.Header)
	if r.Request.Host != "" {
		list = append([]field{{"Host", r.Request.Host}}, list...)
	}
	out := object{
		"method": r.Request.Method, "url": address, "httpVersion": "HTTP/1.1", "cookies": []field{},
		"headers": list, "queryString": query, "headersSize": -1, "bodySize": len(r.Request.Body),
	}
	if len(r.Request.Body) > 0 {
		data := object{"mimeType": r.Request.Header.Get("Content-Type")}
		data["text"] = string(r.Request.Body)
		if !utf8.Valid(r.Request.Body) { // HAR 1.2 has no place for it, readers take what responses have
			data["text"], data["encoding"] = base64.StdEncoding.EncodeToString(r.Request.Body), "base64"
		}
		out["postData"] = data
	}
	return out
}

func writtenResponse(r *traffic.Response) object {
	content := object{"size": len(r.Body), "mimeType": r.Header.Get("Content-Type")}
	switch {
	case len(r.Body) == 0:
	case utf8.Valid(r.Body):
		content["text"] = string(r.Body)
	default:
		content["text"], content["encoding"] = base64.StdEncoding.EncodeToString(r.Body), "base64"
	}
	return object{
		"status": r.Status, "statusText": http.StatusText(r.Status), "httpVersion": "HTTP/1.1",
		"cookies": []field{}, "headers": fieldsOf(r.Header), "content": content,
		"redirectURL": r.Header.Get("Location"), "headersSize": -1, "bodySize": len(r.Body),
	}
}

// absolute is the address of a request: https where the host names its port.
func absolute(r *traffic.Record) string {
	target := r.Request.URL
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		return target
	}
	host := r.Request.Host
	if host == "" {
		host = r.Service
	}
	if host == "" {
		host = "localhost"
	}
	scheme := "http://"
	if strings.HasSuffix(host, ":443") {
		scheme = "https://"
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	return scheme + host + target
}

func fieldsOf(h http.Header) []field {
	list := []field{}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			list = append(list, field{name, strings.ToValidUTF8(value, "\ufffd")})
		}
	}
	return list
}
