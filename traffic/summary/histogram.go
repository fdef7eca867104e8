package summary

import (
	"maps"
	"math/bits"
	"slices"
)

// histogram counts numbers in classes that are less than 1 % wide; below 128 each has its own. Its memory
// depends on how far the numbers are apart, not on how many there are.
type histogram map[uint16]int

// fine is the binary logarithm of the number of classes between a power of two and the next.
const fine = 7

// add counts a number; one below 0 counts as 0.
func (h histogram) add(v int64) { h[classOf(v)]++ }

func classOf(v int64) uint16 {
	if v < 0 {
		v = 0
	}
	shift := max(0, bits.Len64(uint64(v))-fine-1)
	return uint16(shift<<fine + int(v>>shift))
}

// middle is the number in the middle of a class.
func middle(class uint16) int64 {
	if class < 2<<fine {
		return int64(class)
	}
	shift := int(class>>fine) - 1
	return (int64(class)-int64(shift)<<fine)<<shift + 1<<(shift-1)
}

func (h histogram) merge(o histogram) {
	for class, n := range o {
		h[class] += n
	}
}

// quantiles are the numbers below which the shares lie; 0 where there are none. Shares ascend.
func (h histogram) quantiles(shares ...float64) []int64 {
	out := make([]int64, len(shares))
	total := 0
	for _, n := range h {
		total += n
	}
	seen, next := 0, 0
	for _, class := range slices.Sorted(maps.Keys(h)) {
		seen += h[class]
		for next < len(shares) && float64(seen) >= shares[next]*float64(total) {
			out[next] = middle(class)
			next++
		}
	}
	return out
}
