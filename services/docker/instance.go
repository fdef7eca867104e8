package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// instance is a container that was started.
type instance struct {
	launch *launch
	engine *Engine
	id     string
	ports  network.PortMap
	signal string // that asks it to end
	meter  *meter
	output *output

	exited chan struct{}
	// watching ends the goroutines; watchers waits for them.
	watching context.CancelFunc
	watchers sync.WaitGroup

	mu       sync.Mutex
	exit     services.Exit
	final    services.State
	stopping bool
	removed  bool
}

var (
	_ services.Instance  = (*instance)(nil)
	_ services.Execer    = (*instance)(nil)
	_ services.Named     = (*instance)(nil)
	_ services.Inspector = (*instance)(nil)
	_ services.Contained = (*instance)(nil)
)

// newInstance begins to watch a container that was started.
func newInstance(ctx context.Context, l *launch, id string, out *output) (*instance, error) {
	i := &instance{
		launch: l, engine: l.site.engine, id: id, meter: newMeter(), output: out, exited: make(chan struct{}),
	}
	found, err := i.engine.client.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err == nil {
		i.signal = found.Container.Config.StopSignal
		i.ports = found.Container.NetworkSettings.Ports
	}
	if err == nil && l.guard != nil {
		i.ports, err = l.guard.ports(ctx)
	}
	if err != nil {
		err = errors.Join(l.failed(err), i.remove(ctx))
		out.close(0)
		return nil, err
	}
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	i.watching = cancel
	i.watchers.Go(func() { i.watch(watching) })
	i.watchers.Go(func() { i.meter.run(watching, i.engine.client, id) })
	return i, nil
}

// drainTime is how long the engine may take to hand over the last lines of a container that has ended.
const drainTime = 5 * time.Second

// watch waits for the end of the container and of its output.
func (i *instance) watch(ctx context.Context) {
	exit, state := i.wait(ctx)
	i.output.close(drainTime)
	i.meter.end()
	i.mu.Lock()
	exit.Stopped = i.stopping
	i.exit, i.final = exit, state
	i.mu.Unlock()
	close(i.exited)
	i.watching() // ends the meter
}

// wait waits for the end of the container and asks for its last state.
func (i *instance) wait(ctx context.Context) (services.Exit, services.State) {
	for tries := 0; ; tries++ {
		lost := i.untilEnd(ctx)
		asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		state, err := i.ask(asking)
		cancel()
		switch {
		case err == nil && state.Status != "running" && state.Status != "paused":
			return exitOf(state), state
		case errdefs.IsNotFound(err):
			return lostOf("somebody removed the container")
		case err != nil && tries >= 3:
			return lostOf(fmt.Sprintf("the container engine is gone: %v", plain(cmp.Or(lost, err))))
		case ctx.Err() != nil:
			return lostOf("it cannot be ended")
		}
		pause(ctx, 200*time.Millisecond)
	}
}

// lostOf is the end of a container that is not known to have ended by itself.
func lostOf(why string) (services.Exit, services.State) {
	return services.Exit{Code: -1, Reason: why, Lost: true}, services.State{Status: "dead", ExitCode: -1, Error: why}
}

// untilEnd waits for the end of the container; its error says that the engine does not answer.
func (i *instance) untilEnd(ctx context.Context) error {
	res := i.engine.client.ContainerWait(ctx, i.id, client.ContainerWaitOptions{
		Condition: container.WaitConditionNotRunning,
	})
	select {
	case <-res.Result:
		return nil
	case err := <-res.Error:
		return err
	}
}

// exitOf reads how a container ended. Engines tell a signal as 128 and its number, as shells do.
func exitOf(s services.State) services.Exit {
	exit := services.Exit{Code: s.ExitCode}
	if n := syscall.Signal(s.ExitCode - 128); n > 0 && n <= syscall.SIGTERM {
		exit.Code, exit.Signal = -1, n.String()
	}
	if s.OOMKilled {
		exit.Reason = "out of memory"
	}
	return exit
}

// Addr is empty for a service without a port.
func (i *instance) Addr() string {
	if i.launch.service.Port == 0 {
		return ""
	}
	addr, err := i.address(i.launch.service.Port)
	if err != nil { // it has ended, and the engine has taken its ports back: nobody must answer for it
		return net.JoinHostPort(i.engine.host, "0")
	}
	return addr
}

func (i *instance) address(port int) (string, error) {
	p, _ := tcpPort(port)
	for _, b := range i.ports[p] {
		return net.JoinHostPort(i.engine.host, b.HostPort), nil
	}
	return "", fmt.Errorf("port %d of %s is not published", port, i.launch.service.Name)
}

// PortAddr is an error for a port that is neither Service.Port nor one of Container.Ports.
func (i *instance) PortAddr(_ context.Context, port int) (string, error) { return i.address(port) }

func (i *instance) Inside() string {
	return net.JoinHostPort(i.launch.service.Name, strconv.Itoa(i.launch.service.Port))
}

func (i *instance) Exited() <-chan struct{} { return i.exited }

func (i *instance) Exit() services.Exit {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.exit
}

// Stats answers with the newest of the samples that the engine takes each second.
func (i *instance) Stats(ctx context.Context) (services.Stats, error) {
	stats, err := i.meter.read(ctx, i.exited)
	if err != nil {
		return stats, fmt.Errorf("measuring %s: %w", i.launch.service.Name, err)
	}
	return stats, nil
}

// Egress is unsupported where the service's egress is not bounded.
func (i *instance) Egress(ctx context.Context) (services.EgressReport, error) {
	if i.launch.guard == nil {
		return services.EgressReport{}, fmt.Errorf("the egress of %s: %w", i.launch.service.Name, errors.ErrUnsupported)
	}
	return i.launch.guard.report(ctx)
}

// Inspect answers for a container that has ended, and was perhaps removed, with its last state.
func (i *instance) Inspect(ctx context.Context) (services.State, error) {
	select {
	case <-i.exited:
		i.mu.Lock()
		defer i.mu.Unlock()
		return i.final, nil
	default:
	}
	state, err := i.ask(ctx)
	if err != nil {
		return state, fmt.Errorf("looking at %s: %w", i.launch.service.Name, plain(err))
	}
	return state, nil
}

func (i *instance) ask(ctx context.Context) (services.State, error) {
	found, err := i.engine.client.ContainerInspect(ctx, i.id, client.ContainerInspectOptions{})
	if err != nil {
		return services.State{}, err
	}
	s := found.Container.State
	state := services.State{
		Status: string(s.Status), ExitCode: s.ExitCode, OOMKilled: s.OOMKilled, Error: s.Error,
		Restarts: found.Container.RestartCount,
	}
	if s.Health != nil && s.Health.Status != container.NoHealthcheck {
		state.Health = string(s.Health.Status)
		if n := len(s.Health.Log); n > 0 {
			state.Probe = strings.TrimSpace(s.Health.Log[n-1].Output)
		}
	}
	return state, nil
}

// Stop asks the container to end, then kills it, and removes it.
func (i *instance) Stop(ctx context.Context) error {
	i.mu.Lock()
	select {
	case <-i.exited:
	default:
		i.stopping = true
	}
	i.mu.Unlock()
	err := i.end(ctx)
	if err == nil {
		defer i.engine.turn()()
		err = i.remove(context.WithoutCancel(ctx))
	}
	if err != nil {
		return fmt.Errorf("stopping %s: %w", i.launch.service.Name, plain(err))
	}
	return nil
}

// end returns once the container does not run. It is killed after the service's grace, or with ctx.
func (i *instance) end(ctx context.Context) error {
	grace := i.launch.service.StopTimeout
	if grace <= 0 {
		grace = services.DefaultStopTimeout
	}
	polite, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if err := i.leave(polite); err == nil || polite.Err() != nil {
		select {
		case <-i.exited:
			return nil
		case <-polite.Done():
		}
	}
	forced, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	if err := i.kill(forced, "SIGKILL"); err != nil {
		return err
	}
	select {
	case <-i.exited:
		return nil
	case <-forced.Done():
		return fmt.Errorf("it still runs %s after it was killed", drainTime)
	}
}

// swiftly is how long a container that is asked to end keeps its turn.
const swiftly = 300 * time.Millisecond

// leave asks the container to end. The engine takes it off its network as it does: those that end at once
// do so in turn.
func (i *instance) leave(ctx context.Context) error {
	defer i.engine.turn()()
	if err := i.kill(ctx, i.signal); err != nil {
		return err
	}
	select {
	case <-i.exited:
	case <-time.After(swiftly):
	}
	return nil
}

// kill sends a signal; a container that does not run any more is no error.
func (i *instance) kill(ctx context.Context, signal string) error {
	if signal == "" {
		signal = "SIGTERM"
	}
	_, err := i.engine.client.ContainerKill(ctx, i.id, client.ContainerKillOptions{Signal: signal})
	if errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
		return nil
	}
	return err
}

// remove removes the container, and its guard, once.
func (i *instance) remove(ctx context.Context) error {
	i.mu.Lock()
	done := i.removed
	i.removed = true
	i.mu.Unlock()
	if done {
		return nil
	}
	err := i.engine.removeOne(ctx, resource{kind: kindContainer, id: i.id, name: i.launch.service.Name})
	if i.launch.guard != nil {
		err = errors.Join(err, i.launch.guard.stop(ctx))
	}
	return err
}

// join waits for the goroutines of an instance that has ended.
func (i *instance) join() {
	i.watching()
	i.watchers.Wait()
}
