package postgres

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

const (
	microsecond = int64(1)
	second      = 1_000_000 * microsecond
	hour        = 3600 * second
	day         = 24 * hour
)

// date writes a number of days since 2000-01-01.
func (w *writer) date(_ *typ, b []byte) bool {
	if len(b) != 4 {
		return false
	}
	n, _ := number(b)
	if w.infinite(n, math.MaxInt32, math.MinInt32) {
		return true
	}
	w.era(w.day(n))
	return true
}

// timestamp writes a number of microseconds since 2000-01-01 00:00.
func (w *writer) timestamp(_ *typ, b []byte) bool { return w.moment(b, "") }

// timestampWithZone does so for a moment: in UTC.
func (w *writer) timestampWithZone(_ *typ, b []byte) bool { return w.moment(b, "+00") }

func (w *writer) moment(b []byte, zone string) bool {
	if len(b) != 8 {
		return false
	}
	n, _ := number(b)
	if w.infinite(n, math.MaxInt64, math.MinInt64) {
		return true
	}
	days := n / day
	if n%day < 0 {
		days--
	}
	before := w.day(days)
	w.b = append(w.b, ' ')
	w.clock(n - days*day)
	w.b = append(w.b, zone...)
	w.era(before)
	return true
}

func (w *writer) infinite(n, most, least int64) bool {
	switch n {
	case most:
		w.b = append(w.b, "infinity"...)
	case least:
		w.b = append(w.b, "-infinity"...)
	default:
		return false
	}
	return true
}

// day writes the day that is so many after 2000-01-01, and tells whether its year is one before Christ.
func (w *writer) day(n int64) (before bool) {
	const first, perDay = 946_684_800, 86_400
	year, month, day := time.Unix(first+n*perDay, 0).UTC().Date()
	if before = year <= 0; before {
		year = 1 - year
	}
	w.padded(int64(year), 4)
	w.b = append(w.b, '-')
	w.padded(int64(month), 2)
	w.b = append(w.b, '-')
	w.padded(int64(day), 2)
	return before
}

func (w *writer) era(before bool) {
	if before {
		w.b = append(w.b, " BC"...)
	}
}

func (w *writer) padded(n int64, digits int) {
	text := strconv.FormatInt(n, 10)
	for range digits - len(text) {
		w.b = append(w.b, '0')
	}
	w.b = append(w.b, text...)
}

// clock writes a number of microseconds, which is not negative, in hours, minutes and seconds.
func (w *writer) clock(n int64) {
	w.padded(n/hour, 2)
	w.b = append(w.b, ':')
	w.padded(n/(60*second)%60, 2)
	w.b = append(w.b, ':')
	w.padded(n/second%60, 2)
	if fraction := n % second; fraction != 0 {
		w.b = append(w.b, '.')
		w.padded(fraction, 6)
		for w.b[len(w.b)-1] == '0' {
			w.b = w.b[:len(w.b)-1]
		}
	}
}

// timeOfDay writes a number of microseconds since midnight.
func (w *writer) timeOfDay(_ *typ, b []byte) bool {
	n, ok := number(b)
	if !ok || len(b) != 8 || n < 0 || n > day {
		return false
	}
	w.clock(n)
	return true
}

// timeWithZone writes a time of the day and the seconds west of Greenwich.
func (w *writer) timeWithZone(t *typ, b []byte) bool {
	if len(b) != 12 || !w.timeOfDay(t, b[:8]) {
		return false
	}
	zone := -int64(int32(binary.BigEndian.Uint32(b[8:])))
	sign := byte('+')
	if zone < 0 {
		sign, zone = '-', -zone
	}
	w.b = append(w.b, sign)
	w.padded(zone/3600, 2)
	if zone%3600 != 0 {
		w.b = append(w.b, ':')
		w.padded(zone/60%60, 2)
	}
	if zone%60 != 0 {
		w.b = append(w.b, ':')
		w.padded(zone%60, 2)
	}
	return true
}

// interval writes microseconds, days and months in the style "postgres".
func (w *writer) interval(_ *typ, b []byte) bool {
	if len(b) != 16 {
		return false
	}
	micros, _ := number(b[:8])
	days, _ := number(b[8:12])
	months, _ := number(b[12:])
	began, negative := len(w.b), false
	for _, part := range []struct {
		n    int64
		unit string
	}{{months / 12, " year"}, {months % 12, " mon"}, {days, " day"}} {
		if part.n == 0 {
			continue
		}
		w.separate(began)
		if negative && part.n > 0 {
			w.b = append(w.b, '+')
		}
		negative = part.n < 0
		w.b = append(strconv.AppendInt(w.b, part.n, 10), part.unit...)
		if part.n != 1 {
			w.b = append(w.b, 's')
		}
	}
	if micros == 0 && len(w.b) > began {
		return true
	}
	w.separate(began)
	switch {
	case micros < 0:
		w.b = append(w.b, '-')
	case negative:
		w.b = append(w.b, '+')
	}
	w.span(micros)
	return true
}

// separate writes a blank behind what stands there since began.
func (w *writer) separate(began int) {
	if len(w.b) > began {
		w.b = append(w.b, ' ')
	}
}

// span writes the amount of a number of microseconds as a clock does.
func (w *writer) span(micros int64) {
	if micros == math.MinInt64 { // has no positive counterpart
		w.b = append(w.b, "2562047788:00:54.775808"...)
		return
	}
	w.clock(max(micros, -micros))
}
