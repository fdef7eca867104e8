package postgres

import (
	"bytes"
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/headgate-dev/headgate/traffic"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestSample records what a small shop asks its database. The file shows the form of such records, all
// that a stand-in for the database has to go by.
func TestSample(t *testing.T) {
	owner := connect(t, dsn(server(t), ""))
	texts(t, owner, "create schema shop")
	t.Cleanup(func() { _, _ = owner.Exec(context.Background(), "drop schema shop cascade") })
	client, end := tapped(t, "&search_path=shop", nil)
	texts(t, client, `create table orders (id int8 generated always as identity, customer text not null unique,
  total numeric(10,2), paid bool not null default false, tags text[], placed timestamptz)`)
	insert := "insert into orders (customer, total, tags, placed) values ($1, $2, $3, $4) returning id"
	placed := time.Date(2026, 3, 1, 12, 30, 0, 250_000_000, time.UTC)
	for _, row := range [][]any{
		{"ann", "12.50", []string{"gift", "with \"quotes\""}, placed},
		{"bob", nil, nil, placed.AddDate(0, 0, 1)},
		{"ann", "1", nil, placed}, // once more: an error
	} {
		_, _ = client.Exec(t.Context(), insert, row...)
	}
	tx, err := client.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	batch.Queue("update orders set paid = true where customer = $1", "ann")
	batch.Queue("select id, customer, total, paid, tags, placed from orders where id <= $1 order by id", 2)
	if err := tx.SendBatch(t.Context(), batch).Close(); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	texts(t, client, "select count(*) from orders; select 'x' from orders where false")
	k := end()
	if len(k.left) > 0 {
		t.Errorf("left out: %q", k.left)
	}
	compareFile(t, "testdata/orders.jsonl", k.records)
}

// compareFile compares records with those in a file, but for their times.
func compareFile(t *testing.T, path string, records []*traffic.Record) {
	t.Helper()
	var got []byte
	for i, r := range records {
		r.ID, r.Time = string(rune('a'+i)), time.Date(2026, 3, 1, 12, 30, i, 0, time.UTC)
		r.Duration = time.Duration(i+1) * time.Millisecond
		var err error
		if got, err = r.AppendJSON(got); err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
	}
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))); diff != "" {
		t.Error(diff)
	}
}
