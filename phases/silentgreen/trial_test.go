package silentgreen_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/phases"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/servicestest"
)

func TestMain(m *testing.M) {
	program()
	servicestest.Main()
	os.Exit(m.Run())
}

// trial is one whole run: what was recorded, how the service behaves now, and what must come of it.
type trial struct {
	recorded []exchange
	// now is how the service behaves; as recorded where it is nil.
	now []exchange
	// serve is a service of its own kind, instead of now.
	serve http.Handler
	// compare, gates and traffic are those sections of the run file in flow style, mock further keys of
	// the dependency's mock, replay further lines of its section, top further lines of the file.
	compare, gates, traffic, mock, replay, top string
	// capture replaces the capture's text, file the whole run file.
	capture func(recorded string) string
	file    string
	// noise is the text of noise.yaml, which the run file then names.
	noise  string
	vars   map[string]string
	stages engine.Stages
	// after is called when the replay has ended, before the gates are judged.
	after func(*engine.Run)
	// live is asked if anything reaches the dependency that is not mocked.
	live http.Handler

	exit        int
	cause, note string
}

// outcome is what came of a trial.
type outcome struct {
	exit  int
	cause string
	notes []string
}

// judge runs the trial and compares what came of it with what must.
func (c *trial) judge(t *testing.T) {
	t.Helper()
	got := c.run(t)
	if got.exit != c.exit {
		t.Errorf("exit code %d, want %d; cause: %s", got.exit, c.exit, got.cause)
	}
	if !regexp.MustCompile(c.cause).MatchString(got.cause) {
		t.Errorf("cause %q does not match %q", got.cause, c.cause)
	}
	told := regexp.MustCompile(c.note).MatchString
	if c.note != "" && !slices.ContainsFunc(got.notes, told) {
		t.Errorf("no note matches %q: %q", c.note, got.notes)
	}
}

func (c *trial) run(t *testing.T) outcome {
	t.Helper()
	return c.carryOut(t, c.prepare(t))
}

// prepare writes the capture and the run file, starts the services, and returns the run file's path.
func (c *trial) prepare(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	live := httptest.NewServer(c.live)
	t.Cleanup(live.Close)
	text := capture(t, c.recorded, strings.TrimPrefix(live.URL, "http://"))
	if c.capture != nil {
		text = c.capture(text)
	}
	write(t, filepath.Join(dir, "capture.jsonl"), text)
	if c.noise != "" {
		write(t, filepath.Join(dir, "noise.yaml"), c.noise)
	}
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "pipeline.yaml")
	write(t, path, c.runFile(port, c.target(t, port)))
	return path
}

// target starts the service as it is now.
func (c *trial) target(t *testing.T, port int) string {
	t.Helper()
	if c.serve != nil {
		server := httptest.NewServer(c.serve)
		t.Cleanup(server.Close)
		return server.URL
	}
	now := c.now
	if now == nil {
		now = c.recorded
	}
	return serve(t, now, fmt.Sprintf("http://127.0.0.1:%d", port)).URL
}

func (c *trial) runFile(port int, target string) string {
	file := c.file
	if file == "" {
		file = c.sections()
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return strings.NewReplacer("@target", target, "@port", strconv.Itoa(port), "@self", self).Replace(file)
}

func (c *trial) sections() string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nname: trial\non_failure: {retries: 0}\n%s\n", c.top)
	section := func(format, content string) {
		if content != "" {
			fmt.Fprintf(&b, format, content)
		}
	}
	if c.mock != "" || slices.ContainsFunc(c.recorded, func(x exchange) bool { return len(x.calls) > 0 }) {
		fmt.Fprintf(&b, "backends: {mocks: [{name: dep, port: @port, stubs: ./capture.jsonl, %s}]}\n", c.mock)
	}
	section("traffic: %s\n", c.traffic)
	section("quality_gates: %s\n", c.gates)
	b.WriteString("replay:\n  traffic: ./capture.jsonl\n  time_scale: max\n  timeout: 2s\n")
	if !strings.Contains(c.replay, "target:") {
		b.WriteString("  target: \"@target\"\n")
	}
	if c.noise != "" {
		c.compare = "{noise: ./noise.yaml, headers: [Etag]}"
	}
	section("  compare: %s\n", c.compare)
	section("  %s\n", c.replay)
	return b.String()
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// carryOut does what the command run does.
func (c *trial) carryOut(t *testing.T, path string) outcome {
	t.Helper()
	env := func(string) (string, bool) { return "", false }
	e, found := phases.Load(t.Context(), phases.Source{Path: path, Vars: c.vars, Env: env, Seed: 1})
	var out outcome
	for _, f := range found {
		out.notes = append(out.notes, f.Message)
	}
	if e == nil {
		out.exit, out.cause = engine.Invalid.ExitCode(), found.Error()
		return out
	}
	e.Stages = c.stages
	if c.after != nil {
		last := len(e.Phases) - 1
		e.Phases[last] = tampered{e.Phases[last], c.after}
	}
	rep, err := e.Run(t.Context(), engine.Options{
		ID: "trial", Dir: filepath.Join(filepath.Dir(path), "run"), Seed: 1, Clock: time.Now,
	})
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	out.exit, out.cause, out.notes = rep.ExitCode, rep.Cause, append(out.notes, rep.Notes...)
	return out
}

// tampered is the last phase with something done to the run at its end.
type tampered struct {
	engine.Phase
	after func(*engine.Run)
}

func (p tampered) Run(ctx context.Context, r *engine.Run) error {
	err := p.Phase.Run(ctx, r)
	p.after(r)
	return err
}

func (p tampered) Tell(r *engine.Run, rep *engine.Report) {
	if t, ok := p.Phase.(engine.Teller); ok {
		t.Tell(r, rep)
	}
}
