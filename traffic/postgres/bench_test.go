package postgres

import (
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/headgate-dev/headgate/traffic"
)

// BenchmarkProxy asks in turn directly, through what only passes bytes on, and through the proxy, and tells
// how long one in two took no longer than.
func BenchmarkProxy(b *testing.B) {
	shared.once.Do(shared.open)
	if shared.err != nil {
		b.Skip(shared.err)
	}
	addr, _, _ := proxied(b, ProxyOptions{Target: shared.addr})
	names := []string{"direct", "relay", "proxy"}
	var clients []*pgx.Conn
	for _, at := range []string{shared.addr, relay(b, shared.addr), addr} {
		clients = append(clients, connect(b, dsn(at, "")))
	}
	took := make([][]time.Duration, len(clients))
	for b.Loop() {
		for i, c := range clients {
			began := time.Now()
			rows, err := c.Query(b.Context(), "select g, 'text ' || g as t from generate_series(1, $1::int4) g", 10)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := pgx.CollectRows(rows, pgx.RowToMap); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(began))
		}
	}
	for i, all := range took {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Nanoseconds()), names[i]+"-p50-ns")
	}
}

// relay passes bytes on and does nothing else.
func relay(b *testing.B, target string) string {
	b.Helper()
	l := listener(b)
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil {
				client.Close()
				continue
			}
			pass := func(to, from net.Conn) {
				defer to.Close()
				_, _ = io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from})
			}
			go pass(server, client)
			go pass(client, server)
		}
	}()
	return l.Addr().String()
}

// BenchmarkConn reads answers of many short rows.
func BenchmarkConn(b *testing.B) {
	messages := []pgproto3.BackendMessage{textField}
	for range 1000 {
		messages = append(messages, row1("a value of some forty bytes, as they come"))
	}
	parts := []part{asked(&pgproto3.Query{String: "select t from a"}), answered(append(messages,
		done("SELECT 1000"), ready)...)}
	o := (&kept{}).options()
	n := 0
	o.Record = func(*traffic.Record) { n++ }
	c := NewConn(o)
	b.SetBytes(int64(len(parts[1].b)))
	for b.Loop() {
		feed(c, parts)
	}
	if n != b.N {
		b.Errorf("%d records", n)
	}
}
