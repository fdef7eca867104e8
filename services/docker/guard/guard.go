// Package guard isolates a container: a second container, started before it, holds its network
// namespace and lets nothing out of it but what is allowed.
//
// The guard is on the run's ordinary network, so that names and published ports work as ever, and has
// NET_ADMIN in its own namespace; the service joins the namespace and has not. What happens inside is
// told in package fence. The guard's image is made from this very executable.
package guard

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker/guard/fence"
)

// Options say what a guard is for.
type Options struct {
	Client *client.Client
	// Image is what Prepare gave; empty calls it, with Program.
	Image   string
	Program Program
	// Network is the name or id of the run's network; it is an ordinary bridge, not an internal one.
	Network string
	// Name is the guard's container name; Hostname is the service's, which it sees as its own.
	Name, Hostname string
	// Aliases are the service's names on the network.
	Aliases []string
	// Ports are the service's ports and where they are published.
	Ports network.PortMap
	// Hosts are further host names with their addresses, or with "host-gateway".
	Hosts  map[string]string
	Labels map[string]string
	// Allow are the destinations that may be reached, as host:port: those of the run, which are shown to
	// be reachable, and those outside.
	Allow []string
	// Lookup finds the addresses of allowed hosts outside; nil asks this machine's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// Guard is a running guard.
type Guard struct {
	client *client.Client
	id     string
	ask    []string // the command that asks it
}

// Start starts a guard and returns when its fence stands. A service joins it by the network mode
// "container:" and ID, without NET_ADMIN and NET_RAW. On error nothing is left running. The error is a
// *services.EngineError unless an entry of Allow is wrong.
func Start(ctx context.Context, o Options) (g *Guard, err error) {
	for _, entry := range o.Allow {
		if err := fence.Check(entry); err != nil {
			return nil, err
		}
	}
	if o.Image == "" {
		if o.Image, err = Prepare(ctx, o.Client, o.Program); err != nil {
			return nil, refused(err, "")
		}
	}
	made, err := create(ctx, o)
	if err != nil {
		return nil, refused(fmt.Errorf("creating the guard %s: %w", o.Name, err), "")
	}
	g = &Guard{client: o.Client, id: made, ask: append(o.Program.command(), askWord)}
	if err := g.start(ctx, o); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = refused(fmt.Errorf("starting the guard %s: %w", o.Name, err),
			"isolation needs Linux 4.17 or newer where the containers run; egress: allow does without")
		return nil, errors.Join(err, g.Stop(undo))
	}
	return g, nil
}

// refused says that the environment, not the service, is the reason.
func refused(err error, hint string) error {
	var said *services.EngineError
	if errors.As(err, &said) {
		return err
	}
	return &services.EngineError{Err: err, Hint: hint}
}

// ID is the guard's container id.
func (g *Guard) ID() string { return g.id }

// Report proves from inside that the fence stands, by dialling all that is allowed and nothing else,
// and tells what was tried and denied since the start.
func (g *Guard) Report(ctx context.Context) (services.EgressReport, error) {
	response, err := g.request(ctx, fence.Request{Report: true})
	return response.Report, err
}

// Stop removes the guard. It is safe to call twice. The service has to be gone before.
func (g *Guard) Stop(ctx context.Context) error {
	_, err := g.client.ContainerRemove(ctx, g.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err != nil && !gone(err) {
		return fmt.Errorf("removing the guard: %w", err)
	}
	return nil
}

// create makes the guard's container with all that the service's would have had of the network.
func create(ctx context.Context, o Options) (id string, err error) {
	exposed := network.PortSet{}
	settings := fence.Config{Allow: o.Allow}
	for p, bindings := range o.Ports {
		exposed[p] = struct{}{}
		settings.Ports = append(settings.Ports, int(p.Num()))
		for _, b := range bindings {
			settings.Anyone = settings.Anyone || !b.HostIP.IsLoopback()
		}
	}
	slices.Sort(settings.Ports)
	config, err := json.Marshal(settings)
	if err != nil {
		return "", err
	}
	made, err := o.Client.ContainerCreate(ctx, client.ContainerCreateOptions{
		Name: o.Name,
		Config: &container.Config{
			Hostname: cmp.Or(o.Hostname, o.Name), Image: o.Image, Labels: o.Labels, ExposedPorts: exposed,
			Entrypoint: append(o.Program.command(), holdWord), Cmd: []string{string(config)},
		},
		HostConfig: hostConfig(o),
		NetworkingConfig: &network.NetworkingConfig{
			EndpointsConfig: map[string]*network.EndpointSettings{o.Network: {Aliases: o.Aliases}},
		},
	})
	return made.ID, err
}

// hostConfig gives the guard what it needs and no more. Its own name server is asked by the engine's
// for what that does not know; no search list is added to names. Answers of allowed destinations come
// in by another interface than the default route's, which the strict filter would drop. IPv6 is switched
// on at the fence, so that attempts by it are seen, and on the loopback, so that ::1 is not one.
func hostConfig(o Options) *container.HostConfig {
	sysctls := map[string]string{"net.ipv4.ip_forward": "0", "net.ipv4.conf.all.rp_filter": "2"}
	if _, err := os.Stat("/proc/sys/net/ipv6/conf/default/disable_ipv6"); err == nil {
		sysctls["net.ipv6.conf.default.disable_ipv6"] = "0"
		sysctls["net.ipv6.conf.lo.disable_ipv6"] = "0"
	}
	var hosts []string
	for _, name := range slices.Sorted(maps.Keys(o.Hosts)) {
		hosts = append(hosts, name+":"+o.Hosts[name])
	}
	return &container.HostConfig{
		NetworkMode: container.NetworkMode(o.Network), PortBindings: o.Ports, ExtraHosts: hosts,
		DNS: []netip.Addr{netip.MustParseAddr(fence.Nameserver)}, DNSSearch: []string{"."},
		CapDrop: []string{"ALL"}, CapAdd: []string{"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"},
		SecurityOpt: []string{"no-new-privileges"}, ReadonlyRootfs: true,
		Tmpfs: map[string]string{"/run": "size=1m"}, Sysctls: sysctls,
	}
}

// start waits until the fence stands and tells it the addresses of what is allowed outside.
func (g *Guard) start(ctx context.Context, o Options) error {
	if _, err := g.client.ContainerStart(ctx, g.id, client.ContainerStartOptions{}); err != nil {
		return err
	}
	ready, err := g.ready(ctx)
	if err != nil || len(ready.Outside) == 0 {
		return err
	}
	lookup := o.Lookup
	if lookup == nil {
		lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	found := map[string][]netip.Addr{}
	for _, host := range ready.Outside {
		if found[host], err = lookup(ctx, host); err != nil {
			return &services.EngineError{
				Err:  fmt.Errorf("isolation: allow: finding the addresses of %s: %w", host, err),
				Hint: "correct the name, or see to this machine's name resolution",
			}
		}
	}
	_, err = g.request(ctx, fence.Request{Learn: found})
	return err
}

// Ports tells where the service's ports are published.
func (g *Guard) Ports(ctx context.Context) (network.PortMap, error) {
	got, err := g.client.ContainerInspect(ctx, g.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("reading the guard's ports: %w", err)
	}
	return got.Container.NetworkSettings.Ports, nil
}
