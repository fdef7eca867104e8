package mocks

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/textproto"
	"strconv"
	"strings"
)

// Part is one part of a multipart body.
type Part struct {
	Name, FileName string
	Header         textproto.MIMEHeader
	Body           Value
}

func (r *Request) media() (string, map[string]string) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", nil
	}
	return media, params
}

func (r *Request) multipart() bool {
	media, _ := r.media()
	return strings.HasPrefix(media, "multipart/")
}

// mostParts bounds the parts of one body that are read.
const mostParts = 1000

// Parts are the parts of a multipart body, as far as it can be read.
func (r *Request) Parts() []*Part {
	if r.parts != nil || !r.multipart() {
		return r.parts
	}
	r.parts = []*Part{}
	_, params := r.media()
	reader := multipart.NewReader(strings.NewReader(r.Body.Text), params["boundary"])
	for len(r.parts) < mostParts {
		part, err := reader.NextRawPart()
		if err != nil {
			return r.parts
		}
		body, err := io.ReadAll(part)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return r.parts
		}
		r.parts = append(r.parts, &Part{
			Name: part.FormName(), FileName: part.FileName(), Header: part.Header,
			Body: Value{Text: string(body), Present: true},
		})
	}
	return r.parts
}

// Form holds the decoded fields of a form body; it is empty for any other body.
func (r *Request) Form() map[string][]string {
	if r.form == nil {
		r.form = map[string][]string{}
		if media, _ := r.media(); media == "application/x-www-form-urlencoded" {
			for _, p := range splitQuery(r.Body.Text) {
				r.form[p.name] = append(r.form[p.name], p.value)
			}
		}
	}
	return r.form
}

func (r *Request) scheme() string {
	if r.Scheme == "" {
		return "http"
	}
	return r.Scheme
}

// hostname is the host without its port.
func (r *Request) hostname() string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return host
	}
	return r.Host
}

// port is the port that the request names, or its scheme's.
func (r *Request) port() int {
	if _, text, err := net.SplitHostPort(r.Host); err == nil {
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	}
	if r.scheme() == "https" {
		return 443
	}
	return 80
}
