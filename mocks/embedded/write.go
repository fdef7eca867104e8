package embedded

import (
	"net/http"
	"time"
)

func write(w http.ResponseWriter, r *http.Request, out *reply) {
	if out.message != "" && r.ProtoMajor == 1 {
		hijacked(w, r, out)
		return
	}
	body := hasBody(out.code)
	pieces := out.dribble != nil && body && r.Method != http.MethodHead
	fields := out.fields
	if fields == nil {
		fields = fieldsOf(out.header, out.length(pieces))
	}
	h := w.Header()
	for _, f := range fields {
		h[f.name] = f.values
	}
	if r.Method == http.MethodHead && len(out.body) == 0 {
		delete(h, "Content-Length")
	}
	w.WriteHeader(out.code)
	switch {
	case pieces:
		dribble(w, r, out)
	case body:
		_, _ = w.Write(out.body) // a client that went away needs no answer
	}
}

// length is what Content-Length says; -1 for nothing.
func (out *reply) length(pieces bool) int {
	if pieces || !hasBody(out.code) {
		return -1
	}
	return len(out.body)
}

// hasBody tells whether an answer of the status has a body (RFC 9110 section 6.4.1).
func hasBody(code int) bool { return code != http.StatusNoContent && code != http.StatusNotModified }

// dribble sends the body in equal pieces, spread over the time.
func dribble(w http.ResponseWriter, r *http.Request, out *reply) {
	chunks := out.dribble.Chunks
	pause := time.Duration(out.dribble.Duration) * time.Millisecond / time.Duration(chunks)
	control := http.NewResponseController(w)
	for i := range chunks {
		if !sleep(r.Context(), pause) {
			panic(http.ErrAbortHandler)
		}
		from, to := i*len(out.body)/chunks, (i+1)*len(out.body)/chunks
		if _, err := w.Write(out.body[from:to]); err != nil {
			return
		}
		if err := control.Flush(); err != nil {
			return
		}
	}
}
