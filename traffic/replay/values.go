package replay

import (
	"bytes"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/traffic"
)

// Values fills in what is only known when a request is sent:
//
//	{{now}}     the time in RFC 3339 with milliseconds, in UTC
//	{{now_ms}}  the time in milliseconds since 1970
//	{{uuid}}    a random UUID (version 4), another one at every place
type Values struct {
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Seed makes the UUIDs: the same seed gives the same record the same ones.
	Seed uint64
}

// placeholders are looked for before a request is copied.
func placeholders() []string { return []string{"{{now}}", "{{now_ms}}", "{{uuid}}"} }

// Fill returns r with the values in path, query, header values and body; r itself stays as it is, and
// is returned where it has no place for a value. id is the record's.
func (v Values) Fill(id string, r *traffic.Request) *traffic.Request {
	if !hasPlaceholder(r) {
		return r
	}
	f := v.filler(id)
	out := *r
	out.URL = f.text(r.URL)
	out.Header = make(http.Header, len(r.Header))
	for _, name := range sortedNames(r.Header) {
		for _, value := range r.Header[name] {
			out.Header[name] = append(out.Header[name], f.text(value))
		}
	}
	out.Body = []byte(f.text(string(r.Body)))
	return &out
}

func hasPlaceholder(r *traffic.Request) bool {
	if !bytes.Contains(r.Body, []byte("{{")) && !strings.Contains(r.URL, "{{") && !headerHas(r.Header, "{{") {
		return false
	}
	for _, p := range placeholders() {
		if strings.Contains(r.URL, p) || bytes.Contains(r.Body, []byte(p)) || headerHas(r.Header, p) {
			return true
		}
	}
	return false
}

func headerHas(h http.Header, text string) bool {
	for _, values := range h {
		for _, v := range values {
			if strings.Contains(v, text) {
				return true
			}
		}
	}
	return false
}

// filler makes the values of one request. Its random source depends on the record and not on the
// order in which sessions happen to run.
type filler struct {
	now    time.Time
	random *rand.Rand
}

func (v Values) filler(id string) *filler {
	now := v.Now
	if now == nil {
		now = time.Now
	}
	h := fnv.New64a()
	h.Write([]byte(id))
	return &filler{now: now().UTC(), random: rand.New(rand.NewPCG(v.Seed, h.Sum64()))}
}

func (f *filler) text(s string) string {
	if !strings.Contains(s, "{{") {
		return s
	}
	s = strings.ReplaceAll(s, "{{now}}", f.now.Format("2006-01-02T15:04:05.000Z07:00"))
	s = strings.ReplaceAll(s, "{{now_ms}}", strconv.FormatInt(f.now.UnixMilli(), 10))
	for strings.Contains(s, "{{uuid}}") {
		s = strings.Replace(s, "{{uuid}}", f.uuid(), 1)
	}
	return s
}

func (f *filler) uuid() string {
	var raw [16]byte
	for i := range raw {
		raw[i] = byte(f.random.Uint32())
	}
	id, _ := uuid.NewRandomFromReader(bytes.NewReader(raw[:])) // sixteen bytes are there
	return id.String()
}
