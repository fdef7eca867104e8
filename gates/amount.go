package gates

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates/metric"
)

// dimension is what the unit of an amount measures.
type dimension uint8

const (
	bare dimension = iota
	percent
	timespan
	memory
	perSecond
)

func (d dimension) String() string {
	return [...]string{"a number without a unit", "a percentage", "a time", "an amount of memory", "a rate"}[d]
}

// amount is a limit as written: +10%, 200ms, 0.98.
type amount struct {
	sign      int // -1, 0 without a sign, +1
	value     float64
	dimension dimension
	text      string // without the sign
	at        int
	length    int
}

// relative tells whether the amount is counted from the baseline.
func (a amount) relative() bool { return a.sign != 0 }

var unitWords = []string{
	"%", "ns", "us", "ms", "s", "m", "h", "/s", "B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB",
}

// parseAmount reads one word.
func parseAmount(w word) (amount, *problem) {
	a := amount{at: w.at, length: w.length(), text: w.text}
	switch w.text[0] {
	case '+':
		a.sign, a.text = 1, w.text[1:]
	case '-':
		a.sign, a.text = -1, w.text[1:]
	}
	number := strings.TrimLeft(a.text, "0123456789.")
	if number == a.text || !strings.ContainsFunc(a.text[:len(a.text)-len(number)], unicode.IsDigit) {
		return a, w.notNumber(a.text)
	}
	return a.withUnit(w)
}

func (a amount) withUnit(w word) (amount, *problem) {
	if v, err := strconv.ParseFloat(a.text, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		a.value = v
		return a, a.finite(w)
	}
	if n, ok := strings.CutSuffix(a.text, "%"); ok {
		// The decimal point is moved in the text, so that 0.7% is 0.007 to the last digit.
		v, err := strconv.ParseFloat(n+"e-2", 64)
		a.value, a.dimension = v, percent
		return a, w.check(err, a)
	}
	if n, ok := strings.CutSuffix(a.text, "/s"); ok {
		v, err := strconv.ParseFloat(n, 64)
		a.value, a.dimension = v, perSecond
		return a, w.check(err, a)
	}
	if d, err := time.ParseDuration(a.text); err == nil {
		a.value, a.dimension = d.Seconds(), timespan
		return a, nil
	}
	b, err := spec.ParseBytes(a.text)
	a.value, a.dimension = float64(b), memory
	return a, w.check(err, a)
}

func (a amount) finite(w word) *problem {
	if math.IsInf(a.value, 0) || math.IsNaN(a.value) {
		return w.problem("write a number that can be reached", "%s is not a finite limit", w.text)
	}
	return nil
}

func (w word) check(err error, a amount) *problem {
	if err == nil {
		return a.finite(w)
	}
	unit := strings.TrimLeft(a.text, "0123456789.")
	hint := "write for example 0.98, +10%, 200ms, 64MiB or 100/s"
	if near := spec.Nearest(unit, unitWords); near != "" {
		hint = "did you mean " + strings.TrimSuffix(w.text, unit) + near + "?"
	}
	for _, known := range unitWords {
		if strings.EqualFold(known, unit) {
			hint = "did you mean " + strings.TrimSuffix(w.text, unit) + known + "?"
		}
	}
	skip := runes(w.text) - runes(unit)
	return &problem{
		at: w.at + skip, length: max(1, runes(unit)), hint: hint,
		message: fmt.Sprintf("%s has the unknown unit %q", w.text, unit),
	}
}

func (w word) notNumber(text string) *problem {
	switch strings.ToLower(strings.TrimLeft(text, ".")) {
	case "nan", "inf", "infinity":
		return w.problem("write a number that can be reached",
			"%s is not a limit: nothing can be compared with it", w.text)
	}
	return w.problem("write for example 0.98, +10%, 200ms, 64MiB or 100/s", "%q is not an amount", w.text)
}

// fit checks the amount's unit against the metric's.
func (a amount) fit(t term) *problem {
	if a.dimension == percent {
		return nil
	}
	want, example := expected(t)
	fits := a.dimension == want || a.value == 0 && a.dimension == bare ||
		a.dimension == bare && t.plain() || t.desc.Unit == metric.PerSecond && a.dimension == bare
	if fits {
		return nil
	}
	return &problem{
		at: a.at, length: a.length, hint: "write for example " + example,
		message: fmt.Sprintf("%s is %s, but %s is measured as %s", a.text, a.dimension, t.ref.Name, want),
	}
}

// expected is the dimension of a metric's limits, with an example.
func expected(t term) (dimension, string) {
	switch t.desc.Unit {
	case metric.Seconds:
		return timespan, "200ms or 5s"
	case metric.Bytes:
		return memory, "64MiB"
	case metric.PerSecond:
		return perSecond, "100/s"
	case metric.Ratio:
		return bare, "0.98"
	}
	return bare, "20"
}

// source writes the amount, without its sign, for an expression about the metric.
func (a amount) source(t term) string {
	switch {
	case a.dimension != percent && t.isDuration():
		return `duration("` + time.Duration(math.Round(a.value*float64(time.Second))).String() + `")`
	case a.dimension == memory:
		return "bytes(" + strconv.Quote(a.text) + ")"
	}
	return literal(a.value)
}

// literal writes a number so that the language reads it as one: a whole number too large for an integer
// needs a fraction.
func literal(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if v >= 1<<53 {
		s += ".0"
	}
	return s
}
