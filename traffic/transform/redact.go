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
	if s.shares[endpoint] == nil {
		s.shares[endpoint] = &share{}
	}
	s.shares[endpoint].taken += taken
	s.shares[endpoint].all += all
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
		if text, fired := mapPairs(m.body(), taken(s.form, counts[query+len(s.query):])); fired {
			m.setBody(text)
		}
	}
	if m := x.list[0]; m != nil && len(s.query) > 0 {
		m.URL = mapQuery(m.URL, taken(s.query, counts[query:]))
	}
	return nil
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
	if !s.paths.may(m.body()) {
		return true, nil
	}
	n := 0
	w := rewriter{src: m.body(), paths: s.paths, leaves: true}
	w.change = func(raw string, ends positions) (string, bool) {
		with := blank(raw)
		n++
		ends.each(func(i int) { counts[s.paths.numbers[i]]++ })
		return with, true
	}
	text, err := w.run()
	if err != nil {
		return true, fmt.Errorf("redact: a body that should be JSON cannot be read, so that nothing is taken out: %w", err)
	}
	if n > 0 {
		m.setBody(text)
	}
	if n > 0 && m == x.list[1] {
		s.note(x, n, w.singles)
	}
	return true, nil
}

// blank is what takes the place of a value: one of its type.
func blank(raw string) string {
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
