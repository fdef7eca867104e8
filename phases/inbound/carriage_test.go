package inbound

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// A run says which values it carried and which it left, in its notes and in a file, without the values.
func TestCarriageIsTold(t *testing.T) {
	const secret = "q1w2e3r4t5y6u7i8o9p0"
	login := &traffic.Record{
		ID: "1", Time: time.Unix(1_700_000_000, 0), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request:  &traffic.Request{Method: "POST", URL: "/login"},
		Response: &traffic.Response{Status: 200, Body: []byte(`{"token":"tok_a1b2c3d4"}`)},
	}
	use := &traffic.Record{
		ID: "2", Time: login.Time.Add(time.Second), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{
			Method: "GET", URL: "/me?token=tok_a1b2c3d4", Header: http.Header{"X-Api-Key": {secret}},
		},
		Response: &traffic.Response{Status: 200, Body: []byte(`{}`)},
	}
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			fmt.Fprint(w, `{"token":"tok_x9y8z7w6"}`)
			return
		}
		if r.URL.Query().Get("token") != "tok_x9y8z7w6" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		fmt.Fprint(w, `{}`)
	}))
	rep := newStage(t, "target: "+url, []*traffic.Record{login, use}).play(t)
	notes := strings.Join(rep.Notes, "\n")
	for _, want := range []string{
		"carried from answers into later requests: 1 times, issued at $.token of POST /login (1) (correlation.json)",
		"though they look issued: header.X-Api-Key of GET /me (1)",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("no %q in\n%s", want, notes)
		}
	}
	src, err := os.ReadFile(filepath.Join(rep.Dir, "correlation.json"))
	if err != nil || !slices.Contains(rep.Artifacts, "correlation.json") {
		t.Fatal(err, rep.Artifacts)
	}
	if !strings.Contains(string(src), `"place": "query.token"`) || strings.Contains(string(src)+notes, secret) {
		t.Errorf("%s", src)
	}
}

func TestTransformedPlaces(t *testing.T) {
	got := transformed([]transform.Config{
		{Token: &transform.Token{Header: "authorization"}},
		{UserTokens: &transform.UserTokens{Header: "X-User"}},
		{JWT: &transform.JWT{Header: "X-Jwt"}},
		{SetHeader: map[string]string{"x-key": "1"}},
		{Cookies: &transform.Cookies{Set: map[string]string{"sid": "1"}}},
		{Redact: &transform.Redact{}},
	})
	want := []string{"header.Authorization", "header.X-User", "header.X-Jwt", "header.X-Key", "cookie.sid"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
