package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/headgate-dev/headgate/traffic"
)

// Sink takes finished records. Put must not block; it returns false where the record was dropped.
type Sink interface {
	Put(r *traffic.Record) bool
}

// ProxyOptions say what a [Proxy] stands in front of and where its records go.
type ProxyOptions struct {
	// Name is the service that the records name.
	Name string
	// Target is the server: host:port, or the path of a Unix socket. Records have it as their host.
	Target string
	// TLS makes the connections to the server encrypted; nil means plain ones.
	TLS  *tls.Config
	Sink Sink
	// MaxMessage is as in [Options], and so is Begin, which is called from many goroutines.
	MaxMessage int
	Begin      func(at time.Time) (id, parent string)
	// Clock tells the time of records; nil means time.Now.
	Clock func() time.Time
}

// Health tells how complete a recording is.
type Health struct {
	// Connections counts those of clients, Recorded the records that were handed on.
	Connections, Recorded int64
	// Dropped counts the records that the sink did not take.
	Dropped int64
	// Lost counts how often the recording of a connection could not keep up with it: the statements under
	// way then are left out.
	Lost int64
	// Failed counts the connections that did not come about: no server, or a client that does not speak
	// the protocol. LastFailure is why the newest of them failed.
	Failed      int64
	LastFailure string
	// LeftOut counts what was no record, by its kind.
	LeftOut map[string]int64
}

// Proxy stands between clients and a Postgres server and records what passes. The bytes go through as they
// come, at once; they are read beside it, and where that cannot keep up the recording suffers.
//
// It answers a client's request for encryption with no, so that the traffic can be read: clients have to do
// without (sslmode=prefer and below; require cannot be recorded). Towards the server it can use TLS; then
// clients are not offered SCRAM with channel binding, which is made to refuse what stands in between.
type Proxy struct {
	o ProxyOptions

	mu     sync.Mutex
	health Health
}

// NewProxy checks the options and returns the proxy.
func NewProxy(o ProxyOptions) (*Proxy, error) {
	if o.Sink == nil {
		return nil, fmt.Errorf("postgres proxy for %s: it needs a sink", o.Name)
	}
	if _, _, err := net.SplitHostPort(o.Target); err != nil && network(o.Target) == "tcp" {
		return nil, fmt.Errorf("postgres proxy for %s: the target must be host:port or the path of a socket: %w", o.Name, err)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Proxy{o: o, health: Health{LeftOut: map[string]int64{}}}, nil
}

func network(target string) string {
	if strings.HasPrefix(target, "/") {
		return "unix"
	}
	return "tcp"
}

// Health is a copy of the counters.
func (p *Proxy) Health() Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.health
	h.LeftOut = maps.Clone(h.LeftOut)
	return h
}

func (p *Proxy) count(change func(*Health)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.health)
}

func (p *Proxy) failed(err error) {
	p.count(func(h *Health) {
		h.Failed++
		h.LastFailure = err.Error()
	})
}

func (p *Proxy) leftOut(kind string) { p.count(func(h *Health) { h.LeftOut[kind]++ }) }

func (p *Proxy) record(r *traffic.Record) {
	taken := p.o.Sink.Put(r)
	p.count(func(h *Health) {
		if taken {
			h.Recorded++
		} else {
			h.Dropped++
		}
	})
}

// Serve accepts connections until ctx ends or the listener fails. It then closes the listener and all
// connections, and returns when all that was seen has been handed on: nil where ctx had ended or the listener
// was closed. A connection for which there is no room just now counts as failed.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var open sync.WaitGroup
	defer open.Wait()
	defer cancel()
	defer l.Close()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for n := int64(1); ; n++ {
		client, err := l.Accept()
		switch {
		case err == nil:
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case !passing(err):
			return fmt.Errorf("accepting connections for %s: %w", p.o.Name, err)
		default:
			p.failed(fmt.Errorf("accepting a connection for %s: %w", p.o.Name, err))
			pause(ctx)
			continue
		}
		p.count(func(h *Health) { h.Connections++ })
		open.Go(func() { p.handle(ctx, client, fmt.Sprintf("%s/%d", p.o.Name, n)) })
	}
}

// passing tells whether the next connection may well be accepted: there is no room for one more, or it has gone.
func passing(err error) bool {
	for _, known := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// pause waits a little, or until ctx ends.
func pause(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

// handle passes on one connection.
func (p *Proxy) handle(ctx context.Context, client net.Conn, name string) {
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	first, err := hello(client)
	if errors.Is(err, errDenied) {
		p.leftOut(kindDenied)
		return
	}
	if err != nil {
		p.failed(fmt.Errorf("%s: %w", p.o.Name, err))
		return
	}
	server, err := p.dial(ctx)
	if err != nil {
		err = fmt.Errorf("%s does not answer: %w", p.o.Name, err)
		p.failed(err)
		client.Write(refusal(err)) //nolint:errcheck // the client is told if it is still there
		return
	}
	defer server.Close()
	stopServer := context.AfterFunc(ctx, func() { server.Close() })
	defer stopServer()
	p.pass(client, server, first, name)
}
