package transform

import (
	"fmt"
	"maps"
	"slices"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
)

const redacted = "REDACTED"

// redactStep takes secrets out. Its parts are those of headers, json, query and form, in this order.
type redactStep struct {
	headers, query, form []string
	paths                *paths
	// shares tells by endpoint how much of the recorded answers is taken out.
	shares map[string]*share
}

// share is a number of values of all.
type share struct{ taken, all int }

// note counts what is taken out of a recorded answer.
func (s *redactStep) note(x *exchange, taken, all int) {
	if x.Request == nil || x.Direction != traffic.Inbound { // no record: a replayed answer
		return
	}
	endpoint := traffic.Endpoint(x.Request.Method, x.Request.URL)
	sum := s.shares[endpoint]
	if sum == nil {
		sum = &share{}
		s.shares[endpoint] = sum
	}
	sum.taken += taken
	sum.all += all
}

// lint warns of endpoints of which little is left to compare.
func (s *redactStep) lint(at spec.Pos, ds *spec.Diagnostics) {
	for _, endpoint := range slices.Sorted(maps.Keys(s.shares)) {
		if n := s.shares[endpoint]; 2*n.taken > n.all {
			ds.Warnf(at, "name only what is secret: what is redacted is compared by presence and type alone",
				"redact takes out %d of the %d values in the recorded answers of %s", n.taken, n.all, endpoint)
		}
	}
}

func (s *redactStep) apply(x *exchange, counts []int) error {
	json := len(s.headers)
	query := json + len(s.paths.numbers)
	for m := range x.messages(Both) {
		for i, name := range s.headers {
			counts[i] += redactHeader(m, name)
		}
		isJSON, err := s.body(x, m, counts[json:query])
		if err != nil {
			return err
		}
		if isJSON || len(s.form) == 0 || !m.isForm() {
			continue
		}
		m.mapForm(taken(s.form, counts[query+len(s.query):]))
	}
	s.urls(x, taken(s.query, counts[query:]))
	return nil
}

// urls takes query parameters out of the target, and of URLs in headers.
func (s *redactStep) urls(x *exchange, take func(name, value string) (string, bool)) {
	if len(s.query) == 0 {
		return
	}
	if m := x.list[0]; m != nil {
		m.URL = mapQuery(m.URL, take)
	}
	change := func(_, value string) (string, int) {
		fired := 0
		url := mapQuery(value, func(name, value string) (string, bool) {
			with, is := take(name, value)
			if is {
				fired++
			}
			return with, is
		})
		return url, fired
	}
	for m := range x.messages(Both) {
		for _, name := range []string{"Referer", "Location", "Content-Location"} {
			if i := m.index(name); i >= 0 {
				m.mapField(i, change)
			}
		}
	}
}

func redactHeader(m *message, name string) int {
	values := m.values(name)
	if len(values) == 0 {
		return 0
	}
	out := make([]string, len(values))
	for i := range out {
		out[i] = redacted
	}
	m.set(name, out...)
	return len(out)
}

// body takes the selected values out of a JSON body. One that names such a value and cannot be read is an
// error: the value would stay.
func (s *redactStep) body(x *exchange, m *message, counts []int) (isJSON bool, _ error) {
	if s.paths.n == 0 || !m.isJSON() {
		return false, nil
	}
	if !s.paths.deep.empty() && !s.paths.may(m.now) { // other paths are soon lost
		return true, nil
	}
	d, err := m.document()
	switch {
	case err != nil && s.paths.may(m.now):
		return true, fmt.Errorf("redact: a body that should be JSON cannot be read, so that nothing is taken out: %w", err)
	case err != nil:
		return true, nil //nolint:nilerr // it names none of the values
	}
	n := 0
	d.follow(s.paths, func(t *token, ends positions) {
		d.put(t, []byte(blank(d.raw(t))))
		n++
		ends.each(func(i int) { counts[s.paths.numbers[i]]++ })
	})
	if n > 0 && m == x.list[1] {
		s.note(x, n, d.singles())
	}
	return true, nil
}

// blank is what takes the place of a value: one of its type.
func blank(raw []byte) string {
	switch raw[0] {
	case '"':
		return `"` + redacted + `"`
	case 't', 'f':
		return "false"
	case 'n':
		return "null"
	}
	return "0"
}

// taken gives what takes the place of the values with the names.
func taken(names []string, counts []int) func(name, value string) (string, bool) {
	return func(name, _ string) (string, bool) {
		i := slices.Index(names, name)
		if i < 0 {
			return "", false
		}
		counts[i]++
		return redacted, true
	}
}
