package pcap

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"

	"github.com/headgate-dev/headgate/traffic"
)

// statement writes the record of a query as the client that was recorded did.
func statement(r *traffic.Record) string {
	params := make([]string, 0, len(r.Request.Query.Params))
	for _, p := range r.Request.Query.Params {
		params = append(params, text(p.Value))
	}
	columns := []string{r.Request.Query.SQL, strings.Join(params, ",")}
	ends := []string{}
	for _, result := range append([]traffic.Result{*r.Response.Result}, r.Response.Result.Then...) {
		for _, row := range result.Rows {
			values := make([]string, 0, len(row))
			for _, v := range row {
				values = append(values, text(v))
			}
			columns = append(columns, "("+strings.Join(values, "|")+")")
		}
		end := result.Tag
		if result.Error != nil {
			end = result.Error.SQLState
		}
		ends = append(ends, end)
	}
	return strings.Join(append(columns, strings.Join(ends, " ")), "\t")
}

func text(v *string) string {
	if v == nil {
		return "NULL"
	}
	return *v
}

// recorded is the capture of a connection to a Postgres server, and what its client sent and got.
func recorded(t *testing.T) (file []byte, statements []string) {
	t.Helper()
	file, err := os.ReadFile("testdata/postgres.pcap")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("testdata/postgres.tsv")
	if err != nil {
		t.Fatal(err)
	}
	return file, strings.Split(strings.TrimSuffix(string(list), "\n"), "\n")
}

// queries reads the statements of a capture; what was told is counted.
func queries(t *testing.T, file []byte) (list []*traffic.Record, told map[string]int) {
	t.Helper()
	told = map[string]int{}
	for r := NewReader("x", bytes.NewReader(file), Options{InboundPorts: []int{8080}}); ; {
		record, err := r.Read()
		var left *traffic.LeftOutError
		switch {
		case errors.Is(err, io.EOF):
			return list, told
		case errors.As(err, &left):
			told[left.Kind]++
		case err != nil:
			t.Fatal(err)
		default:
			list = append(list, record)
		}
	}
}

// changed writes a capture anew, without the packets that change takes out.
func changed(t *testing.T, file []byte, change func(i int, frame []byte) bool) []byte {
	t.Helper()
	d := newDialogue(t)
	i := 0
	frames(t, file, func(info gopacket.CaptureInfo, data []byte) {
		if i++; change(i, data) {
			d.now = info.Timestamp.Add(-1e6)
			d.write(data)
		}
	})
	return d.file.Bytes()
}

func TestQueries(t *testing.T) {
	file, want := recorded(t)
	list, told := queries(t, file)
	var got []string
	for i, r := range list {
		got = append(got, statement(r))
		id := fmt.Sprintf("x#%d", i+1)
		known := r.ID == id && r.Protocol == traffic.Postgres && r.Direction == traffic.Outbound &&
			r.Service == "127.0.0.1:5432" && r.Request.Host == "127.0.0.1:5432" &&
			strings.HasPrefix(r.Connection, "127.0.0.1:") && strings.HasSuffix(r.Connection, "-127.0.0.1:5432#1") &&
			r.Duration > 0 && !r.Time.IsZero()
		if !known {
			t.Errorf("record %d: %+v", i, r)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(told) > 0 {
		t.Errorf("told %v\n%s", told, diff)
	}
}

// TestQueriesElsewhere has the server on another port, where the connection tells what it is.
func TestQueriesElsewhere(t *testing.T) {
	file, want := recorded(t)
	moved := changed(t, file, func(_ int, frame []byte) bool {
		for _, at := range []int{34, 36} {
			if binary.BigEndian.Uint16(frame[at:]) == postgresPort {
				binary.BigEndian.PutUint16(frame[at:], 777)
			}
		}
		return true
	})
	if list, told := queries(t, moved); len(list) != len(want) || len(told) > 0 {
		t.Errorf("%d statements, want %d; told %v", len(list), len(want), told)
	}
	const begun = 14 // packets, with which the connection is open
	late := changed(t, moved, func(i int, _ []byte) bool { return i > begun })
	if list, _ := queries(t, late); len(list) < len(want)-2 {
		t.Errorf("%d statements, want %d or so", len(list), len(want))
	}
}

// TestQueriesLost takes out each packet in turn: no statement comes with an answer it did not have, and
// what is missing is told.
func TestQueriesLost(t *testing.T) {
	file, want := recorded(t)
	for lost := 1; lost < 60; lost++ {
		bytes := 0
		list, told := queries(t, changed(t, file, func(i int, frame []byte) bool {
			if i == lost {
				bytes = len(frame) - 66
			}
			return i != lost
		}))
		for _, r := range list {
			if r.Response != nil && !slices.Contains(want, statement(r)) {
				t.Errorf("without packet %d: %s", lost, statement(r))
			}
		}
		if len(list) < len(want) && len(told) == 0 && bytes > 0 {
			t.Errorf("without packet %d of %d bytes: %d statements of %d, and nothing told", lost, bytes, len(list), len(want))
		}
	}
}
