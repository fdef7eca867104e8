package mockstest

import (
	"context"
	"net/http"
	"net/url"
	"sync"

	"github.com/headgate-dev/headgate/mocks"
	"github.com/headgate-dev/headgate/mocks/admin"
	"github.com/headgate-dev/headgate/mocks/embedded"
	"github.com/headgate-dev/headgate/services"
)

// Double is a driver that stands for WireMock where there is none: whatever it is to start, it starts the
// embedded engine behind WireMock's admin API.
type Double struct {
	// Dir is an empty folder for its files.
	Dir string
	// Journal is how many requests it remembers.
	Journal int
	// Started takes what was started, where it is not nil.
	Started chan<- *Doubled
}

var _ services.Driver = Double{}

// Start starts it in this process.
func (d Double) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	p := embedded.Provider{Log: d.Journal, Proxy: true, Admin: func(s *embedded.Server) http.Handler {
		return admin.New(s, admin.Options{Root: d.Dir})
	}}
	server, err := p.Open(ctx, &mocks.Plan{Name: s.Name})
	if err != nil {
		return nil, err
	}
	server.SetSettings(embedded.Settings{FixedDelay: 2}) // WireMock is not as fast either
	logs(services.Line{Stream: "stdout", Text: "started"})
	i := &Doubled{Server: server, exited: make(chan struct{})}
	if d.Started != nil {
		d.Started <- i
	}
	return i, nil
}

// Doubled is a running [Double].
type Doubled struct {
	// Server is the engine itself.
	Server mocks.Server

	once   sync.Once
	exited chan struct{}
	exit   services.Exit
}

// Addr is its host:port.
func (d *Doubled) Addr() string {
	u, _ := url.Parse(d.Server.URL())
	return u.Host
}

// Exited is closed at its end.
func (d *Doubled) Exited() <-chan struct{} { return d.exited }

// Exit is how it ended.
func (d *Doubled) Exit() services.Exit { return d.exit }

// Stats tells nothing.
func (d *Doubled) Stats(context.Context) (services.Stats, error) { return services.Stats{}, nil }

// Stop ends it.
func (d *Doubled) Stop(context.Context) error { return d.End(services.Exit{Stopped: true}) }

// End ends it as if it had done so by itself.
func (d *Doubled) End(how services.Exit) error {
	err := d.Server.Close()
	d.once.Do(func() {
		d.exit = how
		close(d.exited)
	})
	return err
}
