package docker

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"time"
)

// watchdog is a process that removes what the run has made when this process is gone. It learns that
// from its standard input, which ends with whoever holds the other end.
type watchdog struct {
	cmd  *exec.Cmd
	pipe io.WriteCloser
}

// unleash starts the watchdog, in a session of its own: a Ctrl-C is not for it.
func unleash(ctx context.Context, command []string, run string) (*watchdog, error) {
	if len(command) == 0 {
		return nil, nil
	}
	args := append(slices.Clone(command[1:]), run)
	cmd := exec.CommandContext(context.WithoutCancel(ctx), command[0], args...)
	cmd.SysProcAttr = ownSession()
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the watchdog: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the watchdog: %w", err)
	}
	return &watchdog{cmd: cmd, pipe: pipe}, nil
}

// dismiss ends the watchdog: there is nothing left to remove.
func (w *watchdog) dismiss() {
	if w == nil {
		return
	}
	// It may have ended by itself, which is as good.
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
}

// leave lets go of a watchdog that was not dismissed: it goes to work now and outlives this process.
func (w *watchdog) leave() {
	if w != nil {
		_ = w.pipe.Close() // nothing was written
	}
}

// afterlife is how long after its owner's end a container may still come up that was asked for before.
const afterlife = 2 * time.Second

// Reap waits for the end of in, then removes all that the run has made.
func Reap(ctx context.Context, in io.Reader, run string) error {
	if _, err := io.Copy(io.Discard, in); err != nil {
		return fmt.Errorf("waiting for the end of the owner: %w", err)
	}
	e, err := Connect(ctx)
	if err != nil {
		return err
	}
	defer e.Close()
	if err := e.sweep(ctx, run); err != nil {
		return err
	}
	pause(ctx, afterlife)
	return e.sweep(ctx, run)
}
