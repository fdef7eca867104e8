package backends

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/gates"
	"github.com/headgate-dev/headgate/gates/metric"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/replay"
)

// real is a real service that the application may call.
type real struct {
	Real
	base *url.URL
	// recorded are the captured requests that may be sent again without changing anything.
	recorded []*traffic.Record
}

// addReal checks the service's settings, reads its captured traffic and compiles its gates.
func (p *Phase) addReal(ctx context.Context, c Real, at *spec.Node, ds *spec.Diagnostics) {
	p.pipeline.Metrics.Subject("real", c.Name)
	s := &real{Real: c}
	var err error
	if s.base, err = url.Parse(c.URL); c.URL == "" || err != nil || s.base.Host == "" {
		ds.Errorf(at.Key("url").Pos(), "write url: http://127.0.0.1:9000",
			"real service %s needs the URL where it runs", c.Name)
		return
	}
	if c.Namespace != "" {
		ds.Warnf(at.Key("namespace").Pos(), "leave it out", "a namespace is not used: the service is reached at its url")
	}
	if c.Traffic != "" {
		if s.recorded, err = safeCalls(ctx, p.pipeline.Resolve(c.Traffic), c.Name); err != nil {
			ds.Errorf(at.Key("traffic").Pos(), "", "real service %s: %v", c.Name, err)
		}
	}
	programs, more := gates.Parse(c.Gates, gates.Scope{
		Phase: engine.Backends, MetricScope: "real", Subject: c.Name, Registry: p.pipeline.Metrics,
	})
	ds.Add(more)
	p.gates = append(p.gates, programs...)
	p.real = append(p.real, s)
}

// safeCalls reads the captured calls to a service that only read.
func safeCalls(ctx context.Context, path, service string) ([]*traffic.Record, error) {
	records, err := outbound(ctx, path, service)
	if err != nil {
		return nil, err
	}
	var list []*traffic.Record
	for _, r := range records {
		if !isWrite(r.Request.Method) && r.Duration > 0 {
			list = append(list, r)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s: none of %d calls is a GET or HEAD with a duration", path, len(records))
	}
	return list, nil
}

// check waits for the service and measures it against the recorded latency.
func (s *real) check(ctx context.Context, r *engine.Run) error {
	ready := s.Probe
	if strings.HasPrefix(ready.HTTP.Path, "/") {
		ready.HTTP.Path = strings.TrimSuffix(s.URL, "/") + ready.HTTP.Path
	}
	probe := services.Probe{Service: s.Name, Instance: services.External(hostPort(s.base)), Ready: ready}
	if _, err := probe.Wait(ctx); err != nil {
		return err
	}
	r.Metrics.SetFlag(s.ref("readiness"), true)
	r.Publish("real."+s.Name+".url", strings.TrimSuffix(s.URL, "/"))
	return s.measure(ctx, r)
}

// measure sends the recorded reads again, one after another.
func (s *real) measure(ctx context.Context, r *engine.Run) error {
	if len(s.recorded) == 0 {
		return nil
	}
	sender, err := replay.NewHTTPSender(s.URL, replay.HTTPOptions{Timeout: 10 * time.Second, Connections: 1})
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
		r.Metrics.Add(s.ref("requests"), 1)
		r.Metrics.Observe(s.ref("latency"), record.ID, r.Clock().Sub(began).Seconds())
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
