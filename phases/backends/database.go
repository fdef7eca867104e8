package backends

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/fleet"
	"github.com/headgate-dev/headgate/services"
	"github.com/headgate-dev/headgate/services/postgres"
)

// database is a database of the run file, and what stands for it while a run lasts.
type database struct {
	Database
	pipeline *engine.Pipeline
	fleet    *fleet.Fleet
	// endpoint is where the server is reached; without an address until it runs.
	endpoint         postgres.Endpoint
	seed, migrations []string
	// dumps are the files among them that pg_restore reads, gated the metrics that a gate judges.
	dumps, gated []string

	mu     sync.Mutex
	server *postgres.Server
	shadow *postgres.Shadow
	member *fleet.Member // nil where the server runs already
	facts  facts
}

// facts are what is known about a database.
type facts struct {
	version string
	sealed  postgres.Contents
	// schema is the answer to the schema's query; findings say what is not as it should be.
	schema                          string
	schemaFlag, readWrite, restored bool
	findings                        map[string]string
	seedTook, restoreTook           time.Duration
	restores                        int
	activity                        postgres.Activity
	active                          bool
}

// start brings the server up, fills the database, checks it and leaves it fresh.
func (d *database) start(ctx context.Context, r *engine.Run, started func()) error {
	d.begin()
	endpoint, err := d.bringUp(ctx, r, started)
	if err != nil {
		return err
	}
	server, err := postgres.Open(ctx, endpoint, r.ID)
	if err != nil {
		return refused(err)
	}
	shadow := server.Shadow(postgres.Name(r.ID, d.Name))
	d.set(server, shadow)
	r.Cleanup("database "+d.Name, d.stop)
	d.tellLeftovers(ctx, r)
	if err := d.fill(ctx, server, shadow); err != nil {
		return d.fault(err)
	}
	if err := server.Watch(ctx); err != nil {
		return err
	}
	if err := d.try(ctx, r, shadow); err != nil {
		return err
	}
	r.Guard(server.Lost(), d.died)
	return d.publish(r, shadow.Database())
}

// fill makes the snapshot: a new database with the seed in it, or a copy of the one that was there.
func (d *database) fill(ctx context.Context, server *postgres.Server, shadow *postgres.Shadow) error {
	began := time.Now()
	template := ""
	if len(d.seed) == 0 {
		template = d.endpoint.Database
	}
	if err := shadow.Create(ctx, template); err != nil {
		return err
	}
	if err := shadow.Fill(ctx, d.seed, d.restorer()); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if err := shadow.Fill(ctx, d.migrations, d.restorer()); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	took := time.Since(began)
	sealed, err := shadow.Seal(ctx)
	d.note(func(f *facts) { f.version, f.sealed, f.seedTook = server.Version(), sealed, took })
	return err
}

// try checks the database and leaves it as the snapshot is.
func (d *database) try(ctx context.Context, r *engine.Run, shadow *postgres.Shadow) error {
	if err := d.restore(ctx, shadow.Restore); err != nil {
		return err
	}
	if d.Schema.Query != "" {
		got, err := shadow.Schema(ctx, d.Schema.Query)
		d.note(func(f *facts) { f.schema = got })
		if err == nil && got != d.Schema.Equals {
			err = fmt.Errorf("the schema is at %q, expected %q", got, d.Schema.Equals)
		}
		if err := d.judge(r, "schema_current", err, &d.facts.schemaFlag); err != nil {
			return err
		}
	}
	if err := d.judge(r, "read_write", shadow.TryWriting(ctx), &d.facts.readWrite); err != nil {
		return err
	}
	err := d.restore(ctx, shadow.TryRestoring)
	return d.judge(r, "restore", err, &d.facts.restored)
}

// judge notes what came of a check. What fails and is judged by no gate of the database ends the run: it
// must not go unseen.
func (d *database) judge(r *engine.Run, metric string, err error, flag *bool) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	d.note(func(f *facts) {
		*flag = err == nil
		if err != nil {
			f.findings[metric] = err.Error()
		}
	})
	if err == nil || !d.isGated(metric) {
		return err
	}
	r.Note(engine.Backends, "database %s: %s: %v", d.Name, metric, err)
	return nil
}

func (d *database) restore(ctx context.Context, by func(context.Context) (time.Duration, error)) error {
	took, err := by(ctx)
	d.note(func(f *facts) { f.restoreTook, f.restores = took, f.restores+1 })
	return err
}

// rewind puts the database back for another attempt.
func (d *database) rewind(ctx context.Context) error {
	d.mu.Lock()
	shadow := d.shadow
	d.mu.Unlock()
	if shadow == nil {
		return nil
	}
	if err := d.restore(ctx, shadow.Restore); err != nil {
		return fmt.Errorf("database %s: %w", d.Name, err)
	}
	return nil
}

// settleTime is how long the end of a process may be noticed after that of its connections.
const settleTime = time.Second

// died is the fault of a server that has ended the connection.
func (d *database) died() error {
	if d.member != nil {
		select {
		case <-d.member.Instance().Exited():
			return d.member.Died(engine.Environment)
		case <-time.After(settleTime):
		}
	}
	return &engine.Fault{
		Verdict: engine.Environment,
		Err:     fmt.Errorf("database %s: the server at %s has ended the connection", d.Name, d.endpoint.Addr()),
		Hint:    "see whether it was stopped or restarted",
	}
}

// publish makes the addresses known: those of this machine, and those within the run's network.
func (d *database) publish(r *engine.Run, name string) error {
	tell := func(e postgres.Endpoint, publish func(ref, value string)) {
		for key, value := range map[string]string{
			"url": e.URL(), "host": e.Host, "port": strconv.Itoa(e.Port), "user": e.User,
			"password": e.Password, "database": e.Database,
		} {
			publish("databases."+d.Name+"."+key, value)
		}
	}
	outside := d.server.Endpoint(name)
	tell(outside, r.Publish)
	if d.member == nil {
		return nil
	}
	named, ok := d.member.Instance().(services.Named)
	if !ok {
		return nil
	}
	inside, err := outside.At(named.Inside())
	if err == nil {
		tell(inside, r.PublishInside)
	}
	return err
}

// stop removes what was made, unless the server goes with it.
func (d *database) stop(ctx context.Context) error {
	d.mu.Lock()
	server, shadow := d.server, d.shadow
	d.server, d.shadow = nil, nil
	d.mu.Unlock()
	if server == nil {
		return nil
	}
	var err error
	select {
	case <-server.Lost():
	default:
		if !d.ours() {
			err = shadow.Drop(ctx)
		}
	}
	return errors.Join(err, server.Close(ctx))
}

// ours tells whether the server holds nothing but what the run has made.
func (d *database) ours() bool { return d.Image != "" }

// tellLeftovers names what ended runs have left on a server that outlives this one.
func (d *database) tellLeftovers(ctx context.Context, r *engine.Run) {
	if d.ours() {
		return
	}
	names, err := d.server.Leftovers(ctx)
	switch {
	case err != nil:
		r.Note(engine.Backends, "database %s: %v", d.Name, err)
	case len(names) > 0:
		r.Note(engine.Backends, "database %s: the server holds databases of runs that have ended: %s; "+
			"remove them with DROP DATABASE", d.Name, strings.Join(names, ", "))
	}
}

// fault says where the mistake in a file is, with its path as the run file has it.
func (d *database) fault(err error) error {
	var bad *postgres.FileError
	if !errors.As(err, &bad) {
		return refused(err)
	}
	if short, rel := filepath.Rel(d.pipeline.Dir, bad.Path); rel == nil && !strings.HasPrefix(short, "..") {
		bad.Path = short
	}
	return &engine.Fault{Verdict: engine.Invalid, Err: bad, Hint: bad.Hint}
}

// refused adds the hint of a server that cannot be used.
func refused(err error) error {
	var why *postgres.RefusedError
	if errors.As(err, &why) {
		return &engine.Fault{Verdict: engine.Environment, Err: err, Hint: why.Hint}
	}
	return err
}

func (d *database) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server, d.shadow, d.member, d.facts = nil, nil, nil, facts{findings: map[string]string{}}
}

func (d *database) set(server *postgres.Server, shadow *postgres.Shadow) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server, d.shadow = server, shadow
}

func (d *database) note(what func(*facts)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	what(&d.facts)
}
