package http1

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func wire(lines ...string) string { return strings.Join(lines, "\r\n") }

func TestRequest(t *testing.T) {
	cases := map[string]struct {
		raw  string
		want traffic.Request
		rest string
	}{
		"no body": {
			wire("GET /a?b=c HTTP/1.1", "Host: h:80", "accept: x", "", "NEXT"),
			traffic.Request{Method: "GET", URL: "/a?b=c", Host: "h:80", Header: http.Header{"Accept": {"x"}}},
			"NEXT",
		},
		"bare line feeds, spaces in the target": {
			"GET /a b HTTP/1.0\nX: 1\nX:2\n\n",
			traffic.Request{Method: "GET", URL: "/a b", Header: http.Header{"X": {"1", "2"}}},
			"",
		},
		"folded": {
			wire("GET / HTTP/1.1", "X: 1", "  2", "", ""),
			traffic.Request{Method: "GET", URL: "/", Header: http.Header{"X": {"1 2"}}},
			"",
		},
		"length": {
			wire("POST / HTTP/1.1", "Content-Length: 2", "", "hiNEXT"),
			traffic.Request{
				Method: "POST", URL: "/", Header: http.Header{"Content-Length": {"2"}}, Body: []byte("hi"),
			},
			"NEXT",
		},
		"chunked": {
			wire("POST / HTTP/1.1", "Transfer-Encoding: Chunked", "", "2;x=y", "hi", "1", "!", "0", "T: 1", "", "NEXT"),
			traffic.Request{
				Method: "POST", URL: "/", Header: http.Header{"Transfer-Encoding": {"Chunked"}}, Body: []byte("hi!"),
			},
			"NEXT",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, rest, err := Request([]byte(c.raw), false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&c.want, r); diff != "" || string(rest) != c.rest {
				t.Errorf("rest %q\n%s", rest, diff)
			}
		})
	}
}

func TestResponse(t *testing.T) {
	cases := map[string]struct {
		raw, method string
		final       bool
		status      int
		body, rest  string
	}{
		"length":         {wire("HTTP/1.1 200 OK", "Content-Length: 2", "", "hiNEXT"), "GET", false, 200, "hi", "NEXT"},
		"no reason":      {wire("HTTP/1.1 204", "", "NEXT"), "GET", false, 204, "", "NEXT"},
		"HEAD":           {wire("HTTP/1.1 200 OK", "Content-Length: 20", "", "NEXT"), "HEAD", false, 200, "", "NEXT"},
		"interim":        {wire("HTTP/1.1 100 Continue", "", "HTTP/1.1 304 x", "", "NEXT"), "GET", false, 304, "", "NEXT"},
		"to the end":     {wire("HTTP/1.0 200 OK", "", "all of it"), "GET", true, 200, "all of it", ""},
		"chunked":        {wire("HTTP/1.1 200", "Transfer-Encoding: chunked", "", "0", "", "N"), "GET", false, 200, "", "N"},
		"upgrade":        {wire("HTTP/1.1 101 Up", "Upgrade: x", "", "frames"), "GET", false, 101, "", "frames"},
		"CONNECT tunnel": {wire("HTTP/1.1 200 OK", "", "bytes"), "CONNECT", false, 200, "", "bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, rest, err := Response([]byte(c.raw), c.method, c.final)
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != c.status || string(r.Body) != c.body || string(rest) != c.rest {
				t.Errorf("got %d %q, rest %q", r.Status, r.Body, rest)
			}
		})
	}
}

func TestCutOff(t *testing.T) {
	whole := wire("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "a;b=c", "0123456789", "0", "", "")
	for n := range len(whole) {
		if _, _, err := Response([]byte(whole[:n]), "GET", false); !errors.Is(err, ErrIncomplete) {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	r, _, err := Response([]byte(whole[:len(whole)-8]), "GET", true)
	if err != nil || r.Body != nil || r.Header.Get(traffic.TruncatedHeader) == "" {
		t.Errorf("got %v, %v", r, err)
	}
	q, _, err := Request([]byte(wire("POST / HTTP/1.1", "Content-Length: 9", "", "hi")), true)
	if err != nil || q.Header.Get(traffic.TruncatedHeader) != "2" {
		t.Errorf("got %v, %v", q, err)
	}
}

func TestRefused(t *testing.T) {
	cases := map[string]string{
		"no HTTP":        "\x16\x03\x01\x02\r\n\r\n",
		"HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"header":         "GET / HTTP/1.1\r\nno colon\r\n\r\n",
		"no folding":     "GET / HTTP/1.1\r\nX: 1\r\n\vY\r\n\r\n",
		"length":         "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"chunk":          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"chunk end":      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
		"gzip":           "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\nab",
		"endless head":   "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", MaxHead),
	}
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			if r, _, err := Request([]byte(raw), false); err == nil || errors.Is(err, ErrIncomplete) {
				t.Errorf("got %v, %v", r, err)
			}
		})
	}
	for name, raw := range map[string]string{
		"not HTTP":        "ICY 200 OK\r\n\r\n",
		"endless interim": strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", MaxHead/20),
	} {
		t.Run(name, func(t *testing.T) {
			if r, _, err := Response([]byte(raw), "GET", true); err == nil || errors.Is(err, ErrIncomplete) {
				t.Errorf("got %v, %v", r, err)
			}
		})
	}
}

func FuzzMessages(f *testing.F) {
	f.Add([]byte(wire("POST /a HTTP/1.1", "Content-Length: 2", "", "hi")), true)
	f.Add([]byte(wire("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "2", "hi", "0", "", "")), false)
	f.Fuzz(func(t *testing.T, raw []byte, final bool) {
		if r, rest, err := Request(raw, final); err == nil && (r.Method == "" || len(rest) > len(raw)) {
			t.Errorf("got %v and %d bytes left", r, len(rest))
		}
		if r, rest, err := Response(raw, "GET", final); err == nil && (r.Status < 100 || len(rest) > len(raw)) {
			t.Errorf("got %v and %d bytes left", r, len(rest))
		}
	})
}
