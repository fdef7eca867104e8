package process

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/servicestest"
)

// parentEnv makes the test binary a process that starts a service and never stops it.
const parentEnv = "HEADGATE_TEST_PARENT"

func TestMain(m *testing.M) {
	servicestest.Main()
	if port := os.Getenv(parentEnv); port != "" {
		parent(port)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestDriver(t *testing.T) {
	servicestest.Run(t, Driver{}, servicestest.SelfCommands())
}

// parent starts a service, says so, and waits to be killed.
func parent(port string) {
	n, _ := strconv.Atoi(port)
	s := services.Service{
		Name: "subject", Command: servicestest.Self("serve"), Port: n, Env: []string{"PORT=" + port},
	}
	_, err := Driver{}.Start(context.Background(), s, func(l services.Line) {
		_, _ = os.Stdout.WriteString(l.Text + "\n")
	})
	if err != nil {
		_, _ = os.Stdout.WriteString(err.Error() + "\n")
		return
	}
	select {}
}

func TestEnvironmentIsMinimal(t *testing.T) {
	t.Setenv("HEADGATE_SECRET", "do not hand on")
	t.Setenv("TZ", "UTC")
	env := environment([]string{"PORT=80", "TZ=CET"})
	for _, kv := range env {
		if strings.HasPrefix(kv, "HEADGATE_SECRET=") {
			t.Errorf("handed on %s", kv)
		}
	}
	tail := env[len(env)-2:]
	if diff := cmp.Diff([]string{"PORT=80", "TZ=CET"}, tail); diff != "" {
		t.Errorf("the service's own variables come last (-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(env, "\n"), "TZ=UTC\n") {
		t.Errorf("TZ was not inherited: %q", env)
	}
}

func TestStartExplains(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"here": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/no/such/interpreter\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		service services.Service
		want    []string
	}{
		"no command": {services.Service{}, []string{"no command"}},
		"not on PATH": {
			services.Service{Command: []string{"no-such"}},
			[]string{`"no-such"`, dir, "not found", "PATH is"},
		},
		"file in folder": {services.Service{Command: []string{"here"}}, []string{"write ./here"}},
		"no such file": {
			services.Service{Command: []string{"./no-such"}},
			[]string{`"./no-such"`, dir, "no such file"},
		},
		"not executable": {
			services.Service{Command: []string{"./plain"}},
			[]string{"./plain", "permission denied"},
		},
		"absolute": {services.Service{Command: []string{"/no/such"}}, []string{"/no/such", "no such file"}},
		"no folder": {
			services.Service{Command: []string{"ls"}, Dir: filepath.Join(dir, "gone")},
			[]string{"working folder", "gone"},
		},
		"folder is a file": {
			services.Service{Command: []string{"ls"}, Dir: filepath.Join(dir, "plain")},
			[]string{"working folder", "is a file"},
		},
		"build": {
			services.Service{Command: []string{"ls"}, Build: []string{"no-such"}},
			[]string{"building orders", `"no-such"`},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.service.Name = "orders"
			if c.service.Dir == "" {
				c.service.Dir = dir
			}
			_, err := Driver{}.Start(t.Context(), c.service, nil)
			for _, want := range append(c.want, "orders") {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error is %v, want it to say %q", err, want)
				}
			}
		})
	}
}

func TestExec(t *testing.T) {
	s := services.Service{
		Name: "orders", Command: servicestest.Self("hang"), Dir: t.TempDir(), Env: []string{"BUILD_FAILS=yes"},
	}
	i, err := Driver{}.Start(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Stop(context.Background()) })
	e := i.(services.Execer)
	if err := e.Exec(t.Context(), []string{"true"}); err != nil {
		t.Error(err)
	}
	var failed *services.ExitError
	err = e.Exec(t.Context(), servicestest.Self("build"))
	if !errors.As(err, &failed) || failed.Exit.Code != 2 || len(failed.Log) != 2 {
		t.Errorf("error is %v, want status 2 with two lines", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := e.Exec(ctx, servicestest.Self("hang")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, want %v", err, context.DeadlineExceeded)
	}
	if i.Exit() != (services.Exit{}) {
		t.Errorf("the service has ended: %+v", i.Exit())
	}
}

func TestProbeNoticesDeath(t *testing.T) {
	port, err := services.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	tail := services.NewTail(50)
	s := services.Service{Name: "orders", Command: servicestest.Self("exit"), Port: port, Dir: t.TempDir()}
	i, err := Driver{}.Start(t.Context(), s, tail.Add)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = i.Stop(context.Background()) })
	p := services.Probe{Service: "orders", Instance: i, Logs: tail, Ready: services.DefaultReady()}
	_, err = p.Wait(t.Context())
	var e *services.NotReadyError
	if !errors.As(err, &e) || e.Exit == nil || e.Exit.Code != 3 || e.After > 20*time.Second {
		t.Fatalf("error is %v", err)
	}
	if diff := cmp.Diff([]string{"panic: out of luck"}, e.Log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestPump(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	cases := map[string]struct {
		in   string
		want []string
	}{
		"nothing":       {"", nil},
		"lines":         {"a\nb\n", []string{"a", "b"}},
		"no newline":    {"a\nb", []string{"a", "b"}},
		"blank":         {"\n\r\n", []string{"", ""}},
		"as long":       {long + "\nb\n", []string{long, "b"}},
		"too long":      {long + "y\nb\n", []string{long + cutMark, "b"}},
		"far too long":  {long + long + long, []string{long + cutMark}},
		"beyond buffer": {long[:200_000] + "\r\n", []string{long[:200_000]}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got []string
			p := newPumps(func(l services.Line) {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, l.Text)
			})
			p.pump(io.NopCloser(strings.NewReader(c.in)), "stdout")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%.500s", diff)
			}
		})
	}
}

func FuzzPump(f *testing.F) {
	f.Add([]byte("a\nb\r\n\nc"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var got []string
		p := newPumps(func(l services.Line) { got = append(got, l.Text) })
		p.pump(io.NopCloser(strings.NewReader(string(in))), "stdout")
		want := strings.Split(string(in), "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		for i := range want {
			want[i] = strings.TrimSuffix(want[i], "\r")
		}
		if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" && len(in) < maxLine {
			t.Errorf("lines (-want +got):\n%s", diff)
		}
	})
}

func TestFamily(t *testing.T) {
	table := []entry{
		{pid: 30, parent: 20, group: 30},
		{pid: 10, parent: 1, group: 10},
		{pid: 20, parent: 10, group: 10},
		{pid: 40, parent: 1, group: 10},
		{pid: 50, parent: 1, group: 50},
		{pid: 1},
	}
	var got []int
	for _, e := range family(table, 10) {
		got = append(got, e.pid)
	}
	if diff := cmp.Diff([]int{30, 10, 20, 40}, got); diff != "" {
		t.Errorf("family of 10 (-want +got):\n%s", diff)
	}
}

func TestMeterNeverCountsDown(t *testing.T) {
	m := newMeter(1, false)
	m.add([]entry{{pid: 1, cpu: time.Second, memory: 10}, {pid: 2, cpu: time.Second, memory: 20}})
	m.add([]entry{{pid: 1, cpu: time.Second, memory: 15}})
	want := services.Stats{CPU: 2 * time.Second, Memory: 15, PeakMem: 30}
	if diff := cmp.Diff(want, m.stats); diff != "" {
		t.Errorf("stats (-want +got):\n%s", diff)
	}
	m.stop(nil)
	m.add([]entry{{pid: 1, cpu: time.Hour, memory: 99}})
	want.Memory = 0
	if diff := cmp.Diff(want, m.stats); diff != "" {
		t.Errorf("stats after the end (-want +got):\n%s", diff)
	}
}
