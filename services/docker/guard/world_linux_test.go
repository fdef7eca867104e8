package guard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/headgate-dev/headgate/services/servicestest"
)

// outside is a stand-in for a host of the internet: it lives in a network namespace of the test, and
// containers reach it by way of this machine like any other (TEST-NET-3, RFC 5737).
const outside = "203.0.113.10"

// world is what a test has: an engine, a network on it, and a host outside.
type world struct {
	cli     *client.Client
	image   string
	network string
	gateway string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	servicestest.Engine(t)
	cli, err := client.New(client.FromEnv)
	must(t, err)
	t.Cleanup(func() { cli.Close() })
	w := &world{cli: cli}
	w.image, err = Prepare(t.Context(), cli, Program{})
	must(t, err)
	t.Cleanup(func() {
		_, err := cli.ImageRemove(cleanup(t), w.image, client.ImageRemoveOptions{})
		must(t, err)
	})
	made, err := cli.NetworkCreate(t.Context(), fmt.Sprintf("headgate-guard-test-%d", os.Getpid()),
		client.NetworkCreateOptions{Driver: "bridge"})
	must(t, err)
	w.network = made.ID
	t.Cleanup(func() {
		_, err := cli.NetworkRemove(cleanup(t), made.ID, client.NetworkRemoveOptions{})
		must(t, err)
	})
	about, err := cli.NetworkInspect(t.Context(), made.ID, client.NetworkInspectOptions{})
	must(t, err)
	w.gateway = about.Network.IPAM.Config[0].Gateway.String()
	return w
}

// makeOutside gives the host outside its namespace, with echo servers at port 80, 443 and 5432 (TCP) and
// 53 (UDP).
func makeOutside(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("HEADGATE_DOCKER") == "required" {
			t.Fatal("making a network namespace needs root")
		}
		t.Skip("making a network namespace needs root")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := netns.Get()
	must(t, err)
	defer here.Close()
	there, err := netns.New()
	must(t, err)
	defer there.Close()
	must(t, netns.Set(here))
	host := connect(t, there)
	addr(t, host, "203.0.113.1/24")
	must(t, netns.Set(there))
	defer func() { must(t, netns.Set(here)) }()
	peer, err := netlink.LinkByName("hgout1")
	must(t, err)
	addr(t, peer, outside+"/24")
	gw := net.ParseIP("203.0.113.1")
	must(t, netlink.RouteAdd(&netlink.Route{LinkIndex: peer.Attrs().Index, Gw: gw}))
	listen(t)
}

// connect makes a veth pair with one end in a namespace; the namespace ends with the last socket in it.
func connect(t *testing.T, there netns.NsHandle) netlink.Link {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "hgout0"
	pair := &netlink.Veth{LinkAttrs: attrs, PeerName: "hgout1", PeerNamespace: netlink.NsFd(there)}
	must(t, netlink.LinkAdd(pair))
	t.Cleanup(func() { must(t, netlink.LinkDel(pair)) })
	return pair
}

func addr(t *testing.T, link netlink.Link, text string) {
	t.Helper()
	a, err := netlink.ParseAddr(text)
	must(t, err)
	must(t, netlink.AddrAdd(link, a))
	must(t, netlink.LinkSetUp(link))
}

func listen(t *testing.T) {
	t.Helper()
	var group sync.WaitGroup
	t.Cleanup(group.Wait)
	for _, port := range []string{"80", "443", "5432"} {
		l, err := net.Listen("tcp", net.JoinHostPort(outside, port))
		must(t, err)
		t.Cleanup(func() { l.Close() })
		group.Go(func() { echo(l) })
	}
	p, err := net.ListenPacket("udp", net.JoinHostPort(outside, "53"))
	must(t, err)
	t.Cleanup(func() { p.Close() })
	group.Go(func() { echoPackets(p) })
}

// guard starts a guard, with the settings that a test adds.
func (w *world) guard(t *testing.T, o Options) *Guard {
	t.Helper()
	o.Client, o.Image, o.Network = w.cli, w.image, w.network
	o.Name = fmt.Sprintf("headgate-guard-test-%d-guard", os.Getpid())
	g, err := Start(t.Context(), o)
	must(t, err)
	t.Cleanup(func() { must(t, g.Stop(cleanup(t))) })
	return g
}

// start runs the test binary in a container: in a guard's namespace, or on the network under aliases.
func (w *world) start(t *testing.T, g *Guard, aliases []string, command ...string) (id string) {
	t.Helper()
	options := client.ContainerCreateOptions{
		Config:     &container.Config{Image: w.image, Entrypoint: []string{inside}, Cmd: command},
		HostConfig: &container.HostConfig{NetworkMode: container.NetworkMode(w.network)},
	}
	if g != nil {
		options.HostConfig.NetworkMode = container.NetworkMode("container:" + g.ID())
		options.HostConfig.CapDrop = []string{"NET_RAW", "NET_ADMIN"}
	} else {
		options.NetworkingConfig = &network.NetworkingConfig{
			EndpointsConfig: map[string]*network.EndpointSettings{w.network: {Aliases: aliases}},
		}
	}
	made, err := w.cli.ContainerCreate(t.Context(), options)
	must(t, err)
	t.Cleanup(func() {
		_, err := w.cli.ContainerRemove(cleanup(t), made.ID, client.ContainerRemoveOptions{Force: true})
		must(t, err)
	})
	_, err = w.cli.ContainerStart(t.Context(), made.ID, client.ContainerStartOptions{})
	must(t, err)
	return made.ID
}

// dial has a container try destinations and tells the outcomes.
func (w *world) dial(t *testing.T, g *Guard, dials ...dial) []dial {
	t.Helper()
	list, err := json.Marshal(dials)
	must(t, err)
	id := w.start(t, g, nil, dialWord, string(list))
	ended := w.cli.ContainerWait(t.Context(), id, client.ContainerWaitOptions{})
	select {
	case <-ended.Result:
	case err := <-ended.Error:
		t.Fatal(err)
	}
	logs, err := w.cli.ContainerLogs(t.Context(), id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	must(t, err)
	defer logs.Close()
	var out bytes.Buffer
	_, err = stdcopy.StdCopy(&out, &out, logs)
	must(t, err)
	var got []dial
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("the client wrote %q: %v", out.String(), err)
	}
	return got
}

// listenHere opens an echo server of this machine at the network's gateway.
func (w *world) listenHere(t *testing.T) (addr netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(w.gateway, "0"))
	must(t, err)
	var group sync.WaitGroup
	group.Go(func() { echo(l) })
	t.Cleanup(func() { l.Close(); group.Wait() })
	return netip.MustParseAddrPort(l.Addr().String())
}
