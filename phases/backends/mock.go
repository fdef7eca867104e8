package backends

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
)

// mock is a mock of the run file, and the server that stands for it while a run lasts.
type mock struct {
	Mock
	provider  mocks.Provider
	stubs     []*mocks.Stub
	exchanges []mocks.Exchange
	effects   *effects

	mu     sync.Mutex
	server mocks.Server
	check  mocks.Check
}

// addMock builds the mock's stubs and compiles its gates.
func (p *Phase) addMock(ctx context.Context, c Mock, at *spec.Node, in Inputs, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("mocks", c.Name)
	m := &mock{Mock: c, provider: in.Embedded}
	if !supported(c, at, ds) {
		return
	}
	if err := m.load(ctx, p.pipeline.Resolve(c.Stubs), in.Inbound); err != nil {
		ds.Errorf(at.Key("stubs").Pos(), "", "mock %s: %v", c.Name, err)
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Backends, MetricScope: "mocks", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	p.gates = append(p.gates, programs...)
	p.mocks = append(p.mocks, m)
}

func supported(c Mock, at *spec.Node, ds *spec.Diagnostics) bool {
	switch {
	case c.Type == "db":
		ds.Errorf(at.Key("type").Pos(), "type: http is", "mocks of type db are not supported yet")
	case c.Engine == "wiremock":
		ds.Errorf(at.Key("engine").Pos(), "engine: embedded answers WireMock mappings in this process",
			"engine wiremock is not supported yet")
	case c.Stubs == "":
		ds.Errorf(at.Pos(), "add: stubs: ./captured-traffic/", "mock %s has nothing to answer with", c.Name)
	default:
		if c.Image != "" {
			ds.Warnf(at.Key("image").Pos(), "leave it out",
				"an image is used by engine: wiremock only; the embedded engine serves these stubs")
		}
		return true
	}
	return false
}

// load builds the stubs from captured traffic, or reads WireMock mappings.
func (m *mock) load(ctx context.Context, path string, inbound []*traffic.Record) error {
	if isMappings(path) {
		stubs, err := mocks.LoadStubs(path)
		m.stubs, m.effects = stubs, newEffects(nil, stubs)
		return err
	}
	records, err := outbound(ctx, path, m.Name)
	if err != nil {
		return err
	}
	traffic.Attribute(records, inbound)
	recording, err := mocks.FromTraffic(records, m.Match)
	if err != nil {
		return err
	}
	recording.Delay(m.Latency)
	m.stubs, m.exchanges = recording.Stubs, recording.Exchanges
	m.effects = newEffects(recording.Exchanges, recording.Stubs)
	return nil
}

// isMappings tells whether a path holds WireMock mappings: a mappings folder, or .json files.
func isMappings(path string) bool {
	if filepath.Ext(path) == ".json" {
		return true
	}
	if info, err := os.Stat(filepath.Join(path, "mappings")); err == nil && info.IsDir() {
		return true
	}
	found, err := filepath.Glob(filepath.Join(path, "*.json"))
	return err == nil && len(found) > 0
}

// outbound reads the captured outbound records of one service.
func outbound(ctx context.Context, path, service string) ([]*traffic.Record, error) {
	files, err := formats.Walk([]string{path})
	if err != nil {
		return nil, err
	}
	var list []*traffic.Record
	others := 0
	counts, err := formats.Each(ctx, files, func(r *traffic.Record) error {
		switch {
		case r.Direction != traffic.Outbound:
		case r.Service != "" && r.Service != service:
			others++
		default:
			list = append(list, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(counts.Problems) > 0 {
		return nil, fmt.Errorf("%s, the first: %w", counts.Unusable(), counts.Problems[0])
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: none of %d records is an outbound one of service %s (%d are of other services)",
			path, counts.Records, service, others)
	}
	return list, nil
}

func (m *mock) source() string {
	if len(m.exchanges) == 0 {
		return "mappings"
	}
	return fmt.Sprintf("%d recorded calls", len(m.exchanges))
}

// start serves the mock, checks it against its own recording and rewinds it.
func (m *mock) start(ctx context.Context, r *engine.Run) error {
	server, err := m.provider.Start(ctx, &mocks.Plan{
		Name: m.Name, Stubs: m.stubs, Port: m.Port, Miss: mocks.Miss{Status: m.OnMiss.Status},
	})
	if err != nil {
		return err
	}
	m.set(server)
	r.Cleanup("mock "+m.Name, func(context.Context) error { return m.stop(r) })
	r.Publish("mocks."+m.Name+".url", server.URL())
	if len(m.exchanges) == 0 {
		return nil
	}
	check, err := mocks.SelfCheck(ctx, server.URL(), m.exchanges)
	if err != nil {
		return fmt.Errorf("self-check: %w", err)
	}
	m.check = check
	for _, f := range check.Failures {
		r.Note(engine.Backends, "mock %s self-check: %s", m.Name, f)
	}
	return server.Rewind(ctx)
}

// stop writes the misses as candidate stubs and closes the server.
func (m *mock) stop(r *engine.Run) error {
	server := m.set(nil)
	if server == nil {
		return nil
	}
	journal := server.Journal()
	var err error
	if len(journal.Misses) > 0 {
		err = m.writeMisses(r, journal)
	}
	return errors.Join(err, server.Close())
}

func (m *mock) writeMisses(r *engine.Run, j mocks.Journal) error {
	name := "mocks/" + m.Name + "/unmatched"
	dir, err := r.ArtifactPath(name)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return mocks.WriteMisses(dir, j)
}

func (m *mock) set(s mocks.Server) (before mocks.Server) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, m.server = m.server, s
	return before
}

func (m *mock) rewind(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server == nil {
		return nil
	}
	return m.server.Rewind(ctx)
}

func (m *mock) journal() mocks.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server == nil {
		return mocks.Journal{}
	}
	return m.server.Journal()
}
