package capture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// bodies tells whether there are rules for bodies.
func (r *Redaction) bodies() bool { return len(r.form) > 0 || !r.paths.empty() }

// body replaces values of a body. One in which they cannot be looked for is an error: a secret could stay in
// it.
func (r *Redaction) body(body []byte, h http.Header) ([]byte, error) {
	if len(body) == 0 || !r.bodies() {
		return body, nil
	}
	media := strings.ToLower(first(h, "Content-Type"))
	switch {
	case strings.HasPrefix(media, "multipart/"):
		return r.parts(body, first(h, "Content-Type"))
	case len(r.form) == 0:
	case media == "" || strings.Contains(media, "x-www-form-urlencoded") || strings.HasPrefix(media, "text/plain"):
		body = []byte(replacePairs(string(body), r.form, "&"))
	}
	// A form may be JSON: that is how curl sends what it is not told to be something else.
	typed := strings.Contains(media, "json")
	if r.paths.empty() || !typed && !looksJSON(body) {
		return body, nil
	}
	out, err := r.paths.redact(body)
	if err != nil && !typed && bytes.IndexByte(body, '"') < 0 {
		return body, nil // a text that begins with a bracket: JSON would have names, or texts
	}
	return out, err
}

// byteOrderMark may stand before JSON.
const byteOrderMark = "\ufeff"

// looksJSON tells whether a body begins as a JSON object or array does.
func looksJSON(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte(byteOrderMark)), " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

var errParts = errors.New("that is no multipart body")

// parts replaces values in the parts of a multipart body (RFC 2046, section 5.1.1): those with one of the names of
// form fields, and JSON.
func (r *Redaction) parts(body []byte, media string) ([]byte, error) {
	_, parameters, err := mime.ParseMediaType(media)
	if err != nil || parameters["boundary"] == "" {
		return nil, fmt.Errorf("redacting %s: %w", media, errParts)
	}
	const line = "\r\n"
	separator := []byte(line + "--" + parameters["boundary"])
	list := bytes.Split(slices.Concat([]byte(line), body), separator)
	closing := len(list) - 1
	if closing < 1 || !bytes.HasPrefix(list[closing], []byte("--")) {
		return nil, fmt.Errorf("redacting %s: %w", media, errParts)
	}
	for i := 1; i < closing; i++ {
		if list[i], err = r.part(list[i]); err != nil {
			return nil, fmt.Errorf("redacting part %d: %w", i, err)
		}
	}
	return bytes.Join(list, separator)[len(line):], nil
}

// part replaces values in one part, which begins behind its boundary.
func (r *Redaction) part(part []byte) ([]byte, error) {
	const gap = "\r\n\r\n"
	head, content, ok := bytes.Cut(part, []byte(gap))
	_, fields, line := bytes.Cut(head, []byte("\r\n"))
	if !ok || !line && len(bytes.TrimSpace(head)) > 0 {
		return nil, errParts
	}
	h, err := textproto.NewReader(bufio.NewReader(bytes.NewReader(slices.Concat(fields, []byte(gap))))).ReadMIMEHeader()
	if err != nil {
		return nil, errParts
	}
	_, parameters, _ := mime.ParseMediaType(h.Get("Content-Disposition")) // without one it is no field
	if slices.Contains(r.form, parameters["name"]) {
		return slices.Concat(head, []byte(gap+Redacted)), nil
	}
	media := strings.ToLower(h.Get("Content-Type"))
	if strings.HasPrefix(media, "multipart/") || encoded(h.Get("Content-Transfer-Encoding")) {
		return nil, errParts
	}
	if !strings.Contains(media, "json") && !looksJSON(content) {
		return part, nil
	}
	content, err = r.body(content, http.Header{"Content-Type": {media}})
	return slices.Concat(head, []byte(gap), content), err
}

// encoded tells whether a part is written in another way than it reads (RFC 2045, section 6.1).
func encoded(transferEncoding string) bool {
	switch strings.ToLower(strings.TrimSpace(transferEncoding)) {
	case "", "7bit", "8bit", "binary":
		return false
	}
	return true
}
