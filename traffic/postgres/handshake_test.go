package postgres

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// stand accepts one connection and does what a test wants with it.
func stand(t *testing.T, do func(net.Conn) error) (addr string, done <-chan error) {
	t.Helper()
	l := listener(t)
	ended := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			ended <- err
			return
		}
		defer c.Close()
		ended <- do(c)
	}()
	return l.Addr().String(), ended
}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0,
			0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}, pool
}

// TestProxyTLS speaks TLS to the server and takes the login that is bound to it off its offer.
func TestProxyTLS(t *testing.T) {
	config, pool := certificate(t)
	rest := slices.Concat(welcome.b[9:]) // behind AuthenticationOk
	target, served := stand(t, func(c net.Conn) error {
		if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
			return err
		}
		if _, err := c.Write([]byte{'S'}); err != nil {
			return err
		}
		secure := tls.Server(c, config)
		if _, err := io.ReadFull(secure, make([]byte, len(start.b))); err != nil {
			return err
		}
		offer := encoded(&pgproto3.AuthenticationSASL{AuthMechanisms: []string{
			"SCRAM-SHA-256-PLUS",
			"SCRAM-SHA-256",
		}}, nil)
		_, err := secure.Write(append(append(offer, encoded(&pgproto3.AuthenticationOk{}, nil)...), rest...))
		if err == nil {
			_, err = io.Copy(io.Discard, secure)
		}
		return err
	})
	addr, _, end := proxied(t, ProxyOptions{Target: target, TLS: &tls.Config{RootCAs: pool}})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(start.b); err != nil {
		t.Fatal(err)
	}
	f := pgproto3.NewFrontend(c, c)
	m, err := f.Receive()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := m.(*pgproto3.AuthenticationSASL); !ok || !slices.Equal(got.AuthMechanisms,
		[]string{"SCRAM-SHA-256"}) {
		t.Errorf("%#v", m)
	}
	until(t, f, ready)
	c.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, h := end(); h.Failed != 0 || len(h.LeftOut) != 0 {
		t.Errorf("%+v", h)
	}
}

// TestProxyHalfClosed ends what the client sends and waits for the rest of the answer.
func TestProxyHalfClosed(t *testing.T) {
	query := asked(&pgproto3.Query{String: "q"}).b
	target, served := stand(t, func(c net.Conn) error {
		all, err := io.ReadAll(c) // up to its end
		if err == nil && !bytes.HasSuffix(all, query) {
			err = errors.New("the query has not come")
		}
		if err == nil {
			_, err = c.Write(append(slices.Clone(welcome.b), simple("q", "v")[1].b...))
		}
		return err
	})
	addr, _, end := proxied(t, ProxyOptions{Target: target})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(append(slices.Clone(start.b), query...)); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(c)
	if err != nil || !bytes.HasSuffix(got, simple("q", "v")[1].b) {
		t.Errorf("%q, %v", got, err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, h := end(); h.Connections != 1 {
		t.Errorf("%+v", h)
	}
}

func TestProxyStrangers(t *testing.T) {
	tests := map[string]struct{ sent, want string }{
		"HTTP":    {"GET / HTTP/1.1\r\n\r\n", "does not speak Postgres"},
		"TLS":     {"\x16\x03\x01\x02\x00\x01\x00\x01", "sslmode=disable"},
		"nothing": {"", "first message"},
		"half":    {string(start.b[:12]), "first message"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			addr, p, _ := proxied(t, ProxyOptions{Target: "127.0.0.1:1"})
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write([]byte(test.sent)); err != nil {
				t.Fatal(err)
			}
			_ = c.(*net.TCPConn).CloseWrite() // the proxy may be faster
			_, _ = io.ReadAll(c)
			if h := p.Health(); h.Failed != 1 || !strings.Contains(h.LastFailure, test.want) {
				t.Errorf("%+v", h)
			}
		})
	}
}
