package compare

import (
	"strconv"
	"strings"
)

// decimal is a number in its only form: digits without leading or trailing zeros, times ten to the
// exponent. Zero has no digits.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

// parseDecimal reads a JSON number literal. It is not ok if the exponent does not fit.
func parseDecimal(literal string) (decimal, bool) {
	var d decimal
	mantissa, tail := literal, ""
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		mantissa, tail = literal[:i], literal[i+1:]
	}
	mantissa, d.negative = strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if tail != "" {
		exponent, err := strconv.ParseInt(tail, 10, 32)
		if err != nil {
			return d, false
		}
		d.exponent = exponent
	}
	d.exponent -= int64(len(fraction))
	digits := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(digits, "0")
	d.exponent += int64(len(digits) - len(d.digits))
	if d.digits == "" {
		d = decimal{}
	}
	return d, true
}

// sameNumber compares two JSON number literals exactly: 1.0 is 1 is 1e0, and no digit of a long integer
// is lost.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	x, ok := parseDecimal(a)
	y, ok2 := parseDecimal(b)
	return ok && ok2 && x == y
}

// isInteger tells whether the literal stands for a whole number; 1.0 does.
func isInteger(literal string) bool {
	d, ok := parseDecimal(literal)
	return ok && d.exponent >= 0
}
