package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// mostBody bounds the body of a call: 100,000 stubs have room.
const mostBody = 512 << 20

// action does one call and returns what is written as JSON.
type action func(*http.Request) (any, error)

// nothing is written as {}.
type nothing struct{}

// created is written with status 201.
type created struct{ value any }

// content is written as it is.
type content []byte

// The codes of WireMock's error bodies.
const (
	codeJSON      = 10
	codeRecording = 30
	codeInput     = 50
	codeNotFound  = 80
	codeRefused   = 90
)

// problem is an error as WireMock writes it.
type problem struct {
	status        int
	code          int
	title, detail string
}

func (p problem) Error() string { return p.title + ": " + p.detail }

func notFound(format string, args ...any) problem {
	return problem{http.StatusNotFound, codeNotFound, "Not found", fmt.Sprintf(format, args...)}
}

func refused(format string, args ...any) problem {
	return problem{http.StatusForbidden, codeRefused, "Refused", fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) problem {
	return problem{http.StatusUnprocessableEntity, codeInput, "Invalid input", fmt.Sprintf(format, args...)}
}

// badJSON is a body that cannot be read; each joined error is reported for itself.
func badJSON(err error) error {
	var list interface{ Unwrap() []error }
	if !errors.As(err, &list) {
		return problem{http.StatusUnprocessableEntity, codeJSON, "Error parsing JSON", err.Error()}
	}
	var all []error
	for _, e := range list.Unwrap() {
		all = append(all, badJSON(e))
	}
	return errors.Join(all...)
}

func (p problem) write(w http.ResponseWriter) { writeProblems(w, []problem{p}) }

// problems takes an error apart.
func problems(err error) []problem {
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		var out []problem
		for _, e := range list.Unwrap() {
			out = append(out, problems(e)...)
		}
		return out
	}
	var p problem
	if !errors.As(err, &p) {
		p = invalid("%v", err)
	}
	return []problem{p}
}

type errorBody struct {
	Errors []errorItem `json:"errors"`
}

type errorItem struct {
	Code   int         `json:"code"`
	Source errorSource `json:"source"`
	Title  string      `json:"title"`
	Detail string      `json:"detail"`
}

type errorSource struct {
	Pointer string `json:"pointer,omitempty"`
}

// pointer is the JSON pointer of the field that a detail begins with, as in: mapping "x": request.url: ...
func pointer(detail string) string {
	for part := range strings.SplitSeq(detail, ": ") {
		path, _, _ := strings.Cut(part, " ")
		if strings.HasPrefix(path, "request") || strings.HasPrefix(path, "response") {
			return "/" + strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
		}
	}
	return ""
}

func writeProblems(w http.ResponseWriter, list []problem) {
	out := errorBody{}
	for _, p := range list {
		out.Errors = append(out.Errors, errorItem{p.code, errorSource{pointer(p.detail)}, p.title, p.detail})
	}
	writeJSON(w, list[0].status, out)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a client that went away needs no answer
}

func answer(do action) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		v, err := do(r)
		if err != nil {
			writeProblems(w, problems(err))
			return
		}
		switch v := v.(type) {
		case created:
			writeJSON(w, http.StatusCreated, v.value)
		case content:
			_, _ = w.Write(v) // as above
		default:
			writeJSON(w, http.StatusOK, v)
		}
	})
}

func readAll(r *http.Request) ([]byte, error) {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, invalid("reading the body: %v", err)
	}
	return data, nil
}

// read decodes a body, strictly where v is a struct; an empty body leaves v as it is.
func read(r *http.Request, v any) error {
	data, err := readAll(r)
	if err != nil || len(strings.TrimSpace(string(data))) == 0 {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(err)
	}
	return nil
}

// cutSpace splits a route into method and path.
func cutSpace(s string) (method, path string, ok bool) { return strings.Cut(s, " ") }
