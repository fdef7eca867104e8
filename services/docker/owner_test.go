package docker

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/moby/moby/api/types/container"

	"github.com/headgate-dev/headgate/services"
)

func TestOwner(t *testing.T) {
	start, err := processStart(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	mine := map[string]string{labelHost: thisHost(), labelPid: strconv.Itoa(os.Getpid()), labelPidStart: start}
	cases := map[string]struct {
		change map[string]string
		all    bool
		dead   bool
	}{
		"lives":                   {},
		"lives, all":              {all: true},
		"another with its number": {change: map[string]string{labelPidStart: "boot:1"}, dead: true},
		"another form":            {change: map[string]string{labelPidStart: "1"}},
		"no such process":         {change: map[string]string{labelPid: "999999999"}, dead: true},
		"no number":               {change: map[string]string{labelPid: ""}, dead: true},
		"elsewhere":               {change: map[string]string{labelHost: "elsewhere"}},
		"elsewhere, all":          {change: map[string]string{labelHost: "elsewhere"}, all: true, dead: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			labels := map[string]string{}
			for k, v := range mine {
				labels[k] = v
			}
			for k, v := range c.change {
				labels[k] = v
			}
			if j := judge(ownerOf(labels), c.all); j.dead != c.dead || j.why == "" {
				t.Errorf("it is %+v", j)
			}
		})
	}
}

// TestJudgements judges images by the runs that they belong to.
func TestJudgements(t *testing.T) {
	start, err := processStart(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	network := func(run, pid string) resource {
		return resource{kind: kindNetwork, labels: map[string]string{
			labelRun: run, labelHost: thisHost(), labelPid: pid, labelPidStart: start,
		}}
	}
	cases := map[string]struct {
		before []resource
		run    string
		dead   bool
	}{
		"its run lives":           {[]resource{network("a", strconv.Itoa(os.Getpid()))}, "a", false},
		"its run is dead":         {[]resource{network("a", "999999999")}, "a", true},
		"nothing else of its run": {[]resource{network("b", strconv.Itoa(os.Getpid()))}, "a", true},
		"for all, one lives":      {[]resource{network("b", strconv.Itoa(os.Getpid()))}, "", false},
		"for all, none lives":     {[]resource{network("b", "999999999")}, "", true},
		"for all, none at all":    {nil, "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			js := judgements{runs: map[string]judgement{}}
			for _, r := range c.before {
				js.judge(r)
			}
			labels := map[string]string{labelRun: c.run}
			if j := js.judge(resource{kind: kindImage, labels: labels}); j.dead != c.dead || j.why == "" {
				t.Errorf("it is %+v", j)
			}
		})
	}
}

// TestProcessStart compares with how long the machine is up.
func TestProcessStart(t *testing.T) {
	uptime, err := os.ReadFile("/proc/uptime")
	if err != nil {
		t.Skip("only Linux has it")
	}
	start, err := processStart(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(start, ":")
	ticks, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	up, err := strconv.ParseFloat(strings.Fields(string(uptime))[0], 64)
	if age := up - ticks/100; err != nil || age < -1 || age > 3600 {
		t.Errorf("this process is %.0f seconds old, %v", age, err)
	}
}

func TestResourceName(t *testing.T) {
	for words, want := range map[[2]string]string{
		{"2026-11-20T21:00", "Orders_DB"}: "headgate-2026-11-20t21-00-orders-db",
		{"--", "x"}:                       "headgate-x",
		{"ü", "/"}:                        "headgate",
	} {
		if got := resourceName(words[0], words[1]); got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
}

func TestSplitTag(t *testing.T) {
	for ref, want := range map[string][2]string{
		"orders": {"orders", "latest"}, "orders:dev": {"orders", "dev"},
		"localhost:5000/orders":   {"localhost:5000/orders", "latest"},
		"localhost:5000/orders:1": {"localhost:5000/orders", "1"},
	} {
		if repo, tag := splitTag(ref); repo != want[0] || tag != want[1] {
			t.Errorf("%s is %s and %s", ref, repo, tag)
		}
	}
}

// TestAddrOfTheDead must not be that of whoever listens at the same port of this machine.
func TestAddrOfTheDead(t *testing.T) {
	i := &instance{launch: &launch{service: services.Service{Port: 8080}}, engine: &Engine{host: "127.0.0.1"}}
	if got := i.Addr(); got != "127.0.0.1:0" {
		t.Errorf("it is at %s", got)
	}
}

func TestExitOf(t *testing.T) {
	cases := map[string]struct {
		state services.State
		want  services.Exit
	}{
		"well":   {services.State{}, services.Exit{}},
		"status": {services.State{ExitCode: 3}, services.Exit{Code: 3}},
		"killed": {services.State{ExitCode: 137}, services.Exit{Code: -1, Signal: "killed"}},
		"out of memory": {
			services.State{ExitCode: 137, OOMKilled: true},
			services.Exit{Code: -1, Signal: "killed", Reason: "out of memory"},
		},
		"no signal": {services.State{ExitCode: 255}, services.Exit{Code: 255}},
		"not found": {services.State{ExitCode: 127}, services.Exit{Code: 127}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, exitOf(c.state)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWorkingSet(t *testing.T) {
	cases := map[string]struct {
		stats map[string]uint64
		want  int64
	}{
		"cgroup 1":      {map[string]uint64{"total_inactive_file": 30, "inactive_file": 10}, 70},
		"cgroup 2":      {map[string]uint64{"inactive_file": 10}, 90},
		"neither":       {nil, 100},
		"more than all": {map[string]uint64{"inactive_file": 1000}, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := workingSet(container.MemoryStats{Usage: 100, Stats: c.stats}); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}

func TestLines(t *testing.T) {
	var got []string
	w := newLineWriter(func(l services.Line) { got = append(got, l.Text) }, "stdout")
	for _, chunk := range []string{"on", "e\ntwo\r\n\nthr", "ee\n", strings.Repeat("x", maxLine), "yz\n", "rest"} {
		if n, err := w.Write([]byte(chunk)); n != len(chunk) || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
	}
	w.flush()
	w.flush()
	want := []string{"one", "two", "", "three", strings.Repeat("x", maxLine) + cutMark, "rest"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%.500s", diff)
	}
}

func TestUnreachable(t *testing.T) {
	cases := map[string]struct {
		err        error
		want, hint string
	}{
		"no permission": {
			&net.OpError{Op: "dial", Err: &os.SyscallError{Syscall: "connect", Err: syscall.EACCES}},
			"no permission on unix:///run/x.sock", "usermod",
		},
		"no permission, in words": {errors.New("permission denied while trying to connect"), "no permission", "usermod"},
		"other":                   {errors.New("strange"), "strange", "docker info"},
		"not there":               {fs.ErrNotExist, "file does not exist", "docker info"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var e *services.EngineError
			if !errors.As(unreachable("unix:///run/x.sock", c.err), &e) {
				t.Fatal("not an EngineError")
			}
			if !strings.Contains(e.Error(), c.want) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("got %q with the hint %q", e, e.Hint)
			}
		})
	}
}

// TestConnectRefuses connects to engines that cannot be used.
func TestConnectRefuses(t *testing.T) {
	engine := func(api string) string {
		path := filepath.Join(t.TempDir(), "e.sock")
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Api-Version", api)
		})}
		go server.Serve(l)
		t.Cleanup(func() { server.Close() })
		return "unix://" + path
	}
	cases := map[string]struct{ host, want, hint string }{
		"nobody there": {"unix://" + filepath.Join(t.TempDir(), "none.sock"), "nobody answers", "start it"},
		"refused":      {"tcp://127.0.0.1:1", "nobody answers", "start it"},
		"too old":      {engine("1.39"), "API 1.39, and 1.40 is needed", "update Docker"},
		"no URL":       {"nonsense", "nonsense", "DOCKER_HOST"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Setenv("DOCKER_HOST", c.host)
			_, err := Connect(t.Context())
			var e *services.EngineError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Hint, c.hint) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestNewRunBeside lists while another run begins: its network comes too late to be seen, its image must not
// be taken for a dead run's.
func TestNewRunBeside(t *testing.T) {
	var begun atomic.Bool
	engine := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		answer := "[]"
		switch what := path.Base(path.Dir(r.URL.Path)) + "/" + path.Base(r.URL.Path); {
		case what == "images/json" && begun.Load():
			answer = `[{"Id":"sha256:1","Labels":{"dev.headgate.run":"new"}}]`
		case strings.HasSuffix(what, "/networks"):
			begun.Store(true)
		case strings.HasSuffix(what, "/volumes"), strings.HasSuffix(what, "/info"):
			answer = "{}"
		}
		_, _ = io.WriteString(w, answer)
	})
	server := httptest.NewServer(engine)
	defer server.Close()
	t.Setenv("DOCKER_HOST", strings.Replace(server.URL, "http", "tcp", 1))
	e, err := Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	begun.Store(false) // connecting may have listed the networks as well
	removed, kept, err := e.Clean(t.Context(), CleanOptions{})
	if err != nil || len(removed)+len(kept) > 0 || !begun.Load() {
		t.Errorf("removed %v, kept %v, %v", removed, kept, err)
	}
}

func TestExamineWithoutEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
	checks := Examine(t.Context(), t.TempDir(), []string{"orders:1"})
	last := checks[len(checks)-1]
	if last.Name != "engine" || last.Status != Fail || !strings.Contains(last.Hint, "start it") {
		t.Errorf("the last check is %+v", last)
	}
}
