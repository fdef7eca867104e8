// Package docker runs services as containers of a Docker engine, through testcontainers-go.
package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"github.com/headgate-dev/headgate/services"
)

// oldest is the oldest API that is spoken here, that of Docker 19.03.
const oldest = "1.40"

// Engine is a container engine that answers. It is used from many goroutines.
type Engine struct {
	client   *client.Client
	provider *tc.DockerProvider
	// host is where published ports are reached, and publish the address that they are published at.
	host    string
	publish netip.Addr
	api     string
	info    system.Info
	// slots are for those who start or remove a container.
	slots chan struct{}
}

// turn waits for a slot, and returns what gives it back.
func (e *Engine) turn() (done func()) {
	e.slots <- struct{}{}
	return func() { <-e.slots }
}

// Connect finds the engine: at DOCKER_HOST, or at one of the usual sockets. An engine that is not there
// or cannot be used is a [services.EngineError].
func Connect(ctx context.Context) (*Engine, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	address := engineHost()
	opts := []client.Opt{client.FromEnv}
	if address != "" {
		opts = append(opts, client.WithHost(address))
	}
	c, err := client.New(opts...)
	if err != nil {
		return nil, &services.EngineError{Err: err, Hint: "look at DOCKER_HOST and DOCKER_CERT_PATH"}
	}
	e := &Engine{
		client: c, host: "127.0.0.1", publish: netip.AddrFrom4([4]byte{127, 0, 0, 1}),
	}
	if err := e.greet(ctx); err != nil {
		e.Close()
		return nil, err
	}
	if u, err := url.Parse(c.DaemonHost()); err == nil && u.Scheme != "unix" && u.Scheme != "npipe" && !isLoopback(u) {
		e.host, e.publish = u.Hostname(), netip.IPv4Unspecified()
	}
	return e, nil
}

func isLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// Close gives the connections back.
func (e *Engine) Close() { _ = e.client.Close() } // it has no error to tell

// greet asks the engine who it is, and hands it to testcontainers.
func (e *Engine) greet(ctx context.Context) error {
	ping, err := e.client.Ping(ctx, client.PingOptions{})
	if err != nil {
		return unreachable(e.client.DaemonHost(), err)
	}
	e.api = ping.APIVersion
	if older(e.api, oldest) {
		return &services.EngineError{
			Err:  fmt.Errorf("it speaks API %s, and %s is needed", cmp.Or(e.api, "older than 1.24"), oldest),
			Hint: "update Docker to 20.10 or newer",
		}
	}
	info, err := e.client.Info(ctx, client.InfoOptions{})
	if err != nil {
		return unreachable(e.client.DaemonHost(), err)
	}
	e.info = info.Info
	e.slots = make(chan struct{}, atOnce(e.api))
	if e.provider, err = newProvider(ctx, e.client); err != nil {
		return unreachable(e.client.DaemonHost(), err)
	}
	return nil
}

// settings are testcontainers', which it has for the whole process. Its own reaper is not used: it needs
// an image that may not be had, and goes by a session that all runs of one shell share.
var settings = sync.OnceValue(func() error {
	log.SetDefault(log.NewNoopLogger())
	for name, value := range map[string]string{
		"TESTCONTAINERS_RYUK_DISABLED": "true", "TESTCONTAINERS_HOST_OVERRIDE": "127.0.0.1",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return nil
})

// newProvider makes testcontainers use our connection.
func newProvider(ctx context.Context, c *client.Client) (*tc.DockerProvider, error) {
	if err := settings(); err != nil {
		return nil, err
	}
	standing, err := standingNetwork(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := tc.NewDockerProvider(
		tc.WithDefaultBridgeNetwork(standing), tc.Generic2DockerOptions(tc.WithLogger(log.NewNoopLogger()))[0],
	)
	if err != nil {
		return nil, err
	}
	p.SetClient(c)
	return p, nil
}

// standingNetwork is a network that the engine has anyway. Testcontainers wants to know of one, though no
// container of ours is on it, and would make one that nobody removes.
func standingNetwork(ctx context.Context, c *client.Client) (string, error) {
	networks, err := c.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return "", err
	}
	name := tc.Bridge
	for _, n := range networks.Items {
		switch n.Name {
		case tc.Bridge:
			return n.Name, nil
		case "none", "podman":
			name = n.Name
		}
	}
	return name, nil
}

// unreachable says why an engine does not answer and what to do about it.
func unreachable(host string, err error) error {
	e := &services.EngineError{Err: fmt.Errorf("%s: %w", host, plain(err))}
	switch {
	case errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "permission denied"):
		e.Err = fmt.Errorf("no permission on %s", host)
		e.Hint = "add yourself to its group (sudo usermod -aG docker $USER, then log in again), " +
			"or set DOCKER_HOST to an engine that you may use"
	case client.IsErrConnectionFailed(err):
		e.Err = fmt.Errorf("nobody answers at %s", host)
		e.Hint = "start it (sudo systemctl start docker, or Docker Desktop), or set DOCKER_HOST to where it is"
	default:
		e.Hint = "see whether docker info works; DOCKER_HOST says which engine is used"
	}
	return e
}

// plain is what the engine said, or what the system refused, without what the libraries wrap around it.
func plain(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		if _, number := inner.(syscall.Errno); number { //nolint:errorlint // one step at a time
			return err
		}
		err = inner
	}
	if text, cut := strings.CutPrefix(err.Error(), "Error response from daemon: "); cut {
		return errors.New(text)
	}
	return err
}

// engineHost is the address of the engine: DOCKER_HOST, or the first of the usual sockets that is there.
// It is empty where the client has to choose.
func engineHost() string {
	if os.Getenv("DOCKER_HOST") != "" {
		return ""
	}
	home, _ := os.UserHomeDir()
	for _, path := range []string{
		"/var/run/docker.sock", filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "docker.sock"),
		filepath.Join(home, ".docker/run/docker.sock"), filepath.Join(home, ".docker/desktop/docker.sock"),
	} {
		if info, err := os.Stat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
			return "unix://" + path
		}
	}
	return ""
}

// older tells whether API version a is older than b; both are like "1.41".
func older(a, b string) bool {
	parse := func(v string) (major, minor int) {
		left, right, _ := strings.Cut(v, ".")
		major, _ = strconv.Atoi(left)
		minor, _ = strconv.Atoi(right)
		return major, minor
	}
	major, minor := parse(a)
	wantMajor, wantMinor := parse(b)
	return major < wantMajor || major == wantMajor && minor < wantMinor
}

// hostAccess tells how containers in a network with this gateway reach servers of this process.
func (e *Engine) hostAccess(ctx context.Context, gateway netip.Addr) services.HostAccess {
	if e.publish.IsUnspecified() { // the engine is on another machine
		address := net.JoinHostPort(e.host, "2375")
		if conn, err := new(net.Dialer).DialContext(ctx, "udp", address); err == nil { // sends nothing
			defer conn.Close()
			ip := conn.LocalAddr().(*net.UDPAddr).IP.String()
			return services.HostAccess{Listen: ip, Alias: ip}
		}
	}
	switch {
	case e.info.OperatingSystem == "Docker Desktop":
		return services.HostAccess{Listen: "127.0.0.1", Alias: "host-gateway"}
	case gateway.IsValid() && isLocal(gateway):
		return services.HostAccess{Listen: gateway.String(), Alias: gateway.String()}
	}
	return services.HostAccess{Listen: "0.0.0.0", Alias: "host-gateway"}
}

// isLocal tells whether ip is an address of this machine.
func isLocal(ip netip.Addr) bool {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.String() == ip.String() {
			return true
		}
	}
	return false
}
