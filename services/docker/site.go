package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker/guard"
)

// Options say for whom a [Site] is opened.
type Options struct {
	// RunID names the run; no other run that lives may have the same.
	RunID string
	// Build runs the Build command of a service on this machine, before its image is built; nil refuses
	// services that have one.
	Build func(ctx context.Context, s services.Service, logs services.LogSink) error
	// Guard is the program within the guards of services with bounded egress; the zero Program is right for
	// headgate itself.
	Guard guard.Program
	// Reap is a command that calls [Reap] with the run's id, given as its last argument, once its standard
	// input ends: it outlives this process and removes the run's containers even after a kill -9.
	// Empty means none.
	Reap []string
}

// Site is the private network of one run, with its containers.
type Site struct {
	engine  *Engine
	options Options
	labels  map[string]string
	network string // its id
	host    services.HostAccess
	dog     *watchdog

	mu        sync.Mutex
	instances []*instance
	started   int
	closed    bool

	preparing sync.Mutex
	prepared  string // the guards' image
}

var _ services.Site = (*Site)(nil)

// Open connects to the engine, removes what dead runs have left there, and makes the run's network. An
// engine that cannot be used is a [services.EngineError].
func Open(ctx context.Context, o Options) (*Site, error) {
	if o.RunID == "" {
		return nil, errors.New("opening a site: a run id is needed")
	}
	e, err := Connect(ctx)
	if err != nil {
		return nil, err
	}
	s := &Site{engine: e, options: o, labels: runLabels(o.RunID)}
	// What dead runs left is no reason not to begin a new one.
	_, _, _ = e.Clean(ctx, CleanOptions{})
	if s.dog, err = unleash(ctx, o.Reap, o.RunID); err != nil {
		e.Close()
		return nil, err
	}
	if err := s.connect(ctx); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// connect makes the network and finds out how its containers reach this machine.
func (s *Site) connect(ctx context.Context) error {
	name, err := s.networkName(ctx)
	if err != nil {
		return err
	}
	made, err := s.engine.client.NetworkCreate(ctx, name, client.NetworkCreateOptions{Driver: "bridge", Labels: s.labels})
	if err != nil {
		return networkError(name, err)
	}
	s.network = made.ID
	found, err := s.engine.client.NetworkInspect(ctx, s.network, client.NetworkInspectOptions{})
	if err != nil {
		return fmt.Errorf("looking at network %s: %w", name, err)
	}
	var gateway netip.Addr
	for _, c := range found.Network.IPAM.Config {
		if c.Gateway.Is4() {
			gateway = c.Gateway
		}
	}
	s.host = s.engine.hostAccess(ctx, gateway)
	return nil
}

// networkName is the name of the run's network: with a number behind it where another has the name, since
// older engines give one name to several networks.
func (s *Site) networkName(ctx context.Context) (string, error) {
	list, err := s.engine.client.NetworkList(ctx, client.NetworkListOptions{})
	if err != nil {
		return "", fmt.Errorf("listing the networks: %w", err)
	}
	var taken []string
	for _, n := range list.Items {
		taken = append(taken, n.Name)
	}
	name := resourceName(s.options.RunID)
	for n := 2; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("%s-%d", resourceName(s.options.RunID), n)
	}
	return name, nil
}

func networkError(name string, err error) error {
	if strings.Contains(err.Error(), "address pool") {
		return &services.EngineError{
			Err: fmt.Errorf("no address range is left for network %s", name),
			Hint: "remove networks that are not needed (headgate clean, docker network prune), " +
				"or give the engine more default-address-pools",
		}
	}
	return &services.EngineError{Err: fmt.Errorf("making network %s: %w", name, err), Hint: "see the engine's log"}
}

// Host is how a service of this process is reached from the containers.
func (s *Site) Host() services.HostAccess { return s.host }

// Close stops every container and removes all that carries the run's label.
func (s *Site) Close(ctx context.Context) error {
	s.mu.Lock()
	instances, closed := s.instances, s.closed
	s.instances, s.closed = nil, true
	s.mu.Unlock()
	if closed {
		return nil
	}
	var stopping errgroup.Group
	for _, i := range instances {
		stopping.Go(func() error { return i.Stop(ctx) })
	}
	stopped := stopping.Wait()
	// What could be swept was ended, whatever stopping said.
	err := s.engine.sweep(context.WithoutCancel(ctx), s.options.RunID)
	if err == nil {
		s.dog.dismiss()
	} else {
		err = errors.Join(err, stopped)
	}
	s.dog.leave()
	for _, i := range instances {
		i.join()
	}
	s.engine.Close()
	return err
}

// keep notes an instance, to be ended by Close. It is false where the site was closed meanwhile.
func (s *Site) keep(i *instance) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.instances = append(s.instances, i)
	return true
}

// next numbers the containers, so that a service that is started again has another name.
func (s *Site) next() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started++
	return s.started
}

// createTimeout bounds what is not to be cut off by a cancelled context: making a container, which would
// be left behind unknown.
const createTimeout = 2 * time.Minute
