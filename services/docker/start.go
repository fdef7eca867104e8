package docker

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"

	"github.com/headgate-dev/headgate/services"
)

// Start brings the image here, makes the container and starts it. Besides what [services.Driver] says, it
// returns a [services.ImageError] where the image could not be had, and a [services.EngineError] where the
// engine is gone.
func (s *Site) Start(ctx context.Context, svc services.Service, logs services.LogSink) (services.Instance, error) {
	if svc.Container == nil {
		return nil, fmt.Errorf("starting %s: it is not a container", svc.Name)
	}
	logs = oneAtATime(logs)
	if err := s.buildLocally(ctx, svc, logs); err != nil {
		return nil, err
	}
	ref, err := s.image(ctx, svc, logs)
	if err != nil {
		return nil, err
	}
	l := &launch{site: s, service: svc, image: ref, logs: logs}
	i, err := l.start(ctx)
	if err != nil {
		return nil, err
	}
	return i, s.settle(ctx, i)
}

// settle hands over an instance that runs, unless nobody wants it any more.
func (s *Site) settle(ctx context.Context, i *instance) error {
	err := ctx.Err()
	if !s.keep(i) {
		err = errors.New("the site is closed")
	}
	if err == nil {
		err = i.launch.runnable(ctx, i)
	}
	if err == nil {
		return nil
	}
	stopping, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel() // by force, at once
	return errors.Join(i.launch.failed(err), i.Stop(stopping))
}

func (s *Site) buildLocally(ctx context.Context, svc services.Service, logs services.LogSink) error {
	switch {
	case len(svc.Build) == 0:
		return nil
	case s.options.Build == nil:
		return fmt.Errorf("building %s: a command cannot be run here; build the image instead", svc.Name)
	}
	return s.options.Build(ctx, svc, logs)
}

// launch is one start of a service.
type launch struct {
	site    *Site
	service services.Service
	image   string
	logs    services.LogSink
	tail    *services.Tail
	guard   *egress // nil where the egress is open
}

// start makes and starts the container. It is not cut off by ctx once it has begun.
func (l *launch) start(ctx context.Context) (*instance, error) {
	if err := ctx.Err(); err != nil {
		return nil, l.failed(err)
	}
	volumes, err := l.mounts()
	if err != nil {
		return nil, l.failed(err)
	}
	defer l.site.engine.turn()()
	making, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	name := resourceName(l.site.options.RunID, l.service.Name, strconv.Itoa(l.site.next()))
	if l.service.Container.Egress != nil {
		if l.guard, err = l.startGuard(making, name); err != nil {
			return nil, l.failed(err)
		}
	}
	made, err := l.site.engine.provider.CreateContainer(making, l.request(name, volumes))
	if err == nil {
		err = l.site.copyIn(making, made.GetContainerID(), l.service.Container.Files)
	}
	if err != nil {
		return nil, errors.Join(l.failed(err), l.discard(making, made))
	}
	return l.run(making, made)
}

// run starts a container that was made.
func (l *launch) run(ctx context.Context, made tc.Container) (*instance, error) {
	l.tail = services.NewTail(tailLines)
	out, err := l.site.engine.attach(ctx, made.GetContainerID(), services.Tee(l.logs, l.tail.Add))
	if err != nil {
		return nil, errors.Join(l.failed(err), l.discard(ctx, made))
	}
	if err := made.Start(ctx); err != nil {
		out.close(0)
		return nil, errors.Join(l.failed(err), l.discard(ctx, made))
	}
	return newInstance(ctx, l, made.GetContainerID(), out)
}

// discard removes what was made before the start failed.
func (l *launch) discard(ctx context.Context, made tc.Container) error {
	var errs []error
	if made != nil {
		r := resource{kind: kindContainer, id: made.GetContainerID(), name: l.service.Name}
		errs = append(errs, l.site.engine.removeOne(ctx, r))
	}
	if l.guard != nil {
		errs = append(errs, l.guard.stop(ctx))
	}
	return errors.Join(errs...)
}

// failed says what was being done, and sorts out the errors of the engine.
func (l *launch) failed(err error) error {
	text := err.Error()
	switch {
	case client.IsErrConnectionFailed(err):
		return unreachable(l.site.engine.client.DaemonHost(), err)
	case strings.Contains(text, "port is already allocated") || strings.Contains(text, "address already in use"):
		return &services.PortError{Service: l.service.Name, Port: l.service.Port}
	case errors.As(err, new(*services.ImageError)):
		return err
	case errdefs.IsNotFound(err) && strings.Contains(text, "No such image"):
		return &services.ImageError{Service: l.service.Name, Image: l.image, Err: errors.New("it was removed")}
	}
	return fmt.Errorf("starting %s: %w", l.service.Name, plain(err))
}

// request is what testcontainers is asked for.
func (l *launch) request(name string, volumes []mount.Mount) tc.ContainerRequest {
	var host *container.HostConfig
	return tc.ContainerRequest{
		Image: l.image, Name: name, ExposedPorts: exposed(l.published()),
		ConfigModifier: l.configure,
		HostConfigModifier: func(h *container.HostConfig) {
			h.Mounts, h.PortBindings = volumes, l.published()
			l.bound(h)
			host = h
		},
		EndpointSettingsModifier: l.join,
		LifecycleHooks: []tc.ContainerLifecycleHooks{{PreCreates: []tc.ContainerRequestHook{
			// Where none is to be published, testcontainers publishes every port of the image, at all addresses.
			func(context.Context, tc.ContainerRequest) error {
				host.PortBindings = l.published()
				return nil
			},
		}}},
	}
}

func (l *launch) labels() map[string]string {
	labels := maps.Clone(l.site.labels)
	labels[labelService] = l.service.Name
	return labels
}

// hostname is a service's name in the form that hosts have.
func hostname(service string) string {
	name := strings.TrimPrefix(resourceName(service), "headgate-")
	return name[:min(len(name), 63)]
}

func (l *launch) configure(c *container.Config) {
	spec := l.service.Container
	c.Labels = l.labels() // without testcontainers' own, by which another program's reaper might remove it
	c.Env = latest(l.service.Env)
	c.User = spec.User
	if len(l.service.Command) > 0 {
		c.Cmd = l.service.Command
	}
	if len(spec.Entrypoint) > 0 {
		c.Entrypoint = spec.Entrypoint
	}
	if h := spec.Health; h != nil {
		c.Healthcheck = &container.HealthConfig{
			Test: h.Test, Interval: h.Interval, Timeout: h.Timeout, StartPeriod: h.StartPeriod, Retries: h.Retries,
		}
	}
	if l.guard == nil {
		c.Hostname = hostname(l.service.Name)
	}
}

// latest leaves the last value of each variable. An engine would hand on all of them, and most programs
// take the first.
func latest(env []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, kv := range slices.Backward(env) {
		name, _, _ := strings.Cut(kv, "=")
		if !seen[name] {
			seen[name] = true
			list = append(list, kv)
		}
	}
	slices.Reverse(list)
	return list
}

// bound sets the resources and where the container lives. Swap would make a bound on memory mean nothing.
func (l *launch) bound(h *container.HostConfig) {
	spec := l.service.Container
	h.NanoCPUs = int64(spec.CPUs * 1e9)
	h.Memory, h.MemorySwap = spec.Memory, spec.Memory
	if l.guard != nil {
		l.guard.hold(h)
		return
	}
	h.NetworkMode = container.NetworkMode(l.site.network)
	for _, name := range slices.Sorted(maps.Keys(spec.Hosts)) {
		h.ExtraHosts = append(h.ExtraHosts, name+":"+spec.Hosts[name])
	}
}

func (l *launch) join(settings map[string]*network.EndpointSettings) {
	if l.guard == nil {
		settings[l.site.network] = &network.EndpointSettings{NetworkID: l.site.network, Aliases: l.aliases()}
	}
}

func (l *launch) aliases() []string {
	return append([]string{l.service.Name}, l.service.Container.Aliases...)
}

// published are the ports that this process can reach; the engine chooses free ones.
func (l *launch) published() network.PortMap {
	if l.guard != nil {
		return network.PortMap{}
	}
	return l.ports()
}

func (l *launch) ports() network.PortMap {
	ports := network.PortMap{}
	for _, n := range append([]int{l.service.Port}, l.service.Container.Ports...) {
		if p, ok := tcpPort(n); ok {
			ports[p] = []network.PortBinding{{HostIP: l.site.engine.publish, HostPort: "0"}}
		}
	}
	return ports
}

func exposed(ports network.PortMap) []string {
	var list []string
	for p := range ports {
		list = append(list, p.String())
	}
	return list
}

func tcpPort(n int) (network.Port, bool) {
	if n <= 0 || n > 65535 {
		return network.Port{}, false
	}
	return network.PortFrom(uint16(n), network.TCP)
}

// mounts are the volumes; a folder of this machine has to be there.
func (l *launch) mounts() ([]mount.Mount, error) {
	var list []mount.Mount
	for _, v := range l.service.Container.Volumes {
		m := mount.Mount{Type: mount.TypeVolume, Source: v.Source, Target: v.Target, ReadOnly: v.ReadOnly}
		switch {
		case v.InMemory:
			m.Type, m.TmpfsOptions = mount.TypeTmpfs, &mount.TmpfsOptions{Mode: 0o1777}
		case filepath.IsAbs(v.Source):
			if _, err := os.Stat(v.Source); err != nil {
				return nil, fmt.Errorf("the volume at %s: %w", v.Target, err)
			}
			m.Type = mount.TypeBind
		case v.Source != "":
			m.Source = resourceName(l.site.options.RunID, v.Source)
			fallthrough
		default:
			m.VolumeOptions = &mount.VolumeOptions{Labels: l.site.labels}
		}
		list = append(list, m)
	}
	return list, nil
}

// foreignPatience is how long a program of another architecture is watched for the refusal of the kernel.
const foreignPatience = time.Second

// runnable tells whether the kernel could run the program: an image of another architecture can only be
// run where the engine emulates it.
func (l *launch) runnable(ctx context.Context, i *instance) error {
	arch := l.site.engine.foreign(ctx, l.image)
	if arch == "" {
		return nil
	}
	timer := time.NewTimer(foreignPatience)
	defer timer.Stop()
	select {
	case <-i.Exited():
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, text := range l.tail.Texts(tailLines) {
		if strings.Contains(text, "exec format error") {
			own := l.site.engine.architecture()
			return &services.ImageError{
				Service: l.service.Name, Image: l.image, Hint: "build or pull it with --platform linux/" + own,
				Err: fmt.Errorf("it is for %s, and the engine's machine is %s, which does not emulate it", arch, own),
			}
		}
	}
	return nil
}
