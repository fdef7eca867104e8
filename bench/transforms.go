package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/headgate-dev/headgate/engine/spec"
	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/transform"
)

// transforms is the name of the row.
const transforms = "transforms"

// five are the transforms that are measured, as in a run file.
const five = `
- {redact: {headers: [Cookie], json: ["$.customer.email"]}}
- {token: {header: Authorization, value: Bearer shadow}}
- {host: {from: "shop.test:8080", to: localhost}}
- {ids: {map: ids.csv}}
- {time: {shift: capture_to_now}}
`

// transformRow measures five transforms against copying the records.
func transformRow(ctx context.Context, t table, rounds int) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	var rates [2][]float64
	for range rounds {
		for i := range rates {
			out, err := pinned(ctx, 0, exe, "-role", "read", "-target", fmt.Sprintf("%s/%d", transforms, i)).Output()
			if err != nil {
				return err
			}
			rate, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				return err
			}
			rates[i] = append(rates[i], rate/1000)
		}
	}
	ours, peers := median(rates[0]), median(rates[1])
	t.row("five transforms", "%.0f k records/s\t>= 100\tcopying records\t%.0f\t%.2f", ours, peers, ours/peers)
	return nil
}

// transformRole prints how many records are changed, or copied, for each second of processor time.
func transformRole(part string) error {
	change, check := func(*traffic.Record) error { return nil }, func() error { return nil }
	if part == "0" {
		chain, err := loadFive()
		if err != nil {
			return err
		}
		change, check = chain.Apply, func() error { return chain.Check().Err() } // each must have changed something
	}
	records := make([]*traffic.Record, 2000)
	for i := range records {
		records[i] = captured(i)
	}
	began, n := processorTime(), 0
	for processorTime()-began < least {
		for _, r := range records {
			if err := change(copied(r)); err != nil {
				return err
			}
			n++
		}
	}
	fmt.Println(float64(n) / (processorTime() - began).Seconds())
	return check()
}

func loadFive() (c *transform.Chain, err error) {
	dir, err := os.MkdirTemp("", "bench-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var ids strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&ids, "c-%06d,n-%06d\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "ids.csv"), []byte(ids.String()), 0o600); err != nil {
		return nil, err
	}
	doc, ds := spec.Parse("pipeline.yaml", []byte(five), spec.Options{})
	if ds.Err() != nil {
		return nil, ds.Err()
	}
	var list []transform.Config
	if ds := spec.Decode(doc.Root, &list); ds.Err() != nil {
		return nil, ds.Err()
	}
	c, ds = transform.New(list, transform.Options{
		Now: time.Now(), Resolve: func(name string) string { return filepath.Join(dir, name) },
	})
	c.Begin(captured(0).Time)
	return c, ds.Err()
}

// copied has headers of its own; bodies are shared, as nothing changes them in place.
func copied(r *traffic.Record) *traffic.Record {
	record, request, response := *r, *r.Request, *r.Response
	record.Request, record.Response = &request, &response
	request.Header, response.Header = request.Header.Clone(), response.Header.Clone()
	return &record
}
