package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Rate is how often something happens per second, written 500/s, 30/m, 100/h or as a plain number per
// second.
type Rate float64

// String writes the rate per second, so that [ParseRate] reads it again.
func (r Rate) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) + "/s" }

// ParseRate reads a rate. It is never negative or infinite.
func ParseRate(s string) (Rate, error) {
	number, per, found := strings.Cut(s, "/")
	seconds, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[per]
	if !found {
		seconds, ok = 1, true
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !ok || !(f >= 0) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%q is not a rate, write for example 500/s or 30/m", s)
	}
	return Rate(f / seconds), nil
}

// UnmarshalText reads what [ParseRate] reads.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRate(string(text))
	return err
}

// MarshalText writes what [Rate.String] writes.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// JSONSchemaSpec describes the written form.
func (r Rate) JSONSchemaSpec() map[string]any {
	return map[string]any{
		"description": "a rate such as 500/s or 30/m; a plain number is per second",
		"oneOf": []any{
			map[string]any{"type": "number", "minimum": 0},
			map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)? ?/[smh]$`},
		},
	}
}

// Ratio is a part of a whole, written 10% or 0.1.
type Ratio float64

// String writes the ratio as a number, so that [ParseRatio] reads it again.
func (r Ratio) String() string { return strconv.FormatFloat(float64(r), 'g', -1, 64) }

// ParseRatio reads a ratio between 0 and 1, or 0% and 100%.
func ParseRatio(s string) (Ratio, error) {
	number, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		f /= 100
	}
	if err != nil || math.IsNaN(f) {
		return 0, fmt.Errorf("%q is not a share, write for example 10%% or 0.1", s)
	}
	if f < 0 || f > 1 {
		return 0, fmt.Errorf("the share %q is not between 0%% and 100%%; 0.1 and 10%% are the same", s)
	}
	return Ratio(f), nil
}

// UnmarshalText reads what [ParseRatio] reads.
func (r *Ratio) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRatio(string(text))
	return err
}

// MarshalText writes what [Ratio.String] writes.
func (r Ratio) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// JSONSchemaSpec describes the written form.
func (r Ratio) JSONSchemaSpec() map[string]any {
	return map[string]any{
		"description": "a share such as 10% or 0.1",
		"oneOf": []any{
			map[string]any{"type": "number", "minimum": 0, "maximum": 1},
			map[string]any{"type": "string", "pattern": `^[0-9]+(\.[0-9]+)? ?%$`},
		},
	}
}
