package verify_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// echo answers with the path and the tenant, as a service does that knows what it was sent, and with a card
// number that no recording shows.
func echo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"path":"`+r.URL.Path+`","tenant":"`+r.Header.Get("X-Tenant")+`","card":"4222"}`)
	})
}

func TestTransformedTraffic(t *testing.T) {
	records := []*traffic.Record{
		exchange("a", "/old/1", 200, `{"path":"/new/1","tenant":"t2","card":"4111"}`),
		exchange("b", "/old/2", 200, `{"path":"/new/2","tenant":"t2","card":4111}`),
		exchange("c", "/old/3", 200, `{"path":"/new/3","tenant":"t2"}`),
	}
	for i, r := range records {
		r.Request.Header.Set("X-Tenant", "t1")
		r.Session = string(rune('x' + i%2)) // mixed sessions are laid out anew
	}
	s := begin(t, "traffic: {transforms: [{token: {header: X-Tenant, value: t2}}, {redact: {json: $.card}},"+
		" {replace: {regexp: ^/old, with: /new}}]}\nreplay: {traffic: ., concurrency: 1, time_scale: max}\n",
		echo(), records...)
	s.rest(t.Context(), t)
	want := map[replay.Bucket]int{replay.Matched: 1, replay.Differed: 2}
	if diff := cmp.Diff(want, s.counts()); diff != "" {
		t.Error(diff)
	}
	var told []string
	for _, g := range s.Differences() {
		told = append(told, g.Endpoint+" "+g.Path+" "+string(g.Kind))
	}
	slices.Sort(told)
	if diff := cmp.Diff([]string{"GET /new/{id} $.card extra", "GET /new/{id} $.card type"}, told); diff != "" {
		t.Error(diff)
	}
	if text := s.diffs.String(); strings.Contains(text, "4111") || strings.Contains(text, "4222") {
		t.Errorf("a redacted value shows in %s", text)
	}
}
