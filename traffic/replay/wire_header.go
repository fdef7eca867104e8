package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
)

// field is one header line in wire.text: its name begins at name, its value at value and ends at end.
type field struct{ name, value, end int }

// header reads header lines up to the empty one; names come out in canonical form. All names and values
// are parts of one text.
func (w *wire) header() (http.Header, error) {
	w.text, w.fields = w.text[:0], w.fields[:0]
	size := 0
	for {
		line, err := w.line()
		if errors.Is(err, io.EOF) {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if size += len(line); size > maxHead {
			return nil, errHeadTooLarge
		}
		if len(line) == 0 {
			return w.collect(), nil
		}
		if err := w.field(line); err != nil {
			return nil, err
		}
	}
}

// field notes one line. A folded one (RFC 9112, section 5.2) goes on with the value before it.
func (w *wire) field(line []byte) error {
	if folded := line[0] == ' ' || line[0] == '\t'; folded && len(w.fields) > 0 {
		w.text = append(append(w.text, ' '), bytes.TrimSpace(line)...)
		w.fields[len(w.fields)-1].end = len(w.text)
		return nil
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	if !ok || len(name) == 0 || bytes.IndexByte(name, ' ') >= 0 || bytes.IndexByte(name, '\t') >= 0 {
		return fmt.Errorf("malformed header line %.60q", line)
	}
	f := field{name: len(w.text)}
	w.text = append(w.text, name...)
	f.value = len(w.text)
	w.text = append(w.text, bytes.TrimSpace(value)...)
	f.end = len(w.text)
	w.fields = append(w.fields, f)
	return nil
}

// collect makes the header of what was noted.
func (w *wire) collect() http.Header {
	text := string(w.text)
	h := make(http.Header, len(w.fields))
	values := make([]string, len(w.fields))
	for i, f := range w.fields {
		values[i] = text[f.value:f.end]
		name := textproto.CanonicalMIMEHeaderKey(text[f.name:f.value])
		if before, ok := h[name]; ok {
			h[name] = append(before, values[i])
		} else {
			h[name] = values[i : i+1 : i+1]
		}
	}
	return h
}
