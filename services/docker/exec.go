package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// Exec runs a command within the container. Where ctx ends first the command is left to end by itself: an
// engine cannot end it.
func (i *instance) Exec(ctx context.Context, command []string) error {
	tail := services.NewTail(tailLines)
	code, err := i.exec(ctx, command, tail)
	if err != nil {
		return fmt.Errorf("running a command in %s: %w", i.launch.service.Name, plain(err))
	}
	if code == 0 {
		return nil
	}
	return &services.ExitError{
		Service: i.launch.service.Name, Command: command, Exit: services.Exit{Code: code}, Log: tail.Texts(tailLines),
	}
}

func (i *instance) exec(ctx context.Context, command []string, tail *services.Tail) (int, error) {
	c := i.engine.client
	made, err := c.ExecCreate(ctx, i.id, client.ExecCreateOptions{
		Cmd: command, AttachStdout: true, AttachStderr: true,
	})
	if err != nil {
		return 0, err
	}
	attached, err := c.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, err
	}
	defer attached.Close()
	stop := context.AfterFunc(ctx, attached.Close) // reading does not heed ctx
	defer stop()
	out, errs := newLineWriter(tail.Add, "stdout"), newLineWriter(tail.Add, "stderr")
	_, err = stdcopy.StdCopy(out, errs, attached.Reader)
	out.flush()
	errs.flush()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if err != nil {
		return 0, fmt.Errorf("reading its output: %w", err)
	}
	found, err := c.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	if err != nil {
		return 0, err
	}
	if found.Running {
		return 0, errors.New("it still runs although its output has ended")
	}
	return found.ExitCode, nil
}
