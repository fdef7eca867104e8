package formats

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

func exported(t *testing.T, name string, records ...*traffic.Record) string {
	t.Helper()
	format, err := FindExport(name)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := format.Open(&out, "1.0")
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestCurl(t *testing.T) {
	got := exported(t, "curl",
		&traffic.Record{Request: &traffic.Request{Method: "GET", URL: "/a"}},
		&traffic.Record{Request: &traffic.Request{Method: "POST", URL: "/a?b='c'&$d", Body: []byte("it's")}},
	)
	want := `#!/bin/sh
BASE_URL="${BASE_URL:-http://127.0.0.1:8080}"
curl -sS -i --globoff --path-as-is "$BASE_URL"/a
curl -sS -i --globoff --path-as-is -X POST -H 'Content-Type:' "$BASE_URL"'/a?b='\''c'\''&$d' --data-raw 'it'\''s'
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestExportsAreRead writes one record in every format, and reads it back from those that hold captures.
func TestExportsAreRead(t *testing.T) {
	record := &traffic.Record{
		ID: "a", Time: time.Unix(1, 0).UTC(), Direction: traffic.Inbound, Protocol: traffic.HTTP,
		Request: &traffic.Request{Method: "GET", URL: "/a", Host: "h"},
	}
	for _, e := range Exports() {
		t.Run(e.Name, func(t *testing.T) {
			text := exported(t, e.Name, record)
			if e.Name == "curl" || e.Name == "k6" {
				if !strings.Contains(text, "/a") {
					t.Error(text)
				}
				return
			}
			reader, _, err := Options{}.sniff("x", strings.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			got, err := reader.Read()
			if err != nil || got.Request.URL != "/a" || got.Request.Host != "h" || !got.Time.Equal(record.Time) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestFindExport(t *testing.T) {
	const want = `there is no format "xml" to write: expected one of jsonl, har, gor, curl, k6`
	if _, err := FindExport("xml"); err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}
