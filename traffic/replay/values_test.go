package replay

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func TestFill(t *testing.T) {
	v := Values{
		Seed: 7,
		Now:  func() time.Time { return time.Date(2026, 11, 20, 9, 0, 0, 5e6, time.FixedZone("", 3600)) },
	}
	recorded := &traffic.Request{
		Method: "POST", URL: "/orders/{{uuid}}?t={{now_ms}}",
		Header: http.Header{"Date": {"{{now}}"}, "A": {"{{b}}"}},
		Body:   []byte(`{"id":"{{uuid}}","at":"{{now}}","other":"{{uuid}}"}`),
	}
	before := *recorded
	got := v.Fill("r1", recorded)
	if diff := cmp.Diff(&before, recorded); diff != "" {
		t.Errorf("the recorded request changed:\n%s", diff)
	}
	wantHeader := http.Header{"Date": {"2026-11-20T08:00:00.005Z"}, "A": {"{{b}}"}}
	if diff := cmp.Diff(wantHeader, got.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	const id = `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	if !regexp.MustCompile(`^/orders/` + id + `\?t=1795161600005$`).MatchString(got.URL) {
		t.Errorf("URL is %s", got.URL)
	}
	body := regexp.MustCompile(`^{"id":"(` + id + `)","at":"2026-11-20T08:00:00.005Z","other":"(` + id + `)"}$`)
	if m := body.FindSubmatch(got.Body); m == nil || string(m[1]) == string(m[2]) {
		t.Errorf("body is %s", got.Body)
	}
	if diff := cmp.Diff(got, v.Fill("r1", recorded)); diff != "" {
		t.Errorf("the same seed and record gave another request:\n%s", diff)
	}
	if v.Fill("r2", recorded).URL == got.URL {
		t.Error("another record got the same UUID")
	}
}

func TestFillLeavesOthersAlone(t *testing.T) {
	for _, body := range []string{"", "{{}}", "{{name}}", "{{now", "{{ now }}"} {
		r := &traffic.Request{URL: "/", Body: []byte(body)}
		if got := (Values{}).Fill("r", r); got != r {
			t.Errorf("%q was copied: %+v", body, got)
		}
	}
}
