package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// scratch is the schema in which writing is tried.
const scratch = "headgate_scratch"

// TryWriting makes a table in a schema of its own, writes, reads, changes and removes a row, and removes
// the table. The error says what does not work.
func (d *Shadow) TryWriting(ctx context.Context) error {
	return d.with(ctx, func(c *Conn) error {
		for _, step := range []struct{ sql, want string }{
			{"create schema " + scratch, ""},
			{"create table " + scratch + ".t (id int primary key, note text not null)", ""},
			{"insert into " + scratch + ".t values (1, 'written') returning note", "written"},
			{"select note from " + scratch + ".t where id = 1", "written"},
			{"update " + scratch + ".t set note = 'changed' where id = 1 returning note", "changed"},
			{"delete from " + scratch + ".t where id = 1 returning note", "changed"},
			{"select count(*) from " + scratch + ".t", "0"},
			{"drop schema " + scratch + " cascade", ""},
		} {
			got, err := c.text(ctx, step.sql)
			if err != nil {
				return fmt.Errorf("%s: %w", step.sql, err)
			}
			if got != step.want {
				return fmt.Errorf("%s: got %q, expected %q", step.sql, got, step.want)
			}
		}
		return nil
	})
}

// TryRestoring spoils the database, puts it back and compares every table with the snapshot. took is the time
// of putting it back; the error says what is not as it was.
func (d *Shadow) TryRestoring(ctx context.Context) (took time.Duration, err error) {
	if err := d.with(ctx, d.spoil(ctx)); err != nil {
		return 0, fmt.Errorf("writing before the restore: %w", err)
	}
	if took, err = d.Restore(ctx); err != nil {
		return took, err
	}
	after, err := d.contents(ctx)
	if err != nil {
		return took, err
	}
	if diff := d.sealed.Difference(after); diff != "" {
		return took, errors.New("after the restore " + diff)
	}
	return took, nil
}

// spoil adds a table and empties the largest one, and makes sure that this can be seen.
func (d *Shadow) spoil(ctx context.Context) func(*Conn) error {
	return func(c *Conn) error {
		if err := c.Exec(ctx, "create schema "+scratch+"; create table "+scratch+".t as select 1 as id"); err != nil {
			return err
		}
		if name, ok := d.largest(); ok {
			// A materialized view cannot be emptied; the new table is a change then, too.
			if err := c.Exec(ctx, "truncate "+name+" cascade"); err != nil && code(err) != wrongObject {
				return fmt.Errorf("emptying %s: %w", name, err)
			}
		}
		spoiled, err := c.Contents(ctx)
		if err == nil && d.sealed.Difference(spoiled) == "" {
			err = errors.New("what was written cannot be seen")
		}
		return err
	}
}

// wrongObject is the SQLSTATE of a statement that does not apply to the kind of object.
const wrongObject = "42809"

func (d *Shadow) largest() (name string, ok bool) {
	for _, n := range union(d.sealed.Tables, nil) {
		if rows := d.sealed.Tables[n].Rows; rows > 0 && (!ok || rows > d.sealed.Tables[name].Rows) {
			name, ok = n, true
		}
	}
	return name, ok
}

func (d *Shadow) contents(ctx context.Context) (all Contents, err error) {
	err = d.with(ctx, func(c *Conn) (err error) {
		all, err = c.Contents(ctx)
		return err
	})
	return all, err
}

// with runs do on a connection to the database. What it reads is no activity of the application.
func (d *Shadow) with(ctx context.Context, do func(*Conn) error) error {
	c, err := d.server.Connect(ctx, d.name)
	if err != nil {
		return err
	}
	if d.server.super {
		err = c.Exec(ctx, "set track_counts = off")
	}
	if err == nil {
		err = do(c)
	}
	return errors.Join(err, c.Close(ctx))
}

// Schema runs a query against the database and returns the first column of its first row as text.
func (d *Shadow) Schema(ctx context.Context, query string) (value string, err error) {
	err = d.with(ctx, func(c *Conn) error {
		v, ok, err := c.Value(ctx, query)
		if err == nil && !ok {
			err = errors.New("the query gives no value")
		}
		value = v
		return err
	})
	return value, err
}
