package capture

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/headgate-dev/headgate/traffic"
)

// TestProxyKeepsTheTarget has targets that Go would write in another way.
func TestProxyKeepsTheTarget(t *testing.T) {
	cases := map[string]string{
		"bar":           "/a|b",
		"braces":        `/a/{id}"x?y={z}|"`,
		"slashes":       "//a//b/",
		"escaped":       "/a%2Fb%7c?x=%zz;y",
		"question mark": "/a?",
		"dots":          "/a/../b/./",
		"all":           "*",
	}
	saying := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RequestURI)
	}))
	saying.Config.DisableGeneralOptionsHandler = true
	saying.Start()
	defer saying.Close()
	b := newBench(t, echo, func(o *Options) { o.Target, _ = url.Parse(saying.URL) })
	for name, target := range cases {
		t.Run(name, func(t *testing.T) {
			if got := speak(t, b.url, "OPTIONS "+target+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"); got != target {
				t.Errorf("the upstream saw %q, want %q", got, target)
			}
		})
	}
}

func TestProxyPassesTrailersOfRequests(t *testing.T) {
	b := newBench(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v %s", body, err, r.Trailer.Get("X-Sum"))
	}, nil)
	got := speak(t, b.url, "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"+
		"Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n")
	if got != "abc <nil> 42" {
		t.Errorf("the upstream saw %q", got)
	}
}

func TestProxyRefusesLoops(t *testing.T) {
	front := httptest.NewUnstartedServer(nil)
	target := &url.URL{Scheme: "http", Host: front.Listener.Addr().String()}
	tracker := NewTracker()
	p, err := NewProxy(Options{
		Tap: Tap{Name: "orders", Direction: traffic.Inbound, Sink: &memory{}, Tracker: tracker}, Target: target,
	})
	if err != nil {
		t.Fatal(err)
	}
	front.Config.Handler = p
	front.Start()
	defer p.Close()
	defer front.Close()
	got := speak(t, front.URL, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
	if h := tracker.Health(); !strings.Contains(got, errLoop.Error()) || h.Failed != 1 {
		t.Errorf("got %q, health %+v", got, h)
	}
}

// speak sends text to a server and returns the body of its answer.
func speak(t *testing.T, url, text string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestForwardKeepsTheTarget(t *testing.T) {
	s := newStage(t, nil)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.RequestURI)
	}))
	t.Cleanup(server.Close)
	for sent, want := range map[string]string{"/a|b?x={y}": "/a|b?x={y}", "": "/", "?x=1": "/?x=1", "/%7c//": "/%7c//"} {
		t.Run(sent, func(t *testing.T) {
			got := speak(t, s.front.URL, "GET "+server.URL+sent+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if got != want {
				t.Errorf("the upstream saw %q, want %q", got, want)
			}
		})
	}
	s.finish()
	for _, r := range s.sink.all() {
		if r.Request.URL != string(r.Response.Body) {
			t.Errorf("recorded %s, answered %s", r.Request.URL, r.Response.Body)
		}
	}
}
