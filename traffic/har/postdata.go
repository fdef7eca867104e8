package har

import (
	"bytes"
	"encoding/base64"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// body is the request's body. Browsers that keep only the parameters of a form have it written anew:
// the order of the fields is kept, the boundary of a multipart body is the recorded one.
func (p *postData) body(h http.Header) ([]byte, error) {
	switch {
	case p == nil:
		return nil, nil
	case p.Encoding == "base64":
		return base64.StdEncoding.DecodeString(p.Text)
	case p.Text != "":
		return []byte(p.Text), nil
	case len(p.Params) == 0:
		return nil, nil
	}
	declared := h.Get("Content-Type")
	if declared == "" {
		declared = p.MIMEType
	}
	kind, attributes, err := mime.ParseMediaType(declared)
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		return p.parts(kind, attributes["boundary"], h)
	}
	return []byte(p.form()), nil
}

func (p *postData) form() string {
	pairs := make([]string, len(p.Params))
	for i, param := range p.Params {
		pairs[i] = escaped(param.Name) + "=" + escaped(param.Value)
	}
	return strings.Join(pairs, "&")
}

// escaped escapes what is not escaped yet: browsers write parameters either way.
func escaped(s string) string {
	if strings.ContainsAny(s, "%+") && !strings.ContainsAny(s, " &=") {
		if _, err := url.QueryUnescape(s); err == nil {
			return s
		}
	}
	return url.QueryEscape(s)
}

func (p *postData) parts(kind, boundary string, h http.Header) ([]byte, error) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if boundary != "" {
		if err := w.SetBoundary(boundary); err != nil {
			return nil, err
		}
	}
	for _, param := range p.Params {
		disposition := map[string]string{"name": param.Name}
		if param.FileName != "" {
			disposition["filename"] = param.FileName
		}
		head := textproto.MIMEHeader{"Content-Disposition": {mime.FormatMediaType("form-data", disposition)}}
		if param.ContentType != "" {
			head.Set("Content-Type", param.ContentType)
		}
		part, err := w.CreatePart(head)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write([]byte(param.Value)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if boundary == "" {
		h.Set("Content-Type", mime.FormatMediaType(kind, map[string]string{"boundary": w.Boundary()}))
	}
	return out.Bytes(), nil
}
