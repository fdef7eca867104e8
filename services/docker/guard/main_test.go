package guard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"
)

// The test binary is what runs inside of the containers of the tests: the guard, a client and a server.
const (
	dialWord  = "__dial"
	serveWord = "__serve"
)

func TestMain(m *testing.M) {
	switch {
	case Invoked(os.Args):
		os.Exit(Main(context.Background(), os.Args[2:], os.Stdout))
	case len(os.Args) > 2 && os.Args[1] == dialWord:
		os.Exit(dialAll(os.Args[2], os.Stdout))
	case len(os.Args) > 2 && os.Args[1] == serveWord:
		os.Exit(serve(os.Args[2]))
	}
	goleak.VerifyTestMain(m)
}

// dial is one attempt of a client, and what came of it.
type dial struct {
	Network, Addr string
	// From is the local port, 0 for any.
	From int `json:",omitempty"`
	// Times is how often to try at once, 0 for once.
	Times int `json:",omitempty"`
	// Error is empty where there was an answer.
	Error string        `json:",omitempty"`
	Took  time.Duration `json:",omitempty"`
}

// dialAll tries one destination after another and prints the outcomes.
func dialAll(list string, out io.Writer) int {
	var dials []dial
	if err := json.Unmarshal([]byte(list), &dials); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	for i := range dials {
		start := time.Now()
		if err := dials[i].all(); err != nil {
			dials[i].Error = err.Error()
		}
		dials[i].Took = time.Since(start)
	}
	_ = json.NewEncoder(out).Encode(dials)
	return 0
}

// all tries as often as is asked for, and gives the first error where all tries had one.
func (d dial) all() error {
	var group errgroup.Group
	var reached atomic.Int64
	for range max(1, d.Times) {
		group.Go(func() error {
			err := d.try()
			if err == nil {
				reached.Add(1)
			}
			return err
		})
	}
	if err := group.Wait(); reached.Load() == 0 {
		return err
	}
	return nil
}

// try expects to have its line echoed.
func (d dial) try() error {
	if d.Network == "name" {
		_, err := net.LookupHost(d.Addr)
		return err
	}
	dialer := net.Dialer{Timeout: 3 * time.Second}
	if d.From > 0 {
		dialer.LocalAddr = &net.TCPAddr{Port: d.From}
	}
	conn, err := dialer.Dial(d.Network, d.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second))
	if _, err := io.WriteString(conn, "hello\n"); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 6))
	return err
}

// serve echoes what comes in at a TCP address.
func serve(addr string) int {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	echo(l)
	return 0
}

// echo answers the first line of each connection, until the listener is closed.
func echo(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		line := make([]byte, 6)
		if _, err := io.ReadFull(conn, line); err == nil {
			_, _ = conn.Write(line)
		}
		conn.Close()
	}
}

// echoPackets answers datagrams, until the connection is closed.
func echoPackets(conn net.PacketConn) {
	buf := make([]byte, 100)
	for {
		n, from, err := conn.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_, _ = conn.WriteTo(buf[:n], from)
		}
	}
}
