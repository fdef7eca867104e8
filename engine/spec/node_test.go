package spec_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headgate-dev/headgate/engine/spec"
)

// The mark X in each value must be found again in the source.
func TestValuePos(t *testing.T) {
	for name, src := range map[string]string{
		"plain":                 "v: a == X\n",
		"plain on two lines":    "v: a ==\n   b and X\n",
		"plain with blank line": "v: a ==\n\n\n   b and X\n",
		"single quoted":         "v: 'it''s X'\n",
		"single on two lines":   "v: 'it\n    is X'\n",
		"double quoted":         `v: "a \"b\" \u00e9\x41 X"` + "\n",
		"double on two lines":   "v: \"a\n   b\\n X\"\n",
		"escaped line break":    "v: \"a \\\n   b X\"\n",
		"literal":               "v: |\n  a\n\n    b\n  c X\n",
		"literal, indented":     "k:\n  v: |-\n      a\n      X\n",
		"literal, indicator":    "v: |2\n    a\n  X\n",
		"folded":                "v: >-\n  a\n  b\n\n  c X\n",
		"folded, more indented": "v: >\n  a\n    b\n  c X\n",
		"in a flow":             "k: {a: 1, v: é b X}\n",
		"behind an anchor":      "k: *n\n",
		"wide characters":       "v: \"日本 X\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			if name == "behind an anchor" {
				src = "n: &n a X\n" + src
			}
			doc := parse(t, src, spec.Options{})
			n := doc.Root.Key("v")
			if n == nil {
				n = doc.Root.Key("k")
			}
			if n.Kind() == spec.Map {
				n = n.Key("v")
			}
			offset := utf8.RuneCountInString(n.Text()[:strings.Index(n.Text(), "X")])
			pos := n.ValuePos(offset)
			line := []rune(strings.Split(src, "\n")[pos.Line-1])
			if pos.Column > len(line) || line[pos.Column-1] != 'X' {
				t.Errorf("offset %d of %q is at %v of\n%s", offset, n.Text(), pos, src)
			}
		})
	}
}

func TestValuePosAfterVariables(t *testing.T) {
	doc := parse(t, `v: "a ${LONG} X ${LONG} X"`, spec.Options{Vars: map[string]string{"LONG": "a long value"}})
	n := doc.Root.Key("v")
	first := strings.Index(n.Text(), "X")
	last := strings.LastIndex(n.Text(), "X")
	if got := n.ValuePos(first).Column; got != 15 {
		t.Errorf("first X at %d, want 15", got)
	}
	if got := n.ValuePos(last).Column; got != 25 {
		t.Errorf("last X at %d, want 25", got)
	}
	if got := n.ValuePos(5).Column; got != 7 {
		t.Errorf("inside of the variable at %d, want 7", got)
	}
}

func TestTruncated(t *testing.T) {
	for name, tc := range map[string]struct {
		src  string
		want bool
	}{
		"closure cut off":     {"v: all(x, # > 3)", true},
		"comment":             {"v: == 0 # none", true},
		"on two lines":        {"v: a\n  b # c", true},
		"quoted":              {"v: \"all(x, # > 3)\" # c", false},
		"no comment":          {"v: a#b", false},
		"comment on its own":  {"v: a\n# b", false},
		"behind a variable":   {"v: ${A} # b", true},
		"null with a comment": {"v: # b", false},
	} {
		t.Run(name, func(t *testing.T) {
			doc := parse(t, tc.src+"\n", spec.Options{Vars: map[string]string{"A": "1"}})
			if got := doc.Root.Key("v").Truncated(); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestNilNode(t *testing.T) {
	var n *spec.Node
	_, isBool := n.Bool()
	_, isFloat := n.Float()
	if n.Kind() != spec.Null || n.Text() != "" || isBool || isFloat || n.Key("a") != nil || n.Items() != nil ||
		n.Entries() != nil || n.Quoted() || n.Truncated() || n.Tag() != "!!null" || n.Pos() != n.ValuePos(3) {
		t.Error("a nil node is not an empty one")
	}
}

func TestScalarReading(t *testing.T) {
	type reading struct {
		text            string
		number          float64
		isNumber, truth bool
		isBool, quoted  bool
	}
	for name, tc := range map[string]struct {
		src  string
		want reading
	}{
		"number":          {"v: 1.10", reading{text: "1.10", number: 1.1, isNumber: true}},
		"bool":            {"v: true", reading{text: "true", truth: true, isBool: true}},
		"quoted number":   {`v: "1.10"`, reading{text: "1.10", quoted: true}},
		"text":            {"v: yes", reading{text: "yes"}},
		"NaN":             {"v: .nan", reading{text: ".nan"}},
		"infinite":        {"v: inf", reading{text: "inf"}},
		"variable":        {"v: ${N}", reading{text: "8080", number: 8080, isNumber: true}},
		"quoted variable": {`v: "${N}"`, reading{text: "8080", number: 8080, isNumber: true, quoted: true}},
	} {
		t.Run(name, func(t *testing.T) {
			n := parse(t, tc.src, spec.Options{Vars: map[string]string{"N": "8080"}}).Root.Key("v")
			got := reading{text: n.Text(), quoted: n.Quoted()}
			got.number, got.isNumber = n.Float()
			got.truth, got.isBool = n.Bool()
			if got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
