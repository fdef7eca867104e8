package backends

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// real is a real service that the application may call.
type real struct {
	Real
	base     *url.URL
	pipeline *engine.Pipeline
	at       *spec.Node
	fleet    *fleet.Fleet
	// recorded are the captured requests that may be sent again without changing anything.
	recorded []*traffic.Record
	// taken is how long each of them took, in their order.
	taken []time.Duration
}

// addReal checks the service's settings, reads its captured traffic and compiles its gates.
func (p *Phase) addReal(ctx context.Context, c Real, at *spec.Node, in Inputs, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("real", c.Name)
	if p.fleet != nil {
		ds.Add(p.fleet.Settle(p.pipeline, at, c.Name, &c.Settings))
	}
	s := &real{Real: c, pipeline: p.pipeline, at: at, fleet: p.fleet}
	if !s.settle(ds) {
		return
	}
	if c.Namespace != "" && (c.Given() || c.URL != "") {
		ds.Warnf(at.Key("namespace").Pos(), "leave it out", "the namespace is not used: the service %s has a place already",
			c.Name)
	}
	if c.Traffic != "" {
		var left string
		var err error
		if s.recorded, left, err = in.safeCalls(ctx, p.pipeline.Resolve(c.Traffic), c.Name); err != nil {
			ds.Errorf(at.Key("traffic").Pos(), "", "real service %s: %v", c.Name, err)
		}
		if err := in.ready(s.recorded); err != nil {
			ds.Errorf(at.Key("traffic").Pos(), "", "real service %s: %v", c.Name, err)
		}
		if left != "" {
			ds.Warnf(at.Key("traffic").Pos(), leftHint, "real service %s: left out: %s", c.Name, left)
		}
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Backends, MetricScope: "real", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	p.gates = append(p.gates, programs...)
	p.real = append(p.real, s)
}

// safeCalls reads the captured calls to a service that only read, and sums up what is left out.
func (in Inputs) safeCalls(
	ctx context.Context, path, service string,
) (list []*traffic.Record, left string, err error) {
	records, left, err := in.outbound(ctx, path, service)
	if err != nil {
		return nil, "", err
	}
	for _, r := range records {
		if !isWrite(r.Request.Method) && r.Duration > 0 {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil, "", fmt.Errorf("%s: none of %d calls is a GET or HEAD with a duration", path, len(records))
	}
	return list, left, nil
}

// settle finds out where the service is: at its URL, or started by the run.
func (s *real) settle(ds *spec.Diagnostics) bool {
	if s.Given() {
		if s.URL != "" {
			ds.Errorf(s.at.Key("url").Pos(), "leave out the url, or what starts the service",
				"real service %s is to be started and to be there already", s.Name)
		}
		return s.URL == ""
	}
	if s.URL == "" && s.Namespace != "" {
		s.URL = "http://" + s.Name + "." + s.Namespace + ".svc"
	}
	var err error
	if s.base, err = url.Parse(s.URL); s.URL == "" || err != nil || s.base.Host == "" {
		ds.Errorf(s.at.Key("url").Pos(),
			"write url: http://127.0.0.1:9000, namespace: NAME in a cluster, or image: NAME:TAG to start it",
			"real service %s needs the URL where it runs", s.Name)
		return false
	}
	return true
}

// lint finds what does not go together in the settings.
func (s *real) lint(p *engine.Pipeline, ds *spec.Diagnostics) {
	known := fleet.Names(p)
	ds.Add(fleet.CheckNeeds(s.at, s.Needs, s.Name, known))
	if s.Given() {
		ds.Add(s.Check(s.at, p.Resolve))
		ds.Add(s.CheckAllow(s.at, known))
		ds.Add(fleet.CheckReach(p, s.at, &s.Settings))
	} else {
		ds.Add(services.CheckElsewhere(s.at))
	}
	if s.Traffic != "" && s.Job {
		ds.Errorf(s.at.Key("traffic").Pos(), "leave it out", "real service %s is a job: it answers nothing", s.Name)
	}
}

// where says where the service is.
func (s *real) where() string {
	if s.base == nil {
		return s.Describe()
	}
	return s.URL
}

// start starts the service if it is not there already, waits for it and measures it.
func (s *real) start(ctx context.Context, r *engine.Run, started func()) error {
	if s.base != nil {
		return s.check(ctx, r)
	}
	service, err := s.fleet.Fill(ctx, r, fleet.Wanted{Pipeline: s.pipeline, Name: s.Name, Settings: &s.Settings})
	if err != nil {
		return err
	}
	m, err := s.fleet.Start(ctx, r, fleet.Launch{Service: service, Rules: s.Logs})
	if err != nil {
		return err
	}
	started()
	r.Collect(func(ctx context.Context) {
		r.Metrics.Drop("real", s.Name)
		r.Metrics.SetFlag(s.ref("readiness"), !m.Ready().IsZero() && m.Probe(s.Probe).Hold(ctx, 0) == nil)
		s.count(r)
		m.Measure(ctx, r.Metrics, "real")
	})
	if err := m.Wait(ctx, s.Probe); err != nil || m.Job() {
		return err
	}
	m.Publish(r, "real")
	r.Guard(m.Instance().Exited(), func() error { return m.Died(engine.Environment) })
	return s.measure(ctx, r, "http://"+m.Instance().Addr())
}

// check waits for a service that is there already.
func (s *real) check(ctx context.Context, r *engine.Run) error {
	ready := s.Probe
	if strings.HasPrefix(ready.HTTP.Path, "/") {
		ready.HTTP.Path = strings.TrimSuffix(s.URL, "/") + ready.HTTP.Path
	}
	probe := &services.Probe{Service: s.Name, Instance: services.External(hostPort(s.base)), Ready: ready}
	if _, err := probe.Wait(ctx); err != nil {
		return err
	}
	r.Collect(func(ctx context.Context) {
		r.Metrics.Drop("real", s.Name)
		r.Metrics.SetFlag(s.ref("readiness"), probe.Hold(ctx, 0) == nil)
		s.count(r)
	})
	r.Publish("real."+s.Name+".url", strings.TrimSuffix(s.URL, "/"))
	_, port, _ := net.SplitHostPort(hostPort(s.base)) // it has one
	r.Publish("real."+s.Name+".port", port)
	return s.measure(ctx, r, s.URL)
}

// count brings the metrics of the recorded reads up to date.
func (s *real) count(r *engine.Run) {
	if len(s.taken) == 0 {
		return
	}
	r.Metrics.Add(s.ref("requests"), float64(len(s.taken)))
	for i, d := range s.taken {
		r.Metrics.Observe(s.ref("latency"), s.recorded[i].ID, d.Seconds())
	}
}

// measure sends the recorded reads again, one after another.
func (s *real) measure(ctx context.Context, r *engine.Run, at string) error {
	s.taken = nil
	if len(s.recorded) == 0 {
		return nil
	}
	sender, err := replay.NewHTTPSender(at, replay.HTTPOptions{Timeout: 10 * time.Second, Connections: 1})
	if err != nil {
		return err
	}
	defer func() { _ = sender.Close() }()
	for _, record := range s.recorded {
		began := r.Clock()
		answer, err := sender.Send(ctx, record.Request)
		if err == nil && answer.Status >= 500 && (record.Response == nil || record.Response.Status < 500) {
			err = fmt.Errorf("answered with status %d", answer.Status)
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", record.Request.Method, record.Request.URL, err)
		}
		s.taken = append(s.taken, r.Clock().Sub(began))
		r.Recorded.Observe(s.ref("latency"), record.ID, record.Duration.Seconds())
	}
	return nil
}

func (s *real) ref(name string) metric.Ref {
	return metric.Ref{Scope: "real", Subject: s.Name, Name: name}
}

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "https" {
		return u.Hostname() + ":443"
	}
	return u.Hostname() + ":80"
}
