package guard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// prompt is how long a refusal may take: far less than any timeout of a client.
const prompt = 500 * time.Millisecond

func TestIsolation(t *testing.T) {
	w := newWorld(t)
	makeOutside(t)
	w.start(t, nil, []string{"payment-api.mock"}, serveWord, ":8080")
	relay, other := w.listenHere(t), w.listenHere(t)

	t.Run("the outside is there for others", func(t *testing.T) {
		tries := []dial{
			{Network: "tcp", Addr: outside + ":80"},
			{Network: "tcp", Addr: outside + ":443"},
			{Network: "udp", Addr: outside + ":53"},
			{Network: "tcp", Addr: other.String()},
		}
		for _, d := range w.dial(t, nil, tries...) {
			if d.Error != "" {
				t.Errorf("%s %s is not reachable without a guard: %s", d.Network, d.Addr, d.Error)
			}
		}
	})

	port := network.MustParsePort("8080/tcp")
	g := w.guard(t, Options{
		Hostname: "orders", Aliases: []string{"orders"},
		Ports: network.PortMap{port: {{HostIP: netip.MustParseAddr("127.0.0.1")}}},
		Hosts: map[string]string{"ledger.mock": w.gateway},
		Allow: []string{
			"payment-api.mock:8080", fmt.Sprintf("ledger.mock:%d", relay.Port()), "partner.example:443",
		},
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if host != "partner.example" {
				t.Errorf("%s is looked up on this machine", host)
			}
			return []netip.Addr{netip.MustParseAddr(outside)}, nil
		},
	})

	t.Run("no attempts", func(t *testing.T) {
		report, err := g.Report(t.Context())
		must(t, err)
		if report.Total != 0 || len(report.Attempts) != 0 {
			t.Errorf("nothing was tried, but reported: %+v", report.Attempts)
		}
		checkProof(t, report, 3)
		t.Log(strings.Join(report.Routes, "\n"))
	})

	t.Run("allowed", func(t *testing.T) {
		tries := []dial{
			{Network: "tcp", Addr: "payment-api.mock:8080"},
			{Network: "tcp", Addr: fmt.Sprintf("ledger.mock:%d", relay.Port())},
			{Network: "tcp", Addr: "partner.example:443"},
			{Network: "tcp", Addr: outside + ":443"},
		}
		for _, d := range w.dial(t, g, tries...) {
			if d.Error != "" {
				t.Errorf("%s %s is allowed: %s", d.Network, d.Addr, d.Error)
			}
		}
	})

	t.Run("the service can be reached", func(t *testing.T) {
		w.start(t, g, nil, serveWord, ":8080")
		ports, err := g.Ports(t.Context())
		must(t, err)
		addr := net.JoinHostPort("127.0.0.1", ports[port][0].HostPort)
		d := dial{Network: "tcp", Addr: addr}
		until(t, "the published port answers", func() bool { return d.try() == nil })
		for _, inner := range w.dial(t, nil, dial{Network: "tcp", Addr: "orders:8080"}) {
			if inner.Error != "" {
				t.Errorf("by its alias: %s", inner.Error)
			}
		}
	})

	t.Run("denied", func(t *testing.T) {
		tries := []dial{
			{Network: "tcp", Addr: outside + ":80"},
			{Network: "tcp", Addr: outside + ":80"},
			{Network: "tcp", Addr: outside + ":5432"},
			{Network: "udp", Addr: outside + ":53"},
			{Network: "tcp", Addr: "partner.example:80"},
			{Network: "tcp", Addr: "api.third-party.example:443"},
			{Network: "tcp", Addr: "API.third-party.example:443"},
			{Network: "udp", Addr: "time.third-party.example:123"},
			{Network: "tcp", Addr: other.String()},
			{Network: "tcp", Addr: "[2001:db8::10]:443"},
			{Network: "tcp", Addr: outside + ":80", From: 8081},
			// What is closed within the container is no attempt to leave it.
			{Network: "tcp", Addr: "[::1]:9"},
			{Network: "tcp", Addr: "localhost:9"},
			{Network: "tcp", Addr: "orders:9"},
			// Nor is a run's own port that is closed.
			{Network: "tcp", Addr: "payment-api.mock:9"},
		}
		for _, d := range w.dial(t, g, tries...) {
			if d.Error == "" {
				t.Errorf("%s %s is reachable", d.Network, d.Addr)
			}
			if d.Took > prompt {
				t.Errorf("%s %s was refused only after %v: %s", d.Network, d.Addr, d.Took, d.Error)
			}
			t.Logf("%s %s: %v, %s", d.Network, d.Addr, d.Took, d.Error)
		}
		report, err := g.Report(t.Context())
		must(t, err)
		want := []services.EgressAttempt{
			{Host: "api.third-party.example", Port: 443, Count: 2},
			// The address has the name of the allowed host: how it was called cannot be told.
			{Host: "partner.example", Port: 80, Count: 4},
			{Host: "partner.example", Port: 53, Count: 1},
			{Host: "partner.example", Port: 5432, Count: 1},
			{Host: "time.third-party.example", Port: 123, Count: 1},
			{Host: "ledger.mock", Port: int(other.Port()), Count: 1},
			{Host: "2001:db8::10", Port: 443, Count: 1},
		}
		sameAttempts(t, want, report)
		checkProof(t, report, 3)
	})
}

// TestCounters has a service try much at once: not one attempt is lost.
func TestCounters(t *testing.T) {
	w := newWorld(t)
	g := w.guard(t, Options{Allow: []string{"later.mock:80"}})
	const many = 3000
	for range 2 { // a service that is started again finds the same guard
		w.dial(
			t, g,
			dial{Network: "tcp", Addr: "flood.example:443", Times: many / 2},
			dial{Network: "udp", Addr: "198.51.100.7:8125", Times: many / 2},
			dial{Network: "name", Addr: "asked.example"},
			dial{Network: "name", Addr: "later.mock"},
		)
	}
	report, err := g.Report(t.Context())
	must(t, err)
	sameAttempts(t, []services.EgressAttempt{
		{Host: "flood.example", Port: 443, Count: many},
		{Host: "198.51.100.7", Port: 8125, Count: many},
		{Host: "asked.example", Count: 2},
	}, report)
	later := report.Proof[len(report.Proof)-1]
	if later.What != "later.mock:80" || later.Got != "unreachable" {
		t.Errorf("a service that is not up is in the proof as %+v", later)
	}
}

// TestAllowedUnknown has a run file allow a host that does not exist.
func TestAllowedUnknown(t *testing.T) {
	w := newWorld(t)
	_, err := Start(t.Context(), Options{
		Client: w.cli, Image: w.image, Network: w.network, Allow: []string{"partner.example:443"},
		Lookup: func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no such host") },
	})
	var refused *services.EngineError
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "partner.example: no such host") {
		t.Fatalf("got %v", err)
	}
}

// TestPublishedPort has a service misuse the one way that is left: from its published port to this
// machine. What passes is counted, and the proof fails.
func TestPublishedPort(t *testing.T) {
	w := newWorld(t)
	other := w.listenHere(t)
	port := network.MustParsePort("8080/tcp")
	ports := network.PortMap{port: {{HostIP: netip.MustParseAddr("127.0.0.1")}}}
	g := w.guard(t, Options{Ports: ports})
	w.dial(t, g, dial{Network: "tcp", Addr: other.String(), From: 8080})
	report, err := g.Report(t.Context())
	must(t, err)
	sameAttempts(t, []services.EgressAttempt{{Host: w.gateway, Port: int(other.Port()), Count: 1}}, report)
	for _, c := range report.Proof {
		if c.What == "packets past the fence" && c.Got != "reachable" {
			t.Errorf("%s: %s", c.What, c.Got)
		}
	}
}

// TestGuardKilled shows that a guard that is gone is not taken for one that saw nothing, and that it
// takes the network along.
func TestGuardKilled(t *testing.T) {
	w := newWorld(t)
	makeOutside(t)
	g := w.guard(t, Options{})
	id := w.start(t, g, nil, serveWord, ":8080")
	_, err := w.cli.ContainerKill(t.Context(), g.ID(), client.ContainerKillOptions{Signal: "KILL"})
	must(t, err)
	until(t, "the guard has ended", func() bool {
		_, err = g.Report(t.Context())
		return err != nil
	})
	list := `[{"Network":"tcp","Addr":"` + outside + `:80"}]`
	made, err := w.cli.ExecCreate(t.Context(), id, client.ExecCreateOptions{
		Cmd: []string{inside, dialWord, list}, AttachStdout: true,
	})
	must(t, err)
	stream, err := w.cli.ExecAttach(t.Context(), made.ID, client.ExecAttachOptions{})
	must(t, err)
	defer stream.Close()
	out, err := io.ReadAll(stream.Reader)
	must(t, err)
	if !strings.Contains(string(out), `"Error"`) {
		t.Errorf("the way out is open without the guard: %q", out)
	}
}

func sameAttempts(t *testing.T, want []services.EgressAttempt, got services.EgressReport) {
	t.Helper()
	index := func(list []services.EgressAttempt) map[string]int64 {
		all := map[string]int64{}
		for _, a := range list {
			all[fmt.Sprintf("%s port %d", a.Host, a.Port)] += a.Count
		}
		return all
	}
	if diff := cmp.Diff(index(want), index(got.Attempts)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	var total int64
	for _, a := range want {
		total += a.Count
	}
	if got.Total != total {
		t.Errorf("total %d, want %d", got.Total, total)
	}
}

// checkProof expects every check to have come out as wanted, and a number of reachable destinations.
func checkProof(t *testing.T, r services.EgressReport, reached int) {
	t.Helper()
	for _, c := range r.Proof {
		t.Logf("%s: %s", c.What, c.Got)
		if c.Want != c.Got {
			t.Errorf("%s is %s, want %s", c.What, c.Got, c.Want)
		}
		if c.Got == "reachable" {
			reached--
		}
	}
	if reached != 0 {
		t.Errorf("%d allowed destinations are not in the proof", reached)
	}
	if len(r.Routes) == 0 {
		t.Error("the proof has no routes")
	}
}

// until waits for something that another process does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited 10 s until %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
