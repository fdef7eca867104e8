package guard

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services/docker/guard/fence"
)

// ready waits for the guard's first word. Where there is none, the error says what it wrote instead.
func (g *Guard) ready(ctx context.Context) (fence.Ready, error) {
	logs, err := g.client.ContainerLogs(ctx, g.id, client.ContainerLogsOptions{
		ShowStdout: true, ShowStderr: true, Follow: true,
	})
	if err != nil {
		return fence.Ready{}, fmt.Errorf("reading its log: %w", err)
	}
	defer logs.Close()
	lines := &untilReady{}
	if _, err := stdcopy.StdCopy(lines, lines, logs); err != nil && !errors.Is(err, io.EOF) {
		return fence.Ready{}, fmt.Errorf("reading its log: %w", err)
	}
	switch {
	case lines.ready.Error != "":
		return fence.Ready{}, errors.New(lines.ready.Error)
	case !lines.ready.Ready:
		return fence.Ready{}, fmt.Errorf("it ended before it was ready: %s", strings.TrimSpace(lines.text.String()))
	}
	return lines.ready, nil
}

// untilReady takes a log until it holds the line that is waited for.
type untilReady struct {
	text  bytes.Buffer
	ready fence.Ready
}

func (u *untilReady) Write(p []byte) (int, error) {
	u.text.Write(p)
	lines := bufio.NewScanner(bytes.NewReader(u.text.Bytes()))
	for lines.Scan() {
		if json.Unmarshal(lines.Bytes(), &u.ready) == nil {
			return 0, io.EOF
		}
	}
	return len(p), nil
}

// request asks the fence, through a process that is started beside it.
func (g *Guard) request(ctx context.Context, q fence.Request) (fence.Response, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return fence.Response{}, err
	}
	var out, problem bytes.Buffer
	code, err := g.exec(ctx, append(g.ask, string(body)), &out, &problem)
	if err != nil {
		return fence.Response{}, fmt.Errorf("asking the guard: %w", err)
	}
	var r fence.Response
	if code != 0 || json.Unmarshal(out.Bytes(), &r) != nil {
		return fence.Response{}, fmt.Errorf("asking the guard: exit status %d: %s%s", code, &out, &problem)
	}
	if r.Error != "" {
		return fence.Response{}, fmt.Errorf("asking the guard: %s", r.Error)
	}
	return r, nil
}

func (g *Guard) exec(ctx context.Context, command []string, out, problem io.Writer) (code int, err error) {
	options := client.ExecCreateOptions{Cmd: command, AttachStdout: true, AttachStderr: true}
	made, err := g.client.ExecCreate(ctx, g.id, options)
	if err != nil {
		return 0, err
	}
	stream, err := g.client.ExecAttach(ctx, made.ID, client.ExecAttachOptions{})
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	if _, err := stdcopy.StdCopy(out, problem, stream.Reader); err != nil {
		return 0, errors.Join(context.Cause(ctx), err)
	}
	ended, err := g.client.ExecInspect(ctx, made.ID, client.ExecInspectOptions{})
	return ended.ExitCode, err
}

func gone(err error) bool { return errdefs.IsNotFound(err) }
