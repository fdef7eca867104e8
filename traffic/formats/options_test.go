package formats

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// labels reads all with options and tells direction, service and host of each record.
func labels(t *testing.T, o Options, paths ...string) (list []string, counts Counts) {
	t.Helper()
	counts, err := o.Each(t.Context(), paths, func(r *traffic.Record) error {
		list = append(list, fmt.Sprintf("%s %s@%s", r.Direction, r.Service, r.Request.Host))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list, counts
}

func TestOptions(t *testing.T) {
	folder := t.TempDir()
	const targets = "GET http://orders:8080/\nGET http://pay.test/\nGET http://PAY.test:81/\n"
	const own = `{"id":"o","time":"2026-11-01T12:00:00Z","direction":"outbound","service":"own","request":` +
		`{"method":"GET","url":"/","host":"pay.test"}}` + "\n"
	write(t, folder, map[string][]byte{"targets": []byte(targets), "own.jsonl": []byte(own)})
	cases := map[string]struct {
		o         Options
		own, want []string
	}{
		"nothing": {
			Options{},
			[]string{"outbound own@pay.test"},
			[]string{"inbound @orders:8080", "inbound @pay.test", "inbound @PAY.test:81"},
		},
		"port": {
			Options{InboundPorts: []int{8080}, Service: "orders"},
			[]string{"outbound own@pay.test"},
			[]string{"inbound orders@orders:8080", "outbound pay.test@pay.test", "outbound PAY.test:81@PAY.test:81"},
		},
		"usual port": {
			Options{InboundPorts: []int{80}},
			[]string{"outbound own@pay.test"},
			[]string{"outbound orders:8080@orders:8080", "inbound @pay.test", "outbound PAY.test:81@PAY.test:81"},
		},
		"hosts": {
			Options{Service: "orders", Hosts: map[string]string{"pay.test": "pay", "orders:8080": "orders"}},
			[]string{"outbound pay@pay.test"},
			[]string{"inbound orders@orders:8080", "outbound pay@pay.test", "outbound pay@PAY.test:81"},
		},
		"direction": {
			Options{Direction: traffic.Outbound, Service: "pay"},
			[]string{"outbound own@pay.test"},
			[]string{"outbound pay@orders:8080", "outbound pay@pay.test", "outbound pay@PAY.test:81"},
		},
		"other direction": {
			Options{Direction: traffic.Inbound, Service: "pay"},
			[]string{"inbound own@pay.test"},
			[]string{"inbound pay@orders:8080", "inbound pay@pay.test", "inbound pay@PAY.test:81"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			own, _ := labels(t, c.o, filepath.Join(folder, "own.jsonl"))
			got, _ := labels(t, c.o, filepath.Join(folder, "targets"))
			if diff := cmp.Diff(c.own, own) + cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const keployMocks = `version: api.keploy.io/v1beta1
kind: Mongo
spec: {}
---
version: api.keploy.io/v1beta1
kind: Http
spec: {created: 1, req: {method: GET, url: /}, resp: {status_code: 200}}
---
version: api.keploy.io/v1beta1
kind: Mongo
spec: {}
---
version: api.keploy.io/v1beta1
kind: MySQL
spec: {}
`

func TestLeftOutIsCounted(t *testing.T) {
	folder := t.TempDir()
	write(t, folder, map[string][]byte{
		"mocks.yaml": []byte(keployMocks), "other.yaml": []byte("a: b\n"), "notes.md": []byte("# Notes\n"),
	})
	list, counts := labels(t, Options{}, folder)
	want := Counts{
		Files: 1, Records: 1, Inbound: 1,
		LeftOut: map[string]int{"Keploy mocks of kind Mongo": 2, "Keploy mocks of kind MySQL": 1},
	}
	if diff := cmp.Diff(want, counts); diff != "" || len(list) != 1 {
		t.Error(diff)
	}
	const left = "2 Keploy mocks of kind Mongo, 1 Keploy mocks of kind MySQL"
	if counts.Left() != left || (Counts{}).Left() != "" {
		t.Errorf("got %q", counts.Left())
	}
	write(t, folder, map[string][]byte{"mocks.yaml": []byte("version: api.keploy.io/v1beta1\nkind: Mongo\nspec: {}\n")})
	_, err := Each(t.Context(), []string{folder}, func(*traffic.Record) error { return nil })
	want2 := "no usable records in " + folder + ": expected captured requests; left out: 1 Keploy mocks of kind Mongo"
	if err == nil || err.Error() != want2 {
		t.Errorf("got %v", err)
	}
}

// TestEveryFormatIsRecognised opens a small capture of each kind that is known by more than its packets.
func TestEveryFormatIsRecognised(t *testing.T) {
	const own = `{"id":"o","time":"2026-11-01T12:00:00Z","direction":"inbound",` +
		`"request":{"method":"GET","url":"/","host":"h"}}`
	cases := map[string]string{
		"headgate JSONL": own,
		"HAR": `{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/"},
			"_headgate": {"direction": "inbound"}}]}}`,
		"GoReplay": "1 a 1000000000\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"Keploy test set": "version: api.keploy.io/v1beta1\nkind: Http\nspec: {created: 1, " +
			"req: {method: GET, url: 'http://h/'}, resp: {status_code: 200}}\n",
		"vegeta targets":           "GET http://h/\n",
		"vegeta targets in JSON":   `{"method": "GET", "url": "http://h/"}`,
		"JSON logs and Shadowtraf": `{"time": 1, "method": "GET", "path": "/", "host": "h"}`,
		"tshark fields":            "frame.time_epoch\thttp.request.method\thttp.request.uri\thttp.host\n1.5\tGET\t/\th\n",
		"proxymock RRPair": `{"msgType": "rrpair", "direction": "IN", "ts": "2026-11-01T12:00:00Z", "http":
			{"req": {"method": "GET", "uri": "/", "host": "h"}}}`,
		"Hoverfly simulation": `{"data": {"pairs": [{"request": {"method": [{"matcher": "exact", "value": "GET"}],
			"path": [{"matcher": "exact", "value": "/"}], "destination": [{"matcher": "exact", "value": "h"}]},
			"response": {"status": 200}}]}}`,
		"WireMock request journal": `{"requests": [{"request": {"method": "GET", "url": "/", "loggedDate": 1,
			"headers": {"Host": "h"}}, "response": {"status": 200}, "direction": 1}]}`,
		"Postman collection": `{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/"},
			"item": [{"request": "http://h/"}], "direction": 1}`,
		"access log": `1.2.3.4 - - [01/Nov/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5` + "\n",
	}
	for name, content := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "capture")
			if err := os.WriteFile(path, gzipped(t, []byte(content)), 0o600); err != nil {
				t.Fatal(err)
			}
			reader, closer, err := Open(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			defer closer.Close()
			r, err := reader.Read()
			if err != nil {
				t.Fatal(err)
			}
			if r.Request.Method != "GET" || r.Request.URL != "/" || r.Request.Host != "h" && name != "access log" {
				t.Errorf("request %+v", r.Request)
			}
		})
	}
}
