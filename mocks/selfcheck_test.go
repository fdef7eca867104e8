package mocks_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

func TestSelfCheck(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/json":
			_, _ = w.Write([]byte(`{ "b": 1.0, "a": [] }`))
		case "/field":
			_, _ = w.Write([]byte(`{"total": 41}`))
		case "/text":
			_, _ = w.Write([]byte("other"))
		case "/status":
			w.WriteHeader(http.StatusInternalServerError)
		case "/moved":
			http.Redirect(w, r, "/json", http.StatusFound)
		default:
			w.Header().Set(mocks.MissHeader, "1")
			w.WriteHeader(mocks.DefaultMissStatus)
		}
	}))
	defer server.Close()
	moved := get("/moved", "<a href=\"/json\">Found</a>.\n\n")
	moved.Response.Status = http.StatusFound
	tests := map[string]struct {
		record *traffic.Record
		want   string
	}{
		"structure":   {get("/json", `{"a":[],"b":1}`), ""},
		"redirect":    {moved, ""},
		"field":       {get("/field", `{"total":41.5}`), "$.total is 41, recorded 41.5"},
		"text":        {get("/text", "text"), `body "other", recorded "text"`},
		"status":      {get("/status", ""), "status 500, recorded 200"},
		"miss":        {get("/none", ""), "no stub matches GET /none"},
		"odd escapes": {get("/none%2fa?%zz", ""), "no stub matches GET /none%2fa?%zz"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := mocks.SelfCheck(t.Context(), server.URL, []mocks.Exchange{{Record: tt.record}})
			if err != nil {
				t.Fatal(err)
			}
			reason := ""
			if len(c.Failures) > 0 {
				reason = c.Failures[0].Reason
			}
			if reason != tt.want || c.Requests != 1 || c.Matched+c.Unmatched != 1 || len(c.Latencies) != 1 {
				t.Errorf("got %q, want %q (%+v)", reason, tt.want, c)
			}
		})
	}
}

func TestSelfCheckOfADeadMock(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c, err := mocks.SelfCheck(t.Context(), server.URL, []mocks.Exchange{{Record: get("/a", "")}})
	if err != nil || c.Unmatched != 1 || !strings.Contains(c.Failures[0].Reason, "refused") {
		t.Errorf("got %+v, %v", c, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = mocks.SelfCheck(ctx, server.URL, []mocks.Exchange{{Record: get("/a", "")}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
