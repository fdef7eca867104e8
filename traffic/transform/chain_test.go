package transform

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

const everything = `[{redact: {headers: [Cookie], json: ["$..pin"], query: q, form: f}},
	{token: {header: Authorization, value: x}},
	{cookies: {set: {a: b}}}, {host: {from: api.prod.com, to: h}}, {ids: {map: ids.csv}}, {time: {shift: 1h}},
	{set_header: {A: "1"}, in: both}, {remove_header: B, in: both}, {json: {set: {$.x: 1}, remove: $.y}, in: both},
	{replace: {regexp: zz, with: yy}, in: both}]`

func TestSharedHeadersAndBodiesStay(t *testing.T) {
	c := mustLoad(t, everything, map[string]string{"ids.csv": "17,99\n"})
	r := record("/a/17?q=1", `{"pin":"17","y":17,"at":"2026-11-01T10:00:00Z","z":"zz"}`, `{"pin":17}`,
		"Cookie: s=17", "Authorization: y", "B: 1", "C: zz", "Origin: https://api.prod.com")
	before := told(r)
	same := *r
	request, response := *r.Request, *r.Response
	same.Request, same.Response = &request, &response
	if err := c.Apply(&same); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, told(r)); diff != "" {
		t.Errorf("what the records share was written to: %s", diff)
	}
	if told(&same) == before {
		t.Error("nothing was changed")
	}
}

func TestRedactedAnswers(t *testing.T) {
	c := mustLoad(t,
		`[{redact: {headers: X-Key, json: [$.card]}, where: "POST /pay"}, {set_header: {A: "1"}, in: both}]`, nil)
	answer := &traffic.Response{Status: 200, Header: header("X-Key: k"), Body: []byte(`{"card":4222,"n":1}`)}
	got := c.Redacted(record("/pay", "", ""), answer)
	want := &traffic.Response{Status: 200, Header: header("X-Key: REDACTED"), Body: []byte(`{"card":0,"n":1}`)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if string(answer.Body) != `{"card":4222,"n":1}` || answer.Header.Get("X-Key") != "k" {
		t.Errorf("the answer itself has become %v %s", answer.Header, answer.Body)
	}
	if other := c.Redacted(record("/other", "", ""), answer); string(other.Body) != string(answer.Body) {
		t.Errorf("of another endpoint: %s", other.Body)
	}
	if c.Redacted(record("/pay", "", ""), nil) != nil {
		t.Error("no answer has become one")
	}
	if ds := c.Check(); !strings.Contains(ds.Error(), "$.card") {
		t.Errorf("replayed answers are counted: %v", ds)
	}
}

func TestBodiesThatCannotBeRedacted(t *testing.T) {
	cases := map[string]struct{ body, fails string }{
		"broken off": {
			`{"a":1,"pin":"12`,
			"cannot be read, so that nothing is taken out: no JSON at byte 13",
		},
		"no such name":       {`{"a":1,"p`, ""},
		"not JSON":           {`pin=1`, ""},
		"no JSON throughout": {`{"pin":1} x`, "no JSON at byte 10"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := mustLoad(t, `[{redact: {json: "$..pin"}}]`, nil)
			err := c.Apply(record("/", tc.body, ""))
			if (err == nil) != (tc.fails == "") || err != nil && !strings.Contains(err.Error(), tc.fails) {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestReplacementsThatNoRequestCanHold(t *testing.T) {
	cases := map[string]string{
		`[{replace: {regexp: "/a", with: " "}}]`:   "the URL would be empty or have a blank",
		`[{replace: {regexp: "^v$", with: "\n"}}]`: "a header value would have a line break",
	}
	for list, want := range cases {
		if err := mustLoad(t, list,
			nil).Apply(record("/a", "", "", "X: v")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error: %v", err)
		}
	}
}

func TestOutboundAlone(t *testing.T) {
	c := mustLoad(t, `[{time: {shift: capture_to_now}}]`, nil)
	c.clock.begun = false
	list := []*traffic.Record{record("/", `{"at":"2026-11-01T10:00:05Z"}`, ""), record("/", "", "")}
	list[0].Time = start.Add(5 * time.Second)
	if err := c.ApplyAll(list); err != nil {
		t.Fatal(err)
	}
	if got := string(list[0].Request.Body); got != `{"at":"2026-11-03T10:00:05Z"}` {
		t.Error(got)
	}
	if !c.Timed() {
		t.Error("it does not depend on the beginning")
	}
}

func TestNoChain(t *testing.T) {
	var c *Chain
	r := record("/", "", "")
	err := c.ApplyAll([]*traffic.Record{r})
	if err != nil || !c.Empty() || c.Timed() || c.Uses() != nil || c.Check() != nil {
		t.Error("nothing does something")
	}
	if c.Redacted(r, r.Response) != r.Response {
		t.Error("the answer is another one")
	}
	sql := &traffic.Record{Protocol: traffic.Postgres}
	if err := mustLoad(t, `[{set_header: {A: b}}]`, nil).Apply(sql); err != nil {
		t.Error(err)
	}
}

func FuzzJSONStaysJSON(f *testing.F) {
	for _, seed := range []string{
		`{"x":0}`,
		`{"a":1}`, `[{"pin":[1,{"x":null}]},"17"]`, `{"x":{},"y":[],"y":2}`, `{"pin":"\u0031\"","a\\":{}}`, ` [ ] `,
		`{"a":1`, `1 2`, `{"y":1,"x":2}`,
		`[-1.5e+3,true,false,null]`, "{\"a\":\"\x80\"}",
	} {
		f.Add(seed)
	}
	c, _ := load(f, `[{redact: {json: ["$..pin", "$[1]"]}}, {ids: {map: ids.csv}}, {time: {shift: 1h}},
		{json: {set: {$.x: 1, "$..a.b": null}, remove: [$.y, "$[*][0]", "$..c"]},
			in: both}]`, map[string]string{"ids.csv": "17,99\n"})
	f.Fuzz(func(t *testing.T, body string) {
		r := record("/", body, body)
		var d document
		failed, valid := c.Apply(r), json.Valid([]byte(body))
		if err := d.read([]byte(body)); err == nil {
			if got := string(d.changed()); got != body {
				t.Errorf("%q has become %q", body, got)
			}
		} else if valid {
			t.Errorf("%q: %v", body, err)
		}
		if failed != nil || !valid {
			return
		}
		if !json.Valid(r.Request.Body) {
			t.Errorf("%q has become %q", body, r.Request.Body)
		}
	})
}

func FuzzTargets(f *testing.F) {
	f.Add("/users/17?id=17&x=%3", "u=17; v", "https://h/17")
	f.Add("17", "=17", "//?17#")
	c, _ := load(f, everything, map[string]string{"ids.csv": "17,99\n"})
	f.Fuzz(func(t *testing.T, target, cookie, value string) {
		r := record(target, "id="+value, "", "Content-Type: application/x-www-form-urlencoded")
		r.Request.Header["Cookie"], r.Request.Header["X-Value"] = []string{cookie}, []string{value}
		if c.Apply(r) != nil {
			return
		}
		if _, query, _ := strings.Cut(r.Request.URL, "?"); strings.HasPrefix(query, "q=1") {
			t.Errorf("the query stays in %q", r.Request.URL)
		}
	})
}

func TestRedactionThatLeavesLittle(t *testing.T) {
	c := mustLoad(t, `[{redact: {json: ["$..id", "$..name"]}}]`, nil)
	for _, answer := range []string{`{"id":1,"name":"a","n":2}`, `{"id":1}`} {
		if err := c.Apply(record("/people", `{"id":1,"name":"x"}`, answer)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Apply(record("/orders", ``, `{"id":1,"name":"a","list":[1,2]}`)); err != nil {
		t.Fatal(err)
	}
	ds := c.Check()
	want := "redact takes out 3 of the 4 values in the recorded answers of POST /people"
	if ds.Err() != nil || len(ds) != 1 || !strings.Contains(ds[0].Message, want) {
		t.Errorf("findings: %v", ds)
	}
}

func TestAnswersAreRedactedAtTheSameTime(t *testing.T) {
	c := mustLoad(t, `[{redact: {json: [$.card]}}]`, nil)
	recorded := record("/pay", "", `{"card":1,"n":2,"m":3}`)
	if err := c.Apply(recorded); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			answer := &traffic.Response{Header: header("Content-Type: application/json"), Body: []byte(`{"card":7}`)}
			if got := c.Redacted(recorded, answer); string(got.Body) != `{"card":0}` {
				t.Errorf("got %s", got.Body)
			}
		})
	}
	all.Wait()
	if uses := c.Uses(); uses[0].Count != 1 || c.Check() != nil {
		t.Errorf("uses %v, findings %v", uses, c.Check())
	}
}
