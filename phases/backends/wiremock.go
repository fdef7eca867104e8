package backends

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/wiremock"
	"github.com/headgate-dev/headgate/services"
)

// wireMock is the engine of mocks that run in a container.
const wireMock = "wiremock"

// opener gives the provider of a mock in one run: a container needs the run's network.
type opener func(*engine.Run) mocks.Provider

// opener chooses by the mock's engine.
func (p *Phase) opener(c Mock, in Inputs) opener {
	switch {
	case c.Engine != wireMock:
		return func(*engine.Run) mocks.Provider { return in.Embedded }
	case p.wireMock.Shared:
		return p.sharedWireMock
	}
	return func(r *engine.Run) mocks.Provider {
		return wiremock.Provider{Driver: containers{p.fleet, r}, Image: c.Image}
	}
}

// containers starts services at the run's site, which is opened when the first of them is started.
type containers struct {
	fleet *fleet.Fleet
	run   *engine.Run
}

// Start starts a container.
func (c containers) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	site, err := c.fleet.Site(ctx, c.run)
	if err != nil {
		return nil, err
	}
	return site.Start(ctx, s, logs)
}

// shared is the WireMock of all mocks in one run.
type shared struct {
	mu       sync.Mutex
	run      *engine.Run
	provider *wiremock.Shared
}

func (p *Phase) sharedWireMock(r *engine.Run) mocks.Provider {
	p.shared.mu.Lock()
	defer p.shared.mu.Unlock()
	if p.shared.run == r {
		return p.shared.provider
	}
	made := &wiremock.Shared{Provider: wiremock.Provider{Driver: containers{p.fleet, r}}}
	for _, m := range p.mocks {
		if m.Engine == wireMock {
			made.Mocks, made.Image = append(made.Mocks, m.Name), m.Image
		}
	}
	p.shared.run, p.shared.provider = r, made
	return made
}

// Images are the images of the containers that the phase runs, but for those that are built.
func (p *Phase) Images() []string {
	var list []string
	for _, m := range p.mocks {
		if m.Engine == wireMock {
			list = append(list, cmp.Or(m.Image, wiremock.DefaultImage))
		}
	}
	for _, s := range p.real {
		if s.Contained() && s.Build.Context == "" {
			list = append(list, s.Image)
		}
	}
	for _, d := range p.databases {
		list = append(list, d.Image)
	}
	return slices.DeleteFunc(list, func(image string) bool { return image == "" })
}

// lintWireMock names what the real WireMock does otherwise than the embedded engine.
func (p *Phase) lintWireMock(m *mock, at *spec.Node, ds *spec.Diagnostics) {
	if m.Engine != wireMock {
		return
	}
	if m.Port != 0 {
		ds.Errorf(at.Key("port").Pos(), "leave it out, or take engine: embedded",
			"mock %s: the container engine chooses the port of a WireMock", m.Name)
	}
	if err := wiremock.Check(m.plan()); err != nil {
		ds.Errorf(at.Key("stubs").Pos(), "", "mock %s: %v", m.Name, err)
	}
	steps := slices.ContainsFunc(m.stubs, func(s *mocks.Stub) bool { return s.NewState != "" })
	if steps {
		ds.Warnf(at.Key("engine").Pos(), "engine: embedded serves each step once",
			"mock %s: its stubs have scenarios; WireMock may serve one step to several requests that come at the same time",
			m.Name)
	}
	if p.wireMock.Shared {
		p.lintShared(m, at, ds)
	}
}

// lintShared names what mocks that share a WireMock cannot have.
func (p *Phase) lintShared(m *mock, at *spec.Node, ds *spec.Diagnostics) {
	if i := slices.IndexFunc(p.mocks, func(o *mock) bool {
		return o.Engine == wireMock && o.Image != m.Image
	}); i >= 0 {
		ds.Errorf(at.Key("image").Pos(), "give all mocks with engine: wiremock the same image, or take shared: true out",
			"mock %s: it shares a WireMock with %s, which has another image", m.Name, p.mocks[i].Name)
	}
	for _, name := range m.Match.Headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			ds.Errorf(at.Key("match").Pos(), "leave it out, or take shared: true out",
				"mock %s: mocks that share a WireMock are told apart by the Host header, it cannot be matched", m.Name)
		}
	}
}

// askable are the exchanges for the self-check: a shared WireMock knows its mocks by their own Host headers.
func (m *mock) askable(s mocks.Server) []mocks.Exchange {
	if h, ok := s.(interface{ ByHost() bool }); !ok || !h.ByHost() {
		return m.exchanges
	}
	list := make([]mocks.Exchange, len(m.exchanges))
	for i, x := range m.exchanges {
		record, request := *x.Record, *x.Record.Request
		request.Host, record.Request = "", &request
		list[i] = mocks.Exchange{Record: &record, StubID: x.StubID}
	}
	return list
}

// failed is the fault of a mock that the run cannot rely on any more.
func failed(s mocks.Mortal) error {
	f := &engine.Fault{Verdict: engine.Environment, Err: s.Failure()}
	var told *wiremock.Error
	if errors.As(f.Err, &told) {
		f.Details = told.Log
	}
	return f
}
