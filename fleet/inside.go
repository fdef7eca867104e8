package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/services"
)

// Wanted is a service of a run file that is to be started.
type Wanted struct {
	// Pipeline resolves its paths.
	Pipeline *engine.Pipeline
	Name     string
	Settings *services.Settings
}

// Fill makes a service out of what is wanted: ${...} is filled in as the service will see it, from this
// machine or from within its container.
func (f *Fleet) Fill(ctx context.Context, r *engine.Run, w Wanted) (services.Service, error) {
	v := &view{fleet: f, run: r, name: w.Name, settings: w.Settings}
	if err := v.settle(ctx); err != nil {
		return services.Service{}, Fault(err, engine.Environment)
	}
	out := w.Settings.Service(w.Name, services.Fill{Port: v.port, Resolve: w.Pipeline.Resolve, Expand: v.expand})
	v.literals(w.Pipeline, out)
	v.peers()
	v.allow()
	if err := v.err(); err != nil {
		return out, err
	}
	if c := out.Container; c != nil {
		c.Hosts = v.hosts
		if w.Settings.Denied() {
			c.Egress = &services.Egress{Allow: v.reach}
		}
	}
	return out, nil
}

// view is how one service sees the addresses of the run.
type view struct {
	fleet    *Fleet
	run      *engine.Run
	name     string
	settings *services.Settings
	port     int
	site     services.Site // nil for a local process
	hosts    map[string]string
	reach    []string // host:port
	errs     []error
}

// settle finds the port that the service listens on and, of a container, where it lives.
func (v *view) settle(ctx context.Context) (err error) {
	v.port = v.settings.Port
	switch {
	case v.settings.Contained():
		v.port = v.settings.InsidePort()
		v.site, err = v.fleet.open(ctx, v.run)
	case v.port == 0:
		v.port, err = services.FreePort()
	}
	return err
}

func (v *view) expand(text string) string {
	filled, err := spec.ExpandRuntime(text, v.lookup)
	if err != nil {
		v.errs = append(v.errs, err)
	}
	return filled
}

// err is what could not be filled in. A reference that nothing has published belongs to a phase that is
// left out of this run.
func (v *view) err() error {
	err := errors.Join(v.errs...)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", v.name, err)
	var known *engine.Fault
	if errors.As(err, &known) {
		return err
	}
	return &engine.Fault{
		Verdict: engine.Invalid, Err: err, Hint: "run the phase that starts what the reference names as well",
	}
}

// own is the address of the service itself.
func (v *view) own() string {
	host := "127.0.0.1"
	if v.site != nil {
		host = v.name
	}
	return "http://" + joined(host, v.port)
}

func (v *view) lookup(ref string) (string, bool) {
	switch ref {
	case "run.id":
		return v.run.ID, true
	case "run.dir":
		return v.run.Dir, true
	case "self.port", "apps." + v.name + ".port", "real." + v.name + ".port":
		return strconv.Itoa(v.port), true
	case "apps." + v.name + ".url", "real." + v.name + ".url":
		return v.own(), true
	}
	if v.site == nil {
		return v.run.Lookup(ref)
	}
	if part := v.part(ref); part != "" {
		return part, true
	}
	return v.inside(ref)
}

// part is the host or port of something whose URL a container sees differently than this machine does;
// empty for everything else.
func (v *view) part(ref string) string {
	of, what := ref[:max(0, strings.LastIndexByte(ref, '.'))], ref[strings.LastIndexByte(ref, '.')+1:]
	if what != "host" && what != "port" {
		return ""
	}
	seen, ok := v.inside(of + ".url")
	u, err := url.Parse(seen)
	switch {
	case !ok || err != nil || u.Host == "":
		return ""
	case what == "host":
		return u.Hostname()
	}
	return u.Port()
}

// inside is an address as containers see it. What listens at this machine's loopback is reached through a
// relay.
func (v *view) inside(ref string) (string, bool) {
	seen, ok := v.run.LookupInside(ref)
	if !ok {
		return "", false
	}
	outside, _ := v.run.Lookup(ref)
	u, err := url.Parse(seen)
	if err != nil || u.Host == "" {
		return seen, true
	}
	if seen != outside {
		v.add(hostPort(u))
		return seen, true
	}
	foreign := strings.HasPrefix(ref, "real.") && !slices.Contains(v.settings.Isolation.Allow, named(ref))
	if target, loopback := loopbackOf(outside); loopback && v.site != nil {
		name := named(ref)
		if strings.HasPrefix(ref, "mocks.") {
			name += ".mock"
		}
		host, port, err := v.relay(name, 0, target)
		if err != nil {
			v.errs = append(v.errs, err)
			return seen, true
		}
		u.Host = net.JoinHostPort(host, port)
		seen = u.String()
	}
	if !foreign {
		v.add(hostPort(u))
	}
	return seen, true
}

// allow adds what isolation.allow names.
func (v *view) allow() {
	if !v.settings.Denied() {
		return
	}
	for _, name := range v.settings.Isolation.Allow {
		if strings.Contains(name, ":") {
			v.add(name)
			continue
		}
		for _, scope := range []string{"mocks", "real", "databases", "apps"} {
			v.inside(scope + "." + name + ".url")
		}
	}
}

func (v *view) add(endpoint string) {
	if !slices.Contains(v.reach, endpoint) {
		v.reach = append(v.reach, endpoint)
	}
}

// relay makes what listens at the loopback reachable from the site, under a name and at a port of its own; 0
// takes a free one.
func (v *view) relay(name string, at int, target string) (host, port string, err error) {
	access := v.site.Host()
	got, err := v.fleet.relayTo(v.run, joined(access.Listen, at), target)
	if err != nil {
		err = fmt.Errorf("making %s reachable from containers: %w", name, err)
		return "", "", &engine.Fault{Verdict: engine.Environment, Err: err}
	}
	if _, port, err = net.SplitHostPort(got.Addr()); err != nil {
		return "", "", err
	}
	if v.hosts == nil {
		v.hosts = map[string]string{}
	}
	v.hosts[name] = access.Alias
	return name, port, nil
}

func joined(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// relay is a relay that lives until the phase is undone that first needed it.
type relay = services.Relay

// relayTo keeps one relay for each pair of addresses.
func (f *Fleet) relayTo(r *engine.Run, listen, target string) (*relay, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := listen + " to " + target
	if known := f.relays[key]; known != nil {
		return known, nil
	}
	made, err := services.NewRelay(listen, target)
	if err != nil {
		return nil, err
	}
	if f.relays == nil {
		f.relays = map[string]*relay{}
	}
	f.relays[key] = made
	r.CleanupBeside("relay to "+target, func(context.Context) error {
		f.mu.Lock()
		delete(f.relays, key)
		f.mu.Unlock()
		return made.Close()
	})
	return made, nil
}

// Subject takes a reference such as mocks.payment-api.url apart.
func Subject(ref string) (scope, name string) {
	scope, rest, _ := strings.Cut(ref, ".")
	return scope, rest[:max(0, strings.LastIndexByte(rest, '.'))]
}

func named(ref string) string {
	_, name := Subject(ref)
	return name
}

// loopbackOf is the host:port behind a URL that only this machine reaches.
func loopbackOf(text string) (at string, loopback bool) {
	u, err := url.Parse(text)
	if err != nil {
		return "", false
	}
	ip := net.ParseIP(u.Hostname())
	return hostPort(u), u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// hostPort is the address behind a URL, with the port that its scheme stands for.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "postgres": "5432", "postgresql": "5432"}[u.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
