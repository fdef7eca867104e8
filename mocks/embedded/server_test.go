package embedded_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/brotli"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

func start(t *testing.T, mappings string) mocks.Server {
	t.Helper()
	stubs, err := mocks.ParseStubs("test.json", []byte(mappings))
	if err != nil {
		t.Fatal(err)
	}
	s, err := embedded.Provider{}.Start(t.Context(), &mocks.Plan{Name: "test", Stubs: stubs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func do(t *testing.T, req *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func request(t *testing.T, method, url string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestExactQuery(t *testing.T) {
	s := start(t, `{"request": {"method": "GET", "urlPath": "/a", "queryParameters": {"x": {"equalTo": "1"}}},
		"response": {}, "metadata": {"headgate": {"exactQuery": true, "ignoreQuery": ["ts"]}}}`)
	tests := map[string]int{
		"/a?x=1": 200, "/a?ts=1&x=1&ts=2": 200, "/a?x=1&y=2": 599, "/a?x=1&x=1": 599, "/a": 599, "/a?x=2": 599,
	}
	for target, want := range tests {
		t.Run(target, func(t *testing.T) {
			if resp, body := do(t, request(t, "GET", s.URL()+target, nil)); resp.StatusCode != want {
				t.Errorf("got %d %s, want %d", resp.StatusCode, body, want)
			}
		})
	}
}

func TestCodedBody(t *testing.T) {
	s := start(t, `{"request": {"url": "/a", "bodyPatterns": [{"equalToJson": {"a": 1}}]}, "response": {}}`)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	var brotlied bytes.Buffer
	b := brotli.NewWriter(&brotlied)
	if _, err := b.Write([]byte(`{"a": 1}`)); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		coding string
		body   []byte
		want   int
	}{
		"gzip":             {"gzip", zipped.Bytes(), 200},
		"brotli":           {"br", brotlied.Bytes(), 200},
		"not what it says": {"gzip", []byte(`{"a":1}`), 200},
		"broken":           {"gzip", zipped.Bytes()[:15], 599},
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, "POST", s.URL()+"/a", bytes.NewReader(tt.body))
			req.Header.Set("Content-Encoding", tt.coding)
			if resp, body := do(t, req); resp.StatusCode != tt.want {
				t.Errorf("got %d %s, want %d", resp.StatusCode, body, tt.want)
			}
		})
	}
}

func TestBodyTooLarge(t *testing.T) {
	s := start(t, `{"request": {}, "response": {}}`)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(make([]byte, 64<<20+1)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	req := request(t, "POST", s.URL()+"/a", &zipped)
	req.Header.Set("Content-Encoding", "gzip")
	resp, _ := do(t, req)
	if j := s.Journal(); resp.StatusCode != 413 || resp.Header.Get(mocks.MissHeader) == "" || j.Unmatched != 1 {
		t.Errorf("got %d, %+v", resp.StatusCode, j)
	}
}

func TestMissAnswer(t *testing.T) {
	s := start(t, `{"name": "one", "id": "1", "request": {"method": "GET", "url": "/s?id=1"}, "response": {}}`)
	resp, body := do(t, request(t, "GET", s.URL()+"/s?id=2", nil))
	var got struct {
		Error   string
		Request struct{ Method, URL string }
		Nearest []struct {
			Name        string
			Differences []mocks.Difference
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 599 || got.Error != "no stub matches" || got.Request.URL != "/s?id=2" ||
		got.Nearest[0].Name != "one" ||
		got.Nearest[0].Differences[0] != (mocks.Difference{Where: "query.id", Expected: "1", Actual: "2"}) {
		t.Errorf("got %s", body)
	}
}

// Nobody keeps more of misses than the first hundred, but all are counted.
func TestMissesAreBounded(t *testing.T) {
	s := start(t, `{"request": {"url": "/a"}, "response": {}}`)
	for i := range 120 {
		do(t, request(t, "GET", fmt.Sprintf("%s/miss/%d", s.URL(), i), nil))
	}
	big := request(t, "POST", s.URL()+"/a", strings.NewReader("x"))
	do(t, big)
	if j := s.Journal(); len(j.Misses) != 100 || j.Unmatched != 120 || j.Matched != 1 {
		t.Errorf("got %d misses, %d unmatched", len(j.Misses), j.Unmatched)
	}
	if err := s.Rewind(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(t, request(t, "POST", s.URL()+"/b", strings.NewReader(strings.Repeat("x", 2<<20))))
	if m := s.Journal().Misses[0]; m.Candidate != nil || len(m.Request.Body) != 1<<20 {
		t.Errorf("a huge miss keeps %d bytes and %v", len(m.Request.Body), m.Candidate)
	}
}

func TestClientThatLeaves(t *testing.T) {
	s := start(t, `{"mappings": [
		{"request": {"url": "/slow"}, "response": {"fixedDelayMilliseconds": 60000}},
		{"request": {"url": "/drip"}, "response": {"body": "abcdef",
		 "chunkedDribbleDelay": {"numberOfChunks": 3, "totalDuration": 90000}}},
		{"request": {"url": "/fast"}, "response": {"body": "x"}}]}`)
	for _, target := range []string{"/slow", "/drip"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		resp, err := http.DefaultClient.Do(request(t, "GET", s.URL()+target, nil).WithContext(ctx))
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Errorf("%s was answered", target)
		}
		cancel()
	}
	if _, body := do(t, request(t, "GET", s.URL()+"/fast", nil)); body != "x" {
		t.Errorf("got %q", body)
	}
}

// An answer with a reason phrase of its own, and no invented content type anywhere.
func TestAnswerOnTheWire(t *testing.T) {
	s := start(t, `{"mappings": [
		{"request": {"url": "/m"}, "response": {"status": 404, "statusMessage": "Gone Fishing",
		 "headers": {"x-a": ["1", "2"]}, "body": "<p>"}},
		{"request": {"url": "/t"}, "response": {"body": "<p>"}}]}`)
	resp, body := do(t, request(t, "GET", s.URL()+"/m", nil))
	if resp.Status != "404 Gone Fishing" || body != "<p>" || len(resp.Header["X-A"]) != 2 {
		t.Errorf("got %s %q %v", resp.Status, body, resp.Header)
	}
	resp, _ = do(t, request(t, "GET", s.URL()+"/t", nil))
	if ct := resp.Header["Content-Type"]; len(ct) != 0 {
		t.Errorf("content type %q", ct)
	}
}

func TestAddressInUse(t *testing.T) {
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = embedded.Provider{Addr: l.Addr().String()}.Start(t.Context(), &mocks.Plan{Name: "pay"})
	if err == nil || !strings.Contains(err.Error(), "starting mock pay") {
		t.Errorf("got %v", err)
	}
}
