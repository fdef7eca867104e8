package mocks

import (
	"encoding/json"
	"maps"
	"slices"
)

// differ compares an expected body with an actual one and stops at the limit. A quiet differ only
// counts, so that matching costs no paths.
type differ struct {
	rules *equalToJSON
	limit int
	quiet bool
	count int
	found []Difference
}

func (d *differ) full() bool { return d.count >= d.limit }

func (d *differ) report(at *step, want, got string) {
	d.count++
	if !d.quiet {
		d.found = append(d.found, Difference{Where: at.String(), Expected: shorten(want), Actual: shorten(got)})
	}
}

func (d *differ) below(at *step, name string, index int) *step {
	if d.quiet {
		return nil
	}
	return &step{parent: at, name: name, index: index}
}

func (d *differ) compare(at *step, want, got any) {
	switch want := want.(type) {
	case *placeholder:
		if !want.accepts(got) {
			d.report(at, want.text, compactJSON(got))
		}
	case map[string]any:
		if got, ok := got.(map[string]any); ok {
			d.objects(at, want, got)
			return
		}
		d.report(at, compactJSON(want), compactJSON(got))
	case []any:
		got, ok := got.([]any)
		switch {
		case !ok:
			d.report(at, compactJSON(want), compactJSON(got))
		case d.rules.ignoreOrder:
			d.sets(at, want, got)
		default:
			d.lists(at, want, got)
		}
	default:
		if !equalScalars(want, got) {
			d.report(at, compactJSON(want), compactJSON(got))
		}
	}
}

func equalScalars(want, got any) bool {
	if a, ok := want.(json.Number); ok {
		b, ok := got.(json.Number)
		return ok && equalNumbers(a, b)
	}
	switch got.(type) {
	case map[string]any, []any:
		return false
	}
	return want == got
}

const missing = "(missing)"

func (d *differ) objects(at *step, want, got map[string]any) {
	for _, k := range d.keys(want) {
		if d.full() {
			return
		}
		actual, there := got[k]
		p, _ := want[k].(*placeholder)
		switch {
		case there:
			d.compare(d.below(at, k, -1), want[k], actual)
		case p == nil || p.kind != ignoreElement:
			d.report(d.below(at, k, -1), compactJSON(want[k]), missing)
		}
	}
	if d.rules.ignoreExtra {
		return
	}
	for _, k := range d.keys(got) {
		if _, known := want[k]; !known && !d.full() {
			d.report(d.below(at, k, -1), missing, compactJSON(got[k]))
		}
	}
}

// keys are sorted where somebody will read the result.
func (d *differ) keys(m map[string]any) []string {
	if d.quiet {
		return slices.Collect(maps.Keys(m))
	}
	return slices.Sorted(maps.Keys(m))
}

func (d *differ) lists(at *step, want, got []any) {
	for i := range max(len(want), len(got)) {
		switch {
		case d.full():
			return
		case i >= len(got):
			d.report(d.below(at, "", i), compactJSON(want[i]), missing)
		case i < len(want):
			d.compare(d.below(at, "", i), want[i], got[i])
		case !d.rules.ignoreExtra:
			d.report(d.below(at, "", i), missing, compactJSON(got[i]))
		}
	}
}

// sets compares without order: each expected item needs an actual one of its own. Placeholders make
// that a matching problem, solved by augmenting paths (Kuhn).
func (d *differ) sets(at *step, want, got []any) {
	if len(want) > len(got) || len(want) < len(got) && !d.rules.ignoreExtra {
		d.report(at, compactJSON(want), compactJSON(got))
		return
	}
	owner := make([]int, len(got))
	for i := range owner {
		owner[i] = -1
	}
	p := pairing{d: d, want: want, got: got, owner: owner}
	for i := range want {
		if d.full() {
			return
		}
		if !p.place(i, make([]bool, len(got))) {
			d.report(d.below(at, "", i), compactJSON(want[i]), "(no such item)")
		}
	}
}

type pairing struct {
	d         *differ
	want, got []any
	owner     []int // of each actual item: the expected one that took it, or -1
}

func (p *pairing) place(i int, seen []bool) bool {
	for j := range p.got {
		if seen[j] || !p.equal(i, j) {
			continue
		}
		seen[j] = true
		if p.owner[j] < 0 || p.place(p.owner[j], seen) {
			p.owner[j] = i
			return true
		}
	}
	return false
}

func (p *pairing) equal(i, j int) bool {
	d := differ{rules: p.d.rules, limit: 1, quiet: true}
	d.compare(nil, p.want[i], p.got[j])
	return d.count == 0
}
