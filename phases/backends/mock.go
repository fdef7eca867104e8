package backends

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/formats"
	"github.com/headgate-dev/headgate/traffic/store"
)

// mock is a mock of the run file, and the server that stands for it while a run lasts.
type mock struct {
	Mock
	opener    opener
	stubs     []*mocks.Stub
	exchanges []mocks.Exchange
	effects   *effects
	// recording is what the stubs were built from, nil for mappings.
	recording *mocks.Recording
	// left sums up what of the capture is no exchange; see [formats.Counts.Left].
	left string

	mu     sync.Mutex
	server mocks.Server
	check  mocks.Check
}

// addMock builds the mock's stubs and compiles its gates.
func (p *Phase) addMock(ctx context.Context, c Mock, at *spec.Node, in Inputs, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("mocks", c.Name)
	m := &mock{Mock: c, opener: p.opener(c, in)}
	if !supported(c, at, ds) {
		return
	}
	if !in.GatesOnly {
		if err := m.load(ctx, p.pipeline.Resolve(c.Stubs), in); err != nil {
			ds.Errorf(at.Key("stubs").Pos(), "", "mock %s: %v", c.Name, err)
		}
		m.lint(at, ds)
		p.lintWireMock(m, at, ds)
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Backends, MetricScope: "mocks", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	p.gates = append(p.gates, programs...)
	p.mocks = append(p.mocks, m)
}

// lint finds rules that apply to no recorded call. A header that no call has would never be compared
// although it was declared to matter: that is a mistake, an idle ignore rule is worth a word.
func (m *mock) lint(at *spec.Node, ds *spec.Diagnostics) {
	for _, key := range []string{"match", "latency"} {
		if n := at.Key(key); len(m.exchanges) == 0 && len(m.stubs) > 0 && n.Kind() != spec.Null {
			ds.Warnf(n.Pos(), "write it into the mappings", "mock %s: %s applies to captured traffic; its stubs are mappings",
				m.Name, key)
		}
	}
	if m.recording == nil {
		return
	}
	if m.left != "" {
		ds.Warnf(at.Key("stubs").Pos(), leftHint, "mock %s: left out: %s", m.Name, m.left)
	}
	pos := at.Key("match").Pos()
	for _, r := range m.recording.Rules {
		name, header := strings.CutPrefix(r.Rule, "header ")
		switch {
		case r.Count > 0:
		case header:
			ds.Errorf(pos, "check its spelling, or leave it out",
				"mock %s: no recorded call has the header %s", m.Name, name)
		default:
			ds.Warnf(pos, "check its spelling, or leave it out",
				"mock %s: match.ignore.%s applies to no recorded call", m.Name, r.Rule)
		}
	}
	if n := m.recording.Blank; n > 0 {
		ds.Warnf(pos, "name the fields that are meant",
			"mock %s: match.ignore.json leaves nothing of the bodies of %d recorded calls: any body will do", m.Name, n)
	}
	if list := m.recording.Unusable; len(list) > 0 {
		ds.Warnf(at.Key("stubs").Pos(), "a call like it will be a miss",
			"mock %s: %d recorded calls cannot be answered, the first because %s", m.Name, len(list), list[0].Reason)
	}
}

func supported(c Mock, at *spec.Node, ds *spec.Diagnostics) bool {
	switch {
	case c.Type == "db":
		ds.Errorf(at.Key("type").Pos(), "type: http is", "mocks of type db are not supported yet")
	case c.Traffic != "":
		ds.Errorf(at.Key("traffic").Pos(), "write stubs: "+c.Traffic, "traffic is for mocks of type db")
	case c.Stubs == "":
		ds.Errorf(at.Pos(), "add: stubs: ./captured-traffic/", "mock %s has nothing to answer with", c.Name)
	default:
		if c.Image != "" && c.Engine != wireMock {
			ds.Warnf(at.Key("image").Pos(), "leave it out",
				"an image is used by engine: wiremock only; the embedded engine serves these stubs")
		}
		return true
	}
	return false
}

// load builds the stubs from captured traffic, or reads WireMock mappings.
func (m *mock) load(ctx context.Context, path string, in Inputs) error {
	if isMappings(ctx, path) {
		stubs, err := mocks.Options{Java: m.Engine == wireMock}.Load(path)
		m.stubs, m.effects = stubs, newEffects(nil, stubs)
		if in.Judge != nil {
			for _, s := range stubs {
				in.Judge(answer(s, m.Name))
			}
		}
		return err
	}
	records, left, err := in.outbound(ctx, path, m.Name)
	if err != nil {
		return err
	}
	m.left = left
	if err := in.ready(records); err != nil {
		return err
	}
	recording, err := mocks.FromTraffic(records, m.Match)
	if err != nil {
		return err
	}
	recording.Delay(m.Latency)
	m.stubs, m.exchanges, m.recording = recording.Stubs, recording.Exchanges, recording
	m.effects = newEffects(recording.Exchanges, recording.Stubs)
	return nil
}

// answer is what a stub answers, as a record; where it takes many URLs these are a pattern.
func answer(s *mocks.Stub, service string) *traffic.Record {
	r := &traffic.Record{
		ID: s.Label(), Direction: traffic.Outbound, Service: service, Protocol: traffic.HTTP,
		Request: &traffic.Request{}, Response: &traffic.Response{Header: http.Header{}},
	}
	if q := s.Request; q != nil {
		r.Request.Method = q.Method
		r.Request.URL = cmp.Or(q.URL, q.URLPath, q.URLPathTemplate, q.URLPathPattern, q.URLPattern)
	}
	if a := s.Response; a != nil {
		r.Response.Status, r.Response.Body = a.Code(), a.Payload()
		for name, values := range a.Headers {
			r.Response.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return r
}

// isMappings tells whether a path holds WireMock mappings: a mappings folder, or .json files that are no
// captures.
func isMappings(ctx context.Context, path string) bool {
	if store.Remote(path) {
		return false
	}
	if info, err := os.Stat(filepath.Join(path, "mappings")); err == nil && info.IsDir() {
		return true
	}
	found, err := filepath.Glob(filepath.Join(path, "*.json"))
	if filepath.Ext(path) == ".json" {
		found = append(found, path)
	}
	return err == nil && slices.ContainsFunc(found, func(path string) bool {
		name, err := formats.Name(ctx, path)
		return err == nil && name == formats.Mappings || err != nil && filepath.Base(path) != "health.json"
	})
}

// leftHint says where more is told of what is left out.
const leftHint = "headgate inspect tells what a capture holds"

// outbound reads the captured outbound calls of one service, and sums up what is left out.
func (in Inputs) outbound(
	ctx context.Context, path, service string,
) (list []*traffic.Record, left string, err error) {
	files, err := formats.Walk(ctx, []string{path})
	if err != nil {
		return nil, "", err
	}
	others, queries := 0, 0
	counts, err := in.Formats.Each(ctx, files, func(r *traffic.Record) error {
		switch {
		case r.Direction != traffic.Outbound:
		case r.Service != "" && r.Service != service:
			others++
		case r.Protocol == traffic.Postgres:
			queries++
		default:
			list = append(list, r)
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	if len(counts.Problems) > 0 {
		return nil, "", fmt.Errorf("%s, the first: %w", counts.Unusable(), counts.Problems[0])
	}
	if len(list) == 0 {
		err = fmt.Errorf("%s: none of %d records is an outbound one of service %s (%d are of other services)",
			path, counts.Records, service, others)
		if queries > 0 {
			err = fmt.Errorf("%w; %d are Postgres queries, which take a database and no mock", err, queries)
		}
		if n := counts.Assumed; n > 0 {
			err = fmt.Errorf("%w; %d are taken for inbound, as nothing tells their direction: see traffic.direction", err, n)
		}
		return nil, "", err
	}
	counts.LeaveOut("Postgres queries, which take a database and no mock", queries)
	return list, counts.Left(), nil
}

func (m *mock) source() string {
	if len(m.exchanges) == 0 {
		return "mappings"
	}
	return fmt.Sprintf("%d recorded calls", len(m.exchanges))
}

// mostNoted is how many failures of a self-check are told one by one.
const mostNoted = 3

// start serves the mock, checks it against its own recording and rewinds it.
func (m *mock) start(ctx context.Context, r *engine.Run) error {
	server, err := m.opener(r).Start(ctx, m.plan())
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return &services.PortError{Service: m.Name, Port: m.Port}
	case err != nil:
		return err
	}
	m.set(server)
	r.CleanupBeside("mock "+m.Name, func(context.Context) error { return m.stop(r) })
	r.Publish("mocks."+m.Name+".url", server.URL())
	if s, ok := server.(mocks.Insider); ok {
		r.PublishInside("mocks."+m.Name+".url", s.Inside())
	}
	if s, ok := server.(mocks.Mortal); ok {
		r.Guard(s.Failed(), func() error { return failed(s) })
	}
	if len(m.exchanges) == 0 {
		return nil
	}
	for _, x := range m.exchanges {
		if x.Record.Parent != "" {
			r.Follow(x.Record.Parent)
		}
	}
	return m.checkItself(ctx, r, server)
}

func (m *mock) plan() *mocks.Plan {
	return &mocks.Plan{Name: m.Name, Stubs: m.stubs, Port: m.Port, Miss: mocks.Miss{Status: m.OnMiss.Status}}
}

// checkItself sends the recorded calls to the mock, tells which are not answered as recorded, and rewinds it.
func (m *mock) checkItself(ctx context.Context, r *engine.Run, server mocks.Server) error {
	check, err := mocks.SelfCheck(ctx, server.URL(), m.askable(server))
	if err != nil {
		return fmt.Errorf("self-check: %w", err)
	}
	m.check = check
	for i, f := range check.Failures {
		if i == mostNoted {
			r.Note(engine.Backends, "mock %s self-check: %d more calls fail it", m.Name, check.Unmatched-mostNoted)
			break
		}
		asked := f.Exchange.Record.Request
		r.Note(engine.Backends, "mock %s self-check: %s %s: %s", m.Name, asked.Method, asked.URL, f.Reason)
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

// counts reads what is watched while a replay goes on, several times a second.
func (m *mock) counts() (requests, unmatched int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c, ok := m.server.(mocks.Counter); ok {
		return c.Counts()
	}
	if m.server == nil {
		return 0, 0
	}
	j := m.server.Journal()
	return j.Requests, j.Unmatched
}

func (m *mock) journal() mocks.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.server == nil {
		return mocks.Journal{}
	}
	return m.server.Journal()
}
