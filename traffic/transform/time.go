package transform

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// timeStep moves times.
type timeStep struct {
	toNow bool
	by    time.Duration
	clock *clock

	shapes shapes
}

func newTimeStep(s Shift, c *clock) *timeStep {
	step := &timeStep{toNow: s.ToNow, by: s.By, clock: c}
	const digits, days = "0123456789", "MTWFS"
	step.shapes.add(digits, len("1762000000"))
	step.shapes.add(digits, len("1762000000000"))
	for n := len("2006-01-02T15:04:05Z"); n <= len(time.RFC3339Nano); n++ {
		step.shapes.add(digits, n)
	}
	step.shapes.add(days, len(http.TimeFormat))
	return step
}

// mover moves the times of one record.
type mover struct {
	by     time.Duration
	record time.Time
	count  *int
	shapes *shapes
}

func (s *timeStep) apply(x *exchange, counts []int) error {
	v := &mover{by: s.by, record: x.Time, count: &counts[0], shapes: &s.shapes}
	if s.toNow {
		v.by = s.clock.shift
	}
	if m := x.list[0]; m != nil {
		m.URL = mapQuery(m.URL, v.pair)
	}
	for m := range x.messages(Both) {
		m.mapHeader(v.header)
		m.mapBody(&s.shapes, v.text)
	}
	return nil
}

func (v *mover) pair(_, value string) (string, bool) { return v.text(value) }

func (v *mover) header(name, value string) (string, int) {
	if name == "Set-Cookie" {
		return v.expires(value)
	}
	moved, ok := v.text(value)
	if !ok {
		return value, 0
	}
	return moved, 1
}

// expires moves the attribute Expires of a cookie.
func (v *mover) expires(cookie string) (string, int) {
	parts := strings.Split(cookie, ";")
	for i, p := range parts {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "expires") {
			continue
		}
		if moved, ok := v.text(strings.TrimSpace(value)); ok {
			parts[i] = name + "=" + moved
			return strings.Join(parts, ";"), 1
		}
	}
	return cookie, 0
}

// text moves a text that is a time as a whole, in one of four forms.
func (v *mover) text(s string) (string, bool) {
	if !v.shapes.has(s) {
		return s, false
	}
	switch c := s[0]; {
	case c >= '0' && c <= '9' && len(s) >= 20 && s[4] == '-' && s[10] == 'T':
		return v.rfc3339(s)
	case c >= '1' && c <= '9' && (len(s) == 10 || len(s) == 13):
		return v.epoch(s)
	case c >= 'A' && c <= 'Z' && len(s) == len(http.TimeFormat) && s[3] == ',':
		at, err := http.ParseTime(s)
		if err != nil || !v.near(at) {
			return s, false
		}
		return v.moved(at).UTC().Format(http.TimeFormat), true
	}
	return s, false
}

// epoch moves seconds or milliseconds since 1970.
func (v *mover) epoch(s string) (string, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return s, false
	}
	if len(s) == 13 {
		if at := time.UnixMilli(n); v.near(at) {
			return strconv.FormatInt(v.moved(at).UnixMilli(), 10), true
		}
		return s, false
	}
	if at := time.Unix(n, 0); v.near(at) {
		return strconv.FormatInt(v.moved(at).Unix(), 10), true
	}
	return s, false
}

// rfc3339 moves a time and keeps its zone and the number of its digits.
func (v *mover) rfc3339(s string) (string, bool) {
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !v.near(at) {
		return s, false
	}
	layout := "2006-01-02T15:04:05"
	if s[19] == '.' {
		digits := len(s) - 20 - len("Z")
		if s[len(s)-1] != 'Z' {
			digits = len(s) - 20 - len("-07:00")
		}
		layout += "." + strings.Repeat("0", digits)
	}
	if s[len(s)-1] == 'Z' {
		return v.moved(at).Format(layout + "Z"), true
	}
	return v.moved(at).Format(layout + "-07:00"), true
}

// around is how far from its record a number or text still counts as a time.
const around = 366 * 24 * time.Hour

func (v *mover) near(at time.Time) bool {
	apart := at.Sub(v.record)
	return apart > -around && apart < around
}

func (v *mover) moved(at time.Time) time.Time {
	*v.count++
	return at.Add(v.by)
}
