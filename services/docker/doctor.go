package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/go-units"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
)

// The findings of a [Check], from good to bad.
const (
	OK   = "ok"
	Warn = "warn"
	Fail = "fail"
)

// Check is one thing that was looked at before a run.
type Check struct {
	Name string
	// Status is OK, Warn or Fail.
	Status string
	// Text says what was found, Hint what to do about it.
	Text, Hint string
}

// Examine looks at everything that a run with containers of these images needs. folder is where its
// artifacts go. What cannot be looked at because something else fails is left out.
func Examine(ctx context.Context, folder string, images []string) []Check {
	list := []Check{checkPorts(ctx), checkDisk("disk here", folder)}
	e, err := Connect(ctx)
	if err != nil {
		c := Check{Name: "engine", Status: Fail, Text: err.Error()}
		if unusable := (*services.EngineError)(nil); errors.As(err, &unusable) {
			c.Hint = unusable.Hint
		}
		return append(list, c)
	}
	defer e.Close()
	list = append(list,
		Check{Name: "engine", Status: OK, Text: fmt.Sprintf(
			"%s, API %s, at %s", e.info.ServerVersion, e.api, e.client.DaemonHost(),
		)},
		e.checkArchitecture(), e.checkClock(), e.checkMemory(), e.checkData(), e.checkNetwork(ctx), e.checkLeftovers(ctx),
	)
	for _, image := range images {
		list = append(list, e.checkImage(ctx, image))
	}
	return list
}

// manyPorts is how many ports a large run may need at once.
const manyPorts = 100

func checkPorts(ctx context.Context) Check {
	c := Check{Name: "ports", Status: OK, Text: fmt.Sprintf("%d free at 127.0.0.1", manyPorts)}
	var listen net.ListenConfig
	var open []net.Listener
	defer func() {
		for _, l := range open {
			l.Close()
		}
	}()
	for range manyPorts {
		l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			c.Status, c.Text = Fail, fmt.Sprintf("only %d are free at 127.0.0.1: %v", len(open), plain(err))
			c.Hint = "end processes that hold ports, or raise ulimit -n and net.ipv4.ip_local_port_range"
			return c
		}
		open = append(open, l)
	}
	return c
}

const (
	littleDisk = 1 << 30
	scarceDisk = 5 << 30
)

func checkDisk(name, folder string) Check {
	free, err := freeDisk(folder)
	if err != nil {
		return Check{
			Name: name, Status: Warn, Text: fmt.Sprintf("cannot look at %s: %v", folder, plain(err)),
			Hint: "see with df -h how much is free",
		}
	}
	c := Check{Name: name, Status: OK, Text: fmt.Sprintf("%s free at %s", units.BytesSize(float64(free)), folder)}
	switch {
	case free < littleDisk:
		c.Status, c.Hint = Fail, "make room: headgate clean, docker system prune"
	case free < scarceDisk:
		c.Status, c.Hint = Warn, "images and databases may need more: headgate clean, docker system prune"
	}
	return c
}

// checkData looks at where the engine keeps images, where that is on this machine.
func (e *Engine) checkData() Check {
	if _, err := os.Stat(filepath.Dir(e.info.DockerRootDir)); err != nil || e.publish.IsUnspecified() {
		return Check{Name: "disk", Status: OK, Text: "on another machine, or in a virtual one"}
	}
	return checkDisk("disk", e.info.DockerRootDir)
}

func (e *Engine) checkArchitecture() Check {
	c := Check{Name: "architecture", Status: OK, Text: e.info.OSType + "/" + e.architecture()}
	if e.architecture() != runtime.GOARCH {
		c.Status = Warn
		c.Text += ", while this program is for " + runtime.GOARCH
		c.Hint = "build static binaries for images with GOARCH=" + e.architecture()
	}
	return c
}

// largestSkew is how far the clocks may be apart without tokens and logs being dated wrongly.
const largestSkew = 2 * time.Second

func (e *Engine) checkClock() Check {
	theirs, err := time.Parse(time.RFC3339Nano, e.info.SystemTime)
	if err != nil {
		return Check{Name: "clock", Status: Warn, Text: "the engine does not tell its time", Hint: "compare date on both"}
	}
	skew := time.Since(theirs).Abs().Round(time.Millisecond)
	if skew > largestSkew {
		return Check{
			Name: "clock", Status: Warn, Text: fmt.Sprintf("the engine's differs by %s", skew),
			Hint: "set it: restart Docker Desktop, or use NTP on both machines",
		}
	}
	return Check{Name: "clock", Status: OK, Text: "the engine's is this machine's"}
}

func (e *Engine) checkMemory() Check {
	c := Check{Name: "memory", Status: OK, Text: fmt.Sprintf(
		"%s, %d processors", units.BytesSize(float64(e.info.MemTotal)), e.info.NCPU,
	)}
	switch {
	case !e.info.MemoryLimit:
		c.Status, c.Text = Warn, c.Text+"; the engine cannot bound it"
		c.Hint = "resources: memory will mean nothing; switch memory cgroups on"
	case e.info.MemTotal < 2<<30:
		c.Status, c.Hint = Warn, "give the engine more than 2 GiB"
	}
	return c
}

// checkNetwork makes a network and removes it, and listens where containers would reach this process.
func (e *Engine) checkNetwork(ctx context.Context) Check {
	c := Check{Name: "network", Status: OK}
	s := &Site{engine: e, options: Options{RunID: "doctor-" + strconv.Itoa(os.Getpid())}}
	s.labels = runLabels(s.options.RunID)
	err := s.connect(ctx)
	if err == nil {
		var l net.Listener
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(s.host.Listen, "0")); err == nil {
			l.Close()
		}
	}
	err = errors.Join(err, e.sweep(context.WithoutCancel(ctx), s.options.RunID))
	if err != nil {
		c.Status, c.Text = Fail, strings.ReplaceAll(err.Error(), "\n", "; ")
		c.Hint = "headgate clean; docker network prune; run headgate on the engine's own machine"
		return c
	}
	c.Text = "can be made; containers reach this process at " + s.host.Listen
	return c
}

func (e *Engine) checkLeftovers(ctx context.Context) Check {
	list, err := e.list(ctx, "")
	if err != nil {
		return Check{Name: "leftovers", Status: Warn, Text: plain(err).Error(), Hint: "see docker info"}
	}
	count := 0
	judged := judgements{all: true, runs: map[string]judgement{}}
	for _, r := range list {
		if judged.judge(r).dead {
			count++
		}
	}
	if count > 0 {
		return Check{
			Name: "leftovers", Status: Warn, Text: fmt.Sprintf("%d of runs that are gone", count),
			Hint: "headgate clean removes them",
		}
	}
	return Check{Name: "leftovers", Status: OK, Text: "none"}
}

// registryTime bounds how long a registry is waited for.
const registryTime = 10 * time.Second

// checkImage looks for an image here, then asks its registry for it.
func (e *Engine) checkImage(ctx context.Context, ref string) Check {
	c := Check{Name: "image", Status: OK, Text: ref + " is here"}
	found, err := e.client.ImageInspect(ctx, ref)
	switch {
	case err == nil && found.Architecture != e.architecture():
		c.Status, c.Text = Warn, fmt.Sprintf("%s is for %s, the engine for %s", ref, found.Architecture, e.architecture())
		c.Hint = "docker pull --platform linux/" + e.architecture() + " " + ref
		return c
	case err == nil:
		return c
	case !errdefs.IsNotFound(err):
		c.Status, c.Text, c.Hint = Fail, ref+": "+plain(err).Error(), "write it as registry/name:tag"
		return c
	}
	ctx, cancel := context.WithTimeout(ctx, registryTime)
	defer cancel()
	auth, err := credentials(ctx, ref)
	if err == nil {
		_, err = e.client.DistributionInspect(ctx, ref, client.DistributionInspectOptions{EncodedRegistryAuth: auth})
	}
	if err != nil {
		c.Status, c.Text = Fail, fmt.Sprintf("%s is neither here nor to be pulled: %v", ref, plain(err))
		c.Hint = "check its name; docker login to its registry; or docker load it"
		return c
	}
	c.Status, c.Text, c.Hint = Warn, ref+" is not here, and can be pulled", "docker pull "+ref
	return c
}
