package docker_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/docker/guard"
	"github.com/headgate-dev/headgate/services/process"
	"github.com/headgate-dev/headgate/services/servicestest"
)

func TestMain(m *testing.M) {
	if guard.Invoked(os.Args) {
		os.Exit(guard.Main(context.Background(), os.Args[2:], os.Stdout))
	}
	play()
	servicestest.Main()
	goleak.VerifyTestMain(m)
}

// open opens a site that is closed with the test.
func open(t *testing.T) *docker.Site {
	t.Helper()
	servicestest.Engine(t)
	s, err := docker.Open(t.Context(), docker.Options{RunID: "test-" + uuid.NewString()[:8], Build: process.Build})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeSite(t, s) })
	return s
}

func closeSite(t *testing.T, s services.Site) {
	t.Helper()
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// programs builds the image of the suite's programs, which is removed with the test.
func programs(t *testing.T) string {
	t.Helper()
	servicestest.Engine(t)
	image := "headgate-test/programs:" + uuid.NewString()[:8]
	run(t, "docker", "build", "-q", "-t", image, servicestest.BuildContext(t))
	t.Cleanup(func() { run(t, "docker", "image", "rm", "-f", image) })
	return image
}

func run(t *testing.T, command ...string) string {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%q: %v\n%s", command, err, out)
	}
	return strings.TrimSpace(string(out))
}

// contained makes every service a container of the programs' image.
type contained struct {
	*docker.Site
	image string
}

func (c contained) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	s.Container = &services.Container{Image: c.image}
	return c.Site.Start(ctx, s, logs)
}

func TestConformance(t *testing.T) {
	image := programs(t)
	servicestest.Run(t, contained{open(t), image}, servicestest.Commands{
		Serve: servicestest.Inside("serve"), Exit: servicestest.Inside("exit"), Stubborn: servicestest.Inside("stubborn"),
		Hang: servicestest.Inside("hang"), Talk: servicestest.Inside("talk"), Busy: servicestest.Inside("busy"),
		Family: servicestest.Inside("family"), Orphan: servicestest.Inside("orphan"), Build: servicestest.Self("build"),
	})
}

func TestSite(t *testing.T) {
	servicestest.RunSite(t, programs(t), func(t *testing.T) services.Site {
		t.Helper()
		return open(t)
	})
}

// web is a service that serves at port 8080.
func web(name, image string) services.Service {
	return services.Service{
		Name: name, Command: servicestest.Inside("serve"), Env: []string{"PORT=8080"}, Port: 8080,
		Container: &services.Container{Image: image},
	}
}

// TestLabels looks for labels by which others would remove a container.
func TestLabels(t *testing.T) {
	image := programs(t)
	site := open(t)
	if _, err := site.Start(t.Context(), web("web", image), nil); err != nil {
		t.Fatal(err)
	}
	id := run(t, "docker", "ps", "-q", "--filter", "ancestor="+image)
	labels := run(t, "docker", "inspect", "-f", "{{json .Config.Labels}}", id)
	if strings.Contains(labels, "testcontainers") || !strings.Contains(labels, "dev.headgate.run") {
		t.Errorf("labels are %s", labels)
	}
}

func TestFifty(t *testing.T) {
	image := programs(t)
	s := open(t)
	var starting errgroup.Group
	for range 50 {
		starting.Go(func() error {
			i, err := s.Start(t.Context(), web("web-"+uuid.NewString()[:8], image), nil)
			if err != nil {
				return err
			}
			p := services.Probe{Service: "web", Instance: i}
			_, err = p.Wait(t.Context())
			return err
		})
	}
	if err := starting.Wait(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	closeSite(t, s)
	t.Logf("50 services removed in %s", time.Since(began))
}

// TestCanceled cancels starts at any moment: whatever comes of them, nothing is left.
func TestCanceled(t *testing.T) {
	image := programs(t)
	run := "test-" + uuid.NewString()[:8]
	s, err := docker.Open(t.Context(), docker.Options{RunID: run})
	if err != nil {
		t.Fatal(err)
	}
	for d := 5 * time.Millisecond; d < 400*time.Millisecond; d += 60 * time.Millisecond {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		_, err := s.Start(ctx, web("web", image), nil)
		cancel()
		if err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("canceled after %s: %v", d, err)
		}
	}
	closeSite(t, s)
	wantNothing(t, run)
}

// wantNothing checks that nothing of a run is left.
func wantNothing(t *testing.T, id string) {
	t.Helper()
	if left := leftovers(t, id); left != "" {
		t.Errorf("of run %s is left:\n%s", id, left)
	}
}

func leftovers(t *testing.T, id string) string {
	t.Helper()
	filter := "label=dev.headgate.run=" + id
	return strings.Join([]string{
		run(t, "docker", "ps", "-aq", "--filter", filter), run(t, "docker", "network", "ls", "-q", "--filter", filter),
		run(t, "docker", "volume", "ls", "-q", "--filter", filter), run(t, "docker", "images", "-aq", "--filter", filter),
	}, "")
}
