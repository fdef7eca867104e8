package compare_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic/compare"
)

// FuzzCompare wants no panic, a response that equals itself, and counts that add up.
func FuzzCompare(f *testing.F) {
	f.Add("application/json", []byte(`{"a":[1,{"ts":2}],"id":"x"}`), []byte(`{"a":[{"ts":3},1],"ID":"x"}`))
	f.Add("application/xml", []byte(`<a b="1"><c/>x</a>`), []byte(`<a><c/><c/></a>`))
	f.Add("application/x-www-form-urlencoded", []byte(`a=1&b=2`), []byte(`a=%zz`))
	f.Add("application/x-ndjson", []byte("{}\n[]"), []byte("{}\n\n1"))
	f.Add("image/png", []byte{0xff, 0}, []byte{0xff})
	c := newComparer(f, compare.Config{
		Ignore:    compare.Ignore{JSON: []string{"$..ts", "$.a[?@.x == 1]", "$.list[0]"}},
		Unordered: map[string]compare.Unordered{"$.a": {}, "$..b": {By: "id"}},
		Match:     map[string]compare.Matcher{"$..id": {Type: "uuid"}, "$..at": {Type: "datetime"}},
		Tolerate:  map[string]compare.Tolerance{"$..n": {Absolute: 0.5, Relative: 0.1}},
	})
	f.Fuzz(func(t *testing.T, media string, expected, actual []byte) {
		e, a := response(media, string(expected)), response(media, string(actual))
		for _, o := range []compare.Outcome{c.Compare("", e, e, nil), c.Compare("", e, e, replaced{"a": "b"})} {
			if !o.OK() || o.Fields != o.Matched {
				t.Errorf("a response differs from itself: %+v", o)
			}
		}
		o := c.Compare("", e, a, replaced{"a": "b"})
		if o.Matched > o.Fields || o.Matched < 0 {
			t.Errorf("%d of %d fields matched", o.Matched, o.Fields)
		}
		if o.OK() != (o.Fields == o.Matched) {
			t.Errorf("ok is %t with %d of %d fields matched: %v", o.OK(), o.Matched, o.Fields, lines(o))
		}
	})
}

// randomJSON writes a random document; the text of equal documents varies with noise.
func randomJSON(r *rand.Rand, depth int) string {
	kinds := 7
	if depth == 0 {
		kinds = 5
	}
	var parts []string
	switch r.IntN(kinds) {
	case 0:
		return strconv.Itoa(r.IntN(100))
	case 1:
		return strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64)
	case 2:
		return strconv.Quote(fmt.Sprintf("id_%06d", r.IntN(1000000)))
	case 3:
		return "true"
	case 4:
		return "null"
	case 5:
		for range r.IntN(6) {
			parts = append(parts, randomJSON(r, depth-1))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	for i, key := range r.Perm(6) {
		if i < 4 {
			parts = append(parts, fmt.Sprintf(`"k%d" : %s`, key, randomJSON(r, depth-1)))
		}
	}
	return "{" + strings.Join(parts, ",\n") + "}"
}

func TestIdenticalResponsesNeverDiffer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	c := newComparer(t, compare.Config{
		Ignore:    compare.Ignore{JSON: []string{"$..k1"}},
		Unordered: map[string]compare.Unordered{"$..k2": {}, "$..k3": {By: "k4"}},
		Tolerate:  map[string]compare.Tolerance{"$..k4": {Absolute: 1}},
	})
	for range 2000 {
		body := randomJSON(r, 5)
		spaced := strings.ReplaceAll(body, ":", " :\t")
		o := c.Compare("", jsonResponse(body), jsonResponse(spaced), nil)
		if !o.OK() || o.Fields != o.Matched {
			t.Fatalf("%s\ndiffers from itself: %v", body, lines(o))
		}
	}
}

func TestOneChangeIsOneDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	c := newComparer(t, compare.DefaultConfig())
	for range 500 {
		before, after := randomJSON(r, 3), randomJSON(r, 3)
		body := `{"x":[` + before + `,"here",` + after + `]}`
		changed := `{"x":[` + before + `,"gone",` + after + `]}`
		o := c.Compare("", jsonResponse(body), jsonResponse(changed), nil)
		if len(o.Differences) != 1 || o.Fields-o.Matched != 1 || o.Differences[0].Path != "$.x[1]" {
			t.Fatalf("%s\n%v, %d of %d fields", body, lines(o), o.Matched, o.Fields)
		}
	}
}

func TestLargeArraysStayFast(t *testing.T) {
	var a, b []string
	for i := range 20000 {
		a = append(a, fmt.Sprintf(`{"id":%d,"v":%d}`, i, i%7))
		b = append(b, fmt.Sprintf(`{"v":%d,"id":%d}`, i%7, 19999-i))
	}
	unordered := newComparer(t, compare.Config{Unordered: map[string]compare.Unordered{"$": {}}})
	expected, actual := "["+strings.Join(a, ",")+"]", "["+strings.Join(b, ",")+"]"
	reversed := "[" + strings.Join(b, ",") + "]"
	if o := unordered.Compare("", jsonResponse(expected), jsonResponse(reversed), nil); o.OK() {
		t.Error("different values of v count as equal")
	}
	ordered := newComparer(t, compare.DefaultConfig())
	if o := ordered.Compare("", jsonResponse(expected), jsonResponse(actual),
		nil); o.OK() || o.Omitted == 0 {
		t.Errorf("%d differences, %d omitted", len(o.Differences), o.Omitted)
	}
}

func TestDeepNestingStaysFast(t *testing.T) {
	const depth = 5000
	nest := func(s string) string {
		return strings.Repeat(`[1,`, depth) + s + strings.Repeat(`]`, depth)
	}
	c := newComparer(t, compare.DefaultConfig())
	o := c.Compare("", jsonResponse(nest("1")), jsonResponse(nest("2")), nil)
	if len(o.Differences) != 1 || o.Fields != depth+1 {
		t.Errorf("%d differences in %d fields", len(o.Differences), o.Fields)
	}
}

const order = `{"id":"ord_01hx3k9q2v","status":"open","customer":{"id":"cus_7h2k","name":"Ada Lovelace"},` +
	`"items":[{"sku":"tea-200","qty":2,"price":12.5},{"sku":"cup-3","qty":1,"price":16.5}],"total":41.5,` +
	`"currency":"EUR","created_at":"2026-11-01T10:00:00Z","request_id":"7f1c7c3e9d2f0a1b"}`

func BenchmarkCompare(b *testing.B) {
	typical := compare.Config{
		Ignore: compare.Ignore{JSON: []string{"$..request_id"}}, Headers: []string{"Content-Type"},
		Match: map[string]compare.Matcher{"$.created_at": {Type: "datetime"}},
	}
	changed := strings.Replace(order, "41.5", "41.0", 1)
	later := strings.NewReplacer("10:00:00", "11:22:33", "7f1c", "0000").Replace(order)
	for name, bench := range map[string]struct {
		config compare.Config
		actual string
	}{
		"equal":           {compare.DefaultConfig(), order},
		"equal/rules":     {typical, order},
		"excused/rules":   {typical, later},
		"different":       {compare.DefaultConfig(), changed},
		"different/rules": {typical, changed},
	} {
		b.Run(name, func(b *testing.B) {
			c := newComparer(b, bench.config)
			e, a := jsonResponse(order), jsonResponse(bench.actual)
			b.SetBytes(int64(len(order)))
			b.ReportAllocs()
			for b.Loop() {
				if o := c.Compare("GET /orders/{id}", e, a, nil); o.Fields == 0 {
					b.Fatal("nothing compared")
				}
			}
		})
	}
}
