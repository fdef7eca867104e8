package postgres

import (
	"encoding/binary"
	"strconv"
)

// The signs of a numeric.
const (
	numericNegative    = 0x4000
	numericNaN         = 0xC000
	numericInfinity    = 0xD000
	numericNegInfinity = 0xF000
)

// numeric writes a number of digits to the base 10,000: their count, the weight of the first, the sign, how many
// decimal places are shown, and the digits.
func (w *writer) numeric(_ *typ, b []byte) bool {
	if len(b) < 8 || len(b) != 8+2*int(binary.BigEndian.Uint16(b)) {
		return false
	}
	weight := int(int16(binary.BigEndian.Uint16(b[2:])))
	places := int(binary.BigEndian.Uint16(b[6:]))
	digits := b[8:]
	digit := func(i int) int {
		if i < 0 || 2*i >= len(digits) {
			return 0
		}
		return int(binary.BigEndian.Uint16(digits[2*i:]))
	}
	switch binary.BigEndian.Uint16(b[4:]) {
	case numericNaN:
		w.b = append(w.b, "NaN"...)
		return true
	case numericInfinity:
		w.b = append(w.b, "Infinity"...)
		return true
	case numericNegInfinity:
		w.b = append(w.b, "-Infinity"...)
		return true
	case numericNegative:
		w.b = append(w.b, '-')
	}
	if weight < 0 {
		w.b = append(w.b, '0')
	}
	for i := 0; i <= weight; i++ {
		w.group(digit(i), i == 0)
	}
	if places == 0 {
		return true
	}
	w.b = append(w.b, '.')
	end := len(w.b) + places
	for i := weight + 1; len(w.b) < end; i++ {
		w.group(digit(i), false)
	}
	w.b = w.b[:end]
	return true
}

// group writes four decimal digits, or fewer where it is the first.
func (w *writer) group(n int, first bool) {
	if !first {
		for at := 1000; at > max(n, 1); at /= 10 {
			w.b = append(w.b, '0')
		}
	}
	w.b = strconv.AppendInt(w.b, int64(n), 10)
}
