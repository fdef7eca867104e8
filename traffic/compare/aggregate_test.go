package compare_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/compare"
)

func TestAggregate(t *testing.T) {
	c := newComparer(t, compare.DefaultConfig())
	var a compare.Aggregate
	add := func(id, expected, actual string) {
		a.Add("GET /o", c.Compare("GET /o", jsonResponse(expected), jsonResponse(actual), nil), id)
	}
	for i := range 4 {
		add(fmt.Sprintf("r%d", i), `{"i":[{"p":1},{"p":2}]}`, fmt.Sprintf(`{"i":[{"p":%d},{"p":9}]}`, i+5))
	}
	add("r4", `{"a":1}`, `{}`)
	add("r5", `{"a":1}`, `{"a":1}`)
	a.Add("GET /o", c.Compare("GET /o", nil, jsonResponse(`1`), nil), "r6")
	want := []compare.Group{
		{
			Endpoint: "GET /o", Path: "$.i[].p", Kind: compare.Value, Count: 4, Of: 6,
			Samples: []compare.Sample{
				{RecordID: "r0", Path: "$.i[0].p", Expected: "1", Actual: "5"},
				{RecordID: "r1", Path: "$.i[0].p", Expected: "1", Actual: "6"},
				{RecordID: "r2", Path: "$.i[0].p", Expected: "1", Actual: "7"},
			},
		},
		{
			Endpoint: "GET /o", Path: "$.a", Kind: compare.Missing, Count: 1, Of: 6,
			Samples: []compare.Sample{{RecordID: "r4", Path: "$.a", Expected: "1"}},
		},
	}
	if d := cmp.Diff(want, a.Groups()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDifferencesAreBounded(t *testing.T) {
	c := newComparer(t, compare.DefaultConfig())
	prefix := strings.Repeat("é", 5000)
	o := c.Compare("", jsonResponse(`["`+prefix+`left"]`), jsonResponse(`["`+prefix+`right`+prefix+`"]`),
		nil)
	if len(o.Differences) != 1 {
		t.Fatalf("got %d differences", len(o.Differences))
	}
	d := o.Differences[0]
	for side, text := range map[string]string{"left": d.Expected, "right": d.Actual} {
		if n := len([]rune(text)); n > 200 || !strings.Contains(text, side) {
			t.Errorf("%d runes, want at most 200 with %q: %s", n, side, text)
		}
	}
	many := c.Compare("", jsonResponse(`[`+strings.Repeat("1,", 4999)+`1]`),
		jsonResponse(`[`+strings.Repeat("2,", 4999)+`2]`), nil)
	if len(many.Differences) != 1000 || many.Omitted != 4000 || many.Fields != 5000 {
		t.Errorf("%d differences, %d omitted, %d fields", len(many.Differences), many.Omitted, many.Fields)
	}
}

func TestCurl(t *testing.T) {
	tests := map[string]struct {
		request *traffic.Request
		base    string
		want    string
	}{
		"get": {
			&traffic.Request{
				Method: "GET", URL: "/a?x=1&y=[2]",
				Header: http.Header{"X-A": {"it's"}, "Host": {"h"}, "X-E": {""}},
			},
			"http://127.0.0.1:1/",
			`curl -sS -i --globoff --path-as-is -H 'X-A: it'\''s' -H 'X-E;' 'http://127.0.0.1:1/a?x=1&y=[2]'`,
		},
		"post": {
			&traffic.Request{
				Method: "POST", URL: "http://prod/a",
				Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("@{\n}"),
			},
			"http://h",
			"curl -sS -i --globoff --path-as-is -X POST " +
				"-H 'Content-Type: application/json' http://h/a --data-raw '@{\n}'",
		},
		"head without base": {
			&traffic.Request{Method: "HEAD", URL: "http://prod/a"}, "",
			"curl -sS -i --globoff --path-as-is --head http://prod/a",
		},
		"binary": {
			&traffic.Request{Method: "PUT", URL: "/", Body: []byte{0, 255}}, "http://h",
			"printf %s AP8= | base64 -d | " +
				"curl -sS -i --globoff --path-as-is -X PUT -H 'Content-Type:' http://h/ --data-binary @-",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(tc.want, compare.Curl(tc.request, tc.base)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestCurlSurvivesTheShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no POSIX shell here")
	}
	body := "a'b\"$(id)`id`\\\n%s !{}"
	request := &traffic.Request{
		Method: "POST", URL: "/", Body: []byte(body),
		Header: http.Header{"Content-Type": {"x"}},
	}
	script := `curl() { for last; do :; done; printf %s "$last"; }; ` + compare.Curl(request, "http://h")
	out, err := exec.CommandContext(t.Context(), sh, "-c", script).Output()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(body, string(out)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
