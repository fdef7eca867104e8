package services

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Relay forwards TCP connections from an address that containers reach to one that only this machine does.
type Relay struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

// relayDial bounds how long the target may take to accept a connection.
const relayDial = 5 * time.Second

// NewRelay listens at an address, with port 0 at a free port, and forwards to the target.
func NewRelay(listen, target string) (*Relay, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("relay to %s: %w", target, err)
	}
	r := &Relay{listener: l, target: target, open: map[net.Conn]struct{}{}}
	r.running.Go(r.accept)
	return r, nil
}

// Addr is the host:port that it listens at.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Close ends listening and all connections. It is safe to call twice.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	for conn := range r.open {
		conn.Close()
	}
	r.mu.Unlock()
	err := r.listener.Close()
	r.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (r *Relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // out of file descriptors, most likely
			continue
		}
		if r.keep(conn) {
			r.running.Go(func() { r.forward(conn) })
		}
	}
}

// keep notes an open connection; after Close it is closed at once.
func (r *Relay) keep(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		conn.Close()
		return false
	}
	r.open[conn] = struct{}{}
	return true
}

func (r *Relay) drop(conn net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	conn.Close()
	delete(r.open, conn)
}

func (r *Relay) forward(client net.Conn) {
	defer r.drop(client)
	dialer := net.Dialer{Timeout: relayDial}
	server, err := dialer.DialContext(context.Background(), "tcp", r.target)
	if err != nil || !r.keep(server) {
		return
	}
	defer r.drop(server)
	var back sync.WaitGroup
	back.Go(func() { pipe(client, server) })
	pipe(server, client)
	back.Wait()
}

// pipe copies until the end of one direction and passes the end on, so that the other may go on.
func pipe(to, from net.Conn) {
	_, _ = io.Copy(to, from) // an error ends the connection, as it would without a relay
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
}
