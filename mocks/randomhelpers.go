package mocks

import (
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/headgate-dev/headgate/mocks/handlebars"
)

func (b toolbox) randomHelpers() map[string]helper {
	return map[string]helper{
		"randomValue": b.randomValue, "randomInt": b.randomInt, "randomDecimal": b.randomDecimal,
		"pickRandom": b.pickRandom,
	}
}

// below draws a whole number from 0 to n-1.
func (b toolbox) below(n int) int { return min(int(b.random.Float64()*float64(n)), n-1) }

func (b toolbox) draw(n int, alphabet string) string {
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[b.below(len(alphabet))]
	}
	return string(out)
}

const (
	lettersOnly = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	digitsOnly  = "0123456789"
	symbolsOnly = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

func (b toolbox) randomValue(c *handlebars.Call) (any, error) {
	n := wholeOr(c.Named["length"], 36)
	if n < 0 || n > mostRendered {
		return nil, errTooLong
	}
	var text string
	switch kind := option(c, "type", "ALPHANUMERIC"); kind {
	case "ALPHANUMERIC":
		text = b.draw(int(n), lettersOnly+digitsOnly)
	case "ALPHABETIC":
		text = b.draw(int(n), lettersOnly)
	case "NUMERIC":
		text = b.draw(int(n), digitsOnly)
	case "ALPHANUMERIC_AND_SYMBOLS":
		text = b.draw(int(n), lettersOnly+digitsOnly+symbolsOnly)
	case "HEXADECIMAL":
		text = b.draw(int(n), "ABCDEF0123456789")
	case "UUID":
		text = b.uuid()
	default:
		return complaint("%s is not a type of randomValue", kind)
	}
	if handlebars.Truthy(c.Named["uppercase"]) {
		return strings.ToUpper(text), nil
	}
	return strings.ToLower(text), nil
}

func (b toolbox) uuid() string {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(b.below(256))
	}
	id[6] = id[6]&0x0f | 0x40 // version 4 and variant, RFC 9562
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

func (b toolbox) randomInt(c *handlebars.Call) (any, error) {
	lower := wholeOr(c.Named["lower"], math.MinInt32)
	upper := wholeOr(c.Named["upper"], math.MaxInt32)
	if upper <= lower {
		return complaint("randomInt needs lower < upper")
	}
	return lower + int64(b.random.Float64()*float64(upper-lower)), nil
}

func (b toolbox) randomDecimal(c *handlebars.Call) (any, error) {
	bound := func(name string, otherwise float64) float64 {
		if f, err := strconv.ParseFloat(option(c, name, ""), 64); err == nil {
			return f
		}
		return otherwise
	}
	lower, upper := bound("lower", 0), bound("upper", math.MaxFloat64)
	if upper <= lower {
		return complaint("randomDecimal needs lower < upper")
	}
	return lower + b.random.Float64()*(upper-lower), nil
}

func (b toolbox) pickRandom(c *handlebars.Call) (any, error) {
	items, ok := handlebars.Items(c.Arg(0))
	if !ok {
		items = c.Args
	}
	if len(items) == 0 || c.Arg(0) == nil {
		return complaint("pickRandom takes a list, or values")
	}
	n, ok := whole(c.Named["count"])
	if !ok || n < 1 {
		return items[b.below(len(items))], nil
	}
	picked := append([]any(nil), items...)
	for i := range picked {
		j := i + b.below(len(picked)-i)
		picked[i], picked[j] = picked[j], picked[i]
	}
	return picked[:min(int(n), len(picked))], nil
}
