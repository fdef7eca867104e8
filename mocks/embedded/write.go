package embedded

import (
	"net/http"
	"strconv"
	"time"
)

func write(w http.ResponseWriter, r *http.Request, out *reply) {
	if out.message != "" && r.ProtoMajor == 1 {
		hijacked(w, r, out)
		return
	}
	h := w.Header()
	for name, values := range out.header {
		h[name] = values
	}
	if len(h["Content-Type"]) == 0 {
		h["Content-Type"] = nil // keeps net/http from guessing
	}
	delete(h, "Transfer-Encoding")
	delete(h, "Content-Length")
	body := hasBody(out.code)
	if out.dribble != nil && body && r.Method != http.MethodHead {
		w.WriteHeader(out.code)
		dribble(w, r, out)
		return
	}
	if body && (r.Method != http.MethodHead || len(out.body) > 0) {
		h["Content-Length"] = []string{strconv.Itoa(len(out.body))}
	}
	w.WriteHeader(out.code)
	if body {
		_, _ = w.Write(out.body) // a client that went away needs no answer
	}
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
