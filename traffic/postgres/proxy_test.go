package postgres

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// listener listens on the loopback.
func listener(tb testing.TB) net.Listener {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return l
}

// proxied is the address of a proxy; end ends it and returns what it has told.
func proxied(tb testing.TB, o ProxyOptions) (addr string, p *Proxy, end func() (*kept, Health)) {
	tb.Helper()
	k := &kept{}
	if o.Sink == nil {
		o.Sink = k
	}
	o.Name = "db"
	p, err := NewProxy(o)
	if err != nil {
		tb.Fatal(err)
	}
	l := listener(tb)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx, l) }()
	end = sync.OnceValues(func() (*kept, Health) {
		cancel()
		if err := <-served; err != nil {
			tb.Error(err)
		}
		return k, p.Health()
	})
	tb.Cleanup(func() { end() })
	return l.Addr().String(), p, end
}

func connect(tb testing.TB, url string) *pgx.Conn {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// TestProxy goes through a proxy to a server, with a password that is never sent as such.
func TestProxy(t *testing.T) {
	target := server(t)
	addr, _, end := proxied(t, ProxyOptions{Target: target})
	for _, mode := range []string{"disable", "prefer"} {
		c := connect(t, strings.Replace(dsn(addr, ""), "disable", mode, 1))
		if err := c.QueryRow(t.Context(), "select $1::int8", 7).Scan(new(int64)); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	k, h := end()
	want := []string{
		"select $1::int8 int8:7 => int8:int8 | 7 [SELECT 1]",
		"select $1::int8 int8:7 => int8:int8 | 7 [SELECT 1]",
	}
	if diff := cmp.Diff(want, tell(k)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Health{Connections: 3, Recorded: 2, LeftOut: map[string]int64{kindDenied: 1}},
		h); diff != "" {
		t.Error(diff)
	}
	if k.records[0].Connection == k.records[1].Connection || k.records[0].Request.Host != target {
		t.Errorf("%+v", k.records[0])
	}
}

// TestProxyPsql takes another client, and one that insists on encryption.
func TestProxyPsql(t *testing.T) {
	target := server(t)
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not here")
	}
	addr, _, end := proxied(t, ProxyOptions{Target: target})
	url := strings.Replace(dsn(addr, ""), "?sslmode=disable", "", 1)
	out, err := exec.CommandContext(t.Context(), "psql", url, "-Atc", "select 'ä', now()").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "ä|") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := exec.CommandContext(t.Context(), "psql", url+"?sslmode=require", "-c",
		"select 1").CombinedOutput(); err == nil {
		t.Errorf("%s", out)
	}
	k, h := end()
	if len(k.records) != 1 || h.LeftOut[kindDenied] != 1 {
		t.Errorf("%q, %+v", tell(k), h)
	}
	if got := *k.records[0].Response.Result.Rows[0][1]; !strings.HasPrefix(string(out), "ä|"+got) {
		t.Errorf("recorded %q, printed %q", got, out)
	}
}

func TestProxyCancel(t *testing.T) {
	addr, _, end := proxied(t, ProxyOptions{Target: server(t)})
	c := connect(t, dsn(addr, ""))
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan error, 1)
	go func() {
		_, err := c.PgConn().Exec(ctx, "select pg_sleep(60)").ReadAll()
		asked <- err
	}()
	other := connect(t, dsn(server(t), ""))
	for active := 0; active == 0; {
		const sleeping = "select count(*) from pg_stat_activity where query = 'select pg_sleep(60)'"
		err := other.QueryRow(t.Context(), sleeping).Scan(&active)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.PgConn().CancelRequest(t.Context()); err != nil {
		t.Error(err)
	}
	var failure *pgconn.PgError
	if err := <-asked; !errors.As(err, &failure) || failure.Code != "57014" {
		t.Error(err)
	}
	cancel()
	k, h := end()
	if diff := cmp.Diff([]string{"select pg_sleep(60) => pg_sleep:void [] 57014"}, tell(k)); diff != "" {
		t.Error(diff)
	}
	if h.LeftOut[kindCancel] != 1 || h.Connections != 2 {
		t.Errorf("%+v", h)
	}
}

func TestProxyWithoutServer(t *testing.T) {
	l := listener(t)
	l.Close()
	addr, _, end := proxied(t, ProxyOptions{Target: l.Addr().String()})
	_, err := pgx.Connect(t.Context(), dsn(addr, ""))
	if err == nil || !strings.Contains(err.Error(), "headgate record: db does not answer") {
		t.Error(err)
	}
	if _, h := end(); h.Failed != 1 || !strings.Contains(h.LastFailure, "refused") {
		t.Errorf("%+v", h)
	}
}

func TestProxyOptions(t *testing.T) {
	for name, o := range map[string]ProxyOptions{
		"no sink": {Target: "h:1"}, "no port": {Target: "h", Sink: &kept{}}, "no target": {Sink: &kept{}},
	} {
		if _, err := NewProxy(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := NewProxy(ProxyOptions{Target: "/run/postgresql/.s.PGSQL.5432", Sink: &kept{}}); err != nil {
		t.Error(err)
	}
}

// TestBacklog fills what may wait: what comes beyond is missing and said once in a row.
func TestBacklog(t *testing.T) {
	l := newBacklog()
	full := make([]byte, maxWaiting-chunkSize)
	for i, want := range []bool{true, false, true} {
		if got := l.put(true, time.Time{}, full); got != want {
			t.Errorf("%d: %v", i, got)
		}
	}
	first, _ := l.take(nil)
	if len(first) != 1 || first[0].missed {
		t.Errorf("%d chunks", len(first))
	}
	if !l.put(false, time.Time{}, []byte("x")) {
		t.Error("no room")
	}
	if next, _ := l.take(first); len(next) != 1 || !next[0].missed || string(next[0].b) != "x" {
		t.Errorf("%+v", next)
	}
	l.close()
	if rest, missed := l.take(nil); len(rest) != 0 || missed {
		t.Errorf("%d chunks, missed: %t", len(rest), missed)
	}
}

// TestMissedAtTheEnd makes no record of a statement whose answer came when the recording could not keep up.
func TestMissedAtTheEnd(t *testing.T) {
	k := &kept{}
	p, err := NewProxy(ProxyOptions{Name: "db", Target: "h:1", Sink: k})
	if err != nil {
		t.Fatal(err)
	}
	l := newBacklog()
	for _, one := range append([]part{start, welcome}, simple("q", "v")[0]) {
		l.put(one.client, time.Unix(0, 0), one.b)
	}
	l.put(false, time.Unix(0, 0), make([]byte, maxWaiting))
	l.close()
	p.read(l, "c")
	if h := p.Health(); len(k.records) != 0 || h.LeftOut[kindLost] != 1 || h.LeftOut[kindStretch] != 1 {
		t.Errorf("%q, %+v", tell(k), h)
	}
}

// TestMissed takes up a connection whose recording could not keep up.
func TestMissed(t *testing.T) {
	k := &kept{}
	p, err := NewProxy(ProxyOptions{Name: "db", Target: "h:1", Sink: k})
	if err != nil {
		t.Fatal(err)
	}
	l := newBacklog()
	for i, one := range conversation() {
		l.mu.Lock()
		l.missing = l.missing || i == 6
		l.mu.Unlock()
		if i != 5 {
			l.put(one.client, time.Unix(int64(i), 0), one.b)
		}
	}
	l.close()
	p.read(l, "c")
	if got := tell(k); got[0] != "select 'first' => t:text | first [SELECT 1]" ||
		got[len(got)-1] != "select 'last' => t:text | last [SELECT 1]" {
		t.Errorf("%q", got)
	}
	if h := p.Health(); h.LeftOut[kindStretch] != 1 {
		t.Errorf("%+v", h)
	}
}

// full is a listener without room for a connection, then with a lasting mistake.
type full struct {
	net.Listener
	errs []error
}

func (l *full) Accept() (net.Conn, error) {
	err := l.errs[0]
	l.errs = l.errs[1:]
	return nil, err
}

func TestServeWithoutRoom(t *testing.T) {
	p, err := NewProxy(ProxyOptions{Name: "db", Target: "h:1", Sink: &kept{}})
	if err != nil {
		t.Fatal(err)
	}
	l := &full{Listener: listener(t), errs: []error{syscall.EMFILE, errors.New("it lasts")}}
	if err := p.Serve(t.Context(), l); err == nil || !strings.Contains(err.Error(), "it lasts") {
		t.Error(err)
	}
	if h := p.Health(); h.Failed != 1 || !strings.Contains(h.LastFailure, "too many open files") {
		t.Errorf("%+v", h)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}
