package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is an amount of memory or data, written with a unit: B, KB, MB, GB and TB count in thousands,
// KiB, MiB, GiB and TiB in 1024.
type Bytes int64

type unit struct {
	name string
	size int64
}

func byteUnits() []unit {
	return []unit{
		{"TiB", 1 << 40},
		{"GiB", 1 << 30},
		{"MiB", 1 << 20},
		{"KiB", 1 << 10},
		{"TB", 1e12},
		{"GB", 1e9},
		{"MB", 1e6},
		{"KB", 1e3},
		{"B", 1},
	}
}

// String writes the amount in the largest unit that divides it, so that [ParseBytes] reads it again.
func (b Bytes) String() string {
	for _, u := range byteUnits() {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return "0B"
}

// ParseBytes reads an amount of bytes. A number without a unit is refused, except 0.
func ParseBytes(s string) (Bytes, error) {
	if s == "0" {
		return 0, nil
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		return 0, fmt.Errorf("the size %q has no unit, write %sMiB or %sB", s, s, s)
	}
	for _, u := range byteUnits() {
		number, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		return scaleBytes(s, strings.TrimSpace(number), u)
	}
	return 0, badBytes(s)
}

func scaleBytes(whole, number string, u unit) (Bytes, error) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil && n >= 0 && n <= math.MaxInt64/u.size {
		return Bytes(n * u.size), nil
	}
	f, err := strconv.ParseFloat(number, 64)
	total := f * float64(u.size)
	if err != nil || !(total >= 0 && total < 1<<62) || total != math.Trunc(total) {
		return 0, badBytes(whole)
	}
	return Bytes(total), nil
}

func badBytes(s string) error {
	return fmt.Errorf("%q is not a size, write for example 512KB, 64MiB or 2GiB", s)
}

// UnmarshalText reads what [ParseBytes] reads.
func (b *Bytes) UnmarshalText(text []byte) (err error) {
	*b, err = ParseBytes(string(text))
	return err
}

// MarshalText writes what [Bytes.String] writes.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// JSONSchemaSpec describes the written form.
func (b Bytes) JSONSchemaSpec() map[string]any {
	return map[string]any{
		"type":        "string",
		"pattern":     `^(0|[0-9]+(\.[0-9]+)? ?([KMGT]i?)?B)$`,
		"description": "a size with a unit, such as 512KB, 64MiB or 2GiB",
	}
}
