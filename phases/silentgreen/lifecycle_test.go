package silentgreen_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
)

// app is the section of an application that is a child process.
func app(program, more string) string {
	return fmt.Sprintf(`sut: {apps: [{name: svc, command: ["@self", %q, %s],
  ready: {http: /healthz, interval: 20ms, consecutive: 1, timeout: 500ms}%s}]}`, programArg, program, more)
}

// TestSilentGreenLifecycle holds services that are not there, and runs that replay nothing.
func TestSilentGreenLifecycle(t *testing.T) {
	recorded := []exchange{get("/orders/1").json(`{"id":1}`)}
	cases := map[string]trial{
		"dies at once": {
			top: app("dies-at-once", ""), exit: 5,
			cause: `^sut: svc ended .* with exit status 3, before it was ready`,
		},
		"never ready": {
			top: app("never-ready", ""), exit: 5,
			cause: `^sut: svc was not ready within .*status 503`,
		},
		"dies when asked": {top: app("dies-when-asked", ""), exit: 5, cause: `^sut: svc died`},
		"does not exist": {
			top:  strings.Replace(app("fine", ""), "@self", "./no-such-program", 1),
			exit: 5, cause: `^sut: starting svc: .*no-such-program`,
		},
		"stopped before the replay": {
			top: app("fine", ""), stages: engine.Stages{Until: engine.Sut}, exit: 2, cause: `nothing was replayed`,
		},
		"only the backends": {
			top: app("fine", ""), stages: engine.Stages{Only: engine.Backends}, exit: 2,
			cause: `nothing was replayed`,
		},
		"no section replay": {
			file: "version: 1\n" + app("fine", "") + "\n", exit: 2,
			cause: `nothing was replayed`,
		},
		"replayed without the app": {
			top: app("fine", ""), stages: engine.Stages{Only: engine.Replay}, exit: 3,
			cause: `target svc is not running`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.recorded, c.replay = recorded, "target: svc"
			c.judge(t)
		})
	}
}

// TestSilentGreenPort starts a service whose port another one, in good health, has taken.
func TestSilentGreenPort(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/orders/1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":1}`))
	})
	other := httptest.NewServer(mux)
	t.Cleanup(other.Close)
	c := trial{
		recorded: []exchange{get("/orders/1").json(`{"id":1}`)}, replay: "target: svc",
		top:  app("fine", fmt.Sprintf(", port: %d", other.Listener.Addr().(*net.TCPAddr).Port)),
		exit: 4, cause: `^environment: .*svc.* port \d+ is already in use`,
	}
	c.judge(t)
}

// TestSilentGreenMockPort starts a mock whose port is taken.
func TestSilentGreenMockPort(t *testing.T) {
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	c := trial{
		recorded: []exchange{get("/orders/1").json(`{"id":1}`).calling(get("/prices").json(`{"price":7}`))},
		file: fmt.Sprintf("version: 1\nbackends: {mocks: [{name: dep, port: %d, stubs: ./capture.jsonl}]}\n"+
			"replay: {target: \"@target\", traffic: ./capture.jsonl}\n", other.Listener.Addr().(*net.TCPAddr).Port),
		exit: 4, cause: `^environment: mock dep: .*in use`,
	}
	c.judge(t)
}

// TestSilentGreenTwoRuns runs a broken service and a good one at the same time: each gets its own
// verdict.
func TestSilentGreenTwoRuns(t *testing.T) {
	good, broken := map[string]trial{}, map[string]trial{}
	for i := range 4 {
		stock := get("/stock/1").json(fmt.Sprintf(`{"n":%d}`, i))
		answer := get("/orders/1").json(order)
		pass := trial{recorded: []exchange{answer.calling(stock)}, exit: 0, cause: `^passed`}
		fail := pass
		fail.now = []exchange{answer.calling(get("/stock/2"))}
		fail.exit, fail.cause = 1, `dep: GET /stock/2 is not called as recorded`
		good[fmt.Sprint("good ", i)], broken[fmt.Sprint("broken ", i)] = pass, fail
	}
	var all sync.WaitGroup
	for _, list := range []map[string]trial{good, broken} {
		for name, c := range list {
			dir := c.prepare(t)
			all.Go(func() {
				if got := c.carryOut(t, dir); got.exit != c.exit {
					t.Errorf("%s: exit code %d, want %d; cause: %s", name, got.exit, c.exit, got.cause)
				}
			})
		}
	}
	all.Wait()
}

// TestSilentGreenProcesses runs two applications of the same command at the same time.
func TestSilentGreenProcesses(t *testing.T) {
	if _, err := services.FreePort(); err != nil {
		t.Fatal(err)
	}
	c := trial{
		recorded: []exchange{get("/orders/1").json(`{"id":1}`)}, replay: "target: svc", top: app("fine", ""),
		cause: `^passed`,
	}
	first, second := c.prepare(t), c.prepare(t)
	var all sync.WaitGroup
	for _, dir := range []string{first, second} {
		all.Go(func() {
			if got := c.carryOut(t, dir); got.exit != 0 {
				t.Errorf("exit code %d: %s", got.exit, got.cause)
			}
		})
	}
	all.Wait()
}
