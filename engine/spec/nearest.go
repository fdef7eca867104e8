package spec

import "strings"

// Nearest is the known name that the given one was most likely meant to be, empty if none is near. Case,
// - and _ do not count; two neighbouring letters in the wrong order count as one mistake.
func Nearest(name string, known []string) string {
	name = fold(name)
	best, limit := "", mistakes(len(name))
	for _, k := range known {
		d := distance([]rune(name), []rune(fold(k)))
		if d > limit || (d == limit && best != "") {
			continue
		}
		best, limit = k, d
	}
	return best
}

// mistakes is how many wrong letters a name of the length may have.
func mistakes(length int) int {
	switch {
	case length < 3:
		return 0
	case length < 6:
		return 1
	case length < 10:
		return 2
	}
	return 3
}

func fold(s string) string {
	return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s))
}

// distance is the optimal string alignment distance: insertions, deletions, substitutions and swaps of
// neighbours.
func distance(a, b []rune) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
