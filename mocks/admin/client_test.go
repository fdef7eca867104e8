package admin_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/wiremock/go-wiremock"
	"github.com/wiremock/go-wiremock/journal"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/admin"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

// world is a mock with its admin API and WireMock's own client.
type world struct {
	*wiremock.Client
	t      *testing.T
	server *embedded.Server
	url    string
}

func newWorld(t *testing.T, o admin.Options, stubs ...*mocks.Stub) *world {
	t.Helper()
	s, err := embedded.Provider{
		Proxy: true, Table: true,
		Admin: func(s *embedded.Server) http.Handler { return admin.New(s, o) },
	}.Open(t.Context(), &mocks.Plan{Name: "test", Stubs: stubs, Miss: mocks.Miss{Status: 404}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{Client: wiremock.NewClient(s.URL()), t: t, server: s, url: s.URL()}
}

// ok ends the test on an error.
func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// call sends a request; headers are "Name: value".
func (w *world) call(method, target, body string, headers ...string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+target, strings.NewReader(body))
	w.ok(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	w.ok(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.ok(err)
	return resp.StatusCode, string(text)
}

// get calls and returns the status.
func (w *world) get(target string, headers ...string) int {
	w.t.Helper()
	status, _ := w.call(http.MethodGet, target, "", headers...)
	return status
}

func (w *world) want(status, want int, what string) {
	w.t.Helper()
	if status != want {
		w.t.Errorf("%s: got %d, want %d", what, status, want)
	}
}

func TestClientStubsAndMatchers(t *testing.T) {
	w := newWorld(t, admin.Options{})
	rule := wiremock.Post(wiremock.URLPathEqualTo("/shop")).
		WithQueryParam("first", wiremock.EqualTo("Ada")).
		WithQueryParam("last", wiremock.NotMatching("Black")).
		WithBodyPattern(wiremock.EqualToJson(`{"meta": "information"}`)).
		WithHeader("x-session", wiremock.Matching(`^\S+print\S+$`)).
		WithCookie("lang", wiremock.EqualToIgnoreCase("EN")).
		WithBearerToken(wiremock.StartsWith("token")).
		WillReturnResponse(wiremock.NewResponse().
			WithJSONBody(map[string]any{"code": 400}).
			WithHeader("Content-Type", "application/json").WithStatus(http.StatusBadRequest)).
		AtPriority(1)
	w.ok(w.StubFor(rule))
	full := []string{"X-Session: fingerprint1", "Cookie: lang=en", "Authorization: Bearer token42"}
	status, body := w.call(http.MethodPost, "/shop?first=Ada&last=Dora", `{ "meta":"information" }`, full...)
	if status != http.StatusBadRequest || body != `{"code":400}` {
		t.Errorf("got %d %s", status, body)
	}
	for name, c := range map[string]struct {
		target, body string
		headers      []string
	}{
		"query":  {"/shop?first=Ada&last=Black", `{"meta":"information"}`, full},
		"body":   {"/shop?first=Ada&last=Dora", `{"meta":"other"}`, full},
		"header": {"/shop?first=Ada&last=Dora", `{"meta":"information"}`, full[1:]},
		"cookie": {"/shop?first=Ada&last=Dora", `{"meta":"information"}`, []string{full[0], full[2]}},
		"token":  {"/shop?first=Ada&last=Dora", `{"meta":"information"}`, full[:2]},
	} {
		status, text := w.call(http.MethodPost, c.target, c.body, c.headers...)
		w.want(status, 404, name)
		if !strings.Contains(text, "Nearest stub") {
			t.Errorf("%s: no difference table: %s", name, text)
		}
	}
	matched, err := w.Verify(rule.Request(), 1)
	w.ok(err)
	if !matched {
		t.Error("the request was not counted once")
	}
}

func TestClientMoreMatchers(t *testing.T) {
	w := newWorld(t, admin.Options{})
	tests := map[string]struct {
		rule      *wiremock.StubRule
		hit, miss func() int
	}{
		"path template": {
			wiremock.Get(wiremock.URLPathTemplate("/users/{id}")).WithPathParam("id", wiremock.Matching("[0-9]+")),
			func() int { return w.get("/users/12") }, func() int { return w.get("/users/ada") },
		},
		"basic auth": {
			wiremock.Get(wiremock.URLPathEqualTo("/basic")).WithBasicAuth("ada", "secret"),
			func() int { return w.get("/basic", "Authorization: Basic YWRhOnNlY3JldA==") },
			func() int { return w.get("/basic", "Authorization: Basic eDp5") },
		},
		"several values": {
			wiremock.Get(wiremock.URLPathEqualTo("/many")).
				WithQueryParam("id", wiremock.HasExactly(wiremock.EqualTo("1"), wiremock.EqualTo("2"))),
			func() int { return w.get("/many?id=1&id=2") }, func() int { return w.get("/many?id=1") },
		},
		"logic": {
			wiremock.Get(wiremock.URLPathEqualTo("/logic")).
				WithHeader("x-a", wiremock.Contains("a").And(wiremock.NotContains("b"))),
			func() int { return w.get("/logic", "X-A: ca") }, func() int { return w.get("/logic", "X-A: ab") },
		},
		"url pattern": {
			wiremock.Get(wiremock.URLMatching("/re/[a-z]+")),
			func() int { return w.get("/re/abc") }, func() int { return w.get("/re/1") },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := w.StubFor(tt.rule.WillReturnResponse(wiremock.OK())); err != nil {
				t.Fatal(err)
			}
			if got := tt.hit(); got != 200 {
				t.Errorf("what should match got %d", got)
			}
			if got := tt.miss(); got != 404 {
				t.Errorf("what should not match got %d", got)
			}
		})
	}
}

func TestClientScenario(t *testing.T) {
	w := newWorld(t, admin.Options{})
	status := func(text string) wiremock.Response { return wiremock.NewResponse().WithBody(text) }
	const name = "switch it on"
	w.ok(w.StubFor(wiremock.Get(wiremock.URLPathEqualTo("/status")).WillReturnResponse(status("off")).
		InScenario(name).WhenScenarioStateIs(wiremock.ScenarioStateStarted)))
	w.ok(w.StubFor(wiremock.Post(wiremock.URLPathEqualTo("/on")).WillReturnResponse(wiremock.OK()).
		InScenario(name).WillSetStateTo("is on")))
	w.ok(w.StubFor(wiremock.Get(wiremock.URLPathEqualTo("/status")).WillReturnResponse(status("on")).
		InScenario(name).WhenScenarioStateIs("is on")))
	read := func() string {
		_, body := w.call(http.MethodGet, "/status", "")
		return body
	}
	got := []string{read()}
	w.call(http.MethodPost, "/on", "")
	got = append(got, read())
	w.ok(w.ResetAllScenarios())
	got = append(got, read())
	if diff := cmp.Diff([]string{"off", "on", "off"}, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestClientDeletesAndResets(t *testing.T) {
	loaded, err := mocks.ParseStubs("a.json", []byte(`{"request": {"url": "/loaded"}, "response": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, admin.Options{}, loaded...)
	rule := wiremock.Get(wiremock.URLEqualTo("/added")).WillReturnResponse(wiremock.OK())
	w.ok(w.StubFor(rule))
	w.want(w.get("/added"), 200, "added")
	w.ok(w.DeleteStub(rule))
	w.want(w.get("/added"), 404, "deleted")
	if err := w.DeleteStub(rule); err == nil {
		t.Error("a stub was deleted twice")
	}
	w.ok(w.StubFor(rule))
	w.ok(w.Clear())
	w.want(w.get("/loaded"), 404, "cleared")
	w.ok(w.StubFor(rule))
	w.ok(w.Reset())
	w.want(w.get("/added"), 404, "added before the reset")
	w.want(w.get("/loaded"), 200, "loaded before the reset")
	w.ok(w.Reset())
	events, err := w.GetAllRequests()
	w.ok(err)
	if events.Meta.Total != 0 {
		t.Errorf("%d requests after a reset", events.Meta.Total)
	}
}

func urls(list []journal.Request) []string {
	var out []string
	for _, r := range list {
		out = append(out, r.URL)
	}
	return out
}

func TestClientJournal(t *testing.T) {
	w := newWorld(t, admin.Options{})
	rule := wiremock.NewStubRule("GET", wiremock.URLMatching(`/test\?n=.`)).
		WillReturnResponse(wiremock.OK().WithBody("yes").WithHeader("X-A", "b"))
	w.ok(w.StubFor(rule))
	for _, target := range []string{"/test?n=1", "/other?param=1234", "/test?n=2"} {
		w.get(target)
	}
	all, err := w.GetAllRequests()
	w.ok(err)
	if all.Meta.Total != 3 || all.Requests[0].Request.URL != "/test?n=2" || all.Requests[2].Response.Body != "yes" ||
		all.Requests[2].StubMapping.ID != rule.UUID() || !all.Requests[2].WasMatched || all.Requests[1].WasMatched ||
		all.Requests[1].Request.QueryParams["param"].Values[0] != "1234" || all.Requests[0].Request.Host != "127.0.0.1" {
		t.Errorf("got %+v", all)
	}
	one, err := w.GetRequestByID(all.Requests[2].ID)
	w.ok(err)
	if one.Request.URL != "/test?n=1" || one.Response.Headers["X-A"] != "b" {
		t.Errorf("got %+v", one)
	}
	if _, err = w.GetRequestByID(uuid.NewString()); err == nil || !strings.Contains(err.Error(), "status: 404") {
		t.Errorf("an unknown request: %v", err)
	}
	found, err := w.FindRequestsByCriteria(rule.Request())
	w.ok(err)
	if diff := cmp.Diff([]string{"/test?n=1", "/test?n=2"}, urls(found.Requests)); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	unmatched, err := w.FindUnmatchedRequests()
	w.ok(err)
	if diff := cmp.Diff([]string{"/other?param=1234"}, urls(unmatched.Requests)); diff != "" {
		t.Errorf("unmatched (-want +got):\n%s", diff)
	}
	count, err := w.GetCountRequests(rule.Request())
	w.ok(err)
	if count != 2 {
		t.Errorf("counted %d", count)
	}
}

func TestClientForgetsRequests(t *testing.T) {
	w := newWorld(t, admin.Options{})
	total := func() int64 {
		all, err := w.GetAllRequests()
		w.ok(err)
		return all.Meta.Total
	}
	for _, target := range []string{"/a", "/a", "/b", "/c"} {
		w.get(target)
	}
	gone, err := w.DeleteRequestsByCriteria(wiremock.NewRequest("GET", wiremock.URLEqualTo("/a")))
	w.ok(err)
	if len(gone.Requests) != 2 || gone.Requests[0].Request.URL != "/a" || total() != 2 {
		t.Errorf("got %+v, and %d are left", gone, total())
	}
	all, err := w.GetAllRequests()
	w.ok(err)
	w.ok(w.DeleteRequestByID(all.Requests[0].ID))
	w.ok(w.DeleteRequestByID(uuid.NewString()))
	if total() != 1 {
		t.Errorf("%d are left, want 1", total())
	}
	w.ok(w.DeleteAllRequests())
	if total() != 0 {
		t.Errorf("%d are left, want 0", total())
	}
}

func TestClientRecording(t *testing.T) {
	calls := 0
	saas := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		calls++
		out.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(out, `{"path": "`+r.URL.Path+`"}`)
	}))
	defer saas.Close()
	w := newWorld(t, admin.Options{})
	w.ok(w.StartRecording(saas.URL))
	if err := w.StartRecording(saas.URL); err == nil {
		t.Error("recording was started twice")
	}
	for _, target := range []string{"/one", "/two?x=1"} {
		w.want(w.get(target), 200, "while recording "+target)
	}
	w.ok(w.StopRecording())
	if err := w.StopRecording(); err == nil {
		t.Error("recording was stopped twice")
	}
	status, body := w.call(http.MethodGet, "/two?x=1", "")
	if status != 200 || body != `{"path": "/two"}` || calls != 2 {
		t.Errorf("played back %d %s; the service was called %d times", status, body, calls)
	}
	w.want(w.get("/two?x=2"), 404, "what was not recorded")
}

func TestClientFaultsDelaysWebhooksTemplates(t *testing.T) {
	told := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told <- r.Method + " " + r.URL.Path + " " + string(body)
	}))
	defer hook.Close()
	w := newWorld(t, admin.Options{})
	w.ok(w.StubFor(wiremock.Get(wiremock.URLEqualTo("/fault")).
		WillReturnResponse(wiremock.NewResponse().WithFault(wiremock.FaultEmptyResponse))))
	if resp, err := http.Get(w.url + "/fault"); err == nil {
		resp.Body.Close()
		t.Errorf("the fault answered %d", resp.StatusCode)
	}
	w.ok(w.StubFor(wiremock.Get(wiremock.URLEqualTo("/slow")).
		WillReturnResponse(wiremock.OK().WithFixedDelay(50 * time.Millisecond))))
	begin := time.Now()
	if w.want(w.get("/slow"), 200, "slow"); time.Since(begin) < 50*time.Millisecond {
		t.Error("the delay was not kept")
	}
	w.ok(w.StubFor(wiremock.Get(wiremock.URLPathEqualTo("/template")).WillReturnResponse(
		wiremock.OK().WithBody("hello {{request.query.name}}").WithTransformers("response-template"))))
	if _, body := w.call(http.MethodGet, "/template?name=ada", ""); body != "hello ada" {
		t.Errorf("template: %q", body)
	}
	w.ok(w.StubFor(wiremock.Get(wiremock.URLEqualTo("/hook")).WillReturnResponse(wiremock.OK()).
		WithPostServeAction("webhook", wiremock.NewWebhook().WithMethod("POST").
			WithURL(hook.URL+"/done").WithBody("it was called").WithFixedDelay(time.Millisecond))))
	w.want(w.get("/hook"), 200, "hook")
	if got := <-told; got != "POST /done it was called" {
		t.Errorf("webhook: %q", got)
	}
}
