package spec

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time, written with a unit: 200ms, 5s, 1m30s, 2h, 7d.
type Duration time.Duration

const day = 24 * time.Hour

// Std is the duration as the standard library knows it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration so that [ParseDuration] reads it again, without zero units at its end.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// ParseDuration reads a duration: the units of [time.ParseDuration] and d for days of 24 hours, which
// comes first. A number without a unit is refused.
func ParseDuration(s string) (Duration, error) {
	if s == "" {
		return 0, fmt.Errorf("no duration given, write for example 200ms, 5s or 1m30s")
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		return 0, fmt.Errorf("the duration %q has no unit, write %ss or %sms", s, s, s)
	}
	days, rest, found := strings.Cut(s, "d")
	if !found {
		return parseStd(s, s)
	}
	n, err := strconv.ParseFloat(days, 64)
	if err != nil || n*float64(day) > 1<<62 || n*float64(day) < -1<<62 || n != n {
		return 0, badDuration(s)
	}
	total := Duration(n * float64(day))
	if rest == "" {
		return total, nil
	}
	if strings.ContainsAny(rest[:1], "+-") {
		return 0, badDuration(s)
	}
	more, err := parseStd(s, rest)
	if strings.HasPrefix(days, "-") {
		more = -more
	}
	return total + more, err
}

func parseStd(whole, part string) (Duration, error) {
	d, err := time.ParseDuration(part)
	if err != nil {
		return 0, badDuration(whole)
	}
	return Duration(d), nil
}

func badDuration(s string) error {
	return fmt.Errorf("%q is not a duration, write for example 200ms, 5s, 1m30s or 2h", s)
}

// UnmarshalText reads what [ParseDuration] reads.
func (d *Duration) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDuration(string(text))
	return err
}

// MarshalText writes what [Duration.String] writes.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// JSONSchemaSpec describes the written form.
func (d Duration) JSONSchemaSpec() map[string]any {
	return map[string]any{
		"type":        "string",
		"pattern":     `^(0|[+-]?([0-9]+(\.[0-9]+)?d)?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))*)$`,
		"description": "a duration with a unit, such as 200ms, 5s, 1m30s, 2h or 7d",
	}
}
