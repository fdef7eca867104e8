package mocks_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
)

func TestRulesThatLeaveNothing(t *testing.T) {
	record := func(body string) *traffic.Record {
		return &traffic.Record{
			Request:  &traffic.Request{Method: http.MethodPost, URL: "/keys", Body: []byte(body)},
			Response: &traffic.Response{Status: http.StatusOK},
		}
	}
	tests := map[string]struct {
		ignore []string
		body   string
		blank  int64
		uses   []mocks.RuleUse
	}{
		"part of the body": {[]string{"$.a"}, `{"a":1,"b":2}`, 0, []mocks.RuleUse{{Rule: "json $.a", Count: 1}}},
		"all of the body":  {[]string{"$..a"}, `{"a":1}`, 1, []mocks.RuleUse{{Rule: "json $..a", Count: 1}}},
		"all, one by one": {
			[]string{"$.a", "$.b[*].a"},
			`{"a":1,"b":[{"a":1},{"a":2}]}`, 1,
			[]mocks.RuleUse{{Rule: "json $.a", Count: 1}, {Rule: "json $.b[*].a", Count: 1}},
		},
		"nothing":       {[]string{"$.c"}, `{"a":1}`, 0, []mocks.RuleUse{{Rule: "json $.c"}}},
		"an empty body": {[]string{"$.c"}, `{}`, 0, []mocks.RuleUse{{Rule: "json $.c"}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := mocks.DefaultMatch()
			m.Ignore.JSON = tt.ignore
			got, err := mocks.FromTraffic([]*traffic.Record{record(tt.body)}, m)
			if err != nil {
				t.Fatal(err)
			}
			if got.Blank != tt.blank {
				t.Errorf("%d blank bodies, want %d", got.Blank, tt.blank)
			}
			if d := cmp.Diff(tt.uses, got.Rules); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestOrderOfParametersMeansNothing(t *testing.T) {
	recorded := &traffic.Record{
		Request:  &traffic.Request{Method: http.MethodGet, URL: "/items?a=1&b=2"},
		Response: &traffic.Response{Status: http.StatusOK},
	}
	got, err := mocks.FromTraffic([]*traffic.Record{recorded}, mocks.DefaultMatch())
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]bool{
		"/items?a=1&b=2": true, "/items?b=2&a=1": true, "/items?a=2&b=1": false, "/items?a=1": false,
		"/items?a=1&b=2&c=3": false, "/items?a=1&b=2&b=2": false,
	} {
		req := mocks.NewRequest(&traffic.Request{Method: http.MethodGet, URL: target})
		if match := got.Stubs[0].Request.Matches(req); match != want {
			t.Errorf("%s: %v, want %v", target, match, want)
		}
	}
}
