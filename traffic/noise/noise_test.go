package noise_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
	"github.com/headgate-dev/headgate/traffic/noise"
)

// answers are the bodies of one run, in the order of the recorded ones; "" is no answer, "503" one with that
// status.
type answers []string

// replayed compares answers with recorded ones and writes what a run leaves behind.
func replayed(t *testing.T, recorded, got answers) noise.Run {
	t.Helper()
	c, err := compare.New(compare.Config{ExtraFields: compare.Fail, Headers: []string{"Etag"}})
	if err != nil {
		t.Fatal(err)
	}
	var results, diffs bytes.Buffer
	for i, body := range got {
		id := fmt.Sprintf("r%d", i)
		var actual *traffic.Response
		line := map[string]any{"id": id, "endpoint": "GET /a", "bucket": "transport_error"}
		if body != "" {
			actual = response(body)
			o := c.Compare("GET /a", response(recorded[i]), actual, nil)
			line["status"], line["differences"] = actual.Status, len(o.Differences)
			for _, d := range o.Differences {
				write(t, &diffs, map[string]any{
					"id": id, "endpoint": "GET /a", "path": d.Path, "kind": d.Kind, "expected": d.Expected, "actual": d.Actual,
				})
			}
		}
		write(t, &results, line)
	}
	return noise.Run{Results: &results, Diffs: &diffs}
}

func response(body string) *traffic.Response {
	r := &traffic.Response{Status: 200, Header: map[string][]string{"Content-Type": {"application/json"}}}
	if body == "503" {
		r.Status = 503
	}
	if etag, rest, ok := strings.Cut(body, "|"); ok {
		r.Header["Etag"], body = []string{etag}, rest
	}
	r.Body = []byte(body)
	return r
}

func write(t *testing.T, to *bytes.Buffer, v any) {
	t.Helper()
	if err := json.NewEncoder(to).Encode(v); err != nil {
		t.Fatal(err)
	}
}

const (
	uuidA = "123e4567-e89b-42d3-a456-426614174000"
	uuidB = "223e4567-e89b-42d3-a456-426614174000"
	uuidC = "323e4567-e89b-42d3-a456-426614174000"
)

func TestLearn(t *testing.T) {
	tests := map[string]struct {
		recorded, first, second answers
		want                    []string // path, kind, count
		unlearned               []string // path, why
	}{
		"nothing differs": {answers{`{"a":1}`}, answers{`{"a":1}`}, answers{`{"a":1}`}, nil, nil},
		"changed since, alike in both": {
			answers{`{"a":1}`}, answers{`{"a":2}`}, answers{`{"a":2}`}, nil, nil,
		},
		"one as recorded": {answers{`{"a":1}`}, answers{`{"a":1}`}, answers{`{"a":2}`}, []string{"$.a counter 1"}, nil},
		"uuid": {
			answers{`{"a":"` + uuidA + `"}`},
			answers{`{"a":"` + uuidB + `"}`},
			answers{`{"a":"` + uuidC + `"}`},
			[]string{"$.a uuid 1"},
			nil,
		},
		"uuid in one run only": {
			answers{`{"a":"` + uuidA + `"}`},
			answers{`{"a":"` + uuidB + `"}`},
			answers{`{"a":"none"}`},
			[]string{"$.a value 1"},
			nil,
		},
		"datetime": {
			answers{`{"a":"2026-11-01T08:00:00Z"}`},
			answers{`{"a":"2026-11-02T08:00:00Z"}`},
			answers{`{"a":"2026-11-03T08:00:00Z"}`},
			[]string{"$.a datetime 1"},
			nil,
		},
		"datetime of two forms": {
			answers{`{"a":"2026-11-01T08:00:00Z"}`},
			answers{`{"a":1793520000}`},
			answers{`{"a":"2026-11-03T08:00:00Z"}`},
			[]string{"$.a value 1"},
			nil,
		},
		"counter in arrays": {
			answers{`{"x":[{"n":1},{"n":2}]}`, `{"x":[{"n":3}]}`},
			answers{`{"x":[{"n":1},{"n":7}]}`, `{"x":[{"n":8}]}`},
			answers{`{"x":[{"n":9},{"n":2}]}`, `{"x":[{"n":4}]}`},
			[]string{"$.x[*].n counter 2"},
			nil,
		},
		"number that is no integer": {
			answers{`{"a":1.5}`}, answers{`{"a":2.5}`}, answers{`{"a":3}`}, []string{"$.a value 1"}, nil,
		},
		"order": {
			answers{`{"a":[1,2,3]}`}, answers{`{"a":[1,2,3]}`}, answers{`{"a":[3,1,2]}`}, []string{"$.a order 1"}, nil,
		},
		"order of the whole body": {
			answers{`[1,2,3]`}, answers{`[1,2,3]`}, answers{`[3,1,2]`}, nil, []string{"$: it is the whole body"},
		},
		"there or not": {
			answers{`{"a":1,"b":"x"}`}, answers{`{"a":1}`}, answers{`{"a":1,"b":"x"}`}, []string{"$.b value 1"}, nil,
		},
		"object there or not": {
			answers{`{"a":1,"b":{"c":1}}`},
			answers{`{"a":1}`},
			answers{`{"a":1,"b":{"c":1}}`},
			nil,
			[]string{"$.b: it is more than one field"},
		},
		"inside an object that one run lacks": {
			answers{`{"b":{"c":1,"d":2}}`},
			answers{`{"b":null}`},
			answers{`{"b":{"c":5,"d":2}}`},
			nil,
			[]string{"$.b: it is more than one field"},
		},
		"number of elements": {
			answers{`{"a":[1,2]}`},
			answers{`{"a":[1]}`},
			answers{`{"a":[1,2]}`},
			nil,
			[]string{"$.a[*]: the number of elements is not the same in every run"},
		},
		"status": {
			answers{`{"a":1}`},
			answers{`503`},
			answers{`{"a":2}`},
			nil,
			[]string{"status: the status is not the same in every run"},
		},
		"no answer": {
			answers{`{"a":1}`},
			answers{``},
			answers{`{"a":2}`},
			nil,
			[]string{"answer: not every run has one answer that is known whole"},
		},
		"header": {
			answers{`a|{"a":1}`}, answers{`1|{"a":1}`}, answers{`2|{"a":1}`}, []string{"header.Etag value 1"}, nil,
		},
		"odd names": {
			answers{`{"a b[3]":{"it's[0]":["x"]}}`},
			answers{`{"a b[3]":{"it's[0]":["y"]}}`},
			answers{`{"a b[3]":{"it's[0]":["z"]}}`},
			[]string{`$['a b[3]']['it\'s[0]'][*] value 1`},
			nil,
		},
		"not JSON": {
			answers{`{"a":1}`},
			answers{`<html>`},
			answers{`{"a":1}`},
			nil,
			[]string{"body: rules are on JSON bodies and headers"},
		},
		"a change where another run is not JSON": {
			answers{`{"a":1}`},
			answers{`<html>`},
			answers{`{"a":2}`},
			nil,
			[]string{"body: rules are on JSON bodies and headers"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			learned, err := noise.Learn(replayed(t, tt.recorded, tt.first), replayed(t, tt.recorded, tt.second))
			if err != nil {
				t.Fatal(err)
			}
			var got, not []string
			for _, e := range learned.Entries {
				got = append(got, fmt.Sprintf("%s %s %d", e.Path, e.Kind, e.Count))
			}
			for _, u := range learned.Unlearned {
				not = append(not, u.Path+": "+u.Why)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("learned: %s", diff)
			}
			if diff := cmp.Diff(tt.unlearned, not); diff != "" {
				t.Errorf("not learned: %s", diff)
			}
			settled(t, learned, tt.recorded, tt.first, tt.second)
		})
	}
}

// settled checks that what was learned is read back, and that its rules excuse it and nothing else.
func settled(t *testing.T, learned *noise.Learned, recorded answers, runs ...answers) {
	t.Helper()
	var b bytes.Buffer
	if err := learned.Write(&b, "a\nb"); err != nil {
		t.Fatal(err)
	}
	file, ds := noise.Parse("noise.yaml", b.Bytes())
	if ds.Err() != nil || len(file.Entries) != len(learned.Entries) {
		t.Fatalf("reading it back: %v\n%s", ds, b.String())
	}
	config := compare.Config{ExtraFields: compare.Fail, Headers: []string{"Etag"}}
	file.Apply(&config)
	c, err := compare.New(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs {
		for i, body := range run {
			if body == "" || len(learned.Unlearned) > 0 || len(learned.Entries) == 0 {
				continue
			}
			if o := c.Compare("GET /a", response(recorded[i]), response(body), nil); !o.OK() {
				t.Errorf("still differs: %v", o.Differences)
			}
			if o := c.Compare("GET /b", response(recorded[i]), response(body), nil); o.OK() && body != recorded[i] {
				t.Error("excused at another endpoint, too")
			}
		}
	}
	for _, e := range learned.Entries {
		for _, use := range c.Rules() {
			if name := file.Name(use.Key); strings.Contains(name, e.Path) && strings.HasPrefix(name, "noise.yaml:") {
				return
			}
		}
		t.Errorf("no rule is named by the place of %s", e.Path)
	}
}

// Two records of one id cannot be told apart: that they differ is not noise.
func TestLearnSharedIDs(t *testing.T) {
	run := func(values ...string) noise.Run {
		var results, diffs bytes.Buffer
		for _, v := range values {
			write(t, &results, map[string]any{"id": "r", "endpoint": "GET /a", "status": 200, "differences": 1})
			write(t, &diffs, map[string]any{
				"id": "r", "endpoint": "GET /a", "path": "$.a", "kind": "value", "expected": "1", "actual": v,
			})
		}
		return noise.Run{Results: &results, Diffs: &diffs}
	}
	learned, err := noise.Learn(run("2", "3"), run("3", "2"))
	if err != nil || len(learned.Entries) > 0 || len(learned.Unlearned) != 1 {
		t.Errorf("got %+v, %v", learned, err)
	}
}

func TestLearnMistakes(t *testing.T) {
	text := func(results, diffs string) noise.Run {
		return noise.Run{Results: strings.NewReader(results), Diffs: strings.NewReader(diffs)}
	}
	tests := map[string]struct {
		runs []noise.Run
		want string
	}{
		"one run":     {[]noise.Run{text("", "")}, "two runs at least"},
		"no JSON":     {[]noise.Run{text("{", ""), text("", "")}, "results of run 1: line 1"},
		"wrong diffs": {[]noise.Run{text("", ""), text("", "{}\n[]")}, "differences of run 2: line 2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := noise.Learn(tt.runs...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSurvey(t *testing.T) {
	body := `{"a":1,"o":{"x":1},"l":[{"x":1}],"s":[1,2],"e":{}}`
	tests := map[string]struct {
		entry string
		want  string // of a finding
		warns bool
	}{
		"field":                    {`"$.a": {kind: value}`, "", false},
		"fields of an array":       {`"$.l[*].x": {kind: value}`, "", false},
		"elements":                 {`"$.s[*]": {kind: counter}`, "", false},
		"object":                   {`"$.o": {kind: value}`, "$.o is wider than one field", false},
		"array":                    {`"$.s": {kind: value}`, "$.s is wider than one field", false},
		"objects":                  {`"$.l[*]": {kind: value}`, "$.l[*] is wider than one field", false},
		"members of an object":     {`"$.o[*]": {kind: counter}`, "$.o[*] is wider than one field", false},
		"array whose order counts": {`"$.s": {kind: order}`, "", false},
		"empty object":             {`"$.e": {kind: value}`, "", false},
		"nowhere":                  {`"$.gone": {kind: value}`, "", false},
		"other endpoint":           {"\"$.a\": {kind: value}\n  \"GET /b\":\n    \"$.a\": {kind: uuid}", "GET /b", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, ds := noise.Parse("n.yaml", []byte("version: 1\nnoise:\n  \"GET /a\":\n    "+tt.entry+"\n"))
			if ds.Err() != nil {
				t.Fatal(ds)
			}
			found := f.Survey(func(yield func(string, *traffic.Response) bool) { yield("GET /a", response(body)) })
			if tt.want == "" {
				if len(found) > 0 {
					t.Error(found)
				}
				return
			}
			if len(found) != 1 || !strings.Contains(found[0].Message, tt.want) || found[0].Pos.Line < 4 {
				t.Fatalf("found %v", found)
			}
			if got := found[0].Severity == spec.Warning; got != tt.warns {
				t.Errorf("warning: %v", got)
			}
		})
	}
}

// TestApply: what the run file says itself about a field stays, and its own rules are not changed.
func TestApply(t *testing.T) {
	f, ds := noise.Parse("n.yaml", []byte(`{version: 1, noise: {"GET /a": {"$.a": {kind: uuid}, "$.b": {kind: value}}}}`))
	if ds.Err() != nil {
		t.Fatal(ds)
	}
	own := compare.Rules{
		Match:  map[string]compare.Matcher{"$.a": {Type: compare.Datetime}},
		Ignore: compare.Ignore{JSON: []string{"$.c"}},
	}
	c := compare.Config{Endpoints: map[string]compare.Rules{"GET /a": own}}
	f.Apply(&c)
	got := c.Endpoints["GET /a"]
	if got.Match["$.a"].Type != compare.Datetime || !cmp.Equal(got.Ignore.JSON, []string{"$.c", "$.b"}) {
		t.Errorf("got %+v", got)
	}
	if len(own.Ignore.JSON) != 1 || len(own.Match) != 1 {
		t.Error("the rules of the run file were changed")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{version: 1, noise: {"GET /a": {"$.a": {kind: uuid, count: 1, of: 2}}}}`)
	f.Add(`{version: 1, noise: {"GET /a/{id}": {"$['it\\'s'][*]": {kind: value}, header.Etag: {kind: value}}}}`)
	f.Add("noise: [a]")
	f.Fuzz(func(t *testing.T, src string) {
		file, ds := noise.Parse("n.yaml", []byte(src))
		if ds.Err() != nil {
			return
		}
		var c compare.Config
		file.Apply(&c)
		if _, err := compare.New(c); err != nil {
			t.Errorf("accepted, and refused by compare: %v", err)
		}
	})
}
