package gor

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/headgate-dev/headgate/traffic"
)

// read collects the records and the errors of the others.
func read(r traffic.Reader) (records []*traffic.Record, told []error) {
	for {
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return records, told
		case err == nil:
			records = append(records, record)
		default:
			told = append(told, err)
		}
	}
}

// kinds are the kinds of what is left out, and all other errors.
func kinds(told []error) []string {
	list := make([]string, len(told))
	for i, err := range told {
		list[i] = err.Error()
		if left, ok := errors.AsType[*traffic.LeftOutError](err); ok && left.Kind == replayed {
			list[i] = left.Kind
		}
	}
	return list
}

// id is one of GoReplay: the ports of client and server, and the number of the exchange.
func id(client, server, number int) string {
	return fmt.Sprintf("%04x%04x7f000001%08x", client, server, number)
}

func TestConnections(t *testing.T) {
	const minute = int64(time.Minute)
	type request struct {
		id   string
		time int64
		host string
	}
	cases := map[string]struct {
		requests []request
		want     []string
	}{
		"one server": {
			[]request{{id(1, 80, 7), 1, "shop.test:81"}, {id(2, 80, 8), 2, "x:81"}, {id(1, 80, 9), 3, "x:81"}},
			[]string{"000100507f000001-0", "000200507f000001-0", "000100507f000001-0"},
		},
		"port used again": {
			[]request{{id(1, 80, 7), 1, "h"}, {id(1, 80, 8), 2 * minute, "h"}, {id(1, 80, 9), 5 * minute, "h"}},
			[]string{"000100507f000001-0", "000100507f000001-0", "000100507f000001-300"},
		},
		"two servers, one named by its host": {
			[]request{{id(1, 8080, 7), 1, "h:8080"}, {id(1, 9090, 7), 2, "h"}},
			[]string{"00011f907f000001-0", ""},
		},
		"random":              {[]request{{"d7123dasd8a9sd8a9sd8a9s1", 1, "h"}, {id(9, 17, 7), 2, "h"}}, []string{"", ""}},
		"numbers":             {[]request{{id(0, 0, 7), 1, "h"}, {id(0, 0, 8), 2, "h"}}, []string{"", ""}},
		"one request":         {[]request{{id(1, 8080, 7), 1, "h"}}, []string{""}},
		"one with its host":   {[]request{{id(1, 80, 7), 1, "h"}}, []string{"000100507f000001-0"}},
		"ids of old versions": {[]request{{strings.Repeat("0050", 10), 1, "h"}}, []string{""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var file strings.Builder
			for _, q := range c.requests {
				file.WriteString(record(fmt.Sprintf("1 %s %d 0", q.id, q.time), "GET / HTTP/1.1\r\nHost: "+q.host+"\r\n\r\n"))
			}
			records, told := read(NewReader("x", strings.NewReader(file.String())))
			var got []string
			for _, r := range records {
				got = append(got, r.Connection)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || len(told) > 0 {
				t.Errorf("told %v\n%s", told, diff)
			}
		})
	}
}

// TestForgotten names more connections than are remembered.
func TestForgotten(t *testing.T) {
	var c connections
	names := map[string]bool{}
	for i := range 5000 {
		r := &traffic.Record{
			ID: id(i, 80, i), Time: time.Unix(int64(i), 0), Request: &traffic.Request{Host: "h"},
		}
		c.label(r)
		names[r.Connection] = true
	}
	if len(names) != 5000 || len(c.known) > 1024 {
		t.Errorf("%d names, %d remembered", len(names), len(c.known))
	}
}
