package compare

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/theory/jsonpath"
)

// TestPathsSelectWhatTheLibrarySelects compares the evaluation on value trees with that of the library.
func TestPathsSelectWhatTheLibrarySelects(t *testing.T) {
	const body = `{"a":{"b":[1,2,{"c":3,"b":[4]},[5,6]],"c":null},` +
		`"b":"x","list":[0,1,2,3,4,5,6],"$":{"a.b":true}}`
	paths := []string{
		"$", "$.a", "$.a.b", "$.a.b[0]", "$.a.b[-1]", "$.a.b[9]", "$.b[0]", "$.a[0]", "$..b", "$..c", "$..*",
		"$.*",
		"$.*.*", "$..[0]", "$.list[1:4]", "$.list[::2]", "$.list[5:1:-2]", "$.list[-2:]", "$['a','b']",
		"$..['b','c']",
		"$.a.b[?@.c]", "$.list[?@ > 3]", "$..[?@.c == 3]", "$['$']['a.b']", "$..b[*]",
		"$.list[?@ > $.a.b[0]]", "$.a[*][1:]",
	}
	for _, text := range paths {
		t.Run(text, func(t *testing.T) {
			p, err := compilePath(text)
			if err != nil {
				t.Fatal(err)
			}
			tree, _ := parseJSON([]byte(body))
			var got []string
			s := selection{root: tree}
			s.run(p.segments, tree, func(v *value) { got = append(got, v.render(1000)) })
			var generic any
			d := json.NewDecoder(strings.NewReader(body))
			d.UseNumber()
			if err := d.Decode(&generic); err != nil {
				t.Fatal(err)
			}
			var want []string
			for node := range jsonpath.MustParse(text).Select(generic).All() {
				b, _ := json.Marshal(node)
				want = append(want, string(b))
			}
			slices.Sort(got)
			slices.Sort(want)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-library +tree):\n%s", d)
			}
		})
	}
}

func TestPlacesAreNormalisedPaths(t *testing.T) {
	at := root("$")
	items := at.member("items")
	third := items.item(3)
	odd := third.member("it's")
	if got, want := odd.String(), `$.items[3]['it\'s']`; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
	if got, want := odd.group(), `$.items[]['it\'s']`; got != want {
		t.Errorf("group() = %s, want %s", got, want)
	}
}

func TestCountLeaves(t *testing.T) {
	for _, body := range []string{
		`1`, `"a\"b"`, `{}`, `[]`, `[ ]`, `{ }`, `[[],{}]`, `{"a":1,"b":[1,2,"x,y"],"c":{"d":null,"e":{}}}`,
		`[true,false,-1.5e3 , "]"]`,
		` {"a" : "b:c" , "d" : [ ] } `, `["a\\"]`,
	} {
		t.Run(body, func(t *testing.T) {
			tree, ok := parseJSON([]byte(body))
			if !ok {
				t.Fatal("not valid JSON")
			}
			if got, ok := countLeaves(body); !ok || got != tree.leaves() {
				t.Errorf("countLeaves = %d, %t, the tree has %d", got, ok, tree.leaves())
			}
		})
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.50,-0e1,"\ud83d\ude00\u0000"],"a":{}}`, `[]`, `"\ud800"`,
		` [ { } , [ ] ] `, "\ufeff1",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		leaves, valid := countLeaves(string(body))
		if valid != json.Valid(body) {
			t.Fatalf("countLeaves ok = %t", valid)
		}
		tree, ok := parseJSON(body)
		if ok != json.Valid([]byte(strings.TrimPrefix(string(body), "\ufeff"))) {
			t.Fatalf("parseJSON ok = %t", ok)
		}
		if !ok {
			return
		}
		again, ok := parseJSON([]byte(tree.render(1 << 30)))
		if !ok || again.render(1<<30) != tree.render(1<<30) {
			t.Errorf("%q is rendered as %q", body, tree.render(1<<30))
		}
		if valid && leaves != tree.leaves() {
			t.Errorf("countLeaves(%q) = %d, the tree has %d", body, leaves, tree.leaves())
		}
	})
}
