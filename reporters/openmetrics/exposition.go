package openmetrics

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// The types of metric families that are used (OpenMetrics 1.0, section "Metric Types").
const (
	counter  = "counter"
	gauge    = "gauge"
	info     = "info"
	stateset = "stateset"
)

// label is a name with a value that is not escaped yet.
type label struct{ name, value string }

// family is a metric family. Its samples stand together, as the format demands.
type family struct {
	name, kind, unit, help string
	origin                 string // what it was made from
	samples                []sample
}

type sample struct {
	labels []label
	value  float64
}

// exposition is a document of families in the order in which they were added.
type exposition struct {
	common   []label
	families []*family
}

func (x *exposition) add(f family) *family {
	x.families = append(x.families, &f)
	return &f
}

func (x *exposition) find(name string) *family {
	for _, f := range x.families {
		if f.name == name {
			return f
		}
	}
	return nil
}

func (f *family) set(value float64, labels ...label) {
	f.samples = append(f.samples, sample{labels: labels, value: value})
}

// bytes renders the document. A family without samples is left out.
func (x *exposition) bytes() []byte {
	var b bytes.Buffer
	for _, f := range x.families {
		if len(f.samples) > 0 {
			x.family(&b, f)
		}
	}
	b.WriteString("# EOF\n")
	return b.Bytes()
}

func (x *exposition) family(b *bytes.Buffer, f *family) {
	b.WriteString("# TYPE " + f.name + " " + f.kind + "\n")
	if f.unit != "" {
		b.WriteString("# UNIT " + f.name + " " + f.unit + "\n")
	}
	if f.help != "" {
		b.WriteString("# HELP " + f.name + " " + escape(f.help) + "\n")
	}
	suffix := map[string]string{counter: "_total", info: "_info"}[f.kind]
	for _, s := range f.samples {
		b.WriteString(f.name + suffix)
		x.labels(b, s.labels)
		b.WriteString(" " + number(s.value) + "\n")
	}
}

// number writes whole numbers without an exponent, as some readers show them as they are.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// labels writes the common labels and the sample's own. An empty label is the same as none.
func (x *exposition) labels(b *bytes.Buffer, own []label) {
	separator := "{"
	for _, list := range [][]label{x.common, own} {
		for _, l := range list {
			if l.value != "" {
				b.WriteString(separator + l.name + `="` + escape(l.value) + `"`)
				separator = ","
			}
		}
	}
	if separator == "," {
		b.WriteByte('}')
	}
}

// escape writes a label's value or a help text (section "ABNF", escaped-string), which are UTF-8.
func escape(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s)
}
