package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/headgate-dev/headgate/traffic"
	"github.com/headgate-dev/headgate/traffic/jsonl"
)

// sessions and visits are the size of the capture: each visit of a session asks for an item and its
// stock.
const (
	sessions = 4
	visits   = 5
)

// writeCapture writes what the shop and its upstream would have recorded: inbound.jsonl and
// outbound.jsonl.
func writeCapture(dir string) error {
	var inbound, outbound []*traffic.Record
	at := time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC)
	for i := range sessions * visits {
		at = at.Add(10 * time.Millisecond)
		client := fmt.Sprintf("client-%d", i%sessions)
		item := exchange("shop", fmt.Sprintf("/items/%d", i), fmt.Sprintf(`{"id":%d,"price":10}`, i), at)
		level := fmt.Sprintf(`{"id":%d,"level":%d}`, i, 3*i)
		stock := exchange("shop", fmt.Sprintf("/stock/%d", i), level, at.Add(5*time.Millisecond))
		item.Session, stock.Session = client, client
		asked := exchange("levels", fmt.Sprintf("/levels/%d", i), level, at.Add(6*time.Millisecond))
		asked.Direction, asked.Parent = traffic.Outbound, stock.ID
		inbound, outbound = append(inbound, item, stock), append(outbound, asked)
	}
	if err := writeRecords(filepath.Join(dir, "inbound.jsonl"), inbound); err != nil {
		return err
	}
	return writeRecords(filepath.Join(dir, "outbound.jsonl"), outbound)
}

func exchange(service, path, body string, at time.Time) *traffic.Record {
	header := http.Header{"Content-Type": {"application/json"}}
	return &traffic.Record{
		ID: service + path, Time: at, Direction: traffic.Inbound, Service: service, Protocol: traffic.HTTP,
		Duration: time.Millisecond,
		Request:  &traffic.Request{Method: http.MethodGet, URL: path, Host: service, Header: http.Header{}},
		Response: &traffic.Response{Status: http.StatusOK, Header: header, Body: []byte(body)},
	}
}

func writeRecords(name string, records []*traffic.Record) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := jsonl.NewWriter(f)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Flush()
}
