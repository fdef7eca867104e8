package postgres

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// patience is how long a client may take to say hello, and a server to answer.
const patience = 10 * time.Second

// Reasons why a client cannot be served. One that is denied encryption may well come again without.
var (
	errDenied = errors.New("the client went away when it was denied encryption")
	errDirect = errors.New("the client begins with TLS, which cannot be recorded: use sslmode=disable")
)

// hello reads a client's first message that is no request for encryption; those are denied.
func hello(client net.Conn) ([]byte, error) {
	if err := client.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, fmt.Errorf("setting a deadline: %w", err)
	}
	denied := false
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(client, head); err != nil {
			if denied {
				return nil, errDenied
			}
			return nil, fmt.Errorf("reading the client's first message: %w", err)
		}
		size, code := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
		switch {
		case head[0] == 0x16:
			return nil, errDirect
		case !Starts(head):
			return nil, fmt.Errorf("the client does not speak Postgres: it begins with %q", head)
		case code == codeSSL || code == codeGSS:
			denied = true
			if _, err := client.Write([]byte{'N'}); err != nil {
				return nil, fmt.Errorf("denying encryption: %w", err)
			}
			continue
		}
		first := make([]byte, size)
		copy(first, head)
		if _, err := io.ReadFull(client, first[8:]); err != nil {
			return nil, fmt.Errorf("reading the client's first message: %w", err)
		}
		return first, client.SetReadDeadline(time.Time{})
	}
}

// dial connects to the server.
func (p *Proxy) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	server, err := new(net.Dialer).DialContext(ctx, network(p.o.Target), p.o.Target)
	if err != nil || p.o.TLS == nil {
		return server, err
	}
	secure, err := p.encrypt(ctx, server)
	if err != nil {
		server.Close()
		return nil, err
	}
	return secure, nil
}

func (p *Proxy) encrypt(ctx context.Context, server net.Conn) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), codeSSL)
	if _, err := server.Write(request); err != nil {
		return nil, fmt.Errorf("asking the server for TLS: %w", err)
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(server, answer); err != nil {
		return nil, fmt.Errorf("asking the server for TLS: %w", err)
	}
	if answer[0] != 'S' {
		return nil, errors.New("the server has no TLS")
	}
	config := p.o.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(p.o.Target)
	}
	secure := tls.Client(server, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with the server: %w", err)
	}
	return secure, nil
}

// bound is the mechanism that binds a login to the TLS connection that it is made on.
const bound = "SCRAM-SHA-256-PLUS"

// unbindChannel reads the server's messages up to its demand for authentication, and takes the mechanism off it that
// cannot work, as the client has no TLS.
func unbindChannel(server io.Reader) ([]byte, error) {
	var all []byte
	for {
		message := make([]byte, 5)
		if _, err := io.ReadFull(server, message); err != nil {
			return all, err
		}
		size := binary.BigEndian.Uint32(message[1:])
		if size < 4 || size > 64<<10 {
			return append(all, message...), nil
		}
		message = append(message, make([]byte, size-4)...)
		if _, err := io.ReadFull(server, message[5:]); err != nil {
			return all, err
		}
		if message[0] == 'R' {
			return append(all, unboundOnly(message)...), nil
		}
		all = append(all, message...)
		if message[0] != 'v' && message[0] != 'N' {
			return all, nil
		}
	}
}

// unboundOnly is an Authentication message without the mechanism that is bound.
func unboundOnly(message []byte) []byte {
	const sasl = 10
	if len(message) < 9 || binary.BigEndian.Uint32(message[5:]) != sasl {
		return message
	}
	mechanisms := strings.ReplaceAll(string(message[9:]), bound+"\x00", "")
	message = append(message[:9], mechanisms...)
	binary.BigEndian.PutUint32(message[1:], uint32(len(message)-1))
	return message
}

// refusal is what a client gets whose server cannot be reached.
func refusal(err error) []byte {
	const cannotConnect = "08001"
	b, encodeErr := (&pgproto3.ErrorResponse{
		Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: cannotConnect, Message: "headgate record: " + err.Error(),
	}).Encode(nil)
	if encodeErr != nil {
		return nil
	}
	return b
}
