// Package fleet runs the services of one run: as local processes or as containers on the run's own
// network. It keeps their logs, measures them, and tells how they were.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/services"
)

// Fleet is all that a run starts. Its fields are set before the run; its methods may be called from
// any goroutine.
type Fleet struct {
	// Processes starts local processes.
	Processes services.Driver
	// Open makes the place where the containers of a run live. It is called when the first of them is
	// needed; nil means that there is no container engine.
	Open func(ctx context.Context, runID string) (services.Site, error)
	// Known are the patterns of log errors that the baseline has seen.
	Known []string
	// Conceal takes the secrets out of what is written down.
	Conceal func(string) string

	files []*composed // the compose files, read before the run

	opening sync.Mutex // held while the site is opened
	mu      sync.Mutex
	site    services.Site
	members []*Member
	joining bool
	relays  map[string]*relay
}

// Launch is one service to start.
type Launch struct {
	Service services.Service
	// Rules say which lines of its output are errors.
	Rules services.LogRules
	// Logs gets every line as well; it may be nil.
	Logs services.LogSink
	// Watched is true where somebody else stops the service, who must do so before the run's end.
	Watched bool
}

// Start starts a service, as a container where its settings say so, and registers its stopping.
func (f *Fleet) Start(ctx context.Context, r *engine.Run, l Launch) (*Member, error) {
	driver := f.Processes
	if l.Service.Container != nil {
		site, err := f.open(ctx, r)
		if err != nil {
			return nil, err
		}
		driver = site
	}
	if driver == nil {
		return nil, fmt.Errorf("%s: there is nothing to start it with", l.Service.Name)
	}
	return f.start(ctx, r, driver, l)
}

func (f *Fleet) start(ctx context.Context, r *engine.Run, driver services.Driver, l Launch) (*Member, error) {
	file, err := r.Artifact("logs/" + l.Service.Name + ".log")
	if err != nil {
		return nil, err
	}
	m := newMember(l, r, file, f.Known)
	sinks := []services.LogSink{m.write, m.keep, m.scanner.Feed}
	if l.Logs != nil {
		sinks = append(sinks, l.Logs)
	}
	instance, err := driver.Start(ctx, l.Service, f.concealed(services.Tee(sinks...)))
	if err != nil {
		m.closeLog()
		return nil, err
	}
	f.join(r)
	m.begin(instance)
	if !l.Watched {
		r.CleanupBeside(l.Service.Name, instance.Stop)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members = append(slices.DeleteFunc(f.members, func(o *Member) bool { return o.Name() == m.Name() }), m)
	return m, nil
}

func (f *Fleet) concealed(sink services.LogSink) services.LogSink {
	if f.Conceal == nil {
		return sink
	}
	return func(l services.Line) {
		l.Text = f.Conceal(l.Text)
		sink(l)
	}
}

// join registers, before the first service, that all are looked at before each snapshot, and that all
// watching has ended when the run's undoing has.
func (f *Fleet) join(r *engine.Run) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.joining {
		return
	}
	f.joining = true
	r.Collect(f.sample)
	r.Cleanup("watching the services", func(ctx context.Context) error {
		f.mu.Lock()
		members := slices.Clone(f.members)
		f.joining = false
		f.mu.Unlock()
		var errs []error
		for _, m := range members {
			errs = append(errs, m.join(ctx))
		}
		return errors.Join(errs...)
	})
}

// open opens the site at the first call.
func (f *Fleet) open(ctx context.Context, r *engine.Run) (services.Site, error) {
	f.opening.Lock()
	defer f.opening.Unlock()
	if site := f.opened(); site != nil {
		return site, nil
	}
	if f.Open == nil {
		return nil, &services.EngineError{Err: errors.New("there is none in this program")}
	}
	f.join(r) // before the site, so that its closing ends what is watched
	site, err := f.Open(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	f.set(site)
	r.Cleanup("containers", func(ctx context.Context) error {
		f.set(nil)
		return site.Close(ctx)
	})
	return site, nil
}

func (f *Fleet) opened() services.Site {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.site
}

func (f *Fleet) set(s services.Site) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.site = s
}

// Site is the run's site for those who start containers themselves. What they start is kept and measured
// like all others; they stop it.
func (f *Fleet) Site(ctx context.Context, r *engine.Run) (services.Site, error) {
	site, err := f.open(ctx, r)
	if err != nil {
		return nil, err
	}
	return watchedSite{Site: site, watched: watched{f, r, site}}, nil
}

// Driver starts local processes for those who stop them themselves.
func (f *Fleet) Driver(r *engine.Run) services.Driver { return watched{f, r, f.Processes} }

// watched is a driver whose services are kept and measured.
type watched struct {
	fleet  *Fleet
	run    *engine.Run
	driver services.Driver
}

// Start starts a service as the driver does.
func (w watched) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	m, err := w.fleet.start(ctx, w.run, w.driver, Launch{Service: s, Logs: logs, Watched: true})
	if err != nil {
		return nil, err
	}
	return m.Instance(), nil
}

type watchedSite struct {
	services.Site
	watched
}

// Start starts a container as the site does.
func (w watchedSite) Start(ctx context.Context, s services.Service, logs services.LogSink) (services.Instance, error) {
	return w.watched.Start(ctx, s, logs)
}

// sample reads the resource use and state of all services.
func (f *Fleet) sample(ctx context.Context) {
	var reading sync.WaitGroup
	for _, m := range f.Members() {
		reading.Go(func() { m.sample(ctx) })
	}
	reading.Wait()
}

// Ready tells that a service is ready which somebody else has started and waited for, if it is one of the fleet's.
func (f *Fleet) Ready(name string) {
	if m := f.Member(name); m != nil {
		m.came()
	}
}

// Member finds a service by its name; nil if it was not started.
func (f *Fleet) Member(name string) *Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.members {
		if m.Name() == name {
			return m
		}
	}
	return nil
}

// Members are all services that were started, in order.
func (f *Fleet) Members() []*Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.members)
}
