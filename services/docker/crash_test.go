package docker_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/moby/moby/client"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/docker"
	"github.com/headgate-dev/headgate/services/docker/guard"
	"github.com/headgate-dev/headgate/services/servicestest"
)

// The words that make this test binary a watchdog, or a run that is to be killed.
const (
	reapWord   = "__reap"
	doomedWord = "__doomed"
)

// play makes this process one of those, and does not return then.
func play() {
	if len(os.Args) < 3 {
		return
	}
	switch os.Args[1] {
	case reapWord:
		exit(docker.Reap(context.Background(), os.Stdin, os.Args[2]))
	case doomedWord:
		exit(doomed(context.Background(), os.Args[2], os.Args[3], os.Args[4:]))
	}
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// doomed starts a service and waits for its end.
func doomed(ctx context.Context, run, image string, reap []string) error {
	s, err := docker.Open(ctx, docker.Options{RunID: run, Reap: reap})
	if err != nil {
		return err
	}
	svc := web("web", image)
	svc.Container.Volumes = []services.Volume{{Source: "data", Target: "/data"}}
	if _, err := s.Start(ctx, svc, nil); err != nil {
		return err
	}
	fmt.Println("up")
	select {}
}

// crash kills a run as soon as it is up.
func crash(t *testing.T, run, image string, reap ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, append([]string{doomedWord, run, image}, reap...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "up\n" {
		t.Errorf("the run wrote %q, %v", line, err)
	}
	if leftovers(t, run) == "" {
		t.Error("the run has made nothing")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
}

func TestKilled(t *testing.T) {
	image := programs(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	id := "test-" + uuid.NewString()[:8]
	crash(t, id, image, self, reapWord)
	awaitNothing(t, id)
}

func awaitNothing(t *testing.T, id string) {
	t.Helper()
	killed := time.Now()
	for leftovers(t, id) != "" {
		if time.Since(killed) > 20*time.Second {
			wantNothing(t, id)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("nothing was left %s after the kill", time.Since(killed))
}

// TestSameHostName lets a run live that has the same host name and other process numbers, as in another
// container of a build machine.
func TestSameHostName(t *testing.T) {
	image := programs(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	apart := []string{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}
	if err := exec.Command(apart[0], append(apart[1:], "true")...).Run(); err != nil {
		t.Skip("processes cannot be numbered anew:", err)
	}
	id := "test-" + uuid.NewString()[:8]
	cmd := exec.Command(apart[0], append(apart[1:], self, doomedWord, id, image)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "up\n" {
		t.Fatalf("the run wrote %q, %v", line, err)
	}
	closeSite(t, open(t))
	if n := len(strings.Fields(run(t, "docker", "ps", "-q", "--filter", "label=dev.headgate.run="+id))); n != 1 {
		t.Errorf("%d containers of the other run live", n)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	if err := docker.Reap(t.Context(), strings.NewReader(""), id); err != nil {
		t.Error(err)
	}
	wantNothing(t, id)
}

func TestClean(t *testing.T) {
	image := programs(t)
	dead, living := "test-"+uuid.NewString()[:8], open(t)
	if _, err := living.Start(t.Context(), web("web", image), nil); err != nil {
		t.Fatal(err)
	}
	crash(t, dead, image)
	e, err := docker.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	removed, kept, err := e.Clean(t.Context(), docker.CleanOptions{})
	if err != nil && strings.Contains(err.Error(), dead) { // others may have left more
		t.Fatal(err)
	}
	var kinds []string
	for _, l := range removed {
		if l.Run == dead {
			kinds = append(kinds, l.Kind)
		}
	}
	if got := strings.Join(kinds, " "); got != "container network volume" {
		t.Errorf("removed was %q", got)
	}
	wantNothing(t, dead)
	mine := 0
	for _, l := range kept {
		if strings.Contains(l.Why, strconv.Itoa(os.Getpid())) {
			mine++
		}
	}
	if mine < 2 {
		t.Errorf("kept were only %+v", kept)
	}
}

// TestForeign starts an image of another architecture: an executable that this kernel refuses.
func TestForeign(t *testing.T) {
	site := open(t)
	dir := servicestest.BuildContext(t)
	program, err := os.OpenFile(filepath.Join(dir, "program"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	const machine = 18 // where an ELF file tells its machine; 22 is the s390x
	if _, err := program.WriteAt([]byte{22, 0}, machine); err != nil {
		t.Fatal(err)
	}
	program.Close()
	image := "headgate-test/foreign:" + uuid.NewString()[:8]
	run(t, "docker", "build", "-q", "--platform", "linux/s390x", "-t", image, dir)
	t.Cleanup(func() { run(t, "docker", "image", "rm", "-f", image) })
	_, err = site.Start(t.Context(), web("web", image), nil)
	if err == nil || !strings.Contains(err.Error(), "s390x") {
		t.Errorf("error is %v, want it to name the architecture", err)
	}
}

// TestGuarded starts a service whose egress is bounded: it can be reached, and reaches what is allowed.
func TestGuarded(t *testing.T) {
	image := programs(t)
	t.Cleanup(func() { unguard(t) })
	site := open(t)
	if _, err := site.Start(t.Context(), web("catalog", image), nil); err != nil {
		t.Fatal(err)
	}
	svc := web("orders", image)
	svc.Container.Egress = &services.Egress{Allow: []string{"catalog:8080"}}
	i, err := site.Start(t.Context(), svc, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := services.Probe{Service: "orders", Instance: i}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	report, err := i.(services.Contained).Egress(t.Context())
	if err != nil || len(report.Proof) == 0 || report.Total != 0 {
		t.Errorf("the report is %+v, %v", report, err)
	}
	for _, c := range report.Proof {
		if c.Want != c.Got {
			t.Errorf("%s is %s, want %s", c.What, c.Got, c.Want)
		}
	}
	if err := i.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if after, err := i.(services.Contained).Egress(t.Context()); err != nil || len(after.Proof) != len(report.Proof) {
		t.Errorf("after its end the report is %+v, %v", after, err)
	}
}

// unguard removes the guards' image that was made from this test binary.
func unguard(t *testing.T) {
	t.Helper()
	c, err := client.New(client.FromEnv)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	image, err := guard.Prepare(context.WithoutCancel(t.Context()), c, guard.Program{})
	if err != nil {
		t.Fatal(err)
	}
	run(t, "docker", "image", "rm", "-f", image)
}

// TestOverhead compares a start and its readiness with what the docker command takes for the same.
func TestOverhead(t *testing.T) {
	image := programs(t)
	site := open(t)
	began := time.Now()
	i, err := site.Start(t.Context(), web("web", image), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := services.Probe{Service: "web", Instance: i, Ready: services.DefaultReady()}
	p.Ready.HTTP.Path = "/healthz"
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	ours := time.Since(began)
	began = time.Now()
	id := run(t, append([]string{
		"docker", "run", "-d", "-p", "127.0.0.1::8080", "-e", "PORT=8080", "-e", "HOST=0.0.0.0", image,
	}, servicestest.Inside("serve")...)...)
	defer run(t, "docker", "rm", "-f", id)
	addr := run(t, "docker", "port", id, "8080/tcp")
	p.Instance = services.External(addr)
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	theirs := time.Since(began)
	t.Logf("until ready: %s, docker run: %s", ours, theirs)
	if ours-theirs > time.Second {
		t.Errorf("%s more than docker run", ours-theirs)
	}
}
