package capture

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// stage is a client, a recording forward proxy, and what signs the certificates of the outside.
type stage struct {
	sink    *memory
	tracker *Tracker
	forward *Forward
	front   *httptest.Server
	outside *Authority
	own     *Authority
	client  *http.Client
}

func newStage(t *testing.T, change func(*ForwardOptions)) *stage {
	t.Helper()
	s := &stage{sink: &memory{}, tracker: NewTracker(), outside: newAuthority(t), own: newAuthority(t)}
	o := ForwardOptions{
		Tap:       Tap{Direction: traffic.Outbound, Sink: s.sink, Tracker: s.tracker},
		Authority: s.own, Roots: pool(s.outside),
	}
	if change != nil {
		change(&o)
	}
	var err error
	if s.forward, err = NewForward(o); err != nil {
		t.Fatal(err)
	}
	s.front = httptest.NewUnstartedServer(s.forward)
	s.front.Config.ConnContext = NewConnections().Name
	s.front.Start()
	s.client = s.newClient(s.own)
	t.Cleanup(s.finish)
	return s
}

// newClient trusts what the authority has signed.
func (s *stage) newClient(trusted *Authority) *http.Client {
	proxy, _ := url.Parse(s.front.URL)
	return &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool(trusted)}, ForceAttemptHTTP2: true,
	}}
}

// finish ends all connections, after which every record is there.
func (s *stage) finish() {
	s.client.CloseIdleConnections()
	s.front.Close()
	s.forward.Close()
}

func newAuthority(t *testing.T) *Authority {
	t.Helper()
	a, err := NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func pool(a *Authority) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.PEM())
	return roots
}

// upstream is an https server of the outside.
func (s *stage) upstream(t *testing.T, h http.HandlerFunc, change func(*tls.Config)) *httptest.Server {
	t.Helper()
	leaf, err := s.outside.Leaf("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	server.EnableHTTP2 = true
	server.TLS = &tls.Config{Certificates: []tls.Certificate{*leaf}}
	if change != nil {
		change(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, c *http.Client, target string) (status int, body string, err error) {
	t.Helper()
	res, err := c.Do(newRequest(t, http.MethodGet, target, nil))
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s %s %s", r.Proto, r.Host, r.RequestURI)
}

// tunnelTo asks for a tunnel and returns it once it is there.
func (s *stage) tunnelTo(t *testing.T, address string) (*bufio.Reader, net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", s.front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", address, address)
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, &http.Request{Method: http.MethodConnect})
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("CONNECT: %+v, %v", res, err)
	}
	return in, conn
}

// talker is a server of another protocol: it greets, or answers what it is told.
func talker(t *testing.T, secured *tls.Config, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if secured != nil {
		l = tls.NewListener(l, secured)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				talk(c)
			}()
		}
	}()
	return l.Addr().String()
}
