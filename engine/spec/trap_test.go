package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
)

func TestUnquotedExpressions(t *testing.T) {
	for name, tc := range map[string]struct {
		src  string
		want []string // findings
		text string   // of the key x, read as it was meant
	}{
		"greater or equal": {
			"x: >= 0.98",
			[]string{`1:4: YAML reads > as the start of a block of text | quote the expression: x: ">= 0.98"`},
			">= 0.98",
		},
		"less or equal":         {"x: <= +10%", nil, "<= +10%"},
		"equal":                 {"x: == 0", nil, "== 0"},
		"percent in the middle": {"x: 50% > 3", nil, "50% > 3"},
		"greater without blank": {
			"x: >5",
			[]string{`1:4: YAML reads > as the start of a block of text, and no text follows | quote the expression: x: ">5"`},
			">5",
		},
		"or": {
			"x: || a",
			[]string{`1:4: YAML reads | as the start of a block of text | quote the expression: x: "|| a"`},
			"|| a",
		},
		"not": {
			"x: !y",
			[]string{`1:4: YAML reads ! as the start of a tag, here !y | quote the expression: x: "!y"`},
			"!y",
		},
		"not, more keys": {
			"x: !y\nb: 1",
			[]string{`1:4: YAML reads ! as the start of a tag, here !y | quote the expression: x: "!y"`},
			"!y",
		},
		"not and": {
			"x: !a && b",
			[]string{`1:4: YAML reads ! as the start of a tag, here !a | quote the expression: x: "!a && b"`},
			"!a && b",
		},
		"not of brackets": {
			"x: !(a > 1)",
			[]string{`1:4: YAML reads ! as the start of a tag | quote the expression: x: "!(a > 1)"`},
			"!(a > 1)",
		},
		"ternary": {
			"x: a ? 1 : 2",
			[]string{`1:4: YAML reads : as the end of a key | quote the expression: x: "a ? 1 : 2"`},
			"a ? 1 : 2",
		},
		"alias": {
			"x: *name",
			[]string{`1:4: YAML reads * as a reference to an anchor | quote the value: x: "*name"`},
			"*name",
		},
		"anchor": {
			"x: &name",
			[]string{`1:4: YAML reads & as the name of an anchor, here &name | quote the expression: x: "&name"`},
			"&name",
		},
		"list and more": {
			"x: [1,2] == x",
			[]string{`1:4: YAML reads [ as the start of a list or mapping, and more follows its end` +
				` | quote the expression: x: "[1,2] == x"`},
			"[1,2] == x",
		},
		"mapping and more": {
			"x: {a: 1}.a == 1",
			[]string{`1:4: YAML reads { as the start of a list or mapping, and more follows its end` +
				` | quote the expression: x: "{a: 1}.a == 1"`},
			"{a: 1}.a == 1",
		},
		"text and more": {
			`x: "a" == b`,
			[]string{`1:4: YAML ends the text at the second ", and more follows it | quote the expression: x: '"a" == b'`},
			`"a" == b`,
		},
		"at sign": {
			"x: @y", []string{`1:4: no YAML value can start with @ | quote the value: x: "@y"`}, "@y",
		},
		"backtick": {
			"x: `y`", []string{"1:4: no YAML value can start with ` | quote the value: x: \"`y`\""}, "`y`",
		},
		"percent": {
			"x: %y", []string{`1:4: no YAML value can start with % | quote the value: x: "%y"`}, "%y",
		},
		"trailing comment is left out": {
			"x: >= 3 # at least",
			[]string{`1:4: YAML reads > as the start of a block of text | quote the expression: x: ">= 3"`},
			">= 3",
		},
		"a # inside of brackets is no comment": {
			"x: !all(y, # > 3)",
			[]string{`1:4: YAML reads ! as the start of a tag | quote the expression: x: "!all(y, # > 3)"`},
			"!all(y, # > 3)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc, ds := spec.Parse("run.yaml", []byte(tc.src+"\n"), spec.Options{})
			if diff := cmp.Diff(tc.want, lines(ds), cmp.Transformer("nil", orNil)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if got := doc.Root.Key("x").Text(); got != tc.text {
				t.Errorf("text %q, want %q", got, tc.text)
			}
		})
	}
}

func orNil(s []string) []string {
	if len(s) == 0 {
		return []string{}
	}
	return s
}

func TestTrapsAreReportedTogether(t *testing.T) {
	src := `gates: {match_rate: >= 0.98, unmatched: !y, p95: "<= 5ms", worst: a ? b : c}
list:
  - >= 1
  - *one
flow: {a: "x",
  b: > 3,
  c: m[0] > 1}
`
	want := []string{
		`1:21: YAML reads > as the start of a block of text | quote the expression: match_rate: ">= 0.98"`,
		`1:41: YAML reads ! as the start of a tag, here !y | quote the expression: unmatched: "!y"`,
		`1:67: YAML reads : as the end of a key | quote the expression: worst: "a ? b : c"`,
		`3:5: YAML reads > as the start of a block of text | quote the expression: ">= 1"`,
		`4:5: YAML reads * as a reference to an anchor | quote the value: "*one"`,
		`6:6: YAML reads > as the start of a block of text | quote the expression: b: "> 3"`,
		`7:6: YAML reads brackets inside of { } and [ ] as its own | quote the expression: c: "m[0] > 1"`,
	}
	doc, ds := spec.Parse("run.yaml", []byte(src), spec.Options{})
	if diff := cmp.Diff(want, lines(ds)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	p95 := doc.Root.Key("gates").Key("p95")
	if p95.Text() != "<= 5ms" || p95.Pos().Column != 50 {
		t.Errorf("after the repairs: %q at column %d", p95.Text(), p95.Pos().Column)
	}
}

func TestSyntaxErrors(t *testing.T) {
	for name, tc := range map[string]struct{ src, want string }{
		"tab": {"a:\n\tb: 1\n", "2:1: a tab is used for indentation | indent with spaces"},
		"open list": {
			"a: {b: 1, c: [x, y}\n",
			"1:19: the [ of line 1, column 14 is not closed" +
				" | write , before the next item or ] after the last one",
		},
		"open mapping": {
			"a: {b: 1\n",
			"2:1: the { of line 1, column 4 is not closed" +
				" | write , before the next key or } after the last one",
		},
		"open quote": {
			"a: 'it\n",
			"1:4: the quote that opens here is never closed | close it on the same line",
		},
		"indentation": {
			"a:\n  b: 1\n c: 2\n",
			"3:2: expected a key of the mapping that starts at line 1" +
				" | start it in column 1 like the other keys",
		},
		"deeper key": {
			"a: 1\n  b: 2\n",
			"2:4: a key is not allowed here: the value above it goes on up to this place" +
				" | check the indentation: keys of one mapping start in the same column",
		},
		"list and key": {
			"- a\nb: 1\n",
			"2:1: expected an item of the list that starts at line 1" +
				" | start it with - at the column of the other items, or put the list below a key",
		},
		"escape": {
			`a: "\d"` + "\n",
			`1:5: the text in double quotes has an unknown \ sequence` +
				` | write \\ for a \, or use single quotes`,
		},
		"two documents": {
			"a: 1\n---\nb: 2\n",
			"2:1: a second document starts here | put each run file into a file of its own",
		},
		"directive": {
			"%YAML 1.2\n---\na: b\n",
			"1:1: a line that starts with % is a YAML directive, and this one cannot be used" +
				" | leave it out",
		},
		"duplicate key": {
			"a: 1\nb: {c: 1, c: 2}\na: 2\n",
			"2:11: the key \"c\" stands here a second time; first at line 2, column 5" +
				" | keep one of the two",
		},
		"recursive": {"a: &a [*a]\n", "1:8: the alias *a stands inside the value that it repeats"},
		"key not scalar": {
			"? [a]\n: b\n",
			`1:3: a key is a single word or text, not a mapping, list or alias` +
				` | write it as text: "key": value`,
		},
		"merge of text": {
			"a: {<<: 3}\n",
			"1:9: << merges mappings, found a single value | write <<: *name, where &name marks a mapping",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, ds := spec.Parse("run.yaml", []byte(tc.src), spec.Options{})
			got := lines(ds)
			if len(got) == 0 || got[0] != tc.want {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}
