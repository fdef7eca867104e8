package postgres

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"
)

// Shadow is a database that is made for one run, and the snapshot that it is put back to.
type Shadow struct {
	server *Server
	name   string
	// base is the transaction after which every change is the application's.
	base string
	// sealed is what the snapshot holds.
	sealed Contents
}

const snapshotSuffix = "_seed"

// shorten cuts a name and marks it so that different names stay different.
func shorten(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("%s_%08x", name[:limit-9], h.Sum32())
}

// Shadow makes the database that is to become the snapshot: a copy of another one, or an empty one where
// template is empty. name is one of [Name]. What is made on the server is removed by [Shadow.Drop], also
// where Shadow itself has gone wrong.
func (s *Server) Shadow(name string) *Shadow { return &Shadow{server: s, name: name} }

// Database is the name of the database.
func (d *Shadow) Database() string { return d.name }

// Seed is the name of the database that becomes the snapshot: it is filled between Create and Seal.
func (d *Shadow) Seed() string { return d.name + snapshotSuffix }

// Create makes the database that becomes the snapshot: a copy of template, which nobody may be connected to,
// or an empty one where template is empty.
func (d *Shadow) Create(ctx context.Context, template string) error {
	err := d.create(ctx, d.Seed(), template)
	if code(err) == objectInUse {
		return &RefusedError{
			text: fmt.Sprintf("the database %s cannot be copied while others are connected to it", template),
			Hint: "give seed: files made with pg_dump, or end those connections",
		}
	}
	return err
}

// objectInUse is the SQLSTATE of a template that others are connected to.
const objectInUse = "55006"

func (d *Shadow) create(ctx context.Context, name, template string) error {
	from := ""
	if template != "" {
		from = " template " + ident(template)
	}
	if err := d.server.exec(ctx, "create database %s%s", ident(name), from); err != nil {
		return fmt.Errorf("making the database %s: %w", name, err)
	}
	if err := d.server.exec(ctx, "comment on database %s is %s", ident(name), literal(d.server.name)); err != nil {
		return fmt.Errorf("marking the database %s: %w", name, err)
	}
	return nil
}

// Seal ends the filling of the snapshot: what it holds is noted, and nobody can connect to it any more.
func (d *Shadow) Seal(ctx context.Context) (Contents, error) {
	c, err := d.server.Connect(ctx, d.Seed())
	if err != nil {
		return Contents{}, err
	}
	d.sealed, err = c.Contents(ctx)
	if closing := c.Close(ctx); err == nil {
		err = closing
	}
	if err != nil {
		return d.sealed, fmt.Errorf("reading the snapshot: %w", err)
	}
	if err := d.server.exec(ctx, "alter database %s allow_connections false", ident(d.Seed())); err != nil {
		return d.sealed, fmt.Errorf("closing the snapshot: %w", err)
	}
	return d.sealed, d.evict(ctx, d.Seed())
}

// evict ends all connections to a database.
func (d *Shadow) evict(ctx context.Context, name string) error {
	err := d.server.exec(ctx, `select pg_terminate_backend(pid, 5000) from pg_stat_activity
		where datname = %s and backend_type = 'client backend'`, literal(name))
	if d.server.version < 140000 {
		err = d.server.exec(ctx, `select pg_terminate_backend(pid) from pg_stat_activity where datname = %s`, literal(name))
	}
	if err != nil {
		return fmt.Errorf("ending the connections to %s: %w", name, err)
	}
	return nil
}

// Restore puts the database back to the snapshot, whoever is connected to it, and tells how long that took.
func (d *Shadow) Restore(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := d.drop(ctx, d.name); err != nil {
		return 0, err
	}
	if err := d.create(ctx, d.name, d.Seed()); err != nil {
		return 0, err
	}
	d.server.mu.Lock()
	defer d.server.mu.Unlock()
	var err error
	if d.base, err = d.server.admin.text(ctx, "select pg_current_xact_id()::xid"); err != nil {
		return 0, fmt.Errorf("reading the number of transactions: %w", err)
	}
	return time.Since(began), nil
}

func (d *Shadow) drop(ctx context.Context, name string) error {
	if err := d.server.exec(ctx, "drop database if exists %s with (force)", ident(name)); err != nil {
		return fmt.Errorf("removing the database %s: %w", name, err)
	}
	return nil
}

// Drop removes the database and the snapshot.
func (d *Shadow) Drop(ctx context.Context) error {
	if err := d.drop(ctx, d.name); err != nil {
		return err
	}
	return d.drop(ctx, d.Seed())
}
