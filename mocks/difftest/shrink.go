package difftest

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// Shrink looks for a smaller case that still disagrees in the same place, with at most tries runs, and
// returns the smallest found.
func (p Pair) Shrink(ctx context.Context, d *Disagreement, tries int) *Disagreement {
	s := &shrinker{pair: p, where: d.Where, left: tries, best: d}
	start := d.Case.clone()
	if d.At >= 0 {
		start.Requests = start.Requests[:d.At+1]
	} else {
		start.Requests = nil
	}
	s.try(ctx, start)
	for smaller := true; smaller && s.left > 0; {
		smaller = false
		for _, c := range s.candidates() {
			if s.try(ctx, c) {
				smaller = true
				break
			}
		}
	}
	return s.best
}

type shrinker struct {
	pair  Pair
	where string
	left  int
	best  *Disagreement
}

// try keeps the case if its last request still disagrees as the first one did.
func (s *shrinker) try(ctx context.Context, c *Case) bool {
	if s.left == 0 {
		return false
	}
	s.left--
	f, err := s.pair.Run(ctx, c)
	if err != nil {
		return false
	}
	for _, d := range f.Disagreements {
		if d.Where == s.where && d.At == len(c.Requests)-1 {
			s.best = d
			return true
		}
	}
	return false
}

// candidates are the cases that lack one thing each, the largest things first.
func (s *shrinker) candidates() []*Case {
	c := s.best.Case
	var out []*Case
	edit := func(f func(c *Case)) {
		copied := c.clone()
		f(copied)
		out = append(out, copied)
	}
	if n := len(c.Requests); n > 1 {
		edit(func(c *Case) { c.Requests = c.Requests[n-1:] })
		for i := range n - 1 {
			edit(func(c *Case) { c.Requests = slices.Delete(c.Requests, i, i+1) })
		}
	}
	for i := range c.Mappings {
		if len(c.Mappings) > 1 {
			edit(func(c *Case) { c.Mappings = slices.Delete(c.Mappings, i, i+1) })
		}
	}
	for i := range c.Mappings {
		pruned(c.Mappings[i], func(smaller any) {
			edit(func(c *Case) { c.Mappings[i] = object(smaller) })
		})
	}
	if n := len(c.Requests); n > 0 {
		for _, r := range smallerRequests(c.Requests[n-1]) {
			edit(func(c *Case) { c.Requests[n-1] = r })
		}
	}
	return out
}

// pruned gives the tree without one member each, outer members first.
func pruned(v any, give func(any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if k == "request" || k == "response" || k == "id" {
				continue
			}
			dropped := maps.Clone(v)
			delete(dropped, k)
			give(dropped)
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			pruned(v[k], func(child any) {
				changed := maps.Clone(v)
				changed[k] = child
				give(changed)
			})
		}
	case []any:
		for i := range v {
			give(slices.Delete(slices.Clone(v), i, i+1))
		}
		for i := range v {
			pruned(v[i], func(child any) {
				changed := slices.Clone(v)
				changed[i] = child
				give(changed)
			})
		}
	}
}

func smallerRequests(r Request) []Request {
	var out []Request
	edit := func(f func(*Request)) {
		copied := r
		copied.Header = slices.Clone(r.Header)
		f(&copied)
		out = append(out, copied)
	}
	for i := range r.Header {
		edit(func(r *Request) { r.Header = slices.Delete(r.Header, i, i+1) })
	}
	if r.Body != "" {
		edit(func(r *Request) { r.Body = "" })
	}
	var tree any
	if decode([]byte(r.Body), &tree) == nil {
		pruned(tree, func(smaller any) { edit(func(r *Request) { r.Body = encode(smaller) }) })
	}
	path, query, _ := strings.Cut(r.Target, "?")
	if query != "" {
		edit(func(r *Request) { r.Target = path })
	}
	if pairs := strings.Split(query, "&"); len(pairs) > 1 {
		for i := range pairs {
			fewer := slices.Delete(slices.Clone(pairs), i, i+1)
			edit(func(r *Request) { r.Target = path + "?" + strings.Join(fewer, "&") })
		}
	}
	if up := strings.LastIndex(path, "/"); up > 0 {
		edit(func(r *Request) { r.Target = path[:up] })
	}
	if r.Method != "GET" {
		edit(func(r *Request) { r.Method = "GET" })
	}
	return out
}
