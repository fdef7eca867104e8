package main

import (
	"encoding/json"
	"fmt"
	"math"
)

// Money is an amount in cents. Its JSON form is a decimal number with two places, such as 41.50.
type Money int64

// String gives the amount with two decimal places.
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	return fmt.Sprintf("%s%d.%02d", sign, m/100, m%100)
}

// MarshalJSON writes the amount as a decimal number.
func (m Money) MarshalJSON() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalJSON reads a decimal number and rounds it to whole cents.
func (m *Money) UnmarshalJSON(data []byte) error {
	var amount float64
	if err := json.Unmarshal(data, &amount); err != nil {
		return fmt.Errorf("reading an amount: %w", err)
	}
	*m = Money(math.Round(amount * 100))
	return nil
}
