package mocks

import (
	"math/big"
	"strings"
)

// maxExponent bounds the numbers that are computed with exactly.
const maxExponent = 1000

// exactNumber reads a decimal number exactly; nil stands for what is none, or is out of all bounds.
func exactNumber(s string) *big.Rat {
	s = strings.TrimSpace(s)
	if len(s) > maxExponent || strings.ContainsAny(s, "/xXbBoOpP_") {
		return nil
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 5 {
		return nil
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil
	}
	return r
}

// number compares a number by its value.
type number struct {
	want *big.Rat
	met  func(order int) bool
}

func (m number) match(v *Value) bool {
	if !v.Present || m.want == nil {
		return false
	}
	got := exactNumber(v.Text)
	return got != nil && m.met(got.Cmp(m.want))
}

func takeNumber(name string, met func(order int) bool) func(d *decoder, path string, f fields) matcher {
	return func(d *decoder, path string, f fields) matcher {
		m := number{exactNumber(strings.Trim(string(f[name]), `"`)), met}
		if m.want == nil {
			d.problem(path+"."+name, "expected a number, got %s", shorten(string(f[name])))
		}
		return m
	}
}
