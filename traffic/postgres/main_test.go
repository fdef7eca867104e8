package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/servicestest"
	"github.com/headgate-dev/headgate/traffic"
)

// house is a server that the tests share.
type house struct {
	once sync.Once
	site *docker.Site
	addr string
	err  error
}

var shared house

func TestMain(m *testing.M) {
	status := m.Run()
	if shared.site != nil {
		if err := shared.site.Close(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "closing the site of the tests:", err)
			status = 1
		}
	}
	if err := goleak.Find(); status == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func (h *house) open() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	h.site, h.err = docker.Open(ctx, docker.Options{RunID: "wire-" + strings.ToLower(rand.Text()[:8])})
	if h.err != nil {
		return
	}
	var instance services.Instance
	instance, h.err = h.site.Start(ctx, services.Service{
		Name: "db", Port: 5432, Command: []string{"postgres", "-c", "fsync=off", "-c", "timezone=UTC"},
		Env:       []string{"POSTGRES_PASSWORD=very secret", "POSTGRES_INITDB_ARGS=--no-sync"},
		Container: &services.Container{Image: "postgres:15"},
	}, func(services.Line) {})
	if h.err != nil {
		return
	}
	h.addr = instance.Addr()
	probe := services.Probe{Service: "db", Instance: instance, Check: func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, dsn(h.addr, ""))
		if err != nil {
			return err
		}
		return c.Close(ctx)
	}}
	_, h.err = probe.Wait(ctx)
}

func dsn(addr, params string) string {
	return "postgres://postgres:very%20secret@" + addr + "/postgres?sslmode=disable" + params
}

// server is the address of a server for the test, or the test is skipped.
func server(t *testing.T) string {
	t.Helper()
	servicestest.Engine(t, "postgres:15")
	shared.once.Do(shared.open)
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.addr
}

// kept is what a connection has told.
type kept struct {
	mu      sync.Mutex
	records []*traffic.Record
	left    []string
}

func (k *kept) Put(r *traffic.Record) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records = append(k.records, r)
	return true
}

func (k *kept) options() Options {
	return Options{
		Service: "db", Host: "db:5432", Connection: "c1",
		Record:  func(r *traffic.Record) { k.Put(r) },
		LeftOut: func(kind string) { k.left = append(k.left, kind) },
	}
}

// tap is a client's connection that is listened to.
type tap struct {
	net.Conn
	mu   *sync.Mutex
	conn *Conn
}

func (c tap) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.conn.Client(time.Now(), b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn.Server(time.Now(), b[:n])
	return n, err
}

// tapped is a client's connection to the server, and what end returns when it has ended.
func tapped(t *testing.T, params string, change func(*pgx.ConnConfig)) (client *pgx.Conn, end func() *kept) {
	t.Helper()
	config, err := pgx.ParseConfig(dsn(server(t), params))
	if err != nil {
		t.Fatal(err)
	}
	k := &kept{}
	conn := NewConn(k.options())
	var mu sync.Mutex
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return tap{c, &mu, conn}, err
	}
	if change != nil {
		change(config)
	}
	client, err = pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return client, func() *kept {
		if err := client.Close(context.Background()); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		conn.Close()
		if conn.size != 0 {
			t.Errorf("%d bytes are still counted", conn.size)
		}
		return k
	}
}
