package mocks_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/mocks"
)

func parse(t *testing.T, mapping string) *mocks.Stub {
	t.Helper()
	stubs, err := mocks.ParseStubs("a.json", []byte(mapping))
	if err != nil {
		t.Fatal(err)
	}
	return stubs[0]
}

const twoParts = "--b\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n" +
	"{\"a\":1}\r\n" +
	"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\ntext\r\n--b--\r\n"

func TestRequestPattern(t *testing.T) {
	post := func(media, body string) *mocks.Request {
		return &mocks.Request{
			Method: "POST", Path: "/a", Host: "api.test:8080", ClientIP: "127.0.0.1", Body: *mocks.NewValue(body),
			Header: http.Header{"Content-Type": {media}, "Authorization": {"basic dXNlcjpwYXNz"}, "Cookie": {"c=1"}},
		}
	}
	parts := post("multipart/form-data; boundary=b", twoParts)
	form := post("application/x-www-form-urlencoded", "a=1&a=2&b=x+y")
	tests := map[string]struct {
		pattern      string
		hits, misses []*mocks.Request
	}{
		"one of several methods": {
			`{"method": {"oneOf": ["post", "PUT"]}}`, []*mocks.Request{form}, []*mocks.Request{{Method: "GET"}},
		},
		"none of these methods": {
			`{"method": {"noneOf": ["POST"]}}`, []*mocks.Request{{Method: "GET"}}, []*mocks.Request{form},
		},
		"origin": {
			`{"host": {"equalTo": "api.test"}, "port": 8080, "scheme": "http", "clientIp": {"matches": "127.*"}}`,
			[]*mocks.Request{form},
			[]*mocks.Request{
				{Host: "api.test"},
				{Host: "x:8080", ClientIP: "127.0.0.1"},
				{Host: "api.test:8080", Scheme: "https", ClientIP: "127.0.0.1"},
			},
		},
		"credentials": {
			`{"basicAuth": {"username": "user", "password": "pass"}}`,
			[]*mocks.Request{form},
			[]*mocks.Request{{}, {Header: http.Header{"Authorization": {"Basic dXNlcjo="}}}},
		},
		"form": {
			`{"formParameters": {"a": {"hasExactly": [{"equalTo": "1"}, {"equalTo": "2"}]}, "b": {"equalTo": "x y"},
				"c": {"absent": true}}}`,
			[]*mocks.Request{form},
			[]*mocks.Request{
				post("text/plain", "a=1&a=2&b=x+y"), post("application/x-www-form-urlencoded", "a=1&b=x+y"),
			},
		},
		"parts": {
			`{"multipartPatterns": [{"name": "meta", "bodyPatterns": [{"equalToJson": {"a": 1}}]},
				{"fileName": "a.txt", "headers": {"Content-Disposition": {"contains": "name=\"file\""}}}]}`,
			[]*mocks.Request{parts},
			[]*mocks.Request{form, post("multipart/form-data; boundary=x", twoParts)},
		},
		"all parts": {
			`{"multipartPatterns": [{"matchingType": "ALL", "headers": {"Content-Disposition": {"contains": "form-data"}}}]}`,
			[]*mocks.Request{parts},
			[]*mocks.Request{form},
		},
		"not every part": {
			`{"multipartPatterns": [{"matchingType": "ALL", "headers": {"Content-Disposition": {"contains": "\"meta\""}}}]}`,
			nil,
			[]*mocks.Request{parts},
		},
		"absent by negation": {
			`{"headers": {"X-A": {"doesNotMatch": "a"}, "X-B": {"not": {"equalTo": "b"}}, "X-C": {"doesNotContain": "c"}}}`,
			[]*mocks.Request{{}, form},
			[]*mocks.Request{{Header: http.Header{"X-A": {"a"}}}},
		},
		"cookies are absent by absent only": {
			`{"cookies": {"c": {"or": [{"equalTo": "1"}, {"absent": true}]}, "d": {"absent": true}}}`,
			[]*mocks.Request{form},
			[]*mocks.Request{{}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			stub := parse(t, `{"request": `+tt.pattern+`, "response": {}}`)
			written, err := json.Marshal(stub)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []*mocks.Stub{stub, parse(t, string(written))} {
				for i, r := range tt.hits {
					if distance, diffs := s.Compare(r); !s.Request.Matches(r) || distance != 0 {
						t.Errorf("request %d does not match: %v", i, diffs)
					}
				}
				for i, r := range tt.misses {
					if distance, diffs := s.Compare(r); s.Request.Matches(r) || distance == 0 || len(diffs) == 0 {
						t.Errorf("request %d matches", i)
					}
				}
			}
		})
	}
}

func TestDifferencesName(t *testing.T) {
	stub := parse(t, `{"request": {"method": {"oneOf": ["PUT"]}, "port": 9, "formParameters": {"a": {"equalTo": "1"}},
		"bodyPatterns": [{"equalToXml": "<a><b>1</b></a>"}]}, "response": {}}`)
	body := *mocks.NewValue("<a><b>2</b></a>")
	_, got := stub.Compare(&mocks.Request{Method: "POST", Path: "/", Host: "h", Body: body})
	want := []mocks.Difference{
		{Where: "method", Expected: `{"oneOf":["PUT"]}`, Actual: "POST"},
		{Where: "port", Expected: "9", Actual: "80"},
		{Where: "form.a", Expected: "1", Actual: "(missing)"},
		{Where: "/a/b/text()", Expected: "1", Actual: "2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
}
