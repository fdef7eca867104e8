package transform

import (
	"slices"
	"strings"
)

// cookieStep sets and removes cookies of requests. Its parts are those of set, by name, then of remove.
type cookieStep struct {
	set, values, remove []string
}

func (s *cookieStep) apply(x *exchange, counts []int) error {
	m := x.list[0]
	var pairs []string
	for _, line := range m.values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if pair = strings.TrimSpace(pair); pair != "" {
				pairs = append(pairs, pair)
			}
		}
	}
	before := len(pairs)
	for i, name := range s.remove {
		n := len(pairs)
		pairs = slices.DeleteFunc(pairs, func(p string) bool { return cookieName(p) == name })
		counts[len(s.set)+i] += n - len(pairs)
	}
	changed := len(pairs) < before || len(s.set) > 0
	for i, name := range s.set {
		pairs = setCookie(pairs, name, name+"="+s.values[i])
		counts[i]++
	}
	switch {
	case !changed:
	case len(pairs) == 0:
		m.remove("Cookie")
	default:
		m.set("Cookie", strings.Join(pairs, "; "))
	}
	return nil
}

// setCookie puts a pair in place of those of its name, or adds it.
func setCookie(pairs []string, name, pair string) []string {
	same := func(p string) bool { return cookieName(p) == name }
	i := slices.IndexFunc(pairs, same)
	if i < 0 {
		return append(pairs, pair)
	}
	pairs[i] = pair
	return append(pairs[:i+1], slices.DeleteFunc(pairs[i+1:], same)...)
}

func cookieName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return strings.TrimSpace(name)
}
