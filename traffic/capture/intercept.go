package capture

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"
)

// handshakeTime is how long one side may take for TLS.
const handshakeTime = 15 * time.Second

// intercept stands in for both sides of TLS, if both go along.
func (f *Forward) intercept(ctx context.Context, t *tunnel, client, upstream *link) {
	hello, said, err := readHello(ctx, client)
	client = &link{client.Conn, bufio.NewReader(io.MultiReader(strings.NewReader(said), client.in))}
	if err != nil {
		f.pass(t, client, upstream, "TLS that cannot be read")
		return
	}
	name := hello.ServerName
	if name == "" {
		name = t.host
	}
	ask := upstreamTLS{name: name, protocols: common(hello.SupportedProtos)}
	if len(ask.protocols) == 0 && len(hello.SupportedProtos) > 0 {
		f.pass(t, client, upstream, "no HTTP: "+oneLine(strings.Join(hello.SupportedProtos, ", ")))
		return
	}
	secured, err := f.secure(ctx, upstream, ask)
	if err != nil {
		f.untrusted(ctx, t, client, err)
		return
	}
	t.again = func(ctx context.Context) (net.Conn, error) {
		conn, err := dial(ctx, "tcp", t.address)
		if err != nil {
			return nil, err
		}
		return f.secure(ctx, conn, ask)
	}
	f.accept(ctx, t, client, secured)
}

// common are the protocols that can be recorded.
func common(offered []string) []string {
	return slices.DeleteFunc(slices.Clone(offered), func(p string) bool { return p != "h2" && p != "http/1.1" })
}

// errHello ends the reading of a client's hello.
var errHello = errors.New("the hello is read")

// listener hears a client's hello and says nothing.
type listener struct {
	*link

	said strings.Builder
}

func (l *listener) Read(b []byte) (int, error) {
	n, err := l.link.Read(b)
	l.said.Write(b[:n])
	return n, err
}

func (l *listener) Write(b []byte) (int, error) { return len(b), nil }

// readHello reads what a client begins TLS with, and returns the bytes.
func readHello(ctx context.Context, client *link) (hello *tls.ClientHelloInfo, said string, err error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	_ = client.SetReadDeadline(time.Now().Add(handshakeTime))
	defer func() { _ = client.SetReadDeadline(time.Time{}) }()
	l := &listener{link: client}
	err = tls.Server(l, &tls.Config{GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hello = h
		return nil, errHello
	}}).HandshakeContext(ctx)
	if hello != nil {
		err = nil
	}
	return hello, l.said.String(), err
}

// upstreamTLS is what an upstream is asked for: what the client has asked for.
type upstreamTLS struct {
	name      string
	protocols []string
}

// errAsked is why an upstream that wants to know its client cannot be recorded.
var errAsked = errors.New("it asks for the client's certificate")

// secure begins TLS with the upstream, whose connection it closes where that is not possible.
func (f *Forward) secure(ctx context.Context, upstream net.Conn, ask upstreamTLS) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	asked := false
	conn := tls.Client(upstream, &tls.Config{
		ServerName: ask.name, NextProtos: ask.protocols, RootCAs: f.Roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			asked = true
			return &tls.Certificate{}, nil
		},
	})
	err := conn.HandshakeContext(ctx)
	if asked {
		err = errAsked
	}
	if err != nil {
		upstream.Close()
		return nil, err
	}
	return conn, nil
}

// untrusted passes a client through to an upstream that TLS was not possible with from here. It is a new
// connection: the client's hello is still to be said.
func (f *Forward) untrusted(ctx context.Context, t *tunnel, client *link, why error) {
	text := why.Error()
	if op, ok := errors.AsType[*net.OpError](why); ok {
		text = op.Err.Error() // without the ports, which differ each time
	}
	reason := "TLS with it failed: " + oneLine(text)
	unknown := (*tls.CertificateVerificationError)(nil)
	switch {
	case errors.Is(why, errAsked):
		reason = why.Error()
		f.obscure(t.host, reason)
	case errors.As(why, &unknown):
		reason = "its certificate is not trusted here (see --upstream-ca): " + oneLine(unknown.Err.Error())
		f.obscure(t.host, reason)
	}
	conn, err := dial(ctx, "tcp", t.address)
	if err != nil {
		f.Tracker.failed(fmt.Errorf("%s: %w", t.address, err))
		f.drop(t)
		return
	}
	if f.hold(t, conn) {
		f.pass(t, client, newLink(conn), reason)
	}
}

// accept begins TLS with the client and serves what it sends.
func (f *Forward) accept(ctx context.Context, t *tunnel, client *link, upstream *tls.Conn) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	state := upstream.ConnectionState()
	config := &tls.Config{GetCertificate: func(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if h.ServerName == "" {
			return f.Authority.Leaf(t.host)
		}
		return f.Authority.Leaf(h.ServerName)
	}}
	if state.NegotiatedProtocol != "" {
		config.NextProtos = []string{state.NegotiatedProtocol}
	}
	conn := tls.Server(client, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		f.refusedBy(t, err)
		f.drop(t)
		return
	}
	t.scheme = "https"
	if state.NegotiatedProtocol != "" {
		f.enter(t, conn, upstream)
		return
	}
	inner, outer := newLink(conn), newLink(upstream)
	switch speaker := firstToSpeak(inner, outer); {
	case speaker != inner && silent(outer):
		f.splice(t, inner, outer)
	case speaker != inner:
		f.pass(t, inner, outer, "no HTTP within TLS: the server speaks first")
	case silent(inner):
		f.drop(t)
		f.suspect(t.host)
	case opens(inner, methods()...):
		f.enter(t, inner, outer)
	default:
		f.pass(t, inner, outer, "no HTTP within TLS")
	}
}

// refusedBy notes that a client did not go along with TLS. Where that is for the certificate, the host is
// passed through from now on.
func (f *Forward) refusedBy(t *tunnel, err error) {
	const reason = "the client does not accept the recording's certificate"
	if refusedCertificate(err) {
		f.Tracker.tunnelled(t.host, reason+", this connection failed")
		f.obscure(t.host, reason)
		return
	}
	f.Tracker.failed(fmt.Errorf("%s: TLS with the client: %w", t.address, err))
	f.suspect(t.host)
}

// refusedCertificate tells what a client has against a handshake. Those of OpenSSL and Java say it in the clear
// in TLS 1.3, where an encrypted message is expected: to the server it looks as if it was damaged.
func refusedCertificate(err error) bool {
	alert := (*net.OpError)(nil)
	if !errors.As(err, &alert) {
		return false
	}
	text := alert.Err.Error()
	return alert.Op == "remote error" && strings.Contains(text, "certificate") ||
		alert.Op == "local error" && strings.Contains(text, "bad record MAC")
}
