package capture

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// blunt is a client's connection that refuses TLS in the clear, as OpenSSL does.
type blunt struct {
	net.Conn

	said bool
}

// Write lets the hello through and nothing else.
func (b *blunt) Write(p []byte) (int, error) {
	if b.said {
		p = []byte("\x15\x03\x03\x00\x02\x02\x30") // fatal: unknown certificate authority
	}
	b.said = true
	return b.Conn.Write(p)
}

// TestForwardGivesWay has a client that trusts nobody but the outside: it fails once, and is let through then.
func TestForwardGivesWay(t *testing.T) {
	cases := map[string]func(*stage, net.Conn) error{
		"encrypted": func(s *stage, c net.Conn) error {
			return tls.Client(c, &tls.Config{RootCAs: pool(s.outside), ServerName: "127.0.0.1"}).Handshake()
		},
		"in the clear": func(s *stage, c net.Conn) error {
			return tls.Client(&blunt{Conn: c}, &tls.Config{RootCAs: pool(s.outside), ServerName: "127.0.0.1"}).Handshake()
		},
	}
	for name, refuse := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			server := s.upstream(t, hello, nil)
			in, conn := s.tunnelTo(t, server.Listener.Addr().String())
			if err := refuse(s, conn); err == nil {
				t.Error("the certificate of the recording was accepted")
			}
			_, _ = io.Copy(io.Discard, in) // until the proxy has understood
			conn.Close()
			pinned := s.newClient(s.outside)
			if status, _, err := get(t, pinned, server.URL); err != nil || status != 200 {
				t.Errorf("status %d, error %v", status, err)
			}
			pinned.CloseIdleConnections()
			s.finish()
			if h := s.tracker.Health(); len(h.Tunnels["127.0.0.1"]) != 2 || h.Failed != 0 {
				t.Errorf("health %+v", h)
			}
		})
	}
}

func TestForwardHTTPInATunnel(t *testing.T) {
	s := newStage(t, func(o *ForwardOptions) { o.Names = map[string]string{"127.0.0.1": "levels"} })
	server := httptest.NewServer(http.HandlerFunc(hello))
	t.Cleanup(server.Close)
	in, conn := s.tunnelTo(t, server.Listener.Addr().String())
	fmt.Fprint(conn, "GET /x HTTP/1.1\r\nHost: shop.example\r\n\r\n")
	res, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "HTTP/1.1 shop.example /x" {
		t.Errorf("got %q, %v", body, err)
	}
	conn.Close()
	s.finish()
	if n := len(s.sink.all()); n != 1 || s.sink.all()[0].Service != "shop.example" {
		t.Errorf("%d records, health %+v", n, s.tracker.Health())
	}
}

func TestForwardOtherProtocols(t *testing.T) {
	greet := func(c net.Conn) { fmt.Fprint(c, "220 ready\r\n") }
	answer := func(c net.Conn) {
		line, _ := bufio.NewReader(c).ReadString('\n')
		fmt.Fprint(c, "you said "+line)
	}
	cases := map[string]struct {
		talk         func(net.Conn)
		secured      bool
		say, hear    string
		reason       string
		closeWriting bool
	}{
		"server first":            {greet, false, "", "220 ready\r\n", "speaks first", false},
		"client first":            {answer, false, "hello\n", "you said hello\n", "neither", false},
		"like a method":           {answer, false, "GETTING\n", "you said GETTING\n", "neither", false},
		"half closed":             {func(c net.Conn) { _, _ = io.Copy(c, c) }, false, "ping\n", "ping\n", "neither", true},
		"server first within TLS": {greet, true, "", "220 ready\r\n", "within TLS: the server", false},
		"client first within TLS": {answer, true, "hello\n", "you said hello\n", "no HTTP within TLS", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			var secured *tls.Config
			if c.secured {
				leaf, err := s.outside.Leaf("127.0.0.1")
				if err != nil {
					t.Fatal(err)
				}
				secured = &tls.Config{Certificates: []tls.Certificate{*leaf}}
			}
			in, conn := s.tunnelTo(t, talker(t, secured, c.talk))
			var client io.ReadWriter = struct {
				io.Reader
				io.Writer
			}{in, conn}
			if c.secured {
				client = tls.Client(conn, &tls.Config{RootCAs: pool(s.own), ServerName: "127.0.0.1"})
			}
			if tlsConn, ok := client.(*tls.Conn); ok {
				if err := tlsConn.Handshake(); err != nil {
					t.Fatal(err)
				}
			}
			fmt.Fprint(client, c.say)
			if c.closeWriting {
				_ = conn.(*net.TCPConn).CloseWrite()
			}
			heard := make([]byte, len(c.hear))
			if _, err := io.ReadFull(client, heard); err != nil || string(heard) != c.hear {
				t.Errorf("heard %q, %v", heard, err)
			}
			conn.Close()
			s.finish()
			lines := strings.Join(s.tracker.Health().Losses(), "\n")
			if !strings.Contains(lines, c.reason) || len(s.forward.open) != 0 {
				t.Errorf("losses %q, %d open", lines, len(s.forward.open))
			}
		})
	}
}

func TestForwardUpgradesWithinTLS(t *testing.T) {
	s := newStage(t, nil)
	server := s.upstream(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_ = rw.Flush()
		_, _ = io.CopyN(conn, rw, 4)
	}, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	req := newRequest(t, http.MethodGet, server.URL+"/ws", nil)
	req.Header.Set("Connection", "Upgrade")
	req.Header.Set("Upgrade", "echo")
	s.client.Transport.(*http.Transport).ForceAttemptHTTP2 = false
	res, err := s.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	conn := res.Body.(io.ReadWriteCloser)
	defer conn.Close()
	fmt.Fprint(conn, "ping")
	if answer, err := io.ReadAll(conn); string(answer) != "ping" {
		t.Errorf("got %q, %v", answer, err)
	}
	conn.Close()
	s.finish()
	if h := s.tracker.Health(); h.Upgraded != 1 || h.Failed != 0 || len(s.forward.open) != 0 {
		t.Errorf("health %+v, %d open", h, len(s.forward.open))
	}
}

func TestForwardCloseEndsTunnels(t *testing.T) {
	s := newStage(t, nil)
	address := talker(t, nil, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	silent, _ := s.tunnelTo(t, address)
	chatty, conn := s.tunnelTo(t, address)
	fmt.Fprint(conn, "anything\n")
	s.forward.Close()
	for name, in := range map[string]*bufio.Reader{"silent": silent, "chatty": chatty} {
		if _, err := in.ReadByte(); err == nil {
			t.Errorf("the %s tunnel is still there", name)
		}
	}
}

func TestForwardSuspects(t *testing.T) {
	s := newStage(t, nil)
	negotiating := s.upstream(t, hello, func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} })
	silent := s.upstream(t, hello, nil) // answers HTTP/1.1 and does not say so
	for _, server := range []*httptest.Server{negotiating, silent} {
		_, conn := s.tunnelTo(t, server.Listener.Addr().String())
		client := tls.Client(conn, &tls.Config{
			RootCAs: pool(s.own), ServerName: "127.0.0.1", NextProtos: []string{"http/1.1"},
		})
		if err := client.HandshakeContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		client.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); s.forward.passes("127.0.0.1") == "" && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if reason := s.forward.passes("127.0.0.1"); !strings.Contains(reason, "goes away") {
		t.Errorf("passed through because of %q; health %+v", reason, s.tracker.Health())
	}
	s.forward.trusted("proven")
	s.forward.suspect("proven")
	s.forward.suspect("proven")
	if reason := s.forward.passes("proven"); reason != "" {
		t.Errorf("a host that has worked is passed through: %s", reason)
	}
}

func TestForwardExpires(t *testing.T) {
	old, err := NewAuthority(time.Now().Add(-25 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(o *ForwardOptions) { o.Authority = old })
	server := s.upstream(t, hello, nil)
	client := s.newClient(s.outside)
	if status, _, err := get(t, client, server.URL); err != nil || status != http.StatusOK {
		t.Errorf("status %d, error %v", status, err)
	}
	client.CloseIdleConnections()
	s.finish()
	if lines := strings.Join(s.tracker.Health().Losses(), "\n"); !strings.Contains(lines, "expired") {
		t.Errorf("losses %q", lines)
	}
}

// TestForwardSilentTunnel has a server that ends a connection that nobody has used: nothing is missing then.
func TestForwardSilentTunnel(t *testing.T) {
	s := newStage(t, nil)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}()
	in, conn := s.tunnelTo(t, l.Addr().String())
	if n, err := io.Copy(io.Discard, in); n != 0 || err != nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	conn.Close()
	<-served
	s.finish()
	if losses := s.tracker.Health().Losses(); len(losses) != 0 {
		t.Errorf("losses %q", losses)
	}
}

func TestTunnelReasonsAreBounded(t *testing.T) {
	tracker := NewTracker()
	for i := range 100 {
		tracker.tunnelled("a", fmt.Sprint("reason ", i))
	}
	reasons := tracker.Health().Tunnels["a"]
	if len(reasons) != maxReasons+1 || reasons[otherReasons] != 100-maxReasons {
		t.Errorf("%d reasons, %d others", len(reasons), reasons[otherReasons])
	}
}
