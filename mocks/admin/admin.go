// Package admin answers WireMock's admin API for the embedded mock, so that WireMock's clients drive it.
package admin

import (
	"cmp"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/embedded"
)

// Speaks is the version of WireMock whose admin API and stub language are spoken.
const Speaks = "3.13.2"

// Options say what the API may do. The zero Options keep everything in memory and answer this machine
// only.
type Options struct {
	// Root is a WireMock folder: new body files are written to and read from its __files, and stubs are
	// saved to its mappings. Without it nothing is saved.
	Root string
	// Stubs says how mappings are read. Files is set from Root where it is nil.
	Stubs mocks.Options
	// Remote answers clients of other machines, too.
	Remote bool
	// Version is what the version of the program is called.
	Version string
	// Now tells the time; time.Now if nil.
	Now func() time.Time
	// Shutdown is called for /shutdown, once the answer is on its way. Without it that is refused.
	Shutdown func()
}

// Handler answers the requests under /__admin.
type Handler struct {
	server  *embedded.Server
	options Options
	began   time.Time
	mux     *http.ServeMux

	mu        sync.Mutex
	recording *recording
	saved     map[string]string // file by stub ID
}

// New is the admin API of a server.
func New(s *embedded.Server, o Options) *Handler {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Root != "" && o.Stubs.Files == nil {
		o.Stubs.Files = mocks.FilesUnder(filepath.Join(o.Root, filesFolder))
	}
	h := &Handler{server: s, options: o, began: o.Now(), mux: http.NewServeMux(), saved: map[string]string{}}
	for _, routes := range []map[string]action{
		h.mappingRoutes(), h.requestRoutes(), h.stateRoutes(), h.fileRoutes(), h.recordingRoutes(),
	} {
		for pattern, do := range routes {
			method, path, _ := cutSpace(pattern)
			h.mux.Handle(method+" /__admin"+path, answer(do))
		}
	}
	return h
}

// ServeHTTP answers one call. Clients of other machines are refused unless the options say otherwise, and so
// are the pages of other sites in a browser of this machine.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.options.Remote && (!isLoopback(r.RemoteAddr) || isForeign(r.Header.Get("Origin"))) {
		problem{
			http.StatusForbidden, codeRefused, "Not from this address",
			"the admin API answers clients of this machine only; start the mock with --admin=all to open it",
		}.write(w)
		return
	}
	if _, pattern := h.mux.Handler(r); pattern == "" {
		notFound("no such admin call: %s %s", r.Method, r.URL.Path).write(w)
		return
	}
	h.mux.ServeHTTP(w, r)
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// isForeign tells whether a browser sends the request for a page that is not of this machine.
func isForeign(origin string) bool {
	if origin == "" {
		return false
	}
	page, err := url.Parse(origin)
	if err != nil {
		return true
	}
	ip := net.ParseIP(page.Hostname())
	return page.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())
}

// stateRoutes are the calls about the server as a whole.
func (h *Handler) stateRoutes() map[string]action {
	return map[string]action{
		"GET /health":                         h.health,
		"GET /version":                        h.version,
		"POST /reset":                         h.reset,
		"POST /shutdown":                      h.shutdown,
		"GET /settings":                       h.settings,
		"POST /settings":                      h.setSettings,
		"PUT /settings":                       h.setSettings,
		"PATCH /settings":                     h.patchSettings,
		"GET /scenarios":                      h.scenarios,
		"POST /scenarios/reset":               h.resetScenarios,
		"PUT /scenarios/{name}/state":         h.setState,
		"DELETE /scenarios":                   h.resetScenarios,
		"POST /near-misses/request":           h.nearRequest,
		"GET /requests/unmatched/near-misses": h.nearUnmatched,
		"POST /near-misses/request-pattern":   h.nearPattern,
	}
}

func (h *Handler) health(*http.Request) (any, error) {
	now := h.options.Now()
	return map[string]any{
		"status": "healthy", "message": "serving", "version": Speaks,
		"uptimeInSeconds": int64(now.Sub(h.began).Seconds()), "timestamp": now.UTC().Format(time.RFC3339Nano),
	}, nil
}

func (h *Handler) version(*http.Request) (any, error) {
	return map[string]any{"version": Speaks, "headgate": cmp.Or(h.options.Version, "dev")}, nil
}

func (h *Handler) reset(*http.Request) (any, error) { return nothing{}, h.server.Reset() }

func (h *Handler) shutdown(*http.Request) (any, error) {
	if h.options.Shutdown == nil {
		return nil, refused("this mock is ended by the run that it belongs to")
	}
	h.options.Shutdown()
	return nothing{}, nil
}
