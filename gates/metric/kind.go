package metric

import (
	"fmt"
	"slices"
)

// Kind says how a metric is gathered and what its value means.
type Kind uint8

// The kinds of metrics.
const (
	// Counter only grows: requests sent, violations seen.
	Counter Kind = iota
	// Gauge is the last value set: bytes in use.
	Gauge
	// Rate is hits divided by total; 0 of 0 is no value at all.
	Rate
	// Flag is true or false, with the values 1 and 0.
	Flag
	// Distribution is many observations, judged by their quantiles.
	Distribution
)

// Unit is what a metric's value is measured in.
type Unit uint8

// The units. A value is always in the base unit: seconds, bytes, a ratio from 0 to 1.
const (
	None Unit = iota
	Ratio
	Seconds
	Bytes
	Count
	PerSecond
	Percent
)

// Direction says which way a metric gets better.
type Direction uint8

// The directions.
const (
	Neutral Direction = iota
	LowerIsBetter
	HigherIsBetter
)

var (
	kindNames      = []string{"counter", "gauge", "rate", "flag", "distribution"}
	unitNames      = []string{"none", "ratio", "seconds", "bytes", "count", "per_second", "percent"}
	directionNames = []string{"neutral", "lower_is_better", "higher_is_better"}
)

func (k Kind) String() string { return name(kindNames, int(k)) }

func (u Unit) String() string { return name(unitNames, int(u)) }

func (d Direction) String() string { return name(directionNames, int(d)) }

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// MarshalText writes the unit's name.
func (u Unit) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalText writes the direction's name.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (k *Kind) UnmarshalText(text []byte) error { return unname(kindNames, "kind", text, (*uint8)(k)) }

// UnmarshalText reads what MarshalText writes.
func (u *Unit) UnmarshalText(text []byte) error { return unname(unitNames, "unit", text, (*uint8)(u)) }

// UnmarshalText reads what MarshalText writes.
func (d *Direction) UnmarshalText(text []byte) error {
	return unname(directionNames, "direction", text, (*uint8)(d))
}

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown(%d)", i)
}

func unname(names []string, what string, text []byte, into *uint8) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("unknown %s %q of a metric: expected one of %v", what, text, names)
	}
	*into = uint8(i)
	return nil
}
