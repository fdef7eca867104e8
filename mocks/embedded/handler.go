package embedded

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

// maxBody bounds a request body, before and after decoding.
const maxBody = 64 << 20

var errTooLarge = errors.New("the request body is larger than 64 MiB")

// ServeHTTP answers one request. It counts the request before it answers, so that whoever has an answer
// finds it in the journal.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.active.RLock()
	defer s.active.RUnlock()
	begin, a := s.now(), s.attempt.Load()
	body, err := readBody(w, r)
	req := &traffic.Request{Method: r.Method, URL: r.RequestURI, Host: r.Host, Header: r.Header, Body: body}
	switch {
	case errors.Is(err, errTooLarge):
		report := a.missed(req, begin, func() []mocks.Near { return nil })
		writeMiss(w, http.StatusRequestEntityTooLarge, err.Error(), report)
		return
	case err != nil:
		return // the client went away before it had asked
	}
	view := mocks.NewRequest(req)
	e := s.index.lookup(view, a)
	if e == nil {
		report := a.missed(req, begin, func() []mocks.Near { return s.index.near.nearest(view) })
		writeMiss(w, s.status, "no stub matches", report)
		return
	}
	a.hits[e.at].Add(1)
	if !sleep(r.Context(), e.stub.Response.Wait(s.random)) {
		panic(http.ErrAbortHandler) // no half-hearted 200 for a request that was given up
	}
	a.took(s.now().Sub(begin))
	answer(w, r, e)
}

// readBody reads and decodes a body. Whatever is not the gzip it says it is stays as it came.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, fmt.Errorf("reading the request body: %w", err)
	case !strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip"):
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return body, nil //nolint:nilerr // it is not gzip
	}
	decoded, err := io.ReadAll(io.LimitReader(z, maxBody+1))
	switch {
	case err != nil:
		return body, nil //nolint:nilerr // it is not gzip
	case len(decoded) > maxBody:
		return nil, errTooLarge
	}
	return decoded, nil
}

// missAnswer is the body of the answer to an unmatched request.
type missAnswer struct {
	Error   string       `json:"error"`
	Request missRequest  `json:"request"`
	Nearest []nearAnswer `json:"nearest"`
}

type missRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
}

type nearAnswer struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Distance    float64           `json:"distance"`
	Differences []differentAnswer `json:"differences"`
}

type differentAnswer struct {
	Where    string `json:"where"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
}

func writeMiss(w http.ResponseWriter, status int, why string, m *mocks.MissReport) {
	out := missAnswer{
		Error:   why,
		Request: missRequest{m.Request.Method, m.Request.URL},
		Nearest: []nearAnswer{},
	}
	for _, n := range m.Nearest {
		diffs := make([]differentAnswer, len(n.Differences))
		for i, d := range n.Differences {
			diffs[i] = differentAnswer(d)
		}
		out.Nearest = append(out.Nearest, nearAnswer{n.Stub.ID, n.Stub.Name, n.Distance, diffs})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(mocks.MissHeader, "1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out) // a client that went away needs no answer
}

func answer(w http.ResponseWriter, r *http.Request, e *entry) {
	resp := e.stub.Response
	if m := resp.StatusMessage; m != "" && m != http.StatusText(resp.Code()) && r.ProtoMajor == 1 {
		hijacked(w, r, e)
		return
	}
	code, h := resp.Code(), w.Header()
	for name, values := range e.header {
		h[name] = values
	}
	if len(h["Content-Type"]) == 0 {
		h["Content-Type"] = nil // keeps net/http from guessing
	}
	h.Del("Transfer-Encoding")
	h.Del("Content-Length")
	body := hasBody(code)
	if resp.Dribble != nil && body && r.Method != http.MethodHead {
		w.WriteHeader(code)
		dribble(w, r, e)
		return
	}
	if body && (r.Method != http.MethodHead || len(e.payload) > 0) {
		h.Set("Content-Length", strconv.Itoa(len(e.payload)))
	}
	w.WriteHeader(code)
	if body {
		_, _ = w.Write(e.payload) // a client that went away needs no answer
	}
}

// hasBody tells whether an answer of the status has a body (RFC 9110 section 6.4.1).
func hasBody(code int) bool { return code != http.StatusNoContent && code != http.StatusNotModified }

// dribble sends the body in equal pieces, spread over the time.
func dribble(w http.ResponseWriter, r *http.Request, e *entry) {
	d := e.stub.Response.Dribble
	pause := time.Duration(d.Duration) * time.Millisecond / time.Duration(d.Chunks)
	control := http.NewResponseController(w)
	for i := range d.Chunks {
		if !sleep(r.Context(), pause) {
			panic(http.ErrAbortHandler)
		}
		from, to := i*len(e.payload)/d.Chunks, (i+1)*len(e.payload)/d.Chunks
		if _, err := w.Write(e.payload[from:to]); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
	}
}
