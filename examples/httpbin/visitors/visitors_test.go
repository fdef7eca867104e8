package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVisitorsAreMany(t *testing.T) {
	all := visitors()
	if n := requests(all); n < 120 {
		t.Errorf("%d requests, expected at least 120", n)
	}
	names, direct := map[string]bool{}, 0
	for _, v := range all {
		names[v.name] = true
		if v.forwarded == "" {
			direct++
		}
	}
	if len(names) != len(all) || direct == 0 || direct == len(all) {
		t.Errorf("%d names of %d visitors, %d come directly", len(names), len(all), direct)
	}
}

func TestEveryTourIsWalked(t *testing.T) {
	walked := map[string]bool{}
	for _, v := range visitors() {
		for _, st := range v.steps {
			path, _, _ := strings.Cut(strings.TrimPrefix(st.path, "/"), "/")
			path, _, _ = strings.Cut(path, "?")
			walked[path] = true
		}
	}
	for _, want := range []string{
		"get", "post", "put", "headers", "status", "cookies", "basic-auth", "bearer", "response-headers", "uuid",
		"gzip", "deflate", "json", "xml", "html", "encoding", "base64", "anything", "delay", "redirect", "etag",
		"cache", "bytes", "range", "forms", "links",
	} {
		if !walked[want] {
			t.Errorf("nobody asks for /%s", want)
		}
	}
}

// TestWalkCarriesValues drives a fake service with one visitor.
func TestWalkCarriesValues(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, fmt.Sprintf("%s %s %s %s %s", r.Method, r.URL, r.Host, r.Header.Get("X-Forwarded-For"),
			r.Header.Get("If-None-Match")))
		w.Header().Set("ETag", `"e1"`)
		if r.URL.Path == "/moved" {
			w.WriteHeader(http.StatusFound)
		}
		fmt.Fprint(w, `{"uuid": "u-1"}`)
	}))
	defer service.Close()
	all := []visitor{{name: "v", forwarded: "203.0.113.1", steps: withMethods([]step{
		{path: "/uuid", take: "$.uuid"},
		{path: "/of/{uuid}?by={visitor}", take: "ETag"},
		{method: http.MethodPut, path: "/moved", header: map[string]string{"If-None-Match": "{etag}"}, want: 302},
	})}}
	s := settings{target: service.URL, host: "h.example", parallel: 1}
	if err := drive(t.Context(), s, all); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"GET /uuid h.example 203.0.113.1 ",
		"GET /of/u-1?by=v h.example 203.0.113.1 ",
		`PUT /moved h.example 203.0.113.1 "e1"`,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestRunSaysWhatIsOff(t *testing.T) {
	service := httptest.NewServer(http.NotFoundHandler())
	defer service.Close()
	tests := map[string]struct {
		args []string
		code int
		says string
	}{
		"wrong status": {[]string{"-target", service.URL, "-think", "0s"}, exitOff, "answered 404, expected 200"},
		"wrong flag":   {[]string{"-parallel", "0"}, exitUsage, "at least 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), tt.args, &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, expected %d", code, tt.code)
			}
			if !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("said %q, expected %q", stderr.String(), tt.says)
			}
		})
	}
}
