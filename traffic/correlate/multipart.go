package correlate

import (
	"bytes"
	"mime"
	"net/textproto"
	"unicode/utf8"
)

// multipart rewrites the fields of a multipart form (RFC 7578); files stay as they are.
func (w rewriter) multipart(contentType string, body []byte) ([]byte, bool) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return nil, false
	}
	parts := bytes.Split(body, []byte("--"+params["boundary"]))
	changed := false
	for i, part := range parts {
		head, content, ok := bytes.Cut(part, []byte("\r\n\r\n"))
		if !ok || !bytes.HasSuffix(content, []byte("\r\n")) {
			continue
		}
		name, ok := fieldName(head)
		content = content[:len(content)-2]
		if !ok || len(content) > maxValue || !utf8.Valid(content) {
			continue
		}
		*w.at = spot{inForm, name}
		if text, ok := w.text(string(content), idName(name)); ok {
			parts[i] = append(append(bytes.Clone(head), "\r\n\r\n"+text...), "\r\n"...)
			changed = true
		}
	}
	return bytes.Join(parts, []byte("--"+params["boundary"])), changed
}

// fieldName is the name of a part that is no file.
func fieldName(head []byte) (string, bool) {
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if textproto.CanonicalMIMEHeaderKey(string(key)) != "Content-Disposition" {
			continue
		}
		_, params, err := mime.ParseMediaType(string(value))
		_, file := params["filename"]
		return params["name"], err == nil && !file && params["name"] != ""
	}
	return "", false
}
