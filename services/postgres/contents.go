package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Contents is what a database holds, without what belongs to the server or to extensions.
type Contents struct {
	// Tables holds the rows of each table and materialized view by its quoted name.
	Tables map[string]Table
	// Sequences holds the last value of each sequence.
	Sequences map[string]string
}

// Table is what one table holds.
type Table struct {
	Rows int64
	// Hash is the sum of the hashes of all rows, as hashtextextended of their text gives them.
	Hash string
}

// Rows counts the rows of all tables.
func (c Contents) Rows() int64 {
	var n int64
	for _, t := range c.Tables {
		n += t.Rows
	}
	return n
}

// Difference says where other differs, or nothing.
func (c Contents) Difference(other Contents) string {
	for _, name := range union(c.Tables, other.Tables) {
		a, in := c.Tables[name]
		b, there := other.Tables[name]
		switch {
		case !there:
			return "the table " + name + " is missing"
		case !in:
			return "there is a table " + name
		case a.Rows != b.Rows:
			return fmt.Sprintf("%s holds %d rows, expected %d", name, b.Rows, a.Rows)
		case a.Hash != b.Hash:
			return fmt.Sprintf("rows of %s differ", name)
		}
	}
	for _, name := range union(c.Sequences, other.Sequences) {
		if a, b := c.Sequences[name], other.Sequences[name]; a != b {
			return fmt.Sprintf("the sequence %s is at %q, expected %q", name, b, a)
		}
	}
	return ""
}

func union[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

// tables lists the tables that hold rows: partitions instead of what they are parts of, no temporary ones.
const tables = `select format('%I.%I', n.nspname, c.relname), c.relkind = 'r'
	from pg_class c join pg_namespace n on n.oid = c.relnamespace
	where c.relkind in ('r', 'm') and c.relpersistence <> 't' and c.relispopulated
	and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
	and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
	order by 1`

// Contents reads all tables and sequences.
func (c *Conn) Contents(ctx context.Context) (Contents, error) {
	all := Contents{Tables: map[string]Table{}, Sequences: map[string]string{}}
	names, err := c.tables(ctx)
	if err != nil {
		return all, err
	}
	for _, name := range names {
		rows, err := c.Rows(ctx, `select count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)
			from only `+name+` t`)
		if err != nil {
			return all, fmt.Errorf("reading %s: %w", name, err)
		}
		n, err := strconv.ParseInt(string(rows[0][0]), 10, 64)
		if err != nil {
			return all, fmt.Errorf("counting %s: %w", name, err)
		}
		all.Tables[name] = Table{Rows: n, Hash: string(rows[0][1])}
	}
	rows, err := c.Rows(ctx, `select format('%I.%I', schemaname, sequencename), coalesce(last_value::text, '')
		from pg_sequences`)
	for _, row := range rows {
		all.Sequences[string(row[0])] = string(row[1])
	}
	return all, err
}

func (c *Conn) tables(ctx context.Context) ([]string, error) {
	rows, err := c.Rows(ctx, tables)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	var names []string
	for _, row := range rows {
		names = append(names, string(row[0]))
	}
	return names, nil
}

// Activity is what an application has done to a database.
type Activity struct {
	// Reads are the rows of tables that were read, as the server's statistics tell: a lower bound, the
	// statistics may be ten seconds behind. They are known to superusers only: others cannot keep their
	// own reading out.
	Reads      int64
	ReadsKnown bool
	// Writes are the rows that are new or changed, or the rows that are gone where those are more.
	Writes int64
	// Rows is how many rows all tables hold now.
	Rows int64
}

// Activity reads what has happened since the database was put back to the snapshot.
func (d *Shadow) Activity(ctx context.Context) (Activity, error) {
	var a Activity
	err := d.with(ctx, func(c *Conn) (err error) {
		a, err = d.activity(ctx, c)
		return err
	})
	return a, err
}

func (d *Shadow) activity(ctx context.Context, c *Conn) (Activity, error) {
	var a Activity
	read, err := c.text(ctx, `select coalesce(sum(seq_tup_read) + sum(coalesce(idx_tup_fetch, 0)), 0)::bigint
		from pg_stat_user_tables`)
	if err != nil {
		return a, fmt.Errorf("reading the statistics: %w", err)
	}
	if a.Reads, err = strconv.ParseInt(read, 10, 64); err != nil {
		return a, fmt.Errorf("reading the statistics: %w", err)
	}
	a.ReadsKnown = d.server.super
	names, err := c.tables(ctx)
	if err != nil {
		return a, err
	}
	gone := maps.Clone(d.sealed.Tables)
	for _, name := range names {
		if err := d.changes(ctx, c, name, &a); err != nil {
			return a, err
		}
		delete(gone, name)
	}
	for _, t := range gone {
		a.Writes += t.Rows
	}
	return a, nil
}

// changes counts the rows of one table, and those of them that a transaction of the application has written.
func (d *Shadow) changes(ctx context.Context, c *Conn, name string, a *Activity) error {
	rows, err := c.Rows(ctx, fmt.Sprintf(`select count(*), count(*) filter (where age(t.xmin) < age(%s::xid))
		from only %s t`, literal(d.base), name))
	if err != nil {
		return fmt.Errorf("counting %s: %w", name, err)
	}
	var counts [2]int64
	for i, text := range rows[0] {
		if counts[i], err = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err != nil {
			return fmt.Errorf("counting %s: %w", name, err)
		}
	}
	total, written := counts[0], counts[1]
	a.Rows += total
	a.Writes += max(written, d.sealed.Tables[name].Rows-(total-written))
	return nil
}
