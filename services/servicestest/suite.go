package servicestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/services"
)

// Commands are what the suite has run. A case whose command is nil is skipped: the driver cannot do it.
type Commands struct {
	// Serve answers GET /healthz at PORT until it is asked to stop, then writes "goodbye".
	Serve []string
	// Exit writes to stderr and ends with status 3.
	Exit []string
	// Stubborn ignores SIGTERM.
	Stubborn []string
	// Hang runs until it is asked to stop.
	Hang []string
	// Claim is Hang for a driver whose services have the ports of this machine.
	Claim []string
	// Build ends at once: with status 2 where BUILD_FAILS is set. With BUILD_HANGS it writes a line and runs
	// until it is asked to stop. It runs on this machine.
	Build []string
	// Talk writes what the program of that name in [Programs] writes.
	Talk []string
	// Busy uses at least 300 ms of processor time and 64 MiB, and writes "done".
	Busy []string
	// Family starts a child that ignores SIGTERM and listens at PORT, which then writes "holding".
	Family []string
	// Orphan does so and dies with status 4.
	Orphan []string
}

// SelfCommands runs all programs of this package as child processes made from the test binary.
func SelfCommands() Commands {
	return Commands{
		Serve: Self("serve"), Exit: Self("exit"), Stubborn: Self("stubborn"), Hang: Self("hang"),
		Build: Self("build"), Talk: Self("talk"), Busy: Self("busy"), Family: Self("family"),
		Orphan: Self("orphan"), Claim: Self("hang"),
	}
}

// suite is one run of the conformance tests.
type suite struct {
	driver   services.Driver
	commands Commands
}

// Run checks that the driver keeps the promises of [services.Driver] and [services.Instance].
func Run(t *testing.T, driver services.Driver, commands Commands) {
	s := suite{driver: driver, commands: commands}
	cases := map[string]struct {
		command []string
		test    func(*testing.T, []string)
	}{
		"serves until it is stopped":          {commands.Serve, s.serves},
		"outlives the context of Start":       {commands.Hang, s.outlives},
		"reports how it ended":                {commands.Exit, s.exits},
		"hands on every line":                 {commands.Talk, s.talks},
		"kills what does not stop":            {commands.Stubborn, s.killsStubborn},
		"kills when the context of Stop ends": {commands.Stubborn, s.killsAtOnce},
		"stops twice":                         {commands.Hang, s.stopsTwice},
		"builds first":                        {commands.Build, s.builds},
		"tells why a build failed":            {commands.Build, s.buildFails},
		"ends a build with the context":       {commands.Build, s.buildCanceled},
		"names a command that is missing":     {commands.Hang, s.missing},
		"refuses a port in use":               {commands.Claim, s.portInUse},
		"measures":                            {commands.Busy, s.measures},
		"ends the whole family":               {commands.Family, s.endsFamily},
		"ends what a dead leader left":        {commands.Orphan, s.endsOrphans},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.command == nil {
				t.Skip("not for this driver")
			}
			c.test(t, c.command)
		})
	}
}

// patience bounds every wait of the suite.
const patience = 20 * time.Second

// journal keeps what a service wrote.
type journal struct {
	mu    sync.Mutex
	lines []services.Line
	more  chan struct{}
}

func newJournal() *journal { return &journal{more: make(chan struct{}, 1)} }

func (j *journal) add(l services.Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, l)
	select {
	case j.more <- struct{}{}:
	default:
	}
}

func (j *journal) texts(stream string) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var texts []string
	for _, l := range j.lines {
		if l.Stream == stream {
			texts = append(texts, l.Text)
		}
	}
	return texts
}

// await waits for a line on stdout that begins so.
func (j *journal) await(t *testing.T, prefix string) {
	t.Helper()
	deadline := time.After(patience)
	for {
		for _, text := range j.texts("stdout") {
			if strings.HasPrefix(text, prefix) {
				return
			}
		}
		select {
		case <-j.more:
		case <-deadline:
			t.Fatalf("no line began with %q within %s; there is %q", prefix, patience, j.texts("stdout"))
		}
	}
}

// start starts a command at a free port and stops it at the end of the test.
func (s suite) start(t *testing.T, service services.Service) (services.Instance, *journal) {
	t.Helper()
	j := newJournal()
	i, err := s.driver.Start(t.Context(), service, j.add)
	if err != nil {
		t.Fatalf("starting %q: %v", service.Command, err)
	}
	t.Cleanup(func() { stop(t, i) })
	return i, j
}

func stop(t *testing.T, i services.Instance) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := i.Stop(ctx); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// service is a service with a free port, which it is told as PORT.
func service(t *testing.T, command []string) services.Service {
	t.Helper()
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return services.Service{
		Name: "subject", Command: command, Port: port, Dir: t.TempDir(), StopTimeout: 5 * time.Second,
		Env: []string{"PORT=" + strconv.Itoa(port)},
	}
}

func awaitExit(t *testing.T, i services.Instance) services.Exit {
	t.Helper()
	select {
	case <-i.Exited():
	case <-time.After(patience):
		t.Fatalf("did not end within %s", patience)
	}
	return i.Exit()
}

func wantExit(t *testing.T, got, want services.Exit) {
	t.Helper()
	if got != want {
		t.Errorf("ended with %+v, want %+v", got, want)
	}
}

// wantFree checks that nobody listens at the port of the service.
func wantFree(t *testing.T, s services.Service) {
	t.Helper()
	if err := services.CheckPort(s); err != nil {
		t.Errorf("something is still running: %v", err)
	}
}

func get(ctx context.Context, addr, path string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	return nil
}

func listen(t *testing.T, s services.Service) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

func wantError[E error](t *testing.T, err error) E {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Fatalf("error is %v (%T), want a %T", err, err, want)
	}
	return want
}
