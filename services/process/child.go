package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/headgate-dev/headgate/services"
)

const (
	// drainTime is how long after the death of the leader its last lines may take while another
	// process keeps its output open.
	drainTime = 200 * time.Millisecond
	// killTime is how long SIGKILL may take.
	killTime = 5 * time.Second
	// pollTime is how often the rest of a group is looked at while it ends.
	pollTime = 20 * time.Millisecond
)

// child is a process group that was started here: its leader and whatever that starts.
type child struct {
	cmd   *exec.Cmd
	mark  string
	grace time.Duration
	meter *meter
	pumps *pumps

	// exited is closed when the leader has ended and its last lines are handed on; ended when its
	// whole group has too.
	exited, ended chan struct{}

	mu       sync.Mutex
	status   services.Exit
	reaped   bool
	stopping bool
	force    chan struct{} // closed when the rest is to be killed
	forced   bool
}

// start starts the command with its outputs going to the two streams. On error nothing runs.
func (o launch) start(stdout, stderr string) (*child, error) {
	if err := supported(); err != nil {
		return nil, err
	}
	if err := checkDir(o.service.Dir); err != nil {
		return nil, err
	}
	c := &child{
		mark: newMark(), grace: o.grace(), pumps: newPumps(o.sink),
		exited: make(chan struct{}), ended: make(chan struct{}), force: make(chan struct{}),
	}
	c.cmd = exec.Command(o.command[0], o.command[1:]...)
	c.cmd.Dir = o.service.Dir
	c.cmd.Env = slices.Concat(o.env, []string{c.mark})
	c.cmd.SysProcAttr = attributes()
	outs, err := c.pumps.open(stdout, stderr)
	if err != nil {
		return nil, fmt.Errorf("opening pipes: %w", err)
	}
	c.cmd.Stdout, c.cmd.Stderr = outs[0], outs[1]
	started := make(chan error)
	go c.live(started, o.measure)
	err = <-started
	for _, out := range outs {
		out.Close()
	}
	if err != nil {
		c.pumps.wait()
		return nil, explain(o.command[0], o.service.Dir, c.cmd.Env, err)
	}
	return c, nil
}

// live starts the leader and stays with the group to its end. It keeps its thread for as long as the
// leader lives: on Linux the leader is killed when the thread that started it ends.
func (c *child) live(started chan<- error, measure bool) {
	runtime.LockOSThread()
	err := c.cmd.Start()
	if err == nil {
		c.meter = newMeter(c.cmd.Process.Pid, measure)
	}
	started <- err
	if err != nil {
		runtime.UnlockOSThread()
		return
	}
	waitErr := c.cmd.Wait()
	runtime.UnlockOSThread()
	c.died(waitErr)
	c.pumps.waitFor(drainTime)
	close(c.exited)
	c.sweep()
	c.meter.stop(c.cmd.ProcessState)
	if !c.pumps.waitFor(drainTime) {
		c.pumps.abandon()
	}
	c.pumps.wait()
	close(c.ended)
}

// died notes how the leader ended.
func (c *child) died(waitErr error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reaped = true
	c.status = services.Exit{Code: -1, Stopped: c.stopping}
	if exit := (*exec.ExitError)(nil); waitErr != nil && !errors.As(waitErr, &exit) {
		return
	}
	c.status.Code = c.cmd.ProcessState.ExitCode()
	if ws, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		c.status.Signal = ws.Signal().String()
	}
}

func (c *child) exit() services.Exit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.status
}

// sweep ends what the leader left behind: politely first, by force after the grace time or when Stop
// says so.
func (c *child) sweep() {
	left := c.survivors()
	if len(left) == 0 {
		return
	}
	signalAll(left, syscall.SIGTERM)
	grace := time.NewTimer(c.grace)
	defer grace.Stop()
	poll := time.NewTicker(pollTime)
	defer poll.Stop()
	force, deadline := c.force, (<-chan time.Time)(nil)
	for len(left) > 0 {
		select {
		case <-poll.C:
		case <-grace.C:
			c.kill()
		case <-force:
			force, deadline = nil, time.After(killTime)
		case <-deadline:
			return
		}
		left = c.survivors()
		if force == nil {
			signalAll(left, syscall.SIGKILL)
		}
	}
}

// kill makes the end of the group one by force.
func (c *child) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.forced {
		c.forced = true
		close(c.force)
	}
	c.signalGroup(syscall.SIGKILL)
}

// signalGroup signals the whole group while its leader is there; c.mu is held. Once the leader is
// reaped its number may be given to others, and sweep does the rest.
func (c *child) signalGroup(sig syscall.Signal) {
	if !c.reaped {
		signalGroup(c.cmd.Process.Pid, sig)
	}
}

// terminate asks the group to end.
func (c *child) terminate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return
	}
	c.stopping = true
	c.signalGroup(syscall.SIGTERM)
}

// stop ends the group and returns when it is gone: by force after grace or when ctx ends.
func (c *child) stop(ctx context.Context, grace time.Duration) error {
	c.terminate()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-c.ended:
		return c.leftovers()
	case <-timer.C:
	case <-ctx.Done():
	}
	c.kill()
	last := time.NewTimer(2 * killTime)
	defer last.Stop()
	select {
	case <-c.ended:
		return c.leftovers()
	case <-last.C:
		return fmt.Errorf("process %d does not end although it was killed", c.cmd.Process.Pid)
	}
}

// leftovers is an error if something outlived its killing.
func (c *child) leftovers() error {
	if left := c.survivors(); len(left) > 0 {
		return fmt.Errorf("processes %v do not end although they were killed", left)
	}
	return nil
}

// survivors are the living processes of the group and those that left it, without the leader once it
// is reaped. An unreadable process table counts as empty: there is nothing to signal by.
func (c *child) survivors() []int {
	all, err := processes()
	if err != nil {
		return nil
	}
	var left []int
	for _, p := range all {
		if p.zombie || p.pid == os.Getpid() {
			continue
		}
		if p.group == c.cmd.Process.Pid || marked(p.pid, c.mark) {
			left = append(left, p.pid)
		}
	}
	return left
}
