package servicestest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/services"
)

// siteSuite is one run of the conformance tests for sites.
type siteSuite struct {
	suite
	site  services.Site
	image string
}

// RunSite checks that the sites which open opens keep the promises of [services.Site] and
// [services.Container]. image was built from [BuildContext].
func RunSite(t *testing.T, image string, open func(*testing.T) services.Site) {
	site := open(t)
	s := siteSuite{suite: suite{driver: site}, site: site, image: image}
	cases := map[string]func(*testing.T){
		"a job that succeeds is ready":            s.jobSucceeds,
		"a job that fails is not":                 s.jobFails,
		"files are there before the start":        s.files,
		"the last value of a variable holds":      s.environment,
		"a volume of this machine is mounted":     s.bind,
		"a missing volume is named":               s.bindMissing,
		"a volume of the run is shared":           s.volume,
		"services reach one another":              s.aliases,
		"services reach this process":             s.relay,
		"hosts are mapped":                        s.hosts,
		"further ports are published":             s.ports,
		"the user is as asked":                    s.user,
		"memory is bounded":                       s.memory,
		"a health check that holds is readiness":  s.healthy,
		"a health check that fails is told":       s.unhealthy,
		"exits at once":                           s.exitsAtOnce,
		"a port that nobody listens on is not up": s.silentPort,
		"commands run inside":                     s.exec,
		"an image that is not to be had":          s.noImage,
		"a build that fails":                      s.buildError,
		"a build without a Dockerfile":            s.noDockerfile,
		"a name can be used again":                s.again,
		"two sites do not meet":                   func(t *testing.T) { s.apart(t, open(t)) },
	}
	for name, test := range cases {
		t.Run(name, test)
	}
}

// inside is a service that runs a program of the image.
func (s siteSuite) inside(name, program string, env ...string) services.Service {
	return services.Service{
		Name: name, Command: Inside(program), Env: env, StopTimeout: 2 * time.Second,
		Container: &services.Container{Image: s.image},
	}
}

// finish runs a job and returns what it wrote.
func (s siteSuite) finish(t *testing.T, job services.Service) (out []string, err error) {
	t.Helper()
	job.Container.Job = true
	i, j := s.start(t, job)
	tail := services.NewTail(20)
	p := services.Probe{Service: job.Name, Instance: i, Logs: tail, Job: true}
	_, err = p.Wait(t.Context())
	return j.texts("stdout"), err
}

func (s siteSuite) wantOutput(t *testing.T, job services.Service, want string) {
	t.Helper()
	out, err := s.finish(t, job)
	if got := strings.Join(out, "\n"); err != nil || got != want {
		t.Errorf("it wrote %q and ended with %v, want %q", got, err, want)
	}
}

func (s siteSuite) jobSucceeds(t *testing.T) {
	s.wantOutput(t, s.inside("migrate", "build"), "building")
}

func (s siteSuite) jobFails(t *testing.T) {
	_, err := s.finish(t, s.inside("migrate", "exit"))
	failed := wantError[*services.NotReadyError](t, err)
	if failed.Exit == nil || failed.Exit.Code != 3 || failed.State == nil || failed.State.ExitCode != 3 {
		t.Errorf("error is %+v, want status 3", failed)
	}
}

func (s siteSuite) files(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "below", "seed.sql"), "select 1")
	job := s.inside("reader", "read", "FILES=/etc/new/settings.yaml /seeds/below/seed.sql")
	job.Container.Files = []services.File{
		{Content: []byte("port: 80"), Target: "/etc/new/settings.yaml"}, {Source: dir, Target: "/seeds"},
	}
	s.wantOutput(t, job, "port: 80\nselect 1")
}

// environment gives a variable twice: the last value holds.
func (s siteSuite) environment(t *testing.T) {
	job := s.inside("reader", "read", "FILES=/nothing", "FILES=/last")
	job.Container.Files = []services.File{{Content: []byte("the last"), Target: "/last"}}
	s.wantOutput(t, job, "the last")
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s siteSuite) bind(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "data"), "from outside")
	job := s.inside("reader", "read", "FILES=/mnt/data")
	job.Container.Volumes = []services.Volume{{Source: dir, Target: "/mnt", ReadOnly: true}}
	s.wantOutput(t, job, "from outside")
}

func (s siteSuite) bindMissing(t *testing.T) {
	job := s.inside("reader", "read", "FILES=/mnt/data")
	job.Container.Volumes = []services.Volume{{Source: filepath.Join(t.TempDir(), "nowhere"), Target: "/mnt"}}
	_, err := s.site.Start(t.Context(), job, nil)
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("error is %v, want it to name the folder", err)
	}
}

func (s siteSuite) volume(t *testing.T) {
	shared := []services.Volume{{Source: "exchange", Target: "/exchange"}}
	writer := s.inside("writer", "write", "FILE=/exchange/note", "TEXT=hello")
	reader := s.inside("reader", "read", "FILES=/exchange/note")
	writer.Container.Volumes, reader.Container.Volumes = shared, shared
	s.wantOutput(t, writer, "")
	s.wantOutput(t, reader, "hello")
}

// web is a service that serves at port 8080.
func (s siteSuite) web(name string) services.Service {
	web := s.inside(name, "serve", "PORT=8080")
	web.Port = 8080
	return web
}

func (s siteSuite) ready(t *testing.T, svc services.Service) services.Instance {
	t.Helper()
	i, _ := s.start(t, svc)
	p := services.Probe{Service: svc.Name, Instance: i}
	if _, err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	return i
}

func (s siteSuite) aliases(t *testing.T) {
	web := s.web("catalog")
	web.Container.Aliases = []string{"catalog.example"}
	i := s.ready(t, web)
	named, ok := i.(services.Named)
	if !ok || named.Inside() != "catalog:8080" {
		t.Fatalf("%T is not named catalog:8080", i)
	}
	for _, host := range []string{named.Inside(), "catalog.example:8080"} {
		s.wantOutput(t, s.inside("caller", "fetch", "URL=http://"+host+"/healthz"), "fine")
	}
	if err := get(t.Context(), i.Addr(), "/healthz"); err != nil {
		t.Errorf("asking from outside: %v", err)
	}
}

func (s siteSuite) relay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "from the test")
	}))
	defer server.Close()
	relay, err := services.NewRelay(net.JoinHostPort(s.site.Host().Listen, "0"), server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(relay.Addr())
	if err != nil {
		t.Fatal(err)
	}
	caller := s.inside("caller", "fetch", "URL=http://payment-api.mock:"+port)
	caller.Container.Hosts = map[string]string{"payment-api.mock": s.site.Host().Alias}
	s.wantOutput(t, caller, "from the test")
}

func (s siteSuite) hosts(t *testing.T) {
	caller := s.inside("caller", "resolve", "NAME=elsewhere.example")
	caller.Container.Hosts = map[string]string{"elsewhere.example": "192.0.2.7"}
	s.wantOutput(t, caller, "192.0.2.7")
}

func (s siteSuite) ports(t *testing.T) {
	web := s.web("catalog")
	web.Port, web.Container.Ports = 0, []int{8080}
	i, j := s.start(t, web)
	j.await(t, "listening")
	addr, err := i.(services.Named).PortAddr(t.Context(), 8080)
	if err != nil {
		t.Fatal(err)
	}
	if err := get(t.Context(), addr, "/healthz"); err != nil || i.Addr() != "" {
		t.Errorf("asking %s: %v; the service's own address is %q", addr, err, i.Addr())
	}
	if _, err := i.(services.Named).PortAddr(t.Context(), 9999); err == nil {
		t.Error("there is an address for a port that is not published")
	}
}

func (s siteSuite) user(t *testing.T) {
	job := s.inside("who", "user")
	job.Container.User = "1234:5678"
	s.wantOutput(t, job, "1234:5678")
}

func (s siteSuite) memory(t *testing.T) {
	hog := s.inside("hog", "hog")
	hog.Container.Memory = 32 << 20
	i, _ := s.start(t, hog)
	exit := awaitExit(t, i)
	if exit.Signal != "killed" || exit.Reason != "out of memory" {
		t.Errorf("it ended with %+v", exit)
	}
	state, err := i.(services.Inspector).Inspect(t.Context())
	if err != nil || !state.OOMKilled || state.Status != "exited" {
		t.Errorf("its state is %+v, %v", state, err)
	}
}

func (s siteSuite) healthy(t *testing.T) {
	web := s.inside("web", "hang")
	web.Container.Health = &services.Health{
		Test: append([]string{"CMD"}, Inside("build")...), Interval: 100 * time.Millisecond,
	}
	s.ready(t, web)
}

func (s siteSuite) unhealthy(t *testing.T) {
	web := s.web("web")
	web.Container.Health = &services.Health{
		Test: append([]string{"CMD"}, Inside("exit")...), Interval: 100 * time.Millisecond, Retries: 1,
	}
	i, _ := s.start(t, web)
	p := services.Probe{Service: "web", Instance: i, Ready: services.DefaultReady()}
	if err := p.Ready.Timeout.UnmarshalText([]byte("1500ms")); err != nil {
		t.Fatal(err)
	}
	_, err := p.Wait(t.Context())
	e := wantError[*services.NotReadyError](t, err)
	details := strings.Join(e.Details(), "\n")
	if !strings.Contains(e.LastProbe, "unhealthy") || !strings.Contains(details, "out of luck") {
		t.Errorf("the error is %v with %s", e, details)
	}
}

func (s siteSuite) exitsAtOnce(t *testing.T) {
	short := s.inside("short", "build")
	short.Port = 8080
	i, _ := s.start(t, short)
	p := services.Probe{Service: "short", Instance: i}
	_, err := p.Wait(t.Context())
	e := wantError[*services.NotReadyError](t, err)
	if e.Exit == nil || *e.Exit != (services.Exit{}) || e.After > 5*time.Second {
		t.Errorf("the error is %v", e)
	}
}

func (s siteSuite) silentPort(t *testing.T) {
	silent := s.inside("silent", "hang")
	silent.Port = 8080
	i, _ := s.start(t, silent)
	p := services.Probe{Service: "silent", Instance: i, Ready: services.DefaultReady()}
	if err := p.Ready.Timeout.UnmarshalText([]byte("1s")); err != nil {
		t.Fatal(err)
	}
	_, err := p.Wait(t.Context())
	e := wantError[*services.NotReadyError](t, err)
	if e.State == nil || e.State.Status != "running" {
		t.Errorf("the error is %v, its state %+v", e, e.State)
	}
}

func (s siteSuite) exec(t *testing.T) {
	i, _ := s.start(t, s.inside("web", "hang"))
	e := i.(services.Execer)
	if err := e.Exec(t.Context(), Inside("build")); err != nil {
		t.Error(err)
	}
	failed := wantError[*services.ExitError](t, e.Exec(t.Context(), Inside("exit")))
	if failed.Exit.Code != 3 || len(failed.Log) != 1 {
		t.Errorf("error is %+v", failed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := e.Exec(ctx, Inside("hang")); ctx.Err() == nil || err == nil {
		t.Errorf("a command that does not end gave %v", err)
	}
}

func (s siteSuite) noImage(t *testing.T) {
	svc := s.inside("web", "hang")
	svc.Container.Image = "127.0.0.1:1/no/such:image" // nobody listens at port 1
	_, err := s.site.Start(t.Context(), svc, nil)
	if e := wantError[*services.ImageError](t, err); e.Image != svc.Container.Image {
		t.Errorf("the error names %s", e.Image)
	}
}

func (s siteSuite) buildError(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Dockerfile"), "FROM scratch\nCOPY nothing /\n")
	svc := s.inside("web", "hang")
	svc.Container = &services.Container{Build: &services.ImageBuild{Context: dir}}
	_, err := s.site.Start(t.Context(), svc, nil)
	if e := wantError[*services.ImageError](t, err); len(e.Log) == 0 || !strings.Contains(e.Error(), "nothing") {
		t.Errorf("the error is %v with the log %q", e, e.Log)
	}
}

func (s siteSuite) noDockerfile(t *testing.T) {
	svc := s.inside("web", "hang")
	svc.Container = &services.Container{Build: &services.ImageBuild{Context: t.TempDir(), Dockerfile: "docker/web"}}
	_, err := s.site.Start(t.Context(), svc, nil)
	if e := wantError[*services.ImageError](t, err); !strings.Contains(e.Error(), "docker/web") {
		t.Errorf("the error is %v", e)
	}
}

func (s siteSuite) again(t *testing.T) {
	for range 2 {
		stop(t, s.ready(t, s.web("web")))
	}
}

func (s siteSuite) apart(t *testing.T, other services.Site) {
	web := s.web("catalog")
	s.ready(t, web)
	elsewhere := siteSuite{suite: suite{driver: other}, site: other, image: s.image}
	elsewhere.ready(t, web)
	caller := s.inside("caller", "resolve", "NAME=catalog")
	mine, err := s.finish(t, caller)
	if err != nil || len(mine) != 1 {
		t.Fatalf("catalog is at %q, %v", mine, err)
	}
	addr := net.JoinHostPort(mine[0], strconv.Itoa(web.Port))
	theirs, err := elsewhere.finish(t, elsewhere.inside("caller", "reach", "ADDR="+addr))
	if err == nil {
		t.Errorf("a container of another site reaches %s: %q", mine, theirs)
	}
}
