package spec_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/engine/spec"
)

func FuzzParse(f *testing.F) {
	for _, src := range []string{
		"", "a: b", "a: >= 0.98", "x: !y\nb: 1", "a: &a [*a]", "a: {<<: *b}", "a: \"x\n  y\" # c", "v: |2\n   a\n  b",
		"vars: {A: \"${B}\"}\nv: ${A} ${env.X:-y} $${ ${mocks.a.b}", "g: {r: a ? b : c, s: > 3}",
		"\ufeffa: 'it''s", "- - a\n- >5",
		"a: \u0085b: c", "? [a]\n: b", "a: 1\n---\nb: 2", "%YAML 1.2\n---\na", "a:\n\tb: 1", "x: [1,2] == \"é\"",
	} {
		f.Add([]byte(src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		o := spec.Options{Vars: map[string]string{"A": "1"}, Reserved: []string{"mocks"}}
		doc, ds := spec.Parse("run.yaml", src, o)
		if doc.Root == nil && ds.Err() == nil {
			t.Fatal("neither a root nor an error")
		}
		lines := spec.SplitLines(string(doc.Source))
		for _, d := range ds {
			if p := d.Pos; p.Line < 1 || p.Line > len(lines) || p.Column < 1 ||
				p.Column > utf8.RuneCountInString(lines[p.Line-1])+1 {
				t.Errorf("%v is outside of the file: %s", p, d.Message)
			}
		}
		walk(t, doc.Root, 0)
		doc.References()
		var into settings
		ds.Add(spec.Decode(doc.Root, &into))
		spec.Render(&bytes.Buffer{}, ds, func(string) []byte { return doc.Source }, true)
		if ds.Err() == nil || doc.Root != nil {
			effective(t, doc, o)
		}
	})
}

func walk(t *testing.T, n *spec.Node, depth int) {
	t.Helper()
	if depth > 10 {
		return
	}
	n.Truncated()
	for offset := range min(utf8.RuneCountInString(n.Text())+1, 50) {
		if p := n.ValuePos(offset); n != nil && (p.Line < 1 || p.Column < 1) {
			t.Errorf("offset %d of %q is at %v", offset, n.Text(), p)
		}
	}
	for i, e := range n.Entries() {
		if i < 20 {
			walk(t, e.Value, depth+1)
		}
	}
	for i, item := range n.Items() {
		if i < 20 {
			walk(t, item, depth+1)
		}
	}
}

// effective must be YAML again.
func effective(t *testing.T, doc *spec.Document, o spec.Options) {
	t.Helper()
	out := spec.Effective(doc)
	if len(out) > spec.MaxSize/4 {
		return
	}
	if again, ds := spec.Parse("effective.yaml", out, o); again.Root == nil {
		t.Errorf("the effective file cannot be read: %v\n%s", ds, out)
	}
}

func FuzzUnits(f *testing.F) {
	for _, s := range []string{"5s", "1d2h", "64MiB", "1.5KB", "30/m", "10%", "-1d", "9e99d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := spec.ParseDuration(s); err == nil {
			if again, err := spec.ParseDuration(d.String()); err != nil || again != d {
				t.Errorf("%q: %v comes back as %v, %v", s, d, again, err)
			}
		}
		if b, err := spec.ParseBytes(s); err == nil {
			if again, err := spec.ParseBytes(b.String()); err != nil || again != b {
				t.Errorf("%q: %v comes back as %v, %v", s, b, again, err)
			}
		}
		if r, err := spec.ParseRate(s); err == nil && !(r >= 0) {
			t.Errorf("%q: rate %v", s, r)
		}
		if r, err := spec.ParseRatio(s); err == nil && !(r >= 0 && r <= 1) {
			t.Errorf("%q: ratio %v", s, r)
		}
	})
}
