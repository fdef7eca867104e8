package backends

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/postgres"
)

// bringUp starts the server, if it is to be started, and waits until it answers a query.
func (d *database) bringUp(ctx context.Context, r *engine.Run, started func()) (postgres.Endpoint, error) {
	if d.URL != "" {
		probe := &services.Probe{Service: d.Name, Instance: services.External(d.endpoint.Addr()), Ready: d.Ready}
		return d.endpoint, answers(ctx, d.endpoint, probe, func(ctx context.Context) error {
			_, err := probe.Wait(ctx)
			return err
		})
	}
	s, err := d.service(r)
	if err != nil {
		return d.endpoint, err
	}
	member, err := d.fleet.Start(ctx, r, fleet.Launch{Service: s, Rules: logRules()})
	if err != nil {
		return d.endpoint, err
	}
	started()
	d.member = member
	if d.endpoint, err = d.endpoint.At(member.Instance().Addr()); err != nil {
		return d.endpoint, err
	}
	probe := member.Probe(d.Ready)
	return d.endpoint, answers(ctx, d.endpoint, probe, func(ctx context.Context) error {
		return member.WaitFor(ctx, probe)
	})
}

// answers waits until the server answers a query. One that does not let the user in will not do so later.
func answers(
	ctx context.Context, e postgres.Endpoint, probe *services.Probe, wait func(context.Context) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var refusal *postgres.ServerError
	probe.Check = func(ctx context.Context) error {
		err := check(ctx, e)
		if errors.As(err, &refusal) && refusal.Final() {
			cancel(err)
		}
		return err
	}
	err := wait(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}

// check connects as the application will, and asks for something.
func check(ctx context.Context, e postgres.Endpoint) error {
	c, err := postgres.Connect(ctx, e, "headgate probe")
	if err != nil {
		return err
	}
	_, _, err = c.Value(ctx, "select 1")
	return errors.Join(err, c.Close(ctx))
}

// service says how the server is started.
func (d *database) service(r *engine.Run) (services.Service, error) {
	if len(d.Command) > 0 {
		return d.process(r)
	}
	s := services.Service{
		Name: d.Name, Port: 5432, Command: d.arguments(),
		Env: []string{
			"POSTGRES_USER=" + d.endpoint.User, "POSTGRES_PASSWORD=" + d.endpoint.Password,
			"POSTGRES_DB=" + d.endpoint.Database, "POSTGRES_INITDB_ARGS=--no-sync",
		},
		Container: &services.Container{Image: d.Image},
	}
	if d.fitsMemory() {
		s.Env = append(s.Env, "PGDATA="+memory+"/data")
		s.Container.Volumes = []services.Volume{{Target: memory, InMemory: true}}
	}
	expand := d.expand(0, r.LookupInside)
	for _, key := range slices.Sorted(maps.Keys(d.Env)) {
		s.Env = append(s.Env, key+"="+expand.text(d.Env[key]))
	}
	for _, dump := range d.dumps {
		s.Container.Files = append(s.Container.Files, services.File{Source: dump, Target: d.inside(dump), Mode: 0o644})
	}
	return s, expand.err()
}

// memory is where a server in a container keeps its files if they fit into memory, which makes the copying of
// databases several times faster.
const memory = "/headgate"

// mostInMemory is how large the files of a database that is kept in memory may be, in bytes. What they make
// can be several times as large.
const mostInMemory = 64 << 20

// fitsMemory tells whether the database is known to be small. Without a seed it is what the image holds.
func (d *database) fitsMemory() bool {
	var sum int64
	for _, path := range slices.Concat(d.seed, d.migrations) {
		info, err := os.Stat(path)
		if err != nil {
			return false
		}
		sum += info.Size()
	}
	return len(d.seed) > 0 && sum <= mostInMemory && d.Env["PGDATA"] == ""
}

// logRules leave out what is no error of a server that is started and whose databases are put back.
func logRules() services.LogRules {
	return services.LogRules{
		Error: services.MustPattern(`\b(FATAL|PANIC):`),
		Allow: []services.Pattern{
			services.MustPattern("the database system is (starting up|not yet accepting connections|shutting down)"),
			services.MustPattern("terminating connection due to administrator command"),
		},
	}
}

// arguments start a server that need not survive: what it writes is as good in memory as on a disk.
func (d *database) arguments() []string {
	settings := map[string]string{
		"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200",
	}
	maps.Copy(settings, d.Settings)
	args := []string{"postgres"}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}

func (d *database) process(r *engine.Run) (services.Service, error) {
	port, err := services.FreePort()
	if err != nil {
		return services.Service{}, err
	}
	s := services.Service{Name: d.Name, Dir: d.pipeline.Dir, Port: port, Env: []string{"PORT=" + strconv.Itoa(port)}}
	expand := d.expand(port, r.Lookup)
	for _, word := range d.Command {
		s.Command = append(s.Command, expand.text(word))
	}
	for _, key := range slices.Sorted(maps.Keys(d.Env)) {
		s.Env = append(s.Env, key+"="+expand.text(d.Env[key]))
	}
	return s, expand.err()
}

// filling puts what is up already into the settings of a server.
type filling struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (d *database) expand(port int, lookup func(string) (string, bool)) *filling {
	return &filling{lookup: func(ref string) (string, bool) {
		if ref == "self.port" && port != 0 {
			return strconv.Itoa(port), true
		}
		return lookup(ref)
	}}
}

func (f *filling) text(text string) string {
	out, err := spec.ExpandRuntime(text, f.lookup)
	f.errs = append(f.errs, err)
	return out
}

func (f *filling) err() error {
	err := errors.Join(f.errs...)
	if err == nil {
		return nil
	}
	return &engine.Fault{
		Verdict: engine.Invalid, Err: err, Hint: "a server is started before what the reference names",
	}
}

// inside is where a dump lies within the container.
func (d *database) inside(dump string) string {
	return "/tmp/headgate-" + strconv.Itoa(slices.Index(d.dumps, dump)) + ".dump"
}

// restorer runs pg_restore: that of the container, which fits the server, or that of this machine.
func (d *database) restorer() postgres.Restorer {
	if !d.ours() {
		return postgres.RestoreHere
	}
	return func(ctx context.Context, dump string, into postgres.Endpoint) error {
		x, ok := d.member.Instance().(services.Execer)
		if !ok {
			return fmt.Errorf("%s: pg_restore cannot be run in this container", dump)
		}
		into, err := into.At(net.JoinHostPort("127.0.0.1", "5432"))
		if err != nil {
			return err
		}
		err = x.Exec(ctx, postgres.RestoreCommand(d.inside(dump), into.URL()))
		var exit *services.ExitError
		if errors.As(err, &exit) { // its command line holds the password
			return &postgres.DumpError{Output: exit.Log}
		}
		return err
	}
}
