package backends

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/headgate-dev/headgate/engine"
	"github.com/headgate-dev/headgate/gates/metric"
)

// databaseMetrics declares what is measured of databases.
func databaseMetrics() []metric.Desc {
	list := []metric.Desc{
		{
			Name: "schema_current", Kind: metric.Flag, Direction: metric.HigherIsBetter,
			Help: "Whether the query under schema gives what is expected, after seed and migrations.",
		},
		{
			Name: "read_write", Kind: metric.Flag, Direction: metric.HigherIsBetter,
			Help: "Whether a table could be made, written, read, changed and removed.",
		},
		{
			Name: "restore", Kind: metric.Flag, Direction: metric.HigherIsBetter,
			Help: "Whether the database, spoiled and put back, holds the rows of the snapshot in every table.",
		},
		{Name: "tables", Unit: metric.Count, Help: "Tables and materialized views that the snapshot holds."},
		{Name: "rows", Unit: metric.Count, Help: "Rows that all tables hold now."},
		{
			Name: "reads", Unit: metric.Count,
			Help: "Rows of tables that the application has read since the database was fresh, by the server's " +
				"statistics: a lower bound that may be ten seconds behind, known where the user is a superuser.",
		},
		{
			Name: "writes", Unit: metric.Count,
			Help: "Rows that are new or changed since the database was fresh, or that are gone where those are more.",
		},
		{
			Name: "seed_seconds", Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Help: "How long seed and migrations took.",
		},
		{
			Name: "restore_seconds", Unit: metric.Seconds, Direction: metric.LowerIsBetter,
			Help: "How long it took to put the database back to its snapshot, the last time.",
		},
	}
	for i := range list {
		list[i].Scope, list[i].Family = "databases", "database"
		if list[i].Kind != metric.Flag {
			list[i].Kind = metric.Gauge
		}
	}
	return list
}

// lookTime bounds the reading of what the application has done.
const lookTime = 10 * time.Second

// collectDatabases brings the metrics of the databases up to date.
func (p *Phase) collectDatabases(ctx context.Context, r *engine.Run) {
	r.Metrics.Reset("databases")
	for _, d := range p.databases {
		if err := d.look(ctx); err != nil {
			r.Note(engine.Backends, "database %s: what the application has done there cannot be read: %v", d.Name, err)
		}
		d.measure(r.Metrics)
	}
}

// look reads what the application has done.
func (d *database) look(ctx context.Context) error {
	d.mu.Lock()
	shadow := d.shadow
	d.facts.active = false
	d.mu.Unlock()
	if shadow == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	a, err := shadow.Activity(ctx)
	if err == nil {
		d.note(func(f *facts) { f.activity, f.active = a, true })
	}
	return err
}

func (d *database) measure(reg *metric.Registry) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.facts
	ref := func(name string) metric.Ref { return metric.Ref{Scope: "databases", Subject: d.Name, Name: name} }
	if f.restores == 0 {
		return
	}
	if d.Schema.Query != "" {
		reg.SetFlag(ref("schema_current"), f.schemaFlag)
	}
	reg.SetFlag(ref("read_write"), f.readWrite)
	reg.SetFlag(ref("restore"), f.restored)
	reg.Set(ref("tables"), float64(len(f.sealed.Tables)))
	reg.Set(ref("seed_seconds"), f.seedTook.Seconds())
	reg.Set(ref("restore_seconds"), f.restoreTook.Seconds())
	if f.active {
		reg.Set(ref("rows"), float64(f.activity.Rows))
		reg.Set(ref("writes"), float64(f.activity.Writes))
	}
	if f.active && f.activity.ReadsKnown {
		reg.Set(ref("reads"), float64(f.activity.Reads))
	}
}

// tell is the database's part of the report; nothing where it was not reached.
func (d *database) tell(rep *engine.Report) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.facts
	if f.version == "" {
		return
	}
	rep.Databases = append(rep.Databases, engine.DatabaseReport{
		Name: d.Name, Engine: d.Type + " " + f.version, Tables: len(f.sealed.Tables), Rows: f.sealed.Rows(),
		SeedSeconds: f.seedTook.Seconds(), RestoreSeconds: f.restoreTook.Seconds(), Restores: f.restores,
		Reads: f.activity.Reads, Writes: f.activity.Writes, Schema: f.schema, Findings: maps.Clone(f.findings),
	})
}

// plan says what will be brought up.
func (d *database) plan() string {
	where := "at " + d.endpoint.Addr()
	switch {
	case len(d.Command) > 0:
		where = fmt.Sprintf("by %q", []string(d.Command))
	case d.Image != "":
		where = "in a container of " + d.Image
	}
	filled := fmt.Sprintf("%d files of seed", len(d.seed))
	if len(d.seed) == 0 {
		filled = "a copy of what the server holds"
	}
	return fmt.Sprintf("database %s: %s %s, %s, %d migrations", d.Name, d.Type, where, filled, len(d.migrations))
}
