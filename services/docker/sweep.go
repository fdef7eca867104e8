package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/image"
	"github.com/moby/moby/client"
	"golang.org/x/sync/errgroup"
)

// resource is something of the engine that carries our label.
type resource struct {
	kind, id, name string
	labels         map[string]string
}

// The kinds of resources, in the order in which they can be removed.
const (
	kindContainer = "container"
	kindNetwork   = "network"
	kindVolume    = "volume"
	kindImage     = "image"
)

// kinds is that order.
func kinds() []string { return []string{kindContainer, kindNetwork, kindVolume, kindImage} }

// sweepTimeout bounds a sweep.
const sweepTimeout = time.Minute

// sweep removes all that a run has made, until there is nothing more: a container may still be coming up
// whose starter is gone.
func (e *Engine) sweep(ctx context.Context, run string) error {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	for tries := 1; ; tries++ {
		left, err := e.list(ctx, run)
		if err != nil {
			return fmt.Errorf("looking for what run %s has left: %w", run, plain(err))
		}
		if len(left) == 0 {
			return nil
		}
		err = errors.Join(e.remove(ctx, left)...)
		stuck := tries >= networkTries && left[0].kind == kindNetwork
		if err != nil && (stuck || ctx.Err() != nil) {
			return fmt.Errorf("removing what run %s has left: %w", run, err)
		}
		if err != nil {
			pause(ctx, 200*time.Millisecond)
		}
	}
}

// networkTries is how often it is tried to remove a network that has no containers any more: some engines
// miscount them under load, and let go of it at their next start only.
const networkTries = 20

// pause waits, at most as long as ctx lasts.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// list finds what carries the label of a run, or of any. Images are looked for first and told last: those that
// are found have a network that is found as well, if their run lives.
func (e *Engine) list(ctx context.Context, run string) ([]resource, error) {
	var all []resource
	images, err := e.client.ImageList(ctx, client.ImageListOptions{Filters: ofRun(run)})
	if err != nil {
		return nil, err
	}
	containers, err := e.client.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ofRun(run)})
	if err != nil {
		return nil, err
	}
	for _, c := range containers.Items {
		name := c.ID
		if len(c.Names) > 0 {
			name = c.Names[0][1:]
		}
		all = append(all, resource{kind: kindContainer, id: c.ID, name: name, labels: c.Labels})
	}
	networks, err := e.client.NetworkList(ctx, client.NetworkListOptions{Filters: ofRun(run)})
	if err != nil {
		return nil, err
	}
	for _, n := range networks.Items {
		all = append(all, resource{kind: kindNetwork, id: n.ID, name: n.Name, labels: n.Labels})
	}
	volumes, err := e.client.VolumeList(ctx, client.VolumeListOptions{Filters: ofRun(run)})
	if err != nil {
		return nil, err
	}
	for _, v := range volumes.Items {
		all = append(all, resource{kind: kindVolume, id: v.Name, name: v.Name, labels: v.Labels})
	}
	for _, i := range images.Items {
		all = append(all, imageResource(i))
	}
	return all, nil
}

func imageResource(i image.Summary) resource {
	name := i.ID
	if len(i.RepoTags) > 0 && i.RepoTags[0] != "<none>:<none>" {
		name = i.RepoTags[0]
	}
	return resource{kind: kindImage, id: i.ID, name: name, labels: i.Labels}
}

// atOnce bounds how many containers are started, or removed, at the same time. Engines before 23 (API 1.42)
// can lose count of a network's containers when two come or go at once; the network then stays until the
// engine is restarted.
func atOnce(api string) int {
	if older(api, "1.42") {
		return 1
	}
	return 8
}

// remove removes the resources: one kind after another, those of a kind at once. The errors stand at the
// places of the resources that could not be removed. What is gone already is no error.
func (e *Engine) remove(ctx context.Context, list []resource) []error {
	errs := make([]error, len(list))
	for _, kind := range kinds() {
		var removing errgroup.Group
		removing.SetLimit(cap(e.slots))
		for n, r := range list {
			if r.kind == kind {
				removing.Go(func() error {
					errs[n] = e.removeOne(ctx, r)
					return nil
				})
			}
		}
		_ = removing.Wait() // the errors are in errs
	}
	return errs
}

func (e *Engine) removeOne(ctx context.Context, r resource) error {
	var err error
	switch r.kind {
	case kindContainer:
		_, err = e.client.ContainerRemove(ctx, r.id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	case kindNetwork:
		_, err = e.client.NetworkRemove(ctx, r.id, client.NetworkRemoveOptions{})
	case kindVolume:
		_, err = e.client.VolumeRemove(ctx, r.id, client.VolumeRemoveOptions{Force: true})
	case kindImage:
		_, err = e.client.ImageRemove(ctx, r.id, client.ImageRemoveOptions{Force: true, PruneChildren: true})
	}
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if strings.Contains(err.Error(), "has active endpoints") {
		err = errors.New("the engine counts containers that are gone; restart it")
	}
	return fmt.Errorf("removing %s %s: %w", r.kind, r.name, plain(err))
}
