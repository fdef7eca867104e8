package openmetrics_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// point is one parsed sample.
type point struct {
	name   string
	labels map[string]string
	value  float64
}

// reader is a strict parser for the part of OpenMetrics 1.0 that the reporter writes.
type reader struct {
	t      *testing.T
	points map[string]point
	seen   map[string]bool // families
	name   string          // of the current family
	kind   string
	unit   string
	filled bool // the current family has samples
}

var (
	metaLine   = regexp.MustCompile(`^# (TYPE|UNIT|HELP) ([a-z_][a-z0-9_]*) (.+)$`)
	sampleLine = regexp.MustCompile(`^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (NaN|[+-]Inf|[-+0-9.e]+)$`)
	labelPair  = regexp.MustCompile(`^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)`)
	quoted     = regexp.MustCompile(`^(?:[^"\\\n]|\\["\\n])*$`)
)

// parse reads a document and reports everything that the format does not allow.
func parse(t *testing.T, text string) map[string]point {
	t.Helper()
	r := &reader{t: t, points: map[string]point{}, seen: map[string]bool{}}
	body, ok := strings.CutSuffix(text, "# EOF\n")
	if !ok {
		t.Fatalf("does not end with # EOF:\n%s", text)
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			r.meta(line)
		} else {
			r.sample(line)
		}
	}
	return r.points
}

func (r *reader) meta(line string) {
	r.t.Helper()
	m := metaLine.FindStringSubmatch(line)
	if m == nil {
		r.t.Errorf("no metadata: %q", line)
		return
	}
	if m[1] == "TYPE" {
		if r.seen[m[2]] {
			r.t.Errorf("the family %s is not contiguous", m[2])
		}
		r.seen[m[2]], r.name, r.kind, r.unit, r.filled = true, m[2], m[3], "", false
		return
	}
	if m[2] != r.name || r.filled {
		r.t.Errorf("%q does not stand at the head of its family", line)
	}
	switch m[1] {
	case "UNIT":
		r.unit = m[3]
		if !strings.HasSuffix(r.name, "_"+r.unit) {
			r.t.Errorf("the unit %s is no suffix of %s", r.unit, r.name)
		}
	case "HELP":
		if !quoted.MatchString(m[3]) {
			r.t.Errorf("not escaped: %q", line)
		}
	}
}

func (r *reader) sample(line string) {
	r.t.Helper()
	m := sampleLine.FindStringSubmatch(line)
	if m == nil {
		r.t.Errorf("no sample: %q", line)
		return
	}
	suffix, ok := map[string]string{"counter": "_total", "info": "_info", "gauge": "", "stateset": ""}[r.kind]
	if !ok || m[1] != r.name+suffix {
		r.t.Errorf("%q does not belong to the %s %s", line, r.kind, r.name)
	}
	value, err := strconv.ParseFloat(m[3], 64)
	if err != nil {
		r.t.Errorf("%q: %v", line, err)
	}
	p := point{name: m[1], labels: r.labels(m[2]), value: value}
	key := fmt.Sprint(p.name, p.labels)
	if _, twice := r.points[key]; twice {
		r.t.Errorf("there twice: %q", line)
	}
	r.points[key], r.filled = p, true
	r.check(line, p)
}

func (r *reader) check(line string, p point) {
	r.t.Helper()
	_, state := p.labels[r.name]
	switch {
	case r.kind == "counter" && !(p.value >= 0), r.kind == "info" && p.value != 1:
		r.t.Errorf("a %s cannot be %v: %q", r.kind, p.value, line)
	case r.kind == "stateset" && (!state || p.value != 0 && p.value != 1):
		r.t.Errorf("no state: %q", line)
	case r.kind == "info" && r.unit != "", r.kind == "stateset" && r.unit != "":
		r.t.Errorf("a %s has no unit", r.kind)
	}
}

func (r *reader) labels(text string) map[string]string {
	r.t.Helper()
	labels := map[string]string{}
	for text != "" {
		m := labelPair.FindStringSubmatch(text)
		if m == nil {
			r.t.Errorf("no label: %q", text)
			return labels
		}
		if _, twice := labels[m[1]]; twice {
			r.t.Errorf("the label %s is there twice", m[1])
		}
		labels[m[1]] = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(m[2])
		text = text[len(m[0]):]
	}
	return labels
}
