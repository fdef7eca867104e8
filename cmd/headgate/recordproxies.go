package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/capture"
	"github.com/headgate-dev/headgate/traffic/postgres"
)

func (rec *tape) openHop(ctx context.Context, h *hop) error {
	l, err := rec.listen(ctx, h.name, &h.listen)
	if err != nil {
		return err
	}
	tap, err := rec.newTap(h.name, h.direction)
	if err != nil {
		return err
	}
	proxy, err := capture.NewProxy(capture.Options{Tap: tap, Target: h.target, Roots: rec.roots})
	if err != nil {
		return err
	}
	rec.serve(l, proxy, proxy.Close)
	return nil
}

// listen opens an address, and puts the one that it has become in its place.
func (rec *tape) listen(ctx context.Context, name string, address *string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *address)
	if err != nil {
		return nil, refuseAddress(name, err)
	}
	rec.closing(func(context.Context) error {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	*address = l.Addr().String()
	rec.own = append(rec.own, *address)
	return l, nil
}

// serve serves at a listener until the end; what is behind it is closed then.
func (rec *tape) serve(l net.Listener, h http.Handler, behind func()) {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: time.Minute, IdleTimeout: 5 * time.Minute,
		ConnContext: rec.connections.Name, ErrorLog: log.New(io.Discard, "", 0),
		DisableGeneralOptionsHandler: true, // OPTIONS * is the service's to answer
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			rec.failed <- err
		}
	}()
	rec.closing(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close()
		}
		<-stopped
		behind()
		return err
	})
}

func (rec *tape) openForward(ctx context.Context) error {
	l, err := rec.listen(ctx, "forward proxy", &rec.forward)
	if err != nil {
		return err
	}
	authority, err := capture.NewAuthority(rec.known)
	if err != nil {
		return err
	}
	if err := rec.writeBundle(authority); err != nil {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: "choose another file with --trust"}
	}
	tap, err := rec.newTap(rec.name, traffic.Outbound)
	if err != nil {
		return err
	}
	proxy, err := capture.NewForward(capture.ForwardOptions{
		Tap: tap, Names: rec.names, Authority: authority, Pass: rec.pass, Roots: rec.roots,
		Own: func(address string) bool { return ownAddress(rec.own[1:], address) },
	})
	if err != nil {
		return err
	}
	rec.serve(l, proxy, proxy.Close)
	return nil
}

// ownAddress tells whether an address leads to one of those that are listened at, which names of this machine may
// do, too.
func ownAddress(own []string, address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(own, func(listened string) bool {
		at, atPort, err := net.SplitHostPort(listened)
		return err == nil && port == atPort && (host == at || isLocal(host) && isLocal(at))
	})
}

// isLocal tells whether a host is this machine, as clients call it, or all of its addresses.
func isLocal(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// writeBundle writes the certificates that the service is to trust: those that it trusts as it is, and that of
// the recording.
func (rec *tape) writeBundle(a *capture.Authority) error {
	content := slices.Concat(rec.trusted, a.PEM())
	if rec.trust != "" {
		rec.bundle = rec.trust
		return os.WriteFile(rec.trust, content, 0o644)
	}
	f, err := os.CreateTemp("", "headgate-trust-*.pem")
	if err != nil {
		return err
	}
	rec.bundle = f.Name()
	rec.closing(func(context.Context) error { return os.Remove(f.Name()) })
	_, err = f.Write(content)
	// The service may run as somebody else; there is no secret in it.
	return errors.Join(err, f.Chmod(0o644), f.Close())
}

func (rec *tape) openDatabase(ctx context.Context, d *database) error {
	l, err := rec.listen(ctx, d.name, &d.listen)
	if err != nil {
		return err
	}
	tap, err := rec.newTap(d.name, traffic.Outbound)
	if err != nil {
		return err
	}
	statements, err := capture.NewStatements(tap)
	if err != nil {
		return err
	}
	proxy, err := postgres.NewProxy(postgres.ProxyOptions{
		Name: d.name, Target: d.target, Sink: statements, Begin: statements.Begin,
	})
	if err != nil {
		return usage(err, "for example --postgres orders-db=127.0.0.1:6432=127.0.0.1:5432")
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := proxy.Serve(ctx, l); err != nil && ctx.Err() == nil {
			rec.failed <- fmt.Errorf("%s: %w", d.name, err)
		}
	}()
	rec.closing(func(context.Context) error {
		cancel()
		<-stopped
		h := proxy.Health()
		left := map[string]int64{}
		for kind, n := range h.LeftOut {
			left[kind+" ("+d.name+")"] = n
		}
		if h.Lost > 0 {
			left["times the statements of a connection could not be read as fast as they came ("+d.name+")"] = h.Lost
		}
		rec.tracker.Lost(h.Failed, h.LastFailure, left)
		return nil
	})
	return nil
}
