package metric

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Desc declares one metric of a scope.
type Desc struct {
	// Scope is "mocks", "real", "databases", "apps" or "endpoint", whose metrics exist once for each
	// subject, or any other word for a scope without subjects: "replay", "side_effects".
	Scope string `json:"scope"`
	// Name is the metric's name in gates. A Distribution is judged under Name_p50, Name_p90, Name_p95,
	// Name_p99, Name_max and Name_mean.
	Name      string    `json:"name"`
	Kind      Kind      `json:"kind"`
	Unit      Unit      `json:"unit"`
	Direction Direction `json:"direction"`
	// Help is one sentence for `headgate explain metrics`.
	Help string `json:"help,omitempty"`
	// Aliases are other names for the same metric.
	Aliases []string `json:"aliases,omitempty"`
	// Exposure names the counter of the same scope that must be above 0 for this metric to be
	// evidence. For all kinds but Distribution its value is the metric's N. Where it is empty, N is the
	// metric's own sample count.
	Exposure string `json:"exposure,omitempty"`
	// Family is "mock", "status", "body", "latency", "resource", "readiness", "isolation",
	// "side_effect", "coverage" or "database": it gives a gate its default rollback.
	Family string `json:"family,omitempty"`
}

var scopesWithSubjects = []string{"mocks", "real", "databases", "apps", "endpoint"}

// HasSubjects tells whether the scope's metrics exist once for each subject.
func HasSubjects(scope string) bool { return slices.Contains(scopesWithSubjects, scope) }

// stat is one value that is read out of a distribution.
type stat struct {
	suffix   string
	quantile float64 // 0 for the mean
}

var stats = []stat{{"p50", 0.5}, {"p90", 0.9}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1}, {"mean", 0}}

// Names lists the names under which the metric is judged, without aliases: one, or one for each
// quantile of a Distribution.
func (d Desc) Names() []string {
	if d.Kind != Distribution {
		return []string{d.Name}
	}
	names := make([]string, len(stats))
	for i, s := range stats {
		names[i] = d.Name + "_" + s.suffix
	}
	return names
}

// catalog is an immutable set of declarations.
type catalog struct {
	descs map[Ref]*Desc   // by scope and declared name
	names map[Ref]reading // by scope and any name that a gate can use
}

// reading is what one name of a metric reads.
type reading struct {
	desc *Desc
	name string // the declared name, with its quantile
	stat stat
}

func (c *catalog) with(descs []Desc) (*catalog, error) {
	next := &catalog{descs: map[Ref]*Desc{}, names: map[Ref]reading{}}
	if c != nil {
		next.descs, next.names = maps.Clone(c.descs), maps.Clone(c.names)
	}
	for _, d := range descs {
		if err := next.add(d); err != nil {
			return nil, fmt.Errorf("declare metric %s.%s: %w", d.Scope, d.Name, err)
		}
	}
	return next, next.checkExposures()
}

func (c *catalog) add(d Desc) error {
	key := Ref{Scope: d.Scope, Name: d.Name}
	if old, ok := c.descs[key]; ok {
		if !reflect.DeepEqual(*old, d) {
			return fmt.Errorf("already declared otherwise: %s in %s", old.Kind, old.Unit)
		}
		return nil
	}
	if err := d.check(); err != nil {
		return err
	}
	d.Aliases = slices.Clone(d.Aliases)
	c.descs[key] = &d
	for _, base := range append([]string{d.Name}, d.Aliases...) {
		if err := c.addNames(&d, base); err != nil {
			return err
		}
	}
	return nil
}

func (c *catalog) addNames(d *Desc, base string) error {
	readings := map[string]reading{base: {desc: d, name: d.Name}}
	if d.Kind == Distribution {
		clear(readings)
		for _, s := range stats {
			readings[base+"_"+s.suffix] = reading{desc: d, name: d.Name + "_" + s.suffix, stat: s}
		}
	}
	for name, r := range readings {
		key := Ref{Scope: d.Scope, Name: name}
		if old, ok := c.names[key]; ok {
			return fmt.Errorf("the name %s already belongs to %s", name, old.desc.Name)
		}
		c.names[key] = r
	}
	return nil
}

func (d Desc) check() error {
	for _, name := range append([]string{d.Scope, d.Name}, d.Aliases...) {
		if !isName(name) {
			return fmt.Errorf("%q is not a name: expected lower-case letters, digits and _", name)
		}
		if strings.HasSuffix(name, "_delta") {
			return fmt.Errorf("%q ends in _delta, which is kept for comparing with a baseline", name)
		}
	}
	if d.Kind == Distribution && d.Unit != Seconds {
		return fmt.Errorf("a distribution is measured in seconds, not in %s", d.Unit)
	}
	return nil
}

func (c *catalog) checkExposures() error {
	for _, d := range c.sorted() {
		if d.Exposure == "" {
			continue
		}
		e := c.descs[Ref{Scope: d.Scope, Name: d.Exposure}]
		if e == nil || e.Kind != Counter || e.Exposure != "" {
			return fmt.Errorf("declare metric %s.%s: its exposure %q is not a plain counter of that scope",
				d.Scope, d.Name, d.Exposure)
		}
	}
	return nil
}

func (c *catalog) sorted() []*Desc {
	return slices.SortedFunc(maps.Values(c.descs), func(a, b *Desc) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name))
	})
}

func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
