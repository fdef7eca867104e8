package mappings

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/readertest"
)

// outcomes collects the records and what is told of the others.
func outcomes(t *testing.T, file string) (records []*traffic.Record, told []string) {
	t.Helper()
	return readertest.Outcomes(t, NewReader("dir/m.json", iotest.HalfReader(strings.NewReader(file))))
}

const full = `{"id": "a1", "requiredScenarioState": "Started", "request": {
	"method": "POST", "urlPath": "/pay", "host": {"equalTo": "pay.example.com"},
	"queryParameters": {"b": {"equalTo": "2 3"}, "none": {"absent": true}, "a": {"equalTo": "1"}},
	"headers": {"content-type": {"equalTo": "application/json", "caseInsensitive": true}},
	"cookies": {"sid": {"equalTo": "x"}}, "basicAuthCredentials": {"username": "u", "password": "p"},
	"bodyPatterns": [{"equalToJson": "{\"n\": 1}", "ignoreArrayOrder": true}]},
	"response": {"status": 201, "jsonBody": {"id": 1.50}, "fixedDelayMilliseconds": 20,
	"headers": {"x-one": "1", "x-two": ["a", "b"], "x-number": 7}}}`

func TestRecord(t *testing.T) {
	want := []*traffic.Record{{
		ID: "a1", Time: time.Unix(0, 0).UTC(), Direction: traffic.Outbound, Service: "pay.example.com",
		Protocol: traffic.HTTP, Duration: 20 * time.Millisecond,
		Request: &traffic.Request{
			Method: "POST", URL: "/pay?a=1&b=2+3", Host: "pay.example.com", Body: []byte(`{"n": 1}`),
			Header: http.Header{
				"Content-Type": {"application/json"}, "Cookie": {"sid=x"}, "Authorization": {"Basic dTpw"},
			},
		},
		Response: &traffic.Response{
			Status: 201, Body: []byte(`{"id":1.50}`),
			Header: http.Header{"X-One": {"1"}, "X-Two": {"a", "b"}, "X-Number": {"7"}},
		},
	}}
	for name, file := range map[string]string{
		"one": full, "list": `{"mappings": [` + full + `], "meta": {"total": 1}}`,
		"marked": "\xef\xbb\xbf" + full, "meta first": `{"meta": {"total": 1}, "mappings": [` + full + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			got, told := outcomes(t, file)
			if diff := cmp.Diff(want, got); diff != "" || told != nil {
				t.Errorf("records (-want +got):\n%s\ntold %q", diff, told)
			}
			if !Sniff([]byte(strings.TrimPrefix(file, "\xef\xbb\xbf"))) {
				t.Error("not known by its beginning")
			}
		})
	}
}

// mapped writes a mapping with more in its request and another response.
func mapped(more, response string) string {
	return `{"request": {"method": "GET", "url": "/x"` + more + `}, "response": {` + response + `}}`
}

func TestBodies(t *testing.T) {
	for name, c := range map[string]struct{ request, response, sent, answered string }{
		"none":   {``, ``, "", ""},
		"texts":  {`, "bodyPatterns": [{"equalTo": "a"}]`, `"body": "b"`, "a", "b"},
		"bytes":  {`, "bodyPatterns": [{"binaryEqualTo": "AAE="}]`, `"base64Body": "Ag=="`, "\x00\x01", "\x02"},
		"null":   {`, "multipartPatterns": null, "customMatcher": {}`, `"jsonBody": null, "base64Body": "Yg=="`, "", "b"},
		"object": {`, "bodyPatterns": [{"equalToJson": {"a": 1}}]`, `"jsonBody": [1, 2]`, `{"a": 1}`, `[1,2]`},
		"form":   {`, "formParameters": {"a": {"equalTo": "1 2"}}`, `"body": ""`, "a=1+2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			records, told := outcomes(t, mapped(c.request, c.response))
			if len(records) != 1 {
				t.Fatalf("no record, told %q", told)
			}
			got := [2]string{string(records[0].Request.Body), string(records[0].Response.Body)}
			if got != [2]string{c.sent, c.answered} {
				t.Errorf("bodies %q", got)
			}
			if records[0].ID != "m.json#1" || records[0].Response.Status != 200 {
				t.Errorf("id %q, status %d", records[0].ID, records[0].Response.Status)
			}
		})
	}
}

// TestOrder reads what stands in other places than WireMock itself writes it, and lists that are empty.
func TestOrder(t *testing.T) {
	for name, file := range map[string]string{
		"behind": `{"meta": {"a": {"b": [1]}}, "total": 2, "mappings": [` + full + "," + mapped("", "") + `]}`,
		"empty lists": `{"mappings": [` + full + `, {"serveEventListeners": [ ], "postServeActions": null, ` +
			mapped("", "")[1:] + `]}`,
	} {
		t.Run(name, func(t *testing.T) {
			if records, told := outcomes(t, file); len(records) != 2 || told != nil {
				t.Errorf("%d records, told %q", len(records), told)
			}
		})
	}
}

func TestLeftOutAndMalformed(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"any method": {`{"request": {"method": "ANY", "url": "/"}, "response": {}}`, anyCall},
		"pattern":    {`{"request": {"method": "GET", "urlPattern": "/.*"}, "response": {}}`, anyCall},
		"state":      {strings.Replace(full, "Started", "paid", 1), stateful},
		"template":   {mapped(``, `"transformers": ["response-template"]`), templated},
		"file":       {mapped(``, `"bodyFileName": "../../etc/passwd"`), elsewhere},
		"fault":      {mapped(``, `"fault": "EMPTY_RESPONSE"`), noAnswer},
		"matcher":    {mapped(`, "headers": {"A": {"contains": "b"}}`, ``), "matcher contains"},
		"and":        {mapped(`, "bodyPatterns": [{"and": [{"equalTo": "b"}]}]`, ``), "matcher and"},
		"several":    {mapped(`, "bodyPatterns": [{"equalTo": "b"}, {"equalTo": "c"}]`, ``), several},
		"placeholder": {
			mapped(`, "bodyPatterns": [{"equalToJson": "{\"a\": \"${json-unit.any-string}\"}"}]`, ``), "matcher equalToJson",
		},
		"multipart":  {mapped(`, "multipartPatterns": [{}]`, ``), "multipartPatterns"},
		"status":     {mapped(``, `"status": 42`), "status is 42"},
		"url":        {`{"request": {"method": "GET", "url": "x"}, "response": {}}`, `"x": expected a path`},
		"shape":      {`{"request": {"method": 1}, "response": {}}`, "cannot unmarshal"},
		"text":       {mapped(`, "headers": {"A": {"equalTo": [1]}}`, ``), "expected a text"},
		"header":     {mapped(``, `"headers": {"A": {"b": 1}}`), "expected a text or a list"},
		"both":       {mapped(`, "bodyPatterns": [{"equalTo": "b"}], "formParameters": {"a": {"equalTo": "1"}}`, ``), "both"},
		"cut off":    {full[:100], "truncated"},
		"cut list":   {`{"mappings": [` + full + `,` + full[:50], "truncated"},
		"more":       {full + full, "more stands behind"},
		"not a list": {`{"mappings": {}}`, "method or path"},
	} {
		t.Run(name, func(t *testing.T) {
			_, told := outcomes(t, c.file)
			if len(told) != 1 || !strings.Contains(told[0], c.want) {
				t.Errorf("told %q, want %q", told, c.want)
			}
		})
	}
}

func TestDamageBehindTheMapping(t *testing.T) {
	damaged := iotest.ErrReader(fmt.Errorf("gzip data is %w", traffic.ErrTruncated))
	r := NewReader("x", io.MultiReader(strings.NewReader(full), damaged))
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(); !errors.Is(err, traffic.ErrTruncated) {
		t.Errorf("got %v", err)
	}
}

// Each real mapping is either a record or left out with a kind; none is malformed.
func TestRealMappings(t *testing.T) {
	root := os.Getenv("HEADGATE_REALDATA")
	if root == "" {
		t.Skip("HEADGATE_REALDATA does not name the folder of real captures")
	}
	records, left := 0, 0
	for _, folder := range []string{"wiremock-workshop", "wiremock-docker", "wiremock.org-docs"} {
		err := filepath.WalkDir(filepath.Join(root, "stubs", folder), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".json" || strings.Contains(path, "__files") {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil || !Sniff(b) {
				return err
			}
			got, told := outcomes(t, string(b))
			for _, text := range told {
				if !strings.Contains(text, "left out: stub mappings") {
					t.Errorf("%s: %s", path, text)
				}
			}
			records, left = records+len(got), left+len(told)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records, %d left out", records, left)
	if records < 20 || left < 20 {
		t.Errorf("%d records and %d left out: expected at least 20 of each", records, left)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(full)
	f.Add(`{"mappings": [` + full + `]}`)
	f.Add(mapped(`, "headers": {"A": {"contains": "b"}}`, `"headers": {"A": {}}`))
	f.Fuzz(func(t *testing.T, file string) {
		records, _ := outcomes(t, file)
		for _, r := range records {
			if r.ID == "" || r.Request.Method == "" || !strings.HasPrefix(r.Request.URL, "/") {
				t.Errorf("record %+v", r)
			}
		}
	})
}
