package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/pkg/authconfig"
	"github.com/moby/moby/client"
	tc "github.com/testcontainers/testcontainers-go"

	"github.com/headgate-dev/headgate/services"
)

// tailLines is how many lines of a failed build go into the error.
const tailLines = 20

// image sees to it that the service's image is here, and returns its name. All errors but those of ctx
// are a [services.ImageError].
func (s *Site) image(ctx context.Context, svc services.Service, logs services.LogSink) (string, error) {
	var log []string
	var err error
	ref := svc.Container.Image
	if svc.Container.Build != nil {
		ref, log, err = s.build(ctx, svc, logs)
	} else {
		err = s.pull(ctx, ref, logs)
	}
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("getting the image of %s: %w", svc.Name, context.Cause(ctx))
	case err != nil && client.IsErrConnectionFailed(err):
		return "", unreachable(s.engine.client.DaemonHost(), err)
	case err != nil:
		return "", &services.ImageError{Service: svc.Name, Image: ref, Err: err, Log: log}
	}
	return ref, nil
}

// pull pulls an image that is not here, telling what happens but not how far it is.
func (s *Site) pull(ctx context.Context, ref string, logs services.LogSink) error {
	if ref == "" {
		return errors.New("no image is named, and none is to be built")
	}
	_, err := s.engine.client.ImageInspect(ctx, ref)
	if !errdefs.IsNotFound(err) {
		return err
	}
	out := newLineWriter(logs, "build")
	defer out.flush()
	fmt.Fprintf(out, "%s is not here; pulling it\n", ref)
	auth, err := credentials(ctx, ref)
	if err != nil {
		return err
	}
	res, err := s.engine.client.ImagePull(ctx, ref, client.ImagePullOptions{RegistryAuth: auth})
	if err != nil {
		return pullError(err)
	}
	defer res.Close()
	for m, err := range res.JSONMessages(ctx) {
		switch {
		case err != nil:
			return pullError(err)
		case m.Error != nil:
			return pullError(m.Error)
		case m.Progress == nil || m.Progress.Total == 0:
			fmt.Fprintln(out, strings.TrimPrefix(m.ID+": "+m.Status, ": "))
		}
	}
	return nil
}

func pullError(err error) error {
	return fmt.Errorf("it is not here and could not be pulled: %w", plain(err))
}

// credentials are those that the docker command would use for the image's registry; empty means none.
func credentials(ctx context.Context, ref string) (string, error) {
	_, auth, err := tc.DockerImageAuth(ctx, ref)
	if err != nil { // mostly: there are none
		return "", nil //nolint:nilerr // the registry says it when it wants some
	}
	encoded, err := authconfig.Encode(auth)
	if err != nil {
		return "", fmt.Errorf("encoding the credentials: %w", err)
	}
	return encoded, nil
}

// build builds the image of a service. Without a name of its own it belongs to the run and is removed
// with it; with one it stays.
func (s *Site) build(ctx context.Context, svc services.Service, logs services.LogSink) (string, []string, error) {
	tail := services.NewTail(tailLines)
	out := newLineWriter(services.Tee(logs, tail.Add), "build")
	repo, tag := resourceName(s.options.RunID, svc.Name), "run"
	// One label only: each is a step of the build, and an aborted build must not leave an image with others.
	labels := map[string]string{labelRun: s.options.RunID}
	if svc.Container.Image != "" {
		repo, tag = splitTag(svc.Container.Image)
		labels = nil
	}
	b := svc.Container.Build
	if _, err := os.Stat(filepath.Join(b.Context, dockerfile(b))); err != nil {
		return repo + ":" + tag, nil, fmt.Errorf("there is no Dockerfile: %w", err)
	}
	req := &tc.ContainerRequest{FromDockerfile: tc.FromDockerfile{
		Context: b.Context, Dockerfile: dockerfile(b), Repo: repo, Tag: tag, BuildArgs: pointers(b.Args),
		BuildLogWriter: out, KeepImage: true,
		BuildOptionsModifier: func(o *client.ImageBuildOptions) {
			o.Target, o.Labels = b.Target, labels
		},
	}}
	_, err := s.engine.provider.BuildImage(ctx, req)
	out.flush()
	if err != nil {
		err = fmt.Errorf("the build failed: %w", plain(err))
	}
	return strings.ToLower(repo) + ":" + strings.ToLower(tag), tail.Texts(tailLines), err
}

func dockerfile(b *services.ImageBuild) string {
	if b.Dockerfile == "" {
		return "Dockerfile"
	}
	return b.Dockerfile
}

func pointers(args map[string]string) map[string]*string {
	list := make(map[string]*string, len(args))
	for name, value := range args {
		list[name] = &value
	}
	return list
}

// splitTag splits a reference; its tag is latest where it has none.
func splitTag(ref string) (repo, tag string) {
	colon := strings.LastIndexByte(ref, ':')
	if colon < 0 || strings.Contains(ref[colon:], "/") {
		return ref, "latest"
	}
	return ref[:colon], ref[colon+1:]
}

// architecture is that of the engine, in the words of images.
func (e *Engine) architecture() string {
	switch e.info.Architecture {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "armv7l", "armv6l":
		return "arm"
	case "i386", "i686":
		return "386"
	}
	return e.info.Architecture
}

// foreign is the architecture of an image that was made for another than the engine's; else it is empty.
// The engine may still be able to emulate it.
func (e *Engine) foreign(ctx context.Context, ref string) string {
	found, err := e.client.ImageInspect(ctx, ref)
	if err != nil || found.Architecture == e.architecture() || found.Architecture == "" {
		return ""
	}
	return found.Architecture
}

var _ io.Writer = (*lineWriter)(nil)
