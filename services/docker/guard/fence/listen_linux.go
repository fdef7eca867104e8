package fence

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// socket is where a fence takes requests: a file, which the service does not share, unlike the network.
const socket = "/run/headgate.sock"

// server serves until the context ends.
type server func(ctx context.Context) error

// listen opens the name server and the socket for requests.
func (f *fence) listen(ctx context.Context) ([]server, error) {
	var config net.ListenConfig
	packets, err := config.ListenPacket(ctx, "udp", net.JoinHostPort(Nameserver, "53"))
	if err != nil {
		return nil, fmt.Errorf("opening the name server: %w", err)
	}
	streams, err := config.Listen(ctx, "tcp", net.JoinHostPort(Nameserver, "53"))
	if err != nil {
		_ = packets.Close()
		return nil, fmt.Errorf("opening the name server: %w", err)
	}
	_ = os.Remove(socket) // what a fence that was killed left behind
	requests, err := config.Listen(ctx, "unix", socket)
	if err != nil {
		_ = packets.Close()
		streams.Close()
		return nil, fmt.Errorf("opening the socket for requests: %w", err)
	}
	return []server{
		func(ctx context.Context) error { return servePackets(ctx, packets, f.names.answer) },
		func(ctx context.Context) error { return serveConns(ctx, streams, f.serveNames) },
		func(ctx context.Context) error { return serveConns(ctx, requests, f.serveRequest) },
	}, nil
}

// servePackets answers datagrams; those that are no questions get no answer.
func servePackets(ctx context.Context, conn net.PacketConn, answer func([]byte) ([]byte, error)) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	buf := make([]byte, 1<<16)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			continue
		}
		if reply, err := answer(buf[:n]); err == nil {
			_, _ = conn.WriteTo(reply, from)
		}
	}
}

// serveConns calls do with each connection, several at once.
func serveConns(ctx context.Context, l net.Listener, do func(context.Context, net.Conn) error) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var group errgroup.Group
	group.SetLimit(64)
	for {
		conn, err := l.Accept()
		if err != nil {
			_ = group.Wait()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			return fmt.Errorf("accepting: %w", err)
		}
		group.Go(func() error {
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
			return do(ctx, conn)
		})
	}
}

// serveNames answers questions that come with their length before them (RFC 1035, 4.2.2).
func (f *fence) serveNames(_ context.Context, conn net.Conn) error {
	for {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return err
		}
		query := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(conn, query); err != nil {
			return err
		}
		reply, err := f.names.answer(query)
		if err != nil {
			return err
		}
		framed := binary.BigEndian.AppendUint16(nil, uint16(len(reply)))
		if _, err := conn.Write(append(framed, reply...)); err != nil {
			return err
		}
	}
}

// serveRequest answers one request.
func (f *fence) serveRequest(ctx context.Context, conn net.Conn) error {
	var q Request
	if err := json.NewDecoder(conn).Decode(&q); err != nil {
		return err
	}
	var r Response
	report, err := f.answer(ctx, q)
	if err != nil {
		r.Error = err.Error()
	} else {
		r.Report = report
	}
	return json.NewEncoder(conn).Encode(r)
}

// Ask sends a request to the fence that stands in the same container, and copies its response to out.
func Ask(ctx context.Context, request []byte, out io.Writer) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return fmt.Errorf("asking the fence: %w", err)
	}
	defer conn.Close()
	if _, err := conn.Write(append(request, '\n')); err != nil {
		return fmt.Errorf("asking the fence: %w", err)
	}
	if _, err := io.Copy(out, conn); err != nil {
		return fmt.Errorf("reading the fence's response: %w", err)
	}
	return nil
}
