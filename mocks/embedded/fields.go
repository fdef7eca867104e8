package embedded

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// field is one header of an answer; without values it keeps net/http from adding one.
type field struct {
	name   string
	values []string
}

// fieldsOf are the headers that are set for an answer with a body of a known length; -1 is for one that is
// sent in pieces. The framing is not the stub's to decide.
func fieldsOf(h http.Header, length int) []field {
	out := make([]field, 0, len(h)+2)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if name != "Transfer-Encoding" && name != "Content-Length" {
			out = append(out, field{name, h[name]})
		}
	}
	if len(h["Content-Type"]) == 0 {
		out = append(out, field{"Content-Type", nil}) // keeps net/http from guessing
	}
	if length >= 0 {
		out = append(out, field{"Content-Length", []string{strconv.Itoa(length)}})
	}
	return out
}

// sharedFields are the headers of many answers, each distinct set once: they are the same few for most
// stubs, and what is shared stays in the processor's caches.
type sharedFields struct {
	sets map[string]shared
}

type shared struct {
	header http.Header
	fields []field
}

func newFields() *sharedFields { return &sharedFields{sets: map[string]shared{}} }

// share sets the reply's headers, those of an equal one where there is one. An answer sent in pieces has
// none prepared.
func (f *sharedFields) share(r *reply) {
	if r.dribble != nil {
		return
	}
	length := -1
	if hasBody(r.code) {
		length = len(r.body)
	}
	key := fmt.Sprintf("%d %q", length, r.header)
	known, ok := f.sets[key]
	if !ok {
		known = shared{r.header, fieldsOf(r.header, length)}
		f.sets[key] = known
	}
	r.header, r.fields = known.header, known.fields
}
