package embedded

import (
	"fmt"
	"testing"

	"github.com/headgate-dev/headgate/mocks"
)

// TestRemembered: what an entry remembers of requests never decides otherwise than its pattern does.
func TestRemembered(t *testing.T) {
	tests := map[string]struct {
		request string // of the stub
		fixed   bool   // whether anything may be remembered
	}{
		"url":               {`"method": "GET", "url": "/a?x=1"`, true},
		"url without query": {`"method": "GET", "url": "/a"`, true},
		"url with an end":   {`"method": "GET", "url": "/a?"`, true},
		"any method":        {`"method": "ANY", "url": "/a?x=1"`, true},
		"path":              {`"method": "GET", "urlPath": "/a"`, true},
		"path and query":    {`"method": "GET", "urlPath": "/a", "queryParameters": {"x": {"equalTo": "1"}}`, true},
		"url and query":     {`"method": "GET", "url": "/a?x=1", "queryParameters": {"x": {"equalTo": "2"}}`, true},
		"pattern":           {`"method": "GET", "urlPattern": "/a.*"`, true},
		"body":              {`"method": "POST", "urlPath": "/a", "bodyPatterns": [{"equalTo": "1"}]`, true},
		"JSON body":         {`"method": "POST", "url": "/a", "bodyPatterns": [{"equalToJson": {"a": 1}}]`, true},
		"no body":           {`"method": "POST", "urlPath": "/a", "bodyPatterns": [{"absent": true}]`, true},
		"two bodies":        {`"url": "/a", "bodyPatterns": [{"equalTo": "1"}, {"equalTo": "2"}]`, false},
		"date in the query": {`"urlPath": "/a", "queryParameters": {"x": {"before": "now +1 days"}}`, false},
		"date in the body":  {`"urlPath": "/a", "bodyPatterns": [{"after": "now -1 days"}]`, false},
		"header":            {`"url": "/a", "headers": {"X-A": {"equalTo": "1"}}`, false},
		"header and JSON": {
			`"url": "/a", "headers": {"X-A": {"equalTo": "1"}}, "bodyPatterns": [{"equalToJson": 1}]`, false,
		},
		"cookie":              {`"url": "/a", "cookies": {"c": {"equalTo": "1"}}`, false},
		"address":             {`"url": "/a", "clientIp": {"equalTo": "127.0.0.1"}`, false},
		"host":                {`"url": "/a", "host": {"equalTo": "x"}`, false},
		"expression in query": {`"urlPath": "/a", "queryParameters": {"x": {"matches": "[0-9]"}}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stubs, err := mocks.ParseStubs("x.json", []byte(`{"request": {`+tt.request+`}, "response": {}}`))
			if err != nil {
				t.Fatal(err)
			}
			p := stubs[0].Request
			if got := p.FixedByTarget(); got != tt.fixed {
				t.Errorf("fixed: %v, want %v", got, tt.fixed)
			}
			e := newEntry(stubs[0])
			for round := range 2 {
				for _, r := range remembered() {
					fresh, again := *r, *r
					if want, got := p.Matches(&fresh), e.matches(&again); got != want {
						t.Fatalf("round %d, %s %s %v %q: got %v, want %v", round, r.Method, r.Target(), r.Header, r.Body.Text, got, want)
					}
				}
			}
		})
	}
}

// remembered are requests of which each differs from its neighbours in one respect.
func remembered() (list []*mocks.Request) {
	for _, method := range []string{"GET", "POST"} {
		for _, query := range []string{"", "x=1", "x=2", "x=2026-01-01T00:00:00Z"} {
			for _, body := range []string{"", "1", `{"a":1}`, `{"a": 1}`, "2026-01-01T00:00:00Z"} {
				for _, header := range []string{"", "1", "2"} {
					r := &mocks.Request{
						Method: method, Path: "/a", RawQuery: query, Host: "x", Header: map[string][]string{},
						Body: mocks.Value{Text: body, Present: body != ""}, ClientIP: fmt.Sprint("127.0.0.", len(header)),
					}
					if header != "" {
						r.Header["X-A"], r.Header["Cookie"] = []string{header}, []string{"c=" + header}
					}
					list = append(list, r)
				}
			}
		}
	}
	return list
}
