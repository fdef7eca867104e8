package capture

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func TestForwardRecords(t *testing.T) {
	cases := map[string]struct {
		secured   bool
		protocols []string
		want      string
	}{
		"http":             {false, nil, "HTTP/1.1"},
		"https":            {true, []string{"http/1.1"}, "HTTP/1.1"},
		"https and HTTP/2": {true, nil, "HTTP/2.0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			server := httptest.NewServer(http.HandlerFunc(hello))
			t.Cleanup(server.Close)
			if c.secured {
				server = s.upstream(t, hello, func(config *tls.Config) { config.NextProtos = c.protocols })
			}
			address := server.Listener.Addr().String()
			for range 3 {
				status, body, err := get(t, s.client, server.URL+"/a%2Fb?x=1;y&z=%zz")
				if want := c.want + " " + address + " /a%2Fb?x=1;y&z=%zz"; err != nil || status != 200 || body != want {
					t.Fatalf("got %d %q, %v; want %q", status, body, err, want)
				}
			}
			s.finish()
			if diff := cmp.Diff(Health{Outbound: 3, Unprompted: 3}, timeless(s.tracker)); diff != "" {
				t.Errorf("health (-want +got):\n%s", diff)
			}
			for _, r := range s.sink.all() {
				if r.Service != address || r.Request.Host != address || r.Request.URL != "/a%2Fb?x=1;y&z=%zz" ||
					r.Direction != traffic.Outbound || string(r.Response.Body) == "" || r.Connection == "" {
					t.Errorf("recorded %+v %+v", r, r.Request)
				}
			}
		})
	}
}

func TestForwardPassesThrough(t *testing.T) {
	cases := map[string]struct {
		change func(*ForwardOptions)
		server func(*tls.Config)
		client func(*stage) *tls.Config
		reason string
	}{
		"no interception":  {func(o *ForwardOptions) { o.Authority = nil }, nil, nil, "not intercepted"},
		"host by name":     {func(o *ForwardOptions) { o.Pass = []string{"127.0.0.1"} }, nil, nil, "not to be intercepted"},
		"hosts by pattern": {func(o *ForwardOptions) { o.Pass = []string{"*.0.1"} }, nil, nil, "not to be intercepted"},
		"not trusted":      {func(o *ForwardOptions) { o.Roots = x509.NewCertPool() }, nil, nil, "not trusted here"},
		"client certificate": {nil, func(c *tls.Config) {
			c.ClientAuth = tls.RequestClientCert
		}, nil, "asks for the client's"},
		"another protocol": {nil, func(c *tls.Config) { c.NextProtos = []string{"mqtt"} }, func(s *stage) *tls.Config {
			return &tls.Config{RootCAs: pool(s.outside), NextProtos: []string{"mqtt"}}
		}, "no HTTP: mqtt"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, c.change)
			server := s.upstream(t, hello, c.server)
			trusting := s.newClient(s.outside)
			if c.client != nil {
				transport := trusting.Transport.(*http.Transport)
				transport.TLSClientConfig, transport.ForceAttemptHTTP2 = c.client(s), false
			}
			for range 2 {
				_, _, err := get(t, trusting, server.URL)
				trusting.CloseIdleConnections()
				if err != nil && c.client == nil {
					t.Fatal(err)
				}
			}
			s.finish()
			h := s.tracker.Health()
			reasons := h.Tunnels["127.0.0.1"]
			if len(reasons) != 1 || h.Outbound != 0 {
				t.Fatalf("health %+v", h)
			}
			for reason, n := range reasons {
				if !strings.Contains(reason, c.reason) || n != 2 {
					t.Errorf("%d times %q, want 2 times %q", n, reason, c.reason)
				}
			}
			if lines := strings.Join(h.Losses(), "\n"); !strings.Contains(lines, "2 connections to 127.0.0.1 were passed") {
				t.Errorf("losses %s", lines)
			}
		})
	}
}

func TestForwardRefuses(t *testing.T) {
	s := newStage(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	res, err := s.client.Do(newRequest(t, http.MethodGet, "http://"+nobody+"/x", nil))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadGateway || res.Header.Get(FailedHeader) == "" {
		t.Errorf("status %d, header %v", res.StatusCode, res.Header)
	}
	if _, _, err := get(t, s.client, "https://"+nobody+"/x"); err == nil || !strings.Contains(err.Error(), "Bad Gateway") {
		t.Errorf("error is %v", err)
	}
	for _, scheme := range []string{"http", "https"} {
		self := scheme + "://" + s.front.Listener.Addr().String()
		status, body, err := get(t, s.client, self)
		refused := err != nil && strings.Contains(err.Error(), "Bad Gateway")
		if !refused && (status != http.StatusBadGateway || !strings.Contains(body, errLoop.Error())) {
			t.Errorf("a loop is answered with %d %q, %v", status, body, err)
		}
	}
	status, body, err := get(t, http.DefaultClient, s.front.URL+"/direct")
	if err != nil || status != http.StatusBadRequest {
		t.Errorf("a direct request is answered with %d %q, %v", status, body, err)
	}
	http.DefaultClient.CloseIdleConnections()
	s.finish()
	if h := s.tracker.Health(); h.Failed != 4 || h.Outbound != 0 {
		t.Errorf("health %+v", h)
	}
}

func TestForwardDoesNotRecordItsOwn(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(hello))
	t.Cleanup(server.Close)
	s := newStage(t, func(o *ForwardOptions) {
		o.Own = func(address string) bool { return address == server.Listener.Addr().String() }
	})
	if status, _, err := get(t, s.client, server.URL); err != nil || status != http.StatusOK {
		t.Errorf("status %d, error %v", status, err)
	}
	in, conn := s.tunnelTo(t, server.Listener.Addr().String())
	fmt.Fprint(conn, "GET /x HTTP/1.0\r\n\r\n")
	if answer, err := io.ReadAll(in); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.0 200") {
		t.Errorf("got %q, %v", answer, err)
	}
	s.finish()
	if diff := cmp.Diff(Health{}, s.tracker.Health()); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

func TestOriginForm(t *testing.T) {
	cases := map[string]string{
		"http://a.example":             "/",
		"http://a.example/":            "/",
		"http://a.example?x=1":         "/?x=1",
		"http://a.example:80/a%2Fb?%z": "/a%2Fb?%z",
		"/already":                     "/already",
	}
	for target, want := range cases {
		if got := originForm(target); got != want {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
}

func TestDialTellsLoops(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx := context.WithValue(t.Context(), http.LocalAddrContextKey, l.Addr())
	if _, err := dial(ctx, "tcp", l.Addr().String()); !errors.Is(err, errLoop) {
		t.Errorf("error is %v", err)
	}
}
