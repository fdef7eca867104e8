package docker

import (
	"context"
	"fmt"
	"sync"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker/guard"
)

// egress is the guard of one service. It has the network, names and ports that the service would have.
type egress struct {
	guard *guard.Guard

	mu   sync.Mutex
	last services.EgressReport
	gone bool
}

// startGuard starts the guard that the service called name will join.
func (l *launch) startGuard(ctx context.Context, name string) (*egress, error) {
	image, err := l.site.guardImage(ctx)
	if err != nil {
		return nil, err
	}
	spec := l.service.Container
	g, err := guard.Start(ctx, guard.Options{
		Client: l.site.engine.client, Image: image, Program: l.site.options.Guard, Network: l.site.network,
		Name: name + "-guard", Hostname: hostname(l.service.Name), Aliases: l.aliases(), Ports: l.ports(),
		Hosts: spec.Hosts, Labels: l.labels(), Allow: spec.Egress.Allow,
	})
	if err != nil {
		return nil, err
	}
	return &egress{guard: g}, nil
}

// guardImage makes the guards' image once.
func (s *Site) guardImage(ctx context.Context) (string, error) {
	s.preparing.Lock()
	defer s.preparing.Unlock()
	if s.prepared != "" {
		return s.prepared, nil
	}
	image, err := guard.Prepare(ctx, s.engine.client, s.options.Guard)
	if err != nil {
		return "", fmt.Errorf("preparing the guard: %w", err)
	}
	s.prepared = image
	return image, nil
}

// hold puts a container into the guard's network, without the rights to change it.
func (e *egress) hold(h *container.HostConfig) {
	h.NetworkMode = container.NetworkMode("container:" + e.guard.ID())
	h.CapDrop = append(h.CapDrop, "NET_ADMIN", "NET_RAW")
}

func (e *egress) ports(ctx context.Context) (network.PortMap, error) {
	return e.guard.Ports(ctx)
}

// report asks the guard; once that was stopped it answers as it last did.
func (e *egress) report(ctx context.Context) (services.EgressReport, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return e.last, nil
	}
	report, err := e.guard.Report(ctx)
	if err == nil {
		e.last = report
	}
	return report, err
}

func (e *egress) stop(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gone = true
	return e.guard.Stop(ctx)
}
