package mocks

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// moment is a date with its zone, or a local one (in UTC for want of a better).
type moment struct {
	t     time.Time
	zoned bool
	ok    bool
}

// parseMoment reads the forms that WireMock takes without a format: ISO 8601 with a zone, RFC 1123, RFC
// 1036, asctime, and local dates and times down to a year.
func parseMoment(s string) moment {
	if at := strings.IndexByte(s, '['); at > 0 && strings.HasSuffix(s, "]") {
		s = s[:at] // the name of the zone behind its offset
	}
	for _, layout := range []string{
		"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04Z07:00",
		"Mon, 2 Jan 2006 15:04:05 GMT", "Mon, 2 Jan 2006 15:04:05 -0700", time.RFC850, time.ANSIC,
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{t, true, true}
		}
	}
	if fixed := spaceBeforeOffset().ReplaceAllString(s, "$1+$2"); fixed != s {
		return parseMoment(fixed)
	}
	for _, layout := range []string{
		"2006-01-02T15:04:05.999999999", "2006-01-02T15:04", time.DateOnly, "2006-01", "2006",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return moment{t, false, true}
		}
	}
	if year, err := strconv.Atoi(s); err == nil && year > -1000 && year < 1000 {
		return moment{time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC), false, true}
	}
	return moment{}
}

// spaceBeforeOffset finds a plus that a query turned into a space.
func spaceBeforeOffset() *regexp.Regexp {
	return regexp.MustCompile(`([0-5]\d:[0-5]\d(?::[0-5]\d)?(?:\.\d+)?) ([0-2]\d)`)
}

// offset moves a date by an amount of a unit.
type offset struct {
	amount int
	unit   string
}

func offsetUnits() []string {
	return []string{"seconds", "minutes", "hours", "days", "months", "years"}
}

// parseOffset reads "3 days", "now" or "now -3 days".
func parseOffset(s string) (o offset, ok bool) {
	parts := strings.Fields(strings.ToLower(s))
	if len(parts) > 0 && parts[0] == "now" {
		if parts = parts[1:]; len(parts) == 0 {
			return offset{}, true
		}
	}
	if len(parts) != 2 || !slices.Contains(offsetUnits(), parts[1]) {
		return o, false
	}
	n, err := strconv.ParseInt(parts[0], 10, 32)
	return offset{int(n), parts[1]}, err == nil
}

func (o offset) shift(t time.Time) time.Time {
	switch o.unit {
	case "seconds":
		return t.Add(time.Duration(o.amount) * time.Second)
	case "minutes":
		return t.Add(time.Duration(o.amount) * time.Minute)
	case "hours":
		return t.Add(time.Duration(o.amount) * time.Hour)
	case "days":
		return t.AddDate(0, 0, o.amount)
	case "months":
		return addMonths(t, o.amount)
	case "years":
		return addMonths(t, 12*o.amount)
	}
	return t
}

// addMonths keeps the day where the month has it and takes the month's last one otherwise.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	first = first.AddDate(0, n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

func truncations() []string {
	return []string{
		"first second of minute", "first minute of hour", "first hour of day", "first day of month",
		"first day of next month", "last day of month", "first day of year", "first day of next year",
		"last day of year",
	}
}

// truncate moves a date to the start of a span by WireMock's name for it.
func truncate(t time.Time, how string) time.Time {
	y, m, d := t.Date()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, t.Location()) }
	switch how {
	case "first second of minute":
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, t.Location())
	case "first minute of hour":
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, t.Location())
	case "first hour of day":
		return day(y, m, d)
	case "first day of month":
		return day(y, m, 1)
	case "first day of next month":
		return day(y, m+1, 1)
	case "last day of month":
		return day(y, m+1, 0)
	case "first day of year":
		return day(y, 1, 1)
	case "first day of next year":
		return day(y+1, 1, 1)
	case "last day of year":
		return day(y, 12, 31)
	}
	return t
}

// dateTime compares a date: before, after or equalToDateTime.
type dateTime struct {
	order     int // what comparing the actual date with the expected one gives
	fixed     moment
	relative  bool
	shift     offset
	format    *dateFormat
	expected  string // truncation
	actual    string // truncation
	lastTrunc bool
	now       func() time.Time
}

func (m *dateTime) match(v *Value) bool {
	if !v.Present {
		return false
	}
	got, want := m.read(v.Text), m.want()
	if !got.ok || !want.ok {
		return false
	}
	if got.zoned && m.actual != "" {
		got.t = truncate(got.t, m.actual)
	}
	switch {
	case want.zoned && !got.zoned:
		got.t = inZone(got.t, time.Local)
	case !want.zoned && got.zoned:
		got.t = inZone(got.t, time.UTC)
	}
	return got.t.Compare(want.t) == m.order
}

// inZone reads the clock of a date in another zone.
func inZone(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
}

func (m *dateTime) read(s string) moment {
	if m.format == nil {
		return parseMoment(s)
	}
	t, zoned, err := m.format.parse(s)
	return moment{t, zoned, err == nil}
}

func (m *dateTime) want() moment {
	if !m.relative {
		return m.fixed
	}
	t := m.now()
	if m.lastTrunc {
		return moment{truncate(m.shift.shift(t), m.expected), true, true}
	}
	return moment{m.shift.shift(truncate(t, m.expected)), true, true}
}

func dateModifiers() []string {
	return []string{
		"actualFormat", "truncateExpected", "truncateActual", "applyTruncationLast",
		"expectedOffset", "expectedOffsetUnit",
	}
}

func takeDate(name string, order int) func(d *decoder, path string, f fields) matcher {
	return func(d *decoder, path string, f fields) matcher {
		m := &dateTime{order: order, now: d.options.now}
		var text, format string
		into(d, &text, "a date or now with an offset")(path+"."+name, f[name])
		d.optional(path, f, "actualFormat", into(d, &format, "a date format"))
		d.optional(path, f, "truncateExpected", d.truncation(&m.expected))
		d.optional(path, f, "truncateActual", d.truncation(&m.actual))
		d.optional(path, f, "applyTruncationLast", into(d, &m.lastTrunc, "true or false"))
		if format != "" {
			var err error
			if m.format, err = parseDateFormat(format); err != nil {
				d.problem(path+".actualFormat", "%v", err)
			}
		}
		m.shift, m.relative = parseOffset(text)
		d.expectedOffset(path, f, m)
		if m.relative {
			return m
		}
		if m.fixed = parseMoment(text); !m.fixed.ok {
			d.problem(path+"."+name, "expected an ISO 8601 date, now, or now +3 days, got %q", text)
		}
		return m
	}
}

// expectedOffset reads the offset in two fields, which stands beside "now".
func (d *decoder) expectedOffset(path string, f fields, m *dateTime) {
	if f["expectedOffset"] == nil && f["expectedOffsetUnit"] == nil {
		return
	}
	var unit string
	d.required(path, f, "expectedOffset", into(d, &m.shift.amount, "a whole number"))
	d.required(path, f, "expectedOffsetUnit", into(d, &unit, "a unit of time"))
	m.shift.unit = strings.ToLower(unit)
	if !slices.Contains(offsetUnits(), m.shift.unit) {
		d.problem(path+".expectedOffsetUnit", "expected one of %s", strings.Join(offsetUnits(), ", "))
	}
	if !m.relative {
		d.problem(path+".expectedOffset", "needs now as the expected date")
	}
}

func (d *decoder) truncation(dst *string) take {
	return func(path string, raw json.RawMessage) {
		into(d, dst, "a truncation")(path, raw)
		*dst = strings.ToLower(strings.ReplaceAll(*dst, "_", " "))
		if !slices.Contains(truncations(), *dst) {
			d.problem(path, "expected one of %s, got %s", fmt.Sprintf("%q", truncations()), raw)
		}
	}
}
